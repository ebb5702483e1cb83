/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The on-disk format of cramfs, for both byte orders.
 *
 * Source: Linux include/uapi/linux/cramfs_fs.h and fs/cramfs/inode.c. The kernel declares the
 * inode as bit fields, so a big-endian image differs from a little-endian one in the order of the
 * bits of each word as well as in the order of its bytes.
 */
#ifndef XIPFS_FORMAT_H
#define XIPFS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRAMFS_MAGIC     0x28cd3d45u
#define CRAMFS_SIGNATURE "Compressed ROMFS" /* 16 bytes, no NUL */

/* Bits of struct xip_super.flags. */
#define CRAMFS_FLAG_FSID_VERSION_2      0x00000001u
#define CRAMFS_FLAG_SORTED_DIRS         0x00000002u
#define CRAMFS_FLAG_HOLES               0x00000100u
#define CRAMFS_FLAG_WRONG_SIGNATURE     0x00000200u
#define CRAMFS_FLAG_SHIFTED_ROOT_OFFSET 0x00000400u
#define CRAMFS_FLAG_EXT_BLOCK_POINTERS  0x00000800u
/* What the kernel (6.12) mounts. */
#define CRAMFS_SUPPORTED_FLAGS                                                                     \
	(0x000000ffu | CRAMFS_FLAG_HOLES | CRAMFS_FLAG_WRONG_SIGNATURE |                           \
		CRAMFS_FLAG_SHIFTED_ROOT_OFFSET | CRAMFS_FLAG_EXT_BLOCK_POINTERS)

/* Bits of a block pointer in an image with CRAMFS_FLAG_EXT_BLOCK_POINTERS. */
#define CRAMFS_BLK_FLAG_UNCOMPRESSED (1u << 31)
#define CRAMFS_BLK_FLAG_DIRECT_PTR   (1u << 30)
#define CRAMFS_BLK_FLAGS             (CRAMFS_BLK_FLAG_UNCOMPRESSED | CRAMFS_BLK_FLAG_DIRECT_PTR)
#define CRAMFS_BLK_DIRECT_PTR_SHIFT  2

/* Sizes in bytes. */
#define XIP_SUPER_SIZE    76u /* the super block, root inode included */
#define XIP_SUPER_ROOT    64u /* where in the super block the root inode lies */
#define XIP_INODE_SIZE    12u
#define XIP_POINTER_SIZE  4u          /* one block pointer */
#define XIP_BOOT_PAD      512u        /* left to boot code before the super block */
#define XIP_NAME_MAX      252u        /* (2^6 - 1) * 4 */
#define XIP_FILE_SIZE_MAX 0x00ffffffu /* 2^24 - 1 */
#define XIP_OFFSET_LIMIT  0x10000000u /* data begins below: 2^26 * 4 = 256 MiB */
#define XIP_UID_MAX       0xffffu
#define XIP_GID_MAX       0xffu
#define XIP_DEV_MAJOR_MAX 255u /* old_decode_dev() takes 16 bits: 8 major, 8 minor */
#define XIP_DEV_MINOR_MAX 255u
#define XIP_READ_AHEAD    264u /* readdir and lookup always read 12 + 252 bytes */
#define XIP_PAGE_SIZE_MIN 4096u
#define XIP_PAGE_SIZE_MAX 65536u
/* Type bits of an inode's mode (include/uapi/linux/stat.h): the image's, not the host's. */
#define XIP_S_IFMT   0170000u
#define XIP_S_IFSOCK 0140000u
#define XIP_S_IFLNK  0120000u
#define XIP_S_IFREG  0100000u
#define XIP_S_IFBLK  0060000u
#define XIP_S_IFDIR  0040000u
#define XIP_S_IFCHR  0020000u
#define XIP_S_IFIFO  0010000u

/* One inode, as stored in a directory entry or in the super block. */
struct xip_inode {
	uint16_t mode; /* type and permission bits */
	uint16_t uid;
	uint8_t gid;
	uint8_t namelen; /* bytes of the name with its zero padding: a multiple of 4 */
	uint32_t size;   /* bytes, 24 bits; for a device its number, see xip_rdev_encode */
	uint32_t offset; /* bytes from the start of the image, a multiple of 4; 0: no data */
};

struct xip_super {
	uint32_t magic;
	uint32_t size; /* bytes of the image, boot padding included */
	uint32_t flags;
	uint32_t future;
	uint8_t signature[16];
	uint32_t crc; /* CRC-32 of the whole image with this field as zero */
	uint32_t edition;
	uint32_t blocks;  /* number of data blocks (pages) of all files */
	uint32_t files;   /* number of inodes */
	uint8_t name[16]; /* zero padded, not always NUL terminated */
	struct xip_inode root;
};

/*
 * Encode @inode at @out (12 bytes). The caller has checked that every value fits its field; excess
 * bits are dropped.
 */
void xip_inode_encode(uint8_t *out, const struct xip_inode *inode, bool big);
void xip_inode_decode(struct xip_inode *inode, const uint8_t *in, bool big);

/* Encode or decode the 76 bytes of a super block. */
void xip_super_encode(uint8_t *out, const struct xip_super *super, bool big);
void xip_super_decode(struct xip_super *super, const uint8_t *in, bool big);

/* Byte position of the crc field inside the super block. */
#define XIP_SUPER_CRC 32u

/* The "size" of a device inode. False when @major or @minor is over 255 (old_decode_dev). */
bool xip_rdev_encode(uint32_t *size, uint32_t major, uint32_t minor);
void xip_rdev_decode(uint32_t size, uint32_t *major, uint32_t *minor);

/* The type bits of @mode (XIP_S_IF*), and what they say. */
static inline uint32_t xip_mode_type(uint32_t mode)
{
	return mode & XIP_S_IFMT;
}

static inline bool xip_mode_is_directory(uint32_t mode)
{
	return xip_mode_type(mode) == XIP_S_IFDIR;
}

static inline bool xip_mode_is_regular(uint32_t mode)
{
	return xip_mode_type(mode) == XIP_S_IFREG;
}

static inline bool xip_mode_is_symlink(uint32_t mode)
{
	return xip_mode_type(mode) == XIP_S_IFLNK;
}

/* A file or symlink: only these have blocks. */
static inline bool xip_mode_has_data(uint32_t mode)
{
	return xip_mode_is_regular(mode) || xip_mode_is_symlink(mode);
}

static inline bool xip_mode_is_device(uint32_t mode)
{
	return xip_mode_type(mode) == XIP_S_IFCHR || xip_mode_type(mode) == XIP_S_IFBLK;
}

/* True when the type bits of @mode are one of the seven file types. */
bool xip_mode_is_valid(uint32_t mode);

/* 4096, 8192, 16384, 32768 or 65536. */
bool xip_page_size_is_valid(uint64_t page_size);

/* How one block is stored in the image: what a block pointer says. */
struct xip_block {
	uint32_t start; /* bytes from the start of the image, after a direct block's length field */
	uint32_t length; /* bytes in the image; 0: a hole, one page of zeros */
	bool uncompressed;
	bool direct;
};

/*
 * CRC-32 (IEEE 802.3, as zlib's) of @length bytes at @p, continued from @crc (0 to begin).
 */
uint32_t xip_crc32(uint32_t crc, const void *p, size_t length);

/*
 * The CRC-32 of A followed by the @length bytes of B, from those of A and B. Also that of B from
 * those of A and of both together: the sum is its own inverse.
 */
uint32_t xip_crc32_join(uint32_t a, uint32_t b, uint64_t length);

#endif
