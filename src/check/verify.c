/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of checks and what runs it. To add a check: an identifier and a function in checks.h, a
 * line in the table, the function in one of checks_*.c, a broken image in tests/unit/test_verify.c.
 */
#include "xipfs/check/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

/* What must be there before a check can run. Every check has the listing. */
enum need {
	NEED_LISTING,
	NEED_MAP,
	NEED_PROGRAMS, /* and the map */
};

static const struct xip_check_info table[XIP_CHECK_COUNT] = {
	[XIP_CHECK_SUPER] = {"super", "the super block is one that the kernel mounts", false},
	[XIP_CHECK_CRC] = {"crc", "the CRC-32 of the image is the recorded one", false},
	[XIP_CHECK_BOUNDS] = {"bounds", "directories, entries and tables lie inside the image",
		false},
	[XIP_CHECK_LOOPS] = {"loops", "no directory contains or overlaps another one's entries",
		false},
	[XIP_CHECK_NAMES] = {"names",
		"names are not empty, no \".\" or \"..\", without '/' and NUL", false},
	[XIP_CHECK_PADDING] = {"padding", "names are padded by at most three NULs", false},
	[XIP_CHECK_ORDER] = {"order", "directories are sorted by strcmp on unsigned bytes", false},
	[XIP_CHECK_DUPLICATES] = {"duplicates", "no name stands twice in a directory", false},
	[XIP_CHECK_MODES] = {"modes", "the mode has one of the seven file types", false},
	[XIP_CHECK_DEVICES] = {"devices", "device numbers fit 8 bits major and 8 bits minor",
		false},
	[XIP_CHECK_SIZES] = {"sizes", "what has a size has data; symlinks fit a page", false},
	[XIP_CHECK_READ_AHEAD] = {"read-ahead",
		"264 bytes of image follow the start of the last directory entry", false},
	[XIP_CHECK_SHARED_INODE] = {"shared-inode",
		"entries that share data agree in type, mode, owner and size", false},
	[XIP_CHECK_OVERLAP] = {"overlap", "bytes have one owner, or equal blocks share them",
		false},
	[XIP_CHECK_BLOCKS] = {"blocks", "block pointers are ones that the kernel follows", false},
	[XIP_CHECK_INFLATE] = {"inflate", "each block holds exactly as much as it should", false},
	[XIP_CHECK_POINTER_FLAGS] = {"pointer-flags",
		"flags in block pointers are announced by the super block", false},
	[XIP_CHECK_HOLES] = {"holes", "holes are announced by the super block", true},
	[XIP_CHECK_COUNTS] = {"counts", "the super block counts files and blocks right", true},
	[XIP_CHECK_LAST_BLOCK] = {"last-block", "no last block is direct, uncompressed and full",
		true},
	[XIP_CHECK_XIP_OVERLAP] = {"xip-overlap",
		"pages that a kernel without an MMU may map belong to one inode", false},
	[XIP_CHECK_XIP_ALIGN] = {"xip-align", "flash addresses have the alignment of the sections",
		true},
	[XIP_CHECK_XIP_TAIL] = {"xip-tail",
		"the last page of an executed file is zero behind its end", true},
	[XIP_CHECK_XIP_NOMMU] = {"xip-nommu",
		"a kernel without an MMU maps the programs laid out for it", true},
	[XIP_CHECK_XIP_MMU] = {"xip-mmu", "a kernel with an MMU maps the programs laid out for it",
		true},
};

static const struct {
	enum need need;
	enum xip_err (*run)(struct xip_checker *checker); /* NULL: the listing reports */
} actions[XIP_CHECK_COUNT] = {
	[XIP_CHECK_SUPER] = {NEED_LISTING, xip_check_super},
	[XIP_CHECK_CRC] = {NEED_LISTING, xip_check_crc},
	[XIP_CHECK_BOUNDS] = {NEED_LISTING, xip_check_bounds},
	[XIP_CHECK_PADDING] = {NEED_LISTING, xip_check_padding},
	[XIP_CHECK_ORDER] = {NEED_LISTING, xip_check_order},
	[XIP_CHECK_DUPLICATES] = {NEED_LISTING, xip_check_duplicates},
	[XIP_CHECK_MODES] = {NEED_LISTING, xip_check_modes},
	[XIP_CHECK_DEVICES] = {NEED_LISTING, xip_check_devices},
	[XIP_CHECK_SIZES] = {NEED_LISTING, xip_check_sizes},
	[XIP_CHECK_READ_AHEAD] = {NEED_LISTING, xip_check_read_ahead},
	[XIP_CHECK_SHARED_INODE] = {NEED_LISTING, xip_check_shared_inode},
	[XIP_CHECK_OVERLAP] = {NEED_MAP, xip_check_overlap},
	[XIP_CHECK_BLOCKS] = {NEED_MAP, xip_check_blocks},
	[XIP_CHECK_INFLATE] = {NEED_MAP, xip_check_inflate},
	[XIP_CHECK_POINTER_FLAGS] = {NEED_MAP, xip_check_pointer_flags},
	[XIP_CHECK_HOLES] = {NEED_MAP, xip_check_holes},
	[XIP_CHECK_COUNTS] = {NEED_MAP, xip_check_counts},
	[XIP_CHECK_LAST_BLOCK] = {NEED_MAP, xip_check_last_block},
	[XIP_CHECK_XIP_OVERLAP] = {NEED_PROGRAMS, xip_check_xip_overlap},
	[XIP_CHECK_XIP_ALIGN] = {NEED_PROGRAMS, xip_check_xip_align},
	[XIP_CHECK_XIP_TAIL] = {NEED_PROGRAMS, xip_check_xip_tail},
	[XIP_CHECK_XIP_NOMMU] = {NEED_PROGRAMS, xip_check_xip_nommu},
	[XIP_CHECK_XIP_MMU] = {NEED_PROGRAMS, xip_check_xip_mmu},
};

_Static_assert(XIP_CHECK_COUNT <= 64, "xip_verify_options.enabled has a bit for each check");

const struct xip_check_info *xip_check_table(size_t *count)
{
	*count = XIP_CHECK_COUNT;
	return table;
}

size_t xip_check_find(const char *name, size_t length)
{
	for (size_t i = 0; i < XIP_CHECK_COUNT; i++)
		if (strlen(table[i].name) == length && !memcmp(table[i].name, name, length))
			return i;
	return SIZE_MAX;
}

static bool is_enabled(const struct xip_checker *checker, size_t check)
{
	return checker->options->enabled >> check & 1;
}

static void send(const struct xip_checker *checker, enum xip_check_id check, const char *path,
	uint64_t offset, const char *message)
{
	const struct xip_finding finding = {check, path, offset, message};

	if (checker->options->finding)
		checker->options->finding(checker->options->user, &finding);
}

void xip_check_report(struct xip_checker *checker, enum xip_check_id check, size_t index,
	uint64_t offset, const char *format, ...)
{
	char *message = NULL, *path = NULL;
	va_list arguments;

	if (!is_enabled(checker, check) || checker->found[check]++ >= XIP_FINDINGS_MAX)
		return;
	if (index != SIZE_MAX)
		path = xip_listing_path(&checker->listing, index);
	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	/* A breach counts even when memory for its words ran out. */
	send(checker, check, path, offset, message ? message : table[check].summary);
	free(message);
	free(path);
}

static void report_rest(const struct xip_checker *checker, enum xip_check_id check)
{
	char message[64];

	if (checker->found[check] <= XIP_FINDINGS_MAX)
		return;
	snprintf(message, sizeof(message), "and %zu more of these",
		checker->found[check] - XIP_FINDINGS_MAX);
	send(checker, check, NULL, XIP_NO_OFFSET, message);
}

char *xip_check_owner(const struct xip_checker *checker, uint32_t entry)
{
	return entry == XIP_NO_ENTRY ? strdup("the super block")
				     : xip_listing_path(&checker->listing, entry);
}

static bool list_fault(void *user, enum xip_list_fault fault, const struct xip_listing *listing,
	size_t index, uint64_t offset, const char *message)
{
	static const enum xip_check_id checks[] = {
		[XIP_FAULT_BOUNDS] = XIP_CHECK_BOUNDS,
		[XIP_FAULT_OVERLAP] = XIP_CHECK_LOOPS,
		[XIP_FAULT_NAME] = XIP_CHECK_NAMES,
	};
	struct xip_checker *checker = user;

	checker->listing = *listing; /* as far as it goes, for the path */
	xip_check_report(checker, checks[fault], index, offset, "%s", message);
	return true;
}

/* Makes what the enabled checks need. */
static enum xip_err prepare(struct xip_checker *checker)
{
	const struct xip_list_report report = {list_fault, checker};
	const struct xip_programs_options options = {
		.flash_address = checker->options->flash_address,
	};
	enum need need = NEED_LISTING;
	struct xip_listing listing;
	enum xip_err err;

	for (size_t i = 0; i < XIP_CHECK_COUNT; i++)
		if (is_enabled(checker, i) && actions[i].need > need)
			need = actions[i].need;
	err = xip_listing_walk(checker->image, &listing, &report, checker->diag);
	checker->listing = (struct xip_listing){0};
	if (err)
		return err;
	checker->listing = listing;
	if (need >= NEED_MAP)
		err = xip_map_survey(
			checker->image, &checker->listing, &checker->map, checker->diag);
	if (!err && need >= NEED_PROGRAMS)
		err = xip_programs_judge(checker->image, &checker->listing, &checker->map, &options,
			&checker->programs, checker->diag);
	return err;
}

enum xip_err xip_verify(struct xip_image *image, const struct xip_verify_options *options,
	struct xip_verify_result *result, const struct xip_diag *diag)
{
	struct xip_checker checker = {
		.image = image,
		.info = xip_image_info(image),
		.options = options,
		.diag = diag,
	};
	enum xip_err err = prepare(&checker);

	for (size_t i = 0; !err && i < XIP_CHECK_COUNT; i++) {
		if (!is_enabled(&checker, i))
			continue;
		if (actions[i].run)
			err = actions[i].run(&checker);
		report_rest(&checker, i);
	}
	*result = (struct xip_verify_result){0};
	for (size_t i = 0; i < XIP_CHECK_COUNT; i++)
		*(table[i].warning ? &result->warnings : &result->errors) += checker.found[i];
	xip_programs_free(&checker.programs);
	xip_map_free(&checker.map);
	xip_listing_free(&checker.listing);
	return err;
}
