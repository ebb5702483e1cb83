/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Long enough for a path of PATH_MAX; a longer message is cut, but its path is passed on whole. */
#define MESSAGE_SIZE 4608

static void emit(const struct xip_diag *diag, enum xip_severity severity, const char *path,
	uint64_t offset, const char *format, va_list arguments)
{
	char message[MESSAGE_SIZE];

	if (!diag || !diag->emit)
		return;
	vsnprintf(message, sizeof(message), format, arguments);
	diag->emit(diag->user, severity, path, offset, message);
}

enum xip_err xip_diag_fail(const struct xip_diag *diag, enum xip_err err, const char *path,
	uint64_t offset, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit(diag, XIP_DIAG_ERROR, path, offset, format, arguments);
	va_end(arguments);
	return err;
}

enum xip_err xip_diag_fail_errno(
	const struct xip_diag *diag, int error_number, const char *path, const char *format, ...)
{
	char what[MESSAGE_SIZE - 128];
	char reason[96];
	va_list arguments;

	if (error_number == ENOMEM) /* whichever call met it */
		return xip_diag_nomem(diag);
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	/* The GNU strerror_r is thread safe and may return a constant instead of the buffer. */
	return xip_diag_fail(diag, XIP_ERR_IO, path, XIP_NO_OFFSET, "%s: %s", what,
		strerror_r(error_number, reason, sizeof(reason)));
}

enum xip_err xip_diag_nomem(const struct xip_diag *diag)
{
	return xip_diag_fail(diag, XIP_ERR_NOMEM, NULL, XIP_NO_OFFSET, "out of memory");
}

void xip_diag_warn(
	const struct xip_diag *diag, const char *path, uint64_t offset, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit(diag, XIP_DIAG_WARNING, path, offset, format, arguments);
	va_end(arguments);
}

void xip_diag_info(
	const struct xip_diag *diag, const char *path, uint64_t offset, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit(diag, XIP_DIAG_INFO, path, offset, format, arguments);
	va_end(arguments);
}
