/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "squeeze.h"

#include <zopfli.h>

/*
 * In place of squeeze.c, for a zopfli that installed only zopfli.h: its own search for where blocks
 * begin. ZopfliCompress allocates *@size bytes as ZopfliDeflatePart does.
 */
uint8_t *xip_squeeze(const uint8_t *in, size_t length, int iterations, size_t *size)
{
	unsigned char *out = NULL;
	ZopfliOptions options;

	ZopfliInitOptions(&options);
	options.numiterations = iterations;
	*size = 0;
	ZopfliCompress(&options, ZOPFLI_FORMAT_DEFLATE, in, length, &out, size);
	return out;
}
