/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "internal.h"

enum xip_err xip_image_crc(
	const struct xip_image *image, struct xip_image_crc *crc, const struct xip_diag *diag)
{
	const struct xip_image_info *info = &image->info;
	uint64_t begin = info->super_offset, size = info->size;
	uint8_t buffer[32768];

	*crc = (struct xip_image_crc){.recorded = info->super.crc, .right = true};
	if (!(info->super.flags & CRAMFS_FLAG_FSID_VERSION_2))
		return XIP_OK;
	for (uint64_t at = begin; at < size; at += sizeof(buffer)) {
		size_t part = size - at < sizeof(buffer) ? (size_t)(size - at) : sizeof(buffer);
		enum xip_err err = xip_image_read(image, at, buffer, part, diag);

		if (err)
			return err;
		if (at == begin)
			memset(buffer + XIP_SUPER_CRC, 0, 4);
		crc->found = xip_crc32(crc->found, buffer, part);
	}
	crc->right = crc->found == crc->recorded;
	return XIP_OK;
}

enum xip_err xip_image_warn_crc(
	const struct xip_image *image, bool *right, const struct xip_diag *diag)
{
	struct xip_image_crc crc;
	enum xip_err err = xip_image_crc(image, &crc, diag);

	*right = !err && crc.right;
	if (!err && !crc.right)
		xip_diag_warn(diag, image->path, XIP_NO_OFFSET,
			"the image is damaged, so what is taken from it may be wrong: its CRC-32 "
			"is "
			"%08x, but the super block says %08x",
			crc.found, crc.recorded);
	return err;
}
