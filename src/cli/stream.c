/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/cli/stream.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "xipfs/cli/cli.h"

static void tell_while_read(void *user, enum xip_severity severity, const char *path,
	uint64_t offset, const char *message)
{
	const struct xip_diag *diag = user;

	if (severity != XIP_DIAG_ERROR || !xip_cli_reader_is_gone(STDOUT_FILENO))
		diag->emit(diag->user, severity, path, offset, message);
}

struct xip_diag xip_stream_diag(const struct xip_diag *diag)
{
	return (struct xip_diag){tell_while_read, (void *)diag};
}

enum xip_err xip_stream_forgive(enum xip_err err)
{
	return err == XIP_ERR_IO && xip_cli_reader_is_gone(STDOUT_FILENO) ? XIP_OK : err;
}

enum xip_err xip_stream_open(
	struct xip_stream *stream, const char *path, const struct xip_diag *diag)
{
	enum xip_err err = xip_output_open(&stream->output, path, diag);
	int fd;

	if (err)
		return err;
	stream->path = path;
	fd = dup(xip_output_fd(stream->output)); /* fclose closes its own */
	stream->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (stream->file)
		return XIP_OK;
	err = xip_diag_fail_errno(diag, errno, path, "cannot write");
	if (fd >= 0)
		close(fd);
	xip_output_free(stream->output);
	stream->output = NULL;
	return err;
}

enum xip_err xip_stream_end(
	struct xip_stream *stream, enum xip_err err, const struct xip_diag *diag)
{
	bool failed = ferror(stream->file); /* of an earlier write; fclose reports the last ones */

	failed |= fclose(stream->file) != 0;
	stream->file = NULL;
	if (!err && failed)
		err = xip_diag_fail_errno(diag, errno, stream->path, "cannot write");
	if (err) {
		xip_output_free(stream->output);
		stream->output = NULL;
	}
	return err;
}

enum xip_err xip_stream_close(
	struct xip_stream *stream, enum xip_err err, const struct xip_diag *diag)
{
	const struct xip_diag while_read = xip_stream_diag(diag);

	err = xip_stream_end(stream, err, diag);
	if (!err && !strcmp(stream->path, "-"))
		err = xip_stream_forgive(xip_output_commit(stream->output, &while_read));
	else if (!err)
		err = xip_output_commit(stream->output, diag);
	xip_output_free(stream->output);
	return err;
}
