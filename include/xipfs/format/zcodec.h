/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zlib streams (RFC 1950) of one block each: compression by one of three libraries,
 * decompression by zlib, the code the kernel's inflate comes from, or faster by ISA-L.
 */
#ifndef XIPFS_ZCODEC_H
#define XIPFS_ZCODEC_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/err.h"

enum xip_compressor {
	XIP_LIBDEFLATE,
	XIP_ZLIB,
	XIP_ZOPFLI,
};

/*
 * Levels: libdeflate 1 to 12, zlib 1 to 9, zopfli 1 to 1000 (iterations). The default for
 * libdeflate is chosen for each block: 12 for text, that is, blocks without a zero byte, and 10 for
 * the rest.
 */
#define XIP_LEVEL_AUTO 0
int xip_compressor_level_max(enum xip_compressor compressor);
int xip_compressor_level_default(enum xip_compressor compressor);

struct xip_deflater;

/* One deflater serves one thread. NULL when memory ran out. The caller frees it. */
struct xip_deflater *xip_deflater_new(enum xip_compressor compressor, int level);
void xip_deflater_free(struct xip_deflater *deflater);

/* The most room that xip_deflate needs for @length bytes that do not shrink. */
size_t xip_deflate_bound(struct xip_deflater *deflater, size_t length);

/*
 * Compresses @length bytes at @in to @out, which holds @capacity bytes. *@written is the size of
 * the zlib stream, 0 when it does not fit. Some compressors want a few bytes more than the stream
 * takes: only xip_deflate_bound bytes are sure to be enough. The stream depends on the input, the
 * compressor and the level alone. Errors: XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_deflate(struct xip_deflater *deflater, const uint8_t *in,
	size_t length, uint8_t *out, size_t capacity, size_t *written);

struct xip_inflater;

/* One inflater serves one thread. NULL when memory ran out. The caller frees it. */
struct xip_inflater *xip_inflater_new(void);

/*
 * Lets ISA-L, where it was built in, have the first look at streams that this program made itself:
 * it is not part of any of the compressors, so it judges them as well as zlib does, and faster.
 * What it refuses is left to zlib. Streams from elsewhere are judged by zlib alone, since zlib
 * refuses exactly what the kernel refuses.
 */
void xip_inflater_hurry(struct xip_inflater *inflater);
void xip_inflater_free(struct xip_inflater *inflater);

/*
 * Inflates the stream of @length bytes at @in to @out. *@written is the number of bytes that came
 * out. XIP_ERR_CORRUPT: not a valid stream, a wrong Adler-32, more than @capacity bytes, or a
 * preset dictionary. What follows the stream is not looked at: cramfs_uncompress_block() does not
 * look either, and some builders pad their blocks.
 */
XIP_MUST_CHECK enum xip_err xip_inflate(struct xip_inflater *inflater, const uint8_t *in,
	size_t length, uint8_t *out, size_t capacity, size_t *written);

#endif
