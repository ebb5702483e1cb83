/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xipfs-dump: shows, checks and extracts a cramfs image.
 */
#include <signal.h>

#include "common.h"

static enum xip_err run_action(struct dump *dump, const struct xip_cli *cli, int *status)
{
	switch (dump->options->action) {
	case ACTION_SUMMARY:
		return print_summary(dump);
	case ACTION_LIST:
		return print_list(dump);
	case ACTION_MAP:
		return print_map(dump);
	case ACTION_BLOCKS:
		return print_blocks(dump);
	case ACTION_CHECK:
		return print_check(dump, status);
	case ACTION_EXTRACT:
		return extract_all(dump);
	case ACTION_CAT:
		return cat_file(dump);
	case ACTION_TAR:
		return write_tar(dump);
	case ACTION_RAM:
		return print_ram(dump);
	case ACTION_EXPECT:
		return print_expect(dump, status);
	case ACTION_HTML:
		return write_page(dump, cli);
	case ACTION_SVG:
		return write_picture(dump);
	case ACTION_DIFF:
		return print_diff(dump, cli, status);
	case ACTION_TOP:
		return print_top(dump);
	case ACTION_FIND:
		break; /* needs no image that can be opened */
	}
	return XIP_ERR_USAGE;
}

/* An image cut off by its partition is not what the target will see, whatever was asked. */
static bool overflows(const struct dump *dump)
{
	uint64_t partition = dump->options->partition, size = dump->info->size;

	if (!partition || partition >= size)
		return false;
	(void)xip_diag_fail(dump->diag, XIP_ERR_LIMIT, dump->path, XIP_NO_OFFSET,
		"the image takes %llu bytes, %llu more than --partition=%llu holds",
		(unsigned long long)size, (unsigned long long)(size - partition),
		(unsigned long long)partition);
	return true;
}

/* Runs the action on the open image; *@status is the exit status when nothing fails. */
static enum xip_err run_on_image(struct dump *dump, const struct xip_cli *cli, int *status)
{
	enum action action = dump->options->action;
	bool judging = action == ACTION_CHECK || action == ACTION_EXPECT;
	int least = XIP_EXIT_OK;
	enum xip_err err = XIP_OK;

	if (overflows(dump))
		least = judging ? EXIT_ERRORS : XIP_EXIT_OPERATIONAL;
	if (!least || judging)
		err = run_action(dump, cli, status);
	if (*status < least)
		*status = least;
	return err;
}

static int run(
	const struct options *options, const struct xip_cli *cli, const struct xip_diag *diag)
{
	int status = XIP_EXIT_OK;
	struct dump dump = {0};
	enum xip_err err = spare_inputs(options, diag);

	if (err)
		return XIP_EXIT_USAGE;
	if (options->action == ACTION_FIND) {
		err = print_find(options, diag);
	} else {
		err = dump_open(&dump, options->image, options, cli, diag);
		if (err)
			/* What cannot even be mounted has errors, if that was the question. */
			return (err == XIP_ERR_CORRUPT || err == XIP_ERR_UNSUPPORTED) &&
					       options->action == ACTION_CHECK
				       ? EXIT_ERRORS
				       : XIP_EXIT_OPERATIONAL;
		err = run_on_image(&dump, cli, &status);
	}
	if (err && !cli->errors) /* the medium failed under a block */
		(void)xip_diag_fail(
			diag, err, options->image, XIP_NO_OFFSET, "%s", xip_err_name(err));
	if (dump.damaged || err)
		status = XIP_EXIT_OPERATIONAL;
	if (!err && xip_cli_finish(stdout, diag))
		status = XIP_EXIT_OPERATIONAL;
	if (dump.image)
		dump_close(&dump);
	return status;
}

int main(int argc, char **argv)
{
	struct xip_cli cli = {.program = "xipfs-dump"};
	struct xip_diag diag = xip_cli_diag(&cli);
	struct options options;
	int status = XIP_EXIT_USAGE;

	xip_cli_hold_streams();
	/* A closed pipe and a file size limit are write errors like any other. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	cli.color = xip_cli_wants_color(XIP_WHEN_AUTO, stderr);
	switch (options_parse(&options, argc, argv, &diag)) {
	case OPTIONS_RUN:
		cli.verbose = options.verbose;
		cli.color = xip_cli_wants_color(options.color, stderr);
		status = run(&options, &cli, &diag);
		break;
	case OPTIONS_DONE:
		status = XIP_EXIT_OK;
		break;
	case OPTIONS_OPERATIONAL:
		status = XIP_EXIT_OPERATIONAL;
		break;
	case OPTIONS_USAGE:
		break;
	}
	xip_cli_tell_repeats(&cli);
	return status;
}
