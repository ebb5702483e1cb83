/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of blocks and of what lies where.
 */
#include <stdlib.h>

#include "checks.h"
#include "xipfs/base/bytes.h"

static const struct xip_inode *file_inode(
	const struct xip_checker *checker, const struct xip_file *file)
{
	return &checker->listing.entries[file->entry].inode;
}

static enum xip_err check_overlap(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->map.overlap_count; i++) {
		const struct xip_overlap *overlap = &checker->map.overlaps[i];
		char buffer[XIP_SHOWN_PATH_SIZE];

		xip_check_report(checker,
			overlap->owner == XIP_NO_ENTRY ? SIZE_MAX : overlap->owner, overlap->start,
			"%llu bytes belong to %s as well", (unsigned long long)overlap->length,
			xip_check_owner(checker, overlap->other, buffer));
	}
	for (size_t i = 0; i < checker->map.file_count; i++) {
		const struct xip_file *file = &checker->map.files[i];
		const struct xip_inode *inode = file_inode(checker, file);
		uint64_t table =
			(uint64_t)xip_image_block_count(checker->image, inode) * XIP_POINTER_SIZE;

		if (!file->sound && xip_range_inside(inode->offset, table, checker->info->size))
			xip_check_report(checker, file->entry, inode->offset,
				"its table of block pointers overlaps that of another file");
	}
	return XIP_OK;
}

/* cramfs_read_folio() */
static enum xip_err check_blocks(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->map.file_count; i++) {
		const struct xip_file *file = &checker->map.files[i];
		const struct xip_inode *inode = file_inode(checker, file);
		uint32_t count =
			file->bad_blocks ? xip_image_block_count(checker->image, inode) : 0;

		for (uint32_t index = 0; index < count; index++) {
			struct xip_block block;
			const char *why;
			enum xip_err err =
				xip_image_block(checker->image, inode, index, &block, &why);

			if (err == XIP_ERR_CORRUPT)
				xip_check_report(checker, file->entry,
					inode->offset + (uint64_t)index * XIP_POINTER_SIZE,
					"block %u: %s", index, why);
			else if (err)
				return err;
		}
	}
	return XIP_OK;
}

static enum xip_err inflate_block(
	struct xip_checker *checker, const struct xip_block_ref *ref, uint8_t *buffer)
{
	uint32_t prefix = ref->direct && ref->kind == XIP_MAP_COMPRESSED ? 2 : 0;
	const struct xip_block block = {
		.start = ref->start + prefix,
		.length = ref->length - prefix,
		.uncompressed = ref->kind != XIP_MAP_COMPRESSED,
		.direct = ref->direct,
	};
	const char *why;
	enum xip_err err = xip_image_unpack(checker->image, &block, buffer, ref->content, &why);

	if (err != XIP_ERR_CORRUPT)
		return err;
	xip_check_report(checker, checker->map.files[ref->file].entry, ref->start, "block %u: %s",
		ref->index, why);
	return XIP_OK;
}

/*
 * cramfs_uncompress_block(). Shared blocks are inflated once, and blocks that overlap others
 * without being equal to them are left out: there could be any number of these.
 */
static enum xip_err check_inflate(struct xip_checker *checker)
{
	const struct xip_block_ref *previous = NULL;
	uint8_t *buffer = malloc(XIP_PAGE_SIZE_MAX);
	enum xip_err err = buffer ? XIP_OK : xip_diag_nomem(checker->diag);

	for (size_t i = 0; !err && i < checker->map.block_count; i++) {
		const struct xip_block_ref *ref = &checker->map.blocks[i];

		if (ref->overlaps)
			continue;
		if (!previous || previous->start != ref->start || previous->length != ref->length ||
			previous->content != ref->content || previous->kind != ref->kind ||
			previous->direct != ref->direct)
			err = inflate_block(checker, ref, buffer);
		previous = ref;
	}
	free(buffer);
	return err;
}

/*
 * cramfs_read_folio() heeds the flags in any image, but get_cramfs_inode() lets no file of an image
 * without CRAMFS_FLAG_EXT_BLOCK_POINTERS be mapped, and kernels before 4.15 take them for
 * addresses instead of refusing the image.
 */
static enum xip_err check_pointer_flags(struct xip_checker *checker)
{
	if (checker->info->extended)
		return XIP_OK;
	for (size_t i = 0; i < checker->map.file_count; i++) {
		const struct xip_file *file = &checker->map.files[i];

		if (file->flagged)
			xip_check_report(checker, file->entry, file_inode(checker, file)->offset,
				"the pointers of %u blocks have flags", file->flagged);
	}
	return XIP_OK;
}

/* Linux before 2.3.39 did not know holes; since then the flag says that there may be some. */
static enum xip_err check_holes(struct xip_checker *checker)
{
	if (checker->info->super.flags & CRAMFS_FLAG_HOLES)
		return XIP_OK;
	for (size_t i = 0; i < checker->map.file_count; i++)
		if (checker->map.files[i].holes)
			xip_check_report(checker, checker->map.files[i].entry, XIP_NO_OFFSET,
				"%u blocks are holes", checker->map.files[i].holes);
	return XIP_OK;
}

/* cramfs_statfs() passes these to df(1) and to nobody else. */
static enum xip_err check_counts(struct xip_checker *checker)
{
	const struct xip_super *super = &checker->info->super;
	uint64_t least = checker->map.distinct_blocks, most = 0;

	if (!(super->flags & CRAMFS_FLAG_FSID_VERSION_2))
		return XIP_OK;
	if (super->files != checker->listing.count)
		xip_check_report(checker, SIZE_MAX, XIP_NO_OFFSET,
			"the super block counts %u files, but there are %zu", super->files,
			checker->listing.count);
	for (size_t i = 0; i < checker->map.file_count; i++) {
		const struct xip_file *file = &checker->map.files[i];

		most += (uint64_t)file->links *
			xip_image_block_count(
				checker->image, &checker->listing.entries[file->entry].inode);
	}
	/* Some builders count holes and what is shared, some do not. */
	if (super->blocks < least || super->blocks > most)
		xip_check_report(checker, SIZE_MAX, XIP_NO_OFFSET,
			"the super block counts %u blocks, but there are %llu to %llu",
			super->blocks, (unsigned long long)least, (unsigned long long)most);
	return XIP_OK;
}

/*
 * cramfs_read_folio() takes the size modulo the page size as the length of such a block, which is
 * 0, and 0 is a hole. mmap(2) shows the right bytes.
 */
static enum xip_err check_last_block(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->map.block_count; i++) {
		const struct xip_block_ref *ref = &checker->map.blocks[i];
		const struct xip_file *file = &checker->map.files[ref->file];
		const struct xip_inode *inode = file_inode(checker, file);

		if (ref->kind == XIP_MAP_XIP && inode->size % checker->info->page_size == 0 &&
			ref->index + 1 == xip_image_block_count(checker->image, inode))
			xip_check_report(checker, file->entry, ref->start,
				"the last block is direct, uncompressed and full: read(2) on an "
				"unpatched kernel gives zeros for it, mmap(2) is right");
	}
	return XIP_OK;
}

const struct xip_check xip_checks_data[] = {
	{{"overlap", "bytes have one owner, or equal blocks share them", false}, XIP_NEED_MAP,
		check_overlap},
	{{"blocks", "block pointers are ones that the kernel follows", false}, XIP_NEED_MAP,
		check_blocks},
	{{"inflate", "each block holds exactly as much as it should", false}, XIP_NEED_MAP,
		check_inflate},
	{{"pointer-flags", "flags in block pointers are announced by the super block", false},
		XIP_NEED_MAP, check_pointer_flags},
	{{"holes", "holes are announced by the super block", true}, XIP_NEED_MAP, check_holes},
	{{"counts", "the super block counts files and blocks right", true}, XIP_NEED_MAP,
		check_counts},
	{{"last-block", "no last block is direct, uncompressed and full", true}, XIP_NEED_MAP,
		check_last_block},
	{{NULL, NULL, false}, XIP_NEED_LISTING, NULL},
};
