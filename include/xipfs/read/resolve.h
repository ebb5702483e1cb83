/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Path names inside an image, followed as a kernel would with the image as its root.
 */
#ifndef XIPFS_RESOLVE_H
#define XIPFS_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "xipfs/base/err.h"
#include "xipfs/read/reader.h"

/* Longest path and most symlinks that one look-up follows (PATH_MAX, MAXSYMLINKS). */
#define XIP_RESOLVE_PATH_MAX  4096
#define XIP_RESOLVE_LINKS_MAX 40

/*
 * Looks @path up in the image, following symlinks, the last one included; ".." of the root is the
 * root, and a relative path begins there. *@entry is its index in @listing, or SIZE_MAX when
 * nothing is there, a symlink cannot be read, or one of the limits above is exceeded. @real (may be
 * NULL) holds XIP_RESOLVE_PATH_MAX bytes and gets the path without symlinks ("" is the root).
 * Errors: XIP_ERR_NOMEM, XIP_ERR_IO.
 */
XIP_MUST_CHECK enum xip_err xip_image_resolve(struct xip_image *image,
	const struct xip_listing *listing, const char *path, size_t *entry, char *real);

/* The same, but a symlink at the end of @path is followed only if a '/' follows it. */
XIP_MUST_CHECK enum xip_err xip_image_resolve_link(struct xip_image *image,
	const struct xip_listing *listing, const char *path, size_t *entry, char *real);

/*
 * Writes @pattern (see pattern.h) to @out of XIP_RESOLVE_PATH_MAX bytes, with the part before its
 * first wildcard replaced by what it leads to, so that it fits the paths that the image really has.
 * A symlink at its end is followed when @follow is set. A path that leads nowhere, or becomes too
 * long, stays as it is. XIP_ERR_LIMIT: @pattern itself is too long; XIP_ERR_NOMEM, XIP_ERR_IO.
 */
XIP_MUST_CHECK enum xip_err xip_image_resolve_pattern(struct xip_image *image,
	const struct xip_listing *listing, const char *pattern, bool follow, char *out);

#endif
