/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --svg: the flash as a picture. --html: one page with the picture, a treemap of the files and
 * the RAM that programs take. Neither refers to anything outside itself.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "picture.h"
#include "web.h"
#include "xipfs/ram/ram.h"
#include "xipfs/cli/stream.h"

/* --- The files, for the treemap --------------------------------------------------------------- */

/* Bytes of the image that each entry owns, and how many of them are in place. */
struct owned {
	uint64_t bytes, xip;
};

static struct owned *sum_by_owner(const struct dump *dump)
{
	struct owned *owned = calloc(dump->listing.count, sizeof(*owned));

	for (size_t i = 0; owned && i < dump->map.extent_count; i++) {
		const struct xip_map_extent *extent = &dump->map.extents[i];

		if (extent->owner == XIP_NO_ENTRY)
			continue;
		owned[extent->owner].bytes += extent->length;
		if (extent->kind == XIP_MAP_XIP)
			owned[extent->owner].xip += extent->length;
	}
	return owned;
}

static void print_files(FILE *out, const struct dump *dump, const struct owned *owned)
{
	struct json json = {.out = out};

	json_open_object(&json, NULL);
	json_open_list(&json, "files");
	for (size_t i = 0; i < dump->listing.count; i++) {
		if (!owned[i].bytes || xip_mode_is_directory(dump->listing.entries[i].inode.mode))
			continue;
		json_open_list(&json, NULL);
		dump_json_path(dump, &json, NULL, (uint32_t)i);
		json_number(&json, NULL, owned[i].bytes);
		json_number(&json, NULL, owned[i].xip);
		json_close_list(&json);
	}
	json_close_list(&json);
	json_close_object(&json);
}

/* A name could hold "</script>", so '<' is written in JSON's other way. */
static enum xip_err print_data(FILE *out, const struct dump *dump)
{
	struct owned *owned = sum_by_owner(dump);
	char *text = NULL;
	size_t size;
	FILE *memory = owned ? open_memstream(&text, &size) : NULL;
	bool failed = !memory;

	if (memory) {
		print_files(memory, dump, owned);
		failed = ferror(memory) != 0;
		failed |= fclose(memory) != 0;
	}
	free(owned);
	if (!failed) {
		fputs("<script type=\"application/json\" id=\"files\">", out);
		for (const char *p = text; *p; p++) {
			if (*p == '<')
				fputs("\\u003c", out);
			else
				fputc(*p, out);
		}
		fputs("</script>\n", out);
	}
	free(text);
	return failed ? xip_diag_nomem(dump->diag) : XIP_OK;
}

/* --- RAM ------------------------------------------------------------------------------------- */

static void print_cell(FILE *out, uint64_t pages, uint32_t page_size)
{
	fprintf(out, "<td>%" PRIu64 " K</td>", pages * page_size / 1024);
}

static void print_process(FILE *out, const struct dump *dump, const struct xip_ram *ram,
	const struct xip_program_list *programs, const struct xip_ram_process *process)
{
	char *path =
		xip_listing_path(&dump->listing, programs->programs[process->objects[0]].entry);

	fputs("<tr><td>", out);
	xip_cli_print_xml(out, path ? path : "?");
	free(path);
	for (size_t i = 0; i < process->missing_count; i++) {
		fputs(i ? ", " : " <span class=\"quiet\">missing: ", out);
		xip_cli_print_xml(out, process->missing[i]);
	}
	if (process->missing_count)
		fputs("</span>", out);
	fputs("</td>", out);
	print_cell(out, process->flash_pages, ram->page_size);
	print_cell(out, process->first_pages, ram->page_size);
	print_cell(out, process->further_pages, ram->page_size);
	print_cell(out, process->plain_pages, ram->page_size);
	print_cell(out, process->plain_pages - process->first_pages, ram->page_size);
	fputs("</tr>\n", out);
}

static void print_ram_table(FILE *out, const struct dump *dump, const struct xip_ram *ram,
	const struct xip_program_list *programs)
{
	fprintf(out,
		"<h2>RAM</h2>\n<p class=\"quiet\">What each program takes of a kernel with%s an "
		"MMU, by "
		"the rules of its loaders; heap and kernel objects are not counted.</p>\n",
		ram->kernel == XIP_KERNEL_MMU ? "" : "out");
	if (!ram->process_count) {
		fputs("<p>There is no program in this image.</p>\n", out);
		return;
	}
	fputs("<div class=\"wide\"><table><thead><tr><th scope=\"col\">program</th>"
	      "<th scope=\"col\">in flash</th><th scope=\"col\">first process</th>"
	      "<th scope=\"col\">each further</th><th scope=\"col\">first, nothing in place</th>"
	      "<th scope=\"col\">saved</th>"
	      "</tr></thead><tbody>\n",
		out);
	for (size_t i = 0; i < ram->process_count; i++)
		print_process(out, dump, ram, programs, &ram->processes[i]);
	fputs("</tbody></table></div>\n", out);
}

static enum xip_err print_ram_section(
	FILE *out, struct dump *dump, const struct xip_program_list *programs)
{
	struct xip_ram ram;
	enum xip_err err = xip_ram_predict(dump->image, &dump->listing, &dump->map, programs,
		dump->options->kernel, &ram, dump->diag);

	if (err)
		return err;
	print_ram_table(out, dump, &ram, programs);
	xip_ram_free(&ram);
	return XIP_OK;
}

/* --- The page -------------------------------------------------------------------------------- */

static void print_head(FILE *out, const struct dump *dump)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
		out);
	xip_cli_print_xml(out, dump->path);
	fprintf(out, "</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<h1>", web_map_css,
		web_page_css);
	xip_cli_print_xml(out, dump->path);
	fprintf(out,
		"</h1>\n<p>%" PRIu64 " bytes, %zu entries, pages of %" PRIu32
		", %s-endian; %" PRIu64 " bytes execute in place.",
		dump->info->size, dump->listing.count, dump->info->page_size,
		dump->info->big ? "big" : "little", dump->map.bytes[XIP_MAP_XIP]);
	if (dump->options->partition > dump->info->size)
		fprintf(out, " %" PRIu64 " bytes of the partition are free.",
			dump->options->partition - dump->info->size);
	else if (dump->options->partition && dump->options->partition < dump->info->size)
		fprintf(out, " <strong>%" PRIu64 " bytes more than the partition holds.</strong>",
			dump->info->size - dump->options->partition);
	fputs("</p>\n", out);
}

static enum xip_err print_page(FILE *out, struct dump *dump, const struct picture *picture)
{
	enum xip_err err;

	print_head(out, dump);
	fprintf(out,
		"<h2>Flash</h2>\n<p class=\"quiet\">%" PRIu64
		" bytes a row.<span class=\"hint\"> Point at a piece, or move with the arrow "
		"keys.</span></p>\n",
		picture->row_bytes);
	picture_print_svg(out, dump, picture, false);
	fputs("<div id=\"piece\" aria-live=\"polite\">Nothing chosen.</div>\n"
	      "<h2>Files</h2>\n<p id=\"where\"></p>\n<div id=\"tree\"></div>\n",
		out);
	err = print_ram_section(out, dump, picture->programs);
	if (!err)
		err = print_data(out, dump);
	fprintf(out, "<script>\n%s</script>\n</body>\n</html>\n", web_page_js);
	return err;
}

static enum xip_err write_file(struct dump *dump, const struct picture *picture, bool page)
{
	struct xip_stream stream;
	enum xip_err err = xip_stream_open(&stream, dump->options->argument, dump->diag);

	if (err)
		return err;
	if (page)
		err = print_page(stream.file, dump, picture);
	else
		picture_print_svg(stream.file, dump, picture, true);
	return xip_stream_close(&stream, err, dump->diag);
}

enum xip_err write_picture(struct dump *dump, bool page)
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
		err = write_file(dump, &picture, page);
		picture_free(&picture);
	}
	xip_programs_free(&programs);
	return err;
}
