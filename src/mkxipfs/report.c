/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "xipfs/base/bytes.h"
#include "xipfs/cli/cli.h"
#include "xipfs/elf/loader.h"

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* The rule that decided, as the user wrote it. */
static void print_rule(FILE *out, const struct options *options, const struct xip_plan_file *file)
{
	if (file->rules[XIP_ATTR_WISH] == XIP_PLAN_DEFAULT)
		return;
	fputs(" (", out);
	xip_cli_print_escaped(out, options->build.policy.rules[file->rules[XIP_ATTR_WISH]].origin);
	fputc(')', out);
}

static void print_runs(FILE *out, const struct xip_plan_file *plan, uint32_t flash)
{
	fprintf(out, "in place at 0x%" PRIx32 ", pages", flash);
	for (uint32_t i = 0; i < plan->run_count; i++)
		fprintf(out, "%s%" PRIu32 "-%" PRIu32, i ? "," : " ", plan->runs[i].first,
			plan->runs[i].first + plan->runs[i].count - 1);
}

/* Where a program's pages are, when a profile names some of them. */
static void print_profiled(FILE *out, const struct xip_plan_file *plan,
	const struct xip_plan_file *placed, uint32_t flash)
{
	uint32_t hot = xip_plan_pages(plan), pages = xip_plan_pages(placed);

	if (pages)
		fprintf(out,
			"in place at 0x%" PRIx32 ": %" PRIu32 " of %" PRIu32
			" hot page%s, in %" PRIu32 " run%s; %" PRIu32 " cold one%s compressed",
			flash, pages, hot, plural(hot), placed->run_count,
			plural(placed->run_count), plan->cold_pages, plural(plan->cold_pages));
	else if (hot)
		fprintf(out, "compressed: no room for its %" PRIu32 " hot page%s", hot,
			plural(hot));
	else
		fprintf(out, "compressed: none of its %" PRIu32 " pages is hot", plan->cold_pages);
}

static const char *rules_of(const struct xip_plan_file *plan)
{
	if (plan->wish == XIP_WISH_WHOLE)
		return "whole, as asked";
	switch (plan->loader) {
	case XIP_LOADER_FDPIC:
		return "FDPIC ELF";
	case XIP_LOADER_ELF:
		return "ELF, by the rules of an MMU";
	case XIP_LOADER_FLAT:
		return "bFLT";
	case XIP_LOADER_NONE:
		break;
	}
	return "data";
}

static void print_placement(FILE *out, const struct xip_build *build, const struct options *options,
	uint32_t number, uint64_t source_size)
{
	const struct xip_plan_file *plan = &build->plan->files[number];
	const struct xip_plan_file *placed = xip_build_placed(build, number);
	const struct xip_build_choice *choice = build->choices ? &build->choices[number] : NULL;

	if (plan->wish == XIP_WISH_PROFILE && (plan->run_count || plan->cold_pages)) {
		print_profiled(out, plan, placed, build->layout->files[number].flash);
	} else if (placed->run_count) {
		print_runs(out, placed, build->layout->files[number].flash);
		fprintf(out, ": %s", rules_of(plan));
	} else if (plan->wish == XIP_WISH_NONE) {
		fputs("compressed: as asked", out);
	} else if (choice && choice->fit == XIP_FIT_OUT) {
		fputs("compressed: no room", out);
	} else {
		fprintf(out, "compressed: %s", xip_why_text(plan->why));
		if (plan->detail)
			fprintf(out, ": %s", plan->detail);
	}
	if (choice && choice->fit != XIP_FIT_NONE)
		fprintf(out,
			"; in place it costs %" PRIu64 " bytes of flash and saves %" PRIu64
			" page%s of RAM",
			choice->cost, choice->pages, plural(choice->pages));
	if (plan->stack)
		fprintf(out, "; stack of %" PRIu64 " bytes",
			options->build.policy.rules[plan->rules[XIP_ATTR_STACK]].value);
	if (plan->strip == XIP_STRIP_DONE)
		fprintf(out, "; %" PRIu64 " bytes stripped", source_size - plan->size);
	else if (plan->strip != XIP_STRIP_UNASKED && plan->strip != XIP_STRIP_NOT_ELF)
		fprintf(out, "; not stripped: %s", xip_strip_text(plan->strip));
	print_rule(out, options, plan);
}

static void print_node(FILE *out, const struct xip_tree *tree, const struct xip_build *build,
	const struct options *options, const struct xip_node *node)
{
	const struct xip_tree_inode *inode = node->inode;
	uint32_t sharer = build->layout->files[inode->number].sharer;

	if (!inode->size)
		fputs("empty", out);
	else
		print_placement(out, build, options, inode->number, inode->size);
	if (!inode->size)
		return;
	if (inode->first != node) {
		fputs("; a hard link", out);
	} else if (sharer != inode->number) {
		char buffer[XIP_SHOWN_NODE_SIZE];

		fputs("; shared with ", out);
		xip_cli_print_escaped(out, xip_tree_show(tree->data_inodes[sharer]->first, buffer));
	} else {
		fprintf(out, "; %" PRIu32 " bytes", build->layout->files[inode->number].bytes);
	}
}

/* What else there is to say about an entry that is not a regular file. */
static void print_special(FILE *out, const struct xip_tree_inode *inode)
{
	switch (xip_mode_type(inode->mode)) {
	case XIP_S_IFLNK:
		fputs(" -> ", out);
		xip_cli_print_escaped(out, inode->target);
		break;
	case XIP_S_IFCHR:
	case XIP_S_IFBLK:
		fprintf(out, " %" PRIu32 ":%" PRIu32, inode->major, inode->minor);
		break;
	default:
		break;
	}
}

void report_files(FILE *out, const struct xip_tree *tree, const struct xip_build *build,
	const struct options *options, bool metadata)
{
	const struct xip_node *node = NULL;

	while ((node = xip_tree_next(tree, node))) {
		bool regular = xip_mode_is_regular(node->inode->mode);
		char buffer[XIP_SHOWN_NODE_SIZE];

		if (!regular && !metadata)
			continue;
		if (metadata)
			fprintf(out, "%06" PRIo32 " %" PRIu32 ":%" PRIu32 " ", node->inode->mode,
				node->inode->uid, node->inode->gid);
		xip_cli_print_escaped(out, xip_tree_show(node, buffer));
		if (regular) {
			fputs(": ", out);
			print_node(out, tree, build, options, node);
		} else {
			print_special(out, node->inode);
		}
		fputc('\n', out);
	}
}

/* Files that the summary names one by one. */
#define LEFT_OUT_SHOWN 5u

/* What --fit left out, in tree order. */
static void print_left_out(
	FILE *out, const struct xip_tree *tree, const struct xip_build *build, uint64_t max_size)
{
	size_t count = 0, candidates = 0, shown = 0;

	for (size_t i = 0; i < tree->data_inode_count; i++) {
		candidates += build->choices[i].fit != XIP_FIT_NONE;
		count += build->choices[i].fit == XIP_FIT_OUT;
	}
	if (!count)
		return;
	fprintf(out,
		"  left out    %zu of %zu for want of room: of %" PRIu64 " bytes %" PRIu64
		" are left\n",
		count, candidates, max_size, max_size - build->totals.image_size);
	for (size_t i = 0; i < tree->data_inode_count && shown < LEFT_OUT_SHOWN; i++) {
		const struct xip_build_choice *choice = &build->choices[i];
		char buffer[XIP_SHOWN_NODE_SIZE];

		if (choice->fit != XIP_FIT_OUT)
			continue;
		fprintf(out, "    ");
		xip_cli_print_escaped(out, xip_tree_show(tree->data_inodes[i]->first, buffer));
		fprintf(out,
			", which in place costs %" PRIu64 " bytes and saves %" PRIu64
			" page%s of RAM\n",
			choice->cost, choice->pages, plural(choice->pages));
		shown++;
	}
	if (count > shown)
		fprintf(out, "    and %zu more: see --report\n", count - shown);
}

/* The pages of all programs that a profile decides about. */
static void print_pages(FILE *out, const struct xip_tree *tree, const struct xip_build *build)
{
	uint64_t hot = 0, cold = 0, placed = 0;

	for (size_t i = 0; i < tree->data_inode_count; i++) {
		if (build->plan->files[i].wish != XIP_WISH_PROFILE ||
			build->layout->files[i].sharer != i)
			continue;
		hot += xip_plan_pages(&build->plan->files[i]);
		cold += build->plan->files[i].cold_pages;
		placed += xip_plan_pages(xip_build_placed(build, i));
	}
	fprintf(out,
		"  profile     %" PRIu64 " of %" PRIu64 " hot page%s in place, %" PRIu64
		" cold one%s compressed\n",
		placed, hot, plural(hot), cold, plural(cold));
}

void report_summary(FILE *out, const struct xip_tree *tree, const struct xip_build *build,
	const struct options *options, const char *label)
{
	const struct xip_build_totals *totals = &build->totals;
	const struct xip_layout *layout = build->layout;
	uint32_t page_size = build->plan->page_size;

	xip_cli_print_escaped(out, label);
	fprintf(out, ": %" PRIu64 " bytes (%" PRIu64 " pages of %" PRIu32 "), %s-endian\n",
		totals->image_size, totals->image_size / page_size, page_size,
		layout->big ? "big" : "little");
	fprintf(out,
		"  entries     %" PRIu64 " file%s, %" PRIu64 " director%s, %" PRIu64
		" symlink%s, %" PRIu64 " other%s\n",
		totals->files, plural(totals->files), totals->directories,
		totals->directories == 1 ? "y" : "ies", totals->symlinks, plural(totals->symlinks),
		totals->others, plural(totals->others));
	fprintf(out, "  in place    %" PRIu64 " file%s, %" PRIu64 " bytes\n", totals->programs,
		plural(totals->programs), layout->bytes.xip);
	if (options->build.policy.profile)
		print_pages(out, tree, build);
	if (build->choices)
		print_left_out(out, tree, build, options->build.max_size);
	fprintf(out, "  compressed  %" PRIu64 " -> %" PRIu64 " bytes (%.1f %%)\n",
		totals->packed_from, totals->packed_to,
		totals->packed_from
			? 100.0 * (double)totals->packed_to / (double)totals->packed_from
			: 0.0);
	if (totals->stripped)
		fprintf(out, "  stripped    %" PRIu64 " bytes of %" PRIu64 " file%s\n",
			totals->stripped_bytes, totals->stripped, plural(totals->stripped));
	fprintf(out, "  shared      %" PRIu64 " bytes saved\n", layout->shared);
	fprintf(out, "  metadata    %" PRIu64 " bytes\n",
		layout->bytes.super + layout->bytes.directories + layout->bytes.tables +
			layout->bytes.insert);
	fprintf(out, "  padding     %" PRIu64 " bytes\n", layout->bytes.padding);
	if (totals->file_size > totals->image_size)
		fprintf(out, "  after it    %" PRIu64 " bytes, to fill %" PRIu64 "\n",
			totals->file_size - totals->image_size, totals->file_size);
}
