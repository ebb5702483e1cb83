/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/policy_tree.h"

#include <stdlib.h>

#include "xipfs/format.h"
#include "xipfs/owner.h"

struct applier {
	struct xip_tree *tree;
	const struct xip_policy *policy;
	const struct xip_diag *diag;
	enum xip_err err;
};

static bool is_excluded(void *user, const struct xip_node *node)
{
	struct applier *applier = user;
	char *path = xip_tree_path(node);
	size_t rule;

	if (!path) {
		applier->err = XIP_ERR_NOMEM;
		return false;
	}
	rule = xip_policy_match(applier->policy, XIP_ATTR_EXCLUDE, path);
	free(path);
	return rule != SIZE_MAX && applier->policy->rules[rule].value;
}

static enum xip_err change(struct applier *applier, const struct xip_node *node)
{
	const struct xip_policy *policy = applier->policy;
	struct xip_tree_inode *inode = node->inode;
	char *path = xip_tree_path(node);
	size_t mode, owner;

	if (!path)
		return XIP_ERR_NOMEM;
	mode = xip_policy_match(policy, XIP_ATTR_MODE, path);
	owner = xip_policy_match(policy, XIP_ATTR_OWNER, path);
	free(path);
	/* The mode of a symlink is always 0777 and means nothing. */
	if (mode != SIZE_MAX && (inode->mode & XIP_S_IFMT) != XIP_S_IFLNK)
		inode->mode = (inode->mode & XIP_S_IFMT) | (uint32_t)policy->rules[mode].value;
	if (owner == SIZE_MAX)
		return XIP_OK;
	return xip_owner_parse(applier->tree, policy->rules[owner].text, &inode->uid, &inode->gid,
		policy->rules[owner].file, policy->rules[owner].line, applier->diag);
}

enum xip_err xip_policy_apply(
	struct xip_tree *tree, const struct xip_policy *policy, const struct xip_diag *diag)
{
	struct applier applier = {.tree = tree, .policy = policy, .diag = diag};
	const struct xip_node *node = NULL;

	if (xip_policy_sets(policy, XIP_ATTR_EXCLUDE))
		xip_tree_prune(tree, is_excluded, &applier);
	if (xip_policy_sets(policy, XIP_ATTR_MODE) || xip_policy_sets(policy, XIP_ATTR_OWNER))
		while (!applier.err && (node = xip_tree_next(tree, node)))
			applier.err = change(&applier, node);
	return applier.err == XIP_ERR_NOMEM ? xip_diag_nomem(diag) : applier.err;
}
