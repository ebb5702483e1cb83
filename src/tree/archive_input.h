/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef XIPFS_ARCHIVE_INPUT_H
#define XIPFS_ARCHIVE_INPUT_H

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"

struct archive;

/*
 * Opens the archive @path ("-": standard input) as a file that can seek and stands at its start;
 * the caller closes *@fd unless it is -1, also after an error. XIP_ERR_SOURCE, XIP_ERR_IO,
 * XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_archive_input_open(
	int *fd, const char *path, const struct xip_diag *diag);

/*
 * Checks the compression around an archive, if there is any, to its last byte. @fd stands at its
 * start before and after.
 */
XIP_MUST_CHECK enum xip_err xip_archive_input_verify(
	int fd, const char *path, const struct xip_diag *diag);

/* Reports libarchive's error: XIP_ERR_SOURCE or XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err xip_archive_fail(
	struct archive *archive, const char *path, const struct xip_diag *diag);

#endif
