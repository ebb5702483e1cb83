/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --check: the findings of each check, and the fate of each program.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

/* Where findings go. */
struct sink {
	struct json json;
	bool as_json, color;
	size_t found[XIP_CHECKS_MAX];
	/* The line that was found last is held until a different one follows. */
	char *held;
	unsigned again; /* how often it has been found since */
};

static void print_held(struct sink *sink)
{
	if (!sink->held)
		return;
	fputs(sink->held, stdout);
	if (sink->again)
		printf(" (%u more)", sink->again);
	putchar('\n');
	free(sink->held);
	sink->held = NULL;
	sink->again = 0;
}

static void json_finding(
	struct json *json, const struct xip_check_info *check, const struct xip_finding *finding)
{
	json_open_object(json, NULL);
	json_text(json, "check", check->name);
	json_text(json, "severity", check->warning ? "warning" : "error");
	json_text(json, "path", finding->path);
	if (finding->offset == XIP_NO_OFFSET)
		json_null(json, "offset");
	else
		json_number(json, "offset", finding->offset);
	json_text(json, "message", finding->message);
	json_close_object(json);
}

static void write_finding(FILE *out, const struct xip_check_info *check,
	const struct xip_finding *finding, bool color)
{
	fprintf(out, "%s%s:%s %s: ",
		xip_cli_color(color, check->warning ? XIP_COLOR_WARNING : XIP_COLOR_ERROR),
		check->warning ? "warning" : "error", xip_cli_color(color, XIP_COLOR_PLAIN),
		check->name);
	if (finding->path) {
		xip_cli_print_escaped(out, finding->path);
		fputs(": ", out);
	}
	xip_cli_print_escaped(out, finding->message);
	if (finding->offset != XIP_NO_OFFSET)
		fprintf(out, " (at 0x%" PRIx64 ")", finding->offset);
}

static void take_finding(void *user, const struct xip_finding *finding)
{
	struct sink *sink = user;
	const struct xip_check_info *check = xip_check_info(finding->check);
	char *line = NULL;
	size_t size;
	FILE *memory;

	sink->found[finding->check]++;
	if (sink->as_json) {
		json_finding(&sink->json, check, finding);
		return;
	}
	memory = open_memstream(&line, &size);
	if (memory) {
		write_finding(memory, check, finding, sink->color);
		(void)fclose(memory);
	}
	if (line && sink->held && !strcmp(line, sink->held)) {
		sink->again++;
		free(line);
		return;
	}
	print_held(sink);
	sink->held = line;
	if (!line) { /* no memory to hold it */
		write_finding(stdout, check, finding, sink->color);
		putchar('\n');
	}
}

static unsigned count_checks(uint64_t enabled)
{
	unsigned run = 0;

	for (size_t i = 0; xip_check_info(i); i++)
		run += enabled >> i & 1;
	return run;
}

/* With -v: each check that was run, and its rule. */
static void print_table(const struct dump *dump, const struct sink *sink)
{
	const struct xip_check_info *info;

	for (size_t i = 0; (info = xip_check_info(i)); i++)
		if (dump->options->checks >> i & 1)
			printf("%s%-8s%s %-14s %s\n",
				dump_color(dump, !sink->found[i] ? XIP_COLOR_GOOD
						 : info->warning ? XIP_COLOR_WARNING
								 : XIP_COLOR_ERROR),
				!sink->found[i] ? "ok"
				: info->warning ? "warning"
						: "error",
				dump_color(dump, XIP_COLOR_PLAIN), info->name, info->summary);
}

static void json_table(const struct dump *dump, struct json *json)
{
	const struct xip_check_info *info;

	json_open_list(json, "checks");
	for (size_t i = 0; (info = xip_check_info(i)); i++) {
		if (!(dump->options->checks >> i & 1))
			continue;
		json_open_object(json, NULL);
		json_text(json, "name", info->name);
		json_text(json, "severity", info->warning ? "warning" : "error");
		json_text(json, "rule", info->summary);
		json_close_object(json);
	}
	json_close_list(json);
}

static void finish_json(
	const struct dump *dump, struct json *json, const struct xip_verify_result *result)
{
	json_close_list(json);
	json_programs(dump, json);
	json_number(json, "errors", result->errors);
	json_number(json, "warnings", result->warnings);
	json_bool(json, "clean", !result->errors);
	json_close_object(json);
}

static void finish_text(
	const struct dump *dump, const struct sink *sink, const struct xip_verify_result *result)
{
	if (dump->options->verbose)
		print_table(dump, sink);
	print_programs(dump);
	printf("%u checks: %zu errors, %zu warnings\n", count_checks(dump->options->checks),
		result->errors, result->warnings);
}

static enum xip_err check(struct dump *dump, const bool *chosen, int *status)
{
	struct sink sink = {
		.json = {.out = stdout}, .as_json = dump->options->json, .color = dump->color};
	const struct xip_verify_options options = {
		.enabled = dump->options->checks,
		.flash_address = dump->options->flash_address,
		.chosen = chosen,
		.finding = take_finding,
		.user = &sink,
	};
	struct xip_verify_result result;
	enum xip_err err;

	if (sink.as_json) {
		dump_json_begin(dump, &sink.json);
		json_table(dump, &sink.json);
		json_open_list(&sink.json, "findings");
	}
	err = xip_verify(dump->image, &options, &result, dump->diag);
	print_held(&sink);
	if (err)
		return err;
	if (sink.as_json)
		finish_json(dump, &sink.json, &result);
	else
		finish_text(dump, &sink, &result);
	*status = result.errors ? EXIT_ERRORS : XIP_EXIT_OK;
	return XIP_OK;
}

enum xip_err print_check(struct dump *dump, int *status)
{
	bool *chosen = NULL;
	enum xip_err err = dump_survey(dump, true);

	if (!err)
		err = dump_choose_files(dump, &chosen);
	if (!err) {
		dump_keep_programs(dump, chosen);
		err = check(dump, chosen, status);
	}
	free(chosen);
	return err;
}
