/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/io.h"

#define TEXT_MAX        ((uint64_t)64 << 20)
#define BLANKS          " \t\r"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

enum xip_err xip_line_fail(const struct xip_line *line, enum xip_err err, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return xip_diag_fail(line->diag, err, line->path, line->number, "line %" PRIu64 ": %s",
		line->number, message);
}

/* Takes over @text, which has a NUL after its @size bytes. */
static enum xip_err begin(struct xip_lines *lines, const char *path, char *text, size_t size,
	const struct xip_diag *diag)
{
	const char *nul = memchr(text, '\0', size);

	*lines = (struct xip_lines){
		.at = {.path = path, .diag = diag},
		.text = text,
		.rest = text,
	};
	if (nul) {
		lines->at.number = 1;
		for (const char *p = text; p < nul; p++)
			lines->at.number += *p == '\n';
		free(text);
		return xip_line_fail(&lines->at, XIP_ERR_SOURCE, "a NUL byte: this is not text");
	}
	if (!strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)))
		lines->rest += strlen(BYTE_ORDER_MARK);
	return XIP_OK;
}

enum xip_err xip_lines_open(struct xip_lines *lines, const char *path, const struct xip_diag *diag)
{
	uint8_t *text;
	size_t size;
	enum xip_err err = xip_io_load(path, TEXT_MAX, &text, &size, diag);

	return err ? err : begin(lines, path, (char *)text, size, diag);
}

enum xip_err xip_lines_of_text(struct xip_lines *lines, const char *path, const char *text,
	size_t size, const struct xip_diag *diag)
{
	char *copy = size < SIZE_MAX ? malloc(size + 1) : NULL;

	if (!copy)
		return xip_diag_nomem(diag);
	memcpy(copy, text, size);
	copy[size] = '\0';
	return begin(lines, path, copy, size, diag);
}

char *xip_lines_next(struct xip_lines *lines)
{
	char *line = lines->rest, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	lines->rest = end ? end + 1 : NULL;
	if (end) {
		if (end > line && end[-1] == '\r')
			end--;
		*end = '\0';
	}
	lines->at.number++;
	return line;
}

void xip_lines_close(struct xip_lines *lines)
{
	free(lines->text);
	*lines = (struct xip_lines){0};
}

enum xip_err xip_line_word(const struct xip_line *line, char **rest, char **word)
{
	char *p = *rest + strspn(*rest, BLANKS);
	char *end;

	*word = NULL;
	if (!*p || *p == '#') {
		*rest = p + strlen(p);
		return XIP_OK;
	}
	if (*p == '"') {
		end = strchr(++p, '"');
		if (!end)
			return xip_line_fail(line, XIP_ERR_SOURCE, "a quote is not closed");
	} else {
		end = p + strcspn(p, BLANKS);
	}
	*rest = *end ? end + 1 : end;
	*end = '\0';
	*word = p;
	return XIP_OK;
}
