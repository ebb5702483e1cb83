/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dialects of cramfs that some devices have and no mainline kernel reads: told apart from damage,
 * and called by their name.
 */
#include "internal.h"

#include <string.h>

#include "xipfs/base/bytes.h"

/* Inodes of 16 bytes: mode and owner, size, length of the name, offset; a word each. */
#define WIDE_INODE_SIZE 16u
#define WIDE_ENTRIES    16u /* of the root that are looked at */

static uint32_t get_word(const struct xip_image *image, uint64_t offset)
{
	uint8_t bytes[4];

	/* Outside is as good as zero: nothing here makes sense then. */
	if (xip_image_read(image, offset, bytes, sizeof(bytes), NULL))
		return 0;
	return xip_get32(bytes, image->info.big);
}

/* The length of the name in the wide inode at @offset, with its padding; bytes. */
static uint32_t wide_name_length(const struct xip_image *image, uint64_t offset)
{
	return (get_word(image, offset + 8) >> 8 & 0xffu) * 4;
}

/*
 * Read as an inode of 12 bytes, the root of such an image has a size and no offset: an empty
 * directory. Here its true offset follows, and leads to entries with names that fill it.
 */
static bool has_wide_inodes(const struct xip_image *image)
{
	const struct xip_inode *root = &image->info.super.root;
	uint64_t position = image->info.super_offset + XIP_SUPER_ROOT;
	uint64_t at = (uint64_t)get_word(image, position + 12) * 4, end = at + root->size;

	if (root->offset || !root->size || at < position + WIDE_INODE_SIZE)
		return false;
	for (unsigned i = 0; i < WIDE_ENTRIES && at < end; i++) {
		uint32_t length = wide_name_length(image, at);
		char name[XIP_NAME_MAX];

		if (!length || length > sizeof(name) ||
			end - at < WIDE_INODE_SIZE + (uint64_t)length ||
			xip_image_read(image, at + WIDE_INODE_SIZE, name, length, NULL) || !*name ||
			memchr(name, '/', length))
			return false;
		at += WIDE_INODE_SIZE + length;
	}
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
static const char *foreign_format(const struct xip_image *image, const struct xip_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		const struct xip_inode *inode = &listing->entries[i].inode;
		uint64_t table = xip_div_up(inode->size, XIP_PAGE_SIZE_MIN) * XIP_POINTER_SIZE;
		uint8_t head[6];

		if (!xip_inode_has_blocks(inode) ||
			xip_image_read(image, inode->offset + table, head, sizeof(head), NULL))
			continue;
		for (size_t k = 0; k < sizeof(formats) / sizeof(*formats); k++)
			if (!memcmp(head, formats[k].bytes, formats[k].length))
				return formats[k].name;
	}
	return NULL;
}

enum xip_err xip_dialect_judge(const struct xip_image *image, const struct xip_diag *diag)
{
	uint32_t unknown = image->info.super.flags & ~CRAMFS_SUPPORTED_FLAGS;
	uint64_t position = image->info.super_offset;
	struct xip_listing listing;
	const char *format;
	enum xip_err err;

	if (has_wide_inodes(image))
		return xip_diag_fail(diag, XIP_ERR_UNSUPPORTED, image->path,
			position + XIP_SUPER_ROOT,
			"its inodes take 16 bytes instead of 12: a dialect of some e-readers, "
			"which no mainline kernel reads");
	if (!unknown)
		return XIP_OK;
	err = xip_image_list(image, true, &listing, NULL);
	if (err)
		return err;
	format = foreign_format(image, &listing);
	xip_listing_free(&listing);
	if (format)
		return xip_diag_fail(diag, XIP_ERR_UNSUPPORTED, image->path, position,
			"a vendor's dialect (flags %#x): its blocks are compressed by %s instead "
			"of zlib, which no mainline kernel reads",
			unknown, format);
	return xip_diag_fail(diag, XIP_ERR_UNSUPPORTED, image->path, position,
		"the super block has flags that no kernel knows: %#x", unknown);
}
