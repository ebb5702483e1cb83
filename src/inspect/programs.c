/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/inspect/programs.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "xipfs/base/bytes.h"

/* State of one judgement. */
struct judge {
	struct xip_image *image;
	const struct xip_inode *inode;
	struct xip_arena *arena;
	uint64_t flash_address;
	bool *counted; /* of each page of the file: it is in xip_view.hot or ->cold */
};

static const char *describe_break(
	const struct xip_block *block, enum xip_err err, uint32_t expected)
{
	if (err)
		return "cannot be read";
	if (!block->length)
		return "is a hole";
	if (!block->uncompressed)
		return "is compressed";
	if (!block->direct)
		return "is stored without a direct pointer";
	return block->start != expected ? "does not follow the page before it" : NULL;
}

/*
 * cramfs_get_block_range(): how many of @pages blocks from @first on are direct, uncompressed and
 * one after the other. *@offset is where the first of them lies; *@why is set when it is fewer.
 */
static enum xip_err block_range(const struct judge *judge, uint32_t first, uint32_t pages,
	uint32_t *found, uint64_t *offset, const char **why)
{
	uint32_t page = xip_image_info(judge->image)->page_size;

	*offset = 0;
	*why = NULL;
	for (*found = 0; *found < pages; ++*found) {
		struct xip_block block = {0};
		const char *detail;
		char text[80];
		enum xip_err err = xip_image_block(
			judge->image, judge->inode, first + *found, &block, &detail);

		if (err && err != XIP_ERR_CORRUPT)
			return err;
		if (!*found && !err)
			*offset = block.start;
		detail = describe_break(&block, err, (uint32_t)(*offset + (uint64_t)*found * page));
		if (!detail)
			continue;
		snprintf(text, sizeof(text), "page %u of the file %s", first + *found, detail);
		*why = xip_arena_strndup(judge->arena, text, strlen(text));
		return *why ? XIP_OK : XIP_ERR_NOMEM;
	}
	return XIP_OK;
}

enum xip_err xip_tail_is_zero(
	const struct xip_image *image, uint64_t last_page, uint32_t used, bool *zero)
{
	uint32_t page = xip_image_info(image)->page_size;
	uint8_t tail[XIP_PAGE_SIZE_MAX];
	enum xip_err err;

	*zero = false;
	if (!xip_range_inside(last_page, page, xip_image_info(image)->size))
		return XIP_OK;
	err = xip_image_read(image, last_page + used, tail, page - used, NULL);
	if (!err)
		*zero = xip_bytes_are_zero(tail, page - used);
	return err;
}

/* cramfs_physmem_get_unmapped_area() */
static enum xip_err judge_nommu(
	const struct judge *judge, const struct xip_mapping *mapping, struct xip_verdict *verdict)
{
	uint32_t pages = (uint32_t)mapping->page_count;
	enum xip_err err = block_range(judge, (uint32_t)mapping->file_page, pages, &verdict->pages,
		&verdict->offset, &verdict->why);

	if (err)
		return err;
	verdict->direct = verdict->pages == pages;
	if (!verdict->direct)
		verdict->pages = 0;
	verdict->misaligned =
		verdict->direct && (judge->flash_address + verdict->offset) % mapping->align;
	return XIP_OK;
}

static const char off_page[] = "it does not lie on a page boundary of the flash";
static const char bad_tail[] = "the last page of the file holds other data after its end";

/* Why page @index, an uncompressed block that starts at @start, is not mapped; NULL: it is. */
static enum xip_err find_loss(
	const struct judge *judge, uint32_t index, uint32_t start, const char **why)
{
	const struct xip_image_info *info = xip_image_info(judge->image);
	uint32_t rest = judge->inode->size % info->page_size;
	bool zero = true;
	enum xip_err err = XIP_OK;

	*why = NULL;
	if ((judge->flash_address + start) % info->page_size)
		*why = off_page;
	else if (!xip_range_inside(start, info->page_size, info->size))
		*why = "an uncompressed page leaves the image";
	else if (rest && index + 1 == xip_image_block_count(judge->image, judge->inode))
		err = xip_tail_is_zero(judge->image, start, rest, &zero);
	if (!zero)
		*why = bad_tail;
	return err;
}

/* Counts page @index unless another segment has it as well; *@count is hot or cold of its view. */
static void count_page(const struct judge *judge, uint32_t index, uint32_t *count)
{
	*count += !judge->counted[index];
	judge->counted[index] = true;
}

/* cramfs_physmem_mmap() with the patch: each of the @pages from @first on by itself. */
static enum xip_err judge_pages(const struct judge *judge, struct xip_view *view, uint32_t first,
	uint32_t pages, struct xip_verdict *verdict)
{
	for (uint32_t i = first; i < first + pages; i++) {
		struct xip_block block = {0};
		const char *detail;
		enum xip_err err = xip_image_block(judge->image, judge->inode, i, &block, &detail);
		const char *why;

		if (err && err != XIP_ERR_CORRUPT)
			return err;
		if (err || !block.length || !block.uncompressed || !block.direct) {
			count_page(judge, i, &view->cold);
			continue;
		}
		err = find_loss(judge, i, block.start, &why);
		if (err)
			return err;
		verdict->lost = verdict->lost ? verdict->lost : why;
		if (why)
			continue;
		verdict->paged++;
		count_page(judge, i, &view->hot);
	}
	return XIP_OK;
}

/* cramfs_physmem_mmap() */
static enum xip_err judge_mmu(const struct judge *judge, struct xip_view *view,
	const struct xip_mapping *mapping, struct xip_verdict *verdict)
{
	uint32_t page = xip_image_info(judge->image)->page_size;
	uint64_t file_pages = xip_image_block_count(judge->image, judge->inode);
	uint64_t first = mapping->file_page, wanted;
	bool zero = true;
	enum xip_err err;

	if (first >= file_pages) {
		verdict->why = "the segment begins after the end of the file";
		return XIP_OK;
	}
	wanted =
		mapping->page_count < file_pages - first ? mapping->page_count : file_pages - first;
	err = block_range(judge, (uint32_t)first, (uint32_t)wanted, &verdict->pages,
		&verdict->offset, &verdict->why);
	if (!err)
		err = judge_pages(judge, view, (uint32_t)first, (uint32_t)wanted, verdict);
	if (err)
		return err;
	if (verdict->pages && (judge->flash_address + verdict->offset) % page) {
		verdict->pages = 0;
		verdict->why = off_page;
	}
	if (verdict->pages && first + verdict->pages == file_pages && judge->inode->size % page) {
		err = xip_tail_is_zero(judge->image,
			verdict->offset + (uint64_t)(verdict->pages - 1) * page,
			judge->inode->size % page, &zero);
		if (err)
			return err;
	}
	if (!zero) {
		verdict->pages--;
		verdict->why = bad_tail;
	}
	verdict->direct = verdict->pages == mapping->page_count;
	if (!verdict->direct && !verdict->why)
		verdict->why = "the segment reaches beyond the last page of the file";
	return XIP_OK;
}

/* Why the kernel maps nothing of the image from flash; NULL: it may. */
static const char *why_never(const struct xip_image_info *info)
{
	/* get_cramfs_inode() then gives the files no mmap of their own. */
	if (!info->extended)
		return "the super block lacks the flag of extended block pointers";
	/* cramfs_mtd_fill_super() wants mtd_point() to give all that cramfs_read_super() found. */
	if (!(info->super.flags & CRAMFS_FLAG_FSID_VERSION_2) && info->size < XIP_OFFSET_LIMIT)
		return "the super block does not tell the image's size, so the kernel takes it to "
		       "be 256 MiB, more than the flash has";
	return NULL;
}

static enum xip_err judge_mapping(const struct judge *judge, struct xip_view *view,
	const struct xip_mapping *mapping, struct xip_verdict *verdict)
{
	verdict->wanted = mapping->why == XIP_WHY_DIRECT && mapping->page_count;
	if (mapping->why != XIP_WHY_DIRECT)
		verdict->why = xip_why_text(mapping->why);
	if (!verdict->wanted)
		return XIP_OK;
	verdict->why = why_never(xip_image_info(judge->image));
	verdict->lost = verdict->why;
	if (verdict->why)
		return XIP_OK;
	return view->program.mmu ? judge_mmu(judge, view, mapping, verdict)
				 : judge_nommu(judge, mapping, verdict);
}

/*
 * What must not be mapped from flash and is laid out for it all the same. The kernel looks neither
 * at other segments nor at relocations.
 */
static enum xip_err judge_forbidden(const struct judge *judge, struct xip_view *view)
{
	enum xip_why why = view->program.why;
	unsigned direct = 0;

	if (why_never(xip_image_info(judge->image)) || view->program.mmu)
		return XIP_OK;
	for (size_t i = 0; i < view->program.mapping_count; i++) {
		const struct xip_mapping *mapping = &view->program.mappings[i];
		struct xip_verdict verdict = {0};
		enum xip_err err = XIP_OK;

		if (!mapping->write && mapping->page_count)
			err = judge_nommu(judge, mapping, &verdict);
		if (err)
			return err;
		direct += verdict.direct;
	}
	view->clashes = why == XIP_WHY_SHARED_PAGE && direct > 1;
	view->written = why == XIP_WHY_TEXTREL && direct > 0;
	return XIP_OK;
}

static enum xip_err judge_view(struct judge *judge, const uint8_t *data, size_t size,
	enum xip_rules rules, struct xip_view *view)
{
	const struct xip_image_info *info = xip_image_info(judge->image);
	const struct xip_target target = {info->page_size, info->big};
	struct xip_program *program = &view->program;
	enum xip_err err = xip_loader_describe(judge->arena, data, size, &target, rules, program);

	if (err)
		return err;
	view->verdicts =
		xip_arena_calloc(judge->arena, program->mapping_count, sizeof(*view->verdicts));
	judge->counted = xip_arena_calloc(judge->arena,
		xip_image_block_count(judge->image, judge->inode), sizeof(*judge->counted));
	if (!view->verdicts || !judge->counted)
		return XIP_ERR_NOMEM;
	view->direct = program->why == XIP_WHY_DIRECT;
	view->why = view->direct ? NULL : xip_why_text(program->why);
	for (size_t i = 0; i < program->mapping_count; i++) {
		struct xip_verdict *verdict = &view->verdicts[i];

		err = judge_mapping(judge, view, &program->mappings[i], verdict);
		if (err)
			return err;
		view->pages += verdict->pages;
		view->paged += verdict->paged;
		if (verdict->wanted && !verdict->direct) {
			view->direct = false;
			view->why = view->why ? view->why : verdict->why;
		}
	}
	return program->why == XIP_WHY_SHARED_PAGE || program->why == XIP_WHY_TEXTREL
		       ? judge_forbidden(judge, view)
		       : XIP_OK;
}

enum xip_err xip_program_is_other_order(
	struct xip_image *image, const struct xip_inode *inode, bool *other)
{
	uint8_t buffer[XIP_PAGE_SIZE_MAX];
	const char *why;
	size_t length;
	uint16_t type;
	enum xip_err err;
	bool big;

	*other = false;
	if (!xip_mode_is_regular(inode->mode) || !(inode->mode & 0111) ||
		!xip_inode_has_blocks(inode))
		return XIP_OK;
	err = xip_image_read_block(image, inode, 0, buffer, &length, &why);
	if (err)
		return err == XIP_ERR_CORRUPT ? XIP_OK : err; /* for the checks to report */
	if (length < EI_NIDENT + 2)
		return XIP_OK;
	big = buffer[EI_DATA] == ELFDATA2MSB;
	if (!xip_elf_has_magic(buffer, length) || big == xip_image_info(image)->big)
		return XIP_OK;
	type = xip_get16(buffer + EI_NIDENT, big);
	*other = type == ET_EXEC || type == ET_DYN;
	return XIP_OK;
}

/* True when the file begins like a program. */
static bool looks_like_program(
	struct xip_image *image, const struct xip_inode *inode, uint8_t *buffer)
{
	const char *why;
	size_t length;

	return !xip_image_read_block(image, inode, 0, buffer, &length, &why) &&
	       xip_loader_has_magic(buffer, length);
}

static enum xip_err judge_file(
	struct judge *judge, struct xip_program_list *list, uint32_t entry, uint32_t file)
{
	struct xip_program_report *report = &list->programs[list->count];
	uint8_t *data;
	size_t size;
	enum xip_err err = xip_image_load(judge->image, judge->inode, &data, &size, NULL, NULL);

	if (err) /* damage is for the checks to report */
		return err == XIP_ERR_CORRUPT ? XIP_OK : err;
	*report = (struct xip_program_report){.entry = entry, .file = file};
	err = judge_view(judge, data, size, XIP_RULES_NOMMU, &report->nommu);
	if (!err)
		err = judge_view(judge, data, size, XIP_RULES_MMU, &report->mmu);
	free(data);
	report->loader = report->nommu.program.loader;
	list->count += !err && report->loader != XIP_LOADER_NONE;
	return err;
}

static enum xip_err judge_all(struct judge *judge, const struct xip_listing *listing,
	const struct xip_map *map, bool all, struct xip_program_list *list)
{
	uint8_t *buffer = malloc(XIP_PAGE_SIZE_MAX);
	enum xip_err err = buffer ? XIP_OK : XIP_ERR_NOMEM;

	for (size_t i = 0; !err && i != SIZE_MAX; i = xip_listing_next(listing, i)) {
		uint32_t file = map->file_of_entry[i];

		judge->inode = &listing->entries[i].inode;
		if (file == XIP_NO_ENTRY || map->files[file].entry != i ||
			!map->files[file].sound || !(all || map->files[file].xip) ||
			!xip_mode_is_regular(judge->inode->mode))
			continue;
		if (looks_like_program(judge->image, judge->inode, buffer))
			err = judge_file(judge, list, (uint32_t)i, file);
	}
	free(buffer);
	return err;
}

enum xip_err xip_programs_judge(struct xip_image *image, const struct xip_listing *listing,
	const struct xip_map *map, const struct xip_programs_options *options,
	struct xip_program_list *list, const struct xip_diag *diag)
{
	struct judge judge = {.image = image, .flash_address = options->flash_address};
	size_t room = 1;
	enum xip_err err = XIP_ERR_NOMEM;

	for (size_t i = 0; i < map->file_count; i++)
		room += map->files[i].sound && (options->all || map->files[i].xip);
	*list = (struct xip_program_list){.arena = xip_arena_new()};
	list->programs = calloc(room, sizeof(*list->programs));
	judge.arena = list->arena;
	if (list->programs && list->arena)
		err = judge_all(&judge, listing, map, options->all, list);
	if (!err)
		return XIP_OK;
	xip_programs_free(list);
	if (err == XIP_ERR_NOMEM)
		return xip_diag_nomem(diag);
	return xip_diag_fail(
		diag, err, xip_image_path(image), XIP_NO_OFFSET, "the image cannot be read");
}

bool xip_programs_are_by_page(const struct xip_program_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct xip_view *view = &list->programs[i].mmu;

		if (list->programs[i].loader == XIP_LOADER_ELF &&
			(view->paged > view->pages || (view->hot && view->cold)))
			return true;
	}
	return false;
}

void xip_programs_free(struct xip_program_list *list)
{
	free(list->programs);
	xip_arena_free(list->arena);
	*list = (struct xip_program_list){0};
}
