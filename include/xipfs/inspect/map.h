/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies where in an image: each byte once, with its kind and its owner.
 */
#ifndef XIPFS_MAP_H
#define XIPFS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/read/reader.h"

enum xip_map_kind {
	XIP_MAP_BOOT, /* the 512 bytes before a super block */
	XIP_MAP_SUPER,
	XIP_MAP_DIRECTORY,
	XIP_MAP_POINTERS,   /* a table of block pointers */
	XIP_MAP_COMPRESSED, /* with the length field of direct blocks */
	XIP_MAP_STORED,     /* uncompressed, but not direct: read, never mapped */
	XIP_MAP_XIP,        /* uncompressed and direct: the kernel can map it */
	XIP_MAP_PADDING,    /* nothing refers to it */
	XIP_MAP_COUNT
};

/* A short stable name ("pointers"); static storage. */
const char *xip_map_kind_name(enum xip_map_kind kind);

#define XIP_NO_ENTRY UINT32_MAX

/* A run of bytes of one kind and one owner. */
struct xip_map_extent {
	uint64_t start;  /* bytes from the start of the image */
	uint64_t length; /* bytes */
	enum xip_map_kind kind;
	uint32_t owner;   /* entry in the listing, the first of several; XIP_NO_ENTRY: none */
	uint32_t block;   /* for data: the owner's first block in it */
	uint32_t blocks;  /* and their number */
	uint32_t sharers; /* references besides the first one: to these blocks, or names for this
			     table */
};

/* Bytes that belong to two different things. */
struct xip_overlap {
	uint64_t start, length;
	uint32_t owner, other; /* entries, XIP_NO_ENTRY: the super block */
};

/* One data inode: what one offset and size stand for, however many entries have them. */
struct xip_file {
	uint32_t entry; /* the first of them in the listing */
	uint32_t links; /* their number */
	bool sound;     /* its table of pointers lies in the image and overlaps no other file's;
			 * otherwise its blocks are not looked at and all below is 0 */
	uint32_t bad_blocks; /* blocks the kernel would refuse or that leave the image */
	uint32_t holes;      /* in blocks */
	uint32_t flagged; /* blocks whose pointers have flags of CRAMFS_FLAG_EXT_BLOCK_POINTERS */
	uint32_t compressed, stored, xip; /* in blocks */
	uint64_t packed_bytes; /* bytes of its blocks in the image, shared ones included */
	uint32_t xip_start;    /* of the first XIP block, bytes in the image; 0: none */
};

/* One block of a file, holes and bad blocks left out. */
struct xip_block_ref {
	uint32_t start;   /* bytes in the image, the length field of a direct block included */
	uint32_t length;  /* bytes */
	uint32_t content; /* bytes it holds */
	uint32_t file;    /* index in files */
	uint32_t index;   /* block number in the file */
	enum xip_map_kind kind; /* one of the three kinds of data */
	bool direct;            /* its pointer is the address of its start */
	bool overlaps;          /* shares bytes with a block that it is not equal to */
};

struct xip_map {
	struct xip_map_extent *extents; /* in address order, without gaps, the whole image */
	size_t extent_count;
	struct xip_overlap *overlaps;
	size_t overlap_count;
	struct xip_file *files; /* by offset of their pointers */
	size_t file_count;
	uint32_t *file_of_entry;      /* the file of each entry, XIP_NO_ENTRY: it has no blocks */
	struct xip_block_ref *blocks; /* by start, length, content; equal ones side by side */
	size_t block_count;
	uint64_t bytes[XIP_MAP_COUNT]; /* total of each kind; together the size of the image */
	uint64_t content_bytes; /* what regular files and symlinks hold, each data inode once */
	uint64_t entry_bytes;   /* the same, once for each name */
	uint64_t compressed_content; /* bytes that the compressed blocks inflate to, shared ones
					once */
	uint64_t shared_bytes;       /* bytes of blocks and tables that sharing saved */
	uint64_t hole_blocks;
	uint64_t distinct_blocks; /* data blocks, shared ones once, without holes */
};

/*
 * Maps @image by the entries of @listing. Files of equal offset and size count as one; blocks that
 * start and end together are shared. Work and memory are in proportion to the image. Errors:
 * XIP_ERR_IO, XIP_ERR_SOURCE, XIP_ERR_NOMEM. The caller frees *@map with xip_map_free.
 */
XIP_MUST_CHECK enum xip_err xip_map_build(const struct xip_image *image,
	const struct xip_listing *listing, struct xip_map *map, const struct xip_diag *diag);

/* As xip_map_build, but without the extents, which take most of the memory. */
XIP_MUST_CHECK enum xip_err xip_map_survey(const struct xip_image *image,
	const struct xip_listing *listing, struct xip_map *map, const struct xip_diag *diag);
void xip_map_free(struct xip_map *map);

#endif
