/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the stages from a tree to an image.
 */
#ifndef XIPFS_BUILD_H
#define XIPFS_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/image/encode.h"
#include "xipfs/base/err.h"
#include "xipfs/image/layout.h"
#include "xipfs/plan/plan.h"
#include "xipfs/plan/policy.h"
#include "xipfs/tree/tree.h"

struct xip_build_options {
	struct xip_policy policy;
	struct xip_encode_options encode;
	struct xip_layout_options layout;
	const uint8_t *insert; /* layout.insert_size bytes; the caller's */
	uint64_t max_size;     /* of the image, bytes; 0: no limit but the format's */
	bool fit;              /* choose what executes in place so that it fits @max_size */
	uint64_t pad_unit;     /* fill the file up to a multiple of so many bytes; 0: no padding */
	uint8_t pad_byte;      /* with these */
};

/* What became of the tree, in bytes and counts. */
struct xip_build_totals {
	uint64_t image_size;
	uint64_t file_size;                            /* padding included */
	uint64_t files, directories, symlinks, others; /* entries; each hard link counts */
	uint64_t programs;                             /* files with pages executed in place */
	uint64_t stripped, stripped_bytes; /* programs that end earlier than in the source */
	uint64_t input;                    /* bytes of all distinct files and symlinks, stripped */
	uint64_t packed_from, packed_to; /* bytes that were to be compressed, and what they take */
};

/* What --fit decided about a file that could be executed in place. */
enum xip_fit {
	XIP_FIT_NONE, /* not to be chosen */
	XIP_FIT_IN,   /* in place */
	XIP_FIT_OUT,  /* compressed, for want of room */
};

/* The choice for one of xip_tree.data_inodes. */
struct xip_build_choice {
	enum xip_fit fit;
	uint64_t cost;  /* extra bytes of flash when in place */
	uint64_t pages; /* pages of RAM saved when in place */
};

struct xip_build {
	struct xip_plan *plan;
	struct xip_plan *placed;   /* with --fit: the plan with the runs that there was room for;
				    * else NULL */
	struct xip_layout *layout; /* of these; without its extents */
	struct xip_build_choice
		*choices; /* index: number in xip_tree.data_inodes; NULL: no --fit */
	struct xip_build_totals totals;
};

/*
 * Plans, encodes, lays out and writes @tree (finished) to @fd. Contents and extents are freed
 * before it returns, so that reading the image back needs no memory on top; the rest of plan and
 * layout stays for reports. The caller frees *@build with xip_build_free. Errors: those of the
 * stages.
 */
XIP_MUST_CHECK enum xip_err xip_build_run(const struct xip_tree *tree,
	const struct xip_build_options *options, int fd, const char *path, struct xip_build **build,
	const struct xip_diag *diag);
void xip_build_free(struct xip_build *build);

/* The plan of file @number of xip_tree.data_inodes with the runs that it has in the image. */
static inline const struct xip_plan_file *xip_build_placed(
	const struct xip_build *build, size_t number)
{
	return &(build->placed ? build->placed : build->plan)->files[number];
}

#endif
