/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layouter.h"

#include "xipfs/base/bytes.h"

struct xip_layout_extent *xip_layouter_extent(
	struct layouter *l, enum xip_layout_extent_kind kind, uint32_t align, uint64_t length)
{
	struct xip_layout_extent *extent = &l->layout->extents[l->layout->extent_count++];
	uint64_t position = xip_align_up(l->cursor, align);

	l->layout->bytes.padding += position - l->cursor;
	l->cursor = position + length;
	extent->position = (uint32_t)position;
	extent->length = (uint32_t)length;
	extent->kind = kind;
	return extent;
}
