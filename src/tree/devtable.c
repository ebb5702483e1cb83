/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a device table: lines and columns.
 */
#include "xipfs/devtable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devtable_private.h"
#include "tree_private.h"
#include "xipfs/io.h"

#define COLUMNS      10u
#define FAULTS_SHOWN 20u
#define TABLE_LIMIT  ((uint64_t)16 << 20)
#define NUMBER_MAX   0xfffffu /* of start and the like, as makedevs has it */
#define COUNT_MAX    1024u    /* devices have 256 minors */
#define BLANKS       " \t\v\f\r"

enum column { NAME, TYPE, MODE, UID, GID, MAJOR, MINOR, START, INCREMENT, COUNT };

static const char *const column_names[COLUMNS] = {
	"name", "type", "mode", "uid", "gid", "major", "minor", "start", "inc", "count"};

enum xip_err xip_devtable_fail(
	const struct xip_devtable *table, enum xip_err err, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return xip_diag_fail(table->diag, err, table->path, table->line, "line %" PRIu64 ": %s",
		table->line, message);
}

/* Decimal or octal digits and nothing else, at most @max. */
static bool parse_number(const char *text, unsigned base, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned char)*text - (unsigned)'0';

		if (digit >= base)
			return false;
		value = value * base + digit;
		if (value > max)
			return false;
	}
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
	return xip_devtable_fail(
		table, XIP_ERR_SOURCE, "mode \"%s\" is neither octal, at most 7777, nor -1", text);
}

static enum xip_err parse_owner(
	struct xip_devtable *table, struct xip_owner_file *file, const char *text, uint32_t *id)
{
	*id = 0;
	if (!text || parse_number(text, 10, XIP_DEVTABLE_KEEP - 1, id))
		return XIP_OK;
	*id = XIP_DEVTABLE_KEEP;
	if (!strcmp(text, "-1"))
		return XIP_OK;
	return xip_owner_find(table, file, text, id);
}

static enum xip_err parse_counter(struct xip_devtable *table, char *const columns[COLUMNS],
	enum column column, uint32_t blank, uint32_t max, uint32_t *number)
{
	*number = blank;
	if (!columns[column] || parse_number(columns[column], 10, max, number))
		return XIP_OK;
	return xip_devtable_fail(table, XIP_ERR_SOURCE,
		"%s \"%s\" is no number of at most %" PRIu32, column_names[column], columns[column],
		max);
}

static enum xip_err parse_row(
	struct xip_devtable *table, char *const columns[COLUMNS], struct xip_devtable_row *row)
{
	enum xip_err err;

	if (!columns[NAME] || !columns[TYPE])
		return xip_devtable_fail(
			table, XIP_ERR_SOURCE, "a line needs a name and a type at least");
	row->name = columns[NAME];
	row->type = columns[TYPE][0];
	if (columns[TYPE][1] || !strchr("fFdrcbp", row->type))
		return xip_devtable_fail(table, XIP_ERR_SOURCE,
			"type \"%s\" is none of f, F, d, r, c, b and p", columns[TYPE]);
	err = parse_mode(table, columns[MODE], &row->mode);
	if (!err)
		err = parse_owner(table, &table->users, columns[UID], &row->uid);
	if (!err)
		err = parse_owner(table, &table->groups, columns[GID], &row->gid);
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
			return xip_devtable_fail(
				table, XIP_ERR_SOURCE, "more than %u columns", COLUMNS);
		length = strcspn(line, BLANKS);
		if (length != 1 || *line != '-')
			columns[i] = line;
		line += length;
		if (*line)
			*line++ = '\0';
	}
}

static enum xip_err apply_line(struct xip_devtable *table, char *line, size_t length)
{
	char *columns[COLUMNS] = {NULL};
	struct xip_devtable_row row;
	enum xip_err err;

	if (memchr(line, '\0', length))
		return xip_devtable_fail(table, XIP_ERR_SOURCE, "a NUL byte: this is no text");
	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return XIP_OK;
	if (!strncmp(line, "|xattr", 6)) {
		xip_diag_warn(table->diag, table->path, table->line,
			"line %" PRIu64 ": skipped, since cramfs has no extended attributes",
			table->line);
		return XIP_OK;
	}
	err = split(table, line, columns);
	if (!err)
		err = parse_row(table, columns, &row);
	return err ? err : xip_devtable_apply_row(table, &row);
}

static enum xip_err apply_lines(struct xip_devtable *table, char *text, size_t size)
{
	enum xip_err first = XIP_OK;
	unsigned faults = 0;

	while (size && faults < FAULTS_SHOWN) {
		char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		enum xip_err err;

		text[length] = '\0'; /* there is one more byte behind the text */
		table->line++;
		err = apply_line(table, text, length);
		if (err && !first)
			first = err;
		if (err == XIP_ERR_NOMEM || err == XIP_ERR_IO)
			return err;
		faults += err != XIP_OK;
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
	return first;
}

static enum xip_err apply_buffer(struct xip_tree *tree, const char *path, char *text, size_t size,
	const struct xip_diag *diag)
{
	struct xip_devtable table = {.tree = tree,
		.diag = diag,
		.path = path,
		.users = {.path = "/etc/passwd"},
		.groups = {.path = "/etc/group"}};
	enum xip_err err = apply_lines(&table, text, size);

	free(table.users.text);
	free(table.groups.text);
	return err;
}

enum xip_err xip_devtable_apply(
	struct xip_tree *tree, const char *path, const struct xip_diag *diag)
{
	uint8_t *text;
	size_t size;
	enum xip_err err = xip_io_load(path, TABLE_LIMIT, &text, &size, diag);

	if (err)
		return err;
	err = apply_buffer(tree, path, (char *)text, size, diag);
	free(text);
	return err;
}

enum xip_err xip_devtable_apply_text(struct xip_tree *tree, const char *path, const char *text,
	size_t size, const struct xip_diag *diag)
{
	char *copy = size < SIZE_MAX ? malloc(size + 1) : NULL;
	enum xip_err err;

	if (!copy)
		return xip_diag_nomem(diag);
	memcpy(copy, text, size);
	err = apply_buffer(tree, path, copy, size, diag);
	free(copy);
	return err;
}
