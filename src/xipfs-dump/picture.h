/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flash as a picture: rows of equal numbers of bytes, drawn to scale.
 */
#ifndef DUMP_PICTURE_H
#define DUMP_PICTURE_H

#include "common.h"

/* Kinds as in map.h, and the room after the image. */
#define PICTURE_FREE  XIP_MAP_COUNT
#define PICTURE_KINDS (XIP_MAP_COUNT + 1)

/* One piece: an extent, or a run of extents too small to be drawn one by one. */
struct piece {
	uint64_t start, length; /* bytes of the image, or of the partition after it */
	unsigned kind;          /* of most of its bytes */
	size_t first, count;    /* extents of the map; 0 of them: free room */
};

struct picture {
	struct piece *pieces; /* by address */
	size_t count;
	uint64_t total;     /* bytes drawn: the partition, or the image */
	uint64_t row_bytes; /* bytes per row */
	unsigned rows;
	const struct xip_program_list *programs; /* all of the image */
	size_t *program_of_file;                 /* index in programs; SIZE_MAX: no program */
};

#define PICTURE_WIDTH 1000 /* units across a row */

/* @programs, judged with xip_programs_options.all, must outlive *@picture. */
XIP_MUST_CHECK enum xip_err picture_make(
	const struct dump *dump, const struct xip_program_list *programs, struct picture *picture);
void picture_free(struct picture *picture);

/* A short name for captions ("executes in place"); static storage. */
const char *picture_kind_text(unsigned kind);
/* The class by which style sheets know it ("xip"); static storage. */
const char *picture_kind_class(unsigned kind);

#endif
