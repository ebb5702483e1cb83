/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/format/zcodec.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef XIP_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif
#include <libdeflate.h>
#include <zlib.h>

#include "squeeze.h"
#include "xipfs/base/bytes.h"

struct xip_deflater {
	enum xip_compressor kind;
	int level;
	struct libdeflate_compressor *libdeflate;
	struct libdeflate_compressor *text; /* for blocks of text; NULL: text is no exception */
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
	switch (compressor) {
	case XIP_LIBDEFLATE:
		return XIP_LEVEL_AUTO;
	case XIP_ZLIB:
		break;
	case XIP_ZOPFLI:
		return 15;
	}
	return xip_compressor_level_max(compressor);
}

/*
 * The last levels of libdeflate gain a tenth of a per cent on code for half as much time again, and
 * twice that on text, which is compressed in less time anyway.
 */
#define LEVEL_CODE 10
#define LEVEL_TEXT 12

static bool new_libdeflate(struct xip_deflater *deflater, int level)
{
	bool choose = level == XIP_LEVEL_AUTO;

	deflater->libdeflate = libdeflate_alloc_compressor(choose ? LEVEL_CODE : level);
	if (choose)
		deflater->text = libdeflate_alloc_compressor(LEVEL_TEXT);
	if (deflater->libdeflate && (deflater->text || !choose))
		return true;
	libdeflate_free_compressor(deflater->libdeflate);
	libdeflate_free_compressor(deflater->text);
	return false;
}

struct xip_deflater *xip_deflater_new(enum xip_compressor compressor, int level)
{
	struct xip_deflater *deflater = calloc(1, sizeof(*deflater));

	if (!deflater)
		return NULL;
	deflater->kind = compressor;
	deflater->level = level;
	if (compressor == XIP_LIBDEFLATE) {
		if (!new_libdeflate(deflater, level))
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
	libdeflate_free_compressor(deflater->libdeflate);
	libdeflate_free_compressor(deflater->text);
	if (deflater->kind == XIP_ZLIB)
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
	/* Zopfli's streams have 15 blocks at most; one that does not shrink takes 5 bytes. */
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

/* The stream's header, 2 bytes, and the Adler-32 after it, 4 bytes, are RFC 1950's. */
static enum xip_err deflate_zopfli(int iterations, const uint8_t *in, size_t length, uint8_t *out,
	size_t capacity, size_t *written)
{
	size_t size;
	uint8_t *stream = xip_squeeze(in, length, iterations, &size);

	if (!stream)
		return XIP_ERR_NOMEM;
	*written = 0;
	if (capacity >= 6 && size <= capacity - 6) {
		*written = size + 6;
		xip_put16(out, 0x78da, true); /* a window of 32 KiB, the slowest compressor */
		memcpy(out + 2, stream, size);
		xip_put32(out + 2 + size, libdeflate_adler32(1, in, length), true);
	}
	free(stream);
	return XIP_OK;
}

/* Code and data of programs are full of zeros, text has none. */
static bool is_text(const uint8_t *in, size_t length)
{
	return !memchr(in, 0, length);
}

enum xip_err xip_deflate(struct xip_deflater *deflater, const uint8_t *in, size_t length,
	uint8_t *out, size_t capacity, size_t *written)
{
	switch (deflater->kind) {
	case XIP_LIBDEFLATE:
		*written = libdeflate_zlib_compress(deflater->text && is_text(in, length)
							    ? deflater->text
							    : deflater->libdeflate,
			in, length, out, capacity);
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
	bool hurry;
#ifdef XIP_HAVE_ISAL
	struct inflate_state state;
#endif
};

struct xip_inflater *xip_inflater_new(void)
{
	struct xip_inflater *inflater = calloc(1, sizeof(*inflater));

#ifdef XIP_HAVE_ISAL
	if (inflater)
		isal_inflate_init(&inflater->state);
#endif
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

void xip_inflater_hurry(struct xip_inflater *inflater)
{
	inflater->hurry = true;
}

#ifdef XIP_HAVE_ISAL
/* True when the stream is sound and takes exactly @length bytes; otherwise nothing is known. */
static bool inflate_isal(struct inflate_state *state, const uint8_t *in, size_t length,
	uint8_t *out, size_t capacity, size_t *written)
{
	if (length > UINT32_MAX || capacity > UINT32_MAX)
		return false;
	isal_inflate_reset(state);
	state->crc_flag = ISAL_ZLIB;               /* it reads header and Adler-32, too */
	state->next_in = (uint8_t *)(uintptr_t)in; /* only read from */
	state->avail_in = (uint32_t)length;
	state->next_out = out;
	state->avail_out = (uint32_t)capacity;
	if (isal_inflate_stateless(state) != ISAL_DECOMP_OK || state->avail_in)
		return false;
	*written = state->total_out;
	return true;
}
#endif

enum xip_err xip_inflate(struct xip_inflater *inflater, const uint8_t *in, size_t length,
	uint8_t *out, size_t capacity, size_t *written)
{
	z_stream *stream = &inflater->stream;
	int status;

#ifdef XIP_HAVE_ISAL
	if (inflater->hurry && inflate_isal(&inflater->state, in, length, out, capacity, written))
		return XIP_OK;
#endif
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
	return status == Z_STREAM_END ? XIP_OK : XIP_ERR_CORRUPT;
}
