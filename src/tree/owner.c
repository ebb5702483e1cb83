/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/tree/owner.h"

#include <stdlib.h>
#include <string.h>

#include "xipfs/format/format.h"
#include "xipfs/tree/scan.h"

void xip_owners_begin(struct xip_owners *owners, const struct xip_tree *tree)
{
	*owners = (struct xip_owners){
		.tree = tree,
		.users = {.path = "/etc/passwd"},
		.groups = {.path = "/etc/group"},
	};
}

void xip_owners_end(struct xip_owners *owners)
{
	free(owners->users.text);
	free(owners->groups.text);
	*owners = (struct xip_owners){0};
}

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
		if (value >= XIP_OWNER_LIMIT)
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

static enum xip_err load(const struct xip_tree *tree, const struct xip_tree_inode *inode,
	struct xip_owner_file *file, const struct xip_diag *diag)
{
	struct xip_content content;
	enum xip_err err = xip_content_open(&content, tree, inode, diag);
	enum xip_err close_err;

	if (err)
		return err;
	file->size = inode->size <= XIP_FILE_SIZE_MAX ? (size_t)inode->size : 0;
	file->text = malloc(file->size + 1);
	if (file->text)
		err = xip_content_read(&content, file->text, file->size, 0, diag);
	else
		err = xip_diag_nomem(diag);
	close_err = xip_content_close(&content, diag);
	return err ? err : close_err;
}

static enum xip_err find(const struct xip_owners *owners, struct xip_owner_file *file,
	const char *name, uint32_t *id, const struct xip_line *line)
{
	if (!file->text) {
		const struct xip_node *node = xip_tree_resolve(owners->tree, file->path);
		enum xip_err err;

		if (!node || !xip_mode_is_regular(node->inode->mode))
			return xip_line_fail(line, XIP_ERR_SOURCE,
				"\"%s\" is not a number, and the tree has no file %s to look it up",
				name, file->path);
		err = load(owners->tree, node->inode, file, line->diag);
		if (err)
			return err;
	}
	if (xip_owner_find_text(file->text, file->size, name, id))
		return XIP_OK;
	return xip_line_fail(line, XIP_ERR_SOURCE,
		"\"%s\" is neither a number nor a name in the tree's %s", name, file->path);
}

enum xip_err xip_owners_user(
	struct xip_owners *owners, const char *name, uint32_t *uid, const struct xip_line *line)
{
	return find(owners, &owners->users, name, uid, line);
}

enum xip_err xip_owners_group(
	struct xip_owners *owners, const char *name, uint32_t *gid, const struct xip_line *line)
{
	return find(owners, &owners->groups, name, gid, line);
}

/* A number, or a name in @file. */
static enum xip_err parse(const struct xip_owners *owners, struct xip_owner_file *file,
	const char *text, uint32_t *id, const struct xip_line *line)
{
	unsigned long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return find(owners, file, text, id, line);
	number = strtoull(text, &end, 10);
	if (*end || number >= XIP_OWNER_LIMIT)
		return find(owners, file, text, id, line);
	*id = (uint32_t)number;
	return XIP_OK;
}

enum xip_err xip_owners_parse(struct xip_owners *owners, const char *owner, uint32_t *uid,
	uint32_t *gid, const struct xip_line *line)
{
	char *user = strdup(owner);
	char *group = user ? strchr(user, ':') : NULL;
	enum xip_err err;

	if (!user)
		return xip_diag_nomem(line->diag);
	if (group) {
		*group++ = '\0';
		err = parse(owners, &owners->users, user, uid, line);
		if (!err)
			err = parse(owners, &owners->groups, group, gid, line);
	} else {
		err = xip_line_fail(
			line, XIP_ERR_SOURCE, "owner \"%s\": it must be USER:GROUP", owner);
	}
	free(user);
	return err;
}
