/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of src/tree share only with each other.
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

/* Either a directory on disk or a spool of contents; a descriptor that is not open is -1. */
struct xip_source {
	char *path;         /* as the user gave it, for messages; malloc'ed */
	int spool_fd;       /* contents, one after the other */
	uint64_t spool_end; /* bytes of the spool that are taken */
	int root_fd;        /* the directory on disk */
	/*
	 * A place in the directory that moves step by step, down by name and up by "..": neither
	 * the depth nor the length of a path matters to it. Cheap as long as its destinations come
	 * in tree order.
	 */
	const struct xip_node *cursor;
	int cursor_fd;
	pthread_mutex_t lock; /* of the cursor, once the scan is over */
};

/* If a FIFO has taken a file's place, the open does not wait for its writer. */
#define XIP_CONTENT_OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* A source for @path with no descriptor yet, NULL when memory ran out. */
struct xip_source *xip_source_new(const char *path);

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
 * Moves the cursor to directory @to: by one step with the given name, or by whatever way. The
 * directory must still be the one that was scanned. XIP_ERR_SOURCE, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_cursor_step(struct xip_source *source, const char *name,
	const struct xip_node *to, const struct xip_diag *diag);
XIP_MUST_CHECK enum xip_err xip_cursor_move(
	struct xip_source *source, const struct xip_node *to, const struct xip_diag *diag);

/* @inode has a name, @node; the first one is remembered. */
void xip_inode_named(struct xip_tree_inode *inode, const struct xip_node *node);

/* Gives a directory the metadata of @from, another one of the same name. */
void xip_inode_redress(struct xip_tree_inode *inode, const struct xip_tree_inode *from);

/*
 * Of two names of extended attributes, either of which may be NULL, the one to report: the smaller
 * of those that mean something on a target (see xattr.c).
 */
const char *xip_xattr_choose(const char *a, const char *b);

/* Copies @name, which may be NULL, to @inode. False when memory ran out. */
bool xip_xattr_set(struct xip_tree *tree, struct xip_tree_inode *inode, const char *name);

/*
 * Finds the attributes of entry @name of the directory @fd. False when memory ran out.
 */
bool xip_xattr_scan(struct xip_tree *tree, struct xip_tree_inode *inode, int fd, const char *name);

/* The next component of @path that is not "" or "."; its length is 0 at the end. */
const char *xip_path_next(const char *path, size_t *length);

/* Puts the children of @directory in order. XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err xip_tree_sort_children(
	struct xip_tree *tree, struct xip_node *directory, const struct xip_diag *diag);

/* From here on children are found by binary search; every directory must be sorted. */
void xip_tree_drop_index(struct xip_tree *tree);

#endif
