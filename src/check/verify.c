/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the checks. To add one: a function and its row in one of checks_*.c, a broken image in
 * tests/golden/should_fail.sh, a line in xipfs(5).
 */
#include "xipfs/check/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

static const struct xip_check *const parts[] = {xip_checks_tree, xip_checks_data, xip_checks_xip};

/* Check number @check; NULL: there is none. */
static const struct xip_check *row(size_t check)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		for (const struct xip_check *part = parts[i]; part->info.name; part++)
			if (!check--)
				return part;
	return NULL;
}

const struct xip_check_info *xip_check_info(size_t check)
{
	const struct xip_check *found = row(check);

	return found ? &found->info : NULL;
}

size_t xip_check_find(const char *name, size_t length)
{
	const struct xip_check_info *info;

	for (size_t i = 0; (info = xip_check_info(i)); i++)
		if (strlen(info->name) == length && !memcmp(info->name, name, length))
			return i;
	return SIZE_MAX;
}

static bool is_enabled(const struct xip_checker *checker, size_t check)
{
	return checker->options->enabled >> check & 1;
}

static void send(
	const struct xip_checker *checker, const char *path, uint64_t offset, const char *message)
{
	const struct xip_finding finding = {checker->check, path, offset, message};

	if (checker->options->finding)
		checker->options->finding(checker->options->user, &finding);
}

void xip_check_report(
	struct xip_checker *checker, size_t index, uint64_t offset, const char *format, ...)
{
	size_t check = checker->check;
	char message[XIP_SHOWN_PATH_SIZE + 512], buffer[XIP_SHOWN_PATH_SIZE];
	va_list arguments;

	if (index != SIZE_MAX && checker->options->chosen && !checker->options->chosen[index])
		return;
	if (!is_enabled(checker, check) || checker->found[check]++ >= XIP_FINDINGS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	send(checker, index == SIZE_MAX ? NULL : xip_listing_show(&checker->listing, index, buffer),
		offset, message);
}

static void report_rest(const struct xip_checker *checker)
{
	size_t found = checker->found[checker->check];
	char message[64];

	if (found <= XIP_FINDINGS_MAX)
		return;
	snprintf(message, sizeof(message), "and %zu more of these", found - XIP_FINDINGS_MAX);
	send(checker, NULL, XIP_NO_OFFSET, message);
}

const char *xip_check_owner(const struct xip_checker *checker, uint32_t entry, char *buffer)
{
	return entry == XIP_NO_ENTRY ? "the super block"
				     : xip_listing_show(&checker->listing, entry, buffer);
}

static bool list_fault(void *user, enum xip_list_fault fault, const struct xip_listing *listing,
	size_t index, uint64_t offset, const char *message)
{
	static const char *const checks[] = {
		[XIP_FAULT_BOUNDS] = "bounds",
		[XIP_FAULT_OVERLAP] = "loops",
		[XIP_FAULT_NAME] = "names",
	};
	struct xip_checker *checker = user;

	checker->listing = *listing; /* as far as it goes, for the path */
	checker->check = xip_check_find(checks[fault], strlen(checks[fault]));
	xip_check_report(checker, index, offset, "%s", message);
	return true;
}

/* Makes what the enabled checks need. */
static enum xip_err prepare(struct xip_checker *checker)
{
	const struct xip_list_report report = {list_fault, checker};
	const struct xip_programs_options options = {
		.flash_address = checker->options->flash_address,
	};
	enum xip_check_need need = XIP_NEED_LISTING;
	struct xip_listing listing;
	enum xip_err err;

	for (size_t i = 0; row(i); i++)
		if (is_enabled(checker, i) && row(i)->need > need)
			need = row(i)->need;
	err = xip_listing_walk(checker->image, &listing, &report, checker->diag);
	checker->listing = (struct xip_listing){0};
	if (err)
		return err;
	checker->listing = listing;
	if (need >= XIP_NEED_MAP)
		err = xip_map_survey(
			checker->image, &checker->listing, &checker->map, checker->diag);
	if (!err && need >= XIP_NEED_PROGRAMS)
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

	for (size_t i = 0; !err && row(i); i++) {
		if (!is_enabled(&checker, i))
			continue;
		checker.check = i;
		if (row(i)->run)
			err = row(i)->run(&checker);
		report_rest(&checker);
	}
	*result = (struct xip_verify_result){0};
	for (size_t i = 0; row(i); i++)
		*(row(i)->info.warning ? &result->warnings : &result->errors) += checker.found[i];
	xip_programs_free(&checker.programs);
	xip_map_free(&checker.map);
	xip_listing_free(&checker.listing);
	return err;
}
