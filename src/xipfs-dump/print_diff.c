/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --diff: what differs between two images, and what it cost.
 */
#include "xipfs/inspect/diff.h"

#include <inttypes.h>
#include <string.h>

#include "common.h"

struct sink {
	struct dump *before, *after;
	struct json json;
	bool as_json;
	size_t count;
};

static const struct {
	unsigned bit;
	const char *name;
} field_names[] = {
	{XIP_DIFF_ADDED, "added"},
	{XIP_DIFF_REMOVED, "removed"},
	{XIP_DIFF_TYPE, "type"},
	{XIP_DIFF_MODE, "mode"},
	{XIP_DIFF_OWNER, "owner"},
	{XIP_DIFF_DEVICE, "device"},
	{XIP_DIFF_CONTENT, "content"},
	{XIP_DIFF_PLACEMENT, "placement"},
};

#define FIELD_COUNT (sizeof(field_names) / sizeof(*field_names))

static const struct xip_inode *inode_of(const struct dump *dump, size_t index)
{
	return &dump->listing.entries[index].inode;
}

static void print_blocks_of(const struct dump *dump, size_t index)
{
	uint32_t number = dump->map.file_of_entry[index];
	const struct xip_file *file = number == XIP_NO_ENTRY ? NULL : &dump->map.files[number];

	if (!file)
		fputs("no blocks", stdout);
	else
		printf("%" PRIu32 " xip, %" PRIu32 " compressed, %" PRIu32 " stored, %" PRIu32
		       " holes",
			file->xip, file->compressed, file->stored, file->holes);
}

/* "    mode 0755 -> 0700" and the like: what the name of the field does not say. */
static void print_details(const struct sink *sink, const struct xip_difference *difference)
{
	const struct xip_inode *one, *two;

	if (difference->before == SIZE_MAX || difference->after == SIZE_MAX)
		return;
	one = inode_of(sink->before, difference->before);
	two = inode_of(sink->after, difference->after);
	if (difference->fields & (XIP_DIFF_MODE | XIP_DIFF_TYPE))
		printf("    mode %07o -> %07o\n", one->mode, two->mode);
	if (difference->fields & XIP_DIFF_OWNER)
		printf("    owner %u:%u -> %u:%u\n", one->uid, one->gid, two->uid, two->gid);
	if (difference->fields & XIP_DIFF_CONTENT)
		printf("    size %" PRIu32 " -> %" PRIu32 "\n", one->size, two->size);
	if (difference->fields & XIP_DIFF_PLACEMENT) {
		fputs("    blocks ", stdout);
		print_blocks_of(sink->before, difference->before);
		fputs(" -> ", stdout);
		print_blocks_of(sink->after, difference->after);
		putchar('\n');
	}
}

static void print_difference(const struct sink *sink, const struct xip_difference *difference)
{
	bool added = difference->before == SIZE_MAX, removed = difference->after == SIZE_MAX;
	enum xip_color color = added     ? XIP_COLOR_GOOD
			       : removed ? XIP_COLOR_ERROR
					 : XIP_COLOR_WARNING;
	int64_t cost = (int64_t)(difference->bytes_after - difference->bytes_before);

	printf("%s%c%s %+9" PRId64 "  ", dump_color(sink->after, color),
		added     ? '+'
		: removed ? '-'
			  : '!',
		dump_color(sink->after, XIP_COLOR_PLAIN), cost);
	dump_print_path(added ? sink->after : sink->before, stdout,
		(uint32_t)(added ? difference->after : difference->before));
	for (size_t i = 2; i < FIELD_COUNT; i++)
		if (difference->fields & field_names[i].bit)
			printf(" [%s]", field_names[i].name);
	putchar('\n');
	if (sink->after->options->verbose)
		print_details(sink, difference);
}

static void json_side(
	struct json *json, const struct dump *dump, const char *key, size_t index, uint64_t bytes)
{
	const struct xip_inode *inode;

	if (index == SIZE_MAX) {
		json_null(json, key);
		return;
	}
	inode = inode_of(dump, index);
	json_open_object(json, key);
	json_number(json, "mode", inode->mode);
	json_number(json, "uid", inode->uid);
	json_number(json, "gid", inode->gid);
	json_number(json, "size", inode->size);
	json_number(json, "bytes", bytes);
	json_close_object(json);
}

static void take_difference(void *user, const struct xip_difference *difference)
{
	struct sink *sink = user;
	bool added = difference->before == SIZE_MAX;

	sink->count++;
	if (!sink->as_json) {
		print_difference(sink, difference);
		return;
	}
	json_open_object(&sink->json, NULL);
	dump_json_path(added ? sink->after : sink->before, &sink->json, "path",
		(uint32_t)(added ? difference->after : difference->before));
	json_open_list(&sink->json, "differs");
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (difference->fields & field_names[i].bit)
			json_text(&sink->json, NULL, field_names[i].name);
	json_close_list(&sink->json);
	json_side(
		&sink->json, sink->before, "before", difference->before, difference->bytes_before);
	json_side(&sink->json, sink->after, "after", difference->after, difference->bytes_after);
	json_close_object(&sink->json);
}

/* Widths of a column of bytes. */
#define COLUMN_LEAST 10
#define COLUMN_MOST  24

static void print_line(const char *name, uint64_t before, uint64_t after, int one, int two)
{
	printf("  %-12s %*" PRIu64 " %*" PRIu64 " %+*" PRId64 "\n", name, one, before, two, after,
		COLUMN_LEAST, (int64_t)(after - before));
}

/* The end of a name, which tells more than its beginning, in a column of @width. */
static void print_column(const char *name, size_t width)
{
	size_t length = strlen(name);

	printf(" %*s", (int)(length < width ? width - length : 0), "");
	if (length > width)
		fputs("...", stdout);
	xip_cli_print_escaped(stdout, length > width ? name + length - width + 3 : name);
}

/* The last component, unless both images have the same. */
static const char *short_name(const struct dump *dump, const struct dump *other)
{
	const char *name = strrchr(dump->path, '/'), *another = strrchr(other->path, '/');

	name = name && name[1] ? name + 1 : dump->path;
	another = another && another[1] ? another + 1 : other->path;
	return strcmp(name, another) != 0 ? name : dump->path;
}

static void finish_text(const struct sink *sink)
{
	const char *before = short_name(sink->before, sink->after);
	const char *after = short_name(sink->after, sink->before);
	size_t one = strlen(before), two = strlen(after);

	one = one < COLUMN_LEAST ? COLUMN_LEAST : one > COLUMN_MOST ? COLUMN_MOST : one;
	two = two < COLUMN_LEAST ? COLUMN_LEAST : two > COLUMN_MOST ? COLUMN_MOST : two;
	printf("%zu %s\n%-14s", sink->count, sink->count == 1 ? "entry differs" : "entries differ",
		"bytes of");
	print_column(before, one);
	print_column(after, two);
	print_column("change", COLUMN_LEAST);
	putchar('\n');
	for (size_t i = 0; i < XIP_MAP_COUNT; i++)
		print_line(xip_map_kind_name(i), sink->before->map.bytes[i],
			sink->after->map.bytes[i], (int)one, (int)two);
	print_line("total", sink->before->info->size, sink->after->info->size, (int)one, (int)two);
}

static void finish_json(struct sink *sink)
{
	struct json *json = &sink->json;

	json_close_list(json);
	json_open_object(json, "bytes");
	for (size_t i = 0; i < XIP_MAP_COUNT; i++) {
		json_open_object(json, xip_map_kind_name(i));
		json_number(json, "before", sink->before->map.bytes[i]);
		json_number(json, "after", sink->after->map.bytes[i]);
		json_close_object(json);
	}
	json_close_object(json);
	json_number(json, "other_size", sink->after->info->size);
	json_bool(json, "same", !sink->count);
	json_close_object(json);
}

static enum xip_err diff_open(struct sink *sink)
{
	const struct xip_diff_side before = {
		sink->before->image, &sink->before->listing, &sink->before->map};
	const struct xip_diff_side after = {
		sink->after->image, &sink->after->listing, &sink->after->map};
	enum xip_err err;

	if (sink->as_json) {
		dump_json_begin(sink->before, &sink->json);
		json_text(&sink->json, "other", sink->after->path);
		json_open_list(&sink->json, "differences");
	}
	err = xip_diff(&before, &after, take_difference, sink, sink->before->diag);
	if (err && err != XIP_ERR_CORRUPT)
		return err;
	if (sink->as_json)
		finish_json(sink);
	else
		finish_text(sink);
	return err;
}

enum xip_err print_diff(struct dump *dump, const struct xip_cli *cli, int *status)
{
	struct dump old;
	struct sink sink = {
		.before = &old,
		.after = dump,
		.json = {.out = stdout},
		.as_json = dump->options->json,
	};
	enum xip_err err = dump_open(&old, dump->options->before, dump->options, cli, dump->diag);

	if (err)
		return err;
	err = dump_survey(dump, false);
	if (!err)
		err = dump_survey(&old, false);
	if (!err)
		err = diff_open(&sink);
	*status = sink.count ? EXIT_DIFFERENT : XIP_EXIT_OK;
	dump->damaged |= old.damaged;
	dump_close(&old);
	return err;
}
