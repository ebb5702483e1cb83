/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --svg: the picture of the flash as a document of its own.
 */
#include <inttypes.h>
#include <string.h>

#include "picture.h"
#include "web.h"
#include "xipfs/cli/stream.h"

#define LEFT       110 /* units for the addresses */
#define TOP        8
#define ROW_HEIGHT 24
#define ROW_STEP   28
#define LEGEND     30
#define LETTER     7.3 /* units: 12 px monospace */
#define SHOWN      8   /* extents that a caption names one by one */

/* --- Captions -------------------------------------------------------------------------------- */

static void print_owner(FILE *out, const struct dump *dump, uint32_t owner)
{
	char buffer[XIP_SHOWN_PATH_SIZE];

	xip_cli_print_xml(out, xip_listing_show(&dump->listing, owner, buffer));
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
	uint64_t hundredths = (uint64_t)((double)bytes * PICTURE_WIDTH * 100 / (double)row_bytes);

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
		uint64_t room = picture->row_bytes - start % picture->row_bytes;
		uint64_t part = end - start < room ? end - start : room;

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

/* The row on which most of the piece lies, and where: *@x and *@width in units. */
static uint64_t widest_row(
	const struct picture *picture, const struct piece *piece, double *x, double *width)
{
	uint64_t row_bytes = picture->row_bytes, end = piece->start + piece->length;
	uint64_t row = piece->start / row_bytes, from = piece->start % row_bytes;
	uint64_t first = row_bytes - from < piece->length ? row_bytes - from : piece->length;
	uint64_t second = piece->length - first < row_bytes ? piece->length - first : row_bytes;

	if (second > first && end > (row + 1) * row_bytes) {
		row++;
		from = 0;
		first = second;
	}
	*x = (double)from * PICTURE_WIDTH / (double)row_bytes;
	*width = (double)first * PICTURE_WIDTH / (double)row_bytes;
	return row;
}

/* What is written into a piece: the name of its file, or its kind. */
static const char *name_of(const struct dump *dump, const struct piece *piece)
{
	const struct xip_map_extent *extent = &dump->map.extents[piece->first];
	const struct xip_entry *owner;

	if (piece->count != 1 || extent->owner == XIP_NO_ENTRY)
		return piece->count > 1 ? "" : picture_kind_text(piece->kind);
	owner = &dump->listing.entries[extent->owner];
	return owner->name_length ? owner->name : "/";
}

static void print_names(FILE *out, const struct dump *dump, const struct picture *picture)
{
	fprintf(out, "<g class=\"names\" transform=\"translate(%d,%d)\">\n", LEFT, TOP);
	for (size_t i = 0; i < picture->count; i++) {
		const struct piece *piece = &picture->pieces[i];
		const char *name = name_of(dump, piece);
		double x, width;
		uint64_t row = widest_row(picture, piece, &x, &width);

		if (!*name || (double)strlen(name) * LETTER + 10 > width)
			continue;
		fprintf(out, "<text style=\"color:var(--on-%s)\" x=\"%.1f\" y=\"%" PRIu64 "\">",
			picture_kind_class(piece->kind), x + 5, row * ROW_STEP + ROW_HEIGHT - 8);
		xip_cli_print_xml(out, name);
		fputs("</text>\n", out);
	}
	fputs("</g>\n", out);
}

static void print_addresses(FILE *out, const struct dump *dump, const struct picture *picture)
{
	fputs("<g class=\"address\">\n", out);
	for (unsigned row = 0; row < picture->rows; row++)
		fprintf(out, "<text x=\"%d\" y=\"%u\">0x%08" PRIx64 "</text>\n", LEFT - 8,
			TOP + row * ROW_STEP + ROW_HEIGHT - 8,
			dump_address(dump, row * picture->row_bytes));
	fputs("</g>\n", out);
}

static void print_legend(FILE *out, unsigned top)
{
	double x = LEFT;

	for (unsigned kind = 0; kind < PICTURE_KINDS; kind++) {
		fprintf(out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%u\" width=\"10\" height=\"10\"/>"
			"<text x=\"%.1f\" y=\"%u\">%s</text>\n",
			picture_kind_class(kind), x, top, x + 14, top + 9, picture_kind_text(kind));
		x += 28 + LETTER * (double)strlen(picture_kind_text(kind));
	}
}

static void print_svg(FILE *out, const struct dump *dump, const struct picture *picture)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" role=\"group\" "
		"aria-label=\"The flash, to scale\">\n<style>\n%s%s</style>\n",
		LEFT + PICTURE_WIDTH + 10, TOP + picture->rows * ROW_STEP + LEGEND, web_colours_css,
		web_picture_css);
	print_addresses(out, dump, picture);
	fprintf(out, "<g id=\"pieces\" transform=\"translate(%d,%d)\">\n", LEFT, TOP);
	for (size_t i = 0; i < picture->count; i++) {
		const struct piece *piece = &picture->pieces[i];

		/* pieces that are wide enough for it have a gap between them */
		fprintf(out, "<path class=\"%s%s\"", picture_kind_class(piece->kind),
			piece->length > picture->row_bytes / 100 ? " apart" : "");
		print_shape(out, picture, piece);
		fputs(">", out);
		print_caption(out, dump, picture, piece);
		fputs("</path>\n", out);
	}
	fputs("</g>\n", out);
	print_names(out, dump, picture);
	print_legend(out, TOP + picture->rows * ROW_STEP + 12);
	fputs("</svg>\n", out);
}

static enum xip_err write_svg(struct dump *dump, const struct picture *picture)
{
	struct xip_stream stream;
	enum xip_err err = xip_stream_open(&stream, dump->options->argument, dump->diag);

	if (err)
		return err;
	print_svg(stream.file, dump, picture);
	return xip_stream_close(&stream, err, dump->diag);
}

enum xip_err write_picture(struct dump *dump)
{
	const struct xip_programs_options all = {
		.all = true, .flash_address = dump->options->flash_address};
	struct xip_program_list programs;
	struct picture picture;
	enum xip_err err = dump_survey(dump, false);

	if (!err)
		err = xip_programs_judge(
			dump->image, &dump->listing, &dump->map, &all, &programs, dump->diag);
	if (err)
		return err;
	err = picture_make(dump, &programs, &picture);
	if (!err) {
		err = write_svg(dump, &picture);
		picture_free(&picture);
	}
	xip_programs_free(&programs);
	return err;
}
