/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/plan/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/base/lines.h"
#include "xipfs/base/text.h"
#include "xipfs/format/format.h"

#define HEADER "path,page,count"

/* AXFS counts in bytes; the pages of its kernels had at least this many. */
#define AXFS_UNIT 4096u

/* A page that is not in the tree, for the warning: a path whose end may be cut off. */
#define MISSING_SHOWN 256

struct reader {
	struct xip_profile *profile;
	const struct xip_tree *tree;
	uint32_t page_size;
	const struct xip_line *line;
	bool axfs;
	size_t room;  /* in the profile, in pages */
	size_t pages; /* named so far */
	/* The file of the line before: most lines name the same one. */
	char *path;                         /* NULL: none */
	const struct xip_tree_inode *inode; /* NULL: no regular file */
	/* The first page that is not there. */
	size_t missing;
	uint64_t missing_line, missing_page;
	char missing_path[MISSING_SHOWN];
};

#define fail(reader, ...) xip_line_fail((reader)->line, XIP_ERR_SOURCE, __VA_ARGS__)

/* --- Lines ----------------------------------------------------------------------------------- */

/* Takes the quotes off the path that @line begins with; NULL: they are not closed. */
static char *unquote(char *line)
{
	char *out = line;

	for (char *p = line + 1; *p; *out++ = *p++) {
		if (*p != '"')
			continue;
		if (p[1] == '"') {
			p++;
			continue;
		}
		*out = '\0';
		return p + 1;
	}
	return NULL;
}

/*
 * Cuts @line into its three columns, in place. AXFS quotes nothing, so a path without quotes may
 * have commas: the numbers after it have none.
 */
static bool cut(char *line, char **number, char **count)
{
	char *end;

	if (*line == '"') {
		end = unquote(line);
		if (!end || *end != ',')
			return false;
		*number = end + 1;
		*count = strchr(*number, ',');
	} else {
		*count = strrchr(line, ',');
		if (!*count || *count == line)
			return false;
		**count = '\0';
		end = strrchr(line, ',');
		**count = ',';
		if (!end)
			return false;
		*end = '\0';
		*number = end + 1;
	}
	if (!*count)
		return false;
	*(*count)++ = '\0';
	return *line;
}

/* Looks @path up: @reader->inode. */
static enum xip_err find(struct reader *reader, const char *path)
{
	const struct xip_node *node;

	if (reader->path && !strcmp(reader->path, path))
		return XIP_OK;
	free(reader->path);
	reader->path = strdup(path);
	if (!reader->path)
		return xip_diag_nomem(reader->line->diag);
	node = xip_tree_resolve(reader->tree, path);
	reader->inode = node && xip_mode_is_regular(node->inode->mode) ? node->inode : NULL;
	return XIP_OK;
}

static void note_missing(struct reader *reader, const char *path, uint64_t page)
{
	if (reader->missing++)
		return;
	reader->missing_line = reader->line->number;
	reader->missing_page = page;
	snprintf(reader->missing_path, sizeof(reader->missing_path), "%s", path);
}

static enum xip_err add(struct reader *reader, const char *path, uint64_t page, uint64_t count)
{
	struct xip_profile *profile = reader->profile;
	enum xip_err err = find(reader, path);
	const struct xip_tree_inode *inode = reader->inode;

	if (err)
		return err;
	reader->pages++;
	if (!inode || page >= xip_div_up(inode->size, reader->page_size)) {
		note_missing(reader, path, page);
		return XIP_OK;
	}
	if (profile->count == reader->room) {
		size_t room = reader->room * 2 + 256;
		struct xip_profile_page *larger = realloc(profile->pages, room * sizeof(*larger));

		if (!larger)
			return xip_diag_nomem(reader->line->diag);
		profile->pages = larger;
		reader->room = room;
	}
	profile->pages[profile->count++] = (struct xip_profile_page){
		.file = inode->number, .page = (uint32_t)page, .count = count};
	return XIP_OK;
}

static enum xip_err read_line(struct reader *reader, char *line)
{
	char *number, *count;
	uint64_t page, times;

	if (!*line || !strcmp(line, HEADER))
		return XIP_OK;
	if (!cut(line, &number, &count))
		return fail(reader, "it must be a path, a %s and a count, with commas between",
			reader->axfs ? "byte offset" : "page");
	if (!xip_parse_digits(number, 10, UINT64_MAX, &page))
		return fail(reader, "%s: the %s must be digits", number,
			reader->axfs ? "byte offset" : "page");
	if (!xip_parse_digits(count, 10, UINT64_MAX, &times) || !times)
		return fail(reader, "%s: the count must be a number from 1 on", count);
	if (reader->axfs && page % AXFS_UNIT)
		return fail(
			reader, "%s: a byte offset of AXFS is a multiple of %u", number, AXFS_UNIT);
	return add(reader, line, reader->axfs ? page / reader->page_size : page, times);
}

/* The first line says which form it is. */
static enum xip_err read_lines(struct reader *reader, struct xip_lines *lines)
{
	char *line = xip_lines_next(lines);
	enum xip_err err = XIP_OK;

	reader->axfs = line && !strncmp(line, "./", 2);
	if (line && !reader->axfs && strcmp(line, HEADER) != 0)
		return fail(reader, "a profile begins with the line " HEADER
				    ", or has AXFS's ./path,offset,count in each line");
	for (; !err && line; line = xip_lines_next(lines))
		err = read_line(reader, line);
	return err;
}

/* --- The whole ------------------------------------------------------------------------------- */

static int compare_pages(const void *a, const void *b)
{
	const struct xip_profile_page *left = a, *right = b;

	if (left->file != right->file)
		return left->file > right->file ? 1 : -1;
	return (left->page > right->page) - (left->page < right->page);
}

void xip_profile_merge(struct xip_profile *profile)
{
	size_t kept = 0;

	if (profile->count)
		qsort(profile->pages, profile->count, sizeof(*profile->pages), compare_pages);
	for (size_t i = 0; i < profile->count; i++) {
		struct xip_profile_page *last = kept ? &profile->pages[kept - 1] : NULL;
		const struct xip_profile_page *page = &profile->pages[i];

		if (!last || compare_pages(last, page))
			profile->pages[kept++] = *page;
		else if (!xip_add_u64(last->count, page->count, &last->count))
			last->count = UINT64_MAX;
	}
	profile->count = kept;
}

static void warn(const struct reader *reader, const char *path, const struct xip_diag *diag)
{
	if (!reader->pages)
		xip_diag_warn(diag, path, XIP_NO_OFFSET, "the profile names no page");
	if (reader->missing)
		xip_diag_warn(diag, path, XIP_NO_OFFSET,
			"%zu of the %zu pages of the profile are not in the image, first page "
			"%" PRIu64 " of %s in line %" PRIu64,
			reader->missing, reader->pages, reader->missing_page, reader->missing_path,
			reader->missing_line);
}

/* Closes @lines. */
static enum xip_err load(struct xip_profile *profile, struct xip_lines *lines,
	const struct xip_tree *tree, uint32_t page_size)
{
	struct reader reader = {
		.profile = profile,
		.tree = tree,
		.page_size = page_size,
		.line = &lines->at,
		.room = profile->count,
	};
	enum xip_err err = read_lines(&reader, lines);

	if (!err) {
		xip_profile_merge(profile);
		warn(&reader, lines->at.path, lines->at.diag);
	}
	xip_lines_close(lines);
	free(reader.path);
	return err;
}

enum xip_err xip_profile_load(struct xip_profile *profile, const char *path,
	const struct xip_tree *tree, uint32_t page_size, const struct xip_diag *diag)
{
	struct xip_lines lines;
	enum xip_err err = xip_lines_open(&lines, path, diag);

	return err ? err : load(profile, &lines, tree, page_size);
}

enum xip_err xip_profile_load_text(struct xip_profile *profile, const char *path, const char *text,
	size_t size, const struct xip_tree *tree, uint32_t page_size, const struct xip_diag *diag)
{
	struct xip_lines lines;
	enum xip_err err = xip_lines_of_text(&lines, path, text, size, diag);

	return err ? err : load(profile, &lines, tree, page_size);
}

void xip_profile_free(struct xip_profile *profile)
{
	free(profile->pages);
	*profile = (struct xip_profile){0};
}

const struct xip_profile_page *xip_profile_of(
	const struct xip_profile *profile, uint32_t file, size_t *count)
{
	size_t low = 0, high = profile->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (profile->pages[middle].file < file)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < profile->count && profile->pages[end].file == file; end++)
		;
	*count = end - low;
	return *count ? &profile->pages[low] : NULL;
}
