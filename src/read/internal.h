/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of src/read share and nobody else sees.
 */
#ifndef XIPFS_READ_INTERNAL_H
#define XIPFS_READ_INTERNAL_H

#include "xipfs/map.h"
#include "xipfs/reader.h"
#include "xipfs/zcodec.h"

struct xip_window_cache;

/* A cache of aligned pieces of @fd, of which [0, @size) may be read. NULL when memory ran out. */
struct xip_window_cache *xip_window_new(int fd, uint64_t size, const char *path);
void xip_window_free(struct xip_window_cache *cache);

/* Copies [@offset, @offset + @length), which lies inside the size, to @buffer. */
XIP_MUST_CHECK enum xip_err xip_window_read(struct xip_window_cache *cache, uint64_t offset,
	void *buffer, size_t length, const struct xip_diag *diag);

struct xip_image {
	char *path;
	struct xip_image_info info;
	struct xip_window_cache *cache;
	struct xip_inflater *inflater;
	uint8_t *packed; /* one compressed block: twice XIP_PAGE_SIZE_MAX */
};

/* The page size that explains the blocks of @image best; needs all of it but the page size. */
XIP_MUST_CHECK enum xip_err xip_page_size_detect(
	struct xip_image *image, uint32_t *page_size, const struct xip_diag *diag);

/* What can be wrong with the list of entries. */
enum xip_list_fault {
	XIP_FAULT_BOUNDS,  /* a directory leaves the image, or an entry its directory */
	XIP_FAULT_OVERLAP, /* a directory overlaps another one, or contains itself */
	XIP_FAULT_NAME,    /* a name that no file system may hold */
};

/*
 * Who hears of the faults of a walk: entry @index is the directory they are in. Returning false
 * ends the walk with XIP_ERR_CORRUPT.
 */
struct xip_list_report {
	bool (*fault)(void *user, enum xip_list_fault fault, const struct xip_listing *listing,
		size_t index, uint64_t offset, const char *message);
	void *user;
};

/* xip_image_list with the faults sorted by kind. @diag hears of failing reads and memory. */
XIP_MUST_CHECK enum xip_err xip_listing_walk(const struct xip_image *image,
	struct xip_listing *listing, const struct xip_list_report *report,
	const struct xip_diag *diag);

/* The files and blocks of a map that is empty so far; on failure the caller frees the map. */
XIP_MUST_CHECK enum xip_err xip_map_files(const struct xip_image *image,
	const struct xip_listing *listing, struct xip_map *map, const struct xip_diag *diag);

/*
 * cramfs_last_page_is_shared(): *@zero tells whether the page of a file at @last_page is zero
 * behind its first @used bytes. A page that leaves the image is not: it shows what follows in
 * flash.
 */
XIP_MUST_CHECK enum xip_err xip_tail_is_zero(
	const struct xip_image *image, uint64_t last_page, uint32_t used, bool *zero);

/*
 * XIP_ERR_LIMIT when the contents, with @paths also the paths of all entries, are beyond all
 * proportion to the image; see extract.h.
 */
XIP_MUST_CHECK enum xip_err xip_content_limit(const struct xip_image *image,
	const struct xip_listing *listing, bool paths, const struct xip_diag *diag);

/* @type is one of XIP_S_IF*. */
static inline bool xip_inode_is(const struct xip_inode *inode, uint32_t type)
{
	return (inode->mode & XIP_S_IFMT) == type;
}

#endif
