/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map of an image: what owns bytes is laid over the image in address order, once.
 */
#include "xipfs/inspect/map.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "xipfs/base/bytes.h"

const char *xip_map_kind_name(enum xip_map_kind kind)
{
	static const char *const names[XIP_MAP_COUNT] = {
		[XIP_MAP_BOOT] = "boot",
		[XIP_MAP_SUPER] = "super",
		[XIP_MAP_DIRECTORY] = "directory",
		[XIP_MAP_POINTERS] = "pointers",
		[XIP_MAP_COMPRESSED] = "compressed",
		[XIP_MAP_STORED] = "stored",
		[XIP_MAP_XIP] = "xip",
		[XIP_MAP_PADDING] = "padding",
	};

	return (size_t)kind < XIP_MAP_COUNT ? names[kind] : "?";
}

/* State of a build. */
struct cover {
	const struct xip_image *image;
	const struct xip_listing *listing;
	struct xip_map *map;
	uint64_t position; /* everything below has its extent */
	bool keep;         /* the extents, not only what is learned from them */
	uint32_t last;     /* owner of the previous extent */
	size_t extent_room, overlap_room;
	struct xip_map_extent
		*structures; /* super block and directories, to be sorted and laid out */
	size_t structure_count;
	size_t next_structure, next_file, next_block; /* still to be laid */
	const struct xip_diag *diag;
};

static enum xip_err add_extent(struct cover *cover, const struct xip_map_extent *extent)
{
	struct xip_map *map = cover->map;
	struct xip_map_extent *last =
		map->extent_count ? &map->extents[map->extent_count - 1] : NULL;

	map->bytes[extent->kind] += extent->length;
	cover->position = extent->start + extent->length;
	cover->last = extent->owner;
	if (!cover->keep)
		return XIP_OK;
	if (last && extent->blocks && last->kind == extent->kind && last->owner == extent->owner &&
		last->sharers == extent->sharers && last->block + last->blocks == extent->block) {
		last->length += extent->length;
		last->blocks += extent->blocks;
		return XIP_OK;
	}
	if (map->extent_count == cover->extent_room) {
		size_t room = cover->extent_room ? 2 * cover->extent_room : 256;
		struct xip_map_extent *extents = realloc(map->extents, room * sizeof(*extents));

		if (!extents)
			return xip_diag_nomem(cover->diag);
		map->extents = extents;
		cover->extent_room = room;
	}
	map->extents[map->extent_count++] = *extent;
	return XIP_OK;
}

static enum xip_err add_overlap(struct cover *cover, const struct xip_map_extent *extent)
{
	struct xip_map *map = cover->map;
	uint64_t end = extent->start + extent->length;
	struct xip_overlap overlap = {
		.start = extent->start,
		.length = (end < cover->position ? end : cover->position) - extent->start,
		.owner = cover->last,
		.other = extent->owner,
	};

	if (map->overlap_count == cover->overlap_room) {
		size_t room = cover->overlap_room ? 2 * cover->overlap_room : 16;
		struct xip_overlap *overlaps = realloc(map->overlaps, room * sizeof(overlap));

		if (!overlaps)
			return xip_diag_nomem(cover->diag);
		map->overlaps = overlaps;
		cover->overlap_room = room;
	}
	map->overlaps[map->overlap_count++] = overlap;
	return XIP_OK;
}

/* The bytes up to @start that nobody claimed. */
static enum xip_err add_padding(struct cover *cover, uint64_t start)
{
	const struct xip_map_extent padding = {
		.start = cover->position,
		.length = start - cover->position,
		.kind = XIP_MAP_PADDING,
		.owner = XIP_NO_ENTRY,
	};

	return padding.length ? add_extent(cover, &padding) : XIP_OK;
}

/* Lays the next thing over the image; it starts no earlier than the one before did. */
static enum xip_err lay(struct cover *cover, struct xip_map_extent extent, bool *overlaps)
{
	enum xip_err err;

	*overlaps = extent.start < cover->position;
	if (*overlaps) {
		uint64_t hidden = cover->position - extent.start;

		err = add_overlap(cover, &extent);
		if (err || hidden >= extent.length)
			return err;
		extent.start += hidden;
		extent.length -= hidden;
	}
	err = add_padding(cover, extent.start);
	return err ? err : add_extent(cover, &extent);
}

/* Lays the blocks from @first on that are one shared run of bytes; *@first becomes the next one. */
static enum xip_err lay_blocks(struct cover *cover, size_t *first)
{
	struct xip_map *map = cover->map;
	const struct xip_block_ref *ref = &map->blocks[*first];
	struct xip_map_extent extent = {
		.start = ref->start,
		.length = ref->length,
		.kind = ref->kind,
		.owner = map->files[ref->file].entry,
		.block = ref->index,
		.blocks = 1,
	};
	size_t end = *first + 1;
	bool overlaps;
	enum xip_err err;

	while (end < map->block_count && map->blocks[end].start == ref->start &&
		map->blocks[end].length == ref->length)
		end++;
	extent.sharers = (uint32_t)(end - *first - 1);
	map->distinct_blocks++;
	map->shared_bytes += extent.length * extent.sharers;
	if (ref->kind == XIP_MAP_COMPRESSED)
		map->compressed_content += ref->content;
	err = lay(cover, extent, &overlaps);
	while (*first < end)
		map->blocks[(*first)++].overlaps = overlaps;
	return err;
}

static void add_structure(struct cover *cover, uint64_t start, uint64_t length,
	enum xip_map_kind kind, uint32_t owner)
{
	cover->structures[cover->structure_count++] = (struct xip_map_extent){
		.start = start,
		.length = length,
		.kind = kind,
		.owner = owner,
	};
}

static int compare_extents(const void *a, const void *b)
{
	const struct xip_map_extent *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->length > y->length) - (x->length < y->length);
}

/* The super block and the directories. */
static enum xip_err gather_structures(struct cover *cover)
{
	const struct xip_image_info *info = xip_image_info(cover->image);
	const struct xip_listing *listing = cover->listing;
	size_t directories = 0;

	/* Without children it is empty, or a fault that the listing has reported. */
	for (size_t i = 0; i < listing->count; i++)
		directories += listing->entries[i].child_count != 0;
	cover->structures = calloc(2 + directories, sizeof(*cover->structures));
	if (!cover->structures)
		return xip_diag_nomem(cover->diag);
	if (info->super_offset)
		add_structure(cover, 0, info->super_offset, XIP_MAP_BOOT, XIP_NO_ENTRY);
	add_structure(cover, info->super_offset, XIP_SUPER_SIZE, XIP_MAP_SUPER, XIP_NO_ENTRY);
	for (size_t i = 0; i < listing->count; i++) {
		const struct xip_entry *entry = &listing->entries[i];
		uint64_t rest = info->size - entry->inode.offset; /* less when it is cut short */

		if (entry->child_count)
			add_structure(cover, entry->inode.offset,
				entry->inode.size < rest ? entry->inode.size : rest,
				XIP_MAP_DIRECTORY, (uint32_t)i);
	}
	qsort(cover->structures, cover->structure_count, sizeof(*cover->structures),
		compare_extents);
	return XIP_OK;
}

/* The next table of pointers; false: there is none. Files are in the order of their tables. */
static bool next_table(struct cover *cover, struct xip_map_extent *extent)
{
	const struct xip_map *map = cover->map;
	const struct xip_file *file;
	const struct xip_inode *inode;

	while (cover->next_file < map->file_count && !map->files[cover->next_file].sound)
		cover->next_file++;
	if (cover->next_file == map->file_count)
		return false;
	file = &map->files[cover->next_file];
	inode = &cover->listing->entries[file->entry].inode;
	*extent = (struct xip_map_extent){
		.start = inode->offset,
		.length = (uint64_t)xip_image_block_count(cover->image, inode) * XIP_POINTER_SIZE,
		.kind = XIP_MAP_POINTERS,
		.owner = file->entry,
		.sharers = file->links - 1,
	};
	return true;
}

/* Merges structures, tables and blocks, each in address order. */
static enum xip_err lay_all(struct cover *cover)
{
	const struct xip_map *map = cover->map;
	enum xip_err err = XIP_OK;

	while (!err) {
		uint64_t structure = cover->next_structure < cover->structure_count
					     ? cover->structures[cover->next_structure].start
					     : UINT64_MAX;
		uint64_t block = cover->next_block < map->block_count
					 ? map->blocks[cover->next_block].start
					 : UINT64_MAX;
		struct xip_map_extent table = {.start = UINT64_MAX};
		bool has_table = next_table(cover, &table), overlaps;

		if (structure <= table.start && structure <= block && structure != UINT64_MAX) {
			err = lay(cover, cover->structures[cover->next_structure++], &overlaps);
		} else if (has_table && table.start <= block) {
			cover->next_file++;
			err = lay(cover, table, &overlaps);
		} else if (block != UINT64_MAX) {
			err = lay_blocks(cover, &cover->next_block);
		} else {
			break;
		}
	}
	if (!err)
		err = add_padding(cover, xip_image_info(cover->image)->size);
	return err;
}

/* Sums over the files. */
static void count_files(const struct cover *cover)
{
	struct xip_map *map = cover->map;

	for (size_t i = 0; i < map->file_count; i++) {
		const struct xip_file *file = &map->files[i];
		const struct xip_inode *inode = &cover->listing->entries[file->entry].inode;
		uint64_t table =
			(uint64_t)xip_image_block_count(cover->image, inode) * XIP_POINTER_SIZE;

		map->content_bytes += inode->size;
		map->entry_bytes += (uint64_t)inode->size * file->links;
		map->hole_blocks += file->holes;
		map->shared_bytes += (file->links - 1) * (table + file->packed_bytes);
	}
}

static enum xip_err build(const struct xip_image *image, const struct xip_listing *listing,
	bool keep, struct xip_map *map, const struct xip_diag *diag)
{
	struct cover cover = {.image = image,
		.listing = listing,
		.map = map,
		.keep = keep,
		.last = XIP_NO_ENTRY,
		.diag = diag};
	enum xip_err err;

	*map = (struct xip_map){0};
	err = xip_map_files(image, listing, map, diag);
	if (!err)
		err = gather_structures(&cover);
	if (!err)
		err = lay_all(&cover);
	free(cover.structures);
	if (err) {
		xip_map_free(map);
		return err;
	}
	count_files(&cover);
	return XIP_OK;
}

enum xip_err xip_map_build(const struct xip_image *image, const struct xip_listing *listing,
	struct xip_map *map, const struct xip_diag *diag)
{
	return build(image, listing, true, map, diag);
}

enum xip_err xip_map_survey(const struct xip_image *image, const struct xip_listing *listing,
	struct xip_map *map, const struct xip_diag *diag)
{
	return build(image, listing, false, map, diag);
}

void xip_map_free(struct xip_map *map)
{
	free(map->extents);
	free(map->overlaps);
	free(map->files);
	free(map->file_of_entry);
	free(map->blocks);
	*map = (struct xip_map){0};
}
