/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy changes in the tree itself.
 */
#ifndef XIPFS_POLICY_TREE_H
#define XIPFS_POLICY_TREE_H

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/plan/policy.h"
#include "xipfs/tree/tree.h"

/*
 * Replaces the part of each pattern before its first wildcard with what it leads to in @tree,
 * symlinks followed, as a system running from the tree would: "/bin/sh" with /bin -> usr/bin
 * matches /usr/bin/sh. A symlink at the end of a path is followed where a rule is about content,
 * not where it sets mode or owner or excludes. What leads nowhere stays as it is. XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_policy_resolve(
	struct xip_policy_list *list, const struct xip_tree *tree);

/*
 * Leaves out what the policy excludes, with everything below it, then sets modes and owners; before
 * xip_tree_finish. The policy's attributes for the plan do nothing here. A hard link changes under
 * all its names. XIP_ERR_SOURCE: unknown user or group; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_policy_apply(
	struct xip_tree *tree, const struct xip_policy *policy, const struct xip_diag *diag);

/*
 * Warns of each pattern, in an option or a line, that matches no entry of the finished tree;
 * exclusions excepted. XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_policy_warn_unmatched(
	const struct xip_tree *tree, const struct xip_policy *policy, const struct xip_diag *diag);

#endif
