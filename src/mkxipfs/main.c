/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkxipfs: a root file system becomes a cramfs image whose programs execute in place.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"
#include "progress.h"
#include "readback.h"
#include "report.h"
#include "xipfs/cli/cli.h"
#include "xipfs/tree/devtable.h"
#include "xipfs/base/io.h"
#include "xipfs/plan/policy_tree.h"

/* What the signal handler removes; empty as a rule, since the new image has no name until the end.
 */
static const struct xip_output *volatile pending_output;

static void on_signal(int number)
{
	const struct xip_output *output = pending_output;

	if (output && *xip_output_temp_name(output))
		unlink(xip_output_temp_name(output));
	/* SA_RESETHAND: this time the signal does what it does by default. */
	raise(number);
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &action, NULL);
	/* A closed pipe and a file size limit are write errors like any other. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* The image that is there already is no part of the new one, should it lie in the source. */
static void leave_out_image(struct xip_tree *tree, const char *image, const struct xip_diag *diag)
{
	struct stat status;

	if (strcmp(image, "-") ? stat(image, &status) : fstat(STDOUT_FILENO, &status))
		return;
	if (S_ISREG(status.st_mode) && xip_scan_leave_out(tree, &status))
		xip_diag_info(diag, image, XIP_NO_OFFSET, "lies in the source: left out of itself");
}

/* The tree as it shall be in the image. */
static enum xip_err read_source(
	const struct options *options, struct xip_tree **tree, const struct xip_diag *diag)
{
	struct xip_exclude exclude = {options->excludes.items, options->excludes.count};
	enum xip_err err = xip_scan(options->source, &exclude, tree, diag);

	if (err)
		return err;
	if (options->image)
		leave_out_image(*tree, options->image, diag);
	if (options->squash_owner)
		xip_tree_squash_owners(*tree);
	err = xip_policy_apply(*tree, &options->build.policy, diag);
	/* Tables come last: what they say of owners stands. */
	for (size_t i = 0; !err && i < options->devtables.count; i++)
		err = xip_devtable_apply(*tree, options->devtables.items[i], diag);
	if (!err)
		err = xip_tree_finish(*tree, options->truncate_ids, diag);
	return err ? err : xip_policy_warn_unmatched(*tree, &options->build.policy, diag);
}

static enum xip_err report(const struct options *options, const struct xip_tree *tree,
	const struct xip_build *build, const struct xip_diag *diag)
{
	/* When the image goes to standard output, the report must not. */
	FILE *out = strcmp(options->image, "-") ? stdout : stderr;
	enum xip_err err = XIP_OK;

	if (options->verbose)
		err = report_files(out, tree, build, options, false);
	if (!err && !options->quiet)
		report_summary(out, build, options->image);
	if (err)
		return xip_diag_nomem(diag);
	if (fflush(out) || ferror(out))
		return xip_diag_fail_errno(diag, errno, NULL, "cannot write the report");
	return XIP_OK;
}

/* From the finished tree to a checked image in the place of the old one. */
static enum xip_err make_image(struct options *options, struct xip_tree *tree,
	struct xip_output *output, struct xip_cli *cli, struct progress *progress,
	const struct xip_diag *diag)
{
	struct xip_build *build = NULL;
	enum xip_err err;

	progress_stage(progress, "compressing");
	err = xip_build_run(
		tree, &options->build, xip_output_fd(output), options->image, &build, diag);
	if (!err && !options->no_verify) {
		progress_stage(progress, "checking");
		err = readback(xip_output_fd(output), options->image, tree, build->plan,
			options->build.encode.threads, progress, diag);
	}
	progress_clear(progress);
	if (!err && options->errors && cli->warnings)
		err = xip_diag_fail(diag, XIP_ERR_SOURCE, options->image, XIP_NO_OFFSET,
			"not written: -E makes errors of warnings");
	/* Reports come first: when one cannot be written, the old image stays. */
	if (!err && options->report)
		err = report_write(options, tree, build, diag);
	if (!err)
		err = report(options, tree, build, diag);
	if (!err)
		err = xip_output_commit(output, diag);
	xip_build_free(build);
	return err;
}

/* --explain: plans, tells, and writes no image. */
static enum xip_err explain(
	const struct options *options, const struct xip_tree *tree, const struct xip_diag *diag)
{
	struct xip_plan *plan;
	enum xip_err err = xip_plan_make(
		tree, &options->build.policy, options->build.encode.threads, &plan, diag);

	if (err)
		return err;
	err = report_explain(stdout, options, tree, plan, diag);
	xip_plan_free(plan);
	if (!err && (fflush(stdout) || ferror(stdout)))
		err = xip_diag_fail_errno(diag, errno, NULL, "cannot write the explanation");
	return err;
}

static enum xip_err load_insert(
	struct options *options, uint8_t **insert, const struct xip_diag *diag)
{
	size_t size;
	enum xip_err err;

	if (!options->insert)
		return XIP_OK;
	err = xip_io_load(options->insert, XIP_OFFSET_LIMIT, insert, &size, diag);
	if (err)
		return err;
	options->build.insert = *insert;
	options->build.layout.insert_size = (uint32_t)size;
	return XIP_OK;
}

static enum xip_err run(struct options *options, struct xip_cli *cli, struct progress *progress,
	const struct xip_diag *diag)
{
	struct xip_output *output = NULL;
	struct xip_tree *tree = NULL;
	uint8_t *insert = NULL;
	enum xip_err err = load_insert(options, &insert, diag);

	if (!err)
		err = read_source(options, &tree, diag);
	if (!err && options->explain) {
		err = explain(options, tree, diag);
		goto out;
	}
	if (!err)
		err = xip_output_open(&output, options->image, diag);
	if (!err) {
		pending_output = output;
		err = make_image(options, tree, output, cli, progress, diag);
		pending_output = NULL;
		xip_output_free(output);
	}
out:
	xip_tree_free(tree);
	free(insert);
	return err;
}

int main(int argc, char **argv)
{
	struct xip_cli cli = {.program = "mkxipfs"};
	struct xip_diag diag = xip_cli_diag(&cli);
	struct progress progress;
	struct options options;
	enum options_verdict verdict;
	int status = XIP_EXIT_OK;

	xip_cli_hold_streams();
	verdict = options_parse(&options, argc, argv, &diag);
	/*
	 * What one stage frees must go back to the system, not only to the next stage: the limit on
	 * memory is one for the process. Setting the threshold keeps it from growing.
	 */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	if (verdict == OPTIONS_RUN) {
		catch_signals();
		progress_init(&progress, !options.quiet);
		cli.verbose = options.verbose;
		cli.before = progress_clear;
		cli.user = &progress;
		options.build.encode.progress = progress_update;
		options.build.encode.user = &progress;
		status = run(&options, &cli, &progress, &diag) ? XIP_EXIT_OPERATIONAL : XIP_EXIT_OK;
	} else if (verdict == OPTIONS_USAGE) {
		status = XIP_EXIT_USAGE;
	} else if (verdict == OPTIONS_OPERATIONAL) {
		status = XIP_EXIT_OPERATIONAL;
	} else if (fflush(stdout) || ferror(stdout)) {
		(void)xip_diag_fail_errno(&diag, errno, NULL, "cannot write to standard output");
		status = XIP_EXIT_OPERATIONAL;
	}
	options_free(&options);
	return status;
}
