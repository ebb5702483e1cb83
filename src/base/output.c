/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_SIZE 65536

struct xip_output {
	int fd;
	char *target; /* what to replace, symlinks resolved; NULL: copy to @copy_fd instead */
	char *label;  /* the target's name for messages */
	char *temp;   /* "<target>.XXXXXX" */
	bool named;   /* @temp exists on the disk */
	int copy_fd;  /* standard output, a device or a pipe; -1: none */
	bool copy_owned;
	mode_t mode; /* permission bits that the new file gets */
};

void xip_output_free(struct xip_output *out)
{
	if (!out)
		return;
	if (out->fd >= 0)
		close(out->fd);
	if (out->named)
		unlink(out->temp);
	if (out->copy_owned)
		close(out->copy_fd);
	free(out->target);
	free(out->label);
	free(out->temp);
	free(out);
}

int xip_output_fd(const struct xip_output *out)
{
	return out->fd;
}

const char *xip_output_temp_name(const struct xip_output *out)
{
	return out->named ? out->temp : "";
}

/* Opens a file beside out->target: nameless where the file system can, so nothing can be left. */
static enum xip_err open_beside(struct xip_output *out, const struct xip_diag *diag)
{
	const char *slash = strrchr(out->target, '/');
	char *directory =
		slash ? strndup(out->target, (size_t)(slash - out->target) + 1) : strdup(".");

	if (!directory || asprintf(&out->temp, "%s.XXXXXX", out->target) < 0) {
		free(directory);
		out->temp = NULL;
		return xip_diag_nomem(diag);
	}
	/* give_name() needs /proc, which a bare chroot may lack. */
	if (!access("/proc/self/fd", X_OK))
		out->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	free(directory);
	if (out->fd >= 0)
		return XIP_OK;
	out->fd = mkostemp(out->temp, O_CLOEXEC);
	if (out->fd < 0)
		return xip_diag_fail_errno(diag, errno, out->label, "cannot create");
	out->named = true;
	return XIP_OK;
}

/* A target that is there already: resolve symlinks, keep its mode, or copy into it. */
static enum xip_err meet_existing(
	struct xip_output *out, const struct stat *st, const struct xip_diag *diag)
{
	if (S_ISDIR(st->st_mode))
		return xip_diag_fail(diag, XIP_ERR_IO, out->label, XIP_NO_OFFSET,
			"is a directory; the output must be a file");
	if (S_ISREG(st->st_mode)) {
		char *resolved = realpath(out->target, NULL);

		if (!resolved)
			return xip_diag_fail_errno(diag, errno, out->label, "cannot resolve");
		free(out->target);
		out->target = resolved;
		out->mode = st->st_mode & 07777;
		return XIP_OK;
	}
	out->copy_fd = open(out->target, O_WRONLY | O_CLOEXEC);
	if (out->copy_fd < 0)
		return xip_diag_fail_errno(diag, errno, out->label, "cannot open for writing");
	out->copy_owned = true;
	free(out->target);
	out->target = NULL;
	return XIP_OK;
}

static enum xip_err open_target(
	struct xip_output *out, const char *path, const struct xip_diag *diag)
{
	mode_t mask = umask(0);
	struct stat st;

	umask(mask);
	out->mode = 0666 & ~mask;
	out->target = strdup(path);
	out->label = strdup(path);
	if (!out->target || !out->label)
		return xip_diag_nomem(diag);
	if (!stat(path, &st)) {
		enum xip_err err = meet_existing(out, &st, diag);

		if (err)
			return err;
	} else if (errno != ENOENT) {
		return xip_diag_fail_errno(diag, errno, path, "cannot create");
	} else if (!lstat(path, &st)) {
		return xip_diag_fail(diag, XIP_ERR_IO, path, XIP_NO_OFFSET,
			"is a symbolic link to nothing; make or remove its target first");
	}
	return out->target ? open_beside(out, diag) : xip_io_scratch(&out->fd, diag);
}

enum xip_err xip_output_open(
	struct xip_output **result, const char *path, const struct xip_diag *diag)
{
	struct xip_output *out = calloc(1, sizeof(*out));
	enum xip_err err;

	if (!out)
		return xip_diag_nomem(diag);
	out->fd = -1;
	out->copy_fd = -1;
	if (strcmp(path, "-")) {
		err = open_target(out, path, diag);
	} else {
		out->copy_fd = STDOUT_FILENO;
		out->label = strdup("standard output");
		err = out->label ? xip_io_scratch(&out->fd, diag) : xip_diag_nomem(diag);
	}
	if (err) {
		xip_output_free(out);
		return err;
	}
	*result = out;
	return XIP_OK;
}

static enum xip_err copy_out(struct xip_output *out, const struct xip_diag *diag)
{
	uint8_t *buffer = malloc(COPY_SIZE);
	enum xip_err err = buffer ? XIP_OK : xip_diag_nomem(diag);
	uint64_t offset = 0;
	size_t got = COPY_SIZE;

	while (!err && got == COPY_SIZE) {
		err = xip_io_pread(out->fd, buffer, COPY_SIZE, offset, &got, diag, out->label);
		if (!err)
			err = xip_io_write_full(out->copy_fd, buffer, got, diag, out->label);
		offset += got;
	}
	free(buffer);
	/* A device wants its data on the medium; a pipe cannot sync, and says EINVAL. */
	if (!err && fsync(out->copy_fd) && errno != EINVAL && errno != EROFS)
		err = xip_diag_fail_errno(diag, errno, out->label, "cannot sync");
	return err;
}

/* Gives the nameless file the name out->temp. */
static enum xip_err give_name(struct xip_output *out, const struct xip_diag *diag)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", out->fd);
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		snprintf(out->temp + strlen(out->temp) - 6, 7, "%06u",
			((unsigned)getpid() * 100 + attempt) % 1000000);
		if (!linkat(AT_FDCWD, self, AT_FDCWD, out->temp, AT_SYMLINK_FOLLOW)) {
			out->named = true;
			return XIP_OK;
		}
		if (errno != EEXIST)
			break;
	}
	return xip_diag_fail_errno(diag, errno, out->label, "cannot create");
}

/* Makes the rename durable; a file system that cannot sync a directory has nothing to lose. */
static void sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(directory);
}

static enum xip_err replace_target(struct xip_output *out, const struct xip_diag *diag)
{
	enum xip_err err = out->named ? XIP_OK : give_name(out, diag);

	if (err)
		return err;
	if (rename(out->temp, out->target))
		return xip_diag_fail_errno(diag, errno, out->label, "cannot replace");
	out->named = false;
	return XIP_OK;
}

enum xip_err xip_output_commit(struct xip_output *out, const struct xip_diag *diag)
{
	sigset_t all, before;
	enum xip_err err;

	if (!out->target)
		return copy_out(out, diag);
	if (fchmod(out->fd, out->mode))
		return xip_diag_fail_errno(diag, errno, out->label, "cannot set the mode");
	if (fsync(out->fd))
		return xip_diag_fail_errno(diag, errno, out->label, "cannot sync");
	/* A signal waits until the file has either name: a handler sees no half-done step. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = replace_target(out, diag);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		sync_directory(out->target);
	return err;
}
