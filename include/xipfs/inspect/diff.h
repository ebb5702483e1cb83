/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between two images, entry by entry.
 */
#ifndef XIPFS_DIFF_H
#define XIPFS_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/inspect/map.h"
#include "xipfs/read/reader.h"

/* What differs in an entry: bits of xip_difference.fields. */
#define XIP_DIFF_ADDED   0x01u /* only the second image has it */
#define XIP_DIFF_REMOVED 0x02u /* only the first one has it */
#define XIP_DIFF_TYPE    0x04u
#define XIP_DIFF_MODE    0x08u /* permission bits */
#define XIP_DIFF_OWNER   0x10u
#define XIP_DIFF_DEVICE  0x20u /* device number */
#define XIP_DIFF_CONTENT 0x40u /* of a file, or the target of a symbolic link */
#define XIP_DIFF_PLACEMENT                                                                         \
	0x80u /* the numbers of XIP, compressed, stored and hole blocks differ                     \
	       */

struct xip_diff_side {
	struct xip_image *image;
	const struct xip_listing *listing;
	const struct xip_map *map;
};

struct xip_difference {
	size_t before, after; /* entries of the first and second listing, SIZE_MAX: not there */
	unsigned fields;
	/* Bytes of the entry, its pointers and blocks; shared ones count whole. */
	uint64_t bytes_before, bytes_after;
};

/*
 * Compares all entries by path, directories first, then what is in them, in order of name. @found
 * is called for each difference. Errors: XIP_ERR_CORRUPT (a file of either image cannot be read,
 * reported to @diag; the comparison went on), XIP_ERR_LIMIT (the contents of either are beyond all
 * proportion to its size, see extract.h), XIP_ERR_IO, XIP_ERR_SOURCE, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_diff(const struct xip_diff_side *before,
	const struct xip_diff_side *after,
	void (*found)(void *user, const struct xip_difference *difference), void *user,
	const struct xip_diag *diag);

#endif
