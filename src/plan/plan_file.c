/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the other stages ask about one file of a plan.
 */
#include "xipfs/plan/plan.h"

#include <string.h>

enum xip_err xip_plan_copy(const struct xip_plan *plan, struct xip_plan **result)
{
	struct xip_arena *arena = xip_arena_new();
	struct xip_plan *copy = arena ? xip_arena_alloc(arena, sizeof(*copy)) : NULL;
	struct xip_plan_file *files =
		copy ? xip_arena_calloc(arena, plan->file_count, sizeof(*files)) : NULL;

	if (!files) {
		xip_arena_free(arena);
		return XIP_ERR_NOMEM;
	}
	if (plan->file_count)
		memcpy(files, plan->files, plan->file_count * sizeof(*files));
	*copy = (struct xip_plan){
		.arena = arena,
		.files = files,
		.file_count = plan->file_count,
		.page_size = plan->page_size,
	};
	*result = copy;
	return XIP_OK;
}

void xip_plan_apply_patches(
	const struct xip_plan_file *file, uint8_t *bytes, size_t length, uint64_t offset)
{
	for (unsigned k = 0; k < file->patch_count; k++) {
		const struct xip_plan_patch *patch = &file->patches[k];

		for (uint32_t i = 0; i < patch->length; i++) {
			uint64_t at = (uint64_t)patch->offset + i;

			if (at >= offset && at - offset < length)
				bytes[at - offset] = patch->bytes[i];
		}
	}
}

bool xip_plan_is_xip(const struct xip_plan_file *file, uint32_t page, uint32_t *run)
{
	uint32_t low = 0, high = file->run_count; /* the last run that begins at @page or before */

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (file->runs[middle].first <= page)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || page - file->runs[low - 1].first >= file->runs[low - 1].count)
		return false;
	if (run)
		*run = low - 1;
	return true;
}

uint32_t xip_plan_append_page(
	struct xip_plan_run *runs, uint32_t count, uint32_t page, uint32_t align)
{
	struct xip_plan_run *last = count ? &runs[count - 1] : NULL;

	if (last && page == last->first + last->count) {
		last->count++;
		return count;
	}
	runs[count] = (struct xip_plan_run){page, 1, align};
	return count + 1;
}

uint32_t xip_plan_pages(const struct xip_plan_file *file)
{
	uint32_t pages = 0;

	for (uint32_t i = 0; i < file->run_count; i++)
		pages += file->runs[i].count;
	return pages;
}
