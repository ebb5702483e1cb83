/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User and group names of a device table: those of the tree itself, never of this machine.
 */
#include <stdlib.h>
#include <string.h>

#include "devtable_private.h"
#include "tree_private.h"
#include "xipfs/scan.h"

/* The third field of one line when its first one is @name. */
static bool match_line(const char *line, const char *end, const char *name, uint32_t *id)
{
	size_t length = strlen(name);
	const char *field;
	uint64_t value = 0;

	if ((size_t)(end - line) <= length || memcmp(line, name, length) || line[length] != ':')
		return false;
	line += length + 1;
	field = memchr(line, ':', (size_t)(end - line));
	if (!field || ++field == end || *field == ':')
		return false;
	for (; field < end && *field != ':'; field++) {
		if (*field < '0' || *field > '9')
			return false;
		value = value * 10 + (uint64_t)(*field - '0');
		if (value >= XIP_DEVTABLE_KEEP)
			return false;
	}
	*id = (uint32_t)value;
	return true;
}

bool xip_owner_find_text(const char *text, size_t size, const char *name, uint32_t *id)
{
	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		if (match_line(text, text + length, name, id))
			return true;
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
	return false;
}

static enum xip_err load(
	struct xip_devtable *table, struct xip_owner_file *file, const struct xip_tree_inode *inode)
{
	struct xip_content content;
	enum xip_err err = xip_content_open(&content, table->tree, inode, table->diag);
	enum xip_err close_err;

	if (err)
		return err;
	file->size = inode->size <= XIP_FILE_SIZE_MAX ? (size_t)inode->size : 0;
	file->text = malloc(file->size + 1);
	if (file->text)
		err = xip_content_read(&content, file->text, file->size, 0, table->diag);
	else
		err = xip_diag_nomem(table->diag);
	close_err = xip_content_close(&content, table->diag);
	return err ? err : close_err;
}

enum xip_err xip_owner_find(
	struct xip_devtable *table, struct xip_owner_file *file, const char *name, uint32_t *id)
{
	struct xip_place place = {0};
	enum xip_err err = XIP_OK;

	if (!file->text) {
		err = xip_place_find(table, file->path, XIP_PLACE_FOLLOW | XIP_PLACE_TRY, &place);
		free(place.buffer);
		if (!err && (!place.node || !xip_mode_is_regular(place.node->inode->mode)))
			err = xip_devtable_fail(table, XIP_ERR_SOURCE,
				"\"%s\" is no number, and the tree has no file %s to look it up",
				name, file->path);
		if (!err)
			err = load(table, file, place.node->inode);
	}
	if (!err && !xip_owner_find_text(file->text, file->size, name, id))
		err = xip_devtable_fail(table, XIP_ERR_SOURCE,
			"\"%s\" is neither a number nor a name in the tree's %s", name, file->path);
	return err;
}
