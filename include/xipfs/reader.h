/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded access to an untrusted image: every byte is checked against the image's size before
 * it is read, every count against what the image could hold.
 */
#ifndef XIPFS_READER_H
#define XIPFS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/diag.h"
#include "xipfs/err.h"
#include "xipfs/format.h"

struct xip_image; /* an open image */

/* What is known of an open image. Byte offsets count from the start of the file. */
struct xip_image_info {
	struct xip_super super;
	uint64_t file_size;	/* bytes of the file */
	uint64_t size;		/* bytes of the image: what may be read; min of file and super.size
				 * (the file's size for a version 1 image, whose super.size is 0) */
	uint32_t super_offset;	/* 0 or XIP_BOOT_PAD */
	uint32_t page_size;	/* bytes; see xip_image_open */
	bool big;		/* byte order */
	bool extended;		/* CRAMFS_FLAG_EXT_BLOCK_POINTERS */
};

/*
 * Opens the image in @fd (which stays the caller's and must stay open; needs pread, not mmap).
 * @path is for messages. @page_size 0: find it out (the format does not record it: the one with which the
 * compressed blocks of the image inflate to whole pages; 4096 when nothing tells).
 * XIP_ERR_CORRUPT: no super block of either byte order at 0 or 512, unknown flags, or the file shorter
 * than it says. The caller closes *@image with xip_image_close.
 */
XIP_MUST_CHECK enum xip_err xip_image_open(struct xip_image **image, int fd, const char *path,
	uint32_t page_size, const struct xip_diag *diag);
void xip_image_close(struct xip_image *image);
const struct xip_image_info *xip_image_info(const struct xip_image *image);

/* Reads exactly @length bytes at @offset; XIP_ERR_CORRUPT outside the image. */
XIP_MUST_CHECK enum xip_err xip_image_read(const struct xip_image *image, uint64_t offset,
	void *buffer, size_t length, const struct xip_diag *diag);

/* One entry of the image's tree. */
struct xip_entry {
	struct xip_inode inode;
	uint64_t position;  /* byte offset of the inode in the image */
	uint64_t parent;    /* index of the directory in the list; the root's is its own, 0 */
	const char *name;   /* NUL terminated; without '/'; the root's is "" */
	uint32_t name_length;
	uint32_t depth;
};

/*
 * Every entry of the image, directories before their content, each directory's children
 * consecutive in the order of the image. Bounded by the image's size: directories that overlap or
 * form a loop are XIP_ERR_CORRUPT (naming the directory), as are entries out of bounds and names that are empty, ".", "..",
 * or hold '/' or NUL. @report (may be NULL) sees each fault; with @lenient the faulty directory is left out
 * and the walk goes on, otherwise it ends there.
 */
struct xip_listing {
	struct xip_entry *entries;
	size_t count;
	void *arena;
};
XIP_MUST_CHECK enum xip_err xip_image_list(const struct xip_image *image, bool lenient,
	struct xip_listing *listing, const struct xip_diag *diag);
void xip_listing_free(struct xip_listing *listing);

/* The path of entry @index with a leading '/', malloc'ed; NULL when memory ran out. */
char *xip_listing_path(const struct xip_listing *listing, size_t index);
/* Index of the entry at @path, SIZE_MAX: not there. */
size_t xip_listing_find(const struct xip_listing *listing, const char *path);

/* Number of blocks of an inode that has data (regular file or symlink). */
uint32_t xip_image_block_count(const struct xip_image *image, const struct xip_inode *inode);

/*
 * Where block @index of @inode lies, by the rules of cramfs_read_folio(). XIP_ERR_CORRUPT with *@why
 * (static storage; may be NULL) when the kernel would refuse it or it leaves the image.
 */
XIP_MUST_CHECK enum xip_err xip_image_block(const struct xip_image *image,
	const struct xip_inode *inode, uint32_t index, struct xip_block *block, const char **why);

/*
 * The content of block @index as a correct reader sees it: page_size bytes, or fewer for the last one,
 * to @buffer of page_size bytes; *@length says how many. Holes are zeros.
 */
XIP_MUST_CHECK enum xip_err xip_image_read_block(struct xip_image *image,
	const struct xip_inode *inode, uint32_t index, uint8_t *buffer, size_t *length,
	const char **why);

/* The whole content of a file or symlink, malloc'ed with a NUL behind; at most 16 MiB. */
XIP_MUST_CHECK enum xip_err xip_image_load(struct xip_image *image, const struct xip_inode *inode,
	uint8_t **data, const char *path, const struct xip_diag *diag);

#endif
