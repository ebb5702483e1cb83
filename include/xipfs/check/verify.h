/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named checks: each rule of xipfs(5) that an image can break is one entry of a table.
 */
#ifndef XIPFS_VERIFY_H
#define XIPFS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/read/reader.h"

struct xip_check_info {
	const char *name;    /* "crc", "inflate", ...: lower case, stable */
	const char *summary; /* one line: the rule */
	bool warning;        /* a breach is a warning, not an error */
};

/* At most this many: xip_verify_options.enabled has a bit for each. */
#define XIP_CHECKS_MAX 64

/* Check @check, counted from 0; NULL: there is none. Static storage. */
const struct xip_check_info *xip_check_info(size_t check);
/* Index of the check called by @length bytes at @name, SIZE_MAX: no such check. */
size_t xip_check_find(const char *name, size_t length);

/* One breach of a rule. Strings live until the callback returns. */
struct xip_finding {
	size_t check;        /* see xip_check_info */
	const char *path;    /* entry it is about, NULL: the whole image */
	uint64_t offset;     /* bytes in the image, XIP_NO_OFFSET: none */
	const char *message; /* one clause, without a full stop */
};

/*
 * After this many findings of one check the rest are only counted: one more finding then says how
 * many.
 */
#define XIP_FINDINGS_MAX 100

struct xip_verify_options {
	uint64_t enabled;       /* bit i: run check i; all ones: run every check */
	uint64_t flash_address; /* physical address of the image, 0: not known; see programs.h */
	/* A flag for each entry of xip_image_list: other entries' findings do not count. NULL: all
	 * do. Findings about the image as a whole always count. */
	const bool *chosen;
	void (*finding)(void *user, const struct xip_finding *finding); /* may be NULL */
	void *user;
};

struct xip_verify_result {
	size_t errors, warnings; /* breaches found, including those that were only counted */
};

/*
 * Runs the enabled checks over @image. XIP_OK even when there are findings: see *@result. Errors:
 * XIP_ERR_IO, XIP_ERR_SOURCE, XIP_ERR_NOMEM. Work and memory are in proportion to the image's size.
 */
XIP_MUST_CHECK enum xip_err xip_verify(struct xip_image *image,
	const struct xip_verify_options *options, struct xip_verify_result *result,
	const struct xip_diag *diag);

#endif
