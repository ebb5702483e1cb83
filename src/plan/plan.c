/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/plan/plan.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/format/format.h"
#include "xipfs/base/pool.h"
#include "xipfs/tree/scan.h"
#include "runs.h"
#include "stack.h"
#include "target.h"
#include "strip.h"

/* Bytes that xip_loader_has_magic() wants to see. */
#define MAGIC_SIZE 4

/* Files one job looks at: enough to make the hand-over between threads cheap. */
#define FILES_PER_JOB 64

struct planner {
	const struct xip_tree *tree;
	const struct xip_policy *policy;
	const struct xip_diag *diag;
	struct xip_plan *plan;
	size_t reach; /* components of a path that decide */
};

/* --- Which rule decides ---------------------------------------------------------------------- */

/* The attributes that the plan looks at; the others change the tree beforehand. */
static const enum xip_attribute planned[] = {
	XIP_ATTR_WISH, XIP_ATTR_ALIGN, XIP_ATTR_STACK, XIP_ATTR_INSTANCES, XIP_ATTR_STRIP};

/*
 * Decides by the path of @node; a hard link has several, and among all of them the rule that comes
 * last in the list wins.
 */
static enum xip_err match_node(struct planner *planner, const struct xip_node *node)
{
	struct xip_plan_file *file = &planner->plan->files[node->inode->number];
	uint32_t found[XIP_ATTR_COUNT];
	bool changed = false;
	char *path = xip_tree_path_end(node, planner->reach);

	if (!path)
		return xip_diag_nomem(planner->diag);
	memcpy(found, file->rules, sizeof(found));
	for (size_t i = 0; i < sizeof(planned) / sizeof(*planned); i++) {
		uint32_t *decider = &found[planned[i]];
		size_t rule = xip_policy_match(planner->policy, planned[i], path);

		if (rule == SIZE_MAX || (*decider != XIP_PLAN_DEFAULT && rule <= *decider))
			continue;
		*decider = (uint32_t)rule;
		changed = true;
	}
	if (xip_strip_is_kernels(path))
		file->strip = XIP_STRIP_KERNELS; /* the last word, if anything asks */
	free(path);
	if (changed) {
		uint32_t *rules =
			xip_arena_calloc(planner->plan->arena, XIP_ATTR_COUNT, sizeof(*rules));

		if (!rules)
			return xip_diag_nomem(planner->diag);
		memcpy(rules, found, sizeof(found));
		file->rules = rules;
	}
	if (found[XIP_ATTR_WISH] != XIP_PLAN_DEFAULT)
		file->wish = (uint8_t)planner->policy->rules[found[XIP_ATTR_WISH]].wish;
	return XIP_OK;
}

static enum xip_err match_rules(struct planner *planner)
{
	static const uint32_t none[XIP_ATTR_COUNT] = {XIP_PLAN_DEFAULT, XIP_PLAN_DEFAULT,
		XIP_PLAN_DEFAULT, XIP_PLAN_DEFAULT, XIP_PLAN_DEFAULT, XIP_PLAN_DEFAULT,
		XIP_PLAN_DEFAULT, XIP_PLAN_DEFAULT};
	const struct xip_node *node = NULL;

	_Static_assert(XIP_ATTR_COUNT == 8, "a default for each attribute");
	for (size_t i = 0; i < planner->plan->file_count; i++)
		planner->plan->files[i].rules = none;
	if (!planner->policy->rule_count)
		return XIP_OK;
	/* Where stripping is asked for, the kernel's files are known by the whole path. */
	planner->reach = xip_policy_sets(planner->policy, XIP_ATTR_STRIP)
				 ? SIZE_MAX
				 : xip_policy_reach(planner->policy);
	while ((node = xip_tree_next(planner->tree, node))) {
		enum xip_err err =
			xip_mode_is_regular(node->inode->mode) ? match_node(planner, node) : XIP_OK;

		if (err)
			return err;
	}
	return XIP_OK;
}

/* The rule that sets @attribute of the file, NULL: none. */
static const struct xip_policy_rule *rule_of(const struct planner *planner,
	const struct xip_plan_file *file, enum xip_attribute attribute)
{
	uint32_t rule = file->rules[attribute];

	return rule == XIP_PLAN_DEFAULT ? NULL : &planner->policy->rules[rule];
}

/* --- One file -------------------------------------------------------------------------------- */

/* Writes the size of the stack that the user wants into the program in the image. */
static enum xip_err plan_stack(const struct planner *planner, const struct xip_program *program,
	const struct xip_tree_inode *inode, struct xip_plan_file *file,
	struct xip_plan_patch *patches, const struct xip_diag *diag)
{
	const struct xip_policy_rule *rule = rule_of(planner, file, XIP_ATTR_STACK);
	char buffer[XIP_SHOWN_NODE_SIZE];

	if (!rule || !xip_stack_counts(program))
		return XIP_OK;
	if (xip_stack_patch(program, (uint32_t)rule->value, &patches[file->patch_count])) {
		file->patch_count++;
		file->stack = true;
		return XIP_OK;
	}
	return xip_diag_fail(diag, XIP_ERR_SOURCE, xip_tree_show(inode->first, buffer),
		XIP_NO_OFFSET,
		"its stack cannot be set (%s): it has no PT_GNU_STACK header; link it with "
		"-Wl,-z,stack-size=SIZE",
		rule->origin);
}

static bool wants_strip(const struct planner *planner, const struct xip_plan_file *file)
{
	const struct xip_policy_rule *rule = rule_of(planner, file, XIP_ATTR_STRIP);

	return rule && rule->value;
}

/*
 * Lets the program end after its last segment. What is then in the image has no section headers,
 * so less is known of its alignment, and it must be placed accordingly.
 */
static enum xip_err plan_strip(const struct planner *planner, struct xip_arena *own, uint8_t *data,
	enum xip_rules rules, struct xip_program *program, const struct xip_tree_inode *inode,
	struct xip_plan_file *file, struct xip_plan_patch *patches)
{
	const struct xip_target target = {planner->policy->page_size, planner->policy->big};
	struct xip_program cut;
	enum xip_err err;

	if (!wants_strip(planner, file) || file->strip == XIP_STRIP_KERNELS)
		return XIP_OK;
	file->strip =
		(uint8_t)xip_strip_judge(program, (size_t)inode->size, inode->mode, &file->size);
	if (file->strip != XIP_STRIP_DONE)
		return XIP_OK;
	xip_strip_patch(&program->elf, &patches[file->patch_count]);
	file->patch_count += XIP_STRIP_PATCHES;
	xip_plan_apply_patches(file, data, file->size, 0);
	err = xip_loader_describe(own, data, file->size, &target, rules, &cut);
	for (size_t i = 0; !err && i < program->mapping_count && i < cut.mapping_count; i++)
		if (cut.mappings[i].align > program->mappings[i].align)
			program->mappings[i].align = cut.mappings[i].align;
	return err;
}

/* What the image has that differs from the source. @data becomes what the image has. */
static enum xip_err plan_changes(const struct planner *planner, struct xip_arena *arena,
	struct xip_arena *own, uint8_t *data, enum xip_rules rules, struct xip_program *program,
	const struct xip_tree_inode *inode, struct xip_plan_file *file, const struct xip_diag *diag)
{
	struct xip_plan_patch *patches;
	enum xip_err err;

	if (!rule_of(planner, file, XIP_ATTR_STACK) && !wants_strip(planner, file))
		return XIP_OK;
	patches = xip_arena_calloc(arena, XIP_PLAN_PATCHES, sizeof(*patches));
	if (!patches)
		return XIP_ERR_NOMEM;
	file->patches = patches;
	err = plan_stack(planner, program, inode, file, patches, diag);
	return err ? err : plan_strip(planner, own, data, rules, program, inode, file, patches);
}

/* NULL stays NULL; @failed says that memory ran out. */
static const char *keep_text(struct xip_arena *arena, const char *text, bool *failed)
{
	const char *copy = text ? xip_arena_strndup(arena, text, strlen(text)) : NULL;

	*failed |= text && !copy;
	return copy;
}

/* What --fit wants to know about an ELF file: its names, not its segments. */
static enum xip_err keep_elf(
	struct xip_arena *arena, const struct xip_elf *elf, struct xip_plan_file *file)
{
	struct xip_elf *kept = xip_arena_alloc(arena, sizeof(*kept));
	const char **needed = xip_arena_calloc(arena, elf->needed_count, sizeof(*needed));
	bool failed = false;

	if (!kept || !needed)
		return XIP_ERR_NOMEM;
	*kept = *elf;
	kept->segments = NULL;
	kept->segment_count = 0;
	for (size_t i = 0; i < elf->needed_count; i++)
		needed[i] = keep_text(arena, elf->needed[i], &failed);
	kept->needed = needed;
	kept->interpreter = keep_text(arena, elf->interpreter, &failed);
	kept->soname = keep_text(arena, elf->soname, &failed);
	kept->runpath = keep_text(arena, elf->runpath, &failed);
	kept->rpath = keep_text(arena, elf->rpath, &failed);
	file->elf = kept;
	return failed ? XIP_ERR_NOMEM : XIP_OK;
}

/* By which kernel's rules the file is judged. */
static enum xip_rules rules_for(const struct xip_plan_file *file)
{
	switch (file->wish) {
	case XIP_WISH_MMU:
	case XIP_WISH_PROFILE:
		return XIP_RULES_MMU;
	case XIP_WISH_NOMMU:
		return XIP_RULES_NOMMU;
	default:
		return XIP_RULES_LOADER;
	}
}

/* The runs of a program that can be in place: only what the profile names, if it decides. */
static enum xip_err plan_runs(const struct planner *planner, struct xip_arena *arena,
	const struct xip_program *program, const struct xip_tree_inode *inode,
	struct xip_plan_file *file)
{
	const struct xip_policy *policy = planner->policy;
	const struct xip_policy_rule *align = rule_of(planner, file, XIP_ATTR_ALIGN);
	enum xip_err err = xip_runs_of_program(arena, program,
		align ? (uint32_t)align->value : policy->xip_align, policy->page_size, file);
	const struct xip_profile_page *pages;
	size_t count;

	if (err || file->wish != XIP_WISH_PROFILE)
		return err;
	pages = xip_profile_of(policy->profile, inode->number, &count);
	return xip_runs_keep_pages(arena, pages, count, file);
}

/* A kernel without an MMU maps all of a segment or nothing (cramfs_physmem_get_unmapped_area). */
static enum xip_err refuse_nommu(const struct planner *planner, const struct xip_program *program,
	const struct xip_tree_inode *inode, const struct xip_plan_file *file,
	const struct xip_diag *diag)
{
	char buffer[XIP_SHOWN_NODE_SIZE];

	if (file->wish != XIP_WISH_PROFILE ||
		(program->loader != XIP_LOADER_FDPIC && program->loader != XIP_LOADER_FLAT))
		return XIP_OK;
	return xip_diag_fail(diag, XIP_ERR_SOURCE, xip_tree_show(inode->first, buffer),
		XIP_NO_OFFSET,
		"it is a program for a kernel without an MMU, which maps all of a segment from "
		"flash or nothing, so its pages cannot be placed by a profile (%s)",
		rule_of(planner, file, XIP_ATTR_WISH)->origin);
}

static enum xip_err describe(struct planner *planner, struct xip_arena *arena,
	const struct xip_content *content, struct xip_plan_file *file, const struct xip_diag *diag)
{
	enum xip_rules rules = rules_for(file);
	size_t size = (size_t)content->size;
	const struct xip_target target = {planner->policy->page_size, planner->policy->big};
	struct xip_program program;
	struct xip_arena *own = NULL; /* the description is not kept, only the runs are */
	enum xip_err err;
	uint8_t *data;

	data = malloc(size);
	own = xip_arena_new();
	if (!data || !own) {
		err = XIP_ERR_NOMEM;
		goto out;
	}
	err = xip_content_read(content, data, size, 0, diag);
	if (!err)
		err = xip_loader_describe(own, data, size, &target, rules, &program);
	if (err)
		goto out;
	file->loader = program.loader;
	file->why = program.why;
	file->detail = program.detail;
	file->mmu_only = program.loader == XIP_LOADER_ELF;
	file->machine = program.loader == XIP_LOADER_NONE ? 0 : program.elf.machine;
	err = refuse_nommu(planner, &program, content->inode, file, diag);
	if (!err && planner->policy->fit &&
		(program.loader == XIP_LOADER_FDPIC || program.loader == XIP_LOADER_ELF))
		err = keep_elf(arena, &program.elf, file);
	if (!err)
		err = plan_changes(
			planner, arena, own, data, rules, &program, content->inode, file, diag);
	if (err)
		goto out;
	if (file->wish != XIP_WISH_NONE && program.why == XIP_WHY_DIRECT)
		err = plan_runs(planner, arena, &program, content->inode, file);
	file->optional = file->elf && file->run_count && file->wish <= XIP_WISH_PROFILE;
out:
	xip_arena_free(own);
	free(data);
	return err;
}

/* The last page of what enters the image is full and in place. */
static bool ends_on_full_page(const struct planner *planner, const struct xip_plan_file *file)
{
	const struct xip_plan_run *last = file->run_count ? &file->runs[file->run_count - 1] : NULL;
	uint32_t page_size = planner->policy->page_size;

	return last && !(file->size % page_size) &&
	       last->first + last->count == file->size / page_size;
}

static enum xip_err plan_content(struct planner *planner, struct xip_arena *arena,
	const struct xip_content *content, struct xip_plan_file *file, const struct xip_diag *diag)
{
	uint8_t magic[MAGIC_SIZE];
	enum xip_err err = XIP_OK;

	file->why = XIP_WHY_NOT_PROGRAM;
	if (content->size >= sizeof(magic)) {
		err = xip_content_read(content, magic, sizeof(magic), 0, diag);
		if (!err && xip_loader_has_magic(magic, sizeof(magic)))
			err = describe(planner, arena, content, file, diag);
	}
	if (!err && (file->wish == XIP_WISH_WHOLE ||
			    (file->wish == XIP_WISH_XIP && file->loader == XIP_LOADER_NONE)))
		err = xip_runs_of_whole_file(arena, planner->policy->page_size, file);
	/* With one byte more of the source read(2) is right: see warn_full_page(). */
	if (!err && file->size < content->size && ends_on_full_page(planner, file))
		file->size++;
	return err;
}

static enum xip_err plan_file(struct planner *planner, struct xip_arena *arena,
	const struct xip_tree_inode *inode, const struct xip_diag *diag)
{
	struct xip_plan_file *file = &planner->plan->files[inode->number];
	struct xip_content content;
	enum xip_err err, closed;

	if (!xip_mode_is_regular(inode->mode))
		return XIP_OK;
	if (!wants_strip(planner, file))
		file->strip = XIP_STRIP_UNASKED;
	else if (file->strip != XIP_STRIP_KERNELS)
		file->strip = XIP_STRIP_NOT_ELF; /* until it is one */
	if (!inode->size)
		return XIP_OK;
	err = xip_content_open(&content, inode, diag);
	if (err)
		return err;
	err = plan_content(planner, arena, &content, file, diag);
	closed = xip_content_close(&content, diag);
	return err ? err : closed;
}

static enum xip_err plan_job(
	void *context, size_t job, unsigned worker, const struct xip_diag *diag)
{
	struct planner *planner = context;
	size_t end = (job + 1) * FILES_PER_JOB;
	enum xip_err err = XIP_OK;

	if (end > planner->plan->file_count)
		end = planner->plan->file_count;
	for (size_t i = job * FILES_PER_JOB; !err && i < end; i++)
		err = plan_file(planner, planner->plan->arenas[worker],
			planner->tree->data_inodes[i], diag);
	return err;
}

/* --- What the user is told ------------------------------------------------------------------- */

/* The user expects a program to be executed in place unless it is not a program at all. */
static bool was_expected(const struct xip_plan_file *file)
{
	return file->loader != XIP_LOADER_NONE || file->why == XIP_WHY_BAD_HEADER;
}

static void warn_unplaced(
	const struct planner *planner, const struct xip_plan_file *file, const char *path)
{
	const char *advice = xip_why_advice(file->why, file->machine);

	/* xip_plan_check_target() reports the byte order; what is not used need not be in place */
	if (file->run_count || file->cold_pages || file->wish == XIP_WISH_NONE ||
		!was_expected(file) || file->why == XIP_WHY_BYTE_ORDER)
		return;
	xip_diag_warn(planner->diag, path, XIP_NO_OFFSET, "not executed in place: %s%s%s%s%s",
		xip_why_text(file->why), file->detail ? ": " : "", file->detail ? file->detail : "",
		advice ? "; " : "", advice ? advice : "");
}

static void warn_stack(
	const struct planner *planner, const struct xip_plan_file *file, const char *path)
{
	const struct xip_policy_rule *stack = rule_of(planner, file, XIP_ATTR_STACK);

	if (stack && stack->pattern && !file->stack)
		xip_diag_warn(planner->diag, path, XIP_NO_OFFSET,
			"a stack size has no effect here (%s): it is set in FDPIC programs, not in "
			"libraries, other programs or data",
			stack->origin);
}

static void warn_strip(
	const struct planner *planner, const struct xip_plan_file *file, const char *path)
{
	const struct xip_policy_rule *rule = rule_of(planner, file, XIP_ATTR_STRIP);

	if (rule && rule->pattern && file->strip >= XIP_STRIP_NOT_PROGRAM)
		xip_diag_warn(planner->diag, path, XIP_NO_OFFSET, "not stripped (%s): %s",
			rule->origin, xip_strip_text(file->strip));
}

/* The kernel (cramfs_read_folio) takes the length of such a block as size % page = 0. */
static void warn_full_page(
	const struct planner *planner, const struct xip_plan_file *file, const char *path)
{
	if (ends_on_full_page(planner, file))
		xip_diag_warn(planner->diag, path, XIP_NO_OFFSET,
			"its last page is full and must be mapped: read(2) of that page gives "
			"zeros on a kernel without the bundled cramfs patch; add a byte at the "
			"file's end");
}

static void warn_all(const struct planner *planner)
{
	for (size_t i = 0; i < planner->plan->file_count; i++) {
		const struct xip_plan_file *file = &planner->plan->files[i];
		const struct xip_tree_inode *inode = planner->tree->data_inodes[i];
		char buffer[XIP_SHOWN_NODE_SIZE];
		const char *path;

		if (!xip_mode_is_regular(inode->mode) || !inode->size)
			continue;
		path = xip_tree_show(inode->first, buffer);
		warn_unplaced(planner, file, path);
		warn_stack(planner, file, path);
		warn_strip(planner, file, path);
		warn_full_page(planner, file, path);
	}
}

/* --- The stage ------------------------------------------------------------------------------- */

static enum xip_err run_jobs(struct planner *planner, unsigned threads)
{
	struct xip_plan *plan = planner->plan;
	size_t jobs = (size_t)xip_div_up(plan->file_count, FILES_PER_JOB);

	plan->arenas = xip_arena_calloc(plan->arena, threads, sizeof(struct xip_arena *));
	if (!plan->arenas)
		return xip_diag_nomem(planner->diag);
	plan->arena_count = threads;
	for (unsigned i = 0; i < threads; i++) {
		plan->arenas[i] = xip_arena_new();
		if (!plan->arenas[i])
			return xip_diag_nomem(planner->diag);
	}
	return xip_pool_run(threads, jobs, plan_job, planner, planner->diag);
}

static enum xip_err plan_new(
	const struct xip_tree *tree, const struct xip_policy *policy, struct xip_plan **result)
{
	struct xip_arena *arena = xip_arena_new();
	struct xip_plan *plan = arena ? xip_arena_alloc(arena, sizeof(*plan)) : NULL;

	if (plan)
		plan->files = xip_arena_calloc(arena, tree->data_inode_count, sizeof(*plan->files));
	if (!plan || !plan->files) {
		xip_arena_free(arena);
		return XIP_ERR_NOMEM;
	}
	plan->arena = arena;
	plan->file_count = tree->data_inode_count;
	plan->page_size = policy->page_size;
	for (size_t i = 0; i < plan->file_count; i++)
		plan->files[i].size = (uint32_t)tree->data_inodes[i]->size;
	*result = plan;
	return XIP_OK;
}

enum xip_err xip_plan_make(const struct xip_tree *tree, const struct xip_policy *policy,
	unsigned threads, struct xip_plan **result, const struct xip_diag *diag)
{
	struct planner planner = {.tree = tree, .policy = policy, .diag = diag};
	enum xip_err err = plan_new(tree, policy, &planner.plan);

	if (err)
		return xip_diag_nomem(diag);
	err = match_rules(&planner);
	if (!err)
		err = run_jobs(&planner, threads);
	if (!err)
		err = xip_plan_check_target(tree, planner.plan, policy, diag);
	if (!err)
		warn_all(&planner);
	if (err) {
		xip_plan_free(planner.plan);
		return err;
	}
	*result = planner.plan;
	return XIP_OK;
}

void xip_plan_free(struct xip_plan *plan)
{
	if (!plan)
		return;
	for (unsigned i = 0; i < plan->arena_count; i++)
		xip_arena_free(plan->arenas[i]);
	xip_arena_free(plan->arena);
}
