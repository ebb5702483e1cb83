/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/cli/options.h"

#include <stdbool.h>
#include <string.h>

static void complain(const struct xip_cli_options *parser, const struct xip_diag *diag,
	const char *before, const char *option, const char *behind)
{
	(void)xip_diag_fail(diag, XIP_ERR_USAGE, NULL, XIP_NO_OFFSET, "%s%s%s; try %s --help",
		before, option, behind, parser->program);
}

/* How many long options begin with the name in @word ("--na", "--na=value")? */
static unsigned count_matches(const struct xip_cli_options *parser, const char *word)
{
	size_t length = strcspn(word + 2, "=");
	unsigned count = 0;

	for (const struct option *option = parser->options; option->name; option++)
		count += !strncmp(option->name, word + 2, length);
	return count;
}

/* getopt_long() leaves in optopt: 0 for an unknown long option, the value of a known one. */
static void report(const struct xip_cli_options *parser, int letter, const struct xip_diag *diag)
{
	const char *word = parser->argv[optind - 1];
	char short_word[] = {'-', (char)optopt, '\0'};
	bool is_letter = optopt > 0 && optopt < 256;

	if (letter == ':')
		complain(parser, diag, "option ", strncmp(word, "--", 2) ? short_word : word,
			" needs a value");
	else if (is_letter && (optopt == ':' || !strchr(parser->letters, optopt)))
		complain(parser, diag, "unknown option ", short_word, "");
	else if (optopt)
		complain(parser, diag, "", word, ": the option takes no value");
	else if (count_matches(parser, word))
		complain(parser, diag, "option ", word, " may mean several");
	else
		complain(parser, diag, "unknown option ", word, "");
}

int xip_cli_next_option(struct xip_cli_options *parser, const struct xip_diag *diag)
{
	int letter;

	opterr = 0;
	letter = getopt_long(parser->argc, parser->argv, parser->letters, parser->options, NULL);
	if (letter == '?' || letter == ':') {
		report(parser, letter, diag);
		return '?';
	}
	if (letter != -1 && optarg && optarg == parser->argv[optind - 1]) {
		parser->taker = parser->argv[optind - 2];
		parser->taken = optarg;
	}
	return letter;
}

void xip_cli_operand_missing(
	const struct xip_cli_options *parser, const char *what, const struct xip_diag *diag)
{
	if (parser->taker)
		(void)xip_diag_fail(diag, XIP_ERR_USAGE, NULL, XIP_NO_OFFSET,
			"%s: %s took \"%s\" for its value; try %s --help", what, parser->taker,
			parser->taken, parser->program);
	else
		complain(parser, diag, what, "", "");
}
