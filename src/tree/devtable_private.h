/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by what reads a device table and what carries it out.
 */
#ifndef XIPFS_DEVTABLE_PRIVATE_H
#define XIPFS_DEVTABLE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/err.h"
#include "xipfs/base/lines.h"
#include "xipfs/tree/owner.h"
#include "xipfs/tree/tree.h"

/* A mode, uid or gid that stays as it is. */
#define XIP_DEVTABLE_KEEP XIP_OWNER_LIMIT

/* One line of a table. */
struct xip_devtable_row {
	char *name; /* NUL terminated */
	char type;  /* one of "fFdrcbp" */
	uint32_t mode, uid, gid;
	uint32_t major, minor, start, increment, count;
};

struct xip_devtable {
	struct xip_tree *tree;
	const struct xip_line *line; /* the line at hand */
	struct xip_owners owners;
};

/* Carries out one line. */
XIP_MUST_CHECK enum xip_err xip_devtable_apply_row(
	struct xip_devtable *table, const struct xip_devtable_row *row);

#endif
