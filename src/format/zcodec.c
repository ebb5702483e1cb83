/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/format/zcodec.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>
#include <zopfli.h>

struct xip_deflater {
	enum xip_compressor kind;
	int level;
	struct libdeflate_compressor *libdeflate;
	z_stream zlib;
};

int xip_compressor_level_max(enum xip_compressor compressor)
{
	switch (compressor) {
	case XIP_LIBDEFLATE:
		return 12;
	case XIP_ZLIB:
		return 9;
	case XIP_ZOPFLI:
		return 1000;
	}
	return 0;
}

int xip_compressor_level_default(enum xip_compressor compressor)
{
	return compressor == XIP_ZOPFLI ? 15 : xip_compressor_level_max(compressor);
}

struct xip_deflater *xip_deflater_new(enum xip_compressor compressor, int level)
{
	struct xip_deflater *deflater = calloc(1, sizeof(*deflater));

	if (!deflater)
		return NULL;
	deflater->kind = compressor;
	deflater->level = level;
	if (compressor == XIP_LIBDEFLATE) {
		deflater->libdeflate = libdeflate_alloc_compressor(level);
		if (!deflater->libdeflate)
			goto fail;
	} else if (compressor == XIP_ZLIB) {
		/* The kernel's inflate workspace holds a 32 KiB window, so 15 bits and no more. */
		if (deflateInit2(&deflater->zlib, level, Z_DEFLATED, 15, 9, Z_DEFAULT_STRATEGY) !=
			Z_OK)
			goto fail;
	}
	return deflater;
fail:
	free(deflater);
	return NULL;
}

void xip_deflater_free(struct xip_deflater *deflater)
{
	if (!deflater)
		return;
	if (deflater->kind == XIP_LIBDEFLATE)
		libdeflate_free_compressor(deflater->libdeflate);
	else if (deflater->kind == XIP_ZLIB)
		deflateEnd(&deflater->zlib);
	free(deflater);
}

size_t xip_deflate_bound(struct xip_deflater *deflater, size_t length)
{
	switch (deflater->kind) {
	case XIP_LIBDEFLATE:
		return libdeflate_zlib_compress_bound(deflater->libdeflate, length);
	case XIP_ZLIB:
		return deflateBound(&deflater->zlib, length);
	case XIP_ZOPFLI:
		break;
	}
	/* Zopfli cuts a megabyte into 15 blocks at most; one that does not shrink takes 5 bytes. */
	return length + (length / 65535 + 16) * 5 + 16;
}

static enum xip_err deflate_zlib(z_stream *stream, const uint8_t *in, size_t length, uint8_t *out,
	size_t capacity, size_t *written)
{
	if (length > UINT_MAX || deflateReset(stream) != Z_OK)
		return XIP_ERR_NOMEM;
	stream->next_in = (z_const Bytef *)in;
	stream->avail_in = (uInt)length;
	stream->next_out = out;
	stream->avail_out = capacity > UINT_MAX ? UINT_MAX : (uInt)capacity;
	*written = deflate(stream, Z_FINISH) == Z_STREAM_END ? stream->total_out : 0;
	return XIP_OK;
}

static enum xip_err deflate_zopfli(int iterations, const uint8_t *in, size_t length, uint8_t *out,
	size_t capacity, size_t *written)
{
	unsigned char *result = NULL;
	ZopfliOptions options;
	size_t size = 0;

	ZopfliInitOptions(&options);
	options.numiterations = iterations;
	ZopfliCompress(&options, ZOPFLI_FORMAT_ZLIB, in, length, &result, &size);
	if (!result)
		return XIP_ERR_NOMEM;
	*written = size <= capacity ? size : 0;
	memcpy(out, result, *written);
	free(result);
	return XIP_OK;
}

enum xip_err xip_deflate(struct xip_deflater *deflater, const uint8_t *in, size_t length,
	uint8_t *out, size_t capacity, size_t *written)
{
	switch (deflater->kind) {
	case XIP_LIBDEFLATE:
		*written =
			libdeflate_zlib_compress(deflater->libdeflate, in, length, out, capacity);
		return XIP_OK;
	case XIP_ZLIB:
		return deflate_zlib(&deflater->zlib, in, length, out, capacity, written);
	case XIP_ZOPFLI:
		return deflate_zopfli(deflater->level, in, length, out, capacity, written);
	}
	return XIP_ERR_USAGE;
}

struct xip_inflater {
	z_stream stream;
};

struct xip_inflater *xip_inflater_new(void)
{
	struct xip_inflater *inflater = calloc(1, sizeof(*inflater));

	if (inflater && inflateInit(&inflater->stream) != Z_OK) {
		free(inflater);
		return NULL;
	}
	return inflater;
}

void xip_inflater_free(struct xip_inflater *inflater)
{
	if (!inflater)
		return;
	inflateEnd(&inflater->stream);
	free(inflater);
}

enum xip_err xip_inflate(struct xip_inflater *inflater, const uint8_t *in, size_t length,
	uint8_t *out, size_t capacity, size_t *written)
{
	z_stream *stream = &inflater->stream;
	int status;

	if (length > UINT_MAX || capacity > UINT_MAX || inflateReset(stream) != Z_OK)
		return XIP_ERR_CORRUPT;
	stream->next_in = (z_const Bytef *)in;
	stream->avail_in = (uInt)length;
	stream->next_out = out;
	stream->avail_out = (uInt)capacity;
	status = inflate(stream, Z_FINISH);
	*written = stream->total_out;
	if (status == Z_MEM_ERROR)
		return XIP_ERR_NOMEM;
	return status == Z_STREAM_END && !stream->avail_in ? XIP_OK : XIP_ERR_CORRUPT;
}
