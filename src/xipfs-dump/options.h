/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of xipfs-dump.
 */
#ifndef DUMP_OPTIONS_H
#define DUMP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/cli/cli.h"
#include "xipfs/ram/ram.h"

/* What to do with the image; one of these per call. */
enum action {
	ACTION_SUMMARY,
	ACTION_LIST,
	ACTION_MAP,
	ACTION_BLOCKS,
	ACTION_CHECK,
	ACTION_EXTRACT,
	ACTION_CAT,
	ACTION_TAR,
	ACTION_DIFF,
	ACTION_EXPECT,
	ACTION_HTML,
	ACTION_SVG,
	ACTION_RAM,
	ACTION_TOP,
	ACTION_FIND,
};

struct options {
	enum action action;
	const char *image;
	char **paths; /* operands after the image: paths and patterns that limit the action */
	size_t path_count;
	const char *argument;   /* of the action: a path, a directory, a file; NULL: none */
	const char *before;     /* the image that --diff names; NULL: none */
	uint64_t checks;        /* bit i: run check i */
	uint64_t offset;        /* bytes of the file before the image */
	uint64_t top;           /* entries that --top lists */
	uint64_t flash_address; /* 0: not given */
	uint32_t page_size;     /* 0: find it out */
	uint64_t partition;     /* bytes of the flash partition, 0: not given */
	const char *junit;      /* file for the outcome of --expect; NULL: none */
	enum xip_kernel kernel; /* of --ram */
	enum xip_when color;
	bool json, verbose;
};

enum options_verdict {
	OPTIONS_RUN,         /* go on */
	OPTIONS_DONE,        /* help or version was printed */
	OPTIONS_USAGE,       /* a message was printed: exit 16 */
	OPTIONS_OPERATIONAL, /* a message was printed: exit 8 */
};

/* Parses the command line. Strings point into @argv. */
enum options_verdict options_parse(
	struct options *options, int argc, char **argv, const struct xip_diag *diag);

extern const char help_text[];

#endif
