/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a tree came from: names for messages, and a way to any of its directories on disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree_private.h"
#include "xipfs/tree/scan.h"

struct xip_source *xip_source_new(const char *path)
{
	struct xip_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->root_fd = -1;
	source->spool_fd = -1;
	source->cursor_fd = -1;
	source->path = strdup(path);
	if (!source->path || pthread_mutex_init(&source->lock, NULL)) {
		free(source->path);
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
	if (source->cursor_fd >= 0)
		close(source->cursor_fd);
	pthread_mutex_destroy(&source->lock);
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

enum xip_err xip_cursor_step(struct xip_source *source, const char *name, const struct xip_node *to,
	const struct xip_diag *diag)
{
	int fd = openat(source->cursor_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return xip_source_fail(source, to, errno, diag, "cannot open the directory");
	if (fstat(fd, &status) < 0 || !xip_stamp_same_file(to->inode->stamp, &status)) {
		close(fd);
		return xip_source_fail(source, to, 0, diag, "was moved or replaced");
	}
	close(source->cursor_fd);
	source->cursor_fd = fd;
	source->cursor = to;
	return XIP_OK;
}

enum xip_err xip_cursor_move(
	struct xip_source *source, const struct xip_node *to, const struct xip_diag *diag)
{
	const struct xip_node *common = source->cursor, *node = to;
	const struct xip_node **down;
	enum xip_err err = XIP_OK;

	while (common->depth > node->depth)
		common = common->parent;
	while (node->depth > common->depth)
		node = node->parent;
	while (node != common) {
		node = node->parent;
		common = common->parent;
	}
	down = malloc((size_t)(to->depth - common->depth + 1) * sizeof(*down));
	if (!down)
		return xip_diag_nomem(diag);
	for (node = to; node != common; node = node->parent)
		down[node->depth - common->depth] = node;
	while (!err && source->cursor != common)
		err = xip_cursor_step(source, "..", source->cursor->parent, diag);
	while (!err && source->cursor != to) {
		node = down[source->cursor->depth + 1 - common->depth];
		err = xip_cursor_step(source, node->name, node, diag);
	}
	free(down);
	return err;
}
