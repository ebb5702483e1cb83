/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree as a tar archive. GNU format: it keeps names of any bytes and length as they are, while
 * pax wants them in UTF-8. Written here: libarchive ends the process, or cuts a header short, when
 * memory runs out.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "xipfs/base/io.h"
#include "xipfs/inspect/extract.h"

#define BLOCK 512
/* Bytes the archive is padded to, whatever it is written to. */
#define TAR_RECORD 10240

/* A header as GNU tar has it; numbers are octal, names end with a NUL when there is room. */
struct header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char sum[8];
	char type;
	char link[100];
	char magic[8]; /* "ustar  " */
	char user[32], group[32];
	char major[8], minor[8];
	char rest[167];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

struct tar {
	struct xip_image *image;
	const struct xip_listing *listing;
	const struct xip_diag *diag;
	int fd;
	const char *output;
	enum xip_err failed; /* an entry that was left out */
	size_t used;
	uint8_t record[TAR_RECORD];
};

static enum xip_err put(struct tar *tar, const void *data, size_t length)
{
	const uint8_t *p = data;

	while (length) {
		size_t room = sizeof(tar->record) - tar->used;
		size_t part = length < room ? length : room;
		enum xip_err err = XIP_OK;

		memcpy(tar->record + tar->used, p, part);
		tar->used += part;
		p += part;
		length -= part;
		if (tar->used == sizeof(tar->record)) {
			tar->used = 0;
			err = xip_io_write_full(
				tar->fd, tar->record, sizeof(tar->record), tar->diag, tar->output);
		}
		if (err)
			return err;
	}
	return XIP_OK;
}

/* Zeros up to the next multiple of @unit, of which a record is one. */
static enum xip_err pad(struct tar *tar, size_t unit)
{
	static const uint8_t zeros[BLOCK];
	size_t left = (unit - tar->used % unit) % unit;
	enum xip_err err = XIP_OK;

	while (!err && left) {
		size_t part = left < sizeof(zeros) ? left : sizeof(zeros);

		err = put(tar, zeros, part);
		left -= part;
	}
	return err;
}

static void put_octal(char *field, size_t size, uint32_t value)
{
	for (size_t i = size - 1; i--; value /= 8)
		field[i] = (char)('0' + value % 8);
}

static enum xip_err put_header(struct tar *tar, struct header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	unsigned sum = 0;

	put_octal(header->mtime, sizeof(header->mtime), 0);
	memcpy(header->magic, "ustar  ", sizeof(header->magic));
	memset(header->sum, ' ', sizeof(header->sum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	put_octal(header->sum, 7, sum); /* six digits, a NUL, and the blank that stays */
	header->sum[6] = '\0';
	return put(tar, header, sizeof(*header));
}

/* Puts a name into @field, or, when its @length is too great, before the header ('L', or 'K'). */
static enum xip_err put_name(
	struct tar *tar, char field[100], const char *name, size_t length, char type)
{
	struct header header = {.name = "././@LongLink", .type = type};
	enum xip_err err;

	memcpy(field, name, length < 100 ? length : 100);
	if (length <= 100)
		return XIP_OK;
	put_octal(header.mode, sizeof(header.mode), 0);
	put_octal(header.uid, sizeof(header.uid), 0);
	put_octal(header.gid, sizeof(header.gid), 0);
	put_octal(header.size, sizeof(header.size), (uint32_t)length + 1);
	err = put_header(tar, &header);
	if (!err)
		err = put(tar, name, length);
	if (!err)
		err = put(tar, "", 1);
	return err ? err : pad(tar, BLOCK);
}

/* The path without leading '/', the root as "./"; a directory's ends in '/'. malloc'ed. */
static char *entry_path(const struct xip_listing *listing, size_t index)
{
	char *path = index ? xip_listing_path(listing, index) : strdup("./");

	if (!path || !index)
		return path;
	memmove(path, path + 1, strlen(path));
	/* The '/' taken off the front leaves room for one at the end. */
	if (xip_mode_is_directory(listing->entries[index].inode.mode))
		strcat(path, "/");
	return path;
}

static char type_flag(uint32_t mode)
{
	switch (xip_mode_type(mode)) {
	case XIP_S_IFLNK:
		return '2';
	case XIP_S_IFCHR:
		return '3';
	case XIP_S_IFBLK:
		return '4';
	case XIP_S_IFDIR:
		return '5';
	case XIP_S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

static enum xip_err put_entry(struct tar *tar, const struct xip_inode *inode, const char *path,
	const uint8_t *data, size_t size)
{
	struct header header = {.type = type_flag(inode->mode)};
	bool regular = xip_mode_is_regular(inode->mode);
	uint32_t major, minor;
	enum xip_err err = XIP_OK;

	put_octal(header.mode, sizeof(header.mode), inode->mode & 07777);
	put_octal(header.uid, sizeof(header.uid), inode->uid);
	put_octal(header.gid, sizeof(header.gid), inode->gid);
	put_octal(header.size, sizeof(header.size), regular ? (uint32_t)size : 0);
	if (xip_mode_is_device(inode->mode)) {
		xip_rdev_decode(inode->size, &major, &minor);
		put_octal(header.major, sizeof(header.major), major);
		put_octal(header.minor, sizeof(header.minor), minor);
	}
	if (xip_mode_is_symlink(inode->mode))
		err = put_name(
			tar, header.link, (const char *)data, strlen((const char *)data), 'K');
	if (!err)
		err = put_name(tar, header.name, path, strlen(path), 'L');
	if (!err)
		err = put_header(tar, &header);
	if (!err && regular)
		err = put(tar, data, size);
	return err ? err : pad(tar, BLOCK);
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
			"its mode has no valid file type");
	/* Read whole before the header, which promises its size. */
	if (!err && !xip_mode_is_directory(inode->mode))
		err = xip_image_load(tar->image, inode, &data, &size, path, tar->diag);
	if (err == XIP_ERR_CORRUPT) {
		tar->failed = err;
		return XIP_OK;
	}
	if (!err)
		err = put_entry(tar, inode, path, data, size);
	free(data);
	return err;
}

enum xip_err xip_write_tar(struct xip_image *image, const struct xip_listing *listing, int fd,
	const char *output, const struct xip_diag *diag)
{
	static const uint8_t end[2 * BLOCK];
	struct tar tar = {
		.image = image,
		.listing = listing,
		.diag = diag,
		.fd = fd,
		.output = output,
	};
	enum xip_err err = xip_content_limit(image, listing, true, diag);

	for (size_t i = 0; !err && i != SIZE_MAX; i = xip_listing_next(listing, i)) {
		char *path = entry_path(listing, i);

		err = path ? write_entry(&tar, &listing->entries[i].inode, path)
			   : xip_diag_nomem(diag);
		free(path);
	}
	if (!err)
		err = put(&tar, end, sizeof(end));
	if (!err)
		err = pad(&tar, TAR_RECORD);
	return err ? err : tar.failed;
}
