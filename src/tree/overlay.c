/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One tree over another.
 *
 * First everything that must go is marked and removed, then what the upper tree has is added. Both
 * walks go through the upper tree in tree order, so that names that end up in one place do so in an
 * order that does not depend on the source, and keep track of the way down the lower tree beside
 * it.
 * What symlinks lead to is decided in the first walk, while the lower tree is still as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "tree_private.h"
#include "xipfs/base/bytes.h"

#define WHITEOUT ".wh."
#define OPAQUE   ".wh..wh..opq"

/* xip_node.number of a node that is to go. */
#define DOOMED 1u

/* A directory of the upper tree that goes where a symlink of the lower one leads. */
struct detour {
	const struct xip_node *upper;
	struct xip_node *lower;
};

struct overlay {
	struct xip_tree *tree;
	struct xip_tree *upper;
	enum xip_overlay kind;
	const struct xip_diag *diag;
	/* The lower directory beside each one on the way down, by depth; NULL: there is none. */
	struct xip_node **way;
	size_t way_room;
	struct detour *detours; /* in the order of the walk */
	size_t detour_count, detour_room, detour_next;
};

static bool is_whiteout(const struct overlay *overlay, const struct xip_node *node)
{
	return overlay->kind == XIP_OVERLAY_LAYER &&
	       !strncmp(node->name, WHITEOUT, strlen(WHITEOUT));
}

/* Makes room for one more item of *@array. */
static bool reserve(void **array, size_t *room, size_t count, size_t size)
{
	size_t larger = *room ? *room * 2 : 64, bytes;
	void *new;

	if (count < *room)
		return true;
	if (!xip_mul_size(larger, size, &bytes))
		return false;
	new = realloc(*array, bytes);
	if (!new)
		return false;
	*array = new;
	*room = larger;
	return true;
}

static enum xip_err set_way(struct overlay *overlay, uint32_t depth, struct xip_node *lower)
{
	void *way = overlay->way;

	if (!reserve(&way, &overlay->way_room, depth, sizeof(*overlay->way)))
		return xip_diag_nomem(overlay->diag);
	overlay->way = way;
	overlay->way[depth] = lower;
	return XIP_OK;
}

static bool is_directory(const struct xip_node *node)
{
	return node && xip_mode_is_directory(node->inode->mode);
}

/* The node of the lower tree that has the name of @node, in the directory that the walk is in. */
static struct xip_node *find_lower(const struct overlay *overlay, const struct xip_node *node)
{
	struct xip_node *directory = node->depth ? overlay->way[node->depth - 1] : NULL;

	if (!node->parent)
		return overlay->tree->root;
	return directory ? xip_tree_child(overlay->tree, directory, node->name, node->name_length)
			 : NULL;
}

/* --- The first walk: what must go ------------------------------------------------------------ */

static void doom_children(struct xip_node *directory)
{
	for (struct xip_node *child = directory->first_child; child; child = child->next)
		child->number = DOOMED;
}

static bool is_doomed(void *user, const struct xip_node *node)
{
	(void)user;
	return node->number == DOOMED;
}

static void apply_whiteout(const struct overlay *overlay, const struct xip_node *node)
{
	struct xip_node *directory = overlay->way[node->depth - 1], *victim;
	const char *name = node->name + strlen(WHITEOUT);

	if (!directory)
		return;
	if (!strcmp(node->name, OPAQUE)) {
		doom_children(directory);
		return;
	}
	victim = xip_tree_child(overlay->tree, directory, name, strlen(name));
	if (victim)
		victim->number = DOOMED;
}

/* A directory meets a symlink: notes where it leads when that is a directory. */
static enum xip_err follow(
	struct overlay *overlay, const struct xip_node *node, struct xip_node **lower)
{
	char *path = xip_tree_path(*lower);
	struct xip_node *target = path ? xip_tree_resolve(overlay->tree, path) : NULL;
	void *detours = overlay->detours;

	free(path);
	*lower = NULL;
	if (!path)
		return xip_diag_nomem(overlay->diag);
	if (!is_directory(target))
		return XIP_OK;
	if (!reserve(&detours, &overlay->detour_room, overlay->detour_count,
		    sizeof(*overlay->detours)))
		return xip_diag_nomem(overlay->diag);
	overlay->detours = detours;
	overlay->detours[overlay->detour_count++] = (struct detour){node, target};
	*lower = target;
	return XIP_OK;
}

static enum xip_err warn_of_replacement(const struct overlay *overlay, const struct xip_node *lower)
{
	char *path;

	if (overlay->kind != XIP_OVERLAY_SOURCE || !lower->child_count)
		return XIP_OK;
	path = xip_tree_path(lower);
	if (!path)
		return xip_diag_nomem(overlay->diag);
	xip_diag_warn(overlay->diag, path, XIP_NO_OFFSET,
		"a later source has something other than a directory here: all that was in it "
		"is gone");
	free(path);
	return XIP_OK;
}

static enum xip_err clear_node(struct overlay *overlay, const struct xip_node *node)
{
	struct xip_node *lower = find_lower(overlay, node);
	enum xip_err err = XIP_OK;

	if (!xip_mode_is_directory(node->inode->mode)) {
		if (is_directory(lower)) {
			err = warn_of_replacement(overlay, lower);
			doom_children(lower);
		}
		return err;
	}
	if (lower && overlay->kind == XIP_OVERLAY_SOURCE && xip_mode_is_symlink(lower->inode->mode))
		err = follow(overlay, node, &lower);
	return err ? err : set_way(overlay, node->depth, is_directory(lower) ? lower : NULL);
}

/* Whiteouts take effect whatever else the layer has, and in any order. */
static enum xip_err clear_lower(struct overlay *overlay)
{
	const struct xip_node *node = NULL;
	enum xip_err err = XIP_OK;

	while (!err && (node = xip_tree_next(overlay->upper, node))) {
		if (is_whiteout(overlay, node))
			apply_whiteout(overlay, node);
		else
			err = clear_node(overlay, node);
	}
	return err;
}

/* --- The second walk: what comes ------------------------------------------------------------- */

/* True when @node still hangs on the tree: nothing on its way up is doomed. */
static bool is_alive(const struct xip_node *node)
{
	while (node && node->number != DOOMED)
		node = node->parent;
	return !node;
}

/* The directory that @node, whose own place is taken by a symlink, goes to; NULL: it replaces it.
 */
static struct xip_node *take_detour(struct overlay *overlay, const struct xip_node *node)
{
	const struct detour *detour;

	if (overlay->detour_next == overlay->detour_count)
		return NULL;
	detour = &overlay->detours[overlay->detour_next];
	if (detour->upper != node)
		return NULL;
	overlay->detour_next++;
	return is_alive(detour->lower) && is_directory(detour->lower) ? detour->lower : NULL;
}

/*
 * Gives the name of @lower to @node. A directory that still has entries got them from the same
 * tree, under a name that a symlink leads to the same place.
 */
static enum xip_err replace(
	const struct overlay *overlay, struct xip_node *lower, const struct xip_node *node)
{
	enum xip_err err = XIP_OK;
	char *path;

	if (!lower->child_count) {
		lower->inode = node->inode;
		node->inode->first = lower;
		return XIP_OK;
	}
	path = xip_tree_path(lower);
	err = path ? xip_diag_fail(overlay->diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
			     "a directory and something else come to this place, one of them "
			     "through a symlink")
		   : xip_diag_nomem(overlay->diag);
	free(path);
	return err;
}

static enum xip_err add_node(struct overlay *overlay, struct xip_node *node)
{
	struct xip_node *lower = find_lower(overlay, node);
	struct xip_node *detour = take_detour(overlay, node);
	bool directory = xip_mode_is_directory(node->inode->mode);
	enum xip_err err = XIP_OK;

	if (detour) {
		lower = detour;
	} else if (!lower) {
		err = xip_tree_add(overlay->tree, overlay->way[node->depth - 1], node->name,
			node->name_length, node->inode, &lower, overlay->diag);
		if (!err)
			node->inode->first = lower;
	} else if (directory && is_directory(lower)) {
		if (!node->inode->implied)
			xip_inode_redress(lower->inode, node->inode);
	} else {
		err = replace(overlay, lower, node);
	}
	return err || !directory ? err : set_way(overlay, node->depth, lower);
}

static enum xip_err add_upper(struct overlay *overlay)
{
	struct xip_node *node = NULL;
	enum xip_err err = XIP_OK;

	while (!err && (node = xip_tree_next(overlay->upper, node))) {
		if (!is_whiteout(overlay, node))
			err = add_node(overlay, node);
	}
	return err;
}

/*
 * Sorts the upper tree, and checks its whiteouts: one that is a directory would have entries that
 * go nowhere.
 */
static enum xip_err prepare(const struct overlay *overlay)
{
	struct xip_node *node = NULL;

	while ((node = xip_tree_next(overlay->upper, node))) {
		char *path;
		enum xip_err err = xip_tree_sort_children(overlay->upper, node, overlay->diag);

		if (err)
			return err;
		if (!is_whiteout(overlay, node) ||
			(xip_mode_is_regular(node->inode->mode) && node->name[strlen(WHITEOUT)]))
			continue;
		path = xip_tree_path(node);
		err = path ? xip_diag_fail(overlay->diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
				     "a whiteout of a layer must be a file with a name to take "
				     "away")
			   : xip_diag_nomem(overlay->diag);
		free(path);
		return err;
	}
	return XIP_OK;
}

enum xip_err xip_tree_overlay(struct xip_tree *tree, struct xip_tree *upper, enum xip_overlay kind,
	const struct xip_diag *diag)
{
	struct overlay overlay = {.tree = tree, .upper = upper, .kind = kind, .diag = diag};
	enum xip_err err = prepare(&overlay);

	if (!err)
		err = clear_lower(&overlay);
	if (!err) {
		xip_tree_prune(tree, is_doomed, NULL);
		err = add_upper(&overlay);
	}
	free(overlay.way);
	free(overlay.detours);
	xip_tree_drop_index(upper);
	/* Nodes and sources of the upper tree are where the contents are found. */
	while (upper) {
		struct xip_tree *next = upper->below;

		upper->below = tree->below;
		tree->below = upper;
		upper = next;
	}
	return err;
}
