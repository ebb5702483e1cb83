/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "option_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/base/lines.h"
#include "xipfs/cli/cli.h"
#include "xipfs/cli/options.h"
#include "xipfs/base/text.h"
#include "xipfs/base/pool.h"
#include "xipfs/source/source.h"

static const char short_options[] = ":b:BD:e:EhVi:j:Ln:N:pqsvxXz";

static const struct option long_options[] = {
	{"page-size", required_argument, NULL, 'b'},
	{"big-endian", no_argument, NULL, 'B'},
	{"devtable", required_argument, NULL, 'D'},
	{"edition", required_argument, NULL, 'e'},
	{"errors", no_argument, NULL, 'E'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"insert", required_argument, NULL, 'i'},
	{"jobs", required_argument, NULL, 'j'},
	{"little-endian", no_argument, NULL, 'L'},
	{"name", required_argument, NULL, 'n'},
	{"endian", required_argument, NULL, 'N'},
	{"pad-boot", no_argument, NULL, 'p'},
	{"squash-owner", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"extended", no_argument, NULL, 'x'},
	{"xip", required_argument, NULL, OPT_XIP},
	{"no-xip", optional_argument, NULL, OPT_NO_XIP},
	{"xip-align", required_argument, NULL, OPT_XIP_ALIGN},
	{"xip-profile", required_argument, NULL, OPT_XIP_PROFILE},
	{"exclude", required_argument, NULL, OPT_EXCLUDE},
	{"exclude-from", required_argument, NULL, OPT_EXCLUDE_FROM},
	{"compressor", required_argument, NULL, OPT_COMPRESSOR},
	{"level", required_argument, NULL, OPT_LEVEL},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"no-verify", no_argument, NULL, OPT_NO_VERIFY},
	{"truncate-ids", no_argument, NULL, OPT_TRUNCATE_IDS},
	{"classic", no_argument, NULL, OPT_CLASSIC},
	{"policy", required_argument, NULL, OPT_POLICY},
	{"stack-size", required_argument, NULL, OPT_STACK_SIZE},
	{"strip", optional_argument, NULL, OPT_STRIP},
	{"max-size", required_argument, NULL, OPT_MAX_SIZE},
	{"fit", no_argument, NULL, OPT_FIT},
	{"report", required_argument, NULL, OPT_REPORT},
	{"explain", required_argument, NULL, OPT_EXPLAIN},
	{"color", required_argument, NULL, OPT_COLOR},
	{"xattrs", required_argument, NULL, OPT_XATTRS},
	{"max-unpacked", required_argument, NULL, OPT_MAX_UNPACKED},
	{"platform", required_argument, NULL, OPT_PLATFORM},
	{"pad-to", required_argument, NULL, OPT_PAD_TO},
	{"pad-byte", required_argument, NULL, OPT_PAD_BYTE},
	{NULL, 0, NULL, 0},
};

static enum options_verdict no_memory(const struct parser *parser)
{
	xip_diag_nomem(parser->diag);
	return OPTIONS_OPERATIONAL;
}

static enum options_verdict add_string(
	const struct parser *parser, struct string_list *list, const char *text)
{
	const char **larger = realloc(list->items, (list->count + 1) * sizeof(*larger));

	if (!larger)
		return no_memory(parser);
	list->items = larger;
	list->items[list->count++] = text;
	return OPTIONS_RUN;
}

/* @path is a file that is read; standard input can be only one of them. */
static enum options_verdict add_input(
	struct parser *parser, struct string_list *list, const char *path)
{
	bool standard = !strcmp(path, "-");

	if (standard && parser->reads_stdin)
		return option_usage(parser, "%s", "standard input (-) can be read only once");
	parser->reads_stdin |= standard;
	return add_string(parser, list, path);
}

/* --- Options that make rules -------------------------------------------------------------------
 */

/* @option and @argument are how the user wrote it. */
static enum options_verdict add_rule(struct parser *parser, struct xip_policy_rule rule,
	const char *option, const char *argument)
{
	struct xip_policy_list *list = &parser->options->rules;
	size_t size = strlen(option) + strlen(argument ? argument : "") + 1;
	enum xip_err err = xip_policy_add(list, &rule);
	char *origin = err ? NULL : xip_arena_bytes(list->arena, size);

	if (!origin)
		return no_memory(parser);
	snprintf(origin, size, "%s%s", option, argument ? argument : "");
	list->rules[list->count - 1].origin = origin;
	return OPTIONS_RUN;
}

static enum options_verdict add_wish(
	struct parser *parser, const char *pattern, enum xip_wish wish, const char *option)
{
	parser->xip_asked |= wish != XIP_WISH_NONE;
	return add_rule(parser, (struct xip_policy_rule){.pattern = pattern, .wish = wish}, option,
		pattern);
}

/*
 * As in mkcramfs: -X is "no-MMU rules", a second one makes it "MMU rules for all ELF", and each
 * implies -x.
 */
static enum options_verdict add_xip_letter(struct parser *parser)
{
	const struct xip_policy_list *list = &parser->options->rules;

	parser->options->build.layout.force_extended = true;
	for (size_t i = 0; i < list->count; i++)
		if (list->rules[i].attribute == XIP_ATTR_WISH &&
			list->rules[i].wish == XIP_WISH_NOMMU)
			return add_wish(parser, NULL, XIP_WISH_MMU, "-X -X");
	return add_wish(parser, NULL, XIP_WISH_NOMMU, "-X");
}

/* The profile is read when there is a tree to look its paths up in. */
static enum options_verdict add_profile(struct parser *parser, const char *path)
{
	enum options_verdict verdict = add_input(parser, &parser->options->profiles, path);

	parser->xip_asked = true;
	if (verdict != OPTIONS_RUN)
		return verdict;
	return add_rule(
		parser, (struct xip_policy_rule){.wish = XIP_WISH_PROFILE}, "--xip-profile=", path);
}

static enum options_verdict set_stack_size(struct parser *parser, const char *text)
{
	struct xip_policy_rule rule = {.attribute = XIP_ATTR_STACK};

	if (!xip_parse_size(text, &rule.value) || !rule.value || rule.value > UINT32_MAX)
		return option_usage(parser,
			"--stack-size=%s: it must be a number of bytes of at most 32 bits", text);
	return add_rule(parser, rule, "--stack-size=", text);
}

/* One pattern a line; empty lines and lines that begin with '#' are skipped. */
static enum options_verdict load_excludes(struct parser *parser, const char *path)
{
	struct options *options = parser->options;
	enum options_verdict verdict = add_input(parser, &options->files, path);
	struct xip_lines lines;
	char *line;

	if (verdict != OPTIONS_RUN)
		return verdict;
	if (!options->texts)
		options->texts = xip_arena_new();
	if (!options->texts)
		return no_memory(parser);
	if (xip_lines_open(&lines, path, parser->diag))
		return OPTIONS_OPERATIONAL;
	while (verdict == OPTIONS_RUN && (line = xip_lines_next(&lines))) {
		if (!*line || *line == '#')
			continue;
		line = xip_arena_strndup(options->texts, line, strlen(line));
		verdict = line ? add_string(parser, &options->excludes, line) : no_memory(parser);
	}
	xip_lines_close(&lines);
	return verdict;
}

static enum options_verdict load_policy(struct parser *parser, const char *path)
{
	struct options *options = parser->options;
	enum options_verdict verdict = add_input(parser, &options->files, path);

	if (verdict == OPTIONS_RUN && xip_policy_load(&options->rules, path, parser->diag))
		return OPTIONS_OPERATIONAL;
	return verdict;
}

/* --- All of them ----------------------------------------------------------------------------- */

static enum options_verdict parse_flag(struct parser *parser, int letter)
{
	struct options *options = parser->options;

	switch (letter) {
	case 'B':
	case 'L':
		options->build.layout.big = letter == 'B';
		options->build.policy.order_given = true;
		break;
	case 'E':
		options->errors = true;
		break;
	case 'p':
		options->build.layout.boot_pad = true;
		break;
	case 'q':
		options->squash_owner = true;
		break;
	case 's': /* mkcramfs: sort directories, which we always do */
		break;
	case 'z':
		parser->holes = true;
		break;
	case 'v':
		options->verbose = true;
		break;
	case 'x':
		options->build.layout.force_extended = true;
		break;
	case 'X':
		return add_xip_letter(parser);
	case OPT_QUIET:
		options->quiet = true;
		break;
	case OPT_NO_VERIFY:
		options->no_verify = true;
		break;
	case OPT_TRUNCATE_IDS:
		options->truncate_ids = true;
		break;
	case OPT_CLASSIC:
		options->build.layout.classic = true;
		break;
	case OPT_FIT:
		options->build.fit = true;
		break;
	default: /* what is wrong has been reported */
		return OPTIONS_USAGE;
	}
	return OPTIONS_RUN;
}

static enum options_verdict parse_option(struct parser *parser, int letter)
{
	struct options *options = parser->options;

	switch (letter) {
	case 'D':
		return add_input(parser, &options->devtables, optarg);
	case 'i':
		options->insert = optarg;
		return OPTIONS_RUN;
	case OPT_XIP:
		return add_wish(parser, optarg, XIP_WISH_WHOLE, "--xip=");
	case OPT_NO_XIP:
		return add_wish(parser, optarg, XIP_WISH_NONE, optarg ? "--no-xip=" : "--no-xip");
	case OPT_XIP_PROFILE:
		return add_profile(parser, optarg);
	case OPT_EXCLUDE:
		return add_string(parser, &options->excludes, optarg);
	case OPT_EXCLUDE_FROM:
		return load_excludes(parser, optarg);
	case OPT_POLICY:
		return load_policy(parser, optarg);
	case OPT_STACK_SIZE:
		return set_stack_size(parser, optarg);
	case OPT_STRIP:
		return add_rule(parser,
			(struct xip_policy_rule){
				.pattern = optarg, .attribute = XIP_ATTR_STRIP, .value = 1},
			optarg ? "--strip=" : "--strip", optarg);
	case OPT_REPORT:
		options->report = optarg;
		return OPTIONS_RUN;
	case OPT_EXPLAIN:
		options->explain = optarg;
		return OPTIONS_RUN;
	case 'h':
		fputs(help_text, stdout);
		return OPTIONS_DONE;
	case 'V':
		xip_cli_print_version("mkxipfs");
		return OPTIONS_DONE;
	default:
		return option_has_value(letter) ? option_set_value(parser, letter, optarg)
						: parse_flag(parser, letter);
	}
}

/*
 * A profile is for kernels with an MMU, so with -X alone there is none. A policy that asks for
 * the profile needs one.
 */
static enum options_verdict check_profile(const struct parser *parser)
{
	const struct xip_policy_list *list = &parser->options->rules;
	bool nommu = false, mmu = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct xip_policy_rule *rule = &list->rules[i];

		if (rule->attribute != XIP_ATTR_WISH)
			continue;
		nommu |= rule->wish == XIP_WISH_NOMMU;
		mmu |= rule->wish == XIP_WISH_MMU;
		if (rule->wish == XIP_WISH_PROFILE && !parser->options->profiles.count)
			return option_usage(parser, "%s: there is no profile without --xip-profile",
				rule->origin);
	}
	if (parser->options->profiles.count && nommu && !mmu)
		return option_usage(parser,
			"%s: a kernel without an MMU maps all of a segment or nothing",
			"--xip-profile with -X");
	return OPTIONS_RUN;
}

/* What no single option can know. */
static enum options_verdict check_together(struct parser *parser)
{
	const struct xip_build_options *build = &parser->options->build;
	const struct xip_policy_list *list = &parser->options->rules;

	for (size_t i = 0; i < list->count; i++) {
		parser->xip_asked |= list->rules[i].attribute == XIP_ATTR_WISH &&
				     list->rules[i].wish != XIP_WISH_NONE;
		if (list->rules[i].attribute == XIP_ATTR_ALIGN &&
			list->rules[i].value > build->policy.page_size)
			return option_usage(
				parser, "%s: more than the page size", list->rules[i].origin);
	}
	if (build->layout.classic && (parser->xip_asked || build->layout.force_extended))
		return option_usage(parser,
			"%s: the format before Linux 4.15 has neither execution in place "
			"nor extended block pointers",
			"--classic with -x, -X, --xip or a policy that places files");
	if (build->policy.xip_align > build->policy.page_size)
		return option_usage(parser, "%s is larger than the page size", "--xip-align");
	if (parser->level > xip_compressor_level_max(build->encode.compressor))
		return option_usage(
			parser, "%s: too high for this compressor; see mkxipfs(1)", "--level");
	if (parser->pad_byte && !build->pad_unit)
		return option_usage(parser, "%s needs --pad-to", "--pad-byte");
	if (build->fit && !build->max_size)
		return option_usage(
			parser, "%s needs --max-size, or max-size in a policy", "--fit");
	return check_profile(parser);
}

/* The last operand is the IMAGE, which --explain can do without. */
static enum options_verdict take_operands(
	struct parser *parser, const struct xip_cli_options *words)
{
	struct options *options = parser->options;
	char **argv = words->argv;
	int count = words->argc - optind;
	int sources = count > 1 ? count - 1 : count;
	enum options_verdict verdict = OPTIONS_RUN;

	if (count < (options->explain ? 1 : 2)) {
		xip_cli_operand_missing(words, "a SOURCE and an IMAGE are needed", parser->diag);
		return OPTIONS_USAGE;
	}
	if (options->insert)
		verdict = add_input(parser, &options->files, options->insert);
	for (int i = 0; verdict == OPTIONS_RUN && i < sources; i++)
		verdict = add_input(parser, &options->sources, argv[optind + i]);
	if (verdict != OPTIONS_RUN)
		return verdict;
	options->image = count > 1 ? argv[words->argc - 1] : NULL;
	if (options->image && !*options->image)
		return option_usage(parser, "%s", "the name of the IMAGE is empty");
	if (options->report && options->image && !strcmp(options->report, "-") &&
		!strcmp(options->image, "-"))
		return option_usage(
			parser, "%s", "image and report cannot both be standard output");
	return OPTIONS_RUN;
}

/*
 * Under the name of mkcramfs or mkfs.cramfs nothing is in place unless that is asked for, as with
 * them: what they made mounts on any kernel, and U-Boot and fsck.cramfs read it.
 */
static enum options_verdict take_old_defaults(struct parser *parser)
{
	struct options *options = parser->options;

	if (!parser->drop_in || parser->xip_asked || options->build.fit)
		return OPTIONS_RUN;
	options->plain = true;
	if (options->build.layout.force_extended)
		return add_wish(parser, NULL, XIP_WISH_NONE, "mkcramfs");
	options->build.layout.classic = true;
	return OPTIONS_RUN;
}

static bool is_old_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return !strcmp(name, "mkcramfs") || !strcmp(name, "mkfs.cramfs");
}

/* What pads the file must fit as well: the image gets what is left. */
static enum options_verdict limit_by_padding(struct parser *parser)
{
	struct xip_build_options *build = &parser->options->build;
	uint64_t unit = build->pad_unit;

	if (!unit)
		return OPTIONS_RUN;
	if (build->max_size && build->max_size < unit)
		return option_usage(
			parser, "%s: more than the largest size that is allowed", "--pad-to");
	if (parser->pad_to)
		build->max_size = unit;
	else if (build->max_size)
		build->max_size -= build->max_size % unit;
	return OPTIONS_RUN;
}

/* Takes what is left of the command line and fills in what depends on several options. */
static enum options_verdict finish(struct parser *parser, const struct xip_cli_options *words)
{
	struct options *options = parser->options;
	struct xip_build_options *build = &options->build;
	enum options_verdict verdict = take_operands(parser, words);

	if (!build->max_size)
		build->max_size = options->rules.max_size;
	if (verdict == OPTIONS_RUN)
		verdict = limit_by_padding(parser);
	if (verdict == OPTIONS_RUN)
		verdict = check_together(parser);
	if (verdict == OPTIONS_RUN)
		verdict = take_old_defaults(parser);
	if (verdict == OPTIONS_RUN && build->layout.classic)
		verdict = add_wish(parser, NULL, XIP_WISH_NONE, "--classic");
	if (verdict != OPTIONS_RUN)
		return verdict;
	build->policy.rules = options->rules.rules;
	build->policy.rule_count = options->rules.count;
	build->policy.fit = build->fit;
	build->policy.profile = options->profiles.count ? &options->profile : NULL;
	build->policy.big = build->layout.big;
	if (!build->policy.xip_align)
		build->policy.xip_align = build->policy.page_size;
	build->encode.level = parser->level
				      ? parser->level
				      : xip_compressor_level_default(build->encode.compressor);
	build->encode.store = !build->layout.classic;
	build->encode.dense = build->layout.classic && !parser->holes;
	if (!build->encode.threads)
		build->encode.threads = xip_pool_cpus();
	return OPTIONS_RUN;
}

enum options_verdict options_parse(
	struct options *options, int argc, char **argv, const struct xip_diag *diag)
{
	struct parser parser = {
		.options = options, .diag = diag, .drop_in = argc && is_old_name(argv[0])};
	struct xip_cli_options words = {
		.program = "mkxipfs",
		.argc = argc,
		.argv = argv,
		.letters = short_options,
		.options = long_options,
	};
	enum options_verdict verdict = OPTIONS_RUN;
	int letter;

	*options = (struct options){0};
	options->build.policy.page_size = XIP_PAGE_SIZE_MIN;
	options->unpack_limit = XIP_UNPACK_LIMIT;
	options->build.pad_byte = 0xff; /* erased flash */
	memcpy(options->build.layout.name, "Compressed", sizeof("Compressed"));
	while (verdict == OPTIONS_RUN && (letter = xip_cli_next_option(&words, diag)) != -1)
		verdict = parse_option(&parser, letter);
	return verdict == OPTIONS_RUN ? finish(&parser, &words) : verdict;
}

void options_free(struct options *options)
{
	xip_arena_free(options->texts);
	free(options->sources.items);
	free(options->excludes.items);
	free(options->devtables.items);
	free(options->profiles.items);
	xip_profile_free(&options->profile);
	free(options->files.items);
	xip_policy_list_free(&options->rules);
}
