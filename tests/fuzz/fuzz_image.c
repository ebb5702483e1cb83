/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arbitrary bytes as an image: opened, listed, mapped, checked, compared with itself, and every
 * block read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xipfs/base/bytes.h"
#include "xipfs/inspect/diff.h"
#include "xipfs/inspect/map.h"
#include "xipfs/inspect/programs.h"
#include "xipfs/ram/ram.h"
#include "xipfs/read/find.h"
#include "xipfs/read/reader.h"
#include "xipfs/check/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

/* The listing is a tree: every entry is reached once in tree order, parents first. */
static void walk(const struct xip_listing *listing)
{
	size_t reached = 0;

	for (size_t i = 0; i != SIZE_MAX; i = xip_listing_next(listing, i)) {
		require(i < listing->count);
		require(!i || listing->entries[i].parent < i);
		reached++;
	}
	require(reached == listing->count);
}

/* Only so many, as a fuzzer has no time for more. */
static void read_blocks(struct xip_image *image, const struct xip_listing *listing)
{
	const struct xip_image_info *info = xip_image_info(image);
	uint8_t *buffer = malloc(info->page_size);
	uint32_t budget = 2000;

	for (size_t i = 0; buffer && i < listing->count; i++) {
		const struct xip_inode *inode = &listing->entries[i].inode;
		uint32_t count = xip_image_block_count(image, inode);

		for (uint32_t j = 0; j < count && budget; j++, budget--) {
			struct xip_block block;
			const char *why;
			size_t length;

			if (xip_image_block(image, inode, j, &block, &why) == XIP_OK)
				require(xip_range_inside(block.start, block.length, info->size));
			if (xip_image_read_block(image, inode, j, buffer, &length, &why) == XIP_OK)
				require(length && length <= info->page_size);
		}
	}
	free(buffer);
}

static void check_map(const struct xip_image *image, const struct xip_map *map)
{
	uint64_t end = 0;

	for (size_t i = 0; i < map->extent_count; i++) {
		require(map->extents[i].start == end);
		require(map->extents[i].length > 0);
		end += map->extents[i].length;
	}
	require(end == xip_image_info(image)->size);
}

/* A page is in RAM or in flash, and a process is the sum of its parts. */
static void check_ram(const struct xip_ram *ram)
{
	for (size_t i = 0; i < ram->object_count; i++)
		for (size_t k = 0; k < ram->objects[i].line_count; k++) {
			const struct xip_ram_line *line = &ram->objects[i].lines[k];

			require(line->flash_pages <= line->pages);
			require(line->shared_pages <= line->pages - line->flash_pages);
			require(line->private_pages <= line->pages - line->flash_pages);
		}
	for (size_t i = 0; i < ram->process_count; i++) {
		const struct xip_ram_process *process = &ram->processes[i];

		require(process->object_count >= 1);
		require(process->first_pages >= process->further_pages);
		require(process->plain_pages - process->first_pages == process->flash_pages);
		require(!process->loadable || !process->missing_count);
	}
}

static void predict(struct xip_image *image, const struct xip_listing *listing,
	const struct xip_map *map, const struct xip_program_list *programs)
{
	static const enum xip_kernel kernels[] = {
		XIP_KERNEL_NOMMU, XIP_KERNEL_MMU, XIP_KERNEL_PAGEWISE};

	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
		const struct xip_ram_options options = {kernels[i], XIP_MAX_ORDER_DEFAULT};
		struct xip_ram ram;

		if (xip_ram_predict(image, listing, map, programs, &options, &ram, NULL) != XIP_OK)
			continue;
		check_ram(&ram);
		xip_ram_free(&ram);
	}
}

static void same(void *user, const struct xip_difference *difference)
{
	(void)user, (void)difference;
}

static void look(struct xip_image *image)
{
	const struct xip_verify_options verify = {.enabled = UINT64_MAX};
	const struct xip_programs_options all = {.all = true, .flash_address = 0x8000000};
	struct xip_verify_result result;
	struct xip_program_list programs;
	struct xip_listing listing;
	struct xip_map map;

	if (xip_image_list(image, true, &listing, NULL) != XIP_OK)
		return;
	walk(&listing);
	read_blocks(image, &listing);
	if (xip_map_build(image, &listing, &map, NULL) == XIP_OK) {
		const struct xip_diff_side side = {image, &listing, &map};

		check_map(image, &map);
		if (xip_programs_judge(image, &listing, &map, &all, &programs, NULL) == XIP_OK) {
			predict(image, &listing, &map, &programs);
			xip_programs_free(&programs);
		}
		if (map.entry_bytes < 4 << 20)
			(void)!xip_diff(&side, &side, same, NULL, NULL);
		xip_map_free(&map);
	}
	(void)!xip_verify(image, &verify, &result, NULL);
	xip_listing_free(&listing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct xip_open_options options = {.cut_short = true};
	int fd = memfd_create("image", MFD_CLOEXEC);
	struct xip_found_list found;
	struct xip_image *image;

	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size) {
		if (xip_image_open_with(&image, fd, "image", &options, NULL) == XIP_OK) {
			look(image);
			xip_image_close(image);
		}
		if (xip_find_images(fd, "image", 0, 100, &found, NULL) == XIP_OK)
			xip_found_free(&found);
	}
	close(fd);
	return 0;
}
