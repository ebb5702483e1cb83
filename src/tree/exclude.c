/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tree_private.h"
#include "xipfs/base/pattern.h"
#include "xipfs/tree/scan.h"

bool xip_exclude_match(const struct xip_exclude *exclude, const char *path)
{
	if (!exclude || !path[strspn(path, "/")])
		return false;
	for (size_t i = 0; i < exclude->count; i++) {
		if (xip_pattern_match(exclude->patterns[i], path))
			return true;
	}
	return false;
}

static bool is_same_file(void *user, const struct xip_node *node)
{
	return xip_mode_is_regular(node->inode->mode) &&
	       xip_stamp_same_file(node->inode->stamp, user);
}

bool xip_scan_leave_out(struct xip_tree *tree, const struct stat *status)
{
	struct stat file = *status;
	size_t before = tree->node_count;

	if (tree->source->root_fd >= 0)
		xip_tree_prune(tree, is_same_file, &file);
	return tree->node_count < before;
}
