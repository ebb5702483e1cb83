/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --extract, --cat and --tar.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "xipfs/cli/stream.h"
#include "xipfs/inspect/extract.h"
#include "xipfs/base/io.h"

#define STDOUT_NAME "standard output"

enum xip_err extract_all(struct dump *dump)
{
	const struct xip_listing *listing = &dump->listing;
	bool *chosen;
	enum xip_err err = dump_choose(dump, &chosen);

	/* Directories come before what is in them. */
	for (size_t i = listing->count; !err && chosen && --i;)
		chosen[listing->entries[i].parent] |= chosen[i];
	if (!err)
		err = xip_extract_chosen(
			dump->image, listing, dump->options->argument, chosen, dump->diag);
	free(chosen);
	return err;
}

enum xip_err cat_file(struct dump *dump)
{
	const struct xip_diag diag = xip_stream_diag(dump->diag);
	size_t index;
	enum xip_err err = dump_find(dump, dump->options->argument, true, &index);

	if (err)
		return err;
	return xip_stream_forgive(xip_write_content(
		dump->image, &dump->listing, index, STDOUT_FILENO, STDOUT_NAME, &diag));
}

/* A file appears when it is complete; standard output gets the archive as it is made. */
enum xip_err write_tar(struct dump *dump)
{
	const struct xip_diag diag = xip_stream_diag(dump->diag);
	const char *path = dump->options->argument;
	struct xip_output *output;
	enum xip_err err;

	if (!strcmp(path, "-"))
		return xip_stream_forgive(xip_write_tar(
			dump->image, &dump->listing, STDOUT_FILENO, STDOUT_NAME, &diag));
	err = xip_output_open(&output, path, dump->diag);
	if (err)
		return err;
	err = xip_write_tar(dump->image, &dump->listing, xip_output_fd(output), path, dump->diag);
	if (!err)
		err = xip_output_commit(output, dump->diag);
	xip_output_free(output);
	return err;
}
