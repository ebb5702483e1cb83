/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkxipfs: a root file system becomes a cramfs image whose programs execute in place.
 */
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
#include "xipfs/cli/stream.h"
#include "xipfs/tree/devtable.h"
#include "xipfs/base/io.h"
#include "xipfs/plan/policy_tree.h"
#include "xipfs/source/source.h"

/* An existing output is not part of the new image, even if it lies in the source. */
static void leave_out(struct xip_tree *tree, const char *output, const struct xip_diag *diag)
{
	struct stat status;

	if (!output ||
		(strcmp(output, "-") ? stat(output, &status) : fstat(STDOUT_FILENO, &status)))
		return;
	if (S_ISREG(status.st_mode) && xip_scan_leave_out(tree, &status))
		xip_diag_info(
			diag, output, XIP_NO_OFFSET, "lies in the source: left out of the image");
}

/* The tree as it is to be in the image. */
static enum xip_err read_source(
	struct options *options, struct xip_tree **tree, const struct xip_diag *diag)
{
	const struct xip_sources sources = {.paths = options->sources.items,
		.count = options->sources.count,
		.exclude = {options->excludes.items, options->excludes.count},
		.limit = options->unpack_limit,
		.platform = options->platform};
	enum xip_err err = xip_sources_read(&sources, tree, diag);

	if (err)
		return err;
	leave_out(*tree, options->image, diag);
	leave_out(*tree, options->report, diag);
	if (options->squash_owner)
		xip_tree_squash_owners(*tree);
	err = xip_policy_resolve(&options->rules, *tree);
	if (err)
		return xip_diag_nomem(diag);
	err = xip_policy_apply(*tree, &options->build.policy, diag);
	/* Tables come last: what they say about owners is final. */
	for (size_t i = 0; !err && i < options->devtables.count; i++)
		err = xip_devtable_apply(*tree, options->devtables.items[i], diag);
	if (!err)
		err = xip_tree_finish(*tree, options->truncate_ids, diag);
	for (size_t i = 0; !err && i < options->profiles.count; i++)
		err = xip_profile_load(&options->profile, options->profiles.items[i], *tree,
			options->build.policy.page_size, diag);
	if (!err && options->profile.count)
		err = xip_profile_share(&options->profile, *tree, diag);
	if (!err && !options->ignore_xattrs)
		err = xip_tree_warn_xattrs(*tree, diag);
	return err ? err : xip_policy_warn_unmatched(*tree, &options->build.policy, diag);
}

/* The outputs of one run, which take their places together. */
struct outputs {
	struct xip_output *image;
	struct xip_stream report; /* when there is one; without .output: none */
};

/* If so, it is printed like the summary, and its output is there for comparison alone. */
static bool prints_plan(const struct options *options)
{
	return options->report && !strcmp(options->report, "-");
}

static enum xip_err print_report(const struct options *options, const struct xip_tree *tree,
	const struct xip_build *build, const struct xip_diag *diag)
{
	/* When the image goes to standard output, the report must not. */
	FILE *out = strcmp(options->image, "-") ? stdout : stderr;

	if (options->verbose)
		report_files(out, tree, build, options, false);
	if (!options->quiet)
		report_summary(out, tree, build, options, options->image);
	if (!options->quiet && options->plain)
		fputs("  called as mkcramfs: nothing in place without -X, --xip, --fit or a "
		      "policy\n",
			out);
	if (prints_plan(options))
		report_write(out, options, tree, build);
	return xip_cli_finish(out, diag);
}

static enum xip_err build_image(struct options *options, struct xip_tree *tree,
	struct xip_output *image, struct xip_cli *cli, struct progress *progress,
	struct xip_build **build, const struct xip_diag *diag)
{
	enum xip_err err;

	progress_stage(progress, "compressing");
	err = xip_build_run(
		tree, &options->build, xip_output_fd(image), options->image, build, diag);
	if (!err && !options->no_verify) {
		progress_stage(progress, "checking");
		err = readback(xip_output_fd(image), options->image, tree, (*build)->plan,
			options->build.encode.threads, progress, diag);
	}
	progress_clear(progress);
	if (!err && options->errors && cli->warnings)
		err = xip_diag_fail(diag, XIP_ERR_SOURCE, options->image, XIP_NO_OFFSET,
			"not written: -E turns warnings into errors");
	return err;
}

/* From the finished tree to a checked image that replaces the old one. */
static enum xip_err make_image(struct options *options, struct xip_tree *tree,
	struct outputs *outputs, struct xip_cli *cli, struct progress *progress,
	const struct xip_diag *diag)
{
	struct xip_output *all[] = {outputs->image, outputs->report.output};
	bool report_file = options->report && !prints_plan(options);
	struct xip_build *build = NULL;
	enum xip_err err = build_image(options, tree, outputs->image, cli, progress, &build, diag);

	if (!err && report_file)
		report_write(outputs->report.file, options, tree, build);
	if (options->report)
		err = xip_stream_end(&outputs->report, err, diag);
	/* What is printed comes first: when it cannot be, the old image stays. */
	if (!err)
		err = print_report(options, tree, build, diag);
	if (!err)
		err = xip_output_commit_all(all, report_file ? 2 : 1, diag);
	xip_build_free(build);
	return err;
}

/* --explain: plans, explains, and writes no image. */
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
	return err ? err : xip_cli_finish(stdout, diag);
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

/* An image may be replaced by the one that is made from it. */
static bool would_lose(const struct options *options, const char *input, bool is_source)
{
	if (options->report && xip_output_replaces(options->report, input))
		return true;
	if (!xip_output_replaces(options->image, input))
		return false;
	/* Standard input is opened anew under its own name, so nothing is read off it. */
	return !is_source || !xip_source_names_image(strcmp(input, "-") ? input : "/dev/stdin");
}

/* Nothing that is written may take the place of what is read, which may be the only copy. */
static enum xip_err spare_inputs(const struct options *options, const struct xip_diag *diag)
{
	const struct string_list *lists[] = {
		&options->sources, &options->devtables, &options->profiles, &options->files};

	for (size_t list = 0; list < sizeof(lists) / sizeof(*lists); list++)
		for (size_t i = 0; i < lists[list]->count; i++)
			if (would_lose(options, lists[list]->items[i], !list))
				return xip_diag_fail(diag, XIP_ERR_USAGE, lists[list]->items[i],
					XIP_NO_OFFSET, "an output would be written over an input");
	return XIP_OK;
}

/* Opens what is written, and refuses to write it over one another. */
static enum xip_err open_outputs(
	const struct options *options, struct outputs *outputs, const struct xip_diag *diag)
{
	enum xip_err err = xip_output_open(&outputs->image, options->image, diag);

	if (!err && options->report) {
		err = xip_stream_open(&outputs->report, options->report, diag);
		if (!err && xip_output_same(outputs->image, outputs->report.output))
			err = xip_diag_fail(diag, XIP_ERR_USAGE, options->report, XIP_NO_OFFSET,
				"the report would be written over the image");
	}
	if (err && outputs->report.file)
		err = xip_stream_end(&outputs->report, err, diag);
	return err;
}

static enum xip_err run(struct options *options, struct xip_cli *cli, struct progress *progress,
	const struct xip_diag *diag)
{
	struct outputs outputs = {0};
	struct xip_tree *tree = NULL;
	uint8_t *insert = NULL;
	enum xip_err err = options->explain ? XIP_OK : spare_inputs(options, diag);

	if (!err)
		err = load_insert(options, &insert, diag);
	if (!err)
		err = read_source(options, &tree, diag);
	if (!err && options->explain) {
		err = explain(options, tree, diag);
		goto out;
	}
	if (!err)
		err = open_outputs(options, &outputs, diag);
	if (!err)
		err = make_image(options, tree, &outputs, cli, progress, diag);
	xip_output_free(outputs.report.output);
	xip_output_free(outputs.image);
out:
	xip_tree_free(tree);
	free(insert);
	return err;
}

static int exit_status(enum xip_err err)
{
	if (err == XIP_ERR_USAGE)
		return XIP_EXIT_USAGE;
	return err ? XIP_EXIT_OPERATIONAL : XIP_EXIT_OK;
}

/* A status that main() never has: libarchive ends the process when it runs out of memory. */
static void on_foreign_exit(int status, void *diag)
{
	if (status != EXIT_FAILURE)
		return;
	(void)xip_diag_nomem(diag);
	_exit(XIP_EXIT_OPERATIONAL);
}

int main(int argc, char **argv)
{
	struct xip_cli cli = {.program = "mkxipfs"};
	struct xip_diag diag = xip_cli_diag(&cli);
	struct progress progress;
	struct options options;
	enum options_verdict verdict;
	int status = XIP_EXIT_OK;

	on_exit(on_foreign_exit, &diag);
	xip_cli_hold_streams();
	cli.color = xip_cli_wants_color(XIP_WHEN_AUTO, stderr);
	/* A closed pipe and a file size limit are write errors like any other. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	verdict = options_parse(&options, argc, argv, &diag);
	/*
	 * What one stage frees must go back to the system, not only to the next stage: the limit on
	 * memory is for the whole process. Setting the threshold keeps it from growing.
	 */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	if (verdict == OPTIONS_RUN) {
		progress_init(&progress, !options.quiet);
		cli.verbose = options.verbose;
		cli.color = xip_cli_wants_color(options.color, stderr);
		cli.before = progress_clear;
		cli.user = &progress;
		options.build.encode.progress = progress_update;
		options.build.encode.user = &progress;
		status = exit_status(run(&options, &cli, &progress, &diag));
	} else if (verdict == OPTIONS_USAGE) {
		status = XIP_EXIT_USAGE;
	} else if (verdict == OPTIONS_OPERATIONAL) {
		status = XIP_EXIT_OPERATIONAL;
	} else if (xip_cli_finish(stdout, &diag)) {
		status = XIP_EXIT_OPERATIONAL;
	}
	xip_cli_tell_repeats(&cli);
	options_free(&options);
	return status;
}
