/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a program's mappings, and what a profile says of its pages, to runs of pages. Private to
 * src/plan.
 */
#ifndef XIPFS_PLAN_RUNS_H
#define XIPFS_PLAN_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/err.h"
#include "xipfs/elf/loader.h"
#include "xipfs/plan/plan.h"

/*
 * Plans the runs of all mappings of @program that are direct. Each begins at a multiple of @align
 * bytes, or of what its mapping needs, if that is more, but never of more than @page_size.
 * XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_runs_of_program(struct xip_arena *arena,
	const struct xip_program *program, uint32_t align, uint32_t page_size,
	struct xip_plan_file *file);

/* Plans one run of all pages of the file. XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err xip_runs_of_whole_file(
	struct xip_arena *arena, uint32_t page_size, struct xip_plan_file *file);

/*
 * Keeps only those pages of the planned runs that are among the @count at @pages, ascending; notes
 * what the others were. XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_runs_keep_pages(struct xip_arena *arena,
	const struct xip_profile_page *pages, size_t count, struct xip_plan_file *file);

#endif
