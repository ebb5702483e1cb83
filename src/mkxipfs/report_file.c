/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --report: the plan in a file. It holds no time, no path on this machine except those that the
 * user wrote in rules, and nothing else that would differ between two equal runs.
 */
#include <string.h>

#include "report.h"
#include "xipfs/cli/json.h"
#include "xipfs/elf/loader.h"

static const char *const fit_names[] = {
	[XIP_FIT_NONE] = NULL, [XIP_FIT_IN] = "in-place", [XIP_FIT_OUT] = "compressed"};

static const char *rule_origin(const struct options *options, const struct xip_plan_file *plan,
	enum xip_attribute attribute)
{
	uint32_t rule = plan->rules[attribute];

	return rule == XIP_PLAN_DEFAULT ? NULL : options->build.policy.rules[rule].origin;
}

static void json_runs(struct json *json, const struct xip_plan_file *plan)
{
	json_open_list(json, "runs");
	for (uint32_t i = 0; i < plan->run_count; i++) {
		json_open_object(json, NULL);
		json_number(json, "first_page", plan->runs[i].first);
		json_number(json, "pages", plan->runs[i].count);
		json_number(json, "align", plan->runs[i].align);
		json_close_object(json);
	}
	json_close_list(json);
}

static void json_file(struct json *json, const struct xip_tree *tree, const struct xip_build *build,
	const struct options *options, const struct xip_node *node)
{
	uint32_t number = node->inode->number;
	const struct xip_plan_file *plan = &build->plan->files[number];
	const struct xip_plan_file *placed = xip_build_placed(build, number);
	const struct xip_layout_file *layout = &build->layout->files[number];
	const struct xip_build_choice *choice = build->choices ? &build->choices[number] : NULL;
	char buffer[XIP_SHOWN_NODE_SIZE];

	json_number(json, "size", plan->size);
	json_number(json, "image_bytes", layout->bytes);
	json_bool(json, "in_place", placed->run_count);
	json_text(json, "loader", xip_loader_name(plan->loader));
	json_text(json, "why", node->inode->size ? xip_why_name(plan->why) : NULL);
	json_text(json, "rule", rule_origin(options, plan, XIP_ATTR_WISH));
	if (placed->run_count) {
		json_number(json, "offset", layout->flash);
		json_runs(json, placed);
	}
	if (plan->wish == XIP_WISH_PROFILE && (plan->run_count || plan->cold_pages)) {
		json_number(json, "hot_pages", xip_plan_pages(plan));
		json_number(json, "hot_pages_in_place", xip_plan_pages(placed));
		json_number(json, "cold_pages", plan->cold_pages);
	}
	if (choice && choice->fit != XIP_FIT_NONE) {
		json_text(json, "fit", fit_names[choice->fit]);
		json_number(json, "fit_flash_bytes", choice->cost);
		json_number(json, "fit_ram_pages", choice->pages);
	}
	if (plan->strip != XIP_STRIP_UNASKED) {
		json_text(json, "strip", xip_strip_name(plan->strip));
		json_number(json, "stripped", node->inode->size - plan->size);
		json_text(json, "strip_rule", rule_origin(options, plan, XIP_ATTR_STRIP));
	}
	if (plan->stack) {
		json_number(json, "stack",
			options->build.policy.rules[plan->rules[XIP_ATTR_STACK]].value);
		json_text(json, "stack_rule", rule_origin(options, plan, XIP_ATTR_STACK));
	}
	if (layout->sharer != number)
		json_text(json, "shared_with",
			xip_tree_show(tree->data_inodes[layout->sharer]->first, buffer));
}

static void json_special(struct json *json, const struct xip_tree_inode *inode)
{
	uint32_t type = xip_mode_type(inode->mode);

	if (type == XIP_S_IFLNK)
		json_text(json, "target", inode->target);
	if (type == XIP_S_IFCHR || type == XIP_S_IFBLK) {
		json_number(json, "major", inode->major);
		json_number(json, "minor", inode->minor);
	}
}

static void json_entries(struct json *json, const struct xip_tree *tree,
	const struct xip_build *build, const struct options *options)
{
	const struct xip_node *node = NULL;

	json_open_list(json, "entries");
	while ((node = xip_tree_next(tree, node))) {
		char buffer[XIP_SHOWN_NODE_SIZE];
		char mode[16];

		snprintf(mode, sizeof(mode), "%06o", (unsigned)node->inode->mode);
		json_open_object(json, NULL);
		json_text(json, "path", xip_tree_show(node, buffer));
		json_text(json, "mode", mode);
		json_number(json, "uid", node->inode->uid);
		json_number(json, "gid", node->inode->gid);
		if (xip_mode_is_regular(node->inode->mode))
			json_file(json, tree, build, options, node);
		else
			json_special(json, node->inode);
		json_close_object(json);
	}
	json_close_list(json);
}

void report_json(FILE *out, const struct xip_tree *tree, const struct xip_build *build,
	const struct options *options)
{
	const struct xip_layout *layout = build->layout;
	struct json json = {.out = out};

	json_open_object(&json, NULL);
	json_number(&json, "version", 1);
	json_number(&json, "size", layout->size);
	json_number(&json, "file_size", build->totals.file_size);
	json_number(&json, "page_size", build->plan->page_size);
	json_text(&json, "byte_order", layout->big ? "big" : "little");
	json_open_object(&json, "bytes");
	json_number(&json, "super", layout->bytes.super);
	json_number(&json, "inserted", layout->bytes.insert);
	json_number(&json, "directories", layout->bytes.directories);
	json_number(&json, "pointers", layout->bytes.tables);
	json_number(&json, "compressed", layout->bytes.compressed);
	json_number(&json, "stored", layout->bytes.stored);
	json_number(&json, "xip", layout->bytes.xip);
	json_number(&json, "padding", layout->bytes.padding);
	json_close_object(&json);
	json_number(&json, "shared", layout->shared);
	json_entries(&json, tree, build, options);
	json_close_object(&json);
}

static bool ends_in_json(const char *name)
{
	size_t length = strlen(name);

	return length >= 5 && !strcmp(name + length - 5, ".json");
}

void report_write(FILE *out, const struct options *options, const struct xip_tree *tree,
	const struct xip_build *build)
{
	if (ends_in_json(options->report)) {
		report_json(out, tree, build, options);
		return;
	}
	report_summary(out, tree, build, options, "image");
	report_files(out, tree, build, options, true);
}
