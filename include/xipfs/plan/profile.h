/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles: which pages of which files a running system was seen to use, and how often.
 */
#ifndef XIPFS_PROFILE_H
#define XIPFS_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/tree/tree.h"

/* A page of a file that was in use. */
struct xip_profile_page {
	uint32_t file;  /* number in xip_tree.data_inodes */
	uint32_t page;  /* of the file, in pages of the image */
	uint64_t count; /* how often it was seen; more than 0 */
};

/* All zero: an empty one. */
struct xip_profile {
	struct xip_profile_page *pages; /* ascending by file, then page; each once */
	size_t count;
};

/*
 * Adds the pages of profile @path ("-": standard input) for the finished @tree and pages of
 * @page_size bytes; counts of one page add up. Two forms are read: lines "path,page,count" after a
 * line that says just that, and AXFS's "./path,offset,count" with byte offsets and no such line
 * (/proc/axfs/volume0). A path with a comma or quote may be put in double quotes, with any quote in
 * it doubled (RFC 4180). Paths follow symlinks.
 *
 * Warns once of pages that are not in the tree, and of a profile without a page. Errors name the
 * line: XIP_ERR_SOURCE; also XIP_ERR_LIMIT, XIP_ERR_IO, XIP_ERR_NOMEM. The caller frees what
 * *@profile holds with xip_profile_free in any case.
 */
XIP_MUST_CHECK enum xip_err xip_profile_load(struct xip_profile *profile, const char *path,
	const struct xip_tree *tree, uint32_t page_size, const struct xip_diag *diag);

/* The same for @size bytes at @text; @path is for messages. */
XIP_MUST_CHECK enum xip_err xip_profile_load_text(struct xip_profile *profile, const char *path,
	const char *text, size_t size, const struct xip_tree *tree, uint32_t page_size,
	const struct xip_diag *diag);
void xip_profile_free(struct xip_profile *profile);

/*
 * Gives each of the files of @tree that have the same content all pages that any of them has, with
 * their counts added up. Reads the files that are as large as one in the profile. Errors:
 * XIP_ERR_SOURCE, XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_profile_share(
	struct xip_profile *profile, const struct xip_tree *tree, const struct xip_diag *diag);

/* Sorts the pages and adds up the counts of each. */
void xip_profile_merge(struct xip_profile *profile);

/* The pages of file @file, *@count of them. */
const struct xip_profile_page *xip_profile_of(
	const struct xip_profile *profile, uint32_t file, size_t *count);

#endif
