/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum xip_err xip_io_pread(int fd, void *buffer, size_t length, uint64_t offset, size_t *got,
	const struct xip_diag *diag, const char *path)
{
	uint8_t *p = buffer;

	*got = 0;
	while (*got < length) {
		ssize_t n = pread(fd, p + *got, length - *got, (off_t)(offset + *got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xip_diag_fail_errno(diag, errno, path, "cannot read");
		if (!n)
			break;
		*got += (size_t)n;
	}
	return XIP_OK;
}

enum xip_err xip_io_pread_full(int fd, void *buffer, size_t length, uint64_t offset,
	const struct xip_diag *diag, const char *path)
{
	size_t got;
	enum xip_err err = xip_io_pread(fd, buffer, length, offset, &got, diag, path);

	if (err)
		return err;
	if (got < length)
		return xip_diag_fail(diag, XIP_ERR_SOURCE, path, offset + got,
			"ends early: %zu bytes are missing", length - got);
	return XIP_OK;
}

enum xip_err xip_io_pwrite_full(int fd, const void *buffer, size_t length, uint64_t offset,
	const struct xip_diag *diag, const char *path)
{
	const uint8_t *p = buffer;

	while (length) {
		ssize_t n = pwrite(fd, p, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xip_diag_fail_errno(diag, errno, path, "cannot write");
		p += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return XIP_OK;
}

enum xip_err xip_io_write_full(
	int fd, const void *buffer, size_t length, const struct xip_diag *diag, const char *path)
{
	const uint8_t *p = buffer;

	while (length) {
		ssize_t n = write(fd, p, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xip_diag_fail_errno(diag, errno, path, "cannot write");
		p += n;
		length -= (size_t)n;
	}
	return XIP_OK;
}

static enum xip_err load_fd(int fd, const char *path, uint64_t limit, uint8_t **data, size_t *size,
	const struct xip_diag *diag)
{
	uint8_t *buffer = NULL;
	size_t room = 0, used = 0;

	for (;;) {
		ssize_t n;

		if (used + 1 >= room) {
			uint8_t *larger = realloc(buffer, room = room ? room * 2 : 4096);

			if (!larger) {
				free(buffer);
				return xip_diag_nomem(diag);
			}
			buffer = larger;
		}
		n = read(fd, buffer + used, room - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(buffer);
			return xip_diag_fail_errno(diag, errno, path, "cannot read");
		}
		if (!n)
			break;
		used += (size_t)n;
		if (used > limit) {
			free(buffer);
			return xip_diag_fail(diag, XIP_ERR_LIMIT, path, XIP_NO_OFFSET,
				"larger than %llu bytes", (unsigned long long)limit);
		}
	}
	buffer[used] = '\0';
	*data = buffer;
	*size = used;
	return XIP_OK;
}

enum xip_err xip_io_load(
	const char *path, uint64_t limit, uint8_t **data, size_t *size, const struct xip_diag *diag)
{
	bool standard_input = !strcmp(path, "-");
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum xip_err err;

	if (fd < 0)
		return xip_diag_fail_errno(diag, errno, path, "cannot open");
	err = load_fd(fd, standard_input ? "standard input" : path, limit, data, size, diag);
	if (!standard_input)
		close(fd);
	return err;
}

int xip_io_nameless(char *name)
{
	sigset_t all, before;
	int fd, error;

	/* No signal comes while the file has a name. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	fd = mkostemp(name, O_CLOEXEC);
	error = errno;
	if (fd >= 0 && unlink(name)) {
		error = errno;
		close(fd);
		fd = -1;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return fd;
}

enum xip_err xip_io_scratch(int *fd, const struct xip_diag *diag)
{
	const char *directory = getenv("TMPDIR");
	enum xip_err err = XIP_OK;
	char *name = NULL;

	if (!directory || !*directory)
		directory = "/tmp";
	*fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return XIP_OK;
	if (asprintf(&name, "%s/xipfs.XXXXXX", directory) < 0)
		return xip_diag_nomem(diag);
	*fd = xip_io_nameless(name);
	if (*fd < 0)
		err = xip_diag_fail_errno(diag, errno, directory, "cannot make a scratch file");
	free(name);
	return err;
}
