/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "picture.h"

#include <stdlib.h>

#include "xipfs/base/bytes.h"

#define ROWS_MOST     12
#define ROW_BYTES_MIN 1024

const char *picture_kind_text(unsigned kind)
{
	static const char *const texts[PICTURE_KINDS] = {
		[XIP_MAP_BOOT] = "boot code",
		[XIP_MAP_SUPER] = "super block",
		[XIP_MAP_DIRECTORY] = "directories",
		[XIP_MAP_POINTERS] = "block pointers",
		[XIP_MAP_COMPRESSED] = "compressed",
		[XIP_MAP_STORED] = "stored",
		[XIP_MAP_XIP] = "executes in place",
		[XIP_MAP_PADDING] = "padding",
		[PICTURE_FREE] = "free",
	};

	return texts[kind];
}

const char *picture_kind_class(unsigned kind)
{
	return kind == PICTURE_FREE ? "free" : xip_map_kind_name(kind);
}

/* The kind of most of the bytes of extents @first to @first + @count - 1. */
static unsigned main_kind(const struct xip_map *map, size_t first, size_t count)
{
	uint64_t bytes[XIP_MAP_COUNT] = {0};
	unsigned best = 0;

	for (size_t i = first; i < first + count; i++)
		bytes[map->extents[i].kind] += map->extents[i].length;
	for (unsigned kind = 1; kind < XIP_MAP_COUNT; kind++)
		if (bytes[kind] > bytes[best])
			best = kind;
	return best;
}

static void add_piece(
	struct picture *picture, const struct xip_map *map, size_t first, size_t count)
{
	const struct xip_map_extent *begin = &map->extents[first];
	const struct xip_map_extent *last = &map->extents[first + count - 1];

	picture->pieces[picture->count++] = (struct piece){
		.start = begin->start,
		.length = last->start + last->length - begin->start,
		.kind = main_kind(map, first, count),
		.first = first,
		.count = count,
	};
}

/* Extents of less than one unit are gathered until they make one, or a larger one comes. */
static void gather(struct picture *picture, const struct xip_map *map)
{
	uint64_t unit = picture->row_bytes / PICTURE_WIDTH + 1;
	size_t first = 0;
	uint64_t gathered = 0;

	for (size_t i = 0; i < map->extent_count; i++) {
		if (map->extents[i].length >= unit) {
			if (i > first)
				add_piece(picture, map, first, i - first);
			add_piece(picture, map, i, 1);
			first = i + 1;
			gathered = 0;
			continue;
		}
		gathered += map->extents[i].length;
		if (gathered >= unit) {
			add_piece(picture, map, first, i + 1 - first);
			first = i + 1;
			gathered = 0;
		}
	}
	if (first < map->extent_count)
		add_piece(picture, map, first, map->extent_count - first);
}

enum xip_err picture_make(
	const struct dump *dump, const struct xip_program_list *programs, struct picture *picture)
{
	uint64_t size = dump->info->size, partition = dump->options->partition;
	uint64_t least; /* bytes per row, so that the rows are no more than wanted */

	*picture = (struct picture){
		.total = partition > size ? partition : size, .programs = programs};
	picture->pieces = calloc(dump->map.extent_count + 1, sizeof(*picture->pieces));
	picture->program_of_file =
		calloc(dump->map.file_count + 1, sizeof(*picture->program_of_file));
	if (!picture->pieces || !picture->program_of_file) {
		picture_free(picture);
		return xip_diag_nomem(dump->diag);
	}
	for (size_t i = 0; i < dump->map.file_count; i++)
		picture->program_of_file[i] = SIZE_MAX;
	for (size_t i = 0; i < programs->count; i++)
		picture->program_of_file[programs->programs[i].file] = i;
	picture->row_bytes = ROW_BYTES_MIN;
	least = picture->total / ROWS_MOST + 1;
	/* 1, 1.5, 2, 3, 4... KiB per row: round addresses, and from 8 to 12 rows */
	for (uint64_t bytes = ROW_BYTES_MIN; picture->row_bytes < least; bytes *= 2)
		picture->row_bytes = bytes / 2 * 3 < least ? bytes * 2 : bytes / 2 * 3;
	picture->rows = (unsigned)xip_div_up(picture->total, picture->row_bytes);
	gather(picture, &dump->map);
	if (picture->total > size)
		picture->pieces[picture->count++] = (struct piece){
			.start = size, .length = picture->total - size, .kind = PICTURE_FREE};
	return XIP_OK;
}

void picture_free(struct picture *picture)
{
	free(picture->pieces);
	free(picture->program_of_file);
	*picture = (struct picture){0};
}
