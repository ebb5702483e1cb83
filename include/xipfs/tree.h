/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root file system in memory: names and metadata of every entry, but no file contents.
 * Contents stay where they are and are read through the tree's source when a stage wants them.
 */
#ifndef XIPFS_TREE_H
#define XIPFS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "xipfs/arena.h"
#include "xipfs/diag.h"
#include "xipfs/err.h"

/*
 * What a name stands for. Hard links are several nodes with one inode: metadata lives here, so a
 * change through one name shows at all of them.
 */
struct xip_tree_inode {
	uint32_t mode;	 /* type (XIP_S_IF*) and permission bits */
	uint32_t uid, gid; /* as the source says: wider than the format */
	uint64_t size;	 /* bytes of a regular file or of a symlink's target */
	uint32_t major, minor; /* of a device */
	uint32_t links;	 /* nodes that refer to this inode */
	uint32_t number; /* index in the order of xip_tree_finish, regular files and symlinks only;
			  * see xip_tree.data_inodes */
	uint64_t content; /* source's key: the spool offset of an archive's file; unused for directories of a disk */
	const char *target; /* a symlink's target, @size bytes and a NUL; in the tree's arena */
	const struct xip_node *first; /* set by xip_tree_finish: the first node in tree order */
	int64_t stamp[4]; /* disk sources: dev, ino, mtime and ctime in nanoseconds, to notice changes */
};

struct xip_node {
	struct xip_node *parent; /* NULL for the root */
	struct xip_tree_inode *inode;
	const char *name; /* NUL behind @name_length bytes; no '/' and no NUL inside; root: "" */
	uint32_t name_length;
	uint32_t child_count;
	/* After xip_tree_finish: sorted by strcmp on unsigned bytes. Before: in any order. */
	struct xip_node **children;
	uint32_t child_room; /* allocated slots, private to tree.c */
	uint32_t user;	     /* index free for the stage that owns the walk */
};

struct xip_source; /* where contents come from, see scan.h */

struct xip_tree {
	struct xip_arena *arena;
	struct xip_node *root;
	struct xip_source *source; /* owned by the tree */
	size_t node_count;	   /* the root included */
	/* After xip_tree_finish: every regular file and symlink once, in tree order of first sight. */
	struct xip_tree_inode **data_inodes;
	size_t data_inode_count;
	void *index; /* name index while the tree is built; private to tree.c */
};

/* A tree with a root directory (mode 0755, owner 0:0). The caller frees it with xip_tree_free. */
XIP_MUST_CHECK enum xip_err xip_tree_new(struct xip_tree **tree, const struct xip_diag *diag);
void xip_tree_free(struct xip_tree *tree);

/* A zeroed inode in the tree's arena, NULL when memory ran out. */
struct xip_tree_inode *xip_tree_inode_new(struct xip_tree *tree);

/* The child of directory @parent named by @length bytes at @name, NULL: none. Constant time. */
struct xip_node *xip_tree_child(const struct xip_tree *tree, const struct xip_node *parent,
	const char *name, size_t length);

/*
 * Adds a child that is not there yet, referring to @inode (whose link count it raises). The
 * name is copied. XIP_ERR_LIMIT: name over 252 bytes. XIP_ERR_SOURCE: empty, ".", "..", or with '/'.
 */
XIP_MUST_CHECK enum xip_err xip_tree_add(struct xip_tree *tree, struct xip_node *parent,
	const char *name, size_t length, struct xip_tree_inode *inode, struct xip_node **node,
	const struct xip_diag *diag);

/* Removes a node and all below it; its memory stays with the arena. */
void xip_tree_remove(struct xip_tree *tree, struct xip_node *node);

/*
 * Walks an image path ("/etc/passwd", "etc//passwd", "./etc/passwd") from the root; no symlinks are
 * followed. NULL: not there. "" and "/" are the root. ".." is never found.
 */
struct xip_node *xip_tree_find(const struct xip_tree *tree, const char *path);

/*
 * The node's path with a leading '/', malloc'ed, for messages and patterns; NULL when memory ran
 * out. The root is "/".
 */
char *xip_tree_path(const struct xip_node *node);

/*
 * Next node of the tree in the one order that everything is emitted in: a directory, then its
 * children and all below, each directory's children sorted (depth first, parents first). Begin
 * with NULL; NULL is the end. Needs no memory; constant time a step on average.
 */
struct xip_node *xip_tree_next(const struct xip_tree *tree, const struct xip_node *node);

/*
 * Sorts every directory and numbers the inodes; nothing may be added afterwards. Checks what the format
 * cannot hold: file of 16 MiB or more, uid over 65535, gid over 255 (hint: -q or a device table),
 * device numbers, an empty symlink or one that is not one page... each XIP_ERR_LIMIT with the path; all of them are reported
 * before it returns the first. @truncate_ids: owners are cut to their field with a warning.
 */
XIP_MUST_CHECK enum xip_err xip_tree_finish(struct xip_tree *tree, bool truncate_ids,
	const struct xip_diag *diag);

/* Every owner becomes 0:0. */
void xip_tree_squash_owners(struct xip_tree *tree);

#endif
