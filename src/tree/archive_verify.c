/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compression around an archive: whole and undamaged, and not a small file that becomes a huge
 * one.
 */
#include <stdlib.h>
#include <zlib.h>

#include "archive_reader.h"

#define CHUNK ((size_t)128 * 1024)

struct gzip {
	const struct xip_input *input;
	z_stream stream;
	uint64_t offset, total; /* bytes read and inflated */
	uint8_t in[CHUNK], out[CHUNK];
};

static enum xip_err refill(struct gzip *gzip, const struct xip_diag *diag)
{
	size_t got;
	enum xip_err err = xip_input_read(gzip->input, gzip->in, CHUNK, gzip->offset, &got, diag);

	if (err)
		return err;
	gzip->offset += got;
	gzip->stream.next_in = gzip->in;
	gzip->stream.avail_in = (uInt)got;
	return XIP_OK;
}

static enum xip_err inflate_some(
	struct gzip *gzip, uint64_t limit, int *status, const struct xip_diag *diag)
{
	const char *path = gzip->input->path;

	gzip->stream.next_out = gzip->out;
	gzip->stream.avail_out = CHUNK;
	*status = inflate(&gzip->stream, Z_NO_FLUSH);
	gzip->total += CHUNK - gzip->stream.avail_out;
	if (*status == Z_MEM_ERROR)
		return xip_diag_nomem(diag);
	if (*status == Z_BUF_ERROR)
		return xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
			"damaged archive: the gzip stream is cut short");
	if (*status != Z_OK && *status != Z_STREAM_END)
		return xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
			"damaged archive: %s in the gzip stream",
			gzip->stream.msg ? gzip->stream.msg : "an error");
	return gzip->total > limit ? xip_unpack_fail(limit, path, NULL, diag) : XIP_OK;
}

/* Inflates all members of the file; zlib compares their CRC and length. */
static enum xip_err inflate_all(struct gzip *gzip, uint64_t limit, const struct xip_diag *diag)
{
	int status = Z_OK;
	enum xip_err err = XIP_OK;

	while (!err) {
		if (!gzip->stream.avail_in)
			err = refill(gzip, diag);
		if (!err && status == Z_STREAM_END) {
			/* Anything but one more member is padding, as gzip(1) has it. */
			if (!gzip->stream.avail_in || *gzip->stream.next_in != 0x1f)
				return XIP_OK;
			inflateReset(&gzip->stream);
		}
		if (!err)
			err = inflate_some(gzip, limit, &status, diag);
	}
	return err;
}

/* libarchive ignores the checksum of gzip. */
static enum xip_err verify_gzip(
	const struct xip_input *input, uint64_t limit, const struct xip_diag *diag)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));
	enum xip_err err;

	if (!gzip || inflateInit2(&gzip->stream, 16 + MAX_WBITS) != Z_OK) {
		free(gzip);
		return xip_diag_nomem(diag);
	}
	gzip->input = input;
	err = inflate_all(gzip, limit, diag);
	inflateEnd(&gzip->stream);
	free(gzip);
	return err;
}

/* Decompresses to the end: the reader of the archive stops before the checksums there. */
static enum xip_err verify_filters(
	struct xip_archive *self, const char *path, uint64_t limit, const struct xip_diag *diag)
{
	struct archive *archive = self->archive;
	const void *block;
	size_t size;
	la_int64_t offset;
	int status = xip_archive_next(self);

	if (status == ARCHIVE_OK && archive_filter_count(archive) < 2)
		return XIP_OK;
	while (status == ARCHIVE_OK) {
		if ((uint64_t)archive_filter_bytes(archive, 0) > limit)
			return xip_unpack_fail(limit, path, NULL, diag);
		status = archive_read_data_block(archive, &block, &size, &offset);
	}
	return status == ARCHIVE_EOF ? XIP_OK : xip_archive_fail(archive, path, diag);
}

enum xip_err xip_archive_verify(
	const struct xip_input *input, uint64_t limit, const struct xip_diag *diag)
{
	struct xip_archive *archive;
	uint8_t magic[2];
	size_t got;
	enum xip_err err = xip_input_read(input, magic, sizeof(magic), 0, &got, diag);

	if (err || !got)
		return err;
	if (got == 2 && magic[0] == 0x1f && magic[1] == 0x8b)
		return verify_gzip(input, limit, diag);
	err = xip_archive_open(&archive, input, true, diag);
	if (err)
		return err;
	err = verify_filters(archive, input->path, limit, diag);
	xip_archive_close(archive);
	return err;
}
