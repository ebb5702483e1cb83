/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flash as rows of letters, for a terminal.
 */
#include <inttypes.h>
#include <string.h>

#include "common.h"
#include "picture.h"
#include "xipfs/base/bytes.h"

#define COLUMNS    64
#define ROWS       8
#define CELLS      (COLUMNS * ROWS)
#define CELL_LEAST 16 /* bytes; a small image takes fewer rows */

static const char letters[PICTURE_KINDS + 1] = {
	[XIP_MAP_BOOT] = 'b',
	[XIP_MAP_SUPER] = 'S',
	[XIP_MAP_DIRECTORY] = 'd',
	[XIP_MAP_POINTERS] = 'p',
	[XIP_MAP_COMPRESSED] = 'c',
	[XIP_MAP_STORED] = 's',
	[XIP_MAP_XIP] = 'X',
	[XIP_MAP_PADDING] = '.',
	[PICTURE_FREE] = '-',
};

/* The kind that most bytes from @start to @end have; *@extent is the first one that may reach
 * there. */
static unsigned kind_between(
	const struct xip_map *map, uint64_t start, uint64_t end, size_t *extent)
{
	uint64_t bytes[PICTURE_KINDS] = {0};
	uint64_t covered = 0;
	unsigned best = 0;

	while (*extent < map->extent_count &&
		map->extents[*extent].start + map->extents[*extent].length <= start)
		(*extent)++;
	for (size_t i = *extent; i < map->extent_count && map->extents[i].start < end; i++) {
		const struct xip_map_extent *e = &map->extents[i];
		uint64_t from = e->start > start ? e->start : start;
		uint64_t to = e->start + e->length < end ? e->start + e->length : end;

		bytes[e->kind] += to - from;
		covered += to - from;
	}
	bytes[PICTURE_FREE] = end - start - covered;
	for (unsigned kind = 1; kind < PICTURE_KINDS; kind++)
		if (bytes[kind] > bytes[best])
			best = kind;
	return best;
}

void print_bar(const struct dump *dump)
{
	uint64_t total = dump->info->size > dump->options->partition ? dump->info->size
								     : dump->options->partition;
	uint64_t cell = xip_div_up(total, CELLS);
	size_t extent = 0;

	if (cell < CELL_LEAST)
		cell = CELL_LEAST;
	for (uint64_t start = 0; start < total; start += cell) {
		uint64_t end = start + cell < total ? start + cell : total;

		if (start / cell % COLUMNS == 0)
			printf("%s0x%08" PRIx64 "  ", start ? "\n" : "", dump_address(dump, start));
		putchar(letters[kind_between(&dump->map, start, end, &extent)]);
	}
	printf("\n%" PRIu64 " bytes a letter:", cell);
	for (unsigned kind = 0; kind < PICTURE_KINDS; kind++)
		printf(" %c %s%s", letters[kind], picture_kind_text(kind),
			kind + 1 < PICTURE_KINDS ? "," : "\n\n");
}
