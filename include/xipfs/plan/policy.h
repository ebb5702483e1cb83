/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user wants done with which file: an ordered list of rules. For each attribute of a file
 * the last rule that sets it and matches wins.
 */
#ifndef XIPFS_POLICY_H
#define XIPFS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/plan/profile.h"

/* What a rule can set. */
enum xip_attribute {
	XIP_ATTR_WISH,      /* how it lies in the image: xip_policy_rule.wish */
	XIP_ATTR_ALIGN,     /* least alignment of its XIP pages: .value, bytes, 4 to a page */
	XIP_ATTR_STACK,     /* size of its stack: .value, bytes */
	XIP_ATTR_INSTANCES, /* processes that run it at once: .value */
	XIP_ATTR_MODE,      /* permission bits: .value */
	XIP_ATTR_OWNER,     /* .text, "user:group", names or numbers */
	XIP_ATTR_EXCLUDE,   /* .value 1: left out, 0: not */
	XIP_ATTR_STRIP,     /* .value 1: without what lies after its last segment, 0: with it */
	XIP_ATTR_COUNT
};

enum xip_wish {
	XIP_WISH_AUTO,    /* programs, each by its own loader's rules (the default) */
	XIP_WISH_NOMMU,   /* only what a kernel without an MMU maps: FDPIC ELF and bFLT (-X) */
	XIP_WISH_MMU,     /* every ELF by the rules of a kernel with an MMU, no bFLT (-X -X) */
	XIP_WISH_PROFILE, /* the pages of ELF programs that a profile names (policy "profile") */
	XIP_WISH_XIP,     /* programs by their loader's rules, anything else whole (policy "xip") */
	XIP_WISH_WHOLE, /* all blocks of the file, whatever it is (--xip=PATTERN, policy "whole") */
	XIP_WISH_NONE,  /* everything compressed (--no-xip[=PATTERN], policy "no-xip") */
};

struct xip_policy_rule {
	const char *pattern; /* see xip_pattern_match(); NULL: every file */
	enum xip_attribute attribute;
	enum xip_wish wish;
	uint64_t value;
	const char *text;
	const char *file; /* the policy file and the line there; NULL: an option */
	uint64_t line;
	const char *origin; /* where the user wrote it: "--xip=/bin/sh", "root.policy:12: xip" */
};

/* All strings belong to whoever made the rules and outlive the policy. */
struct xip_policy {
	const struct xip_policy_rule *rules;
	size_t rule_count;
	uint32_t page_size; /* bytes */
	bool big;           /* byte order of the image */
	bool order_given;   /* by the user, who may have programs for another processor */
	const struct xip_profile *profile; /* set when some rule has XIP_WISH_PROFILE */
	bool fit;           /* programs that nothing else decides about may be chosen; see fit.h */
	uint32_t xip_align; /* bytes: the least alignment of a run of XIP pages, 4 to page_size */
};

/* Index of the last rule that sets @attribute and matches @path ("/bin/sh"); SIZE_MAX: none. */
size_t xip_policy_match(
	const struct xip_policy *policy, enum xip_attribute attribute, const char *path);

/* Components at the end of a path that decide which rules match (xip_pattern_reach). */
size_t xip_policy_reach(const struct xip_policy *policy);

/* True when some rule sets @attribute. */
bool xip_policy_sets(const struct xip_policy *policy, enum xip_attribute attribute);

/* A list of rules that grows. Strings and rules live in its arena. */
struct xip_policy_list {
	struct xip_arena *arena; /* NULL until the first rule */
	struct xip_policy_rule *rules;
	size_t count;
	uint64_t max_size; /* of the image, bytes, from a policy file; 0: none given */
};

/* Appends @rule; copies nothing but the structure. XIP_ERR_NOMEM. */
XIP_MUST_CHECK enum xip_err xip_policy_add(
	struct xip_policy_list *list, const struct xip_policy_rule *rule);
void xip_policy_list_free(struct xip_policy_list *list);

/*
 * Appends the rules of policy file @path ("-": standard input). A line is a pattern and one or
 * more words, or "max-size SIZE"; '#' begins a comment; a pattern with blanks is written in double
 * quotes. The words: xip, whole, no-xip, profile, auto, strip, no-strip, align=SIZE, stack=SIZE,
 * instances=N, owner=USER:GROUP, mode=OCTAL, exclude, include. Errors name the line:
 * XIP_ERR_SOURCE; also XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_policy_load(
	struct xip_policy_list *list, const char *path, const struct xip_diag *diag);

#endif
