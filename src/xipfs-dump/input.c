/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that are read: what comes through a pipe is spooled, and none is written over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "xipfs/base/io.h"

#define CHUNK ((size_t)1 << 18)

static enum xip_err copy(int from, int to, const char *name, const struct xip_diag *diag)
{
	uint8_t *buffer = malloc(CHUNK);
	enum xip_err err = buffer ? XIP_OK : xip_diag_nomem(diag);
	ssize_t got = 1;

	while (!err && got) {
		got = read(from, buffer, CHUNK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = xip_diag_fail_errno(diag, errno, name, "cannot read");
		else
			err = xip_io_write_full(to, buffer, (size_t)got, diag, "scratch file");
	}
	free(buffer);
	return err;
}

/* Puts a scratch file with the same content in the place of *@fd. */
static enum xip_err spool(int *fd, const char *name, const struct xip_diag *diag)
{
	int scratch;
	enum xip_err err = xip_io_scratch(&scratch, diag);

	if (err)
		return err;
	err = copy(*fd, scratch, name, diag);
	if (err) {
		close(scratch);
		return err;
	}
	close(*fd);
	*fd = scratch;
	return XIP_OK;
}

enum xip_err open_input(const char *path, int *fd, const char **name, const struct xip_diag *diag)
{
	bool standard = !strcmp(path, "-");
	enum xip_err err = XIP_OK;

	*name = standard ? "standard input" : path;
	*fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return xip_diag_fail_errno(diag, errno, *name, "cannot open");
	if (lseek(*fd, 0, SEEK_CUR) < 0 && errno == ESPIPE)
		err = spool(fd, *name, diag);
	if (err)
		close(*fd);
	return err;
}

/* The file that the action makes; NULL: none. */
static const char *output_of(const struct options *options)
{
	switch (options->action) {
	case ACTION_TAR:
	case ACTION_HTML:
	case ACTION_SVG:
		return options->argument;
	default:
		return options->junit;
	}
}

enum xip_err spare_inputs(const struct options *options, const struct xip_diag *diag)
{
	const char *output = output_of(options);
	const char *inputs[] = {options->image, options->before,
		options->action == ACTION_EXPECT ? options->argument : NULL};

	for (size_t i = 0; output && i < sizeof(inputs) / sizeof(*inputs); i++)
		if (inputs[i] && xip_output_replaces(output, inputs[i]))
			return xip_diag_fail(diag, XIP_ERR_USAGE, output, XIP_NO_OFFSET,
				"the output would be written over an input");
	return XIP_OK;
}
