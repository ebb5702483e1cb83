/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks, one function each, and what they look at.
 */
#ifndef XIPFS_CHECKS_H
#define XIPFS_CHECKS_H

#include "xipfs/inspect/map.h"
#include "xipfs/inspect/programs.h"
#include "xipfs/read/reader.h"
#include "xipfs/check/verify.h"

/* What must be there before a check can run. Every check has the listing. */
enum xip_check_need {
	XIP_NEED_LISTING,
	XIP_NEED_MAP,
	XIP_NEED_PROGRAMS, /* and the map */
};

struct xip_checker;

/* A row of the table. */
struct xip_check {
	struct xip_check_info info; /* without a name: the end of the table */
	enum xip_check_need need;
	/*
	 * Returns anything but XIP_OK only when the image cannot be read or memory ran out. NULL:
	 * the walk over the listing reports the breaches.
	 */
	enum xip_err (*run)(struct xip_checker *checker);
};

/* The table, in three parts; the checks are numbered across all three. */
extern const struct xip_check xip_checks_tree[], xip_checks_data[], xip_checks_xip[];

struct xip_checker {
	struct xip_image *image;
	const struct xip_image_info *info;
	struct xip_listing listing;
	struct xip_map map;               /* when a check needs it */
	struct xip_program_list programs; /* likewise */
	const struct xip_verify_options *options;
	size_t check; /* the one that is running */
	size_t found[XIP_CHECKS_MAX];
	const struct xip_diag *diag;
};

/*
 * Reports a breach of the rule of the running check, at entry @index of the listing (SIZE_MAX: the
 * whole image). A check that is not enabled is not reported.
 */
void xip_check_report(struct xip_checker *checker, size_t index, uint64_t offset,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The path of an entry, in @buffer of XIP_SHOWN_PATH_SIZE bytes, or a name for XIP_NO_ENTRY. */
const char *xip_check_owner(const struct xip_checker *checker, uint32_t entry, char *buffer);

#endif
