/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named checks: each rule of xipfs(5) that an image can break is one entry of a table.
 */
#ifndef XIPFS_VERIFY_H
#define XIPFS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/diag.h"
#include "xipfs/err.h"
#include "xipfs/reader.h"

struct xip_check_info {
	const char *name;     /* "crc", "block-inflate", ... : lower case, stable */
	const char *summary;  /* one line: the rule */
	bool warning;	      /* a breach is a warning, not an error */
};

/* The table; *@count entries, static storage. */
const struct xip_check_info *xip_check_table(size_t *count);
/* Index of check @name in the table, SIZE_MAX: no such check. */
size_t xip_check_find(const char *name);

/* One breach of a rule. Strings live until the callback returns. */
struct xip_finding {
	size_t check;	     /* index in the table */
	const char *path;    /* entry it is about, NULL: the whole image */
	uint64_t offset;     /* bytes in the image, XIP_NO_OFFSET: none */
	const char *message; /* one sentence */
};

struct xip_verify_options {
	uint64_t enabled; /* bit i: run check i; all ones for every one */
	void (*finding)(void *user, const struct xip_finding *finding);
	void *user;
};

struct xip_verify_result {
	size_t errors, warnings;
};

/*
 * Runs the enabled checks over @image. XIP_OK also when findings were reported: see *@result.
 * Errors: XIP_ERR_IO, XIP_ERR_NOMEM. Work is bounded by the image's size.
 */
XIP_MUST_CHECK enum xip_err xip_verify(struct xip_image *image,
	const struct xip_verify_options *options, struct xip_verify_result *result,
	const struct xip_diag *diag);

/* Will the kernel map this mapping of a program in the image from flash? */
struct xip_placement {
	bool nommu_direct, mmu_direct;
	const char *nommu_why, *mmu_why; /* static storage; NULL when direct */
	uint64_t offset; /* bytes in the image of the first page, valid when either is direct */
};

#endif
