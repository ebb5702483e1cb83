/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded, it lets allocation number $FAIL_AT of a program fail, whoever asks: the program or a
 * library of it. The number of all allocations goes to the file $FAIL_COUNT, if that is set; the
 * functions that the failing one was made for, innermost first, go to the file $FAIL_WHERE.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, under the names it has beside the usual ones. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

#define FRAMES 24

static atomic_long count;
static long fail_at;
static int where = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAIL_AT"), *path = getenv("FAIL_WHERE");
	void *frame;

	if (path) {
		where = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		backtrace(&frame, 1); /* takes memory the first time */
	}
	fail_at = text ? atol(text) : 0;
	atomic_store(&count, 0);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAIL_COUNT");
	char text[32];
	int fd, length = snprintf(text, sizeof(text), "%ld\n", atomic_load(&count));

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		_exit(99);
}

/* Of a library only the names that it exports are known; its own stands for the others. */
static void tell_where(void)
{
	void *frames[FRAMES];
	int depth = backtrace(frames, FRAMES);
	Dl_info info, self;

	if (!dladdr((void *)tell_where, &self))
		return;
	for (int i = 0; i < depth; i++)
		if (dladdr(frames[i], &info) && info.dli_fbase != self.dli_fbase)
			dprintf(where, "%s\n",
				info.dli_sname ? info.dli_sname : basename(info.dli_fname));
}

static int must_fail(void)
{
	if (atomic_fetch_add(&count, 1) + 1 != fail_at)
		return 0;
	if (where >= 0)
		tell_where();
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return must_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return must_fail() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	return must_fail() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return must_fail() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
	void *memory = must_fail() ? NULL : __libc_memalign(alignment, size);

	if (!memory)
		return ENOMEM;
	*result = memory;
	return 0;
}
