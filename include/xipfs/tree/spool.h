/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source of a tree whose contents are not on the disk as they are: they are unpacked to a
 * scratch file (xip_io_scratch), one after the other, and xip_content_read reads them from there.
 */
#ifndef XIPFS_SPOOL_H
#define XIPFS_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/tree/tree.h"

/*
 * Gives the empty @tree a spool; its new inodes have their content there. @path names the source
 * and is copied. XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_spool_begin(
	struct xip_tree *tree, const char *path, const struct xip_diag *diag);

/*
 * Writes @size bytes of the next content at byte @offset of it; what is never written reads as
 * zeros. XIP_ERR_IO.
 */
XIP_MUST_CHECK enum xip_err xip_spool_write(struct xip_tree *tree, uint64_t offset,
	const void *data, size_t size, const struct xip_diag *diag);

/* What was written, up to inode->size, is the content of @inode; the next one begins after it. */
void xip_spool_take(struct xip_tree *tree, struct xip_tree_inode *inode);

/* @inode has the size and the content of @other, of the same tree. */
void xip_spool_share(struct xip_tree_inode *inode, const struct xip_tree_inode *other);

/* After the last content. XIP_ERR_IO. */
XIP_MUST_CHECK enum xip_err xip_spool_finish(struct xip_tree *tree, const struct xip_diag *diag);

/* The part of the spool that holds the content of @inode, which has one. */
struct xip_input;
void xip_spool_input(const struct xip_tree_inode *inode, const char *path, struct xip_input *input);

#endif
