/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/format/format.h"

#include <string.h>

#include <libdeflate.h>

#include "xipfs/base/bytes.h"

/*
 * The three words of struct cramfs_inode are bit fields: mode 16, uid 16 | size 24, gid 8 |
 * namelen 6, offset 26. A little-endian compiler fills a word from its low bits, a big-endian one
 * from its high bits.
 */
void xip_inode_encode(uint8_t *out, const struct xip_inode *inode, bool big)
{
	uint32_t size = inode->size & XIP_FILE_SIZE_MAX;
	uint32_t namelen = inode->namelen / 4 & 0x3f;
	uint32_t offset = inode->offset / 4 & 0x3ffffff;

	xip_put16(out, inode->mode, big);
	xip_put16(out + 2, inode->uid, big);
	if (big) {
		xip_put32(out + 4, size << 8 | inode->gid, true);
		xip_put32(out + 8, namelen << 26 | offset, true);
	} else {
		xip_put32(out + 4, (uint32_t)inode->gid << 24 | size, false);
		xip_put32(out + 8, offset << 6 | namelen, false);
	}
}

void xip_inode_decode(struct xip_inode *inode, const uint8_t *in, bool big)
{
	uint32_t second = xip_get32(in + 4, big);
	uint32_t third = xip_get32(in + 8, big);

	inode->mode = xip_get16(in, big);
	inode->uid = xip_get16(in + 2, big);
	if (big) {
		inode->size = second >> 8;
		inode->gid = (uint8_t)second;
		inode->namelen = (uint8_t)(third >> 26 << 2);
		inode->offset = (third & 0x3ffffff) << 2;
	} else {
		inode->size = second & XIP_FILE_SIZE_MAX;
		inode->gid = (uint8_t)(second >> 24);
		inode->namelen = (uint8_t)((third & 0x3f) << 2);
		inode->offset = third >> 6 << 2;
	}
}

void xip_super_encode(uint8_t *out, const struct xip_super *super, bool big)
{
	xip_put32(out, super->magic, big);
	xip_put32(out + 4, super->size, big);
	xip_put32(out + 8, super->flags, big);
	xip_put32(out + 12, super->future, big);
	memcpy(out + 16, super->signature, sizeof(super->signature));
	xip_put32(out + XIP_SUPER_CRC, super->crc, big);
	xip_put32(out + 36, super->edition, big);
	xip_put32(out + 40, super->blocks, big);
	xip_put32(out + 44, super->files, big);
	memcpy(out + 48, super->name, sizeof(super->name));
	xip_inode_encode(out + XIP_SUPER_ROOT, &super->root, big);
}

void xip_super_decode(struct xip_super *super, const uint8_t *in, bool big)
{
	super->magic = xip_get32(in, big);
	super->size = xip_get32(in + 4, big);
	super->flags = xip_get32(in + 8, big);
	super->future = xip_get32(in + 12, big);
	memcpy(super->signature, in + 16, sizeof(super->signature));
	super->crc = xip_get32(in + XIP_SUPER_CRC, big);
	super->edition = xip_get32(in + 36, big);
	super->blocks = xip_get32(in + 40, big);
	super->files = xip_get32(in + 44, big);
	memcpy(super->name, in + 48, sizeof(super->name));
	xip_inode_decode(&super->root, in + XIP_SUPER_ROOT, big);
}

bool xip_rdev_encode(uint32_t *size, uint32_t major, uint32_t minor)
{
	if (major > XIP_DEV_MAJOR_MAX || minor > XIP_DEV_MINOR_MAX)
		return false;
	*size = major << 8 | minor;
	return true;
}

void xip_rdev_decode(uint32_t size, uint32_t *major, uint32_t *minor)
{
	*major = size >> 8 & 0xff;
	*minor = size & 0xff;
}

bool xip_mode_is_valid(uint32_t mode)
{
	switch (xip_mode_type(mode)) {
	case XIP_S_IFSOCK:
	case XIP_S_IFLNK:
	case XIP_S_IFREG:
	case XIP_S_IFBLK:
	case XIP_S_IFDIR:
	case XIP_S_IFCHR:
	case XIP_S_IFIFO:
		return true;
	default:
		return false;
	}
}

bool xip_page_size_is_valid(uint64_t page_size)
{
	return page_size >= XIP_PAGE_SIZE_MIN && page_size <= XIP_PAGE_SIZE_MAX &&
	       xip_is_power_of_two(page_size);
}

uint32_t xip_crc32(uint32_t crc, const void *p, size_t length)
{
	return libdeflate_crc32(crc, p, length);
}
