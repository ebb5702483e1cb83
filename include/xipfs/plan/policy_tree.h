/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy changes of the tree itself.
 */
#ifndef XIPFS_POLICY_TREE_H
#define XIPFS_POLICY_TREE_H

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/plan/policy.h"
#include "xipfs/tree/tree.h"

/*
 * Leaves out what the policy excludes, with all below it, then sets modes and owners; before
 * xip_tree_finish. The policy's attributes for the plan do nothing here. A hard link changes under
 * all its names. XIP_ERR_SOURCE: unknown user or group; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_policy_apply(
	struct xip_tree *tree, const struct xip_policy *policy, const struct xip_diag *diag);

/*
 * Warns of each pattern, of an option or a line, that fits no entry of the finished tree; not of
 * exclusions. XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_policy_warn_unmatched(
	const struct xip_tree *tree, const struct xip_policy *policy, const struct xip_diag *diag);

#endif
