/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device tables: entries to add to a tree or to change in it, one a line.
 *
 * Both dialects that builders of root file systems use have the same ten columns:
 *   name type mode uid gid major minor start inc count
 * mkcramfs knows the types f d c b p and numbers; Buildroot's makedevs adds F (a file that may be missing), r
 * (recursive: everything below), user and group names, mode -1 (keep), and '|' attribute lines.
 */
#ifndef XIPFS_DEVTABLE_H
#define XIPFS_DEVTABLE_H

#include "xipfs/diag.h"
#include "xipfs/err.h"
#include "xipfs/tree.h"

/*
 * Applies the table in file @path to @tree, before xip_tree_finish. User and group names are looked up in
 * etc/passwd and etc/group of the tree. Errors carry the line number as the offset of the
 * message: XIP_ERR_SOURCE (syntax, unknown user, missing file), XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_devtable_apply(struct xip_tree *tree, const char *path,
	const struct xip_diag *diag);

#endif
