/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners by name: those of the tree itself, never of this machine.
 */
#ifndef XIPFS_OWNER_H
#define XIPFS_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/err.h"
#include "xipfs/base/lines.h"
#include "xipfs/tree/tree.h"

/* The least number that stands for no owner: (uid_t)-1 means "unchanged" everywhere. */
#define XIP_OWNER_LIMIT UINT32_MAX

/* etc/passwd or etc/group, read when the first name is looked up. */
struct xip_owner_file {
	const char *path;
	char *text; /* malloc'ed, NULL: not read yet */
	size_t size;
};

/* The names that a tree knows, as long as etc of @tree does not change. */
struct xip_owners {
	const struct xip_tree *tree;
	struct xip_owner_file users, groups;
};

void xip_owners_begin(struct xip_owners *owners, const struct xip_tree *tree);
void xip_owners_end(struct xip_owners *owners);

/*
 * The number of the user or group @name. @line says in messages where the name was written.
 * XIP_ERR_SOURCE: there is none, or no file to look it up in; XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_owners_user(
	struct xip_owners *owners, const char *name, uint32_t *uid, const struct xip_line *line);
XIP_MUST_CHECK enum xip_err xip_owners_group(
	struct xip_owners *owners, const char *name, uint32_t *gid, const struct xip_line *line);

/* Reads "USER:GROUP", numbers or names. Errors as above. */
XIP_MUST_CHECK enum xip_err xip_owners_parse(struct xip_owners *owners, const char *owner,
	uint32_t *uid, uint32_t *gid, const struct xip_line *line);

/*
 * The number of @name in the @size bytes of such a file; false: it is not there. The number is the
 * third field, as in passwd(5).
 */
bool xip_owner_find_text(const char *text, size_t size, const char *name, uint32_t *id);

#endif
