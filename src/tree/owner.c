/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/owner.h"

#include <stdlib.h>
#include <string.h>

#include "devtable_private.h"

/* A number, or a name in one of the tree's files. */
static enum xip_err find(
	struct xip_devtable *table, struct xip_owner_file *file, const char *text, uint32_t *id)
{
	unsigned long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return xip_owner_find(table, file, text, id);
	number = strtoull(text, &end, 10);
	if (*end || number >= XIP_DEVTABLE_KEEP)
		return xip_owner_find(table, file, text, id);
	*id = (uint32_t)number;
	return XIP_OK;
}

enum xip_err xip_owner_parse(struct xip_tree *tree, const char *owner, uint32_t *uid, uint32_t *gid,
	const char *path, uint64_t line, const struct xip_diag *diag)
{
	struct xip_devtable table = {.tree = tree,
		.diag = diag,
		.path = path,
		.line = line,
		.users = {.path = "etc/passwd"},
		.groups = {.path = "etc/group"}};
	char *user = strdup(owner);
	char *group = user ? strchr(user, ':') : NULL;
	enum xip_err err;

	if (!user)
		return xip_diag_nomem(diag);
	if (group) {
		*group++ = '\0';
		err = find(&table, &table.users, user, uid);
		if (!err)
			err = find(&table, &table.groups, group, gid);
	} else {
		err = xip_devtable_fail(
			&table, XIP_ERR_SOURCE, "owner \"%s\": it must be USER:GROUP", owner);
	}
	free(user);
	free(table.users.text);
	free(table.groups.text);
	return err;
}
