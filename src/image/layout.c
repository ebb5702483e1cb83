/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/image/layout.h"

#include <stdlib.h>
#include <string.h>

#include "layouter.h"
#include "wrap.h"
#include "xipfs/base/bytes.h"

/* --- Super block, inserted file, directories ------------------------------------------------- */

uint32_t xip_layout_entry_size(const struct xip_node *node)
{
	return XIP_INODE_SIZE + (uint32_t)xip_align_up(node->name_length, 4);
}

static enum xip_err place_directory(struct layouter *l, const struct xip_node *node)
{
	struct xip_layout_directory *directory = &l->layout->directories[node->number];
	uint64_t size = 0;
	struct xip_layout_extent *extent;

	if (!node->child_count)
		return XIP_OK;
	for (uint32_t i = 0; i < node->child_count; i++)
		size += xip_layout_entry_size(node->children[i]);
	if (size > XIP_FILE_SIZE_MAX) {
		char buffer[XIP_SHOWN_NODE_SIZE];

		return xip_diag_fail(l->diag, XIP_ERR_LIMIT, xip_tree_show(node, buffer),
			XIP_NO_OFFSET,
			"the directory's entries take %llu bytes; a directory holds at most %u",
			(unsigned long long)size, XIP_FILE_SIZE_MAX);
	}
	extent = xip_layouter_extent(l, XIP_LAYOUT_DIRECTORY, 4, size);
	extent->u.node = node;
	directory->offset = extent->position;
	directory->size = extent->length;
	l->layout->bytes.directories += size;
	l->last_entry = l->cursor - xip_layout_entry_size(node->children[node->child_count - 1]);
	return XIP_OK;
}

static enum xip_err place_head(struct layouter *l)
{
	const struct xip_node *node = NULL;

	l->layout->super_offset = l->options->boot_pad ? XIP_BOOT_PAD : 0;
	l->cursor = l->layout->super_offset + XIP_SUPER_SIZE;
	l->layout->bytes.super = l->cursor;
	if (l->options->insert_size) {
		xip_layouter_extent(l, XIP_LAYOUT_INSERT, 4, l->options->insert_size);
		l->layout->bytes.insert = l->options->insert_size;
	}
	while ((node = xip_tree_next(l->in->tree, node))) {
		enum xip_err err = XIP_OK;

		if (xip_mode_is_directory(node->inode->mode))
			err = place_directory(l, node);
		if (err)
			return err;
		if (l->cursor > XIP_OFFSET_LIMIT)
			return XIP_OK; /* far too large: finish() says so */
	}
	return XIP_OK;
}

/* --- Pointer tables and blocks --------------------------------------------------------------- */

/* Bytes of a block in the image when it lies after a 16-bit length. */
static uint32_t direct_length(const struct xip_payload *payload)
{
	return payload->kind == XIP_PAYLOAD_STORED ? xip_wrap_size(payload->length)
						   : payload->length;
}

/* True of a block that does not shrink where no pointer can say that it is uncompressed. */
static bool is_bare(const struct layouter *l, const struct xip_payload *payload)
{
	return l->options->classic && payload->kind == XIP_PAYLOAD_STORED;
}

/* Bytes of a block that begins where the block before ends. */
static uint32_t chained_length(const struct layouter *l, const struct xip_payload *payload)
{
	return is_bare(l, payload) ? xip_wrap_size(payload->length) : payload->length;
}

/* What a pointer to the end of such a block says about it. */
static uint32_t chained_flags(const struct layouter *l, const struct xip_payload *payload)
{
	return payload->kind == XIP_PAYLOAD_STORED && !is_bare(l, payload)
		       ? CRAMFS_BLK_FLAG_UNCOMPRESSED
		       : 0;
}

/* Byte after a shared block. */
static uint32_t end_of(const struct layouter *l, const struct xip_payload *payload)
{
	const struct xip_share_mark *mark = &l->marks[payload->number];

	return mark->position +
	       (mark->direct ? 2 + direct_length(payload) : chained_length(l, payload));
}

static void count_payload(struct layouter *l, const struct xip_payload *payload, uint64_t bytes)
{
	if (payload->kind == XIP_PAYLOAD_STORED)
		l->layout->bytes.stored += bytes;
	else
		l->layout->bytes.compressed += bytes;
}

/* New bytes right where the block before ends. Returns the pointer. */
static uint32_t append(struct layouter *l, const struct xip_payload *payload)
{
	uint32_t length = chained_length(l, payload);
	struct xip_layout_extent *extent = xip_layouter_extent(
		l, is_bare(l, payload) ? XIP_LAYOUT_BARE : XIP_LAYOUT_PAYLOAD, 1, length);

	extent->u.payload = payload;
	l->marks[payload->number].position = extent->position;
	count_payload(l, payload, length);
	return (uint32_t)l->cursor | chained_flags(l, payload);
}

/*
 * New bytes at a 4-byte boundary after their length. A block that did not shrink is wrapped into a
 * stored DEFLATE stream: an uncompressed direct block could be mapped, and two inodes must not map
 * the same flash, so those are left to the XIP region.
 */
static uint32_t append_direct(struct layouter *l, const struct xip_payload *payload)
{
	bool stored = payload->kind == XIP_PAYLOAD_STORED;
	uint32_t length = direct_length(payload);
	struct xip_layout_extent *extent;

	if (length > UINT16_MAX) { /* a page of 64 KiB that does not shrink, after an XIP page */
		extent = xip_layouter_extent(l, XIP_LAYOUT_PAYLOAD, 4, payload->length);
		extent->u.payload = payload;
		count_payload(l, payload, payload->length);
		return extent->position >> CRAMFS_BLK_DIRECT_PTR_SHIFT | CRAMFS_BLK_FLAGS;
	}
	extent = xip_layouter_extent(
		l, stored ? XIP_LAYOUT_WRAPPED : XIP_LAYOUT_DIRECT, 4, 2 + (uint64_t)length);
	extent->u.payload = payload;
	l->marks[payload->number].position = extent->position;
	count_payload(l, payload, 2 + (uint64_t)length);
	return extent->position >> CRAMFS_BLK_DIRECT_PTR_SHIFT | CRAMFS_BLK_FLAG_DIRECT_PTR;
}

static uint32_t refer(struct layouter *l, const struct xip_payload *payload)
{
	l->layout->shared += payload->length;
	if (l->marks[payload->number].direct)
		return l->marks[payload->number].position >> CRAMFS_BLK_DIRECT_PTR_SHIFT |
		       CRAMFS_BLK_FLAG_DIRECT_PTR;
	return end_of(l, payload) | chained_flags(l, payload);
}

/* Positions of XIP blocks are relative to the region until fix_pointers(). */
static uint32_t place_block(struct layouter *l, struct xip_share_walk *walk,
	const struct xip_payload *payload, uint64_t *end)
{
	uint32_t pointer = 0;

	switch (xip_share_step(walk, payload)) {
	case XIP_STEP_APPEND:
		pointer = append(l, payload);
		*end = l->cursor;
		return pointer;
	case XIP_STEP_APPEND_DIRECT:
		pointer = append_direct(l, payload);
		*end = l->cursor;
		return pointer;
	case XIP_STEP_REFER:
	case XIP_STEP_REFER_DIRECT:
		pointer = refer(l, payload);
		*end = end_of(l, payload);
		return pointer;
	}
	return pointer;
}

/*
 * A full last block that is direct and uncompressed reads as zeros (cramfs_read_folio takes its
 * length as size % PAGE_SIZE). Only pages of 64 KiB can produce one outside the XIP region.
 */
static enum xip_err refuse_full_last_block(const struct layouter *l, uint32_t number)
{
	uint32_t last = l->in->encoding->files[number].block_count - 1;
	const struct xip_payload *payload = xip_placement_block(l->in, number, last);
	char buffer[XIP_SHOWN_NODE_SIZE];

	if (xip_placement_is_xip(l->in, number, last, NULL) || !payload ||
		payload->raw_length < xip_layouter_page(l) ||
		(l->tables[number][last] & CRAMFS_BLK_FLAGS) != CRAMFS_BLK_FLAGS)
		return XIP_OK;
	return xip_diag_fail(l->diag, XIP_ERR_LIMIT,
		xip_tree_show(l->in->tree->data_inodes[number]->first, buffer), XIP_NO_OFFSET,
		"its last block of 64 KiB does not shrink and follows a page executed in place, "
		"which "
		"the kernel would read as zeros; use --no-xip for this file, or add a byte at its "
		"end");
}

static enum xip_err place_file(struct layouter *l, uint32_t number, const uint64_t *starts)
{
	const struct xip_plan_file *plan = &l->in->plan->files[number];
	uint32_t count = l->in->encoding->files[number].block_count;
	uint32_t *pointers = l->tables[number];
	struct xip_layout_extent *extent;
	struct xip_share_walk walk;
	uint64_t begin = l->cursor, end;

	extent = xip_layouter_extent(l, XIP_LAYOUT_TABLE, 4, (uint64_t)count * XIP_POINTER_SIZE);
	extent->u.pointers = pointers;
	l->layout->files[number].offset = extent->position;
	l->layout->bytes.tables += extent->length;
	end = l->cursor;
	xip_share_begin(&walk, l->marks, l->blocks);
	for (uint32_t i = 0; i < count; i++) {
		const struct xip_payload *payload = xip_placement_block(l->in, number, i);
		uint32_t run;

		if (xip_placement_is_xip(l->in, number, i, &run)) {
			uint64_t start = starts[run] + (uint64_t)(i - plan->runs[run].first) *
							       xip_layouter_page(l);

			pointers[i] =
				(uint32_t)start >> CRAMFS_BLK_DIRECT_PTR_SHIFT | CRAMFS_BLK_FLAGS;
			end = start + xip_layouter_page(l);
			xip_share_pass_xip(&walk);
		} else if (!payload) {
			pointers[i] = (uint32_t)end; /* a hole: ends where the block before ends */
			l->holes = true;
		} else {
			pointers[i] = place_block(l, &walk, payload, &end);
		}
		l->extended |= (pointers[i] & CRAMFS_BLK_FLAGS) != 0;
	}
	l->layout->files[number].bytes = (uint32_t)(l->cursor - begin);
	return refuse_full_last_block(l, number);
}

/* Adds the start of the XIP region, now known, to what was relative to it. */
static void fix_pointers(struct layouter *l, uint32_t number, uint32_t base)
{
	bool after_xip = false;

	for (uint32_t i = 0; i < l->in->encoding->files[number].block_count; i++) {
		uint32_t *pointer = &l->tables[number][i];

		if (xip_placement_is_xip(l->in, number, i, NULL)) {
			*pointer += base >> CRAMFS_BLK_DIRECT_PTR_SHIFT;
			after_xip = true;
		} else if (xip_placement_block(l->in, number, i)) {
			after_xip = false;
		} else if (after_xip) {
			*pointer += base;
		}
	}
}

/* --- All files ------------------------------------------------------------------------------- */

static void note_blocks(struct layouter *l)
{
	for (uint32_t i = 0; i < l->in->encoding->file_count; i++) {
		struct xip_share_walk walk;

		if (!xip_layouter_own_table(l, i))
			continue;
		xip_share_begin(&walk, l->marks, l->blocks);
		for (uint32_t b = 0; b < l->in->encoding->files[i].block_count; b++) {
			const struct xip_payload *payload = xip_placement_block(l->in, i, b);

			if (xip_placement_is_xip(l->in, i, b, NULL))
				xip_share_pass_xip(&walk);
			else if (payload)
				xip_share_note(&walk, payload);
		}
	}
}

static void count_shared_file(struct layouter *l, uint32_t number)
{
	for (uint32_t b = 0; b < l->in->encoding->files[number].block_count; b++) {
		const struct xip_payload *payload = xip_placement_block(l->in, number, b);

		l->layout->shared += XIP_POINTER_SIZE + (payload ? payload->length : 0);
	}
}

static enum xip_err place_files(struct layouter *l, uint64_t *const *starts)
{
	enum xip_err err = XIP_OK;

	for (uint32_t i = 0; !err && i < l->in->encoding->file_count; i++) {
		if (l->cursor > XIP_OFFSET_LIMIT)
			break; /* finish() says so */
		if (xip_layouter_own_table(l, i)) {
			err = place_file(l, i, starts[i]);
			l->layout->super.blocks += l->in->encoding->files[i].block_count;
		} else {
			count_shared_file(l, i);
		}
	}
	return err;
}

static void share_offsets(struct layouter *l)
{
	for (uint32_t i = 0; i < l->in->encoding->file_count; i++) {
		struct xip_layout_file *file = &l->layout->files[i];

		file->size = l->in->plan->files[i].size;
		file->offset = l->layout->files[file->sharer].offset;
		file->flash = l->layout->files[file->sharer].flash;
	}
}

static enum xip_err place_all(struct layouter *l, uint64_t **starts)
{
	uint64_t length, base;
	uint32_t align;
	enum xip_err err;

	length = xip_region_plan(l, starts, &align);
	note_blocks(l);
	err = place_files(l, starts);
	if (err)
		return err;
	l->layout->need = l->cursor + length;
	base = xip_align_up(l->cursor, align);
	if (base + length > XIP_OFFSET_LIMIT) {
		l->cursor = base + length; /* finish() says so */
		return XIP_OK;
	}
	for (uint32_t i = 0; i < l->in->encoding->file_count; i++)
		if (xip_placement_runs(l->in, i) && xip_layouter_own_table(l, i))
			fix_pointers(l, i, (uint32_t)base);
	xip_region_place(l, starts, align);
	share_offsets(l);
	return XIP_OK;
}

/* --- The whole ------------------------------------------------------------------------------- */

static enum xip_err finish(struct layouter *l)
{
	struct xip_layout *layout = l->layout;
	uint64_t end = l->cursor;

	/* cramfs_readdir() and cramfs_lookup() read 264 bytes from each entry on. */
	if (l->last_entry && end < l->last_entry + XIP_READ_AHEAD)
		end = l->last_entry + XIP_READ_AHEAD;
	end = xip_align_up(end, xip_layouter_page(l));
	if (end > XIP_OFFSET_LIMIT)
		return xip_diag_fail(l->diag, XIP_ERR_LIMIT, NULL, XIP_NO_OFFSET,
			"the image would be larger than 256 MiB, the most that cramfs can address");
	layout->bytes.padding += end - l->cursor;
	layout->size = end;
	layout->big = l->options->big;
	layout->super.magic = CRAMFS_MAGIC;
	layout->super.size = (uint32_t)end;
	layout->super.flags = CRAMFS_FLAG_FSID_VERSION_2 | CRAMFS_FLAG_SORTED_DIRS;
	if (l->holes) /* fsck.cramfs refuses images with this flag */
		layout->super.flags |= CRAMFS_FLAG_HOLES;
	if (l->extended || l->options->force_extended)
		layout->super.flags |= CRAMFS_FLAG_EXT_BLOCK_POINTERS;
	if (l->options->insert_size)
		layout->super.flags |= CRAMFS_FLAG_SHIFTED_ROOT_OFFSET;
	memcpy(layout->super.signature, CRAMFS_SIGNATURE, sizeof(layout->super.signature));
	memcpy(layout->super.name, l->options->name, sizeof(layout->super.name));
	layout->super.edition = l->options->edition;
	layout->super.files = (uint32_t)l->in->tree->node_count;
	layout->super.root = (struct xip_inode){
		.mode = (uint16_t)l->in->tree->root->inode->mode,
		.uid = (uint16_t)l->in->tree->root->inode->uid,
		.gid = (uint8_t)l->in->tree->root->inode->gid,
		.size = layout->directories[l->in->tree->root->number].size,
		.offset = layout->directories[l->in->tree->root->number].offset,
	};
	return XIP_OK;
}

/* Makes all the room at once: the number of extents and pointers is known beforehand. */
static enum xip_err make_room(struct layouter *l, uint64_t ***starts)
{
	struct xip_arena *arena = l->layout->arena, *pieces = l->layout->pieces;
	size_t count = l->in->encoding->file_count;
	size_t extents = l->in->tree->node_count + count + 1;

	l->layout->files = xip_arena_calloc(arena, count, sizeof(*l->layout->files));
	l->layout->file_count = count;
	l->layout->directories = xip_arena_calloc(
		arena, l->in->tree->directory_count, sizeof(*l->layout->directories));
	l->tables = calloc(count + 1, sizeof(*l->tables));
	l->twins = calloc(count + 1, sizeof(*l->twins));
	l->marks = calloc(l->in->encoding->payload_count + 1, sizeof(*l->marks));
	*starts = calloc(count + 1, sizeof(**starts));
	if (!l->layout->files || !l->layout->directories || !l->tables || !l->twins || !l->marks ||
		!*starts)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; i < count; i++) {
		uint32_t blocks = l->in->encoding->files[i].block_count;

		extents += blocks;
		l->tables[i] = xip_arena_calloc(pieces, blocks, sizeof(uint32_t));
		if (!l->tables[i])
			return XIP_ERR_NOMEM;
		if (!xip_placement_runs(l->in, i))
			continue;
		(*starts)[i] =
			xip_arena_calloc(arena, xip_placement_runs(l->in, i), sizeof(***starts));
		if (!(*starts)[i])
			return XIP_ERR_NOMEM;
	}
	l->layout->extents = xip_arena_calloc(pieces, extents, sizeof(*l->layout->extents));
	return l->layout->extents ? XIP_OK : XIP_ERR_NOMEM;
}

static struct xip_layout *layout_new(void)
{
	struct xip_arena *arena = xip_arena_new(), *pieces = xip_arena_new();
	struct xip_layout *layout = arena ? xip_arena_alloc(arena, sizeof(*layout)) : NULL;

	if (!layout || !pieces) {
		xip_arena_free(arena);
		xip_arena_free(pieces);
		return NULL;
	}
	layout->arena = arena;
	layout->pieces = pieces;
	return layout;
}

enum xip_err xip_layout_make(const struct xip_tree *tree, const struct xip_plan *plan,
	const struct xip_encoding *encoding, const struct xip_layout_options *options,
	struct xip_layout **result, const struct xip_diag *diag)
{
	const struct xip_placement in = {tree, plan, encoding};
	struct layouter l = {.in = &in, .options = options, .diag = diag, .layout = layout_new()};
	uint64_t **starts = NULL;
	enum xip_err err;

	if (!l.layout)
		return xip_diag_nomem(diag);
	/* With pages of 64 KiB a wrapped block does not fit its 16-bit length. */
	l.blocks = !options->classic && plan->page_size <= 32768;
	err = make_room(&l, &starts);
	if (!err)
		err = xip_share_files(&in, l.layout->files, l.twins);
	if (err)
		xip_diag_nomem(diag);
	if (!err)
		err = place_head(&l);
	if (!err)
		err = place_all(&l, starts);
	if (!err)
		err = finish(&l);
	free(starts);
	free(l.twins);
	free(l.marks);
	free(l.tables);
	if (err) {
		xip_layout_free(l.layout);
		return err;
	}
	*result = l.layout;
	return XIP_OK;
}

void xip_layout_forget_pieces(struct xip_layout *layout)
{
	xip_arena_free(layout->pieces);
	layout->pieces = NULL;
	layout->extents = NULL;
	layout->extent_count = 0;
}

void xip_layout_free(struct xip_layout *layout)
{
	if (!layout)
		return;
	xip_arena_free(layout->pieces);
	xip_arena_free(layout->arena);
}
