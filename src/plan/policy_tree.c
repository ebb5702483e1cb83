/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/plan/policy_tree.h"

#include <stdlib.h>

#include "xipfs/format/format.h"
#include "xipfs/tree/owner.h"
#include "xipfs/base/pattern.h"

/* Patterns that fit nothing and are named one by one. */
#define UNMATCHED_SHOWN 20

struct applier {
	struct xip_tree *tree;
	const struct xip_policy *policy;
	const struct xip_diag *diag;
	struct xip_owners owners;
	enum xip_err err;
};

static bool is_excluded(void *user, const struct xip_node *node)
{
	struct applier *applier = user;
	char *path = xip_tree_path(node);
	size_t rule;

	if (!path) {
		applier->err = XIP_ERR_NOMEM;
		return false;
	}
	rule = xip_policy_match(applier->policy, XIP_ATTR_EXCLUDE, path);
	free(path);
	return rule != SIZE_MAX && applier->policy->rules[rule].value;
}

/* A rule that decides about a node; a hard link has one for each of its names. */
struct decision {
	size_t rule;
	struct xip_tree_inode *inode;
};

static enum xip_err change(struct applier *applier, const struct decision *decision)
{
	const struct xip_policy_rule *rule = &applier->policy->rules[decision->rule];
	struct xip_tree_inode *inode = decision->inode;

	if (rule->attribute == XIP_ATTR_OWNER) {
		const struct xip_line line = {rule->file, rule->line, applier->diag};

		return xip_owners_parse(
			&applier->owners, rule->text, &inode->uid, &inode->gid, &line);
	}
	/* The mode of a symlink is always 0777 and means nothing. */
	if (!xip_mode_is_symlink(inode->mode))
		inode->mode = xip_mode_type(inode->mode) | (uint32_t)rule->value;
	return XIP_OK;
}

static int compare_decisions(const void *a, const void *b)
{
	const struct decision *left = a, *right = b;

	return (left->rule > right->rule) - (left->rule < right->rule);
}

/*
 * Of the names of a hard link the last rule wins as well, in whatever order the tree has them: so
 * all that decide are gathered first, and then applied in the order of the rules.
 */
static enum xip_err change_all(struct applier *applier, enum xip_attribute attribute)
{
	struct decision *decisions = calloc(applier->tree->node_count, sizeof(*decisions));
	const struct xip_node *node = NULL;
	enum xip_err err = decisions ? XIP_OK : XIP_ERR_NOMEM;
	size_t count = 0;

	while (!err && (node = xip_tree_next(applier->tree, node))) {
		char *path = xip_tree_path(node);
		size_t rule;

		if (!path) {
			err = XIP_ERR_NOMEM;
			break;
		}
		rule = xip_policy_match(applier->policy, attribute, path);
		free(path);
		if (rule != SIZE_MAX)
			decisions[count++] = (struct decision){.rule = rule, .inode = node->inode};
	}
	if (count)
		qsort(decisions, count, sizeof(*decisions), compare_decisions);
	for (size_t i = 0; !err && i < count; i++)
		err = change(applier, &decisions[i]);
	free(decisions);
	return err;
}

enum xip_err xip_policy_apply(
	struct xip_tree *tree, const struct xip_policy *policy, const struct xip_diag *diag)
{
	struct applier applier = {.tree = tree, .policy = policy, .diag = diag};

	xip_owners_begin(&applier.owners, tree);
	if (xip_policy_sets(policy, XIP_ATTR_EXCLUDE))
		xip_tree_prune(tree, is_excluded, &applier);
	if (!applier.err && xip_policy_sets(policy, XIP_ATTR_MODE))
		applier.err = change_all(&applier, XIP_ATTR_MODE);
	if (!applier.err && xip_policy_sets(policy, XIP_ATTR_OWNER))
		applier.err = change_all(&applier, XIP_ATTR_OWNER);
	xip_owners_end(&applier.owners);
	return applier.err == XIP_ERR_NOMEM ? xip_diag_nomem(diag) : applier.err;
}

/* --- Patterns that fit nothing --------------------------------------------------------------- */

/*
 * The first rule of each option or line with a pattern; not exclusions: they want that nothing in
 * the image matches.
 */
static size_t gather_patterns(
	const struct xip_policy *policy, const struct xip_policy_rule **patterns)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct xip_policy_rule *rule = &policy->rules[i];

		if (!rule->pattern || rule->attribute == XIP_ATTR_EXCLUDE)
			continue;
		/* The words of a line share the very same string. */
		if (!count || patterns[count - 1]->pattern != rule->pattern)
			patterns[count++] = rule;
	}
	return count;
}

enum xip_err xip_policy_warn_unmatched(
	const struct xip_tree *tree, const struct xip_policy *policy, const struct xip_diag *diag)
{
	const struct xip_policy_rule **patterns = calloc(policy->rule_count + 1, sizeof(*patterns));
	size_t count = patterns ? gather_patterns(policy, patterns) : 0;
	const struct xip_node *node = NULL;
	enum xip_err err = patterns ? XIP_OK : XIP_ERR_NOMEM;

	while (!err && count && (node = xip_tree_next(tree, node))) {
		char *path = xip_tree_path(node);
		size_t left = 0;

		if (!path)
			err = XIP_ERR_NOMEM;
		for (size_t i = 0; path && i < count; i++)
			if (!xip_pattern_match(patterns[i]->pattern, path))
				patterns[left++] = patterns[i];
		count = left;
		free(path);
	}
	for (size_t i = 0; !err && i < count && i < UNMATCHED_SHOWN; i++)
		xip_diag_warn(diag, NULL, XIP_NO_OFFSET, "%s: matches nothing in the image",
			patterns[i]->origin);
	if (!err && count > UNMATCHED_SHOWN)
		xip_diag_warn(diag, NULL, XIP_NO_OFFSET,
			"%zu more patterns match nothing in the image", count - UNMATCHED_SHOWN);
	free(patterns);
	return err ? xip_diag_nomem(diag) : XIP_OK;
}
