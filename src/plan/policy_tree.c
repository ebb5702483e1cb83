/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/plan/policy_tree.h"

#include <stdlib.h>
#include <string.h>

#include "xipfs/format/format.h"
#include "xipfs/tree/owner.h"
#include "xipfs/base/pattern.h"

/* Patterns that fit nothing and are named one by one. */
#define UNMATCHED_SHOWN 20

#define PATH_ROOM 4096u /* as much as xip_tree_resolve takes */

/* --- Symlinks in patterns -------------------------------------------------------------------- */

static bool is_about_content(const struct xip_policy_rule *rule)
{
	return rule->attribute != XIP_ATTR_MODE && rule->attribute != XIP_ATTR_OWNER &&
	       rule->attribute != XIP_ATTR_EXCLUDE;
}

/* The pattern that @pattern means, NULL: itself. */
static enum xip_err real_pattern(struct xip_arena *arena, const struct xip_tree *tree,
	const char *pattern, bool follow, const char **real)
{
	char buffer[PATH_ROOM];
	size_t length = xip_pattern_literal(pattern);
	const struct xip_node *node;
	bool fits;
	char *path;

	*real = NULL;
	if (!pattern[length + strspn(pattern + length, "/")] && !follow)
		while (length && pattern[--length] != '/') /* the last component is kept */
			;
	if (!length || length >= sizeof(buffer))
		return XIP_OK;
	memcpy(buffer, pattern, length);
	buffer[length] = '\0';
	node = xip_tree_resolve(tree, buffer);
	if (!node)
		return XIP_OK;
	path = xip_tree_path(node);
	if (!path)
		return XIP_ERR_NOMEM;
	fits = xip_pattern_below(
		buffer, sizeof(buffer), node->parent ? path : "", pattern + length);
	free(path);
	if (!fits)
		return XIP_OK;
	*real = xip_arena_strndup(arena, buffer, strlen(buffer));
	return *real ? XIP_OK : XIP_ERR_NOMEM;
}

enum xip_err xip_policy_resolve(struct xip_policy_list *list, const struct xip_tree *tree)
{
	for (size_t i = 0; i < list->count; i++) {
		struct xip_policy_rule *rule = &list->rules[i];
		const char *real;
		enum xip_err err;

		if (!rule->pattern)
			continue;
		err = real_pattern(list->arena, tree, rule->pattern, is_about_content(rule), &real);
		if (err)
			return err;
		if (real)
			rule->pattern = real;
	}
	return XIP_OK;
}

/* --- The tree -------------------------------------------------------------------------------- */

struct applier {
	struct xip_tree *tree;
	const struct xip_policy *policy;
	size_t reach; /* of its patterns: without it a deep tree would take quadratic time */
	const struct xip_diag *diag;
	struct xip_owners owners;
	enum xip_err err;
};

static bool is_excluded(void *user, const struct xip_node *node)
{
	struct applier *applier = user;
	char *path = xip_tree_path_end(node, applier->reach);
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
 * Among the names of a hard link, too, the last rule wins, in whatever order the tree has them: so
 * all that decide are gathered first, and then applied in the order of the rules.
 */
static enum xip_err change_all(struct applier *applier, enum xip_attribute attribute)
{
	struct decision *decisions = calloc(applier->tree->node_count, sizeof(*decisions));
	const struct xip_node *node = NULL;
	enum xip_err err = decisions ? XIP_OK : XIP_ERR_NOMEM;
	size_t count = 0;

	while (!err && (node = xip_tree_next(applier->tree, node))) {
		char *path = xip_tree_path_end(node, applier->reach);
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
	struct applier applier = {
		.tree = tree, .policy = policy, .reach = xip_policy_reach(policy), .diag = diag};

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

/* Are these words of the same line with the same pattern? */
static bool of_one_line(const struct xip_policy_rule *a, const struct xip_policy_rule *b)
{
	return a->pattern == b->pattern || (a->file && a->file == b->file && a->line == b->line &&
						   !strcmp(a->pattern, b->pattern));
}

/*
 * The first rule of each option or line with a pattern; not exclusions: they want nothing in the
 * image to match.
 */
static size_t gather_patterns(
	const struct xip_policy *policy, const struct xip_policy_rule **patterns)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct xip_policy_rule *rule = &policy->rules[i];

		if (!rule->pattern || rule->attribute == XIP_ATTR_EXCLUDE)
			continue;
		if (!count || !of_one_line(patterns[count - 1], rule))
			patterns[count++] = rule;
	}
	return count;
}

enum xip_err xip_policy_warn_unmatched(
	const struct xip_tree *tree, const struct xip_policy *policy, const struct xip_diag *diag)
{
	const struct xip_policy_rule **patterns = calloc(policy->rule_count + 1, sizeof(*patterns));
	size_t count = patterns ? gather_patterns(policy, patterns) : 0;
	size_t reach = xip_policy_reach(policy);
	const struct xip_node *node = NULL;
	enum xip_err err = patterns ? XIP_OK : XIP_ERR_NOMEM;

	while (!err && count && (node = xip_tree_next(tree, node))) {
		char *path = xip_tree_path_end(node, reach);
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
