/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout: where in the image every byte goes. Computed whole before a byte is written.
 *
 * The order of the image: boot padding, super block, inserted file, directories (each one's entries
 * contiguous), then for each file its pointer table and its blocks, then, from a page boundary on,
 * the XIP region with the runs of all programs. The image is a whole number of pages, so the
 * alignment of the XIP region costs nothing that the end of the image would not cost as well.
 *
 * Rules kept here, with the kernel function each comes from, are listed in xipfs(5).
 */
#ifndef XIPFS_LAYOUT_H
#define XIPFS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/diag.h"
#include "xipfs/image/encode.h"
#include "xipfs/base/err.h"
#include "xipfs/format/format.h"
#include "xipfs/plan/plan.h"
#include "xipfs/tree/tree.h"

struct xip_layout_options {
	bool big;      /* byte order of the target */
	bool boot_pad; /* leave the first 512 bytes to boot code */
	/*
	 * The format from before Linux 4.15: no extended block pointers. Payloads are then stored
	 * (XIP_PAYLOAD_STORED) only with pages of at most 32 KiB.
	 */
	bool classic;
	bool force_extended; /* set CRAMFS_FLAG_EXT_BLOCK_POINTERS even where nothing needs it */
	uint32_t edition;
	uint8_t name[16];     /* zero padded */
	uint32_t insert_size; /* bytes of a file to insert after the super block; 0: none */
};

enum xip_layout_extent_kind {
	XIP_LAYOUT_DIRECTORY, /* entries of directory @node */
	XIP_LAYOUT_TABLE,     /* the block pointers of a file */
	XIP_LAYOUT_PAYLOAD,   /* @payload as it is */
	XIP_LAYOUT_DIRECT,    /* 16-bit length, then @payload */
	XIP_LAYOUT_WRAPPED,   /* 16-bit length, then a zlib stream that stores the raw @payload */
	XIP_LAYOUT_BARE,      /* such a stream without a length before it */
	XIP_LAYOUT_XIP,       /* @payload as it is, in the XIP region */
	XIP_LAYOUT_INSERT,    /* the inserted file */
};

/* One piece of the image. Gaps between pieces are zeros. */
struct xip_layout_extent {
	uint32_t position;    /* bytes from the start of the image */
	uint32_t length : 29; /* bytes: no image is as large as 2^29 of them */
	uint32_t kind : 3;    /* enum xip_layout_extent_kind */
	union {
		const struct xip_node *node;
		const struct xip_payload *payload;
		const uint32_t *pointers; /* @length / 4 of them */
	} u;
};

/* Where one data inode ended up. */
struct xip_layout_file {
	uint32_t size;   /* bytes of its content */
	uint32_t offset; /* of its pointer table; what its inodes hold; 0: no data */
	uint32_t sharer; /* number of the data inode whose table it uses; its own: none */
	uint32_t flash;  /* position of its first XIP page; 0: none */
	uint32_t bytes;  /* that the image holds for this file and no other */
};

/* The entries of one directory. */
struct xip_layout_directory {
	uint32_t offset; /* bytes from the start of the image; 0: it is empty */
	uint32_t size;   /* bytes */
};

struct xip_layout {
	struct xip_arena *arena;
	struct xip_arena *pieces; /* holds extents and pointers; see xip_layout_forget_pieces */
	struct xip_super super;   /* crc still 0 */
	struct xip_layout_extent *extents; /* ascending, not overlapping */
	size_t extent_count;
	struct xip_layout_file *files; /* index: number in xip_tree.data_inodes */
	size_t file_count;
	struct xip_layout_directory *directories; /* index: xip_node.number */
	uint32_t super_offset;                    /* 0 or 512 */
	uint64_t size;                            /* bytes of the image: whole pages */
	uint64_t need; /* bytes it would take without rounding to pages, XIP pages being whole */
	bool big;
	/* Totals in bytes; with the rest they add up to @size. */
	struct {
		uint64_t super, directories, tables, compressed, stored, xip, insert, padding;
	} bytes;
	uint64_t shared; /* bytes that sharing files and blocks saved */
	uint32_t xip_runs;
};

/*
 * Lays out the image: no input, no output. @plan is the one that @encoding was made by, or one with
 * fewer pages in the runs of optional files (xip_plan_file.optional). The layout refers to the tree
 * and the encoding, which must outlive it. The caller frees *@layout with xip_layout_free. Errors:
 * XIP_ERR_LIMIT (over 256 MiB), XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_layout_make(const struct xip_tree *tree,
	const struct xip_plan *plan, const struct xip_encoding *encoding,
	const struct xip_layout_options *options, struct xip_layout **layout,
	const struct xip_diag *diag);
void xip_layout_free(struct xip_layout *layout);

/* Frees the extents and pointers, which nobody needs once the image is written. */
void xip_layout_forget_pieces(struct xip_layout *layout);

/* Bytes of the entry of @node in its directory: inode and padded name. */
uint32_t xip_layout_entry_size(const struct xip_node *node);

#endif
