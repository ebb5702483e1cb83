/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening an image: the rules of fs/cramfs/inode.c cramfs_read_super(), for both byte orders.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xipfs/base/bytes.h"
#include "xipfs/base/io.h"

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

static enum xip_err judge_super(
	struct xip_image_info *info, const char *path, const struct xip_diag *diag)
{
	const struct xip_super *super = &info->super;
	uint64_t least = info->super_offset + XIP_SUPER_SIZE;

	if (super->flags & ~CRAMFS_SUPPORTED_FLAGS)
		return xip_diag_fail(diag, XIP_ERR_UNSUPPORTED, path, info->super_offset,
			"the super block has flags that no kernel knows: %#x",
			super->flags & ~CRAMFS_SUPPORTED_FLAGS);
	if (!xip_mode_is_directory(super->root.mode))
		return xip_diag_fail(diag, XIP_ERR_CORRUPT, path,
			info->super_offset + XIP_SUPER_ROOT, "the root is not a directory");
	info->extended = super->flags & CRAMFS_FLAG_EXT_BLOCK_POINTERS;
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
	if (info->size > info->file_size)
		return xip_diag_fail(diag, XIP_ERR_CORRUPT, path, info->super_offset,
			"the super block gives the image %u bytes, but the file ends after %llu",
			super->size, (unsigned long long)info->file_size);
	return XIP_OK;
}

static enum xip_err load_super(struct xip_image *image, int fd, const struct xip_diag *diag)
{
	uint8_t head[XIP_BOOT_PAD + XIP_SUPER_SIZE];
	off_t end = lseek(fd, 0, SEEK_END); /* block devices have no st_size */
	size_t got;
	enum xip_err err;

	if (end < 0)
		return xip_diag_fail_errno(diag, errno, image->path, "cannot find its size");
	err = xip_io_pread(fd, head, sizeof(head), 0, &got, diag, image->path);
	if (err)
		return err;
	image->info.file_size = (uint64_t)end;
	if (!find_super(&image->info, head, got))
		return xip_diag_fail(diag, XIP_ERR_CORRUPT, image->path, XIP_NO_OFFSET,
			"not a cramfs image: no super block at 0 or %u", XIP_BOOT_PAD);
	return judge_super(&image->info, image->path, diag);
}

enum xip_err xip_image_open(struct xip_image **result, int fd, const char *path, uint32_t page_size,
	const struct xip_diag *diag)
{
	struct xip_image *image = calloc(1, sizeof(*image));
	enum xip_err err;

	if (!image)
		return xip_diag_nomem(diag);
	image->path = strdup(path);
	image->inflater = xip_inflater_new();
	image->packed = malloc(2 * XIP_PAGE_SIZE_MAX);
	if (!image->path || !image->inflater || !image->packed) {
		err = xip_diag_nomem(diag);
		goto fail;
	}
	err = load_super(image, fd, diag);
	if (err)
		goto fail;
	image->cache = xip_window_new(fd, image->info.size, image->path);
	if (!image->cache) {
		err = xip_diag_nomem(diag);
		goto fail;
	}
	image->info.page_size = page_size;
	if (!page_size)
		err = xip_page_size_detect(image, &image->info.page_size, diag);
	if (err)
		goto fail;
	*result = image;
	return XIP_OK;
fail:
	xip_image_close(image);
	return err;
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
