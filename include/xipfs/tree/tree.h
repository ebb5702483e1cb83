/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root file system in memory: names and metadata of every entry, but no file contents.
 * Contents stay where they are and are read through the tree's source when a stage wants them.
 *
 * Life of a tree: xip_tree_new or a scan (scan.h), then changes (xip_tree_overlay, xip_tree_add,
 * device tables), then xip_tree_finish; afterwards it is only read.
 */
#ifndef XIPFS_TREE_H
#define XIPFS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"

struct xip_node;

/*
 * What a name stands for. Hard links are several nodes with one inode: metadata lives here, so a
 * change through one name shows through all of them.
 */
struct xip_tree_inode {
	uint32_t mode;     /* type (XIP_S_IF*) and permission bits */
	uint32_t uid, gid; /* as the source says: wider than the format's fields */
	uint32_t links;    /* nodes that refer to this inode; set by xip_tree_finish */
	uint64_t size;     /* bytes of a regular file or of a symlink's target, else 0 */
	union {
		struct {
			uint32_t major, minor; /* of a device */
		};
		const char *target; /* of a symlink: @size bytes and a NUL in the tree's arena */
	};
	/* After xip_tree_finish the first node in tree order; before it, the first one added. */
	const struct xip_node *first;
	uint32_t number; /* index in xip_tree.data_inodes; regular files and symlinks only */
	bool implied;    /* private to src/tree: a directory that is not itself in its archive */
	/*
	 * The name of one of its extended attributes that an image cannot hold, in the tree's
	 * arena; NULL: it has none.
	 */
	const char *xattr;
	/* Private to src/tree. */
	struct xip_source *source;     /* where its content is; a tree may have several sources */
	const struct xip_node *origin; /* its first name there */
	union {
		uint64_t content; /* spooled: byte offset of the content in the spool */
		int64_t stamp[4]; /* disk: device, inode number, mtime and ctime in nanoseconds */
	};
};

struct xip_node {
	struct xip_node *parent; /* NULL for the root */
	struct xip_tree_inode *inode;
	const char *name; /* NUL after @name_length bytes; no '/' and no NUL inside; root: "" */
	/* After xip_tree_finish: @child_count children sorted by strcmp on unsigned bytes. */
	struct xip_node **children;
	struct xip_node *first_child; /* the children as a list, linked by @next... */
	struct xip_node *next;        /* ...sorted after xip_tree_finish, before it in any order */
	uint32_t name_length;         /* bytes */
	uint32_t child_count;
	uint32_t depth; /* 0: the root */
	/*
	 * Of a directory after xip_tree_finish: its index among all directories, in tree order.
	 * Before it, private to src/tree.
	 */
	uint32_t number;
};

struct xip_source; /* where contents come from, see scan.h */
struct xip_name_index;

struct xip_tree {
	struct xip_arena *arena;
	struct xip_node *root;
	struct xip_source *source; /* of its new inodes; owned by the tree; NULL: no content */
	struct xip_tree *below;    /* what xip_tree_overlay took in; owned by the tree */
	size_t node_count;         /* the root included */
	/* After xip_tree_finish: every regular file and symlink once, ordered by its first node. */
	struct xip_tree_inode **data_inodes;
	size_t data_inode_count;
	size_t directory_count;       /* the root included; after xip_tree_finish */
	struct xip_name_index *index; /* private to tree.c */
};

/* A tree with a root directory (mode 0755, owner 0:0). The caller frees it with xip_tree_free. */
XIP_MUST_CHECK enum xip_err xip_tree_new(struct xip_tree **tree, const struct xip_diag *diag);

/* Frees the tree, its nodes and its source; NULL is fine. */
void xip_tree_free(struct xip_tree *tree);

/* A zeroed inode in the tree's arena, of the tree's source; NULL when memory ran out. */
struct xip_tree_inode *xip_tree_inode_new(struct xip_tree *tree);

/* The child of directory @parent named by @length bytes at @name, NULL: none. Constant time. */
struct xip_node *xip_tree_child(const struct xip_tree *tree, const struct xip_node *parent,
	const char *name, size_t length);

/*
 * Adds a child that is not there yet, referring to @inode. The name is copied; it may be longer
 * than the format allows until xip_tree_finish. @node may be NULL. XIP_ERR_SOURCE: @parent is not a
 * directory, or the name is empty, ".", "..", holds '/' or NUL, or is there already; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_tree_add(struct xip_tree *tree, struct xip_node *parent,
	const char *name, size_t length, struct xip_tree_inode *inode, struct xip_node **node,
	const struct xip_diag *diag);

/*
 * Removes every node for which @drop is true, with all below it; @drop is not asked about the root
 * or about nodes below a dropped one. Not after xip_tree_finish. The nodes' memory stays with the
 * arena.
 */
void xip_tree_prune(
	struct xip_tree *tree, bool (*drop)(void *user, const struct xip_node *node), void *user);

/* How xip_tree_overlay lays one tree over another. */
enum xip_overlay {
	/*
	 * A directory over a symlink that leads to one goes there, so that in a tree whose /bin is
	 * a link to usr/bin a file for /bin ends up in /usr/bin. Other entries replace what is
	 * there; replacing a directory with entries by something else gives a warning.
	 */
	XIP_OVERLAY_SOURCE,
	/*
	 * A layer of an OCI image (image-spec, layer.md): what is there is replaced whatever it is;
	 * ".wh.NAME" removes NAME, ".wh..wh..opq" all that its directory had below.
	 */
	XIP_OVERLAY_LAYER,
};

/*
 * Lays @upper over @tree: directories merge, and have the owner and mode that @upper gives them
 * unless it only implies them; everything else in @upper wins over what @tree has. @tree owns
 * @upper afterwards, whatever the outcome. Before xip_tree_finish of either. XIP_ERR_SOURCE,
 * XIP_ERR_NOMEM: the tree must not be used any more.
 */
XIP_MUST_CHECK enum xip_err xip_tree_overlay(struct xip_tree *tree, struct xip_tree *upper,
	enum xip_overlay kind, const struct xip_diag *diag);

/*
 * Warns once when inodes of the tree have extended attributes: how many, and the first. After
 * xip_tree_finish. Errors: XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_tree_warn_xattrs(
	const struct xip_tree *tree, const struct xip_diag *diag);

/*
 * Walks an image path ("/etc/passwd", "etc//passwd", "./etc/passwd") from the root; no symlinks are
 * followed. NULL: not there. "" and "/" are the root. ".." is never found.
 */
struct xip_node *xip_tree_find(const struct xip_tree *tree, const char *path);

/*
 * As xip_tree_find, but symlinks are followed, the last one too, as a system running from the tree
 * would. NULL: not there, more than 40 links, or a path of 4096 bytes or more.
 */
struct xip_node *xip_tree_resolve(const struct xip_tree *tree, const char *path);

/*
 * The node's path with a leading '/', malloc'ed, for messages and patterns; NULL when memory ran
 * out. The root is "/".
 */
char *xip_tree_path(const struct xip_node *node);

/* The same for at most the last @components, at no cost for those above. */
char *xip_tree_path_end(const struct xip_node *node, size_t components);

/* Bytes of a path in a message or report, its NUL included: PATH_MAX. */
#define XIP_SHOWN_NODE_SIZE 4096

/*
 * The node's path for people to read, somewhere in @buffer of XIP_SHOWN_NODE_SIZE bytes; of a
 * longer one the end, with "..." before it. Allocates nothing, and takes time only for what it
 * shows.
 */
const char *xip_tree_show(const struct xip_node *node, char *buffer);

/*
 * Next node of the tree in the one order that everything is emitted in: a directory, then its
 * children and all below, each directory's children sorted (depth first, parents first). Begin
 * with NULL; NULL is the end. Needs no memory; constant time a step on average. It also works
 * before xip_tree_finish, with the children in any order.
 */
struct xip_node *xip_tree_next(const struct xip_tree *tree, const struct xip_node *node);

/* As xip_tree_next, but begins with @top and ends after the last node below it. */
struct xip_node *xip_tree_next_below(const struct xip_node *top, const struct xip_node *node);

/*
 * Sorts every directory and numbers the inodes; nothing may be added afterwards. XIP_ERR_LIMIT when
 * the format cannot hold the tree, each fault being reported with the node's path:
 * - a name over 252 bytes, a file of 16 MiB or more, a directory whose entries take as much, a uid
 *   over 65535, a gid over 255 (widths in include/uapi/linux/cramfs_fs.h);
 * - a device number over 255:255 (old_decode_dev() in include/linux/kdev_t.h);
 * - a mode without one of the seven types (get_cramfs_inode() in fs/cramfs/inode.c);
 * - a symlink whose target is empty, or longer than 4095 bytes, where page_get_link() in fs/namei.c
 *   cuts it at the smallest page size, and where PATH_MAX ends.
 * After 20 faults only the number of the others is reported. With @truncate_ids owners are cut to
 * the width of their field, with a warning, instead. Also XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_tree_finish(
	struct xip_tree *tree, bool truncate_ids, const struct xip_diag *diag);

/* Every owner becomes 0:0. */
void xip_tree_squash_owners(struct xip_tree *tree);

#endif
