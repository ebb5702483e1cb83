/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of a tree: a directory on disk, or an archive; and reading contents back from them.
 */
#ifndef XIPFS_SCAN_H
#define XIPFS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/diag.h"
#include "xipfs/err.h"
#include "xipfs/tree.h"

/*
 * Which paths to leave out. Patterns are matched as fnmatch(3) with FNM_PATHNAME | FNM_PERIOD off
 * against the path in the image: a pattern with a '/' against the whole path (leading '/' optional),
 * one without against the last component. A directory that matches is left out with all below.
 */
struct xip_exclude {
	const char *const *patterns;
	size_t count;
};

bool xip_pattern_match(const char *pattern, const char *path);

/*
 * Reads the names and metadata below directory @path. Contents are not read; symlink targets are.
 * Works for directories nested 10,000 deep and 300,000 entries in one. Errors: XIP_ERR_SOURCE (unreadable,
 * vanished), XIP_ERR_LIMIT (name too long), XIP_ERR_NOMEM. Sockets, FIFOs and devices are taken as they are.
 */
XIP_MUST_CHECK enum xip_err xip_scan_dir(const char *path, const struct xip_exclude *exclude,
	struct xip_tree **tree, const struct xip_diag *diag);

/*
 * Reads an archive that libarchive understands, @path "-": standard input. Contents are spooled to a nameless scratch file.
 * Later entries override earlier ones (a directory over a directory changes its metadata only); missing
 * parents are made (0755, 0:0); "./" prefixes are dropped; hard links refer to the earlier entry's content.
 * XIP_ERR_SOURCE: damaged or truncated archive, absolute or ".." paths, hard link to nothing, a file where a
 * directory is needed.
 */
XIP_MUST_CHECK enum xip_err xip_scan_archive(const char *path, const struct xip_exclude *exclude,
	struct xip_tree **tree, const struct xip_diag *diag);

/* The right one of the two above: a directory, or anything else as an archive. */
XIP_MUST_CHECK enum xip_err xip_scan(const char *path, const struct xip_exclude *exclude,
	struct xip_tree **tree, const struct xip_diag *diag);

/* One regular file opened for reading. Several threads may have files open at once. */
struct xip_content {
	int fd;
	uint64_t base; /* byte offset of the content in @fd */
	uint64_t size; /* bytes */
	const struct xip_tree_inode *inode;
	bool owned; /* @fd is closed by xip_content_close */
};

/*
 * Opens the content of regular file @inode for reading. XIP_ERR_SOURCE: it vanished, cannot be read, or is not the
 * file that was scanned any more.
 */
XIP_MUST_CHECK enum xip_err xip_content_open(struct xip_content *content,
	const struct xip_tree *tree, const struct xip_tree_inode *inode,
	const struct xip_diag *diag);

/* Reads exactly @length bytes at @offset; a file that became shorter is XIP_ERR_SOURCE. */
XIP_MUST_CHECK enum xip_err xip_content_read(const struct xip_content *content, void *buffer,
	size_t length, uint64_t offset, const struct xip_diag *diag);

/*
 * Closes it; XIP_ERR_SOURCE when size, mtime or ctime changed since the scan. Always call it after a
 * successful open, also when a read failed.
 */
XIP_MUST_CHECK enum xip_err xip_content_close(struct xip_content *content,
	const struct xip_diag *diag);

/* Used by xip_tree_free. NULL is fine. */
void xip_source_free(struct xip_source *source);

#endif
