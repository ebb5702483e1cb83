/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mkxipfs reports of its work: on the terminal, and to a file that is made to be compared.
 */
#ifndef MKXIPFS_REPORT_H
#define MKXIPFS_REPORT_H

#include <stdio.h>

#include "options.h"
#include "xipfs/image/build.h"
#include "xipfs/tree/tree.h"

/*
 * One line per file: where it went, and why. With @metadata one line for every entry, its mode and
 * owner before it.
 */
void report_files(FILE *out, const struct xip_tree *tree, const struct xip_build *build,
	const struct options *options, bool metadata);

/*
 * What the image holds and what it took, a few lines, and what --fit had to leave out; @label
 * begins the first.
 */
void report_summary(FILE *out, const struct xip_tree *tree, const struct xip_build *build,
	const struct options *options, const char *label);

/* The whole plan as JSON; its members are described in mkxipfs(1). */
void report_json(FILE *out, const struct xip_tree *tree, const struct xip_build *build,
	const struct options *options);

/* Writes the plan to @out, as JSON when options->report ends in ".json". */
void report_write(FILE *out, const struct options *options, const struct xip_tree *tree,
	const struct xip_build *build);

/* --explain: which rule decided what about options->explain. Errors: XIP_ERR_SOURCE, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err report_explain(FILE *out, const struct options *options,
	const struct xip_tree *tree, const struct xip_plan *plan, const struct xip_diag *diag);

#endif
