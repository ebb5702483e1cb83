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
	bool named;   /* @temp exists on the disk: for a moment, with all signals blocked */
	int copy_fd;  /* standard output, a device or a pipe; -1: none */
	bool copy_owned;
	mode_t mode;           /* permission bits that the new file gets */
	struct stat directory; /* that @target is in */
	struct stat old;       /* the file that is there; st_nlink 0: none */
};

static void forget_name(struct xip_output *out)
{
	if (out->named)
		unlink(out->temp);
	out->named = false;
}

void xip_output_free(struct xip_output *out)
{
	if (!out)
		return;
	if (out->fd >= 0)
		close(out->fd);
	forget_name(out);
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

bool xip_output_replaces(const char *output, const char *input)
{
	struct stat to, from;

	if ((strcmp(output, "-") ? stat(output, &to) : fstat(STDOUT_FILENO, &to)) ||
		(strcmp(input, "-") ? stat(input, &from) : fstat(STDIN_FILENO, &from)))
		return false;
	if (S_ISBLK(to.st_mode))
		return S_ISBLK(from.st_mode) && to.st_rdev == from.st_rdev;
	return S_ISREG(to.st_mode) && to.st_dev == from.st_dev && to.st_ino == from.st_ino;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool xip_output_same(const struct xip_output *one, const struct xip_output *other)
{
	if (one->old.st_nlink || !one->target || !other->target)
		return one->old.st_nlink && other->old.st_nlink &&
		       one->old.st_dev == other->old.st_dev && one->old.st_ino == other->old.st_ino;
	return one->directory.st_dev == other->directory.st_dev &&
	       one->directory.st_ino == other->directory.st_ino &&
	       !strcmp(base_name(one->target), base_name(other->target));
}

/* The directory that @path is in, with the '/' after it; malloc'ed. */
static char *directory_of(const char *path)
{
	return base_name(path) == path ? strdup("./")
				       : strndup(path, (size_t)(base_name(path) - path));
}

/* Opens a file without a name beside out->target, so nothing can be left of it. */
static enum xip_err open_beside(struct xip_output *out, const struct xip_diag *diag)
{
	char *directory = directory_of(out->target);
	int error = 0;

	if (!directory || asprintf(&out->temp, "%s.XXXXXX", out->target) < 0) {
		free(directory);
		out->temp = NULL;
		return xip_diag_nomem(diag);
	}
	if (stat(directory, &out->directory))
		error = errno;
	else
		out->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	free(directory);
	if (!error && out->fd < 0) {
		out->fd = xip_io_nameless(out->temp);
		error = errno;
		strcpy(out->temp + strlen(out->temp) - 6, "XXXXXX");
	}
	return out->fd >= 0 ? XIP_OK
			    : xip_diag_fail_errno(diag, error, out->label, "cannot create");
}

/* The path of the file that is there, symlinks resolved; NULL: none leads to it, or no memory. */
static char *resolve(const char *path, const struct stat *st)
{
	char *resolved = realpath(path, NULL);
	struct stat found;

	/* For a file that was unlinked, /dev/fd/3 gives a name that it once had. */
	if (resolved && (stat(resolved, &found) || found.st_dev != st->st_dev ||
				found.st_ino != st->st_ino)) {
		free(resolved);
		errno = ENOENT;
		return NULL;
	}
	return resolved;
}

/* A target that is there already: resolve symlinks, keep its mode, or copy into it. */
static enum xip_err meet_existing(
	struct xip_output *out, const struct stat *st, const struct xip_diag *diag)
{
	if (S_ISDIR(st->st_mode))
		return xip_diag_fail(diag, XIP_ERR_IO, out->label, XIP_NO_OFFSET,
			"is a directory; the output must be a file");
	out->old = *st;
	if (S_ISREG(st->st_mode)) {
		char *resolved = resolve(out->target, st);

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
		if (fstat(out->copy_fd, &out->old) || !S_ISREG(out->old.st_mode))
			out->old.st_nlink = 0; /* many may share a pipe or a terminal */
		err = out->label ? xip_io_scratch(&out->fd, diag) : xip_diag_nomem(diag);
	}
	if (err) {
		xip_output_free(out);
		return err;
	}
	*result = out;
	return XIP_OK;
}

/* --- Putting it in place -------------------------------------------------------------------- */

/*
 * A block device, and some others, hold only so many bytes: better to know before the old ones are
 * overwritten.
 */
static enum xip_err check_room(const struct xip_output *out, const struct xip_diag *diag)
{
	struct stat from, to;
	off_t room;

	if (out->target || fstat(out->fd, &from) || fstat(out->copy_fd, &to))
		return XIP_OK;
	if (!S_ISBLK(to.st_mode) && !S_ISCHR(to.st_mode))
		return XIP_OK;
	room = lseek(out->copy_fd, 0, SEEK_END);
	/* 0 is what a terminal or /dev/null says. */
	if (room < 0 || (!room && !S_ISBLK(to.st_mode)))
		return XIP_OK;
	if (lseek(out->copy_fd, 0, SEEK_SET))
		return xip_diag_fail_errno(diag, errno, out->label, "cannot seek");
	if (from.st_size <= room)
		return XIP_OK;
	return xip_diag_fail(diag, XIP_ERR_LIMIT, out->label, XIP_NO_OFFSET,
		"holds %lld bytes, %lld less than are to be written; nothing was written to it",
		(long long)room, (long long)(from.st_size - room));
}

/* A signal that will end the program is pending. */
static bool must_end(void)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU};
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct sigaction action;

		if (sigismember(&pending, numbers[i]) == 1 &&
			!sigaction(numbers[i], NULL, &action) && action.sa_handler != SIG_IGN)
			return true;
	}
	return false;
}

/* Copies all of the file to @fd; with @may_end, ends without a message when must_end() is true. */
static enum xip_err copy(
	const struct xip_output *out, int fd, bool may_end, const struct xip_diag *diag)
{
	uint8_t *buffer = malloc(COPY_SIZE);
	enum xip_err err = buffer ? XIP_OK : xip_diag_nomem(diag);
	uint64_t offset = 0;
	size_t got = COPY_SIZE;

	while (!err && got == COPY_SIZE) {
		err = xip_io_pread(out->fd, buffer, COPY_SIZE, offset, &got, diag, out->label);
		if (!err)
			err = xip_io_write_full(fd, buffer, got, diag, out->label);
		if (!err && may_end && must_end())
			err = XIP_ERR_IO;
		offset += got;
	}
	free(buffer);
	return err;
}

static enum xip_err copy_out(const struct xip_output *out, const struct xip_diag *diag)
{
	enum xip_err err = copy(out, out->copy_fd, false, diag);

	/* A device wants its data on the medium; a pipe cannot sync, and says EINVAL. */
	if (!err && fsync(out->copy_fd) && errno != EINVAL && errno != EROFS)
		err = xip_diag_fail_errno(diag, errno, out->label, "cannot sync");
	return err;
}

/* Where the file system cannot name a file that has no name, a copy of it gets one. */
static enum xip_err copy_beside(struct xip_output *out, const struct xip_diag *diag)
{
	enum xip_err err;
	int fd;

	strcpy(out->temp + strlen(out->temp) - 6, "XXXXXX");
	fd = mkostemp(out->temp, O_CLOEXEC);
	if (fd < 0)
		return xip_diag_fail_errno(diag, errno, out->label, "cannot create");
	out->named = true;
	err = copy(out, fd, true, diag);
	if (!err && fchmod(fd, out->mode))
		err = xip_diag_fail_errno(diag, errno, out->label, "cannot set the mode");
	if (!err && fsync(fd))
		err = xip_diag_fail_errno(diag, errno, out->label, "cannot sync");
	if (close(fd) && !err)
		err = xip_diag_fail_errno(diag, errno, out->label, "cannot write");
	return err;
}

/* Gives the file the name out->temp. */
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
	/* Without O_TMPFILE the file had a name once, or there is no /proc here. */
	if (errno == ENOENT || errno == EPERM || errno == EOPNOTSUPP)
		return copy_beside(out, diag);
	return xip_diag_fail_errno(diag, errno, out->label, "cannot create");
}

/* Makes the rename durable; a file system that cannot sync a directory has nothing to lose. */
static void sync_directory(const char *path)
{
	char *directory = directory_of(path);
	int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(directory);
}

/* Names all, then renames all: what is likely to fail comes first. */
static enum xip_err replace_targets(
	struct xip_output *const *outs, size_t count, const struct xip_diag *diag)
{
	enum xip_err err = XIP_OK;

	for (size_t i = 0; !err && i < count; i++)
		if (outs[i]->target)
			err = give_name(outs[i], diag);
	for (size_t i = 0; !err && i < count; i++) {
		if (!outs[i]->target)
			continue;
		if (rename(outs[i]->temp, outs[i]->target))
			err = xip_diag_fail_errno(diag, errno, outs[i]->label, "cannot replace");
		else
			outs[i]->named = false;
	}
	for (size_t i = 0; i < count; i++)
		forget_name(outs[i]);
	return err;
}

static enum xip_err settle(const struct xip_output *out, const struct xip_diag *diag)
{
	if (!out->target)
		return check_room(out, diag);
	if (fchmod(out->fd, out->mode))
		return xip_diag_fail_errno(diag, errno, out->label, "cannot set the mode");
	if (fsync(out->fd))
		return xip_diag_fail_errno(diag, errno, out->label, "cannot sync");
	return XIP_OK;
}

enum xip_err xip_output_commit_all(
	struct xip_output *const *outs, size_t count, const struct xip_diag *diag)
{
	sigset_t all, before;
	enum xip_err err = XIP_OK;

	for (size_t i = 0; !err && i < count; i++)
		err = settle(outs[i], diag);
	for (size_t i = 0; !err && i < count; i++)
		if (!outs[i]->target)
			err = copy_out(outs[i], diag);
	if (err)
		return err;
	/* A signal waits as long as a file has a temporary name. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = replace_targets(outs, count, diag);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	for (size_t i = 0; !err && i < count; i++)
		if (outs[i]->target)
			sync_directory(outs[i]->target);
	return err;
}

enum xip_err xip_output_commit(struct xip_output *out, const struct xip_diag *diag)
{
	return xip_output_commit_all(&out, 1, diag);
}
