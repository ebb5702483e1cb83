/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reads a device table and what carries it out share this.
 */
#ifndef XIPFS_DEVTABLE_PRIVATE_H
#define XIPFS_DEVTABLE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/diag.h"
#include "xipfs/err.h"
#include "xipfs/tree.h"

/* A mode, uid or gid that stays as it is. */
#define XIP_DEVTABLE_KEEP UINT32_MAX

/* One line of a table. */
struct xip_devtable_row {
	char *name; /* NUL terminated */
	char type;  /* one of "fFdrcbp" */
	uint32_t mode, uid, gid;
	uint32_t major, minor, start, increment, count;
};

/* etc/passwd or etc/group, read when the first name is looked up. */
struct xip_owner_file {
	const char *path;
	char *text; /* malloc'ed, NULL: not read yet */
	size_t size;
};

struct xip_devtable {
	struct xip_tree *tree;
	const struct xip_diag *diag;
	const char *path; /* of the table, for messages */
	uint64_t line;    /* number of the line at hand, from 1 */
	struct xip_owner_file users, groups;
};

/* Reports an error in the line at hand and returns @err. */
enum xip_err xip_devtable_fail(const struct xip_devtable *table, enum xip_err err,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The number of user or group @name. XIP_ERR_SOURCE: it has none. */
XIP_MUST_CHECK enum xip_err xip_owner_find(
	struct xip_devtable *table, struct xip_owner_file *file, const char *name, uint32_t *id);

/* The same in a file's text; false: it is not there. The number is the third field, as in
 * passwd(5). */
bool xip_owner_find_text(const char *text, size_t size, const char *name, uint32_t *id);

/* Where a path of the table leads to in the tree. */
struct xip_place {
	struct xip_node *parent; /* NULL: the root */
	struct xip_node *node;   /* NULL: not there */
	const char *name;        /* in @parent, @length bytes */
	size_t length;
	char *buffer; /* holds @name; free() it after use, also after an error */
};

/* How to walk there. */
#define XIP_PLACE_FOLLOW 1u /* the last component as well when it is a symlink */
#define XIP_PLACE_MAKE   2u /* directories that are missing on the way */
#define XIP_PLACE_TRY    4u /* without a directory on the way there is nothing, which is no error */

/*
 * Walks to @path inside the tree. XIP_ERR_SOURCE: ".." in it, something on the way that is missing
 * or no directory, too many symlinks.
 */
XIP_MUST_CHECK enum xip_err xip_place_find(
	struct xip_devtable *table, const char *path, unsigned how, struct xip_place *place);

/* Carries out one line. */
XIP_MUST_CHECK enum xip_err xip_devtable_apply_row(
	struct xip_devtable *table, const struct xip_devtable_row *row);

#endif
