/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole reads, and an output file that appears only when it is complete.
 */
#ifndef XIPFS_IO_H
#define XIPFS_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"

/*
 * Reads up to @length bytes at byte @offset of @fd; *@got is less than @length only at the end of
 * the file. @path is for messages. Errors: XIP_ERR_IO.
 */
XIP_MUST_CHECK enum xip_err xip_io_pread(int fd, void *buffer, size_t length, uint64_t offset,
	size_t *got, const struct xip_diag *diag, const char *path);

/* As xip_io_pread, but a file that ends early is XIP_ERR_SOURCE. */
XIP_MUST_CHECK enum xip_err xip_io_pread_full(int fd, void *buffer, size_t length, uint64_t offset,
	const struct xip_diag *diag, const char *path);

/* Writes all of @buffer at byte @offset of @fd. Errors: XIP_ERR_IO. */
XIP_MUST_CHECK enum xip_err xip_io_pwrite_full(int fd, const void *buffer, size_t length,
	uint64_t offset, const struct xip_diag *diag, const char *path);

/* Writes all of @buffer to @fd, which may be a pipe. Errors: XIP_ERR_IO. */
XIP_MUST_CHECK enum xip_err xip_io_write_full(
	int fd, const void *buffer, size_t length, const struct xip_diag *diag, const char *path);

/*
 * The whole content of file @path ("-": standard input) in memory: *@data is malloc'ed, the caller
 * frees it; it has one NUL byte after its *@size bytes. A file of more than @limit bytes is
 * XIP_ERR_LIMIT.
 */
XIP_MUST_CHECK enum xip_err xip_io_load(const char *path, uint64_t limit, uint8_t **data,
	size_t *size, const struct xip_diag *diag);

/* A file without a name, in $TMPDIR or /tmp, gone when *@fd is closed. */
XIP_MUST_CHECK enum xip_err xip_io_scratch(int *fd, const struct xip_diag *diag);

/*
 * A file that had a name like @name ("dir/x.XXXXXX", changed as mkstemp(3) does) only for a moment
 * in which no signal could arrive: a descriptor, or -1 with errno.
 */
int xip_io_nameless(char *name);

struct xip_output;

/*
 * Opens the output @path ("-": standard output). Nothing appears at @path until
 * xip_output_commit: the bytes go to a nameless file beside the target, or to a scratch file for
 * standard output and for targets that are not regular files. The caller frees *@out with
 * xip_output_free.
 */
XIP_MUST_CHECK enum xip_err xip_output_open(
	struct xip_output **out, const char *path, const struct xip_diag *diag);

/* The descriptor to write to and to read back from; it belongs to @out. */
int xip_output_fd(const struct xip_output *out);

/*
 * True when writing to @output ("-": standard output) would replace what @input ("-": standard
 * input) holds, a regular file or a block device, under whatever name.
 */
bool xip_output_replaces(const char *output, const char *input);

/* True when both would become, or replace, one and the same file. */
bool xip_output_same(const struct xip_output *one, const struct xip_output *other);

/*
 * Syncs the file to the disk and puts it in place of the target in one step. Signals wait from the
 * moment the file gets a name until it is renamed; if the process is killed or the machine stops in
 * between, "TARGET.XXXXXX" stays. XIP_ERR_LIMIT: the target is a device with too little room, and
 * nothing was written to it; XIP_ERR_IO; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_output_commit(struct xip_output *out, const struct xip_diag *diag);

/*
 * The same for @count outputs that belong together: pipes and devices are written to first; files
 * are renamed once everything that can be foreseen to fail has succeeded for each.
 */
XIP_MUST_CHECK enum xip_err xip_output_commit_all(
	struct xip_output *const *outs, size_t count, const struct xip_diag *diag);

/* Frees @out; unless it was committed, nothing of it is left on the disk. NULL is fine. */
void xip_output_free(struct xip_output *out);

#endif
