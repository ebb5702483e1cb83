/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/cli/stream.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

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
	bool failed = ferror(stream->file); /* of an earlier write; fclose tells of the last ones */

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
	err = xip_stream_end(stream, err, diag);
	if (!err)
		err = xip_output_commit(stream->output, diag);
	xip_output_free(stream->output);
	return err;
}
