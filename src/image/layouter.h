/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A layout in the making: what its source files share. layout.c lays out everything but the XIP
 * region, which is in region.c; both add extents through layouter.c.
 */
#ifndef XIPFS_LAYOUTER_H
#define XIPFS_LAYOUTER_H

#include "placement.h"
#include "share.h"
#include "xipfs/image/layout.h"

struct layouter {
	const struct xip_placement *in;
	const struct xip_layout_options *options;
	const struct xip_diag *diag;
	struct xip_layout *layout;
	uint32_t *twins;              /* see xip_share_files */
	struct xip_share_mark *marks; /* index: xip_payload.number */
	uint32_t **tables;            /* the pointers of each file that has a table of its own */
	uint64_t cursor;              /* end of all that is laid out so far, bytes */
	uint64_t last_entry;          /* where the last directory entry begins */
	bool blocks;                  /* single blocks may be shared */
	bool extended;                /* some pointer has a flag */
	bool holes;                   /* some block is a hole */
};

static inline uint32_t xip_layouter_page(const struct layouter *l)
{
	return l->in->plan->page_size;
}

/* Does file @number have a pointer table that is not another file's? */
static inline bool xip_layouter_own_table(const struct layouter *l, uint32_t number)
{
	return l->layout->files[number].sharer == number &&
	       l->in->encoding->files[number].block_count;
}

/*
 * Adds an extent of @length bytes at the next multiple of @align. Extents come in ascending order;
 * room was made for all of them.
 */
struct xip_layout_extent *xip_layouter_extent(
	struct layouter *l, enum xip_layout_extent_kind kind, uint32_t align, uint64_t length);

/*
 * Plans the region: the start of each run, in bytes from the region's own start, into @starts.
 * Returns the region's length in bytes, and in @align the boundary that it must begin at.
 */
uint64_t xip_region_plan(struct layouter *l, uint64_t **starts, uint32_t *align);

/* Lays the region out after all that is laid out so far. */
void xip_region_place(struct layouter *l, uint64_t *const *starts, uint32_t align);

#endif
