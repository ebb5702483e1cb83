/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of a file: where they lie and what they hold. Source of every rule here:
 * fs/cramfs/inode.c cramfs_read_folio().
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"

bool xip_inode_has_blocks(const struct xip_inode *inode)
{
	return inode->size && inode->offset && (xip_mode_has_data(inode->mode));
}

uint32_t xip_image_block_count(const struct xip_image *image, const struct xip_inode *inode)
{
	if (!xip_inode_has_blocks(inode))
		return 0;
	return (uint32_t)xip_div_up(inode->size, image->info.page_size);
}

uint32_t xip_image_block_length(
	const struct xip_image *image, const struct xip_inode *inode, uint32_t index)
{
	uint32_t page = image->info.page_size;
	uint64_t begin = (uint64_t)index * page;
	uint64_t rest = inode->size > begin ? inode->size - begin : 0;

	return rest < page ? (uint32_t)rest : page;
}

/* A number of 2 or 4 bytes. */
static enum xip_err get_number(
	const struct xip_image *image, uint64_t offset, unsigned width, uint32_t *value)
{
	uint8_t bytes[4];
	enum xip_err err = xip_image_read(image, offset, bytes, width, NULL);

	if (err)
		return err;
	*value = width == 2 ? xip_get16(bytes, image->info.big) : xip_get32(bytes, image->info.big);
	return XIP_OK;
}

static uint32_t direct_start(uint32_t pointer)
{
	return (pointer & ~CRAMFS_BLK_FLAGS) << CRAMFS_BLK_DIRECT_PTR_SHIFT;
}

/* Where the block before the one at @position ends; @table_end is for the first block. */
static enum xip_err previous_end(const struct xip_image *image, uint64_t position, bool first,
	uint32_t table_end, uint32_t *end)
{
	uint32_t pointer, length;
	enum xip_err err;

	*end = table_end;
	if (first)
		return XIP_OK;
	err = get_number(image, position - XIP_POINTER_SIZE, 4, &pointer);
	if (err)
		return err;
	*end = pointer & ~CRAMFS_BLK_FLAGS;
	if (!(pointer & CRAMFS_BLK_FLAG_DIRECT_PTR))
		return XIP_OK;
	*end = direct_start(pointer);
	if (pointer & CRAMFS_BLK_FLAG_UNCOMPRESSED) {
		*end += image->info.page_size;
		return XIP_OK;
	}
	err = get_number(image, *end, 2, &length);
	if (!err)
		*end += 2 + length;
	return err;
}

/* What the pointer itself says of a direct block. */
static enum xip_err block_direct(const struct xip_image *image, const struct xip_inode *inode,
	uint32_t index, struct xip_block *block, const char **why)
{
	enum xip_err err;

	if (block->uncompressed) {
		block->length = xip_image_block_length(image, inode, index);
		return XIP_OK;
	}
	*why = "the length of the compressed block lies outside the image";
	err = get_number(image, block->start, 2, &block->length);
	block->start += 2;
	return err;
}

/* The limits of the kernel's reader, and the image's end. */
static enum xip_err block_limits(
	const struct xip_image *image, const struct xip_block *block, const char **why)
{
	uint32_t page = image->info.page_size;

	*why = "the block ends before it starts or is longer than two pages";
	if (block->length > 2 * page)
		return XIP_ERR_CORRUPT;
	*why = "the uncompressed block is longer than a page";
	if (block->uncompressed && block->length > page)
		return XIP_ERR_CORRUPT;
	*why = "the block leaves the image";
	if (!xip_range_inside(block->start, block->length, image->info.size))
		return XIP_ERR_CORRUPT;
	return XIP_OK;
}

enum xip_err xip_image_block(const struct xip_image *image, const struct xip_inode *inode,
	uint32_t index, struct xip_block *block, const char **why)
{
	uint32_t count = xip_image_block_count(image, inode);
	uint64_t position = inode->offset + (uint64_t)index * XIP_POINTER_SIZE;
	uint32_t table_end = inode->offset + count * XIP_POINTER_SIZE;
	uint32_t pointer;
	enum xip_err err;

	*why = "the file has no such block";
	if (index >= count)
		return XIP_ERR_CORRUPT;
	*why = "the block pointer lies outside the image";
	err = get_number(image, position, 4, &pointer);
	if (err)
		return err;
	block->uncompressed = pointer & CRAMFS_BLK_FLAG_UNCOMPRESSED;
	block->direct = pointer & CRAMFS_BLK_FLAG_DIRECT_PTR;
	if (block->direct) {
		block->start = direct_start(pointer);
		err = block_direct(image, inode, index, block, why);
	} else {
		*why = "the block before it leaves the image";
		err = previous_end(image, position, !index, table_end, &block->start);
		block->length = (pointer & ~CRAMFS_BLK_FLAGS) - block->start;
	}
	return err ? err : block_limits(image, block, why);
}

enum xip_err xip_image_unpack(struct xip_image *image, const struct xip_block *block,
	uint8_t *buffer, uint32_t length, const char **why)
{
	uint8_t *to = block->uncompressed ? buffer : image->packed;
	size_t written;
	enum xip_err err;

	if (!block->length) {
		memset(buffer, 0, length);
		return XIP_OK;
	}
	*why = "the uncompressed block is not as long as what it holds";
	if (block->uncompressed && block->length != length)
		return XIP_ERR_CORRUPT;
	*why = "the block cannot be read";
	err = xip_image_read(image, block->start, to, block->length, NULL);
	if (err || block->uncompressed)
		return err;
	*why = "the compressed block is not a valid zlib stream of its length";
	err = xip_inflate(image->inflater, image->packed, block->length, buffer, length, &written);
	if (err)
		return err;
	if (written != length) {
		*why = "the compressed block inflates to less than it should";
		return XIP_ERR_CORRUPT;
	}
	return XIP_OK;
}

enum xip_err xip_image_read_block(struct xip_image *image, const struct xip_inode *inode,
	uint32_t index, uint8_t *buffer, size_t *length, const char **why)
{
	struct xip_block block;
	enum xip_err err = xip_image_block(image, inode, index, &block, why);

	if (err)
		return err;
	*length = xip_image_block_length(image, inode, index);
	return xip_image_unpack(image, &block, buffer, (uint32_t)*length, why);
}

enum xip_err xip_image_load(struct xip_image *image, const struct xip_inode *inode, uint8_t **data,
	size_t *size, const char *path, const struct xip_diag *diag)
{
	uint32_t count = xip_image_block_count(image, inode);
	uint8_t *content = malloc((size_t)count * image->info.page_size + 1);
	size_t filled = 0;

	if (!content)
		return xip_diag_nomem(diag);
	for (uint32_t i = 0; i < count; i++) {
		const char *why;
		size_t length;
		enum xip_err err =
			xip_image_read_block(image, inode, i, content + filled, &length, &why);

		if (err) {
			free(content);
			return xip_diag_fail(diag, err, path, inode->offset,
				"block %u cannot be read: %s", i, why);
		}
		filled += length;
	}
	content[filled] = 0;
	*data = content;
	*size = filled;
	return XIP_OK;
}
