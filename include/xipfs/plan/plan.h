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

/* Bytes that replace the source's in the image: a changed field of an ELF header. */
struct xip_plan_patch {
	uint32_t offset; /* bytes in the file */
	uint32_t length; /* bytes */
	uint8_t bytes[8];
};

/* A program's stack, and the section headers that xip_strip leaves out: no file has more patches.
 */
#define XIP_PLAN_PATCHES 3

/* Whether an ELF program ends in the image after the last byte that its program headers take. */
enum xip_strip {
	XIP_STRIP_UNASKED, /* no rule, or one that says no */
	XIP_STRIP_DONE,
	XIP_STRIP_NOTHING, /* it ends there anyway */
	XIP_STRIP_NOT_ELF,
	/* Refused, since somebody may need what comes after: */
	XIP_STRIP_NOT_PROGRAM,    /* a relocatable object, a core, debugging symbols, damaged */
	XIP_STRIP_KERNELS,        /* firmware or a module */
	XIP_STRIP_NOT_EXECUTABLE, /* an ET_EXEC that nobody may execute */
	XIP_STRIP_LOOKED_UP,      /* see xip_elf.looked_up */
	XIP_STRIP_APPENDIX,       /* data that neither a segment nor a section covers */
	XIP_STRIP_BEYOND_FILE,    /* its program headers are not to be trusted */
	XIP_STRIP_COUNT
};

/* The plan for one of xip_tree.data_inodes (a symlink has an empty one). */
struct xip_plan_file {
	const struct xip_plan_run *runs; /* ascending, neither overlapping nor adjacent */
	const uint32_t *rules;           /* for each attribute the index of the rule that decided;
					  * XIP_PLAN_DEFAULT: none did */
	const char *detail;              /* more about @why, static storage, may be NULL */
	const struct xip_plan_patch *patches; /* @patch_count of them */
	const struct xip_elf *elf; /* with xip_policy.fit for an ELF, else NULL; without segments */
	uint32_t size; /* bytes of the source, from its start on, that enter the image */
	uint32_t run_count;
	uint32_t cold_pages; /* with XIP_WISH_PROFILE: pages that could be in place, but are not in
			      * the profile */
	uint16_t machine;    /* EM_* of an ELF program, else 0 */
	uint8_t patch_count;
	uint8_t wish;      /* enum xip_wish: what the deciding rule wants */
	uint8_t loader;    /* enum xip_loader */
	uint8_t strip;     /* enum xip_strip */
	uint8_t why;       /* enum xip_why: XIP_WHY_DIRECT when its loader can map it from flash */
	bool stack : 1;    /* one of the patches is the size of its stack */
	bool mmu_only : 1; /* only a kernel with an MMU maps it, so XIP pages may be shared */
	bool optional : 1; /* --fit may leave its runs out */
};

#define XIP_PLAN_DEFAULT UINT32_MAX

struct xip_plan {
	struct xip_arena *arena;
	struct xip_arena **arenas; /* one per thread that planned: runs and headers live there */
	unsigned arena_count;
	struct xip_plan_file *files; /* index: number in xip_tree.data_inodes */
	size_t file_count;
	uint32_t page_size; /* bytes */
};

/*
 * Makes the plan for a finished tree on @threads threads. Warns of every program that should be
 * executed in place but cannot be, of programs in the other byte order or for several machines, of
 * a stack size that has no effect, and of a pattern of files to be stripped that fits an ELF which
 * cannot be. XIP_ERR_SOURCE: a stack size for a program without
 * PT_GNU_STACK; most programs in the other byte order, unless xip_policy.order_given. The caller
 * frees *@plan with xip_plan_free. Errors: XIP_ERR_SOURCE, XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_plan_make(const struct xip_tree *tree,
	const struct xip_policy *policy, unsigned threads, struct xip_plan **plan,
	const struct xip_diag *diag);
void xip_plan_free(struct xip_plan *plan);

/*
 * A plan with the same files, to be changed by the caller, who frees it with xip_plan_free. What
 * they point to belongs to @plan, which must outlive it. XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_plan_copy(const struct xip_plan *plan, struct xip_plan **copy);

/*
 * Applies the plan's changes to the file to @length bytes at @bytes, which were read from byte
 * @offset of the source. Whoever reads content for the image, or compares content with it, calls
 * this, and ends at xip_plan_file.size.
 */
void xip_plan_apply_patches(
	const struct xip_plan_file *file, uint8_t *bytes, size_t length, uint64_t offset);

/* True when page @page of the file is part of a run; *@run (may be NULL) is the run's index. */
bool xip_plan_is_xip(const struct xip_plan_file *file, uint32_t page, uint32_t *run);

/*
 * Appends @page to the @count ascending runs at @runs, where there is room for one more: to the
 * last one if it ends there, else as a run of its own that begins at a multiple of @align bytes.
 * Returns the number of runs.
 */
uint32_t xip_plan_append_page(
	struct xip_plan_run *runs, uint32_t count, uint32_t page, uint32_t align);

/* Number of XIP pages of the file. */
uint32_t xip_plan_pages(const struct xip_plan_file *file);

/* A short stable name of @strip for reports, and a clause for people; static storage. */
const char *xip_strip_name(enum xip_strip strip);
const char *xip_strip_text(enum xip_strip strip);

#endif
