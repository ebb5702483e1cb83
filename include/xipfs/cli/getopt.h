/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What getopt_long has to complain of, in the words and with the escapes of all other messages.
 */
#ifndef XIPFS_GETOPT_H
#define XIPFS_GETOPT_H

#include <getopt.h>

#include "xipfs/base/diag.h"

/*
 * Reports the option that getopt_long() just returned '?' or ':' for, with opterr 0, a ':' in front
 * of the short options, and @options and @argv as it had them.
 */
void xip_getopt_report(
	const struct option *options, int letter, char *const *argv, const struct xip_diag *diag);

#endif
