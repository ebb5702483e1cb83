/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners by name.
 */
#ifndef XIPFS_OWNER_H
#define XIPFS_OWNER_H

#include <stdint.h>

#include "xipfs/diag.h"
#include "xipfs/err.h"
#include "xipfs/tree.h"

/*
 * Reads "USER:GROUP", numbers or names; names are looked up in etc/passwd and etc/group of the tree
 * itself. @path and @line say in messages where the owner was written. XIP_ERR_SOURCE: no such user
 * or group; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_owner_parse(struct xip_tree *tree, const char *owner, uint32_t *uid,
	uint32_t *gid, const char *path, uint64_t line, const struct xip_diag *diag);

#endif
