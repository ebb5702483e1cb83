/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Getting the tree out of an image: to a directory, to an archive, one file to a descriptor.
 *
 * Entries that share data are not hard links as far as an image can tell, so each becomes a file of
 * its own. An image whose contents are beyond all proportion to its size (over 1 GiB and over 1032
 * times its size, the most that deflate gains) is refused with XIP_ERR_LIMIT.
 */
#ifndef XIPFS_EXTRACT_H
#define XIPFS_EXTRACT_H

#include <stdbool.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/read/reader.h"

/*
 * Extracts all entries of @listing below directory @path, which is made if it does not exist. Never
 * writes outside it, follows no symbolic link below it, and overwrites nothing: an entry whose name
 * is taken is an error. As with tar, root keeps owners and modes; for others the umask applies,
 * setuid, setgid and sticky bits are dropped, and devices that they may not make are skipped with a
 * warning. Changes the process's umask while it runs. An entry that cannot be extracted is reported
 * and the others go on; the result is then XIP_ERR_CORRUPT (it is damaged) or XIP_ERR_IO. A full
 * disk ends it at once.
 */
XIP_MUST_CHECK enum xip_err xip_extract(struct xip_image *image, const struct xip_listing *listing,
	const char *path, const struct xip_diag *diag);

/*
 * As xip_extract, but only entries that are @chosen: a flag for each, set also for all directories
 * on the way to a chosen one.
 */
XIP_MUST_CHECK enum xip_err xip_extract_chosen(struct xip_image *image,
	const struct xip_listing *listing, const char *path, const bool *chosen,
	const struct xip_diag *diag);

/*
 * Writes all entries to @fd as a tar archive (GNU format) in tree order, with modification time 0.
 * Sockets have no place in a tar archive and are left out with a warning. An unreadable file is
 * reported and left out, and the result is XIP_ERR_CORRUPT. @output names @fd in messages.
 */
XIP_MUST_CHECK enum xip_err xip_write_tar(struct xip_image *image,
	const struct xip_listing *listing, int fd, const char *output, const struct xip_diag *diag);

/*
 * Writes the content of regular file @index to @fd. XIP_ERR_USAGE: it is not one. @output names @fd
 * in messages.
 */
XIP_MUST_CHECK enum xip_err xip_write_content(struct xip_image *image,
	const struct xip_listing *listing, size_t index, int fd, const char *output,
	const struct xip_diag *diag);

#endif
