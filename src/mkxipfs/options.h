/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of mkxipfs.
 */
#ifndef MKXIPFS_OPTIONS_H
#define MKXIPFS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/cli/cli.h"
#include "xipfs/image/build.h"
#include "xipfs/tree/scan.h"

struct string_list {
	const char **items;
	size_t count;
};

struct options {
	const char *image;
	struct string_list sources, excludes, devtables, profiles;
	struct string_list files; /* others that are read: policies, --exclude-from, -i */
	const char *insert;       /* -i; NULL: none */
	bool squash_owner, truncate_ids;
	bool errors; /* -E: warnings are errors */
	bool quiet, verbose, no_verify;
	enum xip_when color;
	bool plain;         /* nothing in place, since the program was called by an old name */
	bool ignore_xattrs; /* --xattrs=ignore */
	uint64_t unpack_limit;
	const char *platform; /* --platform; NULL: none */
	const char *report;   /* --report; NULL: none */
	const char *explain;  /* --explain: a path in the image; then @image may be NULL */
	struct xip_build_options build; /* without insert */
	/* Memory that belongs to the above. */
	struct xip_policy_list rules;
	struct xip_profile profile; /* of all @profiles, once the tree is there */
	struct xip_arena *texts;    /* patterns of --exclude-from files; NULL: none */
};

enum options_verdict {
	OPTIONS_RUN,         /* go on */
	OPTIONS_DONE,        /* help or version was printed */
	OPTIONS_USAGE,       /* a message was printed: exit 16 */
	OPTIONS_OPERATIONAL, /* a message was printed: exit 8 */
};

/* Parses the command line. Strings point into @argv. The caller calls options_free in any case. */
enum options_verdict options_parse(
	struct options *options, int argc, char **argv, const struct xip_diag *diag);
void options_free(struct options *options);

extern const char help_text[];

#endif
