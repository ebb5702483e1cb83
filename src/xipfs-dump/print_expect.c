/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --expect: holds a product's expectations against the image, as TAP (version 13) and JUnit XML.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common.h"
#include "xipfs/expect/expect.h"
#include "xipfs/cli/stream.h"

/* All that expectations can ask about. */
struct survey {
	struct xip_expect_image image;
	struct xip_program_list programs;
	struct xip_ram ram;
	char *first_fault;
	bool no_memory; /* for it */
};

static void keep_first(void *user, const struct xip_finding *finding)
{
	struct survey *survey = user;
	const struct xip_check_info *check = xip_check_info(finding->check);

	if (!survey->first_fault && !survey->no_memory &&
		asprintf(&survey->first_fault, "%s: %s%s%s", check->name,
			finding->path ? finding->path : "", finding->path ? ": " : "",
			finding->message) < 0)
		survey->no_memory = true;
}

static void free_survey(struct survey *survey)
{
	xip_ram_free(&survey->ram);
	xip_programs_free(&survey->programs);
	free(survey->first_fault);
}

static enum xip_err make_survey(
	struct dump *dump, const struct xip_ram_options *kernel, struct survey *survey)
{
	const struct xip_programs_options all = {
		.all = true, .flash_address = dump->options->flash_address};
	const struct xip_verify_options checks = {.enabled = UINT64_MAX,
		.flash_address = dump->options->flash_address,
		.finding = keep_first,
		.user = survey};
	struct xip_verify_result result;
	enum xip_err err;

	*survey = (struct survey){0};
	err = dump_survey(dump, false);
	if (!err)
		err = xip_programs_judge(dump->image, &dump->listing, &dump->map, &all,
			&survey->programs, dump->diag);
	if (err)
		return err;
	err = xip_ram_predict(dump->image, &dump->listing, &dump->map, &survey->programs, kernel,
		&survey->ram, dump->diag);
	if (err) {
		xip_programs_free(&survey->programs);
		return err;
	}
	err = xip_verify(dump->image, &checks, &result, dump->diag);
	if (!err && survey->no_memory) {
		survey->first_fault = NULL; /* asprintf leaves it undefined */
		err = xip_diag_nomem(dump->diag);
	}
	if (err) {
		free_survey(survey);
		return err;
	}
	survey->image = (struct xip_expect_image){
		.image = dump->image,
		.listing = &dump->listing,
		.map = &dump->map,
		.programs = &survey->programs,
		.ram = &survey->ram,
		.partition = dump->options->partition,
		.errors = result.errors,
		.warnings = result.warnings,
		.first_fault = survey->first_fault,
	};
	return XIP_OK;
}

/* --- TAP ------------------------------------------------------------------------------------- */

static void print_comment(const char *label, const char *clause)
{
	if (!clause)
		return;
	printf("  # %-9s ", label);
	xip_cli_print_escaped(stdout, clause);
	putchar('\n');
}

static void print_outcome(const struct dump *dump, size_t number,
	const struct xip_expectation *expectation, const struct xip_outcome *outcome)
{
	printf("%s%sok%s %zu - ",
		dump_color(dump, outcome->holds ? XIP_COLOR_GOOD : XIP_COLOR_ERROR),
		outcome->holds ? "" : "not ", dump_color(dump, XIP_COLOR_PLAIN), number);
	xip_cli_print_tap(stdout, expectation->text);
	putchar('\n');
	if (outcome->holds)
		return;
	print_comment("expected", outcome->expected);
	print_comment("found", outcome->found);
	print_comment("why", outcome->why);
}

/* --- JUnit ----------------------------------------------------------------------------------- */

static void print_case(
	FILE *out, const struct xip_expectation *expectation, const struct xip_outcome *outcome)
{
	fputs("  <testcase classname=\"xipfs-dump\" name=\"", out);
	xip_cli_print_xml(out, expectation->text);
	if (outcome->holds) {
		fputs("\"/>\n", out);
		return;
	}
	fputs("\">\n    <failure message=\"expected ", out);
	xip_cli_print_xml(out, outcome->expected);
	fputs(", found ", out);
	xip_cli_print_xml(out, outcome->found);
	fputs("\">", out);
	if (outcome->why)
		xip_cli_print_xml(out, outcome->why);
	fputs("</failure>\n  </testcase>\n", out);
}

static void print_junit(FILE *out, const struct dump *dump, const struct xip_expect_list *list,
	const struct xip_outcome *outcomes, size_t failures)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"", out);
	xip_cli_print_xml(out, dump->path);
	fprintf(out, "\" tests=\"%zu\" failures=\"%zu\">\n", list->count, failures);
	for (size_t i = 0; i < list->count; i++)
		print_case(out, &list->items[i], &outcomes[i]);
	fputs("</testsuite>\n", out);
}

static enum xip_err write_junit(const struct dump *dump, const struct xip_expect_list *list,
	const struct xip_outcome *outcomes, size_t failures)
{
	struct xip_stream stream;
	enum xip_err err = xip_stream_open(&stream, dump->options->junit, dump->diag);

	if (err)
		return err;
	print_junit(stream.file, dump, list, outcomes, failures);
	return xip_stream_close(&stream, err, dump->diag);
}

/* --- Both ------------------------------------------------------------------------------------ */

static enum xip_err hold(const struct dump *dump, const struct survey *survey,
	const struct xip_expect_list *list, int *status)
{
	struct xip_outcome *outcomes =
		xip_arena_calloc(list->arena, list->count, sizeof(*outcomes));
	enum xip_err err = outcomes ? XIP_OK : xip_diag_nomem(dump->diag);
	size_t failures = 0;

	for (size_t i = 0; !err && i < list->count; i++) {
		err = xip_expect_judge(&list->items[i], &survey->image, list->arena, &outcomes[i]);
		if (err)
			err = xip_diag_nomem(dump->diag);
		else
			failures += !outcomes[i].holds;
	}
	if (err)
		return err;
	printf("TAP version 13\n1..%zu\n", list->count);
	for (size_t i = 0; i < list->count; i++)
		print_outcome(dump, i + 1, &list->items[i], &outcomes[i]);
	*status = failures ? EXIT_ERRORS : XIP_EXIT_OK;
	if (!dump->options->junit)
		return XIP_OK;
	/* No file when what was printed did not arrive. */
	err = xip_cli_finish(stdout, dump->diag);
	return err ? err : write_junit(dump, list, outcomes, failures);
}

enum xip_err print_expect(struct dump *dump, int *status)
{
	struct xip_expect_list list;
	struct survey survey;
	enum xip_err err = xip_expect_load(&list, dump->options->argument, dump->diag);

	if (err)
		return err;
	err = make_survey(dump, &list.kernel, &survey);
	if (!err) {
		if (!survey.image.partition)
			survey.image.partition = list.partition;
		err = hold(dump, &survey, &list, status);
		free_survey(&survey);
	}
	xip_expect_free(&list);
	return err;
}
