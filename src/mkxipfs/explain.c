/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "xipfs/cli/cli.h"
#include "xipfs/elf/loader.h"
#include "xipfs/tree/scan.h"

static const char *const wish_texts[] = {
	[XIP_WISH_AUTO] = "programs by their own loader's rules",
	[XIP_WISH_NOMMU] = "what a kernel without an MMU maps",
	[XIP_WISH_MMU] = "every ELF, by the rules of a kernel with an MMU",
	[XIP_WISH_PROFILE] = "the pages that a profile names",
	[XIP_WISH_XIP] = "in place",
	[XIP_WISH_WHOLE] = "in place, the whole file",
	[XIP_WISH_NONE] = "compressed",
};

/* @otherwise says what decides when no rule does. */
static void print_origin(
	FILE *out, const struct xip_policy *policy, size_t rule, const char *otherwise)
{
	if (rule == SIZE_MAX) {
		fprintf(out, "  (%s)\n", otherwise);
		return;
	}
	fputs("  (", out);
	xip_cli_print_escaped(out, policy->rules[rule].origin);
	fputs(")\n", out);
}

/* The rule that set @attribute in the tree: for a hard link the last one for any of its names. */
static enum xip_err find_setter(const struct xip_tree *tree, const struct xip_policy *policy,
	const struct xip_tree_inode *inode, enum xip_attribute attribute, size_t *rule)
{
	const struct xip_node *node = NULL;

	*rule = SIZE_MAX;
	if (!xip_policy_sets(policy, attribute))
		return XIP_OK;
	while ((node = xip_tree_next(tree, node))) {
		char *path = node->inode == inode ? xip_tree_path(node) : NULL;
		size_t match;

		if (node->inode != inode)
			continue;
		if (!path)
			return XIP_ERR_NOMEM;
		match = xip_policy_match(policy, attribute, path);
		free(path);
		if (match != SIZE_MAX && (*rule == SIZE_MAX || match > *rule))
			*rule = match;
	}
	return XIP_OK;
}

static size_t rule_of(const struct xip_plan_file *plan, enum xip_attribute attribute)
{
	return plan->rules[attribute] == XIP_PLAN_DEFAULT ? SIZE_MAX : plan->rules[attribute];
}

static void explain_number(FILE *out, const struct xip_policy *policy, const char *label,
	size_t rule, uint64_t otherwise)
{
	fprintf(out, "  %-10s %" PRIu64, label,
		rule == SIZE_MAX ? otherwise : policy->rules[rule].value);
	print_origin(out, policy, rule, "default");
}

static void explain_placement(FILE *out, const struct xip_plan_file *plan, uint64_t size)
{
	uint32_t pages = xip_plan_pages(plan);

	fprintf(out, "  %-10s ", "becomes");
	if (pages && plan->wish == XIP_WISH_PROFILE)
		fprintf(out,
			"in place, %" PRIu32 " hot page%s%s; %" PRIu32 " cold one%s compressed\n",
			pages, pages == 1 ? "" : "s",
			plan->optional ? ", as many as --fit finds room for" : "", plan->cold_pages,
			plan->cold_pages == 1 ? "" : "s");
	else if (pages)
		fprintf(out, "in place, %" PRIu32 " pages%s\n", pages,
			plan->optional ? ", if --fit finds room" : "");
	else if (plan->cold_pages)
		fprintf(out, "compressed: none of %" PRIu32 " pages is hot\n", plan->cold_pages);
	else if (!size)
		fputs("nothing: the file is empty\n", out);
	else if (plan->wish == XIP_WISH_NONE)
		fputs("compressed, as wanted\n", out);
	else
		fprintf(out, "compressed: %s%s%s\n", xip_why_text(plan->why),
			plan->detail ? ": " : "", plan->detail ? plan->detail : "");
}

static void explain_file(
	FILE *out, const struct xip_policy *policy, const struct xip_plan_file *plan, uint64_t size)
{
	size_t stack = rule_of(plan, XIP_ATTR_STACK);
	size_t strip = rule_of(plan, XIP_ATTR_STRIP);

	fprintf(out, "  %-10s %s", "wanted", wish_texts[plan->wish]);
	print_origin(out, policy, rule_of(plan, XIP_ATTR_WISH), "default");
	explain_placement(out, plan, size);
	explain_number(out, policy, "align", rule_of(plan, XIP_ATTR_ALIGN), policy->xip_align);
	explain_number(out, policy, "instances", rule_of(plan, XIP_ATTR_INSTANCES), 1);
	if (strip != SIZE_MAX) {
		fprintf(out, "  %-10s ", "strip");
		if (plan->strip == XIP_STRIP_DONE)
			fprintf(out, "%" PRIu64 " bytes", size - plan->size);
		else
			fprintf(out, "no%s%s", policy->rules[strip].value ? ": " : "",
				policy->rules[strip].value ? xip_strip_text(plan->strip) : "");
		print_origin(out, policy, strip, "");
	}
	if (stack != SIZE_MAX)
		explain_number(out, policy, plan->stack ? "stack" : "no stack", stack, 0);
}

static void print_left_out(FILE *out, const char *whole, const char *path)
{
	xip_cli_print_escaped(out, whole);
	fprintf(out, "\n  %-10s ", "left out");
	xip_cli_print_escaped(out, path);
}

/* Prints the rule that leaves out @path, which is @whole or a folder on the way there, if any. */
static bool explain_exclusion(
	FILE *out, const struct options *options, const char *whole, const char *path)
{
	const struct xip_policy *policy = &options->build.policy;
	size_t rule = xip_policy_match(policy, XIP_ATTR_EXCLUDE, path);

	for (size_t i = 0; i < options->excludes.count; i++) {
		const struct xip_exclude one = {&options->excludes.items[i], 1};

		if (!xip_exclude_match(&one, path))
			continue;
		print_left_out(out, whole, path);
		fputs("  (--exclude=", out);
		xip_cli_print_escaped(out, options->excludes.items[i]);
		fputs(")\n", out);
		return true;
	}
	if (rule == SIZE_MAX || !policy->rules[rule].value)
		return false;
	print_left_out(out, whole, path);
	print_origin(out, policy, rule, "");
	return true;
}

/*
 * @name is not in the tree: prints the rule that would leave it out, or the first folder on the way
 * to it that a rule leaves out. What is left out is not looked at, so it may not exist at all.
 */
static enum xip_err explain_absent(
	FILE *out, const struct options *options, const char *name, const struct xip_diag *diag)
{
	size_t size = strlen(name) + 2, length = 0;
	char *whole = malloc(size), *path = malloc(size);
	bool found = false;

	if (!whole || !path) {
		free(whole);
		free(path);
		return xip_diag_nomem(diag);
	}
	snprintf(whole, size, "/%s", name + strspn(name, "/"));
	while (!found && whole[length]) {
		length += 1 + strcspn(whole + length + 1, "/");
		snprintf(path, size, "%.*s", (int)length, whole);
		found = explain_exclusion(out, options, whole, path);
	}
	free(whole);
	free(path);
	return found ? XIP_OK
		     : xip_diag_fail(diag, XIP_ERR_SOURCE, name, XIP_NO_OFFSET,
			       "not in the image: neither in the source nor in a device table, "
			       "and no rule leaves it out");
}

/*
 * The entry that the user means: symlinks on the way are followed, one at the end only if a '/'
 * follows it.
 */
static enum xip_err find_node(const struct xip_tree *tree, const char *name,
	const struct xip_node **node, const struct xip_diag *diag)
{
	const char *last = strrchr(name, '/');
	char *folder;

	*node = xip_tree_find(tree, name);
	if (*node || !last)
		return XIP_OK;
	if (!last[1] || !strcmp(last, "/..")) {
		*node = xip_tree_resolve(tree, name);
		return XIP_OK;
	}
	folder = strndup(name, (size_t)(last - name));
	if (!folder)
		return xip_diag_nomem(diag);
	*node = xip_tree_resolve(tree, folder);
	free(folder);
	if (*node)
		*node = xip_tree_child(tree, *node, last + 1, strlen(last + 1));
	return XIP_OK;
}

/* Which rule decided what about one entry. */
static enum xip_err explain_node(FILE *out, const struct options *options,
	const struct xip_tree *tree, const struct xip_plan *plan, const struct xip_node *node,
	const struct xip_diag *diag)
{
	const struct xip_policy *policy = &options->build.policy;
	size_t mode, owner, included;
	char *path;

	if (find_setter(tree, policy, node->inode, XIP_ATTR_MODE, &mode) ||
		find_setter(tree, policy, node->inode, XIP_ATTR_OWNER, &owner))
		return xip_diag_nomem(diag);
	path = xip_tree_path(node);
	if (!path)
		return xip_diag_nomem(diag);
	included = xip_policy_match(policy, XIP_ATTR_EXCLUDE, path);
	xip_cli_print_escaped(out, path);
	free(path);
	fputc('\n', out);
	if (included != SIZE_MAX) {
		fprintf(out, "  %-10s yes", "included");
		print_origin(out, policy, included, "");
	}
	if (xip_mode_is_regular(node->inode->mode))
		explain_file(out, policy, &plan->files[node->inode->number], node->inode->size);
	fprintf(out, "  %-10s %04" PRIo32, "mode", node->inode->mode & 07777);
	print_origin(out, policy, mode, "source or table");
	fprintf(out, "  %-10s %" PRIu32 ":%" PRIu32, "owner", node->inode->uid, node->inode->gid);
	print_origin(out, policy, owner, "source, -q or table");
	return XIP_OK;
}

enum xip_err report_explain(FILE *out, const struct options *options, const struct xip_tree *tree,
	const struct xip_plan *plan, const struct xip_diag *diag)
{
	const struct xip_node *node, *target;
	enum xip_err err = find_node(tree, options->explain, &node, diag);

	if (err)
		return err;
	if (!node)
		return explain_absent(out, options, options->explain, diag);
	err = explain_node(out, options, tree, plan, node, diag);
	if (err || !xip_mode_is_symlink(node->inode->mode))
		return err;
	/* What runs is what it leads to. */
	target = xip_tree_resolve(tree, options->explain);
	return target ? explain_node(out, options, tree, plan, target, diag) : XIP_OK;
}
