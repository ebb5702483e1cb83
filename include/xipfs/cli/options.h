/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * getopt_long(3) with messages of our own: they say what to try, and pass through the diag, which
 * escapes what must not reach a terminal.
 */
#ifndef XIPFS_CLI_OPTIONS_H
#define XIPFS_CLI_OPTIONS_H

#include <getopt.h>

#include "xipfs/base/diag.h"

struct xip_cli_options {
	const char *program;
	int argc;
	char **argv;
	const char *letters; /* as for getopt_long(3), with ':' in front */
	const struct option *options;
	/* The last option that took the next word as its value, as it was written; NULL: none. */
	const char *taker, *taken;
};

/* The next option; -1: there are no more; '?': what is wrong with it has been reported. */
int xip_cli_next_option(struct xip_cli_options *parser, const struct xip_diag *diag);

/* Reports @what ("IMAGE is missing"), and which option may have taken it as its value. */
void xip_cli_operand_missing(
	const struct xip_cli_options *parser, const char *what, const struct xip_diag *diag);

#endif
