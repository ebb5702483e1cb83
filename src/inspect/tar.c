/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree as a tar archive. GNU format: it keeps names of any bytes and length as they are, while
 * pax wants them in UTF-8.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "internal.h"
#include "xipfs/inspect/extract.h"
#include "xipfs/base/io.h"

/* Bytes the archive is padded to, whatever it is written to. */
#define TAR_RECORD 10240

struct tar {
	struct xip_image *image;
	const struct xip_listing *listing;
	const struct xip_diag *diag;
	struct archive *archive;
	struct archive_entry *entry;
	int fd;
	const char *output;
	enum xip_err written; /* why writing failed, once it did */
	enum xip_err failed;  /* an entry that was left out */
};

static la_ssize_t write_part(struct archive *archive, void *user, const void *buffer, size_t length)
{
	struct tar *tar = user;

	if (!tar->written) /* closing tries again after a failure */
		tar->written = xip_io_write_full(tar->fd, buffer, length, tar->diag, tar->output);
	if (!tar->written)
		return (la_ssize_t)length;
	archive_set_error(archive, EIO, "write error");
	return -1;
}

/* The status for a call that did not return ARCHIVE_OK. */
static enum xip_err archive_failed(const struct tar *tar)
{
	if (tar->written)
		return tar->written; /* reported already */
	return xip_diag_fail(tar->diag, XIP_ERR_IO, tar->output, XIP_NO_OFFSET, "%s",
		archive_error_string(tar->archive) ? archive_error_string(tar->archive)
						   : "cannot write the archive");
}

/* The path without leading '/', the root as "./"; a directory's ends in '/'. */
static char *entry_path(const struct xip_listing *listing, size_t index)
{
	char *path = xip_listing_path(listing, index);

	if (!path)
		return NULL;
	if (!index)
		path[0] = '.';
	else
		memmove(path, path + 1, strlen(path));
	return path;
}

static void describe(
	struct tar *tar, const struct xip_inode *inode, const char *path, const uint8_t *data)
{
	uint32_t type = xip_mode_type(inode->mode), major, minor;

	archive_entry_clear(tar->entry);
	archive_entry_set_pathname(tar->entry, path);
	archive_entry_set_mode(tar->entry, inode->mode);
	archive_entry_set_uid(tar->entry, inode->uid);
	archive_entry_set_gid(tar->entry, inode->gid);
	archive_entry_set_mtime(tar->entry, 0, 0);
	archive_entry_set_size(tar->entry, 0);
	if (type == XIP_S_IFREG && xip_inode_has_blocks(inode))
		archive_entry_set_size(tar->entry, inode->size);
	if (type == XIP_S_IFLNK)
		archive_entry_set_symlink(tar->entry, (const char *)data);
	if (type == XIP_S_IFCHR || type == XIP_S_IFBLK) {
		xip_rdev_decode(inode->size, &major, &minor);
		archive_entry_set_rdevmajor(tar->entry, major);
		archive_entry_set_rdevminor(tar->entry, minor);
	}
}

static enum xip_err write_entry(struct tar *tar, const struct xip_inode *inode, const char *path)
{
	uint8_t *data = NULL;
	size_t size = 0;
	enum xip_err err = XIP_OK;

	if (xip_mode_type(inode->mode) == XIP_S_IFSOCK) {
		xip_diag_warn(tar->diag, path, XIP_NO_OFFSET,
			"left out: a tar archive cannot hold a socket");
		return XIP_OK;
	}
	if (!xip_mode_is_valid(inode->mode))
		err = xip_diag_fail(tar->diag, XIP_ERR_CORRUPT, path, XIP_NO_OFFSET,
			"its mode is of no file type");
	/* All of it before the header: the header promises its size. */
	if (!err && !xip_mode_is_directory(inode->mode))
		err = xip_image_load(tar->image, inode, &data, &size, path, tar->diag);
	if (err == XIP_ERR_CORRUPT) {
		tar->failed = err;
		return XIP_OK;
	}
	if (err)
		return err;
	describe(tar, inode, path, data);
	if (archive_write_header(tar->archive, tar->entry) != ARCHIVE_OK ||
		(xip_mode_is_regular(inode->mode) && size &&
			archive_write_data(tar->archive, data, size) != (la_ssize_t)size))
		err = archive_failed(tar);
	free(data);
	return err;
}

static enum xip_err write_all(struct tar *tar)
{
	enum xip_err err = XIP_OK;

	for (size_t i = 0; !err && i != SIZE_MAX; i = xip_listing_next(tar->listing, i)) {
		char *path = entry_path(tar->listing, i);

		err = path ? write_entry(tar, &tar->listing->entries[i].inode, path)
			   : xip_diag_nomem(tar->diag);
		free(path);
	}
	if (archive_write_close(tar->archive) != ARCHIVE_OK && !err)
		err = archive_failed(tar);
	return err;
}

enum xip_err xip_write_tar(struct xip_image *image, const struct xip_listing *listing, int fd,
	const char *output, const struct xip_diag *diag)
{
	struct tar tar = {
		.image = image,
		.listing = listing,
		.diag = diag,
		.fd = fd,
		.output = output,
	};
	enum xip_err err = xip_content_limit(image, listing, true, diag);

	if (err)
		return err;
	tar.archive = archive_write_new();
	tar.entry = archive_entry_new();
	if (!tar.archive || !tar.entry)
		err = xip_diag_nomem(diag);
	else if (archive_write_set_format_gnutar(tar.archive) != ARCHIVE_OK ||
		 archive_write_set_bytes_per_block(tar.archive, TAR_RECORD) != ARCHIVE_OK ||
		 archive_write_set_bytes_in_last_block(tar.archive, TAR_RECORD) != ARCHIVE_OK ||
		 archive_write_open(tar.archive, &tar, NULL, write_part, NULL) != ARCHIVE_OK)
		err = archive_failed(&tar);
	else
		err = write_all(&tar);
	archive_entry_free(tar.entry);
	archive_write_free(tar.archive);
	return err ? err : tar.failed;
}
