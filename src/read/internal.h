/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of src/read share and nobody else sees.
 */
#ifndef XIPFS_READ_INTERNAL_H
#define XIPFS_READ_INTERNAL_H

#include "xipfs/read/reader.h"
#include "xipfs/format/zcodec.h"

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

#endif
