/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of mkxipfs while it is parsed: options.c knows all options and what they mean
 * together, option_values.c those whose value is a number or a word.
 */
#ifndef MKXIPFS_OPTION_VALUES_H
#define MKXIPFS_OPTION_VALUES_H

#include "options.h"
#include "xipfs/base/diag.h"

/* What getopt_long() returns for options without a letter. */
enum long_only {
	OPT_XIP = 256,
	OPT_NO_XIP,
	OPT_XIP_ALIGN,
	OPT_XIP_PROFILE,
	OPT_EXCLUDE,
	OPT_EXCLUDE_FROM,
	OPT_COMPRESSOR,
	OPT_LEVEL,
	OPT_QUIET,
	OPT_NO_VERIFY,
	OPT_TRUNCATE_IDS,
	OPT_CLASSIC,
	OPT_POLICY,
	OPT_STACK_SIZE,
	OPT_STRIP,
	OPT_MAX_SIZE,
	OPT_FIT,
	OPT_REPORT,
	OPT_EXPLAIN,
	OPT_COLOR,
	OPT_XATTRS,
	OPT_MAX_UNPACKED,
	OPT_PLATFORM,
	OPT_PAD_TO,
	OPT_PAD_BYTE,
};

/* What is known only when all options have been read. */
struct parser {
	struct options *options;
	const struct xip_diag *diag;
	int level;       /* 0: the compressor's default */
	uint64_t pad_to; /* the size that the file must have; 0: any, or a multiple */
	bool xip_asked;
	bool pad_byte;    /* --pad-byte was given */
	bool holes;       /* -z, which matters with --classic only */
	bool reads_stdin; /* some file is "-" */
	bool drop_in;     /* called as mkcramfs or mkfs.cramfs */
};

/* Reports @what by @format, which has one %s for it; OPTIONS_USAGE. */
enum options_verdict option_usage(
	const struct parser *parser, const char *format, const char *what);

/* Is it one of the options whose value option_set_value() understands? */
bool option_has_value(int option);
enum options_verdict option_set_value(struct parser *parser, int option, const char *text);

#endif
