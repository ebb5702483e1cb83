/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which programs of an image the kernel will map from flash, by the rules of fs/cramfs/inode.c
 * cramfs_physmem_get_unmapped_area() (no MMU) and cramfs_physmem_mmap() (MMU). With a patch from
 * kernel-patches/ the latter looks at each page on its own; "page by page" below refers to that
 * kernel.
 */
#ifndef XIPFS_PROGRAMS_H
#define XIPFS_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/elf/loader.h"
#include "xipfs/inspect/map.h"
#include "xipfs/read/reader.h"

/* The fate of one mapping of a program (struct xip_mapping of the same index). */
struct xip_verdict {
	bool wanted;      /* by the loader's rules it could be mapped from flash */
	bool direct;      /* and the kernel will do so, all its pages */
	bool misaligned;  /* it will, but the address is not a multiple of xip_mapping.align */
	uint32_t pages;   /* pages mapped from flash; without an MMU all or none */
	uint64_t offset;  /* of the first page, bytes in the image, when @pages is not 0 */
	uint32_t paged;   /* with an MMU: pages mapped from flash page by page, at least @pages */
	const char *why;  /* why not all of it is direct, NULL when it is; in the arena */
	const char *lost; /* with an MMU: why some uncompressed page is mapped by no kernel, not
			   * even page by page; NULL: there is none */
};

/* One kind of kernel's view of a program. */
struct xip_view {
	struct xip_program program;   /* what the loader maps */
	struct xip_verdict *verdicts; /* one for each of program.mappings */
	bool direct;                  /* some mapping is wanted, and each that is will be direct */
	uint32_t pages;               /* sum of pages mapped from flash */
	uint32_t paged;               /* sum of pages mapped from flash page by page */
	/*
	 * With an MMU, of the pages that could be mapped from flash, each once: those that are,
	 * page by page, and those that do not lie uncompressed in the image.
	 */
	uint32_t hot, cold;
	bool clashes;    /* XIP_WHY_SHARED_PAGE, but the kernel would map both segments directly */
	bool written;    /* XIP_WHY_TEXTREL, but the kernel would map the text directly */
	const char *why; /* the first reason why not direct, NULL when it is */
};

struct xip_program_report {
	uint32_t entry; /* in the listing, the first of its names */
	uint32_t file;  /* in the map */
	enum xip_loader loader;
	struct xip_view nommu, mmu;
};

struct xip_program_list {
	struct xip_program_report *programs; /* in tree order of the listing */
	size_t count;
	struct xip_arena *arena;
};

struct xip_programs_options {
	bool all; /* also programs without a single XIP block, which nobody laid out to be mapped */
	uint64_t flash_address; /* physical address of the image; alignment is judged by it. When it
				 * is not known: any multiple of the page size except 0 */
};

/*
 * Judges the programs (ELF, bFLT) of @image. Files with unreadable blocks are left out. Errors:
 * XIP_ERR_IO, XIP_ERR_SOURCE, XIP_ERR_NOMEM. The caller frees *@list with xip_programs_free.
 */
XIP_MUST_CHECK enum xip_err xip_programs_judge(struct xip_image *image,
	const struct xip_listing *listing, const struct xip_map *map,
	const struct xip_programs_options *options, struct xip_program_list *list,
	const struct xip_diag *diag);
void xip_programs_free(struct xip_program_list *list);

/*
 * True when the image was laid out for a kernel that maps page by page: some program has hot and
 * cold pages, or pages that other kernels would read into RAM.
 */
bool xip_programs_are_by_page(const struct xip_program_list *list);

/*
 * *@other: the file is executable and an ELF program whose byte order is not the image's. A file
 * that is not executable may be for another processor. Errors: XIP_ERR_IO, XIP_ERR_NOMEM; damage is
 * no error.
 */
XIP_MUST_CHECK enum xip_err xip_program_is_other_order(
	struct xip_image *image, const struct xip_inode *inode, bool *other);

/*
 * cramfs_last_page_is_shared(): *@zero tells whether the page of a file at @last_page is zero
 * after its first @used bytes. A page that leaves the image is not: it shows what follows in
 * flash.
 */
XIP_MUST_CHECK enum xip_err xip_tail_is_zero(
	const struct xip_image *image, uint64_t last_page, uint32_t used, bool *zero);

#endif
