/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a layout is made of: the plan, which may be one that --fit has cut, and the blocks for it.
 * Private to src/image.
 */
#ifndef XIPFS_IMAGE_PLACEMENT_H
#define XIPFS_IMAGE_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "xipfs/image/encode.h"
#include "xipfs/plan/plan.h"
#include "xipfs/tree/tree.h"

struct xip_placement {
	const struct xip_tree *tree;
	const struct xip_plan *plan;
	const struct xip_encoding *encoding;
};

/* The number of runs of file @number in the XIP region. */
static inline uint32_t xip_placement_runs(const struct xip_placement *placement, uint32_t number)
{
	return placement->plan->files[number].run_count;
}

/* True when block @block of the file lies there; *@run (may be NULL) is the run's index. */
static inline bool xip_placement_is_xip(
	const struct xip_placement *placement, uint32_t number, uint32_t block, uint32_t *run)
{
	return xip_plan_is_xip(&placement->plan->files[number], block, run);
}

/* Its payload, accordingly; NULL: a hole. */
static inline const struct xip_payload *xip_placement_block(
	const struct xip_placement *placement, uint32_t number, uint32_t block)
{
	const struct xip_encoded_file *file = &placement->encoding->files[number];

	if (file->packed && !xip_placement_is_xip(placement, number, block, NULL))
		return file->packed[block];
	return file->blocks[block];
}

#endif
