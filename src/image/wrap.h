/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zlib stream that stores its bytes: for a block that does not shrink but must not lie
 * uncompressed at a direct pointer. Private to src/image.
 */
#ifndef XIPFS_IMAGE_WRAP_H
#define XIPFS_IMAGE_WRAP_H

#include <stddef.h>
#include <stdint.h>

/* The largest content of one stored DEFLATE block (RFC 1951, 3.2.4). */
#define XIP_WRAP_MAX 65535u

/* Bytes of the stream for @length bytes: header 2, stored block header 5, Adler-32 4. */
static inline uint32_t xip_wrap_size(uint32_t length)
{
	return length + 11;
}

/* Writes the stream for @length <= XIP_WRAP_MAX bytes at @in to @out (xip_wrap_size bytes). */
void xip_wrap(uint8_t *out, const uint8_t *in, uint32_t length);

#endif
