/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images inside a larger file, such as firmware: found by the signature of their super blocks.
 */
#ifndef XIPFS_FIND_H
#define XIPFS_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/format/format.h"

enum xip_crc_verdict {
	XIP_CRC_NONE, /* the image records none: no CRAMFS_FLAG_FSID_VERSION_2 */
	XIP_CRC_GOOD,
	XIP_CRC_BAD,
	XIP_CRC_CUT, /* the file ends before the image */
};

struct xip_found {
	uint64_t offset;       /* of the image, bytes in the file */
	uint32_t super_offset; /* of the super block in the image: 0 or XIP_BOOT_PAD */
	struct xip_super super;
	bool big; /* byte order */
	enum xip_crc_verdict crc;
};

struct xip_found_list {
	struct xip_found *items; /* by offset of the super block */
	size_t count;
	uint64_t file_size; /* bytes */
	bool more;          /* there are more than were asked for */
};

/*
 * Finds at most @limit images in @fd from byte @from on, in time linear in the file's size. An
 * image has a super block with the magic number and the signature, in either byte order, whose root
 * is a directory and whose size (if it records one) has room for it. With 512 bytes of boot code
 * before the super block, the image begins there if the CRC or the offset of the root says so.
 * Errors: XIP_ERR_IO, XIP_ERR_NOMEM. The caller frees *@list with xip_found_free after XIP_OK.
 */
XIP_MUST_CHECK enum xip_err xip_find_images(int fd, const char *path, uint64_t from, size_t limit,
	struct xip_found_list *list, const struct xip_diag *diag);
void xip_found_free(struct xip_found_list *list);

#endif
