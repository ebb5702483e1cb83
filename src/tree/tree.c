/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/tree/tree.h"

#include <stdlib.h>
#include <string.h>

#include "tree_private.h"
#include "xipfs/base/bytes.h"
#include "xipfs/format/format.h"
#include "xipfs/tree/scan.h"

/* Open addressing over (parent, name). Only lookups depend on addresses, never an order. */
struct xip_name_index {
	struct xip_node **slots;
	size_t capacity; /* a power of two, or 0 */
	size_t used;
};

#define INDEX_FIRST 64u

static size_t index_start(const struct xip_name_index *index, const struct xip_node *parent,
	const char *name, size_t length)
{
	uint64_t hash = xip_bytes_hash((const uint8_t *)name, length);

	hash ^= (uint64_t)(uintptr_t)parent * 0x9e3779b97f4a7c15u;
	hash ^= hash >> 32;
	return (size_t)hash & (index->capacity - 1);
}

/* The slot that holds the child, or the free one where it belongs. */
static struct xip_node **index_slot(const struct xip_name_index *index,
	const struct xip_node *parent, const char *name, size_t length)
{
	size_t i = index_start(index, parent, name, length);

	for (;; i = (i + 1) & (index->capacity - 1)) {
		const struct xip_node *node = index->slots[i];

		if (!node || (node->parent == parent && node->name_length == length &&
				     !memcmp(node->name, name, length)))
			return &index->slots[i];
	}
}

static void index_put(struct xip_name_index *index, struct xip_node *node)
{
	*index_slot(index, node->parent, node->name, node->name_length) = node;
	index->used++;
}

/* Makes room for one more name. False when memory ran out; the index is then as it was. */
static bool index_reserve(struct xip_name_index *index)
{
	struct xip_name_index larger = {.capacity = INDEX_FIRST};

	if (index->used < index->capacity - index->capacity / 8)
		return true;
	if (index->capacity && !xip_mul_size(index->capacity, 2, &larger.capacity))
		return false;
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < index->capacity; i++) {
		if (index->slots[i])
			index_put(&larger, index->slots[i]);
	}
	free(index->slots);
	*index = larger;
	return true;
}

void xip_tree_drop_index(struct xip_tree *tree)
{
	if (tree->index)
		free(tree->index->slots);
	free(tree->index);
	tree->index = NULL;
}

enum xip_err xip_tree_new(struct xip_tree **tree, const struct xip_diag *diag)
{
	struct xip_tree *new = calloc(1, sizeof(*new));

	if (new) {
		new->arena = xip_arena_new();
		new->index = calloc(1, sizeof(*new->index));
	}
	if (new &&new->arena)
		new->root = xip_arena_alloc(new->arena, sizeof(*new->root));
	if (new &&new->root)
		new->root->inode = xip_tree_inode_new(new);
	if (!new || !new->index || !new->root || !new->root->inode) {
		xip_tree_free(new);
		return xip_diag_nomem(diag);
	}
	new->root->name = "";
	new->root->inode->mode = XIP_S_IFDIR | 0755;
	new->root->inode->implied = true;
	xip_inode_named(new->root->inode, new->root);
	new->node_count = 1;
	*tree = new;
	return XIP_OK;
}

void xip_tree_free(struct xip_tree *tree)
{
	while (tree) {
		struct xip_tree *below = tree->below;

		xip_source_free(tree->source);
		xip_tree_drop_index(tree);
		xip_arena_free(tree->arena);
		free(tree);
		tree = below;
	}
}

struct xip_tree_inode *xip_tree_inode_new(struct xip_tree *tree)
{
	struct xip_tree_inode *inode = xip_arena_alloc(tree->arena, sizeof(*inode));

	if (inode)
		inode->source = tree->source;
	return inode;
}

/* Compares, as strcmp does, names of @length and @b->name_length bytes without NUL. */
static int compare_name(const char *name, size_t length, const struct xip_node *b)
{
	size_t common = length < b->name_length ? length : b->name_length;
	int order = memcmp(name, b->name, common);

	return order ? order : (length > b->name_length) - (length < b->name_length);
}

struct xip_node *xip_tree_child(
	const struct xip_tree *tree, const struct xip_node *parent, const char *name, size_t length)
{
	uint32_t low = 0, high = parent->child_count;

	if (tree->index)
		return tree->index->capacity ? *index_slot(tree->index, parent, name, length)
					     : NULL;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare_name(name, length, parent->children[middle]);

		if (!order)
			return parent->children[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool name_is_valid(const char *name, size_t length)
{
	if (!length || length > UINT32_MAX || memchr(name, '/', length) ||
		memchr(name, '\0', length))
		return false;
	return !(length == 1 && name[0] == '.') &&
	       !(length == 2 && name[0] == '.' && name[1] == '.');
}

static enum xip_err add_refused(
	const struct xip_node *parent, const char *name, size_t length, const struct xip_diag *diag)
{
	char buffer[XIP_SHOWN_NODE_SIZE];
	const char *path = xip_tree_show(parent, buffer);
	int shown = length < 4096 ? (int)length : 4096;

	if (!xip_mode_is_directory(parent->inode->mode))
		xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
			"is not a directory: \"%.*s\" cannot be in it", shown, name);
	else if (!name_is_valid(name, length))
		xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
			"\"%.*s\" cannot be a name in a directory", shown, name);
	else
		xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET, "\"%.*s\" is there twice",
			shown, name);
	return XIP_ERR_SOURCE;
}

void xip_inode_named(struct xip_tree_inode *inode, const struct xip_node *node)
{
	if (!inode->first)
		inode->first = node;
	if (!inode->origin)
		inode->origin = node;
}

void xip_inode_redress(struct xip_tree_inode *inode, const struct xip_tree_inode *from)
{
	inode->mode = from->mode;
	inode->uid = from->uid;
	inode->gid = from->gid;
	inode->xattr = from->xattr;
	inode->implied = from->implied;
}

enum xip_err xip_tree_add(struct xip_tree *tree, struct xip_node *parent, const char *name,
	size_t length, struct xip_tree_inode *inode, struct xip_node **node,
	const struct xip_diag *diag)
{
	struct xip_node *new;

	if (!xip_mode_is_directory(parent->inode->mode) || !name_is_valid(name, length) ||
		xip_tree_child(tree, parent, name, length))
		return add_refused(parent, name, length, diag);
	if (!index_reserve(tree->index))
		return xip_diag_nomem(diag);
	new = xip_arena_alloc(tree->arena, sizeof(*new));
	if (!new)
		return xip_diag_nomem(diag);
	new->name = xip_arena_strndup(tree->arena, name, length);
	if (!new->name)
		return xip_diag_nomem(diag);
	new->name_length = (uint32_t)length;
	new->parent = parent;
	new->depth = parent->depth + 1;
	new->inode = inode;
	xip_inode_named(inode, new);
	new->next = parent->first_child;
	parent->first_child = new;
	parent->child_count++;
	tree->node_count++;
	index_put(tree->index, new);
	if (node)
		*node = new;
	return XIP_OK;
}

static void prune_children(struct xip_node *directory,
	bool (*drop)(void *user, const struct xip_node *node), void *user)
{
	struct xip_node **link = &directory->first_child;

	while (*link) {
		if (drop(user, *link)) {
			*link = (*link)->next;
			directory->child_count--;
		} else {
			link = &(*link)->next;
		}
	}
}

void xip_tree_prune(
	struct xip_tree *tree, bool (*drop)(void *user, const struct xip_node *node), void *user)
{
	struct xip_name_index *index = tree->index;
	struct xip_node *node = NULL;

	if (index->capacity)
		memset(index->slots, 0, index->capacity * sizeof(*index->slots));
	index->used = 0;
	tree->node_count = 0;
	while ((node = xip_tree_next(tree, node))) {
		tree->node_count++;
		if (node->parent)
			index_put(index, node);
		prune_children(node, drop, user);
	}
}

struct xip_node *xip_tree_find(const struct xip_tree *tree, const char *path)
{
	struct xip_node *node = tree->root;
	size_t length;

	for (path = xip_path_next(path, &length); node && length;
		path = xip_path_next(path + length, &length))
		node = xip_tree_child(tree, node, path, length);
	return node;
}

struct xip_node *xip_tree_next_below(const struct xip_node *top, const struct xip_node *node)
{
	if (node->first_child)
		return node->first_child;
	while (node != top && !node->next)
		node = node->parent;
	return node == top ? NULL : node->next;
}

struct xip_node *xip_tree_next(const struct xip_tree *tree, const struct xip_node *node)
{
	return node ? xip_tree_next_below(tree->root, node) : tree->root;
}

void xip_tree_squash_owners(struct xip_tree *tree)
{
	struct xip_node *node = NULL;

	while ((node = xip_tree_next(tree, node))) {
		node->inode->uid = 0;
		node->inode->gid = 0;
	}
}
