/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
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

size_t xip_exclude_reach(const struct xip_exclude *exclude)
{
	size_t most = 1;

	for (size_t i = 0; exclude && i < exclude->count; i++) {
		size_t reach = xip_pattern_reach(exclude->patterns[i]);

		if (reach > most)
			most = reach;
	}
	return most;
}

struct pruning {
	const struct xip_exclude *exclude;
	size_t reach;
	bool no_memory;
};

static bool is_excluded(void *user, const struct xip_node *node)
{
	struct pruning *pruning = user;
	char *path = xip_tree_path_end(node, pruning->reach);
	bool excluded = path && xip_exclude_match(pruning->exclude, path);

	pruning->no_memory |= !path;
	free(path);
	return excluded;
}

enum xip_err xip_tree_exclude(
	struct xip_tree *tree, const struct xip_exclude *exclude, const struct xip_diag *diag)
{
	struct pruning pruning = {.exclude = exclude, .reach = xip_exclude_reach(exclude)};

	if (exclude && exclude->count)
		xip_tree_prune(tree, is_excluded, &pruning);
	return pruning.no_memory ? xip_diag_nomem(diag) : XIP_OK;
}

static bool is_same_file(void *user, const struct xip_node *node)
{
	const struct xip_tree_inode *inode = node->inode;

	return xip_mode_is_regular(inode->mode) && inode->source && inode->source->root_fd >= 0 &&
	       xip_stamp_same_file(inode->stamp, user);
}

bool xip_scan_leave_out(struct xip_tree *tree, const struct stat *status)
{
	struct stat file = *status;
	size_t before = tree->node_count;

	xip_tree_prune(tree, is_same_file, &file);
	return tree->node_count < before;
}
