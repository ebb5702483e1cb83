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

/* In the order of the table. */
enum xip_check_id {
	XIP_CHECK_SUPER,
	XIP_CHECK_CRC,
	XIP_CHECK_BOUNDS,
	XIP_CHECK_LOOPS,
	XIP_CHECK_NAMES,
	XIP_CHECK_PADDING,
	XIP_CHECK_ORDER,
	XIP_CHECK_DUPLICATES,
	XIP_CHECK_MODES,
	XIP_CHECK_DEVICES,
	XIP_CHECK_SIZES,
	XIP_CHECK_READ_AHEAD,
	XIP_CHECK_SHARED_INODE,
	XIP_CHECK_OVERLAP,
	XIP_CHECK_BLOCKS,
	XIP_CHECK_INFLATE,
	XIP_CHECK_POINTER_FLAGS,
	XIP_CHECK_HOLES,
	XIP_CHECK_COUNTS,
	XIP_CHECK_LAST_BLOCK,
	XIP_CHECK_XIP_OVERLAP,
	XIP_CHECK_XIP_ALIGN,
	XIP_CHECK_XIP_TAIL,
	XIP_CHECK_XIP_NOMMU,
	XIP_CHECK_XIP_MMU,
	XIP_CHECK_COUNT
};

struct xip_checker {
	struct xip_image *image;
	const struct xip_image_info *info;
	struct xip_listing listing;
	struct xip_map map;               /* when a check needs it */
	struct xip_program_list programs; /* likewise */
	const struct xip_verify_options *options;
	size_t found[XIP_CHECK_COUNT];
	const struct xip_diag *diag;
};

/*
 * Reports a breach of rule @check at entry @index of the listing (SIZE_MAX: the whole image). A
 * check that is not enabled is not reported.
 */
void xip_check_report(struct xip_checker *checker, enum xip_check_id check, size_t index,
	uint64_t offset, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The path of an entry, or a name for XIP_NO_ENTRY, malloc'ed; NULL when memory ran out. */
char *xip_check_owner(const struct xip_checker *checker, uint32_t entry);

/* Each returns other than XIP_OK only when the image cannot be read or memory ran out. */
XIP_MUST_CHECK enum xip_err xip_check_super(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_crc(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_counts(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_bounds(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_padding(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_order(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_duplicates(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_modes(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_devices(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_sizes(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_read_ahead(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_shared_inode(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_overlap(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_blocks(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_inflate(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_pointer_flags(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_holes(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_last_block(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_xip_overlap(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_xip_align(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_xip_tail(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_xip_nommu(struct xip_checker *checker);
XIP_MUST_CHECK enum xip_err xip_check_xip_mmu(struct xip_checker *checker);

#endif
