/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runs.h"

#include <stdlib.h>

#include "xipfs/base/bytes.h"

static int compare_runs(const void *a, const void *b)
{
	const struct xip_plan_run *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

/* Joins runs that overlap or touch, in place; returns how many are left. */
static uint32_t merge_runs(struct xip_plan_run *runs, uint32_t count)
{
	uint32_t kept = 0;

	qsort(runs, count, sizeof(*runs), compare_runs);
	for (uint32_t i = 0; i < count; i++) {
		struct xip_plan_run *last = kept ? &runs[kept - 1] : NULL;
		uint32_t end = runs[i].first + runs[i].count;

		if (!last || runs[i].first > last->first + last->count) {
			runs[kept++] = runs[i];
			continue;
		}
		if (end > last->first + last->count)
			last->count = end - last->first;
		/*
		 * Pages later in a run keep the alignment of its start as long as that is not more
		 * than a page, and it never is.
		 */
		if (runs[i].align > last->align)
			last->align = runs[i].align;
	}
	return kept;
}

enum xip_err xip_runs_of_program(struct xip_arena *arena, const struct xip_program *program,
	uint32_t align, uint32_t page_size, struct xip_plan_file *file)
{
	struct xip_plan_run *runs = xip_arena_calloc(arena, program->mapping_count, sizeof(*runs));
	uint32_t count = 0;

	if (!runs)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; i < program->mapping_count; i++) {
		const struct xip_mapping *mapping = &program->mappings[i];
		uint64_t needed = mapping->align < page_size ? mapping->align : page_size;

		if (mapping->why != XIP_WHY_DIRECT || !mapping->page_count)
			continue;
		runs[count++] = (struct xip_plan_run){
			.first = (uint32_t)mapping->file_page,
			.count = (uint32_t)mapping->page_count,
			.align = needed > align ? (uint32_t)needed : align,
		};
	}
	file->runs = runs;
	file->run_count = merge_runs(runs, count);
	return XIP_OK;
}

enum xip_err xip_runs_of_whole_file(
	struct xip_arena *arena, uint32_t page_size, struct xip_plan_file *file)
{
	struct xip_plan_run *run = xip_arena_calloc(arena, 1, sizeof(*run));

	if (!run)
		return XIP_ERR_NOMEM;
	run->count = (uint32_t)xip_div_up(file->size, page_size);
	run->align = page_size;
	file->runs = run;
	file->run_count = run->count ? 1 : 0;
	return XIP_OK;
}

enum xip_err xip_runs_keep_pages(struct xip_arena *arena, const struct xip_profile_page *pages,
	size_t count, struct xip_plan_file *file)
{
	struct xip_plan_run *runs = xip_arena_calloc(arena, count, sizeof(*runs));
	uint32_t kept = 0, from;

	if (!runs)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; i < count; i++) {
		uint32_t page = pages[i].page;

		if (xip_plan_is_xip(file, page, &from))
			kept = xip_plan_append_page(runs, kept, page, file->runs[from].align);
	}
	file->cold_pages = xip_plan_pages(file);
	file->runs = runs;
	file->run_count = kept;
	file->cold_pages -= xip_plan_pages(file);
	return XIP_OK;
}
