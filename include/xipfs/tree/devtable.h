/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device tables: entries to add to a tree or to change in it, one a line, in ten columns:
 *
 *	name type mode uid gid major minor start inc count
 *
 * One reader for the dialects of mkcramfs, mkfs.jffs2 and Buildroot's makedevs.
 *
 * name		A path in the tree, with or without '/' before it; ".." is refused. Symlinks on
 *		the way are followed inside the tree; the last component too for f, F and d.
 * type f	A regular file that is there: its mode and owner change.
 *	F	The same, but nothing happens when it is not there.
 *	d	A directory: it changes, or is made with its parents (those get 0755, 0:0).
 *	r	All that is there under this name and below it changes; symlinks keep their mode.
 *	c b p	A character device, block device or FIFO: it is made in a directory that is there,
 *		or changes when there is one of this type already.
 * mode		Octal, at most 7777; -1 keeps what is there. Blank: 755.
 * uid gid	A number; -1 to keep what is there; or a name in etc/passwd or etc/group of the
 *		tree itself. Blank: 0.
 * major minor	For c and b. Blank: 0.
 * start inc count
 *		For c, b and p. A count of 2 to 1024 makes that many nodes: the name with
 *		start, start + 1, ... after it, and the minors minor, minor + inc, ... With a count
 *		of 0 or 1 the name is used as it is. Blank: 0, 1 and 1.
 *
 * The dialects differ in the last point, where makedevs is followed. mkcramfs and mkfs.jffs2 put a
 * number after the name for a count of 1 as well; mkcramfs takes count for the first number not
 * used, whatever start is.
 *
 * A column that is '-' or missing is blank. Spaces and tabs separate columns; a line may end in
 * CR LF. '#' begins a comment at the start of a line, or of a column after the type. The "|xattr"
 * lines of makedevs are skipped with a warning: cramfs has no extended attributes.
 */
#ifndef XIPFS_DEVTABLE_H
#define XIPFS_DEVTABLE_H

#include <stddef.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/tree/tree.h"

/*
 * Applies the table in file @path ("-": standard input) to @tree: before xip_tree_finish, and after
 * xip_tree_squash_owners, since owners in a table are deliberate. Every faulty line is reported, up
 * to 20 of them, with its number in the message and as the message's offset; the status is that of
 * the first. After an error the tree may be changed in part.
 * XIP_ERR_SOURCE: syntax, an unknown user, a missing file. XIP_ERR_LIMIT: a device number over
 * 255:255, a table of more than 64 MiB. XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_devtable_apply(
	struct xip_tree *tree, const char *path, const struct xip_diag *diag);

/* As xip_devtable_apply for a table in memory; @path is for messages only. */
XIP_MUST_CHECK enum xip_err xip_devtable_apply_text(struct xip_tree *tree, const char *path,
	const char *text, size_t size, const struct xip_diag *diag);

#endif
