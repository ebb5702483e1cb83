/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an archive or an image is read from, and how much may come out of it.
 */
#ifndef XIPFS_INPUT_H
#define XIPFS_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"

/* A seekable file, or a part of one. */
struct xip_input {
	const char *path; /* for messages */
	int fd;
	uint64_t base, size; /* bytes: where the input begins in @fd, and its length */
};

/*
 * Bytes that all sources together may unpack to. Well compressed data are small on the way here and
 * large once unpacked.
 */
struct xip_unpack {
	uint64_t limit, used;
};

/* Takes @size bytes of what is left; false: there are not that many. */
bool xip_unpack_take(struct xip_unpack *unpack, uint64_t size);

/*
 * Opens @path ("-": standard input) as a seekable file; anything else is copied to a scratch file
 * first, at most @limit bytes. @path must stay valid. XIP_ERR_SOURCE, XIP_ERR_IO, XIP_ERR_NOMEM;
 * XIP_ERR_LIMIT. The caller calls xip_input_close after XIP_OK.
 */
XIP_MUST_CHECK enum xip_err xip_input_open(
	struct xip_input *input, const char *path, uint64_t limit, const struct xip_diag *diag);
void xip_input_close(struct xip_input *input);

/* Reads up to @length bytes at @offset of the input; *@got says how many. XIP_ERR_IO. */
XIP_MUST_CHECK enum xip_err xip_input_read(const struct xip_input *input, void *buffer,
	size_t length, uint64_t offset, size_t *got, const struct xip_diag *diag);

/* Reports that @path (or entry @entry of it, unless that is NULL) has too much in it. */
enum xip_err xip_unpack_fail(
	uint64_t limit, const char *path, const char *entry, const struct xip_diag *diag);

#endif
