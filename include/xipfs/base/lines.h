/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text files that people write (policies, device tables, exclusions, expectations), line by line.
 * One reader for all of them: what ends a line, and what is not text at all, is the same
 * everywhere.
 */
#ifndef XIPFS_LINES_H
#define XIPFS_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"

/* A line of a text file, for messages about it. */
struct xip_line {
	const char *path;
	uint64_t number; /* from 1 */
	const struct xip_diag *diag;
};

/* Reports "line N: ..." at @line's file and returns @err. */
enum xip_err xip_line_fail(const struct xip_line *line, enum xip_err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct xip_lines {
	struct xip_line at; /* the line that xip_lines_next returned last */
	char *text;         /* private: the whole file */
	char *rest;         /* private: what has not been read yet; NULL: nothing */
};

/*
 * Loads text file @path ("-": standard input), which must outlive @lines. XIP_ERR_LIMIT: over 64
 * MiB; XIP_ERR_SOURCE: a NUL byte in it (UTF-16 has them), with its line; XIP_ERR_IO,
 * XIP_ERR_NOMEM. The caller ends with xip_lines_close after XIP_OK.
 */
XIP_MUST_CHECK enum xip_err xip_lines_open(
	struct xip_lines *lines, const char *path, const struct xip_diag *diag);

/* The same for @size bytes at @text, which are copied; @path is for messages. */
XIP_MUST_CHECK enum xip_err xip_lines_of_text(struct xip_lines *lines, const char *path,
	const char *text, size_t size, const struct xip_diag *diag);

/*
 * The next line, NUL terminated, without the LF or CR LF at its end; NULL: there is none. It may be
 * changed, and lives until xip_lines_close. A UTF-8 byte order mark before the first line is
 * skipped.
 */
char *xip_lines_next(struct xip_lines *lines);
void xip_lines_close(struct xip_lines *lines);

/*
 * Cuts the next word off *@rest, in place: it ends at a blank or, when quoted, at the closing
 * double quote; blanks and '#' between the quotes are ordinary. *@word is NULL at the end of the
 * line or at a '#', which begins a comment. XIP_ERR_SOURCE: a quote that is not closed.
 */
XIP_MUST_CHECK enum xip_err xip_line_word(const struct xip_line *line, char **rest, char **word);

#endif
