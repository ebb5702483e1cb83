/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libarchive as it may be used here.
 */
#ifndef XIPFS_ARCHIVE_READER_H
#define XIPFS_ARCHIVE_READER_H

#include <archive.h>
#include <archive_entry.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/tree/input.h"

/* An archive that is read from an input. */
struct xip_archive {
	struct archive *archive;
	struct archive_entry *entry; /* the one at hand */
	const struct xip_input *input;
	uint64_t position; /* of the next read in the input, bytes */
	uint8_t buffer[64 * 1024];
};

/*
 * Opens @input as an archive, or (@raw) as the bytes inside its compression. No filter runs a
 * program: archive_read_support_filter_all() of libarchive takes lrzip, grzip and lzop from $PATH.
 * XIP_ERR_SOURCE: libarchive knows no such format; XIP_ERR_NOMEM. The caller frees *@archive with
 * xip_archive_close after XIP_OK.
 */
XIP_MUST_CHECK enum xip_err xip_archive_open(struct xip_archive **archive,
	const struct xip_input *input, bool raw, const struct xip_diag *diag);
void xip_archive_close(struct xip_archive *archive);

/*
 * Checks the compression around an archive, if there is any, to its last byte. XIP_ERR_LIMIT: more
 * than @limit bytes come out of it.
 */
XIP_MUST_CHECK enum xip_err xip_archive_verify(
	const struct xip_input *input, uint64_t limit, const struct xip_diag *diag);

/*
 * Reads the next header into the entry. Returns libarchive's status, but always ARCHIVE_FATAL when
 * memory ran out: for some parts of an entry (its extended attributes) libarchive would not report
 * that.
 */
XIP_MUST_CHECK int xip_archive_next(struct xip_archive *archive);

/* Reports libarchive's error: XIP_ERR_SOURCE or XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err xip_archive_fail(
	struct archive *archive, const char *path, const struct xip_diag *diag);

#endif
