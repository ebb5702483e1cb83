/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/cli/getopt.h"

#include <string.h>

#include "xipfs/base/err.h"

/* The name of the long option with this value; NULL: there is none. */
static const struct option *find_value(const struct option *options, int value)
{
	for (; options->name; options++)
		if (options->val == value)
			return options;
	return NULL;
}

static void report(const struct xip_diag *diag, const char *format, const char *what)
{
	(void)xip_diag_fail(diag, XIP_ERR_USAGE, NULL, XIP_NO_OFFSET, format, what);
}

/* A word that begins with "--" and names no option, or more than one. */
static void report_name(const struct option *options, const char *word, const struct xip_diag *diag)
{
	size_t length = strcspn(word, "=");
	unsigned matches = 0;

	for (; options->name; options++)
		matches += length > 2 && !strncmp(options->name, word + 2, length - 2);
	report(diag,
		matches > 1 ? "option %s: several begin like this; see --help"
			    : "option %s: there is none of this name; see --help",
		word);
}

void xip_getopt_report(
	const struct option *options, int letter, char *const *argv, const struct xip_diag *diag)
{
	const struct option *known = find_value(options, optopt);
	char name[] = {'-', (char)optopt, '\0'};

	if (letter != ':' && !optopt)
		report_name(options, argv[optind - 1], diag);
	else if (letter != ':' && !known)
		report(diag, "option %s: there is none of this letter; see --help", name);
	else if (!strncmp(argv[optind - 1], "--", 2) && known)
		report(diag,
			letter == ':' ? "option --%s: its value is missing; see --help"
				      : "option --%s: it takes no value; see --help",
			known->name);
	else
		report(diag, "option %s: its value is missing; see --help", name);
}
