/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --top: the files that take the most bytes of the image.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common.h"

/* Blocks and their table. A block that several files share counts for each. */
static uint64_t bytes_of(const struct dump *dump, const struct xip_file *file)
{
	const struct xip_inode *inode = &dump->listing.entries[file->entry].inode;

	return file->packed_bytes +
	       (uint64_t)xip_image_block_count(dump->image, inode) * XIP_POINTER_SIZE;
}

/* A file with what orders it. */
struct place {
	uint64_t bytes;
	const struct xip_file *file;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->file->entry < y->file->entry ? -1 : x->file->entry > y->file->entry;
}

static void text_place(const struct dump *dump, const struct place *place)
{
	printf("%10" PRIu64 "  %5.1f %%  ", place->bytes,
		100.0 * (double)place->bytes / (double)dump->info->size);
	dump_print_path(dump, stdout, place->file->entry);
	if (place->file->links > 1)
		printf(" and %" PRIu32 " more", place->file->links - 1);
	putchar('\n');
}

static void json_place(const struct dump *dump, struct json *json, const struct place *place)
{
	json_open_object(json, NULL);
	dump_json_path(dump, json, "path", place->file->entry);
	json_number(json, "links", place->file->links);
	json_number(json, "size", dump->listing.entries[place->file->entry].inode.size);
	json_number(json, "bytes", place->bytes);
	json_close_object(json);
}

static enum xip_err print_places(struct dump *dump, const struct place *places, size_t count)
{
	struct json json = {.out = stdout};
	uint64_t total = 0;

	if (dump->options->json) {
		dump_json_begin(dump, &json);
		json_open_list(&json, "top");
	}
	for (size_t i = 0; i < count && i < dump->options->top; i++) {
		if (dump->options->json)
			json_place(dump, &json, &places[i]);
		else
			text_place(dump, &places[i]);
	}
	for (size_t i = 0; i < count; i++)
		total += places[i].bytes;
	if (dump->options->json) {
		json_close_list(&json);
		json_number(&json, "files", count);
		json_number(&json, "bytes", total);
		json_close_object(&json);
	} else {
		printf("%10" PRIu64 "  %5.1f %%  all %zu files and symlinks with data\n", total,
			100.0 * (double)total / (double)dump->info->size, count);
	}
	return XIP_OK;
}

enum xip_err print_top(struct dump *dump)
{
	struct place *places = NULL;
	bool *chosen = NULL;
	size_t count = 0;
	enum xip_err err = dump_survey(dump, false);

	if (!err)
		err = dump_choose_files(dump, &chosen);
	if (!err) {
		places = calloc(dump->map.file_count + 1, sizeof(*places));
		err = places ? XIP_OK : xip_diag_nomem(dump->diag);
	}
	for (size_t i = 0; !err && i < dump->map.file_count; i++) {
		const struct xip_file *file = &dump->map.files[i];

		if (!chosen || chosen[file->entry])
			places[count++] = (struct place){bytes_of(dump, file), file};
	}
	if (!err) {
		qsort(places, count, sizeof(*places), compare_places);
		err = print_places(dump, places, count);
	}
	free(places);
	free(chosen);
	return err;
}
