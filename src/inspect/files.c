/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files and blocks of a map.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "xipfs/base/bytes.h"

/* An entry with blocks, to be sorted so that equal data meet. */
struct name {
	uint32_t offset, size, entry;
};

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return (x->entry > y->entry) - (x->entry < y->entry);
}

static size_t gather_names(const struct xip_listing *listing, struct name *names)
{
	size_t count = 0;

	for (size_t i = 0; i < listing->count; i++) {
		const struct xip_inode *inode = &listing->entries[i].inode;

		if (xip_inode_has_blocks(inode))
			names[count++] = (struct name){inode->offset, inode->size, (uint32_t)i};
	}
	qsort(names, count, sizeof(*names), compare_names);
	return count;
}

/*
 * One file for each offset and size. A table that overlaps the one before it makes no sense, and
 * reading such tables one by one could cost more than the image's size in work.
 */
static enum xip_err group_files(const struct xip_image *image, const struct xip_listing *listing,
	struct xip_map *map, const struct xip_diag *diag)
{
	struct name *names = calloc(listing->count, sizeof(*names));
	uint64_t table_end = 0;
	size_t count;

	map->files = calloc(listing->count, sizeof(*map->files));
	map->file_of_entry = calloc(listing->count, sizeof(*map->file_of_entry));
	if (!names || !map->files || !map->file_of_entry) {
		free(names);
		return xip_diag_nomem(diag);
	}
	memset(map->file_of_entry, 0xff, listing->count * sizeof(*map->file_of_entry));
	count = gather_names(listing, names);
	for (size_t i = 0; i < count; i++) {
		const struct xip_inode *inode = &listing->entries[names[i].entry].inode;
		uint64_t table = (uint64_t)xip_image_block_count(image, inode) * XIP_POINTER_SIZE;
		struct xip_file *file = &map->files[map->file_count];

		if (!i || names[i].offset != names[i - 1].offset ||
			names[i].size != names[i - 1].size) {
			map->file_count++;
			file->entry = names[i].entry;
			file->sound = names[i].offset >= table_end &&
				      xip_range_inside(
					      names[i].offset, table, xip_image_info(image)->size);
			if (file->sound)
				table_end = names[i].offset + table;
		} else {
			file--;
		}
		file->links++;
		map->file_of_entry[names[i].entry] = (uint32_t)(file - map->files);
	}
	free(names);
	return XIP_OK;
}

static void count_block(struct xip_file *file, const struct xip_block_ref *ref)
{
	file->packed_bytes += ref->length;
	file->flagged += ref->direct || ref->kind != XIP_MAP_COMPRESSED;
	if (ref->kind == XIP_MAP_COMPRESSED) {
		file->compressed++;
	} else if (ref->kind == XIP_MAP_STORED) {
		file->stored++;
	} else {
		if (!file->xip)
			file->xip_start = ref->start;
		file->xip++;
	}
}

static enum xip_map_kind block_kind(const struct xip_block *block)
{
	if (!block->uncompressed)
		return XIP_MAP_COMPRESSED;
	return block->direct ? XIP_MAP_XIP : XIP_MAP_STORED;
}

/* Adds the blocks of one file; there is room for all of them. */
static enum xip_err add_blocks(const struct xip_image *image, const struct xip_listing *listing,
	struct xip_map *map, size_t number, const struct xip_diag *diag)
{
	struct xip_file *file = &map->files[number];
	const struct xip_inode *inode = &listing->entries[file->entry].inode;
	uint32_t count = xip_image_block_count(image, inode);

	for (uint32_t i = 0; i < count; i++) {
		struct xip_block_ref *ref = &map->blocks[map->block_count];
		struct xip_block block = {0};
		const char *why;
		enum xip_err err = xip_image_block(image, inode, i, &block, &why);
		uint32_t prefix = block.direct && !block.uncompressed ? 2 : 0;

		if (err == XIP_ERR_CORRUPT) {
			file->bad_blocks++;
		} else if (err) {
			return xip_diag_fail(diag, err, NULL, inode->offset, "%s", why);
		} else if (!block.length) {
			file->holes++;
		} else {
			*ref = (struct xip_block_ref){
				.start = block.start - prefix,
				.length = block.length + prefix,
				.content = xip_image_block_length(image, inode, i),
				.file = (uint32_t)number,
				.index = i,
				.kind = block_kind(&block),
				.direct = block.direct,
			};
			count_block(file, ref);
			map->block_count++;
		}
	}
	return XIP_OK;
}

static int compare_blocks(const void *a, const void *b)
{
	const struct xip_block_ref *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	if (x->content != y->content)
		return x->content < y->content ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* Blocks of most images come in order; qsort would take as much memory again to find that out. */
static void sort_blocks(struct xip_map *map)
{
	for (size_t i = 1; i < map->block_count; i++) {
		if (compare_blocks(&map->blocks[i - 1], &map->blocks[i]) > 0) {
			qsort(map->blocks, map->block_count, sizeof(*map->blocks), compare_blocks);
			return;
		}
	}
}

enum xip_err xip_map_files(const struct xip_image *image, const struct xip_listing *listing,
	struct xip_map *map, const struct xip_diag *diag)
{
	size_t total = 0;
	enum xip_err err = group_files(image, listing, map, diag);

	if (err)
		return err;
	/* Sound tables do not overlap, so this is at most a fourth of the image's size. */
	for (size_t i = 0; i < map->file_count; i++)
		if (map->files[i].sound)
			total += xip_image_block_count(
				image, &listing->entries[map->files[i].entry].inode);
	map->blocks = calloc(total ? total : 1, sizeof(*map->blocks));
	if (!map->blocks)
		return xip_diag_nomem(diag);
	for (size_t i = 0; i < map->file_count; i++) {
		if (map->files[i].sound)
			err = add_blocks(image, listing, map, i, diag);
		if (err)
			return err;
	}
	sort_blocks(map);
	return XIP_OK;
}
