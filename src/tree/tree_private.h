/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of src/tree share with each other only.
 */
#ifndef XIPFS_TREE_PRIVATE_H
#define XIPFS_TREE_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "xipfs/base/diag.h"
#include "xipfs/format/format.h"
#include "xipfs/tree/tree.h"

/* Either a directory on disk or an archive's spool; a descriptor that is not open is -1. */
struct xip_source {
	char *path;   /* as the user gave it, for messages; malloc'ed */
	int spool_fd; /* contents of an archive, one behind the other */
	int root_fd;  /* the directory on disk */
	/*
	 * A place in the directory that moves step by step, down by name and up by "..": neither
	 * the depth nor the length of a path matters to it. Cheap as long as its destinations come
	 * in tree order.
	 */
	const struct xip_node *cursor;
	int cursor_fd;
	pthread_mutex_t lock; /* of the cursor, once the scan is over */
};

/* A source for @path with no descriptor yet, NULL when memory ran out. */
struct xip_source *xip_source_new(const char *path);

/* xip_tree_inode.content of a file too large for any image (over XIP_FILE_SIZE_MAX). */
#define XIP_NOT_SPOOLED UINT64_MAX

/*
 * Where the user finds @node: below the directory that was scanned, or in the archive. malloc'ed,
 * NULL when memory ran out.
 */
char *xip_source_path(const struct xip_source *source, const struct xip_node *node);

/* Reports an error about @node, with the reason when @error_number is not 0; XIP_ERR_SOURCE. */
enum xip_err xip_source_fail(const struct xip_source *source, const struct xip_node *node,
	int error_number, const struct xip_diag *diag, const char *message);

/* Device, inode number, mtime and ctime in nanoseconds. */
void xip_stamp_take(int64_t stamp[4], const struct stat *status);
bool xip_stamp_same_file(const int64_t stamp[4], const struct stat *status);

/*
 * Moves the cursor to directory @to: by one step with the given name, or by any way. The directory
 * must still be the one that was scanned. XIP_ERR_SOURCE, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_cursor_step(struct xip_source *source, const char *name,
	const struct xip_node *to, const struct xip_diag *diag);
XIP_MUST_CHECK enum xip_err xip_cursor_move(
	struct xip_source *source, const struct xip_node *to, const struct xip_diag *diag);

/* The next component of @path that is not "" or "."; its length is 0 at the end. */
const char *xip_path_next(const char *path, size_t *length);

/* From here on children are found by binary search; every directory must be sorted. */
void xip_tree_drop_index(struct xip_tree *tree);

#endif
