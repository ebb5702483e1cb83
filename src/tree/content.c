/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the contents of regular files back from where the scan found them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree_private.h"
#include "xipfs/bytes.h"
#include "xipfs/io.h"
#include "xipfs/scan.h"

struct xip_source *xip_source_new(const char *path)
{
	struct xip_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->root_fd = -1;
	source->spool_fd = -1;
	source->path = strdup(path);
	if (!source->path) {
		free(source);
		return NULL;
	}
	return source;
}

void xip_source_free(struct xip_source *source)
{
	if (!source)
		return;
	if (source->root_fd >= 0)
		close(source->root_fd);
	if (source->spool_fd >= 0)
		close(source->spool_fd);
	free(source->path);
	free(source);
}

char *xip_source_path(const struct xip_source *source, const struct xip_node *node)
{
	char *below = xip_tree_path(node);
	size_t length = strlen(source->path);
	char *path;

	if (!below || source->root_fd < 0)
		return below;
	while (length && source->path[length - 1] == '/')
		length--;
	path = malloc(length + strlen(below) + 1);
	if (path) {
		memcpy(path, source->path, length);
		strcpy(path + length, node->parent || !length ? below : "");
	}
	free(below);
	return path;
}

enum xip_err xip_source_fail(const struct xip_source *source, const struct xip_node *node,
	int error_number, const struct xip_diag *diag, const char *message)
{
	char *path = xip_source_path(source, node);

	if (!path)
		return xip_diag_nomem(diag);
	if (error_number)
		xip_diag_fail_errno(diag, error_number, path, "%s", message);
	else
		xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET, "%s", message);
	free(path);
	return XIP_ERR_SOURCE;
}

void xip_stamp_take(int64_t stamp[4], const struct stat *status)
{
	stamp[0] = (int64_t)status->st_dev;
	stamp[1] = (int64_t)status->st_ino;
	stamp[2] = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
	stamp[3] = (int64_t)status->st_ctim.tv_sec * 1000000000 + status->st_ctim.tv_nsec;
}

bool xip_stamp_same_file(const int64_t stamp[4], const struct stat *status)
{
	return stamp[0] == (int64_t)status->st_dev && stamp[1] == (int64_t)status->st_ino;
}

/* True when @fd is still the file of the scan, with the content of the scan. */
static bool is_unchanged(int fd, const struct xip_tree_inode *inode)
{
	int64_t stamp[4];
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size < 0)
		return false;
	xip_stamp_take(stamp, &status);
	return !memcmp(stamp, inode->stamp, sizeof(stamp)) && (uint64_t)status.st_size == inode->size;
}

/*
 * Opens relative path @path, which may be longer than the kernel takes at once. What lies between
 * is opened piece by piece; @path is cut up on the way. -1 with errno.
 */
static int open_long(int root_fd, char *path, int flags)
{
	int fd = root_fd;

	for (;;) {
		bool whole = strlen(path) < PATH_MAX;
		char *slash = whole ? NULL : memrchr(path, '/', PATH_MAX - 1);
		int next, saved;

		if (slash)
			*slash = '\0';
		next = openat(fd, path, whole ? flags : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		saved = errno;
		if (fd != root_fd)
			close(fd);
		errno = saved;
		if (whole || next < 0)
			return next;
		fd = next;
		path = slash + 1;
	}
}

/*
 * Nothing below the root is followed on purpose. Should a directory on the way have become a
 * symlink since the scan, the device and inode numbers tell whether it led to another file.
 */
static enum xip_err open_on_disk(struct xip_content *content, const struct xip_diag *diag)
{
	const struct xip_source *source = content->tree->source;
	const struct xip_node *node = content->inode->first;
	char *path = xip_tree_path(node);

	if (!path)
		return xip_diag_nomem(diag);
	content->fd = open_long(source->root_fd, path + 1,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	free(path);
	if (content->fd < 0)
		return xip_source_fail(source, node, errno, diag, "cannot open");
	if (!is_unchanged(content->fd, content->inode)) {
		close(content->fd);
		return xip_source_fail(source, node, 0, diag, "changed since it was scanned");
	}
	content->owned = true;
	return XIP_OK;
}

enum xip_err xip_content_open(struct xip_content *content, const struct xip_tree *tree,
	const struct xip_tree_inode *inode, const struct xip_diag *diag)
{
	*content = (struct xip_content){.tree = tree, .inode = inode, .size = inode->size};
	if (!tree->source || !inode->first || !xip_mode_is_regular(inode->mode))
		return xip_diag_fail(diag, XIP_ERR_SOURCE, NULL, XIP_NO_OFFSET,
			"no content to read: no regular file of a scanned tree");
	if (tree->source->root_fd >= 0)
		return open_on_disk(content, diag);
	if (inode->content == XIP_NOT_SPOOLED)
		return xip_source_fail(tree->source, inode->first, 0, diag,
			"too large for any image: its content was not kept");
	content->fd = tree->source->spool_fd;
	content->base = inode->content;
	return XIP_OK;
}

enum xip_err xip_content_read(const struct xip_content *content, void *buffer, size_t length,
	uint64_t offset, const struct xip_diag *diag)
{
	const struct xip_source *source = content->tree->source;
	size_t got = 0;

	if (xip_range_inside(offset, length, content->size) &&
		xip_io_pread(content->fd, buffer, length, content->base + offset, &got, NULL, NULL))
		return xip_source_fail(source, content->inode->first, errno, diag, "cannot read");
	if (got != length)
		return xip_source_fail(
			source, content->inode->first, 0, diag, "became shorter while it was read");
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
		return xip_source_fail(content->tree->source, content->inode->first, 0, diag,
			"changed while it was read");
	return XIP_OK;
}
