/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "xipfs/cli/cli.h"
#include "xipfs/cli/options.h"
#include "xipfs/base/text.h"
#include "xipfs/format/format.h"
#include "xipfs/check/verify.h"

#define HELP_WIDTH 78u

enum long_only {
	OPT_LIST = 256,
	OPT_MAP,
	OPT_BLOCKS,
	OPT_CHECK,
	OPT_EXTRACT,
	OPT_CAT,
	OPT_TAR,
	OPT_DIFF,
	OPT_RAM,
	OPT_EXPECT,
	OPT_HTML,
	OPT_SVG,
	OPT_JUNIT,
	OPT_PARTITION,
	OPT_FLASH_ADDR,
	OPT_PAGE_SIZE,
	OPT_JSON,
	OPT_OFFSET,
	OPT_FIND,
	OPT_TOP,
	OPT_COLOR,
};

static const struct option long_options[] = {
	{"list", optional_argument, NULL, OPT_LIST},
	{"map", no_argument, NULL, OPT_MAP},
	{"blocks", required_argument, NULL, OPT_BLOCKS},
	{"check", optional_argument, NULL, OPT_CHECK},
	{"extract", required_argument, NULL, OPT_EXTRACT},
	{"cat", required_argument, NULL, OPT_CAT},
	{"tar", required_argument, NULL, OPT_TAR},
	{"diff", required_argument, NULL, OPT_DIFF},
	{"ram", optional_argument, NULL, OPT_RAM},
	{"expect", required_argument, NULL, OPT_EXPECT},
	{"html", required_argument, NULL, OPT_HTML},
	{"svg", required_argument, NULL, OPT_SVG},
	{"junit", required_argument, NULL, OPT_JUNIT},
	{"partition", required_argument, NULL, OPT_PARTITION},
	{"flash-addr", required_argument, NULL, OPT_FLASH_ADDR},
	{"page-size", required_argument, NULL, OPT_PAGE_SIZE},
	{"offset", required_argument, NULL, OPT_OFFSET},
	{"find", no_argument, NULL, OPT_FIND},
	{"top", optional_argument, NULL, OPT_TOP},
	{"color", required_argument, NULL, OPT_COLOR},
	{"json", no_argument, NULL, OPT_JSON},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static enum options_verdict usage(const struct xip_diag *diag, const char *format, const char *what)
{
	(void)xip_diag_fail(diag, XIP_ERR_USAGE, NULL, XIP_NO_OFFSET, format, what);
	return OPTIONS_USAGE;
}

static enum options_verdict set_action(
	struct options *options, enum action action, const struct xip_diag *diag)
{
	if (options->action != ACTION_SUMMARY)
		return usage(diag, "%s", "only one thing can be done at a time");
	options->action = action;
	options->argument = optarg;
	return OPTIONS_RUN;
}

/* --diff=OLD goes with --html=FILE, whichever comes first. */
static enum options_verdict set_diff(struct options *options, const struct xip_diag *diag)
{
	if (options->before)
		return usage(diag, "%s", "only one --diff can be given");
	options->before = optarg;
	return options->action == ACTION_HTML ? OPTIONS_RUN
					      : set_action(options, ACTION_DIFF, diag);
}

static enum options_verdict set_html(struct options *options, const struct xip_diag *diag)
{
	if (options->action == ACTION_DIFF)
		options->action = ACTION_SUMMARY;
	return set_action(options, ACTION_HTML, diag);
}

/* "crc,order": these checks and no others. */
static enum options_verdict set_checks(struct options *options, const struct xip_diag *diag)
{
	enum options_verdict verdict = set_action(options, ACTION_CHECK, diag);

	if (verdict != OPTIONS_RUN || !optarg)
		return verdict;
	options->checks = 0;
	for (const char *name = optarg, *end; name; name = *end ? end + 1 : NULL) {
		size_t check;

		end = strchrnul(name, ',');
		check = xip_check_find(name, (size_t)(end - name));
		if (check == SIZE_MAX)
			return usage(
				diag, "there is no check \"%s\"; xipfs-dump(1) lists them", name);
		options->checks |= (uint64_t)1 << check;
	}
	return OPTIONS_RUN;
}

/* "nommu", "mmu", "pagewise" or nothing: the kernel that the image is made for. */
static enum options_verdict set_ram(struct options *options, const struct xip_diag *diag)
{
	if (optarg && !strcmp(optarg, "nommu"))
		options->kernel = XIP_KERNEL_NOMMU;
	else if (optarg && !strcmp(optarg, "mmu"))
		options->kernel = XIP_KERNEL_MMU;
	else if (optarg && !strcmp(optarg, "pagewise"))
		options->kernel = XIP_KERNEL_PAGEWISE;
	else if (optarg)
		return usage(diag, "--ram=%s: the kernel is nommu, mmu or pagewise", optarg);
	return set_action(options, ACTION_RAM, diag);
}

static enum options_verdict set_flash_address(struct options *options, const struct xip_diag *diag)
{
	if (!xip_parse_size(optarg, &options->flash_address))
		return usage(diag, "--flash-addr=%s: it must be a number", optarg);
	if (!options->flash_address)
		return usage(diag,
			"--flash-addr=%s: "
			"the kernel executes nothing in place from an image at address 0",
			optarg);
	if (options->flash_address > UINT64_MAX - UINT32_MAX)
		return usage(diag, "--flash-addr=%s: the image would not fit there", optarg);
	return OPTIONS_RUN;
}

static enum options_verdict set_page_size(struct options *options, const struct xip_diag *diag)
{
	uint64_t size;

	if (!xip_parse_size(optarg, &size) || !xip_page_size_is_valid(size))
		return usage(diag,
			"--page-size=%s: it must be the target's, a power of two from 4096 to "
			"65536",
			optarg);
	options->page_size = (uint32_t)size;
	return OPTIONS_RUN;
}

static enum options_verdict set_offset(struct options *options, const struct xip_diag *diag)
{
	if (!xip_parse_size(optarg, &options->offset) || options->offset > INT64_MAX)
		return usage(diag, "--offset=%s: it must be a number of bytes", optarg);
	return OPTIONS_RUN;
}

static enum options_verdict set_top(struct options *options, const struct xip_diag *diag)
{
	options->top = 10;
	if (optarg && (!xip_parse_size(optarg, &options->top) || !options->top))
		return usage(diag, "--top=%s: it must be a number of files", optarg);
	return set_action(options, ACTION_TOP, diag);
}

static enum options_verdict set_color(struct options *options, const struct xip_diag *diag)
{
	if (!xip_cli_parse_when(optarg, &options->color))
		return usage(diag, "--color=%s: it must be auto, always or never", optarg);
	return OPTIONS_RUN;
}

/* The names of the checks come from where they are run, so none is forgotten. */
static void print_help(void)
{
	const struct xip_check_info *check;
	size_t used = HELP_WIDTH;

	fputs(help_text, stdout);
	fputs("\nChecks:", stdout);
	for (size_t i = 0; (check = xip_check_info(i)); i++) {
		size_t length = strlen(check->name) + 1;

		if (used + length > HELP_WIDTH) {
			fputs("\n ", stdout);
			used = 1;
		}
		printf(" %s", check->name);
		used += length;
	}
	putchar('\n');
}

static enum options_verdict check_output(const struct xip_diag *diag)
{
	return xip_cli_finish(stdout, diag) ? OPTIONS_OPERATIONAL : OPTIONS_DONE;
}

static enum options_verdict parse_option(
	struct options *options, int letter, const struct xip_diag *diag)
{
	switch (letter) {
	case 'l':
	case OPT_LIST:
		return set_action(options, ACTION_LIST, diag);
	case OPT_MAP:
		return set_action(options, ACTION_MAP, diag);
	case OPT_BLOCKS:
		return set_action(options, ACTION_BLOCKS, diag);
	case OPT_CHECK:
		return set_checks(options, diag);
	case OPT_EXTRACT:
		return set_action(options, ACTION_EXTRACT, diag);
	case OPT_CAT:
		return set_action(options, ACTION_CAT, diag);
	case OPT_TAR:
		return set_action(options, ACTION_TAR, diag);
	case OPT_DIFF:
		return set_diff(options, diag);
	case OPT_RAM:
		return set_ram(options, diag);
	case OPT_EXPECT:
		return set_action(options, ACTION_EXPECT, diag);
	case OPT_HTML:
		return set_html(options, diag);
	case OPT_SVG:
		return set_action(options, ACTION_SVG, diag);
	case OPT_JUNIT:
		options->junit = optarg;
		return OPTIONS_RUN;
	case OPT_PARTITION:
		if (!xip_parse_size(optarg, &options->partition) || !options->partition)
			return usage(diag, "--partition=%s: it must be a size in bytes", optarg);
		return OPTIONS_RUN;
	case OPT_FLASH_ADDR:
		return set_flash_address(options, diag);
	case OPT_PAGE_SIZE:
		return set_page_size(options, diag);
	case OPT_OFFSET:
		return set_offset(options, diag);
	case OPT_FIND:
		return set_action(options, ACTION_FIND, diag);
	case OPT_TOP:
		return set_top(options, diag);
	case OPT_COLOR:
		return set_color(options, diag);
	case OPT_JSON:
		options->json = true;
		return OPTIONS_RUN;
	case 'v':
		options->verbose = true;
		return OPTIONS_RUN;
	case 'h':
		print_help();
		return check_output(diag);
	case 'V':
		xip_cli_print_version("xipfs-dump");
		return check_output(diag);
	default: /* what is wrong has been reported */
		return OPTIONS_USAGE;
	}
}

/* True when the action prints something that JSON can hold. */
static bool is_report(enum action action)
{
	switch (action) {
	case ACTION_SUMMARY:
	case ACTION_LIST:
	case ACTION_MAP:
	case ACTION_BLOCKS:
	case ACTION_CHECK:
	case ACTION_DIFF:
	case ACTION_RAM:
	case ACTION_TOP:
	case ACTION_FIND:
		return true;
	default:
		return false;
	}
}

/* True when paths after the image limit what the action does. */
static bool takes_paths(enum action action)
{
	return action == ACTION_RAM || action == ACTION_CHECK || action == ACTION_TOP ||
	       action == ACTION_EXTRACT;
}

static enum options_verdict take_operands(
	struct options *options, struct xip_cli_options *parser, const struct xip_diag *diag)
{
	int count = parser->argc - optind;
	const char *other; /* file that is read */

	if (!count) {
		xip_cli_operand_missing(parser, "IMAGE is missing", diag);
		return OPTIONS_USAGE;
	}
	if (count > 1 && !takes_paths(options->action))
		return usage(diag, "%s",
			"more than one IMAGE; only --check, --extract, --ram and --top take paths "
			"after it; try xipfs-dump --help");
	options->image = parser->argv[optind];
	other = options->action == ACTION_EXPECT ? options->argument : options->before;
	if (other && !strcmp(options->image, "-") && !strcmp(other, "-"))
		return usage(diag, "%s", "standard input (-) can be read only once");
	options->paths = parser->argv + optind + 1;
	options->path_count = (size_t)count - 1;
	return OPTIONS_RUN;
}

enum options_verdict options_parse(
	struct options *options, int argc, char **argv, const struct xip_diag *diag)
{
	struct xip_cli_options parser = {
		.program = "xipfs-dump",
		.argc = argc,
		.argv = argv,
		.letters = ":lvhV",
		.options = long_options,
	};
	enum options_verdict verdict = OPTIONS_RUN;
	int letter;

	*options = (struct options){.checks = UINT64_MAX};
	while (verdict == OPTIONS_RUN && (letter = xip_cli_next_option(&parser, diag)) != -1)
		verdict = parse_option(options, letter, diag);
	if (verdict == OPTIONS_RUN)
		verdict = take_operands(options, &parser, diag);
	if (verdict != OPTIONS_RUN)
		return verdict;
	if (options->json && !is_report(options->action))
		return usage(diag, "%s", "--json goes with reports only");
	if (options->action == ACTION_FIND && (options->partition || options->flash_address))
		return usage(diag, "%s",
			"--partition and --flash-addr are about one image, --find is about many");
	if (options->junit && options->action != ACTION_EXPECT)
		return usage(diag, "%s", "--junit goes with --expect only");
	return OPTIONS_RUN;
}
