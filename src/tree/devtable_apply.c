/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying out the lines of a device table.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devtable_private.h"
#include "tree_private.h"

#define LINKS_MAX 40u /* as many as Linux follows on one path */

/* Where a path of the table leads in the tree. */
struct place {
	struct xip_node *parent; /* NULL: the root */
	struct xip_node *node;   /* NULL: not there */
	const char *name;        /* in @parent, @length bytes */
	size_t length;
	char *buffer; /* holds @name; free() it after use, also after an error */
};

/* How to walk there. */
#define FOLLOW 1u /* the last component as well when it is a symlink */
#define MAKE   2u /* directories that are missing on the way */
#define TRY    4u /* a missing directory on the way means "not there", not an error */

/* Puts the symlink's target in the place of its name, before what is left of the path. */
static enum xip_err follow(struct xip_devtable *table, struct place *place,
	const struct xip_tree_inode *link, const char **rest)
{
	size_t size = (size_t)link->size + 1 + strlen(*rest) + 1;
	char *buffer = malloc(size);

	if (!buffer)
		return xip_diag_nomem(table->line->diag);
	snprintf(buffer, size, "%s/%s", link->target, *rest);
	free(place->buffer);
	place->buffer = buffer;
	*rest = buffer;
	return XIP_OK;
}

static enum xip_err make_directory(
	struct xip_devtable *table, const struct place *place, struct xip_node **node)
{
	struct xip_tree_inode *inode = xip_tree_inode_new(table->tree);

	if (!inode)
		return xip_diag_nomem(table->line->diag);
	inode->mode = XIP_S_IFDIR | 0755;
	return xip_tree_add(table->tree, place->parent, place->name, place->length, inode, node,
		table->line->diag);
}

/* Goes down into what @place stands for, which is not the last component. */
static enum xip_err enter(
	struct xip_devtable *table, const char *path, unsigned how, struct place *place)
{
	enum xip_err err = XIP_OK;

	if (!place->node && (how & MAKE))
		err = make_directory(table, place, &place->node);
	else if (!place->node)
		err = xip_line_fail(table->line, XIP_ERR_SOURCE,
			"%s: there is no directory \"%.*s\" on the way; a line of type d before "
			"this "
			"one makes it",
			path, (int)place->length, place->name);
	else if (!xip_mode_is_directory(place->node->inode->mode))
		err = xip_line_fail(table->line, XIP_ERR_SOURCE,
			"%s: \"%.*s\" on the way is not a directory", path, (int)place->length,
			place->name);
	if (!err)
		place->parent = place->node;
	return err;
}

static bool has_dot_dot(const char *path)
{
	size_t length;

	for (path = xip_path_next(path, &length); length;
		path = xip_path_next(path + length, &length)) {
		if (length == 2 && path[0] == '.' && path[1] == '.')
			return true;
	}
	return false;
}

static bool is_dot_dot(const struct place *place)
{
	return place->length == 2 && place->name[0] == '.' && place->name[1] == '.';
}

/* The walk of find_place, over @rest, from the root. */
static enum xip_err walk(struct xip_devtable *table, const char *path, const char *rest,
	unsigned how, struct place *place)
{
	struct xip_node *at = table->tree->root;
	unsigned links = 0;

	for (;;) {
		size_t more;
		enum xip_err err;

		place->name = xip_path_next(rest, &place->length);
		rest = place->name + place->length;
		if (!place->length) { /* the root, or a symlink that ended in ".." or "." */
			place->node = at;
			place->parent = at->parent;
			return XIP_OK;
		}
		if (is_dot_dot(place)) { /* of a symlink */
			at = at->parent ? at->parent : at;
			continue;
		}
		place->parent = at;
		place->node = xip_tree_child(table->tree, at, place->name, place->length);
		xip_path_next(rest, &more);
		if (place->node && xip_mode_is_symlink(place->node->inode->mode) &&
			(more || (how & FOLLOW))) {
			if (++links > LINKS_MAX)
				return xip_line_fail(table->line, XIP_ERR_SOURCE,
					"%s: more than %u symlinks on the way", path, LINKS_MAX);
			if (*place->node->inode->target == '/')
				at = table->tree->root;
			err = follow(table, place, place->node->inode, &rest);
			if (err)
				return err;
			continue;
		}
		if (more && (how & TRY) &&
			(!place->node || !xip_mode_is_directory(place->node->inode->mode))) {
			place->node = NULL;
			return XIP_OK;
		}
		if (!more)
			return XIP_OK;
		err = enter(table, path, how, place);
		if (err)
			return err;
		at = place->parent;
	}
}

/*
 * Walks to @path inside the tree. XIP_ERR_SOURCE: ".." in it, something on the way that is missing
 * or not a directory, too many symlinks.
 */
static enum xip_err find_place(
	struct xip_devtable *table, const char *path, unsigned how, struct place *place)
{
	*place = (struct place){0};
	if (has_dot_dot(path))
		return xip_line_fail(table->line, XIP_ERR_SOURCE, "%s has a \"..\" in it", path);
	return walk(table, path, path, how, place);
}

static void change(struct xip_tree_inode *inode, const struct xip_devtable_row *row)
{
	if (row->mode != XIP_DEVTABLE_KEEP && !xip_mode_is_symlink(inode->mode))
		inode->mode = xip_mode_type(inode->mode) | row->mode;
	if (row->uid != XIP_DEVTABLE_KEEP)
		inode->uid = row->uid;
	if (row->gid != XIP_DEVTABLE_KEEP)
		inode->gid = row->gid;
}

static enum xip_err apply_file(
	struct xip_devtable *table, const struct xip_devtable_row *row, const struct place *place)
{
	if (place->node && xip_mode_is_regular(place->node->inode->mode)) {
		change(place->node->inode, row);
		return XIP_OK;
	}
	if (row->type == 'F')
		return XIP_OK;
	return xip_line_fail(table->line, XIP_ERR_SOURCE, "%s: %s", row->name,
		place->node ? "exists, but is not a regular file"
			    : "there is no such file (type F allows that)");
}

static enum xip_err apply_directory(
	struct xip_devtable *table, const struct xip_devtable_row *row, const struct place *place)
{
	struct xip_node *node = place->node;

	if (!node) {
		enum xip_err err = make_directory(table, place, &node);

		if (err)
			return err;
	}
	if (!xip_mode_is_directory(node->inode->mode))
		return xip_line_fail(table->line, XIP_ERR_SOURCE,
			"%s: exists, but is not a directory", row->name);
	change(node->inode, row);
	return XIP_OK;
}

static enum xip_err apply_below(
	struct xip_devtable *table, const struct xip_devtable_row *row, const struct place *place)
{
	if (!place->node)
		return xip_line_fail(table->line, XIP_ERR_SOURCE,
			"%s: there is nothing by that name", row->name);
	for (struct xip_node *node = place->node; node;
		node = xip_tree_next_below(place->node, node))
		change(node->inode, row);
	return XIP_OK;
}

/* Makes one device or FIFO in the directory of @place, or changes it. */
static enum xip_err apply_node(struct xip_devtable *table, const struct xip_devtable_row *row,
	const struct place *place, const char *name, uint32_t minor)
{
	uint32_t type = row->type == 'c'   ? XIP_S_IFCHR
			: row->type == 'b' ? XIP_S_IFBLK
					   : XIP_S_IFIFO;
	struct xip_node *node = xip_tree_child(table->tree, place->parent, name, strlen(name));
	struct xip_tree_inode *inode;
	enum xip_err err = XIP_OK;

	if (node && xip_mode_type(node->inode->mode) != type)
		return xip_line_fail(table->line, XIP_ERR_SOURCE,
			"%s: \"%s\" exists, but is of another type", row->name, name);
	if (!node && row->mode == XIP_DEVTABLE_KEEP)
		return xip_line_fail(table->line, XIP_ERR_SOURCE,
			"%s: mode -1 keeps the mode of what is there, but \"%s\" is not", row->name,
			name);
	inode = node ? node->inode : xip_tree_inode_new(table->tree);
	if (!inode)
		return xip_diag_nomem(table->line->diag);
	if (!node)
		err = xip_tree_add(table->tree, place->parent, name, strlen(name), inode, NULL,
			table->line->diag);
	if (err)
		return err;
	inode->mode = type | (inode->mode & 07777);
	change(inode, row);
	if (type != XIP_S_IFIFO) {
		inode->major = row->major;
		inode->minor = minor;
	}
	return XIP_OK;
}

static enum xip_err check_numbers(struct xip_devtable *table, const struct xip_devtable_row *row)
{
	uint32_t more = row->count > 1 ? row->count - 1 : 0;
	uint64_t last = row->minor + (uint64_t)more * row->increment;

	if (row->type == 'p' || (row->major <= XIP_DEV_MAJOR_MAX && last <= XIP_DEV_MINOR_MAX))
		return XIP_OK;
	return xip_line_fail(table->line, XIP_ERR_LIMIT,
		"%s: device number %" PRIu32 ":%" PRIu64 " is over %u:%u", row->name, row->major,
		last, XIP_DEV_MAJOR_MAX, XIP_DEV_MINOR_MAX);
}

static enum xip_err apply_nodes(
	struct xip_devtable *table, const struct xip_devtable_row *row, const struct place *place)
{
	const size_t room = place->length + 11; /* ten digits and a NUL */
	enum xip_err err = check_numbers(table, row);
	char *name;

	if (err)
		return err;
	if (!place->parent)
		return xip_line_fail(
			table->line, XIP_ERR_SOURCE, "%s: the root must be a directory", row->name);
	name = malloc(room);
	if (!name)
		return xip_diag_nomem(table->line->diag);
	snprintf(name, room, "%.*s", (int)place->length, place->name);
	if (row->count <= 1)
		err = apply_node(table, row, place, name, row->minor);
	for (uint32_t i = 0; !err && row->count > 1 && i < row->count; i++) {
		snprintf(name + place->length, 11, "%" PRIu32, row->start + i);
		err = apply_node(table, row, place, name, row->minor + i * row->increment);
	}
	free(name);
	return err;
}

enum xip_err xip_devtable_apply_row(struct xip_devtable *table, const struct xip_devtable_row *row)
{
	static const struct {
		char type;
		unsigned how;
		enum xip_err (*apply)(struct xip_devtable *table,
			const struct xip_devtable_row *row, const struct place *place);
	} types[] = {
		{'f', FOLLOW | TRY, apply_file},
		{'F', FOLLOW | TRY, apply_file},
		{'d', FOLLOW | MAKE, apply_directory},
		{'r', TRY, apply_below},
		{'c', 0, apply_nodes},
		{'b', 0, apply_nodes},
		{'p', 0, apply_nodes},
	};
	struct place place;
	size_t i = 0;
	enum xip_err err;

	while (types[i].type != row->type)
		i++;
	err = find_place(table, row->name, types[i].how, &place);
	if (!err)
		err = types[i].apply(table, row, &place);
	free(place.buffer);
	return err;
}
