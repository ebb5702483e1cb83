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

/*
 * For what is written to standard output: passes everything on to @diag, which must outlive it,
 * except errors after the reader has gone. A reader that has had enough is no fault:
 * xip_stream_forgive turns the resulting XIP_ERR_IO into XIP_OK.
 */
struct xip_diag xip_stream_diag(const struct xip_diag *diag);
XIP_MUST_CHECK enum xip_err xip_stream_forgive(enum xip_err err);

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
 * Ends the writing. If @err is XIP_OK and every write succeeded, stream->output holds the text, for
 * xip_output_commit_all; otherwise it is freed, and NULL. Returns @err, or what went wrong here.
 */
XIP_MUST_CHECK enum xip_err xip_stream_end(
	struct xip_stream *stream, enum xip_err err, const struct xip_diag *diag);

/*
 * Closes it. If @err is XIP_OK and every write succeeded, the file takes its place; otherwise
 * nothing is left of it. Returns @err, or what went wrong here; that the reader of standard output
 * has had enough is no error.
 */
XIP_MUST_CHECK enum xip_err xip_stream_close(
	struct xip_stream *stream, enum xip_err err, const struct xip_diag *diag);

#endif
