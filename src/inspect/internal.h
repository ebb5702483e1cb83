/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of src/inspect share and nobody else sees.
 */
#ifndef XIPFS_INSPECT_INTERNAL_H
#define XIPFS_INSPECT_INTERNAL_H

#include "xipfs/inspect/map.h"
#include "xipfs/read/reader.h"

/* The files and blocks of a map that is empty so far; on failure the caller frees the map. */
XIP_MUST_CHECK enum xip_err xip_map_files(const struct xip_image *image,
	const struct xip_listing *listing, struct xip_map *map, const struct xip_diag *diag);

/*
 * XIP_ERR_LIMIT when the contents, with @paths also the paths of all entries, are beyond all
 * proportion to the image; see extract.h.
 */
XIP_MUST_CHECK enum xip_err xip_content_limit(const struct xip_image *image,
	const struct xip_listing *listing, bool paths, const struct xip_diag *diag);

#endif
