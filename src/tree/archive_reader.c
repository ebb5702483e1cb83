/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an archive: which formats are known, and how they are read from an input.
 */
#include "archive_reader.h"

#include <errno.h>
#include <stdlib.h>

enum xip_err xip_archive_fail(
	struct archive *archive, const char *path, const struct xip_diag *diag)
{
	const char *reason = archive_error_string(archive);

	if (archive_errno(archive) == ENOMEM)
		return xip_diag_nomem(diag);
	return xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET, "damaged archive: %s",
		reason ? reason : "libarchive gives no reason");
}

static la_ssize_t read_input(struct archive *archive, void *user, const void **buffer)
{
	struct xip_archive *self = user;
	size_t got;

	if (xip_input_read(
		    self->input, self->buffer, sizeof(self->buffer), self->position, &got, NULL)) {
		archive_set_error(archive, EIO, "cannot read the file");
		return ARCHIVE_FATAL;
	}
	self->position += got;
	*buffer = self->buffer;
	return (la_ssize_t)got;
}

static la_int64_t seek_input(struct archive *archive, void *user, la_int64_t offset, int whence)
{
	struct xip_archive *self = user;
	la_int64_t base = 0;

	if (whence == SEEK_CUR)
		base = (la_int64_t)self->position;
	else if (whence == SEEK_END)
		base = (la_int64_t)self->input->size;
	if (offset < -base || offset > INT64_MAX - base) {
		archive_set_error(archive, EINVAL, "an offset outside the file");
		return ARCHIVE_FATAL;
	}
	self->position = (uint64_t)(base + offset);
	return base + offset;
}

static la_int64_t skip_input(struct archive *archive, void *user, la_int64_t request)
{
	struct xip_archive *self = user;
	uint64_t left = self->position < self->input->size ? self->input->size - self->position : 0;
	uint64_t step = (uint64_t)request < left ? (uint64_t)request : left;

	(void)archive;
	if (request < 0)
		return 0;
	self->position += step;
	return (la_int64_t)step;
}

/*
 * Only what the library does itself: such a call gives ARCHIVE_WARN for a filter that would run a
 * program, which is tried on @probe first, since it cannot be taken back.
 */
static void support_filters(struct archive *archive, struct archive *probe)
{
	static int (*const filters[])(struct archive *) = {
		archive_read_support_filter_bzip2,
		archive_read_support_filter_compress,
		archive_read_support_filter_gzip,
		archive_read_support_filter_lz4,
		archive_read_support_filter_lzip,
		archive_read_support_filter_lzma,
		archive_read_support_filter_rpm,
		archive_read_support_filter_uu,
		archive_read_support_filter_xz,
		archive_read_support_filter_zstd,
	};

	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		if (filters[i](probe) == ARCHIVE_OK)
			filters[i](archive);
	}
}

/*
 * All that libarchive knows but three: `raw` and `empty` would take any file for an archive, and
 * `mtree` files refer to files outside. Of the two readers of zip the one that sees the modes.
 */
static void support_formats(struct archive *archive)
{
	archive_read_support_format_tar(archive);
	archive_read_support_format_cpio(archive);
	archive_read_support_format_zip_seekable(archive);
	archive_read_support_format_7zip(archive);
	archive_read_support_format_ar(archive);
	archive_read_support_format_cab(archive);
	archive_read_support_format_iso9660(archive);
	archive_read_support_format_lha(archive);
	archive_read_support_format_rar(archive);
	archive_read_support_format_rar5(archive);
	archive_read_support_format_warc(archive);
	archive_read_support_format_xar(archive);
}

static enum xip_err start(struct xip_archive *self, const struct xip_diag *diag)
{
	archive_read_set_read_callback(self->archive, read_input);
	archive_read_set_seek_callback(self->archive, seek_input);
	archive_read_set_skip_callback(self->archive, skip_input);
	archive_read_set_callback_data(self->archive, self);
	if (archive_read_open1(self->archive) == ARCHIVE_OK)
		return XIP_OK;
	if (archive_errno(self->archive) == ENOMEM)
		return xip_diag_nomem(diag);
	return xip_diag_fail(diag, XIP_ERR_SOURCE, self->input->path, XIP_NO_OFFSET,
		"neither a directory, an image nor an archive of a known format");
}

enum xip_err xip_archive_open(struct xip_archive **archive, const struct xip_input *input, bool raw,
	const struct xip_diag *diag)
{
	struct xip_archive *self = malloc(sizeof(*self));
	struct archive *probe = archive_read_new();
	enum xip_err err;

	if (self) {
		self->archive = archive_read_new();
		self->input = input;
		self->position = 0;
	}
	if (!self || !self->archive || !probe) {
		archive_read_free(probe);
		xip_archive_close(self);
		return xip_diag_nomem(diag);
	}
	support_filters(self->archive, probe);
	archive_read_free(probe);
	if (raw)
		archive_read_support_format_raw(self->archive);
	else
		support_formats(self->archive);
	err = start(self, diag);
	if (err)
		xip_archive_close(self);
	else
		*archive = self;
	return err;
}

void xip_archive_close(struct xip_archive *archive)
{
	if (archive)
		archive_read_free(archive->archive);
	free(archive);
}
