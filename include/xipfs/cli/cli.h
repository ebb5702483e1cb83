/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both programs share: messages on stderr. The only part of the library that prints.
 */
#ifndef XIPFS_CLI_H
#define XIPFS_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "xipfs/base/diag.h"

/* Exit codes of mkfs programs (mkfs(8)); the inspector adds those of fsck(8). */
#define XIP_EXIT_OK          0
#define XIP_EXIT_OPERATIONAL 8
#define XIP_EXIT_USAGE       16

/*
 * Call this before anything else. Takes the numbers of standard streams that are closed, so that no
 * file opened later gets one of them and is printed into; printing to such a stream still fails.
 */
void xip_cli_hold_streams(void);

/* Whether to colour what is printed. */
enum xip_when {
	XIP_WHEN_AUTO, /* on a terminal, unless NO_COLOR is set or TERM is dumb */
	XIP_WHEN_ALWAYS,
	XIP_WHEN_NEVER,
};

/* "auto", "always" or "never"; false: none of these. */
bool xip_cli_parse_when(const char *text, enum xip_when *when);
bool xip_cli_wants_color(enum xip_when when, FILE *out);

enum xip_color {
	XIP_COLOR_PLAIN, /* back to what the terminal has */
	XIP_COLOR_GOOD,
	XIP_COLOR_WARNING,
	XIP_COLOR_ERROR,
	XIP_COLOR_CALM, /* of less interest */
	XIP_COLOR_NAME, /* directories */
	XIP_COLOR_LINK,
};

/* The bytes that switch a terminal to @color; "" unless @on. Static storage. */
const char *xip_cli_color(bool on, enum xip_color color);

/* Columns of the terminal that @fd is: 80 when it is not one, or does not say. */
unsigned xip_cli_width(int fd);

/* "program 1.0", and the libraries that it uses, to standard output. */
void xip_cli_print_version(const char *program);

struct xip_cli_repeat;

/* The user pointer of xip_cli_diag. */
struct xip_cli {
	const char *program;       /* the name before every message */
	bool verbose;              /* show XIP_DIAG_INFO too, and every warning */
	bool color;                /* of messages */
	unsigned warnings, errors; /* so far */
	void (*before)(
		void *user); /* called before a line is printed (to clear a bar); may be NULL */
	void *user;
	struct xip_cli_repeat *repeats; /* warnings that were printed */
	unsigned repeat_count;
};

/*
 * A diag that prints "program: path: message" on stderr, one line each, unprintables escaped.
 * Without cli->verbose, only the first of the warnings that differ in nothing but the path is
 * printed; xip_cli_tell_repeats says how many others there were, and frees what was kept of them.
 */
struct xip_diag xip_cli_diag(struct xip_cli *cli);
void xip_cli_tell_repeats(struct xip_cli *cli);

/* True when @fd is a pipe or socket that nobody reads any more: "| head" has seen enough. */
bool xip_cli_reader_is_gone(int fd);

/*
 * Finishes printing to @out, standard output or error. XIP_ERR_IO, reported, when not all of it was
 * taken; that its reader has had enough is no error.
 */
XIP_MUST_CHECK enum xip_err xip_cli_finish(FILE *out, const struct xip_diag *diag);

/*
 * Prints @text to @out with control bytes, backslash, U+FFFE, U+FFFF and bytes that are not valid
 * UTF-8 as \ooo (three octal digits), so that a name can neither forge lines nor steer a terminal.
 */
void xip_cli_print_escaped(FILE *out, const char *text);

/*
 * The same inside a string of JSON: the backslashes are doubled, '"' has one before it, and '<' is
 * written as \u003c, so that the text cannot end a <script> that it is in.
 */
void xip_cli_print_json(FILE *out, const char *text);

/* As xip_cli_print_escaped but with a backslash before '#', which would begin a TAP directive. */
void xip_cli_print_tap(FILE *out, const char *text);

/* As xip_cli_print_escaped but with the five characters that are special in XML and HTML as
 * entities. */
void xip_cli_print_xml(FILE *out, const char *text);

#endif
