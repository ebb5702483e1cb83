/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for the user, handed to the caller through a callback: the library never prints.
 */
#ifndef XIPFS_DIAG_H
#define XIPFS_DIAG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/err.h"

enum xip_severity {
	XIP_DIAG_ERROR,
	XIP_DIAG_WARNING,
	XIP_DIAG_INFO, /* shown by the programs only with -v */
};

/* "No position": the message is about the whole file. */
#define XIP_NO_OFFSET UINT64_MAX

/*
 * @emit is called from the thread that runs the stage, never from two threads at once.
 * @path is the file the message is about (NULL when there is none), @offset a byte position or a
 * line number in it, as the message says (XIP_NO_OFFSET when there is none); @message is one line
 * without a line feed. All of them belong to the library and live until @emit returns.
 */
struct xip_diag {
	void (*emit)(void *user, enum xip_severity severity, const char *path, uint64_t offset,
		const char *message);
	void *user;
};

/*
 * Reports an error and returns @err, so that callers write
 * "return xip_diag_fail(diag, XIP_ERR_LIMIT, path, XIP_NO_OFFSET, ...)".
 * A NULL @diag, or one without @emit, drops the message.
 */
enum xip_err xip_diag_fail(const struct xip_diag *diag, enum xip_err err, const char *path,
	uint64_t offset, const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * As xip_diag_fail with ": strerror(@error_number)" after the message; returns XIP_ERR_IO. ENOMEM
 * goes to xip_diag_nomem.
 */
enum xip_err xip_diag_fail_errno(const struct xip_diag *diag, int error_number, const char *path,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reports that memory ran out; returns XIP_ERR_NOMEM. Allocates nothing. */
enum xip_err xip_diag_nomem(const struct xip_diag *diag);

void xip_diag_warn(const struct xip_diag *diag, const char *path, uint64_t offset,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

void xip_diag_info(const struct xip_diag *diag, const char *path, uint64_t offset,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
