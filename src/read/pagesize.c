/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guessing the page size that an image was made for. The format does not record it, but a wrong
 * one gives a file another number of block pointers, so its first block seems to start somewhere
 * else and its blocks do not inflate to whole pages.
 */
#include "internal.h"

#include <stdlib.h>

#define SAMPLE_FILES  16 /* the largest ones of the image */
#define SAMPLE_BLOCKS 3  /* at the beginning of each */

struct sample {
	struct xip_inode inodes[SAMPLE_FILES];
	size_t count;
};

/* Keeps the largest inodes, largest first, each offset once. */
static void sample_add(struct sample *sample, const struct xip_inode *inode)
{
	size_t i;

	if (inode->size <= XIP_PAGE_SIZE_MIN || !xip_inode_has_blocks(inode))
		return;
	if (sample->count == SAMPLE_FILES && inode->size <= sample->inodes[SAMPLE_FILES - 1].size)
		return;
	for (i = 0; i < sample->count; i++)
		if (sample->inodes[i].offset == inode->offset)
			return;
	i = sample->count < SAMPLE_FILES ? sample->count++ : SAMPLE_FILES - 1;
	for (; i && sample->inodes[i - 1].size < inode->size; i--)
		sample->inodes[i] = sample->inodes[i - 1];
	sample->inodes[i] = *inode;
}

/*
 * 0: the blocks contradict the page size; 1: they do not; 2: direct blocks follow one another
 * exactly a page apart, which a smaller page size would not contradict.
 */
static unsigned sample_score(
	struct xip_image *image, const struct xip_inode *inode, uint8_t *buffer)
{
	uint32_t page = image->info.page_size;
	uint32_t count = xip_image_block_count(image, inode);
	struct xip_block previous = {0};
	unsigned score = 1;

	for (uint32_t i = 0; i < count && i < SAMPLE_BLOCKS; i++) {
		struct xip_block block;
		const char *why;

		if (xip_image_block(image, inode, i, &block, &why) ||
			xip_image_unpack(image, &block, buffer,
				xip_image_block_length(image, inode, i), &why))
			return 0;
		if (i && block.direct && block.uncompressed && previous.direct &&
			previous.uncompressed) {
			if (block.start == previous.start + page)
				score = 2;
			else if (block.start > previous.start &&
				 block.start < previous.start + page)
				return 0;
		}
		previous = block;
	}
	return score;
}

static bool ignore_fault(void *user, enum xip_list_fault fault, const struct xip_listing *listing,
	size_t index, uint64_t offset, const char *message)
{
	(void)user, (void)fault, (void)listing, (void)index, (void)offset, (void)message;
	return true;
}

enum xip_err xip_page_size_detect(
	struct xip_image *image, uint32_t *page_size, const struct xip_diag *diag)
{
	const struct xip_list_report report = {ignore_fault, NULL};
	struct xip_listing listing;
	struct sample sample = {.count = 0};
	uint8_t *buffer;
	unsigned best = 0;
	uint32_t found = XIP_PAGE_SIZE_MIN;
	enum xip_err err = xip_listing_walk(image, &listing, &report, diag);

	if (err)
		return err;
	for (size_t i = 0; i < listing.count; i++)
		sample_add(&sample, &listing.entries[i].inode);
	xip_listing_free(&listing);
	buffer = malloc(XIP_PAGE_SIZE_MAX);
	if (!buffer)
		return xip_diag_nomem(diag);
	for (uint32_t page = XIP_PAGE_SIZE_MIN; page <= XIP_PAGE_SIZE_MAX; page *= 2) {
		unsigned score = 0;

		image->info.page_size = page;
		for (size_t i = 0; i < sample.count; i++)
			score += sample_score(image, &sample.inodes[i], buffer);
		if (score > best) {
			best = score;
			found = page;
		}
	}
	free(buffer);
	*page_size = found;
	return XIP_OK;
}
