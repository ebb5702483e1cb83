/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening an image: the rules of fs/cramfs/inode.c cramfs_read_super(), for both byte orders.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xipfs/base/bytes.h"
#include "xipfs/base/io.h"
#include "xipfs/read/find.h"

#define HINT_REACH ((uint64_t)1 << 30) /* bytes of a file that are searched unasked */

/* Looks for the magic number at 0, then at 512, in both byte orders. */
static bool find_super(struct xip_image_info *info, const uint8_t *head, size_t length)
{
	for (uint32_t offset = 0; offset <= XIP_BOOT_PAD; offset += XIP_BOOT_PAD) {
		if (!xip_range_inside(offset, XIP_SUPER_SIZE, length))
			return false;
		for (int big = 0; big <= 1; big++) {
			if (xip_get32(head + offset, big) != CRAMFS_MAGIC)
				continue;
			info->super_offset = offset;
			info->big = big;
			xip_super_decode(&info->super, head + offset, big);
			return true;
		}
	}
	return false;
}

/* How much of the image there is. */
static enum xip_err judge_size(
	struct xip_image_info *info, bool cut_short, const char *path, const struct xip_diag *diag)
{
	const struct xip_super *super = &info->super;
	uint64_t least = info->super_offset + XIP_SUPER_SIZE;

	if (!(super->flags & CRAMFS_FLAG_FSID_VERSION_2)) {
		/* The kernel takes 256 MiB. */
		info->size =
			info->file_size < XIP_OFFSET_LIMIT ? info->file_size : XIP_OFFSET_LIMIT;
		return XIP_OK;
	}
	info->size = super->size;
	if (info->size < least)
		return xip_diag_fail(diag, XIP_ERR_CORRUPT, path, info->super_offset,
			"the super block gives the image %u bytes, less than its own end",
			super->size);
	if (info->size <= info->file_size)
		return XIP_OK;
	if (!cut_short)
		return xip_diag_fail(diag, XIP_ERR_CORRUPT, path, info->super_offset,
			"the super block gives the image %u bytes, but the file ends after %llu",
			super->size, (unsigned long long)info->file_size);
	info->size = info->file_size;
	info->missing = super->size - info->file_size;
	return XIP_OK;
}

/* No super block where it should be: says where the next one is, if it is quickly found. */
static enum xip_err no_super(
	int fd, const struct xip_image *image, uint64_t from, const struct xip_diag *diag)
{
	struct xip_found_list list;
	char hint[128] = "";

	if (diag && image->info.file_size <= HINT_REACH &&
		!xip_find_images(fd, image->path, from, 1, &list, NULL)) {
		if (list.count)
			snprintf(hint, sizeof(hint),
				"; an image begins at byte %llu: xipfs-dump --offset=%llu",
				(unsigned long long)list.items[0].offset,
				(unsigned long long)list.items[0].offset);
		xip_found_free(&list);
	}
	return xip_diag_fail(diag, XIP_ERR_CORRUPT, image->path, XIP_NO_OFFSET,
		"not a cramfs image: no super block at %llu or %llu%s", (unsigned long long)from,
		(unsigned long long)from + XIP_BOOT_PAD, hint);
}

static enum xip_err load_super(struct xip_image *image, int fd,
	const struct xip_open_options *options, const struct xip_diag *diag)
{
	uint8_t head[XIP_BOOT_PAD + XIP_SUPER_SIZE];
	off_t end = lseek(fd, 0, SEEK_END); /* block devices have no st_size */
	size_t got;
	enum xip_err err;

	if (end < 0)
		return xip_diag_fail_errno(diag, errno, image->path, "cannot find its size");
	if (options->offset > (uint64_t)end)
		return xip_diag_fail(diag, XIP_ERR_SOURCE, image->path, XIP_NO_OFFSET,
			"ends at byte %lld, before the offset %llu", (long long)end,
			(unsigned long long)options->offset);
	err = xip_io_pread(fd, head, sizeof(head), options->offset, &got, diag, image->path);
	if (err)
		return err;
	image->info.file_size = (uint64_t)end - options->offset;
	if (!find_super(&image->info, head, got))
		return no_super(fd, image, options->offset, diag);
	image->info.extended = image->info.super.flags & CRAMFS_FLAG_EXT_BLOCK_POINTERS;
	if (!xip_mode_is_directory(image->info.super.root.mode))
		return xip_diag_fail(diag, XIP_ERR_CORRUPT, image->path,
			image->info.super_offset + XIP_SUPER_ROOT, "the root is not a directory");
	return judge_size(&image->info, options->cut_short, image->path, diag);
}

/* What can be told with the super block alone. */
static enum xip_err open_image(struct xip_image *image, int fd,
	const struct xip_open_options *options, const struct xip_diag *diag)
{
	enum xip_err err = load_super(image, fd, options, diag);

	if (err)
		return err;
	image->cache = xip_window_new(fd, options->offset, image->info.size, image->path);
	if (!image->cache)
		return xip_diag_nomem(diag);
	err = xip_dialect_judge(image, diag);
	if (err)
		return err;
	image->info.page_size = options->page_size;
	return options->page_size ? XIP_OK
				  : xip_page_size_detect(image, &image->info.page_size, diag);
}

enum xip_err xip_image_open_with(struct xip_image **result, int fd, const char *path,
	const struct xip_open_options *options, const struct xip_diag *diag)
{
	struct xip_image *image = calloc(1, sizeof(*image));
	enum xip_err err;

	if (!image)
		return xip_diag_nomem(diag);
	image->path = strdup(path);
	image->inflater = xip_inflater_new();
	image->packed = malloc(2 * XIP_PAGE_SIZE_MAX);
	if (image->path && image->inflater && image->packed)
		err = open_image(image, fd, options, diag);
	else
		err = xip_diag_nomem(diag);
	if (err)
		xip_image_close(image);
	else
		*result = image;
	return err;
}

enum xip_err xip_image_open(struct xip_image **image, int fd, const char *path, uint32_t page_size,
	const struct xip_diag *diag)
{
	const struct xip_open_options options = {.page_size = page_size};

	return xip_image_open_with(image, fd, path, &options, diag);
}

void xip_image_hurry(struct xip_image *image)
{
	xip_inflater_hurry(image->inflater);
}

void xip_image_close(struct xip_image *image)
{
	if (!image)
		return;
	xip_window_free(image->cache);
	xip_inflater_free(image->inflater);
	free(image->packed);
	free(image->path);
	free(image);
}

const struct xip_image_info *xip_image_info(const struct xip_image *image)
{
	return &image->info;
}

const char *xip_image_path(const struct xip_image *image)
{
	return image->path;
}
