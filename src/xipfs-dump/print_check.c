/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --check: the findings of each check, and the fate of each program.
 */
#include <inttypes.h>

#include "common.h"

/* Where findings go. */
struct sink {
	struct json json;
	bool as_json;
	size_t found[XIP_CHECKS_MAX];
};

static void take_finding(void *user, const struct xip_finding *finding)
{
	struct sink *sink = user;
	const struct xip_check_info *check = xip_check_info(finding->check);

	sink->found[finding->check]++;
	if (sink->as_json) {
		json_open_object(&sink->json, NULL);
		json_text(&sink->json, "check", check->name);
		json_text(&sink->json, "severity", check->warning ? "warning" : "error");
		json_text(&sink->json, "path", finding->path);
		if (finding->offset == XIP_NO_OFFSET)
			json_null(&sink->json, "offset");
		else
			json_number(&sink->json, "offset", finding->offset);
		json_text(&sink->json, "message", finding->message);
		json_close_object(&sink->json);
		return;
	}
	printf("%s: %s: ", check->warning ? "warning" : "error", check->name);
	if (finding->path) {
		xip_cli_print_escaped(stdout, finding->path);
		fputs(": ", stdout);
	}
	xip_cli_print_escaped(stdout, finding->message);
	if (finding->offset != XIP_NO_OFFSET)
		printf(" (at 0x%" PRIx64 ")", finding->offset);
	putchar('\n');
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
			printf("%-8s %-14s %s\n",
				!sink->found[i] ? "ok"
				: info->warning ? "warning"
						: "error",
				info->name, info->summary);
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

enum xip_err print_check(struct dump *dump, int *status)
{
	struct sink sink = {.json = {.out = stdout}, .as_json = dump->options->json};
	const struct xip_verify_options options = {
		.enabled = dump->options->checks,
		.flash_address = dump->options->flash_address,
		.finding = take_finding,
		.user = &sink,
	};
	struct xip_verify_result result;
	enum xip_err err = dump_survey(dump, true);

	if (err)
		return err;
	if (sink.as_json) {
		dump_json_begin(dump, &sink.json);
		json_table(dump, &sink.json);
		json_open_list(&sink.json, "findings");
	}
	err = xip_verify(dump->image, &options, &result, dump->diag);
	if (err)
		return err;
	if (sink.as_json)
		finish_json(dump, &sink.json, &result);
	else
		finish_text(dump, &sink, &result);
	*status = result.errors ? EXIT_ERRORS : XIP_EXIT_OK;
	return XIP_OK;
}
