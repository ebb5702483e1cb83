/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a new image back with the inspector's reader and compares it with its source.
 */
#ifndef MKXIPFS_READBACK_H
#define MKXIPFS_READBACK_H

#include "progress.h"
#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/plan/plan.h"
#include "xipfs/tree/tree.h"

/*
 * Every check of the inspector, every entry's name and metadata, and every block against its
 * source. @fd holds the image, @path names it in messages. XIP_ERR_CORRUPT: the image is not what
 * it should be, a fault of this program; XIP_ERR_SOURCE: a file changed meanwhile.
 */
XIP_MUST_CHECK enum xip_err readback(int fd, const char *path, const struct xip_tree *tree,
	const struct xip_plan *plan, unsigned threads, struct progress *progress,
	const struct xip_diag *diag);

#endif
