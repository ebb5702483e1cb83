/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seekable inputs, and bounds on what they unpack to.
 */
#include "xipfs/tree/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xipfs/base/io.h"

#define CHUNK ((size_t)128 * 1024)

bool xip_unpack_take(struct xip_unpack *unpack, uint64_t size)
{
	if (size > unpack->limit - unpack->used)
		return false;
	unpack->used += size;
	return true;
}

enum xip_err xip_unpack_fail(
	uint64_t limit, const char *path, const char *entry, const struct xip_diag *diag)
{
	return xip_diag_fail(diag, XIP_ERR_LIMIT, path, XIP_NO_OFFSET,
		"%s%s%sunpacks to more than the %" PRIu64 " bytes that are allowed (see "
		"--max-unpacked)",
		entry ? "\"" : "", entry ? entry : "", entry ? "\": " : "", limit);
}

/* Copies what is left of a pipe to a scratch file: half of the formats want to seek. */
static enum xip_err copy_to_scratch(
	int from, struct xip_input *input, uint64_t limit, const struct xip_diag *diag)
{
	uint8_t *buffer = malloc(CHUNK);
	ssize_t got = 1;
	enum xip_err err = buffer ? xip_io_scratch(&input->fd, diag) : xip_diag_nomem(diag);

	while (!err && got) {
		got = read(from, buffer, CHUNK);
		if (got > 0 && (uint64_t)got > limit - input->size) {
			err = xip_unpack_fail(limit, input->path, NULL, diag);
		} else if (got > 0) {
			err = xip_io_pwrite_full(
				input->fd, buffer, (size_t)got, input->size, diag, "scratch file");
			input->size += (uint64_t)got;
		} else if (got < 0 && errno != EINTR) {
			xip_diag_fail_errno(diag, errno, input->path, "cannot read");
			err = XIP_ERR_SOURCE;
		}
	}
	free(buffer);
	return err;
}

enum xip_err xip_input_open(
	struct xip_input *input, const char *path, uint64_t limit, const struct xip_diag *diag)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				   : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	off_t end;
	enum xip_err err;

	*input = (struct xip_input){.path = path, .fd = fd};
	if (fd < 0) {
		xip_diag_fail_errno(diag, errno, path, "cannot open");
		return XIP_ERR_SOURCE;
	}
	if (lseek(fd, 0, SEEK_CUR) == 0) {
		end = lseek(fd, 0, SEEK_END);
		if (end >= 0) {
			input->size = (uint64_t)end;
			return XIP_OK;
		}
	}
	input->fd = -1;
	err = copy_to_scratch(fd, input, limit, diag);
	close(fd);
	if (err)
		xip_input_close(input);
	return err;
}

void xip_input_close(struct xip_input *input)
{
	if (input->fd >= 0)
		close(input->fd);
	input->fd = -1;
}

enum xip_err xip_input_read(const struct xip_input *input, void *buffer, size_t length,
	uint64_t offset, size_t *got, const struct xip_diag *diag)
{
	uint64_t left = offset < input->size ? input->size - offset : 0;

	return xip_io_pread(input->fd, buffer, length < left ? length : (size_t)left,
		input->base + offset, got, diag, input->path);
}
