/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "web.h"

#define LEFT       110 /* units for the addresses */
#define TOP        8
#define ROW_HEIGHT 16
#define ROW_STEP   20
#define LEGEND     30
#define SHOWN      8 /* extents that a caption names one by one */

static const char *const class_names[PICTURE_KINDS] = {
	[XIP_MAP_BOOT] = "boot",
	[XIP_MAP_SUPER] = "super",
	[XIP_MAP_DIRECTORY] = "directory",
	[XIP_MAP_POINTERS] = "pointers",
	[XIP_MAP_COMPRESSED] = "compressed",
	[XIP_MAP_STORED] = "stored",
	[XIP_MAP_XIP] = "xip",
	[XIP_MAP_PADDING] = "padding",
	[PICTURE_FREE] = "free",
};

/* --- Captions -------------------------------------------------------------------------------- */

static void print_owner(FILE *out, const struct dump *dump, uint32_t owner)
{
	char *path = owner == XIP_NO_ENTRY ? NULL : xip_listing_path(&dump->listing, owner);

	if (path)
		xip_cli_print_xml(out, path);
	free(path);
}

/* The segments of a program that the blocks of the extent belong to. */
static void print_segments(FILE *out, const struct dump *dump, const struct picture *picture,
	const struct xip_map_extent *extent)
{
	uint32_t file = dump->map.file_of_entry[extent->owner];
	size_t index = file == XIP_NO_ENTRY ? SIZE_MAX : picture->program_of_file[file];
	const struct xip_program_report *report;
	const struct xip_program *program;

	if (index == SIZE_MAX)
		return;
	report = &picture->programs->programs[index];
	program = report->loader == XIP_LOADER_ELF ? &report->mmu.program : &report->nommu.program;
	for (size_t i = 0; i < program->mapping_count; i++) {
		const struct xip_mapping *mapping = &program->mappings[i];

		if (extent->block < mapping->file_page + mapping->page_count &&
			mapping->file_page < (uint64_t)extent->block + extent->blocks)
			fprintf(out, ", segment %c%c%c at 0x%08" PRIx64, mapping->read ? 'r' : '-',
				mapping->write ? 'w' : '-', mapping->exec ? 'x' : '-',
				mapping->vaddr);
	}
}

static void print_extent(FILE *out, const struct dump *dump, const struct picture *picture,
	const struct xip_map_extent *extent)
{
	fprintf(out, "\n%s", picture_kind_text(extent->kind));
	if (extent->owner != XIP_NO_ENTRY) {
		fputs(": ", out);
		print_owner(out, dump, extent->owner);
	}
	if (extent->blocks)
		fprintf(out, ", block%s %" PRIu32, extent->blocks == 1 ? "" : "s", extent->block);
	if (extent->blocks > 1)
		fprintf(out, "-%" PRIu32, extent->block + extent->blocks - 1);
	if (extent->blocks && extent->owner != XIP_NO_ENTRY)
		print_segments(out, dump, picture, extent);
	if (extent->sharers)
		fprintf(out, ", shared with %" PRIu32 " more", extent->sharers);
}

static void print_caption(FILE *out, const struct dump *dump, const struct picture *picture,
	const struct piece *piece)
{
	fprintf(out, "<title>0x%08" PRIx64 " - 0x%08" PRIx64 ", %" PRIu64 " byte%s",
		dump_address(dump, piece->start),
		dump_address(dump, piece->start + piece->length - 1), piece->length,
		piece->length == 1 ? "" : "s");
	if (dump->options->flash_address)
		fprintf(out, ", offset 0x%" PRIx64, piece->start);
	if (!piece->count)
		fprintf(out, "\n%s", picture_kind_text(piece->kind));
	for (size_t i = 0; i < piece->count && i < SHOWN; i++)
		print_extent(out, dump, picture, &dump->map.extents[piece->first + i]);
	if (piece->count > SHOWN)
		fprintf(out, "\nand %zu more pieces too small to draw", piece->count - SHOWN);
	fputs("</title>", out);
}

/* --- Shapes ---------------------------------------------------------------------------------- */

/* Hundredths of a unit keep neighbours from overlapping and the file small. */
static void print_unit(FILE *out, uint64_t bytes, uint64_t row_bytes)
{
	uint64_t hundredths = bytes * PICTURE_WIDTH * 100 / row_bytes;

	fprintf(out, "%" PRIu64, hundredths / 100);
	if (hundredths % 100)
		fprintf(out, ".%02u", (unsigned)(hundredths % 100));
}

/* One rectangle for each row that the piece touches. */
static void print_shape(FILE *out, const struct picture *picture, const struct piece *piece)
{
	uint64_t start = piece->start, end = piece->start + piece->length;

	fputs(" d=\"", out);
	while (start < end) {
		uint64_t row = start / picture->row_bytes;
		uint64_t row_end = (row + 1) * picture->row_bytes;
		uint64_t part = (end < row_end ? end : row_end) - start;

		fputs("M", out);
		print_unit(out, start % picture->row_bytes, picture->row_bytes);
		fprintf(out, " %" PRIu64 "h", row * ROW_STEP);
		print_unit(out, part, picture->row_bytes);
		fprintf(out, "v%dh-", ROW_HEIGHT);
		print_unit(out, part, picture->row_bytes);
		fputs("z", out);
		start += part;
	}
	fputs("\"", out);
}

/* Two shades in turn keep the files of one kind apart; *@shade and *@owner are the last one's. */
static const char *choose_shade(
	const struct dump *dump, const struct piece *piece, uint32_t *owner, bool *shade)
{
	if (!piece->count)
		return "";
	if (dump->map.extents[piece->first].owner != *owner)
		*shade = !*shade;
	*owner = dump->map.extents[piece->first].owner;
	return *shade ? " other" : "";
}

static void print_addresses(FILE *out, const struct dump *dump, const struct picture *picture)
{
	fputs("<g class=\"address\">\n", out);
	for (unsigned row = 0; row < picture->rows; row++)
		fprintf(out, "<text x=\"%d\" y=\"%u\">0x%08" PRIx64 "</text>\n", LEFT - 8,
			TOP + row * ROW_STEP + ROW_HEIGHT - 4,
			dump_address(dump, row * picture->row_bytes));
	fputs("</g>\n", out);
}

static void print_legend(FILE *out, unsigned top)
{
	unsigned x = LEFT;

	for (unsigned kind = 0; kind < PICTURE_KINDS; kind++) {
		fprintf(out,
			"<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"10\" height=\"10\"/>"
			"<text x=\"%u\" y=\"%u\">%s</text>\n",
			class_names[kind], x, top, x + 14, top + 9, picture_kind_text(kind));
		x += 34 + 7 * (unsigned)strlen(picture_kind_text(kind)); /* 11 px monospace */
	}
}

void picture_print_svg(
	FILE *out, const struct dump *dump, const struct picture *picture, bool standalone)
{
	unsigned height = TOP + picture->rows * ROW_STEP + LEGEND;
	uint32_t owner = XIP_NO_ENTRY;
	bool shade = false;

	fprintf(out,
		"<svg %sid=\"map\" class=\"map\" viewBox=\"0 0 %d %u\" role=\"group\" "
		"aria-label=\"The flash, to scale\">\n",
		standalone ? "xmlns=\"http://www.w3.org/2000/svg\" " : "",
		LEFT + PICTURE_WIDTH + 10, height);
	if (standalone) {
		fputs("<style>\n", out);
		fputs(web_map_css, out);
		fputs("</style>\n", out);
	}
	print_addresses(out, dump, picture);
	fprintf(out, "<g id=\"pieces\" transform=\"translate(%d,%d)\">\n", LEFT, TOP);
	for (size_t i = 0; i < picture->count; i++) {
		fprintf(out, "<path class=\"%s%s\"", class_names[picture->pieces[i].kind],
			choose_shade(dump, &picture->pieces[i], &owner, &shade));
		print_shape(out, picture, &picture->pieces[i]);
		fputs(">", out);
		print_caption(out, dump, picture, &picture->pieces[i]);
		fputs("</path>\n", out);
	}
	fputs("</g>\n", out);
	print_legend(out, TOP + picture->rows * ROW_STEP + 12);
	fputs("</svg>\n", out);
}
