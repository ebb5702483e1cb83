/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status codes of the library.
 *
 * Every fallible function returns one; the detail (which file, which rule) goes to a
 * struct xip_diag (diag.h). Outputs of a function are valid only when it returned XIP_OK.
 */
#ifndef XIPFS_ERR_H
#define XIPFS_ERR_H

enum xip_err {
	XIP_OK = 0,
	XIP_ERR_NOMEM,       /* memory ran out */
	XIP_ERR_IO,          /* a system call failed */
	XIP_ERR_SOURCE,      /* the source is unreadable, damaged, or changed while it was read */
	XIP_ERR_LIMIT,       /* the source is fine, but the format cannot hold it */
	XIP_ERR_CORRUPT,     /* an image or a program breaks the rules of its format */
	XIP_ERR_UNSUPPORTED, /* well formed, but of a kind this code does not read */
	XIP_ERR_USAGE,       /* the caller's options make no sense */
};

/* A caller must look at the status it gets. */
#define XIP_MUST_CHECK __attribute__((warn_unused_result))

/* A short English name of @err ("out of memory"); static storage, never NULL. */
const char *xip_err_name(enum xip_err err);

#endif
