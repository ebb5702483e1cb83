/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an archive: made seekable, and checked as far as their compression allows.
 */
#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "archive_input.h"
#include "xipfs/base/io.h"

#define CHUNK ((size_t)128 * 1024)

enum xip_err xip_archive_fail(
	struct archive *archive, const char *path, const struct xip_diag *diag)
{
	const char *reason = archive_error_string(archive);

	if (archive_errno(archive) == ENOMEM)
		return xip_diag_nomem(diag);
	return xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET, "damaged archive: %s",
		reason ? reason : "libarchive gives no reason");
}

/* Copies what is left of a pipe to a scratch file: half of the formats want to seek. */
static enum xip_err copy_to_scratch(
	int from, int *to, const char *path, const struct xip_diag *diag)
{
	uint8_t *buffer = malloc(CHUNK);
	uint64_t size = 0;
	ssize_t got = 1;
	enum xip_err err = buffer ? xip_io_scratch(to, diag) : xip_diag_nomem(diag);

	while (!err && got) {
		got = read(from, buffer, CHUNK);
		if (got > 0) {
			err = xip_io_pwrite_full(
				*to, buffer, (size_t)got, size, diag, "scratch file");
			size += (uint64_t)got;
		} else if (got < 0 && errno != EINTR) {
			xip_diag_fail_errno(diag, errno, path, "cannot read");
			err = XIP_ERR_SOURCE;
		}
	}
	free(buffer);
	return err;
}

enum xip_err xip_archive_input_open(int *fd, const char *path, const struct xip_diag *diag)
{
	int given = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				      : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	enum xip_err err;

	*fd = given;
	if (given < 0) {
		xip_diag_fail_errno(diag, errno, path, "cannot open");
		return XIP_ERR_SOURCE;
	}
	if (lseek(given, 0, SEEK_CUR) == 0)
		return XIP_OK;
	*fd = -1;
	err = copy_to_scratch(given, fd, path, diag);
	close(given);
	return err;
}

struct gzip {
	z_stream stream;
	uint8_t in[CHUNK], out[CHUNK];
};

/* Inflates all members of the file; zlib compares their CRC and length. */
static enum xip_err inflate_all(
	struct gzip *gzip, int fd, const char *path, const struct xip_diag *diag)
{
	uint64_t offset = 0;
	int status = Z_OK;

	for (;;) {
		size_t got = 0;
		enum xip_err err = XIP_OK;

		if (!gzip->stream.avail_in) {
			err = xip_io_pread(fd, gzip->in, CHUNK, offset, &got, diag, path);
			offset += got;
			gzip->stream.next_in = gzip->in;
			gzip->stream.avail_in = (uInt)got;
		}
		if (err)
			return err;
		if (status == Z_STREAM_END) {
			/* Anything but one more member is padding, as gzip(1) has it. */
			if (!gzip->stream.avail_in || *gzip->stream.next_in != 0x1f)
				return XIP_OK;
			inflateReset(&gzip->stream);
		}
		gzip->stream.next_out = gzip->out;
		gzip->stream.avail_out = CHUNK;
		status = inflate(&gzip->stream, Z_NO_FLUSH);
		if (status == Z_MEM_ERROR)
			return xip_diag_nomem(diag);
		if (status == Z_BUF_ERROR)
			return xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
				"damaged archive: the gzip stream is cut short");
		if (status != Z_OK && status != Z_STREAM_END)
			return xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
				"damaged archive: %s in the gzip stream",
				gzip->stream.msg ? gzip->stream.msg : "an error");
	}
}

/* libarchive ignores the checksum of gzip. */
static enum xip_err verify_gzip(int fd, const char *path, const struct xip_diag *diag)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));
	enum xip_err err;

	if (!gzip || inflateInit2(&gzip->stream, 16 + MAX_WBITS) != Z_OK) {
		free(gzip);
		return xip_diag_nomem(diag);
	}
	err = inflate_all(gzip, fd, path, diag);
	inflateEnd(&gzip->stream);
	free(gzip);
	return err;
}

/* Decompresses to the end: the reader of the archive stops before the checksums there. */
static enum xip_err verify_filters(
	struct archive *archive, const char *path, const struct xip_diag *diag)
{
	struct archive_entry *entry;
	const void *block;
	size_t size;
	la_int64_t offset;
	int status = archive_read_next_header(archive, &entry);

	if (status == ARCHIVE_OK && archive_filter_count(archive) < 2)
		return XIP_OK;
	while (status == ARCHIVE_OK)
		status = archive_read_data_block(archive, &block, &size, &offset);
	return status == ARCHIVE_EOF ? XIP_OK : xip_archive_fail(archive, path, diag);
}

enum xip_err xip_archive_input_verify(int fd, const char *path, const struct xip_diag *diag)
{
	struct archive *archive;
	uint8_t magic[2];
	size_t got;
	enum xip_err err = xip_io_pread(fd, magic, sizeof(magic), 0, &got, diag, path);

	if (err || !got)
		return err;
	if (got == 2 && magic[0] == 0x1f && magic[1] == 0x8b)
		return verify_gzip(fd, path, diag);
	archive = archive_read_new();
	if (!archive)
		return xip_diag_nomem(diag);
	archive_read_support_filter_all(archive);
	archive_read_support_format_raw(archive);
	if (archive_read_open_fd(archive, fd, CHUNK) != ARCHIVE_OK)
		err = xip_archive_fail(archive, path, diag);
	else
		err = verify_filters(archive, path, diag);
	archive_read_free(archive);
	if (!err && lseek(fd, 0, SEEK_SET) < 0)
		err = xip_diag_fail_errno(diag, errno, path, "cannot seek");
	return err;
}
