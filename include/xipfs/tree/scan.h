/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of a tree: a directory on disk, or an archive; and reading contents back from them.
 * Modification times are not kept: none enters an image.
 */
#ifndef XIPFS_SCAN_H
#define XIPFS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/tree/input.h"
#include "xipfs/tree/tree.h"

/* Patterns (pattern.h) of what to leave out: a directory that matches, with all below it. */
struct xip_exclude {
	const char *const *patterns;
	size_t count;
};

/* True when any of the patterns matches @path; @exclude may be NULL. The root is never excluded. */
bool xip_exclude_match(const struct xip_exclude *exclude, const char *path);
/* Components at the end of a path that decide whether one matches (xip_pattern_reach). */
size_t xip_exclude_reach(const struct xip_exclude *exclude);

/*
 * Reads the names and metadata below directory @path, which may be a symlink to it; below it no
 * symlink is followed, and other file systems mounted there are taken as they are. Symlink targets
 * are read, contents are not, but a file of size 0 that has some is an error. Hard links are found
 * by device and inode number. Excluded directories are not opened. @exclude may be NULL.
 * Directories may be nested without limit. XIP_ERR_SOURCE: something is unreadable, has vanished,
 * or has moved; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_scan_dir(const char *path, const struct xip_exclude *exclude,
	struct xip_tree **tree, const struct xip_diag *diag);

/* Options for the scan of an archive; each may be NULL. */
struct xip_scan_options {
	const struct xip_exclude *exclude;
	struct xip_unpack *unpack;    /* how much it may unpack to; NULL: any amount */
	const struct xip_tree *lower; /* a tree whose files hard links may refer to, too */
};

/*
 * Reads an archive that libarchive understands. Contents are unpacked to a spool (spool.h).
 * @options may be NULL. No program is run, whatever the archive's first bytes are.
 *
 * Later entries override earlier ones: a directory over a directory changes its metadata only, and
 * a directory that is not empty cannot become something else. Missing parents are made (0755, 0:0).
 * "./" before a path is dropped; "./" alone is the root. A hard link refers to the inode of an
 * earlier entry and may bring its content. Names are bytes where the format has bytes, and UTF-8
 * where it has Unicode. Owners are the archive's numbers. Whiteouts are not interpreted.
 *
 * XIP_ERR_SOURCE: not an archive; damaged or cut short; a path that is absolute or has ".." in it;
 * a hard link to nothing; an entry below something that is not a directory; an entry of unknown
 * type; an owner that is not a 32-bit number; content that is missing, or that its entry cannot
 * have. XIP_ERR_LIMIT: more content than @options->unpack has left, or a compressed stream of more
 * than its limit. XIP_ERR_IO: the scratch file cannot be written. XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_scan_archive(const struct xip_input *input,
	const struct xip_scan_options *options, struct xip_tree **tree,
	const struct xip_diag *diag);

/* Takes everything that @exclude (may be NULL) matches out of @tree. XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err xip_tree_exclude(
	struct xip_tree *tree, const struct xip_exclude *exclude, const struct xip_diag *diag);

/*
 * Takes the file that @status (of stat(2)) describes out of @tree, under all its names: an image
 * must not become a part of itself. Only what was scanned from a directory, and not after
 * xip_tree_finish. True when it was there.
 */
bool xip_scan_leave_out(struct xip_tree *tree, const struct stat *status);

/*
 * One regular file opened for reading. Several threads may open, read and close files of one tree
 * at once; a diag that they share must take messages from all of them.
 */
struct xip_content {
	const struct xip_tree_inode *inode;
	int fd;
	uint64_t base; /* byte offset of the content in @fd */
	uint64_t size; /* bytes */
	bool owned;    /* @fd is closed by xip_content_close */
};

/*
 * Opens the content of regular file @inode. XIP_ERR_SOURCE: it vanished, cannot be read, is no
 * longer the file that was scanned, or has more content than its size says; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_content_open(struct xip_content *content,
	const struct xip_tree_inode *inode, const struct xip_diag *diag);

/*
 * Reads exactly @length bytes at @offset, all inside the file's size. XIP_ERR_SOURCE: the file
 * became shorter; XIP_ERR_IO.
 */
XIP_MUST_CHECK enum xip_err xip_content_read(const struct xip_content *content, void *buffer,
	size_t length, uint64_t offset, const struct xip_diag *diag);

/*
 * Closes it; XIP_ERR_SOURCE when size, mtime or ctime changed since the scan. Always call it after
 * a successful open, even when a read failed.
 */
XIP_MUST_CHECK enum xip_err xip_content_close(
	struct xip_content *content, const struct xip_diag *diag);

/* Used by xip_tree_free. NULL is fine. */
void xip_source_free(struct xip_source *source);

#endif
