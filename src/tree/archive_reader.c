/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an archive: which formats are known, and how they are read from an input.
 */
#include "archive_reader.h"

#include <errno.h>
#include <stdlib.h>

/* Not every function of libarchive that runs out of memory records that in the archive. */
static bool is_out_of_memory(struct archive *archive)
{
	return errno == ENOMEM || archive_errno(archive) == ENOMEM;
}

enum xip_err xip_archive_fail(
	struct archive *archive, const char *path, const struct xip_diag *diag)
{
	const char *reason = archive_error_string(archive);

	if (is_out_of_memory(archive))
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
 * Only what the library does itself: such a call returns ARCHIVE_WARN for a filter that would run a
 * program. Since a call cannot be undone, it is tried on @probe first. False: no memory.
 */
static bool support_filters(struct archive *archive, struct archive *probe)
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
		int status = filters[i](probe);

		if (status == ARCHIVE_OK)
			status = filters[i](archive);
		if (status < ARCHIVE_WARN)
			return false;
	}
	return true;
}

/*
 * All that libarchive knows but four: `raw` and `empty` would take any file for an archive, `mtree`
 * files refer to files outside, and `warc` is for web pages, and crashes when memory runs out. Of
 * the two readers of zip the one that sees the modes. False: no memory.
 */
static bool support_formats(struct archive *archive)
{
	static int (*const formats[])(struct archive *) = {
		archive_read_support_format_tar,
		archive_read_support_format_cpio,
		archive_read_support_format_zip_seekable,
		archive_read_support_format_7zip,
		archive_read_support_format_ar,
		archive_read_support_format_cab,
		archive_read_support_format_iso9660,
		archive_read_support_format_lha,
		archive_read_support_format_rar,
		archive_read_support_format_rar5,
		archive_read_support_format_xar,
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (formats[i](archive) < ARCHIVE_WARN)
			return false;
	}
	return true;
}

static enum xip_err start(struct xip_archive *self, const struct xip_diag *diag)
{
	int status;

	errno = 0;
	archive_read_set_read_callback(self->archive, read_input);
	archive_read_set_seek_callback(self->archive, seek_input);
	archive_read_set_skip_callback(self->archive, skip_input);
	/* Without its data libarchive would call the functions above with NULL. */
	if (archive_read_set_callback_data(self->archive, self) != ARCHIVE_OK)
		return xip_diag_nomem(diag);
	status = archive_read_open1(self->archive);
	/* Without memory to look into it, the file may still be opened, with no format. */
	if (is_out_of_memory(self->archive))
		return xip_diag_nomem(diag);
	if (status == ARCHIVE_OK)
		return XIP_OK;
	return xip_diag_fail(diag, XIP_ERR_SOURCE, self->input->path, XIP_NO_OFFSET,
		"neither a directory, an image nor an archive of a known format");
}

/* Everything before the first read. False: no memory. */
static bool prepare(struct xip_archive *self, bool raw)
{
	struct archive *probe = archive_read_new();
	bool prepared;

	self->archive = archive_read_new();
	if (self->archive)
		self->entry = archive_entry_new2(self->archive);
	prepared = probe && self->entry && support_filters(self->archive, probe) &&
		   (raw ? archive_read_support_format_raw(self->archive) == ARCHIVE_OK
			: support_formats(self->archive));
	archive_read_free(probe);
	return prepared;
}

enum xip_err xip_archive_open(struct xip_archive **archive, const struct xip_input *input, bool raw,
	const struct xip_diag *diag)
{
	struct xip_archive *self = calloc(1, sizeof(*self));
	enum xip_err err;

	if (!self)
		return xip_diag_nomem(diag);
	self->input = input;
	err = prepare(self, raw) ? start(self, diag) : xip_diag_nomem(diag);
	if (err)
		xip_archive_close(self);
	else
		*archive = self;
	return err;
}

int xip_archive_next(struct xip_archive *archive)
{
	int status;

	errno = 0;
	/* libarchive's own entry may be missing: archive_read_new() does not look. */
	status = archive_read_next_header2(archive->archive, archive->entry);
	return errno == ENOMEM ? ARCHIVE_FATAL : status;
}

void xip_archive_close(struct xip_archive *archive)
{
	archive_entry_free(archive->entry);
	archive_read_free(archive->archive);
	free(archive);
}
