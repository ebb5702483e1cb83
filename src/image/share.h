/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the layout shares. Private to src/image.
 *
 * Two inodes may share a pointer table, and so an inode number, only when type, mode and owner are
 * equal (cramino() makes the number from the data offset, and iget5_locked() then gives both names
 * one inode). Other files with equal blocks share the blocks, each through a table of its own.
 */
#ifndef XIPFS_IMAGE_SHARE_H
#define XIPFS_IMAGE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "placement.h"
#include "xipfs/base/err.h"
#include "xipfs/image/layout.h"

/* What the layout notes about one payload; all zero at first. */
struct xip_share_mark {
	const struct xip_payload *before; /* the one after which it lies; NULL: none */
	uint32_t position;                /* bytes from the start of the image, when @placed */
	bool seen;                        /* an earlier file has this block */
	bool direct; /* it needs a 16-bit length before it, for a direct pointer */
	bool placed;
};

/*
 * For each data inode the number of the first one whose table it can use (its own when none), into
 * @files[].sharer; and into @twins[] the first one with the same blocks whatever its owner and
 * mode. XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_share_files(
	const struct xip_placement *placement, struct xip_layout_file *files, uint32_t *twins);

/*
 * A payload is laid out once and shared by all files when that is worth the direct pointers it
 * takes; @blocks: the layout may share single blocks at all.
 */
bool xip_share_is_worth(const struct xip_payload *payload, bool blocks);

/*
 * Walks one file's blocks in order and tells for each how it is reached. Both passes of the
 * layout take the same steps, so they cannot disagree.
 */
struct xip_share_walk {
	bool blocks;                      /* single blocks may be shared */
	struct xip_share_mark *marks;     /* index: xip_payload.number */
	const struct xip_payload *before; /* the shared block whose end is where we are */
	bool at_end;                      /* where we are is the end of all that is laid out */
};

enum xip_share_step {
	XIP_STEP_APPEND,        /* new bytes, right where the block before ends */
	XIP_STEP_APPEND_DIRECT, /* new bytes after a 16-bit length */
	XIP_STEP_REFER,         /* shared bytes, right where the block before ends */
	XIP_STEP_REFER_DIRECT,  /* shared bytes after a 16-bit length */
};

/* At the start of a file, right after its pointer table. */
void xip_share_begin(struct xip_share_walk *walk, struct xip_share_mark *marks, bool blocks);
/* Past a block in the XIP region. */
void xip_share_pass_xip(struct xip_share_walk *walk);
/* First pass: notes which block lies after which, and which blocks need to be direct. */
void xip_share_note(struct xip_share_walk *walk, const struct xip_payload *payload);
/* Second pass, over the same files in the same order. */
enum xip_share_step xip_share_step(struct xip_share_walk *walk, const struct xip_payload *payload);

#endif
