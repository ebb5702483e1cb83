/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text file that is written with stdio and appears only when it is complete.
 */
#ifndef XIPFS_STREAM_H
#define XIPFS_STREAM_H

#include <stdio.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/base/io.h"

struct xip_stream {
	FILE *file; /* write to it, do not close it */
	const char *path;
	struct xip_output *output;
};

/* Opens the file @path ("-": standard output), which must live until xip_stream_close. XIP_ERR_IO,
 * XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err xip_stream_open(
	struct xip_stream *stream, const char *path, const struct xip_diag *diag);

/*
 * Ends the writing. With @err XIP_OK, and when every write succeeded, stream->output holds the
 * text, for xip_output_commit_all; otherwise it is freed, and NULL. Returns @err, or what went
 * wrong here.
 */
XIP_MUST_CHECK enum xip_err xip_stream_end(
	struct xip_stream *stream, enum xip_err err, const struct xip_diag *diag);

/*
 * Closes it. With @err XIP_OK, and when every write succeeded, the file takes its place; otherwise
 * nothing is left of it. Returns @err, or what went wrong here.
 */
XIP_MUST_CHECK enum xip_err xip_stream_close(
	struct xip_stream *stream, enum xip_err err, const struct xip_diag *diag);

#endif
