/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dialects of cramfs that some devices use and no mainline kernel reads: told apart from damage,
 * and called by their names.
 */
#include "internal.h"

#include <string.h>

#include "xipfs/base/bytes.h"

/* Inodes of 16 bytes: mode and owner, size, length of the name, offset; a word each. */
#define WIDE_INODE_SIZE 16u
#define WIDE_ENTRIES    16u /* of the root that are looked at */

/*
 * Reads @length bytes at @offset. False: they are outside, so nothing makes sense; or *@err, when
 * they cannot be read.
 */
static bool get_bytes(const struct xip_image *image, uint64_t offset, void *bytes, size_t length,
	enum xip_err *err)
{
	*err = xip_range_inside(offset, length, image->info.size)
		       ? xip_image_read(image, offset, bytes, length, NULL)
		       : XIP_ERR_CORRUPT;
	if (!*err)
		return true;
	if (*err == XIP_ERR_CORRUPT)
		*err = XIP_OK;
	return false;
}

/* Could a wide inode with its name be at *@at, before @end? Moves past it. */
static bool is_wide_entry(
	const struct xip_image *image, uint64_t *at, uint64_t end, enum xip_err *err)
{
	uint8_t inode[WIDE_INODE_SIZE];
	char name[XIP_NAME_MAX];
	uint32_t length;

	if (!get_bytes(image, *at, inode, sizeof(inode), err))
		return false;
	length = (xip_get32(inode + 8, image->info.big) >> 8 & 0xffu) * 4;
	*at += WIDE_INODE_SIZE;
	if (!length || length > sizeof(name) || *at + length > end ||
		!get_bytes(image, *at, name, length, err))
		return false;
	*at += length;
	return *name && !memchr(name, '/', length);
}

/*
 * Read as an inode of 12 bytes, the root of such an image has a size and no offset: an empty
 * directory. Here its true offset follows, and leads to entries with names that fill it.
 */
static bool has_wide_inodes(const struct xip_image *image, enum xip_err *err)
{
	const struct xip_inode *root = &image->info.super.root;
	uint64_t position = image->info.super_offset + XIP_SUPER_ROOT, at, end;
	uint8_t word[4];

	*err = XIP_OK;
	if (root->offset || !root->size || !get_bytes(image, position + 12, word, 4, err))
		return false;
	at = (uint64_t)xip_get32(word, image->info.big) * 4;
	end = at + root->size;
	if (at < position + WIDE_INODE_SIZE)
		return false;
	for (unsigned i = 0; i < WIDE_ENTRIES && at < end; i++)
		if (!is_wide_entry(image, &at, end, err))
			return false;
	return true;
}

static const struct {
	const char *name;
	size_t length;
	uint8_t bytes[6];
} formats[] = {
	{"LZMA", 3, {0x5d, 0, 0}},
	{"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
	{"bzip2", 3, {'B', 'Z', 'h'}},
	{"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
	{"LZ4", 4, {0x04, 0x22, 0x4d, 0x18}},
	{"LZO", 4, {0x89, 'L', 'Z', 'O'}},
};

/* What the blocks are compressed with, by the first one of a file; NULL: nothing known. */
static const char *foreign_format(
	const struct xip_image *image, const struct xip_listing *listing, enum xip_err *err)
{
	*err = XIP_OK;
	for (size_t i = 0; !*err && i < listing->count; i++) {
		const struct xip_inode *inode = &listing->entries[i].inode;
		uint64_t table = xip_div_up(inode->size, XIP_PAGE_SIZE_MIN) * XIP_POINTER_SIZE;
		uint8_t head[6];

		if (!xip_inode_has_blocks(inode) ||
			!get_bytes(image, inode->offset + table, head, sizeof(head), err))
			continue;
		for (size_t k = 0; k < sizeof(formats) / sizeof(*formats); k++)
			if (!memcmp(head, formats[k].bytes, formats[k].length))
				return formats[k].name;
	}
	return NULL;
}

static enum xip_err cannot_read(
	const struct xip_image *image, enum xip_err err, const struct xip_diag *diag)
{
	if (err == XIP_ERR_NOMEM)
		return xip_diag_nomem(diag);
	return xip_diag_fail(diag, err, image->path, XIP_NO_OFFSET, "cannot be read");
}

enum xip_err xip_dialect_judge(const struct xip_image *image, const struct xip_diag *diag)
{
	uint32_t unknown = image->info.super.flags & ~CRAMFS_SUPPORTED_FLAGS;
	uint64_t position = image->info.super_offset;
	struct xip_listing listing;
	const char *format;
	enum xip_err err;

	if (has_wide_inodes(image, &err))
		return xip_diag_fail(diag, XIP_ERR_UNSUPPORTED, image->path,
			position + XIP_SUPER_ROOT,
			"its inodes take 16 bytes instead of 12: a dialect of some e-readers, "
			"which no mainline kernel reads");
	if (err)
		return cannot_read(image, err, diag);
	if (!unknown)
		return XIP_OK;
	err = xip_image_list(image, true, &listing, NULL);
	if (err)
		return cannot_read(image, err, diag);
	format = foreign_format(image, &listing, &err);
	xip_listing_free(&listing);
	if (err)
		return cannot_read(image, err, diag);
	if (format)
		return xip_diag_fail(diag, XIP_ERR_UNSUPPORTED, image->path, position,
			"a vendor's dialect (flags %#x): its blocks are compressed by %s instead "
			"of zlib, which no mainline kernel reads",
			unknown, format);
	return xip_diag_fail(diag, XIP_ERR_UNSUPPORTED, image->path, position,
		"the super block has flags that no kernel knows: %#x", unknown);
}
