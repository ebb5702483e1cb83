/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: for every regular file, which of its pages are executed in place, and why or why not.
 */
#ifndef XIPFS_PLAN_H
#define XIPFS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/elf/loader.h"
#include "xipfs/plan/policy.h"
#include "xipfs/tree/tree.h"

/* A run of pages that lies uncompressed and contiguous in the XIP region. */
struct xip_plan_run {
	uint32_t first; /* page of the file */
	uint32_t count; /* pages; the last page of the file may be a partial one */
	uint32_t align; /* bytes: the run begins at a multiple of it */
};

/* Bytes that stand in the image instead of the source's: a changed field of a program header. */
struct xip_plan_patch {
	uint32_t offset; /* bytes in the file */
	uint32_t length; /* bytes */
	uint8_t bytes[8];
};

/* What an ELF is linked with: what --fit wants to know of it. All in the plan's arena. */
struct xip_plan_links {
	const char *interpreter; /* NULL: none */
	const char *runpath;     /* NULL: none */
	const char *const *needed;
	size_t needed_count;
	bool library; /* nothing that the kernel would start by itself */
};

/* The plan for one of xip_tree.data_inodes (a symlink has an empty one). */
struct xip_plan_file {
	const struct xip_plan_run *runs; /* ascending, neither overlapping nor adjacent */
	const uint32_t *rules;           /* for each attribute the index of the rule that decided;
					  * XIP_PLAN_DEFAULT: none did */
	const char *detail;              /* more about @why, static storage, may be NULL */
	const struct xip_plan_patch *patch; /* the size of its stack; NULL: as in the source */
	const struct xip_plan_links *links; /* with xip_policy.fit for an ELF, else NULL */
	uint32_t run_count;
	uint8_t wish;   /* enum xip_wish: what the deciding rule wants */
	uint8_t loader; /* enum xip_loader */
	uint8_t why;    /* enum xip_why: XIP_WHY_DIRECT when its loader can map it from flash */
	bool mmu_only;  /* only a kernel with an MMU maps it, so XIP pages may be shared */
	bool optional;  /* --fit may leave its runs out */
};

#define XIP_PLAN_DEFAULT UINT32_MAX

struct xip_plan {
	struct xip_arena *arena;
	struct xip_arena **arenas; /* one a thread that planned: runs and links live there */
	unsigned arena_count;
	struct xip_plan_file *files; /* index: number in xip_tree.data_inodes */
	size_t file_count;
	uint32_t page_size; /* bytes */
};

/*
 * Makes the plan for a finished tree on @threads threads. Warns of every program that was to be
 * executed in place and cannot be, and of a stack size that has no effect; a stack size for a
 * program without PT_GNU_STACK is XIP_ERR_SOURCE. The caller frees *@plan with xip_plan_free.
 * Errors: XIP_ERR_SOURCE, XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_plan_make(const struct xip_tree *tree,
	const struct xip_policy *policy, unsigned threads, struct xip_plan **plan,
	const struct xip_diag *diag);
void xip_plan_free(struct xip_plan *plan);

/*
 * Puts what the plan changes of the file into @length bytes at @bytes, which were read from byte
 * @offset of the source. Whoever reads a content for the image, or compares one with it, calls
 * this.
 */
void xip_plan_apply_patch(
	const struct xip_plan_file *file, uint8_t *bytes, size_t length, uint64_t offset);

/* True when page @page of the file is part of a run; *@run (may be NULL) is the run's index. */
bool xip_plan_is_xip(const struct xip_plan_file *file, uint32_t page, uint32_t *run);

/* Number of XIP pages of the file. */
uint32_t xip_plan_pages(const struct xip_plan_file *file);

#endif
