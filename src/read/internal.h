/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of src/read share and nobody else sees.
 */
#ifndef XIPFS_READ_INTERNAL_H
#define XIPFS_READ_INTERNAL_H

#include "xipfs/read/reader.h"
#include "xipfs/format/zcodec.h"

struct xip_window_cache;

/*
 * A cache of pieces of the @size bytes of @fd that begin at @base; offsets count from there. NULL
 * when memory ran out.
 */
struct xip_window_cache *xip_window_new(int fd, uint64_t base, uint64_t size, const char *path);
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

/*
 * Judges the dialect of an image whose super block has been found; needs image->cache.
 * XIP_ERR_UNSUPPORTED when it is one that no kernel reads. XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_dialect_judge(
	const struct xip_image *image, const struct xip_diag *diag);

/* The page size that explains the blocks of @image best; needs all of @image but that. */
XIP_MUST_CHECK enum xip_err xip_page_size_detect(
	struct xip_image *image, uint32_t *page_size, const struct xip_diag *diag);

#endif
