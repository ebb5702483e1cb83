/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of execution in place.
 */
#include <stdlib.h>

#include "checks.h"
#include "xipfs/base/bytes.h"

/* The loader of each file of the map, malloc'ed; NULL when memory ran out. */
static enum xip_loader *loaders_of_files(const struct xip_checker *checker)
{
	const struct xip_program_list *programs = &checker->programs;
	enum xip_loader *loaders = calloc(checker->map.file_count + 1, sizeof(*loaders));

	for (size_t i = 0; loaders && i < programs->count; i++)
		loaders[programs->programs[i].file] = programs->programs[i].loader;
	return loaders;
}

/* Could a kernel without an MMU map the block? ELF other than FDPIC is read into RAM there. */
static bool is_nommu_page(const struct xip_checker *checker, const struct xip_block_ref *ref,
	const enum xip_loader *loaders)
{
	uint32_t entry = checker->map.files[ref->file].entry;

	return ref->kind == XIP_MAP_XIP && loaders[ref->file] != XIP_LOADER_ELF &&
	       xip_mode_is_regular(checker->listing.entries[entry].inode.mode);
}

static void report_clash(struct xip_checker *checker, const struct xip_block_ref *ref,
	const struct xip_block_ref *before)
{
	uint32_t entry = checker->map.files[ref->file].entry;
	char buffer[XIP_SHOWN_PATH_SIZE];

	xip_check_report(checker, entry, ref->start,
		"page %u lies in the same bytes as page %u of %s: two regions that a kernel "
		"without an "
		"MMU cannot both map",
		ref->index, before->index,
		xip_check_owner(checker, checker->map.files[before->file].entry, buffer));
}

/*
 * add_nommu_region() of mm/nommu.c: regions are whole pages from the flash address on. Two that
 * begin together are a BUG(), two that overlap are one with CONFIG_DEBUG_NOMMU_REGIONS. Since
 * blocks are pages, each begins in another's bytes or not at all.
 */
static enum xip_err check_xip_overlap(struct xip_checker *checker)
{
	enum xip_loader *loaders = loaders_of_files(checker);
	const struct xip_block_ref *last = NULL,
				   *other = NULL; /* other: not of the same file as last */

	if (!loaders)
		return xip_diag_nomem(checker->diag);
	for (size_t i = 0; i < checker->map.block_count; i++) {
		const struct xip_block_ref *ref = &checker->map.blocks[i];
		const struct xip_block_ref *before;

		if (!is_nommu_page(checker, ref, loaders))
			continue;
		before = last && last->file == ref->file ? other : last;
		if (before && ref->start - before->start < checker->info->page_size)
			report_clash(checker, ref, before);
		if (last && last->file != ref->file)
			other = last;
		last = ref;
	}
	free(loaders);
	return XIP_OK;
}

/* The code relies on it: literal pools, vectors, cache lines. The kernel does not look. */
static enum xip_err check_xip_align(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->programs.count; i++) {
		const struct xip_program_report *program = &checker->programs.programs[i];
		const struct xip_view *view = &program->nommu;

		for (size_t j = 0; j < view->program.mapping_count; j++)
			if (view->verdicts[j].misaligned)
				xip_check_report(checker, program->entry, view->verdicts[j].offset,
					"segment %zu wants an address that is a multiple of %llu",
					j, (unsigned long long)view->program.mappings[j].align);
	}
	return XIP_OK;
}

/*
 * cramfs_last_page_is_shared(). Without an MMU pages are mapped whatever follows, so programs for
 * that kind of kernel may be packed more closely.
 */
static enum xip_err check_xip_tail(struct xip_checker *checker)
{
	enum xip_loader *loaders = loaders_of_files(checker);
	uint32_t page = checker->info->page_size;
	enum xip_err err = loaders ? XIP_OK : xip_diag_nomem(checker->diag);

	for (size_t i = 0; !err && i < checker->map.block_count; i++) {
		const struct xip_block_ref *ref = &checker->map.blocks[i];
		bool zero;

		if (ref->kind != XIP_MAP_XIP || ref->length == page || ref->start % page ||
			loaders[ref->file] == XIP_LOADER_FDPIC ||
			loaders[ref->file] == XIP_LOADER_FLAT)
			continue;
		err = xip_tail_is_zero(checker->image, ref->start, ref->length, &zero);
		if (!err && !zero)
			xip_check_report(checker, checker->map.files[ref->file].entry,
				ref->start + ref->length,
				"other data follows the file in its last page, which a kernel with "
				"an MMU therefore copies to RAM");
	}
	free(loaders);
	return err;
}

static void report_view(struct xip_checker *checker, const struct xip_program_report *program,
	const struct xip_view *view)
{
	for (size_t j = 0; j < view->program.mapping_count; j++) {
		const struct xip_verdict *verdict = &view->verdicts[j];

		if (verdict->wanted && !verdict->direct)
			xip_check_report(checker, program->entry, XIP_NO_OFFSET,
				"segment %zu is not executed in place: %s", j, verdict->why);
	}
}

/*
 * cramfs_physmem_get_unmapped_area(). A program without any direct page was not laid out for it
 * and is not listed; one for an MMU is none of this kernel's business.
 */
static enum xip_err check_xip_nommu(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->programs.count; i++) {
		const struct xip_program_report *program = &checker->programs.programs[i];

		if (program->nommu.clashes)
			xip_check_report(checker, program->entry, XIP_NO_OFFSET,
				"two read-only segments that share a page are both laid out to be "
				"mapped, which stops the kernel: add_nommu_region() calls BUG()");
		if (program->nommu.written)
			xip_check_report(checker, program->entry, XIP_NO_OFFSET,
				"its text is laid out to be mapped from flash, but it has text "
				"relocations, which are written there");
		if (program->loader != XIP_LOADER_ELF && !program->mmu.direct)
			report_view(checker, program, &program->nommu);
	}
	return XIP_OK;
}

/*
 * cramfs_physmem_mmap(). Compressed pages among others are a choice, for a kernel that maps page by
 * page; but what is uncompressed is so in order to be mapped, and all of a segment in one piece.
 */
static void report_pages(struct xip_checker *checker, const struct xip_program_report *program)
{
	for (size_t j = 0; j < program->mmu.program.mapping_count; j++) {
		const struct xip_verdict *verdict = &program->mmu.verdicts[j];
		const char *why = verdict->lost;

		if (!why && verdict->paged == program->mmu.program.mappings[j].page_count)
			why = verdict->why;
		if (verdict->wanted && !verdict->direct && why)
			xip_check_report(checker, program->entry, XIP_NO_OFFSET,
				"segment %zu is not executed in place: %s", j, why);
	}
}

static enum xip_err check_xip_mmu(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->programs.count; i++)
		if (checker->programs.programs[i].loader == XIP_LOADER_ELF)
			report_pages(checker, &checker->programs.programs[i]);
	return XIP_OK;
}

/*
 * cramfs_read_super() refuses an image in the other order ("wrong endianness"), elf_check_arch() a
 * program in the other one, so no kernel runs both.
 */
static enum xip_err check_byte_order(struct xip_checker *checker)
{
	enum xip_err err = XIP_OK;

	for (size_t i = 0; !err && i < checker->listing.count; i++) {
		bool other;

		err = xip_program_is_other_order(
			checker->image, &checker->listing.entries[i].inode, &other);
		if (!err && other)
			xip_check_report(checker, i, XIP_NO_OFFSET,
				"a %s-endian program in a %s-endian image: no kernel that mounts "
				"the image can load it",
				checker->info->big ? "little" : "big",
				checker->info->big ? "big" : "little");
	}
	return err;
}

const struct xip_check xip_checks_xip[] = {
	{{"byte-order", "executable programs have the byte order of the image", false},
		XIP_NEED_LISTING, check_byte_order},
	{{"xip-overlap", "pages that a kernel without an MMU may map belong to one inode", false},
		XIP_NEED_PROGRAMS, check_xip_overlap},
	{{"xip-align", "flash addresses have the alignment of the sections", true},
		XIP_NEED_PROGRAMS, check_xip_align},
	{{"xip-tail", "the last page of an executed file is zero after its end", true},
		XIP_NEED_PROGRAMS, check_xip_tail},
	{{"xip-nommu", "a kernel without an MMU maps the programs laid out for it", true},
		XIP_NEED_PROGRAMS, check_xip_nommu},
	{{"xip-mmu", "a kernel with an MMU maps uncompressed pages of its programs", true},
		XIP_NEED_PROGRAMS, check_xip_mmu},
	{{NULL, NULL, false}, XIP_NEED_LISTING, NULL},
};
