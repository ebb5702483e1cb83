/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flash budget: is the image too large, and which programs execute in place within it.
 * Private to src/image.
 */
#ifndef XIPFS_IMAGE_CHOOSE_H
#define XIPFS_IMAGE_CHOOSE_H

#include "xipfs/image/build.h"

/* XIP_ERR_LIMIT, naming the excess and the largest files, when @layout is over @max_size bytes. */
XIP_MUST_CHECK enum xip_err xip_choose_check_size(const struct xip_tree *tree,
	const struct xip_layout *layout, uint64_t max_size, const struct xip_diag *diag);

/*
 * Chooses, of the optional files of @build->plan, those that save the most RAM when in place within
 * @options->max_size, and lays out the image with them; fills in @build->choices, ->placed and
 * ->layout, which xip_build_free() frees, even on errors. Pages that a profile names come
 * first, the hottest of them, and other programs get the room that they leave. Exact: costs are
 * measured by laying out the image, those of programs that share blocks for each set of them; of
 * more than 7 such programs each is measured alone, with a warning. Errors: XIP_ERR_LIMIT,
 * XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_choose_fit(const struct xip_tree *tree,
	const struct xip_build_options *options, const struct xip_encoding *encoding,
	struct xip_build *build, const struct xip_diag *diag);

/*
 * Of the pages that a profile placed (XIP_WISH_PROFILE, optional), leaves the hottest in @placed, a
 * copy of @plan: as many as fit @options->max_size beside all else that @placed has. Of equally hot
 * ones those stay that are largest when compressed, then those earlier in the tree. When nothing
 * fits, none is left. XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_choose_pages(const struct xip_tree *tree,
	const struct xip_build_options *options, const struct xip_plan *plan,
	const struct xip_encoding *encoding, struct xip_plan *placed);

#endif
