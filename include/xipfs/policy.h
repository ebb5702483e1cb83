/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files the user wants in place: an ordered list of rules, the last match wins.
 */
#ifndef XIPFS_POLICY_H
#define XIPFS_POLICY_H

#include <stddef.h>
#include <stdint.h>

/* What a rule asks for. */
enum xip_wish {
	XIP_WISH_AUTO,  /* programs, each by its own loader's rules (the default) */
	XIP_WISH_NOMMU, /* only what a kernel without an MMU maps: FDPIC ELF and bFLT (-X) */
	XIP_WISH_MMU,   /* every ELF by the rules of a kernel with an MMU, and bFLT (-X -X) */
	XIP_WISH_WHOLE, /* all blocks of the file, whatever it is (--xip=PATTERN) */
	XIP_WISH_NONE,  /* everything compressed (--no-xip[=PATTERN]) */
};

struct xip_policy_rule {
	const char *pattern; /* see xip_pattern_match(); NULL: every file */
	enum xip_wish wish;
	const char *origin; /* where the user wrote it, for reasons: "--xip=/bin/sh" */
};

/* All strings belong to the caller and outlive the policy. */
struct xip_policy {
	const struct xip_policy_rule *rules;
	size_t rule_count;
	uint32_t page_size; /* bytes */
	uint32_t xip_align; /* bytes: the least alignment of a run of XIP pages, 4 to page_size */
};

/*
 * Index of the last rule that matches @path (with a leading '/'), SIZE_MAX: none does.
 */
size_t xip_policy_match(const struct xip_policy *policy, const char *path);

#endif
