/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do the programs of a tree fit one kernel, the one that mounts the image?
 */
#ifndef XIPFS_PLAN_TARGET_H
#define XIPFS_PLAN_TARGET_H

#include "xipfs/plan/plan.h"

/*
 * Warns of executable ELF files in the other byte order than the image's, and of those for several
 * machines. XIP_ERR_SOURCE: more of them are in the other order than in the image's, which nobody
 * asked for.
 */
XIP_MUST_CHECK enum xip_err xip_plan_check_target(const struct xip_tree *tree,
	const struct xip_plan *plan, const struct xip_policy *policy, const struct xip_diag *diag);

#endif
