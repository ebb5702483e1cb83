/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes one tree of what the user names: each SOURCE is a directory, a cramfs image, a container
 * image, or another archive, and later ones lie over earlier ones.
 */
#ifndef XIPFS_SOURCES_H
#define XIPFS_SOURCES_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/tree/scan.h"
#include "xipfs/tree/tree.h"

/* What archives and images may unpack to unless told otherwise: four times what an image holds. */
#define XIP_UNPACK_LIMIT ((uint64_t)1 << 30)

struct xip_sources {
	const char *const *paths; /* "-": standard input */
	size_t count;             /* 1 or more */
	struct xip_exclude exclude;
	uint64_t limit;       /* bytes that all of them together may unpack to */
	const char *platform; /* "linux/arm/v7": of a container image; NULL: the only one */
};

/*
 * Reads all sources into *@tree, which is not finished (xip_tree_finish) yet. XIP_ERR_SOURCE: one
 * is of none of the kinds, is damaged, or has no such platform; XIP_ERR_CORRUPT: an image breaks
 * the rules of its format; XIP_ERR_LIMIT: they unpack to more than the limit; XIP_ERR_IO,
 * XIP_ERR_NOMEM. The caller frees *@tree with xip_tree_free.
 */
XIP_MUST_CHECK enum xip_err xip_sources_read(
	const struct xip_sources *sources, struct xip_tree **tree, const struct xip_diag *diag);

/* True when file @path is a cramfs image, so that a new one made from it may take its place. */
bool xip_source_names_image(const char *path);

#endif
