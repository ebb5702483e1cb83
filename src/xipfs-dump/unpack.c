/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --extract, --cat and --tar.
 */
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "xipfs/inspect/extract.h"
#include "xipfs/base/io.h"

#define STDOUT_NAME "standard output"

enum xip_err extract_all(struct dump *dump)
{
	return xip_extract(dump->image, &dump->listing, dump->options->argument, dump->diag);
}

enum xip_err cat_file(struct dump *dump)
{
	const char *path = dump->options->argument;
	size_t index = xip_listing_find(&dump->listing, path);

	if (index == SIZE_MAX)
		return xip_diag_fail(dump->diag, XIP_ERR_USAGE, path, XIP_NO_OFFSET,
			"the image has no such entry");
	return xip_write_content(
		dump->image, &dump->listing, index, STDOUT_FILENO, STDOUT_NAME, dump->diag);
}

/* A file appears when it is complete; standard output gets the archive as it is made. */
enum xip_err write_tar(struct dump *dump)
{
	const char *path = dump->options->argument;
	struct xip_output *output;
	enum xip_err err;

	if (!strcmp(path, "-"))
		return xip_write_tar(
			dump->image, &dump->listing, STDOUT_FILENO, STDOUT_NAME, dump->diag);
	err = xip_output_open(&output, path, dump->diag);
	if (err)
		return err;
	err = xip_write_tar(dump->image, &dump->listing, xip_output_fd(output), path, dump->diag);
	if (!err)
		err = xip_output_commit(output, dump->diag);
	xip_output_free(output);
	return err;
}
