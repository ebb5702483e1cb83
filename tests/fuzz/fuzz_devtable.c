/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device table of any bytes, on a small tree without a source; and the same bytes as passwd(5).
 */
#include <stdlib.h>
#include <string.h>

#include "xipfs/format/format.h"
#include "xipfs/tree/devtable.h"
#include "xipfs/tree/owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct xip_tree *tree, const char *parent, const char *name, uint32_t mode,
	const char *target)
{
	struct xip_tree_inode *inode = xip_tree_inode_new(tree);

	if (!inode)
		abort();
	inode->mode = mode;
	inode->target = target;
	inode->size = target ? strlen(target) : 0;
	if (xip_tree_add(tree, xip_tree_find(tree, parent), name, strlen(name), inode, NULL, NULL))
		abort();
}

/* Walks all of the tree, so that damage shows; finish may find limits, which is fine. */
static void walk(struct xip_tree *tree)
{
	struct xip_node *node = NULL;
	size_t count = 0;

	while ((node = xip_tree_next(tree, node)))
		count++;
	if (count != tree->node_count)
		abort();
	if (xip_tree_finish(tree, false, NULL))
		return;
	while ((node = xip_tree_next(tree, node))) {
		if (node->parent &&
			xip_tree_child(tree, node->parent, node->name, node->name_length) != node)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xip_tree *tree;
	uint32_t id;

	if (xip_tree_new(&tree, NULL))
		abort();
	add(tree, "/", "dev", XIP_S_IFDIR | 0755, NULL);
	add(tree, "/", "d", XIP_S_IFDIR | 0755, NULL);
	add(tree, "/d", "f", XIP_S_IFREG | 0644, NULL);
	add(tree, "/d", "l", XIP_S_IFLNK | 0777, "../dev/./");
	add(tree, "/", "a", XIP_S_IFLNK | 0777, "/d/l/");
	add(tree, "/", "o", XIP_S_IFLNK | 0777, "o/o");
	add(tree, "/", "e", XIP_S_IFLNK | 0777, "");
	if (xip_devtable_apply_text(tree, "table", (const char *)data, size, NULL) != XIP_ERR_NOMEM)
		walk(tree);
	xip_tree_free(tree);
	if (xip_owner_find_text((const char *)data, size, "root", &id) && id == UINT32_MAX)
		abort();
	return 0;
}
