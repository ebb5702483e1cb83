/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choosing what executes in place when flash is short: the set of programs that saves the most RAM
 * within the room there is.
 */
#ifndef XIPFS_FIT_H
#define XIPFS_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/plan/plan.h"
#include "xipfs/plan/policy.h"
#include "xipfs/tree/tree.h"

/*
 * Puts into @pages[i] how many pages of RAM are saved when file i of the plan executes in place.
 *
 * What is read-only is in RAM once for all processes, with an MMU (page cache) and without one
 * (mm/nommu.c: a private read-only mapping has VM_MAYOVERLAY, and do_mmap() lets later ones share
 * the copy). So a page counts once as soon as one process maps it: a program with instances= of
 * at least 1 (the default), or, for a library or an interpreter, any such program that needs it,
 * directly or through other libraries. A program with instances=0 saves nothing. Errors:
 * XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_fit_values(const struct xip_tree *tree, const struct xip_plan *plan,
	const struct xip_policy *policy, uint64_t *pages);

/* A set of programs that could execute in place. */
struct xip_fit_option {
	int64_t cost;   /* bytes of flash more than without any of its group; may be below 0 */
	uint64_t value; /* pages of RAM */
};

/* Programs whose costs depend on each other, since they share blocks; usually just one. */
struct xip_fit_group {
	const struct xip_fit_option *options;
	size_t option_count; /* at most XIP_FIT_OPTIONS_MAX */
	size_t chosen;       /* result: 0: no option, else its index + 1 */
};
#define XIP_FIT_OPTIONS_MAX 255

/*
 * Solves the multiple-choice knapsack exactly: at most one option of each group and, of all choices
 * whose costs add up to at most @room, one of the greatest value below @limit (UINT64_MAX: no
 * limit); among those, the cheapest. *@value is what it is worth. XIP_ERR_LIMIT: the values add up
 * to so much that the tables would need over 256 MiB; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_fit_choose(
	struct xip_fit_group *groups, size_t count, int64_t room, uint64_t limit, uint64_t *value);

#endif
