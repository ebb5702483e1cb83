/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the contents of regular files back from where the scan found them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree_private.h"
#include "xipfs/base/bytes.h"
#include "xipfs/base/io.h"
#include "xipfs/tree/scan.h"

/* True when @fd is still the file of the scan, with the content of the scan. */
static bool is_unchanged(int fd, const struct xip_tree_inode *inode)
{
	int64_t stamp[4];
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size < 0)
		return false;
	xip_stamp_take(stamp, &status);
	return !memcmp(stamp, inode->stamp, sizeof(stamp)) &&
	       (uint64_t)status.st_size == inode->size;
}

/* True when there is a byte after the size that the file claims, as in files of /proc. */
static bool has_more(int fd, const struct xip_tree_inode *inode)
{
	uint8_t byte;

	return pread(fd, &byte, 1, (off_t)inode->size) > 0;
}

/*
 * The path below the root, written to the end of @buffer of PATH_MAX bytes; NULL when the kernel
 * would not take it in one go. Looks at no more of a long path than fits.
 */
static const char *short_path(const struct xip_node *node, char *buffer)
{
	char *path = buffer + PATH_MAX - 1;

	*path = '\0';
	for (; node->parent; node = node->parent) {
		if (node->name_length >= (size_t)(path - buffer))
			return NULL;
		path -= node->name_length;
		memcpy(path, node->name, node->name_length);
		*--path = '/';
	}
	return path + 1;
}

/* By its path, or by way of its directory when the path is too long. */
static enum xip_err open_file(
	struct xip_content *content, struct xip_source *source, const struct xip_diag *diag)
{
	const struct xip_node *node = content->inode->origin;
	char buffer[PATH_MAX];
	const char *path = short_path(node, buffer);
	enum xip_err err = XIP_OK;

	if (path) {
		content->fd = openat(source->root_fd, path, XIP_CONTENT_OPEN_FLAGS);
		if (content->fd < 0)
			err = xip_source_fail(source, node, errno, diag, "cannot open");
		return err;
	}
	pthread_mutex_lock(&source->lock);
	err = xip_cursor_move(source, node->parent, diag);
	if (!err) {
		content->fd = openat(source->cursor_fd, node->name, XIP_CONTENT_OPEN_FLAGS);
		if (content->fd < 0)
			err = xip_source_fail(source, node, errno, diag, "cannot open");
	}
	pthread_mutex_unlock(&source->lock);
	return err;
}

/*
 * If a directory on the way has become a symlink since the scan, device and inode numbers tell
 * whether it led to another file.
 */
static enum xip_err open_on_disk(struct xip_content *content, const struct xip_diag *diag)
{
	struct xip_source *source = content->inode->source;
	enum xip_err err = open_file(content, source, diag);

	if (err)
		return err;
	if (!is_unchanged(content->fd, content->inode)) {
		close(content->fd);
		return xip_source_fail(
			source, content->inode->origin, 0, diag, "changed since it was scanned");
	}
	if (has_more(content->fd, content->inode)) {
		close(content->fd);
		return xip_source_fail(source, content->inode->origin, 0, diag,
			"has more content than its size says (a file of /proc, or of a file system "
			"like it?): exclude it or copy it");
	}
	content->owned = true;
	return XIP_OK;
}

enum xip_err xip_content_open(struct xip_content *content, const struct xip_tree_inode *inode,
	const struct xip_diag *diag)
{
	*content = (struct xip_content){.inode = inode, .size = inode->size};
	if (!inode->source || !inode->origin || !xip_mode_is_regular(inode->mode))
		return xip_diag_fail(diag, XIP_ERR_SOURCE, NULL, XIP_NO_OFFSET,
			"no content to read: not a regular file of a scanned tree");
	if (inode->source->root_fd >= 0)
		return open_on_disk(content, diag);
	content->fd = inode->source->spool_fd;
	content->base = inode->content;
	return XIP_OK;
}

enum xip_err xip_content_read(const struct xip_content *content, void *buffer, size_t length,
	uint64_t offset, const struct xip_diag *diag)
{
	const struct xip_source *source = content->inode->source;
	size_t got = 0;

	if (xip_range_inside(offset, length, content->size) &&
		xip_io_pread(
			content->fd, buffer, length, content->base + offset, &got, NULL, NULL)) {
		xip_source_fail(source, content->inode->origin, errno, diag, "cannot read");
		return XIP_ERR_IO;
	}
	if (got != length)
		return xip_source_fail(source, content->inode->origin, 0, diag,
			"became shorter while it was read");
	return XIP_OK;
}

enum xip_err xip_content_close(struct xip_content *content, const struct xip_diag *diag)
{
	bool same = !content->owned || is_unchanged(content->fd, content->inode);

	if (content->owned)
		close(content->fd);
	content->fd = -1;
	content->owned = false;
	if (!same)
		return xip_source_fail(content->inode->source, content->inode->origin, 0, diag,
			"changed while it was read");
	return XIP_OK;
}
