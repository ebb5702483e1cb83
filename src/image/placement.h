/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the plan holds: its runs, but for the files that --fit leaves out. Private to src/image.
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
	const bool *left_out; /* see xip_layout_make(); NULL: none */
};

/* The number of runs of file @number in the XIP region. */
static inline uint32_t xip_placement_runs(const struct xip_placement *placement, uint32_t number)
{
	if (placement->left_out && placement->left_out[number])
		return 0;
	return placement->plan->files[number].run_count;
}

/* True when block @block of the file lies there; *@run (may be NULL) is the run's index. */
static inline bool xip_placement_is_xip(
	const struct xip_placement *placement, uint32_t number, uint32_t block, uint32_t *run)
{
	return xip_placement_runs(placement, number) &&
	       xip_plan_is_xip(&placement->plan->files[number], block, run);
}

/* Its blocks, accordingly. */
static inline struct xip_payload *const *xip_placement_blocks(
	const struct xip_placement *placement, uint32_t number)
{
	const struct xip_encoded_file *file = &placement->encoding->files[number];

	return placement->left_out && placement->left_out[number] ? file->packed : file->blocks;
}

#endif
