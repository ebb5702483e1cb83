/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MKXIPFS_REPORT_H
#define MKXIPFS_REPORT_H

#include <stdio.h>

#include "options.h"
#include "xipfs/build.h"
#include "xipfs/tree.h"

/* -v: one line a file: where it went, and why. Errors: XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err report_files(FILE *out, const struct xip_tree *tree,
	const struct xip_build *build, const struct options *options);

/* What the image holds and what it took, a few lines. */
void report_summary(FILE *out, const struct xip_build *build, const struct options *options);

#endif
