/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A product's expectations about its image: one assertion per line, for its CI.
 */
#ifndef XIPFS_EXPECT_H
#define XIPFS_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/inspect/map.h"
#include "xipfs/inspect/programs.h"
#include "xipfs/ram/ram.h"
#include "xipfs/read/reader.h"

enum xip_expect_kind {
	XIP_EXPECT_XIP,         /* xip PATTERN: all matching files are mapped from flash */
	XIP_EXPECT_NOT_XIP,     /* not-xip PATTERN: no matching file has a block in place */
	XIP_EXPECT_SIZE,        /* size <= SIZE: bytes of the image */
	XIP_EXPECT_FREE,        /* free >= SIZE: bytes of the partition after the image */
	XIP_EXPECT_RAM,         /* ram PATTERN <= SIZE: bytes of RAM of the first process */
	XIP_EXPECT_BLOCK,       /* block PATTERN <= SIZE: bytes of its largest block of RAM */
	XIP_EXPECT_PRESENT,     /* present PATH [mode=OCTAL] [owner=UID:GID] */
	XIP_EXPECT_ABSENT,      /* absent PATTERN */
	XIP_EXPECT_NO_SETUID,   /* no-setuid [PATTERN]: no regular file is setuid or setgid */
	XIP_EXPECT_NO_WRITABLE, /* no-world-writable [PATTERN]: no file is, nor any directory
				   without the sticky bit */
	XIP_EXPECT_LOADS,       /* loads PATTERN: interpreter and shared objects are in the image */
	XIP_EXPECT_CHECK_CLEAN, /* check clean: every check finds nothing */
};

enum xip_expect_relation {
	XIP_EXPECT_LESS,
	XIP_EXPECT_AT_MOST,
	XIP_EXPECT_EQUAL,
	XIP_EXPECT_AT_LEAST,
	XIP_EXPECT_MORE,
};

struct xip_expectation {
	enum xip_expect_kind kind;
	uint64_t line;       /* in its file, from 1 */
	const char *text;    /* the line without its comment and outer blanks */
	const char *pattern; /* see pattern.h; NULL: everything */
	enum xip_expect_relation relation;
	uint64_t value; /* bytes */
	bool has_mode, has_owner;
	uint32_t mode, uid, gid;
};

struct xip_expect_list {
	struct xip_expectation *items;
	size_t count;
	uint64_t partition;            /* bytes, from a line "partition SIZE"; 0: none */
	struct xip_ram_options kernel; /* from a line "kernel [nommu|mmu|pagewise] [max-order=N]" */
	struct xip_arena *arena;
};

/*
 * Reads expectations from file @path ("-": standard input). '#' begins a comment. Errors:
 * XIP_ERR_SOURCE, naming the line, or for a file without any expectation; XIP_ERR_IO,
 * XIP_ERR_NOMEM. The caller frees *@list with xip_expect_free after XIP_OK.
 */
XIP_MUST_CHECK enum xip_err xip_expect_load(
	struct xip_expect_list *list, const char *path, const struct xip_diag *diag);
void xip_expect_free(struct xip_expect_list *list);

/* What expectations are checked against. */
struct xip_expect_image {
	struct xip_image *image; /* symlinks in it are read */
	const struct xip_listing *listing;
	const struct xip_map *map;
	const struct xip_program_list *programs; /* judged with xip_programs_options.all */
	const struct xip_ram *ram;
	uint64_t partition;      /* bytes of the flash partition, 0: not known */
	size_t errors, warnings; /* of xip_verify */
	const char *first_fault; /* the first finding, NULL: none */
};

struct xip_outcome {
	bool holds;
	/* When it does not: clauses for the user, in the arena given. */
	const char *expected, *found, *why; /* @why may be NULL */
};

/* Checks one expectation against the image. XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err xip_expect_judge(const struct xip_expectation *expectation,
	const struct xip_expect_image *image, struct xip_arena *arena, struct xip_outcome *outcome);

#endif
