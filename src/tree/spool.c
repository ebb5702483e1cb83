/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/tree/spool.h"

#include <errno.h>
#include <unistd.h>

#include "tree_private.h"
#include "xipfs/base/io.h"
#include "xipfs/tree/input.h"

enum xip_err xip_spool_begin(struct xip_tree *tree, const char *path, const struct xip_diag *diag)
{
	tree->source = xip_source_new(path);
	if (!tree->source)
		return xip_diag_nomem(diag);
	return xip_io_scratch(&tree->source->spool_fd, diag);
}

enum xip_err xip_spool_write(struct xip_tree *tree, uint64_t offset, const void *data, size_t size,
	const struct xip_diag *diag)
{
	const struct xip_source *source = tree->source;

	return xip_io_pwrite_full(
		source->spool_fd, data, size, source->spool_end + offset, diag, "scratch file");
}

void xip_spool_take(struct xip_tree *tree, struct xip_tree_inode *inode)
{
	inode->source = tree->source;
	inode->content = tree->source->spool_end;
	tree->source->spool_end += inode->size;
}

void xip_spool_share(struct xip_tree_inode *inode, const struct xip_tree_inode *other)
{
	inode->size = other->size;
	inode->content = other->content;
}

enum xip_err xip_spool_finish(struct xip_tree *tree, const struct xip_diag *diag)
{
	/* The last bytes may never have been written. */
	if (ftruncate(tree->source->spool_fd, (off_t)tree->source->spool_end) < 0)
		return xip_diag_fail_errno(diag, errno, "scratch file", "cannot resize");
	return XIP_OK;
}

void xip_spool_input(const struct xip_tree_inode *inode, const char *path, struct xip_input *input)
{
	*input = (struct xip_input){.path = path,
		.fd = inode->source->spool_fd,
		.base = inode->content,
		.size = inode->size};
}
