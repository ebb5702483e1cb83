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

/* A reader of standard output that had enough is no fault, so nothing is told of it. */
static void tell_while_read(void *user, enum xip_severity severity, const char *path,
	uint64_t offset, const char *message)
{
	const struct xip_diag *diag = user;

	if (severity != XIP_DIAG_ERROR || !xip_cli_reader_is_gone(STDOUT_FILENO))
		diag->emit(diag->user, severity, path, offset, message);
}

static enum xip_err after_writing(enum xip_err err)
{
	return err == XIP_ERR_IO && xip_cli_reader_is_gone(STDOUT_FILENO) ? XIP_OK : err;
}

enum xip_err extract_all(struct dump *dump)
{
	return xip_extract(dump->image, &dump->listing, dump->options->argument, dump->diag);
}

enum xip_err cat_file(struct dump *dump)
{
	const struct xip_diag diag = {tell_while_read, (void *)dump->diag};
	const char *path = dump->options->argument;
	size_t index = xip_listing_find(&dump->listing, path);

	if (index == SIZE_MAX)
		return xip_diag_fail(dump->diag, XIP_ERR_USAGE, path, XIP_NO_OFFSET,
			"the image has no such entry");
	return after_writing(xip_write_content(
		dump->image, &dump->listing, index, STDOUT_FILENO, STDOUT_NAME, &diag));
}

/* A file appears when it is complete; standard output gets the archive as it is made. */
enum xip_err write_tar(struct dump *dump)
{
	const struct xip_diag diag = {tell_while_read, (void *)dump->diag};
	const char *path = dump->options->argument;
	struct xip_output *output;
	enum xip_err err;

	if (!strcmp(path, "-"))
		return after_writing(xip_write_tar(
			dump->image, &dump->listing, STDOUT_FILENO, STDOUT_NAME, &diag));
	err = xip_output_open(&output, path, dump->diag);
	if (err)
		return err;
	err = dump_spare_image(dump, output);
	if (!err)
		err = xip_write_tar(
			dump->image, &dump->listing, xip_output_fd(output), path, dump->diag);
	if (!err)
		err = xip_output_commit(output, dump->diag);
	xip_output_free(output);
	return err;
}
