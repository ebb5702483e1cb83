/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flash as rows of letters, for a terminal.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "picture.h"
#include "xipfs/base/bytes.h"

#define COLUMNS_MOST  64
#define COLUMNS_LEAST 8
#define ADDRESS_WIDTH 12 /* 0x00000000 and two blanks */
#define ROWS          8
#define CELL_LEAST    16 /* bytes; a small image takes fewer rows */

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

/* The kind of most of the bytes from @start to @end; *@extent is the first one that may reach
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

static enum xip_color color_of(unsigned kind)
{
	switch (kind) {
	case XIP_MAP_XIP:
		return XIP_COLOR_GOOD;
	case XIP_MAP_COMPRESSED:
		return XIP_COLOR_LINK;
	case XIP_MAP_STORED:
		return XIP_COLOR_WARNING;
	case XIP_MAP_PADDING:
	case PICTURE_FREE:
		return XIP_COLOR_CALM;
	default:
		return XIP_COLOR_NAME;
	}
}

static void put_letter(const struct dump *dump, unsigned kind)
{
	printf("%s%c%s", dump_color(dump, color_of(kind)), letters[kind],
		dump_color(dump, XIP_COLOR_PLAIN));
}

/* What the letters mean, broken into lines of @width. */
static void print_legend(const struct dump *dump, uint64_t cell, unsigned width)
{
	unsigned used = (unsigned)printf("\n%" PRIu64 " bytes a letter:", cell) - 1;

	for (unsigned kind = 0; kind < PICTURE_KINDS; kind++) {
		const char *text = picture_kind_text(kind);
		bool last = kind + 1 == PICTURE_KINDS;
		unsigned length = (unsigned)strlen(text) + 3 + !last;

		if (used + length > width) {
			putchar('\n');
			used = 0;
		}
		putchar(' ');
		put_letter(dump, kind);
		printf(" %s%s", text, last ? "\n\n" : ",");
		used += length;
	}
}

void print_bar(const struct dump *dump)
{
	unsigned width = xip_cli_width(STDOUT_FILENO);
	unsigned room = width > ADDRESS_WIDTH ? width - ADDRESS_WIDTH : 0;
	unsigned columns = room < COLUMNS_LEAST  ? COLUMNS_LEAST
			   : room < COLUMNS_MOST ? room
						 : COLUMNS_MOST;
	uint64_t total = dump->info->size > dump->options->partition ? dump->info->size
								     : dump->options->partition;
	uint64_t cell = xip_div_up(total, (uint64_t)columns * ROWS);
	size_t extent = 0;

	if (cell < CELL_LEAST)
		cell = CELL_LEAST;
	for (uint64_t start = 0; start < total; start += cell) {
		uint64_t end = start + cell < total ? start + cell : total;

		if (start / cell % columns == 0)
			printf("%s0x%08" PRIx64 "  ", start ? "\n" : "", dump_address(dump, start));
		put_letter(dump, kind_between(&dump->map, start, end, &extent));
	}
	print_legend(dump, cell, width);
}
