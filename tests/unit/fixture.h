/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of sources and trees share: messages kept for a look, and a directory to fill.
 */
#ifndef XIPFS_TESTS_FIXTURE_H
#define XIPFS_TESTS_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xipfs/base/diag.h"

struct messages {
	unsigned errors, warnings;
	uint64_t offset; /* of the last one */
	char text[8192]; /* the last one: "path: message" */
};

static inline void messages_emit(void *user, enum xip_severity severity, const char *path,
	uint64_t offset, const char *message)
{
	struct messages *messages = user;

	messages->errors += severity == XIP_DIAG_ERROR;
	messages->warnings += severity == XIP_DIAG_WARNING;
	messages->offset = offset;
	snprintf(messages->text, sizeof(messages->text), "%s: %s", path ? path : "-", message);
}

/* Asserts one error, whose "path: message" holds each of the two strings; forgets it. */
static inline void messages_expect(struct messages *messages, const char *one, const char *other)
{
	ck_assert_uint_eq(messages->errors, 1);
	ck_assert_msg(strstr(messages->text, one) && strstr(messages->text, other),
		"\"%s\" lacks \"%s\" or \"%s\"", messages->text, one, other);
	memset(messages, 0, sizeof(*messages));
}

/* Runs a shell command made of a format; it must succeed. */
static inline void __attribute__((format(printf, 1, 2))) shell(const char *format, ...)
{
	char command[8192];
	va_list arguments;

	va_start(arguments, format);
	ck_assert_int_lt(vsnprintf(command, sizeof(command), format, arguments), sizeof(command));
	va_end(arguments);
	ck_assert_msg(system(command) == 0, "failed: %s", command);
}

/* A new empty directory; the caller removes it with fixture_remove and frees the name. */
static inline char *fixture_directory(void)
{
	const char *parent = getenv("TMPDIR");
	size_t size = strlen(parent ? parent : "/tmp") + 32;
	char *name = malloc(size);

	ck_assert_ptr_nonnull(name);
	snprintf(name, size, "%s/xipfs-test.XXXXXX", parent ? parent : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(name));
	return name;
}

static inline void fixture_remove(char *name)
{
	shell("chmod -R u+rwX '%s' 2>/dev/null; rm -rf '%s'", name, name);
	free(name);
}

/* Makes file @name in @directory with @size bytes at @data. */
static inline void fixture_file(
	const char *directory, const char *name, const void *data, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

#endif
