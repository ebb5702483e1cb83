/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Length of the valid UTF-8 sequence at @p (RFC 3629), 0: none. The text ends with a NUL. */
static size_t utf8_length(const unsigned char *p)
{
	size_t length = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}

/*
 * The valid sequence of @length bytes at @p steers a terminal (U+0080 to U+009F as well), would
 * make an escape ambiguous, or is not a character of XML 1.0 (U+FFFE and U+FFFF).
 */
static bool is_control(const unsigned char *p, size_t length)
{
	return *p < 0x20 || *p == 0x7f || *p == '\\' ||
	       (length == 2 && p[0] == 0xc2 && p[1] < 0xa0) ||
	       (length == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe);
}

/*
 * The text goes on after @size bytes, but no UTF-8 sequence does. @backslash is what is written for
 * one.
 */
static void print_escaped(FILE *out, const char *text, size_t size, const char *backslash)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + size;
	const unsigned char *plain = p; /* not printed yet; in bulk, since paths may be long */

	while (p < end) {
		size_t length = utf8_length(p);

		if (length && !is_control(p, length)) {
			p += length;
			continue;
		}
		fwrite(plain, 1, (size_t)(p - plain), out);
		/* Every byte of the sequence: the next one alone would not be valid. */
		for (length = length ? length : 1; length; length--)
			fprintf(out, "%s%03o", backslash, *p++);
		plain = p;
	}
	fwrite(plain, 1, (size_t)(p - plain), out);
}

void xip_cli_print_escaped(FILE *out, const char *text)
{
	print_escaped(out, text, strlen(text), "\\");
}

void xip_cli_print_xml(FILE *out, const char *text)
{
	/* What XML cannot hold at all, is_control() or not UTF-8, is escaped as elsewhere. */
	for (;;) {
		size_t plain = strcspn(text, "&<>\"'");

		print_escaped(out, text, plain, "\\");
		text += plain;
		if (!*text)
			return;
		fprintf(out, "&#%d;", *text++);
	}
}

void xip_cli_print_json(FILE *out, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "\"<");

		print_escaped(out, text, plain, "\\\\");
		text += plain;
		if (!*text)
			return;
		fputs(*text++ == '<' ? "\\u003c" : "\\\"", out);
	}
}

void xip_cli_print_tap(FILE *out, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "#");

		print_escaped(out, text, plain, "\\");
		text += plain;
		if (!*text)
			return;
		fputs("\\#", out);
		text++;
	}
}

void xip_cli_hold_streams(void)
{
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
		if (fcntl(stream, F_GETFD) < 0 &&
			errno == EBADF) /* the lowest free number is ours */
			(void)open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Warnings of this many kinds are counted; further kinds are printed one by one. */
#define REPEATS_MAX 64u

/* A warning that was printed, and how often it came again, for any path. */
struct xip_cli_repeat {
	char *message;
	unsigned again;
};

/* True when the very same words have been printed before. */
static bool is_repeated(struct xip_cli *cli, const char *message)
{
	if (cli->verbose)
		return false;
	for (unsigned i = 0; i < cli->repeat_count; i++)
		if (!strcmp(cli->repeats[i].message, message)) {
			cli->repeats[i].again++;
			return true;
		}
	if (!cli->repeats)
		cli->repeats = calloc(REPEATS_MAX, sizeof(*cli->repeats));
	if (cli->repeats && cli->repeat_count < REPEATS_MAX) {
		cli->repeats[cli->repeat_count].message = strdup(message);
		cli->repeat_count += cli->repeats[cli->repeat_count].message != NULL;
	}
	return false;
}

static void begin_line(struct xip_cli *cli)
{
	if (cli->before)
		cli->before(cli->user);
	fprintf(stderr, "%s: ", cli->program);
}

static void print_warning_word(const struct xip_cli *cli)
{
	fprintf(stderr, "%swarning:%s ", xip_cli_color(cli->color, XIP_COLOR_WARNING),
		xip_cli_color(cli->color, XIP_COLOR_PLAIN));
}

static void print_message(void *user, enum xip_severity severity, const char *path, uint64_t offset,
	const char *message)
{
	bool is_error = severity == XIP_DIAG_ERROR;
	struct xip_cli *cli = user;

	(void)offset; /* messages say where in their own words */
	if (is_error)
		cli->errors++;
	else if (severity == XIP_DIAG_WARNING)
		cli->warnings++;
	else if (!cli->verbose)
		return;
	if (severity == XIP_DIAG_WARNING && is_repeated(cli, message))
		return;
	begin_line(cli);
	if (path) {
		xip_cli_print_escaped(stderr, path);
		fputs(": ", stderr);
	}
	if (severity == XIP_DIAG_WARNING)
		print_warning_word(cli);
	fputs(xip_cli_color(cli->color && is_error, XIP_COLOR_ERROR), stderr);
	xip_cli_print_escaped(stderr, message);
	fputs(xip_cli_color(cli->color && is_error, XIP_COLOR_PLAIN), stderr);
	fputc('\n', stderr);
}

void xip_cli_tell_repeats(struct xip_cli *cli)
{
	for (unsigned i = 0; i < cli->repeat_count; i++) {
		struct xip_cli_repeat *repeat = &cli->repeats[i];

		if (repeat->again) {
			begin_line(cli);
			print_warning_word(cli);
			xip_cli_print_escaped(stderr, repeat->message);
			fprintf(stderr, " (%u more; -v shows them all)\n", repeat->again);
		}
		free(repeat->message);
	}
	free(cli->repeats);
	cli->repeats = NULL;
	cli->repeat_count = 0;
}

struct xip_diag xip_cli_diag(struct xip_cli *cli)
{
	return (struct xip_diag){.emit = print_message, .user = cli};
}

bool xip_cli_reader_is_gone(int fd)
{
	struct pollfd pipe = {.fd = fd};

	/* A pipe or socket whose other end is closed; for other files there is no such state. */
	return poll(&pipe, 1, 0) == 1 && pipe.revents & (POLLERR | POLLHUP);
}

enum xip_err xip_cli_finish(FILE *out, const struct xip_diag *diag)
{
	int error;

	errno = 0;
	if (!fflush(out) && !ferror(out))
		return XIP_OK;
	error = errno;
	if (xip_cli_reader_is_gone(fileno(out)))
		return XIP_OK;
	return error ? xip_diag_fail_errno(diag, error, NULL, "cannot write to standard output")
		     : xip_diag_fail(diag, XIP_ERR_IO, NULL, XIP_NO_OFFSET,
			       "cannot write to standard output");
}
