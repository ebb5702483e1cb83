/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a device table: lines and columns.
 */
#include "xipfs/tree/devtable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devtable_private.h"
#include "tree_private.h"
#include "xipfs/base/text.h"

#define COLUMNS      10u
#define FAULTS_SHOWN 20u
#define NUMBER_MAX   0xfffffu /* of start and the like, as makedevs has it */
#define COUNT_MAX    1024u    /* devices have 256 minors */
#define BLANKS       " \t\v\f\r"

enum column { NAME, TYPE, MODE, UID, GID, MAJOR, MINOR, START, INCREMENT, COUNT };

static const char *const column_names[COLUMNS] = {
	"name", "type", "mode", "uid", "gid", "major", "minor", "start", "inc", "count"};

static bool parse_number(const char *text, unsigned base, uint32_t max, uint32_t *number)
{
	uint64_t value;

	if (!xip_parse_digits(text, base, max, &value))
		return false;
	*number = (uint32_t)value;
	return true;
}

static enum xip_err parse_mode(struct xip_devtable *table, const char *text, uint32_t *mode)
{
	*mode = 0755;
	if (!text || parse_number(text, 8, 07777, mode))
		return XIP_OK;
	*mode = XIP_DEVTABLE_KEEP;
	if (!strcmp(text, "-1"))
		return XIP_OK;
	return xip_line_fail(table->line, XIP_ERR_SOURCE,
		"mode \"%s\" is neither octal, at most 7777, nor -1", text);
}

/* True when @text need not be looked up by name. */
static bool parse_id(const char *text, uint32_t *id)
{
	*id = 0;
	if (!text || parse_number(text, 10, XIP_DEVTABLE_KEEP - 1, id))
		return true;
	*id = XIP_DEVTABLE_KEEP;
	return !strcmp(text, "-1");
}

static enum xip_err parse_counter(struct xip_devtable *table, char *const columns[COLUMNS],
	enum column column, uint32_t blank, uint32_t max, uint32_t *number)
{
	*number = blank;
	if (!columns[column] || parse_number(columns[column], 10, max, number))
		return XIP_OK;
	return xip_line_fail(table->line, XIP_ERR_SOURCE,
		"%s \"%s\" is not a number of at most %" PRIu32, column_names[column],
		columns[column], max);
}

static enum xip_err parse_row(
	struct xip_devtable *table, char *const columns[COLUMNS], struct xip_devtable_row *row)
{
	enum xip_err err;

	if (!columns[NAME] || !columns[TYPE])
		return xip_line_fail(
			table->line, XIP_ERR_SOURCE, "a line needs a name and a type at least");
	row->name = columns[NAME];
	row->type = columns[TYPE][0];
	if (columns[TYPE][1] || !strchr("fFdrcbp", row->type))
		return xip_line_fail(table->line, XIP_ERR_SOURCE,
			"type \"%s\" is none of f, F, d, r, c, b and p", columns[TYPE]);
	err = parse_mode(table, columns[MODE], &row->mode);
	if (!err && !parse_id(columns[UID], &row->uid))
		err = xip_owners_user(&table->owners, columns[UID], &row->uid, table->line);
	if (!err && !parse_id(columns[GID], &row->gid))
		err = xip_owners_group(&table->owners, columns[GID], &row->gid, table->line);
	if (!err)
		err = parse_counter(table, columns, MAJOR, 0, NUMBER_MAX, &row->major);
	if (!err)
		err = parse_counter(table, columns, MINOR, 0, NUMBER_MAX, &row->minor);
	if (!err)
		err = parse_counter(table, columns, START, 0, NUMBER_MAX, &row->start);
	if (!err)
		err = parse_counter(table, columns, INCREMENT, 1, NUMBER_MAX, &row->increment);
	if (!err)
		err = parse_counter(table, columns, COUNT, 1, COUNT_MAX, &row->count);
	return err;
}

/* Cuts @line into its columns; one that is blank or missing stays NULL. */
static enum xip_err split(struct xip_devtable *table, char *line, char *columns[COLUMNS])
{
	for (unsigned i = 0;; i++) {
		size_t length;

		line += strspn(line, BLANKS);
		if (!*line || (*line == '#' && i != TYPE))
			return XIP_OK;
		if (i == COLUMNS)
			return xip_line_fail(
				table->line, XIP_ERR_SOURCE, "more than %u columns", COLUMNS);
		length = strcspn(line, BLANKS);
		if (length != 1 || *line != '-')
			columns[i] = line;
		line += length;
		if (*line)
			*line++ = '\0';
	}
}

static enum xip_err apply_line(struct xip_devtable *table, char *line)
{
	char *columns[COLUMNS] = {NULL};
	struct xip_devtable_row row;
	enum xip_err err;

	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return XIP_OK;
	if (!strncmp(line, "|xattr", 6)) {
		xip_diag_warn(table->line->diag, table->line->path, table->line->number,
			"line %" PRIu64 ": skipped, since cramfs has no extended attributes",
			table->line->number);
		return XIP_OK;
	}
	err = split(table, line, columns);
	if (!err)
		err = parse_row(table, columns, &row);
	return err ? err : xip_devtable_apply_row(table, &row);
}

static enum xip_err apply_lines(struct xip_tree *tree, struct xip_lines *lines)
{
	struct xip_devtable table = {.tree = tree, .line = &lines->at};
	enum xip_err first = XIP_OK;
	unsigned faults = 0;
	char *line;

	xip_owners_begin(&table.owners, tree);
	while (faults < FAULTS_SHOWN && (line = xip_lines_next(lines))) {
		enum xip_err err = apply_line(&table, line);

		if (err && !first)
			first = err;
		faults += err != XIP_OK;
		if (err == XIP_ERR_NOMEM || err == XIP_ERR_IO) {
			first = err;
			break;
		}
	}
	xip_owners_end(&table.owners);
	xip_lines_close(lines);
	return first;
}

enum xip_err xip_devtable_apply(
	struct xip_tree *tree, const char *path, const struct xip_diag *diag)
{
	struct xip_lines lines;
	enum xip_err err = xip_lines_open(&lines, path, diag);

	return err ? err : apply_lines(tree, &lines);
}

enum xip_err xip_devtable_apply_text(struct xip_tree *tree, const char *path, const char *text,
	size_t size, const struct xip_diag *diag)
{
	struct xip_lines lines;
	enum xip_err err = xip_lines_of_text(&lines, path, text, size, diag);

	return err ? err : apply_lines(tree, &lines);
}
