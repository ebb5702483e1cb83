/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layouter.h"
#include "xipfs/base/bytes.h"

/*
 * Files whose XIP pages only a kernel with an MMU maps may share them with a twin of another mode
 * or owner. Without an MMU the kernel's region tree does not let two inodes map the same flash
 * (mm/nommu.c, validate_nommu_regions).
 */
static bool takes_run_of_twin(const struct layouter *l, uint32_t number)
{
	return l->twins[number] != number && l->in->plan->files[number].mmu_only &&
	       l->in->plan->files[l->twins[number]].mmu_only;
}

uint64_t xip_region_plan(struct layouter *l, uint64_t **starts, uint32_t *align)
{
	uint64_t length = 0;

	*align = 1;
	for (uint32_t i = 0; i < l->in->encoding->file_count; i++) {
		const struct xip_plan_file *file = &l->in->plan->files[i];
		uint32_t runs = xip_placement_runs(l->in, i);

		if (!runs || !xip_layouter_own_table(l, i))
			continue;
		if (takes_run_of_twin(l, i)) {
			starts[i] = starts[l->twins[i]];
			continue;
		}
		for (uint32_t r = 0; r < runs; r++) {
			length = xip_align_up(length, file->runs[r].align);
			starts[i][r] = length;
			length += (uint64_t)file->runs[r].count * xip_layouter_page(l);
			if (file->runs[r].align > *align)
				*align = file->runs[r].align;
		}
		l->layout->xip_runs += runs;
	}
	return length;
}

static void place_run(struct layouter *l, uint32_t number, uint32_t run, uint64_t start)
{
	const struct xip_plan_run *pages = &l->in->plan->files[number].runs[run];

	for (uint32_t i = 0; i < pages->count; i++) {
		const struct xip_payload *payload =
			xip_placement_block(l->in, number, pages->first + i);
		struct xip_layout_extent *extent;

		l->layout->bytes.padding += start + (uint64_t)i * xip_layouter_page(l) - l->cursor;
		l->cursor = start + (uint64_t)i * xip_layouter_page(l);
		extent = xip_layouter_extent(l, XIP_LAYOUT_XIP, 1, payload->length);
		extent->u.payload = payload;
		l->layout->bytes.xip += payload->length;
	}
	/*
	 * The kernel maps whole pages: what follows the end of a file in its last page stays zero
	 * (cramfs_last_page_is_shared) and belongs to nobody else.
	 */
	l->layout->bytes.padding +=
		xip_align_up(l->cursor - start, xip_layouter_page(l)) - (l->cursor - start);
	l->cursor = start + xip_align_up(l->cursor - start, xip_layouter_page(l));
}

void xip_region_place(struct layouter *l, uint64_t *const *starts, uint32_t align)
{
	uint64_t base = xip_align_up(l->cursor, align);

	for (uint32_t i = 0; i < l->in->encoding->file_count; i++) {
		const struct xip_plan_file *file = &l->in->plan->files[i];
		uint32_t runs = xip_placement_runs(l->in, i);

		if (!runs || !xip_layouter_own_table(l, i))
			continue;
		l->layout->files[i].flash = (uint32_t)(base + starts[i][0]);
		if (takes_run_of_twin(l, i)) {
			l->layout->shared += (uint64_t)xip_plan_pages(file) * xip_layouter_page(l);
			continue;
		}
		for (uint32_t r = 0; r < runs; r++)
			place_run(l, i, r, base + starts[i][r]);
		l->layout->files[i].bytes += xip_plan_pages(file) * xip_layouter_page(l);
	}
}
