/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the other stages ask about one file of a plan.
 */
#include "xipfs/plan/plan.h"

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
	for (uint32_t i = 0; i < file->run_count; i++) {
		if (page - file->runs[i].first >= file->runs[i].count)
			continue; /* also when page < first: the difference wraps to a large number
				   */
		if (run)
			*run = i;
		return true;
	}
	return false;
}

uint32_t xip_plan_pages(const struct xip_plan_file *file)
{
	uint32_t pages = 0;

	for (uint32_t i = 0; i < file->run_count; i++)
		pages += file->runs[i].count;
	return pages;
}
