/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relocations of a bFLT program. They follow the data, in the file or in the gzip stream that
 * holds the data (FLAT_FLAG_GZDATA) or all but the header (FLAT_FLAG_GZIP).
 */
#include <string.h>
#include <zlib.h>

#include "xipfs/base/bytes.h"
#include "xipfs/elf/flat.h"

#define RELOC_SIZE       4
#define GZIP_HEADER_SIZE 10
#define OLD_REVISION     2

/* decompress_exec() */
enum {
	GZIP_CONTINUATION = 0x02,
	GZIP_EXTRA = 0x04,
	GZIP_NAME = 0x08,
	GZIP_COMMENT = 0x10,
	GZIP_REFUSED = 0x20 | 0xc0 | GZIP_CONTINUATION,
};

struct walk {
	const struct xip_flat *flat;
	uint64_t begin, end; /* where the table lies in the bytes that are fed */
	uint8_t word[RELOC_SIZE];
	bool text;        /* a relocation in the text was seen */
	bool outside;     /* and one outside the program */
	const char **why; /* for whoever fails */
};

static enum xip_err fail(const struct walk *walk, const char *why)
{
	*walk->why = why;
	return XIP_ERR_CORRUPT;
}

/* calc_reloc(): addresses count from the end of the header. */
static void take_relocation(struct walk *walk, uint32_t address)
{
	const struct xip_flat *flat = walk->flat;
	uint32_t text_length = flat->data_start - XIP_FLAT_HEADER_SIZE;

	if (flat->revision == OLD_REVISION) /* old_reloc(): words of the data, unchecked */
		return;
	walk->text |= address < text_length;
	walk->outside |= address > flat->bss_end - XIP_FLAT_HEADER_SIZE;
}

/* Takes the next @length bytes, which begin at @position. */
static void feed(struct walk *walk, const uint8_t *bytes, size_t length, uint64_t position)
{
	uint64_t first = position < walk->begin ? walk->begin : position;
	uint64_t last = position + length < walk->end ? position + length : walk->end;

	for (uint64_t at = first; at < last; at++) {
		unsigned index = (at - walk->begin) % RELOC_SIZE;

		walk->word[index] = bytes[at - position];
		if (index == RELOC_SIZE - 1)
			take_relocation(walk, xip_get32(walk->word, true));
	}
}

/* Bytes of the gzip header at @data, 0: one that the kernel does not take. */
static size_t gzip_header(const uint8_t *data, size_t size)
{
	size_t at = GZIP_HEADER_SIZE;

	if (size < at || data[0] != 0x1f || (data[1] != 0x8b && data[1] != 0x9e) || data[2] != 8 ||
		(data[3] & GZIP_REFUSED))
		return 0;
	if (data[3] & GZIP_EXTRA)
		at += size < at + 2 ? size : 2u + xip_get16(data + at, false);
	for (unsigned flag = GZIP_NAME; flag <= GZIP_COMMENT; flag <<= 1) {
		const uint8_t *end;

		if (!(data[3] & flag))
			continue;
		end = at < size ? memchr(data + at, 0, size - at) : NULL;
		if (!end)
			return 0;
		at = (size_t)(end - data) + 1;
	}
	return at < size ? at : 0;
}

/* Feeds the first @wanted bytes that the deflate stream holds, or as many as there are. */
static enum xip_err feed_stream(struct walk *walk, z_stream *stream, uint64_t wanted)
{
	uint8_t buffer[4096];
	uint64_t position = 0;
	int status = Z_OK;

	while (status == Z_OK && position < wanted) {
		size_t got;

		stream->next_out = buffer;
		stream->avail_out = sizeof(buffer);
		status = inflate(stream, Z_NO_FLUSH);
		got = sizeof(buffer) - stream->avail_out;
		feed(walk, buffer, got, position);
		position += got;
	}
	if (status == Z_MEM_ERROR)
		return XIP_ERR_NOMEM;
	if (position < wanted)
		return fail(walk, "what the bFLT program has packed is cut short or damaged");
	return XIP_OK;
}

static enum xip_err feed_packed(
	struct walk *walk, const uint8_t *data, size_t size, uint64_t wanted)
{
	size_t header = gzip_header(data, size);
	z_stream stream = {0};
	enum xip_err err;

	if (!header || size - header > UINT32_MAX)
		return fail(walk, "what the bFLT program has packed has no gzip header that the "
				  "kernel takes");
	stream.next_in = (z_const Bytef *)(data + header);
	stream.avail_in = (uInt)(size - header);
	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		return XIP_ERR_NOMEM;
	err = feed_stream(walk, &stream, wanted);
	inflateEnd(&stream);
	return err;
}

enum xip_err xip_flat_walk(
	const uint8_t *data, size_t size, const struct xip_flat *flat, bool *text, const char **why)
{
	uint64_t table = (uint64_t)flat->reloc_count * RELOC_SIZE;
	/* full_data of load_flat_file(): all that it reads of the file after the text */
	uint64_t data_end = flat->data_end + table;
	uint64_t start = flat->gzip ? XIP_FLAT_HEADER_SIZE : flat->data_start;
	struct walk walk = {.flat = flat, .why = why};
	enum xip_err err;

	*text = false;
	if (table && (flat->reloc_start < flat->data_start || flat->reloc_start + table > data_end))
		return fail(&walk, "the bFLT relocations do not lie where the loader reads them");
	walk.begin = table ? flat->reloc_start - start : 0;
	walk.end = walk.begin + table;
	if (start > size)
		return fail(&walk, "the bFLT text reaches past the end of the file");
	if (flat->gzip || flat->gzdata)
		err = feed_packed(&walk, data + start, size - (size_t)start, data_end - start);
	else if (table && !xip_range_inside(flat->reloc_start, table, size))
		err = fail(&walk, "the bFLT relocations reach past the end of the file");
	else {
		feed(&walk, data + start, size - (size_t)start, 0);
		err = XIP_OK;
	}
	if (!err && walk.outside)
		err = fail(&walk, "a bFLT relocation lies outside the program, for which the "
				  "kernel kills it");
	*text = walk.text;
	return err;
}
