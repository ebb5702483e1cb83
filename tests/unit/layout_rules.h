/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules that every layout keeps, checked on the bytes of the written image: a small decoder of
 * its own that takes the steps of the kernel's fs/cramfs/inode.c, then the inspector's reader and
 * all its checks.
 */
#ifndef TESTS_LAYOUT_RULES_H
#define TESTS_LAYOUT_RULES_H

#include <sys/mman.h>
#include <zlib.h>

#include "make_tree.h"
#include "xipfs/base/io.h"
#include "xipfs/image/layout.h"
#include "xipfs/read/reader.h"
#include "xipfs/check/verify.h"
#include "writer.h"

/* An image in memory, and the stages it came from. */
struct laid {
	const struct made *made;
	const struct xip_plan *plan;
	const struct xip_layout *layout;
	const struct xip_layout_options *options;
	const uint8_t *insert;
	int fd;
	uint8_t *bytes;
	size_t size;
};

/* One block, found as the kernel finds it. */
struct found {
	uint32_t pointer, start, length; /* length 0: a hole */
	bool uncompressed, direct;
};

static inline void laid_write(struct laid *laid)
{
	size_t got;

	laid->fd = memfd_create("image", MFD_CLOEXEC);
	ck_assert_int_ge(laid->fd, 0);
	ck_assert_int_eq(
		xip_writer_write(laid->layout, laid->insert, laid->fd, "image", NULL), XIP_OK);
	laid->size = (size_t)lseek(laid->fd, 0, SEEK_END);
	laid->bytes = malloc(laid->size);
	ck_assert_ptr_nonnull(laid->bytes);
	ck_assert_int_eq(
		xip_io_pread(laid->fd, laid->bytes, laid->size, 0, &got, NULL, "image"), XIP_OK);
	ck_assert_uint_eq(got, laid->size);
}

static inline void laid_free(struct laid *laid)
{
	close(laid->fd);
	free(laid->bytes);
}

static inline uint32_t laid_get32(const struct laid *laid, uint64_t at)
{
	ck_assert_uint_le(at + 4, laid->size);
	return xip_get32(laid->bytes + at, laid->options->big);
}

static inline uint32_t laid_get16(const struct laid *laid, uint64_t at)
{
	ck_assert_uint_le(at + 2, laid->size);
	return xip_get16(laid->bytes + at, laid->options->big);
}

/* --- The layout's own words ------------------------------------------------------------------ */

/* Extents ascend without overlap; every byte is counted once; whole pages. */
static inline void rule_extents(const struct laid *laid)
{
	const struct xip_layout *layout = laid->layout;
	uint64_t end = layout->super_offset + XIP_SUPER_SIZE, sum = end;
	uint64_t kinds[XIP_LAYOUT_INSERT + 1] = {0};

	ck_assert_uint_eq(layout->bytes.super, end);
	for (size_t i = 0; i < layout->extent_count; i++) {
		const struct xip_layout_extent *extent = &layout->extents[i];

		if (extent->position < end || !extent->length)
			ck_abort_msg("extent %zu at %u begins before %llu, or is empty", i,
				extent->position, (unsigned long long)end);
		/* what lies between pieces is zeros */
		if (!xip_bytes_are_zero(laid->bytes + end, extent->position - end))
			ck_abort_msg("the gap before byte %u is not zero", extent->position);
		end = (uint64_t)extent->position + extent->length;
		sum += extent->length;
		kinds[extent->kind] += extent->length;
	}
	ck_assert_uint_le(end, layout->size);
	ck_assert(xip_bytes_are_zero(laid->bytes + end, layout->size - end));
	ck_assert_uint_eq(layout->bytes.directories, kinds[XIP_LAYOUT_DIRECTORY]);
	ck_assert_uint_eq(layout->bytes.tables, kinds[XIP_LAYOUT_TABLE]);
	ck_assert_uint_eq(layout->bytes.xip, kinds[XIP_LAYOUT_XIP]);
	ck_assert_uint_eq(layout->bytes.insert, kinds[XIP_LAYOUT_INSERT]);
	ck_assert_uint_eq(layout->bytes.compressed + layout->bytes.stored,
		kinds[XIP_LAYOUT_PAYLOAD] + kinds[XIP_LAYOUT_DIRECT] + kinds[XIP_LAYOUT_WRAPPED] +
			kinds[XIP_LAYOUT_BARE]);
	ck_assert_uint_eq(layout->bytes.padding, layout->size - sum);
	ck_assert_uint_eq(layout->size % laid->plan->page_size, 0);
	ck_assert_uint_eq(layout->size, laid->size);
	ck_assert_uint_ge(layout->size + laid->plan->page_size, layout->need);
}

static inline void rule_super(const struct laid *laid)
{
	uint32_t start = laid->options->boot_pad ? XIP_BOOT_PAD : 0;
	struct xip_super super;
	uint8_t head[XIP_SUPER_SIZE];
	uLong crc;

	ck_assert_uint_eq(laid->layout->super_offset, start);
	ck_assert(xip_bytes_are_zero(laid->bytes, start));
	xip_super_decode(&super, laid->bytes + start, laid->options->big);
	ck_assert_uint_eq(super.magic, CRAMFS_MAGIC);
	ck_assert_uint_eq(super.size, laid->size);
	ck_assert_mem_eq(super.signature, CRAMFS_SIGNATURE, 16);
	ck_assert_mem_eq(super.name, laid->options->name, 16);
	ck_assert_uint_eq(super.edition, laid->options->edition);
	ck_assert_uint_eq(super.files, laid->made->tree->node_count);
	ck_assert_uint_eq(super.future, 0);
	ck_assert_int_eq(
		!(super.flags & CRAMFS_FLAG_SHIFTED_ROOT_OFFSET), !laid->options->insert_size);
	if (laid->options->insert_size)
		ck_assert(!memcmp(laid->bytes + start + XIP_SUPER_SIZE, laid->insert,
			laid->options->insert_size));
	else if (super.root.offset)
		ck_assert_uint_eq(super.root.offset, start + XIP_SUPER_SIZE);
	memcpy(head, laid->bytes + start, sizeof(head));
	memset(head + XIP_SUPER_CRC, 0, 4);
	crc = crc32(crc32(0, NULL, 0), head, sizeof(head));
	crc = crc32(
		crc, laid->bytes + start + sizeof(head), (uInt)(laid->size - start - sizeof(head)));
	ck_assert_uint_eq(super.crc, crc);
}

/* --- Entries --------------------------------------------------------------------------------- */

/* The inode on disk of each node, in an order in which parents come first. */
struct entries {
	const struct xip_node **nodes;
	struct xip_inode *inodes;
	size_t count;
	uint64_t last; /* where the last entry of the image begins */
};

static inline void expect_entry(
	const struct xip_node *node, const struct xip_inode *inode, const uint8_t *name)
{
	const struct xip_tree_inode *source = node->inode;
	uint32_t type = source->mode & XIP_S_IFMT, major, minor;
	uint8_t padded[XIP_NAME_MAX] = {0};

	memcpy(padded, node->name, node->name_length);
	ck_assert_uint_eq(inode->namelen, (node->name_length + 3) / 4 * 4);
	ck_assert(!memcmp(name, padded, inode->namelen));
	ck_assert_uint_eq(inode->mode, source->mode);
	ck_assert_uint_eq(inode->uid, source->uid);
	ck_assert_uint_eq(inode->gid, source->gid);
	if (type == XIP_S_IFREG || type == XIP_S_IFLNK) {
		ck_assert_uint_eq(inode->size, source->size);
	} else if (type != XIP_S_IFDIR) {
		xip_rdev_decode(inode->size, &major, &minor);
		ck_assert_uint_eq(major, source->major);
		ck_assert_uint_eq(minor, source->minor);
		ck_assert_uint_eq(inode->offset, 0);
	}
	ck_assert_int_eq(!inode->offset,
		type == XIP_S_IFDIR
			? !node->child_count
			: (type != XIP_S_IFREG && type != XIP_S_IFLNK) || !source->size);
}

static inline void read_directory(const struct laid *laid, struct entries *entries, size_t index)
{
	const struct xip_node *node = entries->nodes[index];
	uint64_t at = entries->inodes[index].offset;

	for (uint32_t i = 0; i < node->child_count; i++) {
		struct xip_inode *inode = &entries->inodes[entries->count];

		ck_assert_uint_le(at + XIP_INODE_SIZE, laid->size);
		xip_inode_decode(inode, laid->bytes + at, laid->options->big);
		expect_entry(node->children[i], inode, laid->bytes + at + XIP_INODE_SIZE);
		if (at > entries->last)
			entries->last = at;
		at += XIP_INODE_SIZE + inode->namelen;
		entries->nodes[entries->count++] = node->children[i];
	}
	ck_assert_uint_eq(at, entries->inodes[index].offset + entries->inodes[index].size);
}

/*
 * Every entry is as the tree says; 264 bytes of image follow the start of the last one: xipfs(5),
 * Directory.
 */
static inline struct entries rule_entries(const struct laid *laid)
{
	size_t count = laid->made->tree->node_count;
	struct entries entries = {.nodes = calloc(count, sizeof(*entries.nodes)),
		.inodes = calloc(count, sizeof(*entries.inodes)),
		.count = 1};
	struct xip_super super;

	ck_assert(entries.nodes && entries.inodes);
	xip_super_decode(&super, laid->bytes + laid->layout->super_offset, laid->options->big);
	entries.nodes[0] = laid->made->tree->root;
	entries.inodes[0] = super.root;
	ck_assert_uint_eq(super.root.mode, laid->made->tree->root->inode->mode);
	for (size_t i = 0; i < entries.count; i++)
		if ((entries.inodes[i].mode & XIP_S_IFMT) == XIP_S_IFDIR)
			read_directory(laid, &entries, i);
	ck_assert_uint_eq(entries.count, count);
	ck_assert_uint_le(entries.last + XIP_READ_AHEAD, laid->size);
	return entries;
}

/* --- Blocks ---------------------------------------------------------------------------------- */

static inline struct found find_block(
	const struct laid *laid, const struct xip_inode *inode, uint32_t index)
{
	uint32_t page_size = laid->plan->page_size, blocks = (inode->size - 1) / page_size + 1;
	uint32_t flags =
		laid->layout->super.flags & CRAMFS_FLAG_EXT_BLOCK_POINTERS ? CRAMFS_BLK_FLAGS : 0;
	uint64_t table = inode->offset;
	struct found found = {.pointer = laid_get32(laid, table + 4 * (uint64_t)index)};
	uint32_t before = index ? laid_get32(laid, table + 4 * (uint64_t)index - 4) : 0;

	found.uncompressed = found.pointer & flags & CRAMFS_BLK_FLAG_UNCOMPRESSED;
	found.direct = found.pointer & flags & CRAMFS_BLK_FLAG_DIRECT_PTR;
	if (found.direct) {
		found.start = (found.pointer & ~flags) << 2;
		found.length = page_size;
		if (found.uncompressed && index == blocks - 1)
			found.length = inode->size - index * page_size;
		if (!found.uncompressed) {
			found.length = laid_get16(laid, found.start);
			found.start += 2;
		}
		return found;
	}
	if (!index) {
		found.start = (uint32_t)table + 4 * blocks;
	} else if (before & flags & CRAMFS_BLK_FLAG_DIRECT_PTR) {
		found.start = (before & ~flags) << 2;
		found.start += before & flags & CRAMFS_BLK_FLAG_UNCOMPRESSED
				       ? page_size
				       : 2 + laid_get16(laid, found.start);
	} else {
		found.start = before & ~flags;
	}
	ck_assert_uint_le(found.start, found.pointer & ~flags);
	found.length = (found.pointer & ~flags) - found.start;
	return found;
}

static inline void expect_block(
	const struct laid *laid, const struct found *found, const uint8_t *bytes, uint32_t length)
{
	uint8_t page[XIP_PAGE_SIZE_MAX];
	uLongf got = sizeof(page);
	uLong used = found->length;

	ck_assert_uint_le((uint64_t)found->start + found->length, laid->size);
	if (!found->length) {
		ck_assert(xip_bytes_are_zero(bytes, length));
		return;
	}
	if (found->uncompressed) {
		ck_assert_uint_ge(found->length, length);
		ck_assert(!memcmp(laid->bytes + found->start, bytes, length));
		return;
	}
	ck_assert_uint_le(found->length, 2 * laid->plan->page_size); /* cramfs_read_folio() */
	ck_assert_int_eq(uncompress2(page, &got, laid->bytes + found->start, &used), Z_OK);
	ck_assert_uint_eq(used, found->length);
	ck_assert_uint_eq(got, length);
	ck_assert(!memcmp(page, bytes, length));
}

/* A page of 64 KiB that does not shrink, behind a page in place: see xip_layout_make. */
static inline bool is_corner(const struct laid *laid, const struct found *found)
{
	return laid->plan->page_size == XIP_PAGE_SIZE_MAX && found->length + 11 > UINT16_MAX;
}

/*
 * The blocks hold the source's bytes. Direct and uncompressed are those in the plan's runs and no
 * others, so none lies outside the XIP region, and none that is last and full is read as zeros for
 * nothing: xipfs(5), The last block.
 */
static inline void rule_blocks(
	const struct laid *laid, const struct xip_tree_inode *source, const struct xip_inode *inode)
{
	const struct xip_plan_file *plan = &laid->plan->files[source->number];
	uint32_t page_size = laid->plan->page_size;
	uint8_t *bytes = made_content(laid->made, source);

	for (uint32_t i = 0; (uint64_t)i * page_size < inode->size; i++) {
		struct found found = find_block(laid, inode, i);
		uint32_t left = inode->size - i * page_size;
		uint32_t length = left < page_size ? left : page_size;
		bool xip = xip_plan_is_xip(plan, i, NULL);

		expect_block(laid, &found, bytes + (size_t)i * page_size, length);
		if (xip && !(found.direct && found.uncompressed))
			ck_abort_msg("page %u is not in place", i);
		if (!xip && found.direct && found.uncompressed && !is_corner(laid, &found))
			ck_abort_msg("page %u is in place, but was not to be", i);
		if (!xip && found.direct && found.uncompressed && left == page_size)
			ck_abort_msg("the full last page %u would be read as zeros", i);
	}
	free(bytes);
}

/* --- The XIP region -------------------------------------------------------------------------- */

struct range {
	uint64_t start, end; /* in whole pages */
	uint32_t offset;     /* of the inode's data: which inode it is */
	bool mmu_only;
};

static inline int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Runs are contiguous and aligned; behind the file's end the page is zero. */
static inline void rule_run(const struct laid *laid, const struct xip_inode *inode,
	const struct xip_plan_run *run, struct range *range)
{
	uint32_t page_size = laid->plan->page_size;
	struct found first = find_block(laid, inode, run->first);
	uint64_t length = inode->size - (uint64_t)run->first * page_size;

	ck_assert_uint_eq(first.start % run->align, 0);
	for (uint32_t i = 1; i < run->count; i++) {
		struct found next = find_block(laid, inode, run->first + i);

		ck_assert_uint_eq(next.start, (uint64_t)first.start + (uint64_t)i * page_size);
	}
	range->start = first.start;
	range->end = range->start + (uint64_t)run->count * page_size;
	ck_assert_uint_le(range->end, laid->size);
	if (length < (uint64_t)run->count * page_size)
		ck_assert(xip_bytes_are_zero(
			laid->bytes + range->start + length, range->end - range->start - length));
}

/*
 * Page-rounded ranges of two inodes never overlap, unless both are of one place and only a kernel
 * with an MMU maps them. All that is not in place lies before all that is.
 */
static inline void rule_ranges(const struct laid *laid, struct range *ranges, size_t count)
{
	uint64_t begin = count ? UINT64_MAX : laid->size;

	if (count)
		qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].start < begin)
			begin = ranges[i].start;
		for (size_t k = i + 1; k < count && ranges[k].start < ranges[i].end; k++) {
			if (ranges[i].offset == ranges[k].offset)
				continue;
			if (ranges[i].start != ranges[k].start || ranges[i].end != ranges[k].end ||
				!ranges[i].mmu_only || !ranges[k].mmu_only)
				ck_abort_msg("pages in place overlap at %llu",
					(unsigned long long)ranges[k].start);
		}
	}
	for (size_t i = 0; i < laid->layout->extent_count; i++) {
		const struct xip_layout_extent *extent = &laid->layout->extents[i];

		if ((extent->kind == XIP_LAYOUT_XIP) != (extent->position >= begin))
			ck_abort_msg("byte %u is on the wrong side of the XIP region's start",
				extent->position);
	}
}

/* --- All of it ------------------------------------------------------------------------------- */

static inline void rule_files(const struct laid *laid, const struct entries *entries)
{
	struct range *ranges = NULL;
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++) {
		const struct xip_tree_inode *source = entries->nodes[i]->inode;
		uint32_t type = source->mode & XIP_S_IFMT;
		const struct xip_plan_file *plan;
		const struct xip_layout_file *file;

		if ((type != XIP_S_IFREG && type != XIP_S_IFLNK) || !source->size)
			continue;
		plan = &laid->plan->files[source->number];
		file = &laid->layout->files[source->number];
		ck_assert_uint_eq(file->offset, entries->inodes[i].offset);
		rule_blocks(laid, source, &entries->inodes[i]);
		ranges = realloc(ranges, (count + plan->run_count + 1) * sizeof(*ranges));
		for (uint32_t r = 0; r < plan->run_count; r++) {
			struct range *range = &ranges[count++];

			range->offset = file->offset;
			range->mmu_only = plan->mmu_only;
			rule_run(laid, &entries->inodes[i], &plan->runs[r], range);
			if (!r)
				ck_assert_uint_eq(file->flash, range->start);
		}
	}
	rule_ranges(laid, ranges, count);
	free(ranges);
}

static inline int compare_inodes(const void *a, const void *b)
{
	const struct xip_inode *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/*
 * Two entries of one offset are one inode in the kernel's cache: xipfs(5), Sharing. Sorts the
 * entries.
 */
static inline void rule_inode_numbers(struct entries *entries)
{
	qsort(entries->inodes, entries->count, sizeof(*entries->inodes), compare_inodes);
	for (size_t i = 1; i < entries->count; i++) {
		const struct xip_inode *a = &entries->inodes[i - 1], *b = &entries->inodes[i];

		if (!a->offset || a->offset != b->offset)
			continue;
		if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid ||
			a->size != b->size || (a->mode & XIP_S_IFMT) == XIP_S_IFDIR)
			ck_abort_msg("unlike inodes share the offset %u", a->offset);
	}
}

static inline void report_finding(void *user, const struct xip_finding *finding)
{
	const struct xip_check_info *check = xip_check_info(finding->check);

	(void)user;
	if (!check->warning)
		ck_abort_msg("check %s: %s", check->name, finding->message);
}

/*
 * The inspector reads the same bytes and finds no fault. Whether only a kernel with an MMU maps a
 * file, it learns from the file's content, which here is no program: rule_ranges judges that.
 */
static inline void rule_inspector(const struct laid *laid)
{
	size_t overlap = xip_check_find("xip-overlap", strlen("xip-overlap"));
	struct xip_verify_options options = {
		.enabled = ~((uint64_t)1 << overlap), .finding = report_finding};
	const struct xip_tree *tree = laid->made->tree;
	const struct xip_node *node = NULL;
	struct xip_verify_result result;
	struct xip_listing listing;
	struct xip_image *image;
	size_t index = 0;

	ck_assert_uint_ne(overlap, SIZE_MAX);
	ck_assert_int_eq(
		xip_image_open(&image, laid->fd, "image", laid->plan->page_size, NULL), XIP_OK);
	ck_assert_int_eq(xip_verify(image, &options, &result, NULL), XIP_OK);
	ck_assert_uint_eq(result.errors, 0);
	ck_assert_int_eq(xip_image_list(image, false, &listing, NULL), XIP_OK);
	ck_assert_uint_eq(listing.count, tree->node_count);
	while ((node = xip_tree_next(tree, node))) {
		uint32_t type = node->inode->mode & XIP_S_IFMT;
		const struct xip_entry *entry = &listing.entries[index];
		uint8_t *bytes, *data;
		size_t size;

		ck_assert(!strcmp(node->name, entry->name));
		index = xip_listing_next(&listing, index);
		if (type != XIP_S_IFREG && type != XIP_S_IFLNK)
			continue;
		ck_assert_int_eq(
			xip_image_load(image, &entry->inode, &data, &size, "file", NULL), XIP_OK);
		bytes = made_content(laid->made, node->inode);
		ck_assert_uint_eq(size, node->inode->size);
		ck_assert(!memcmp(bytes, data, size));
		free(bytes);
		free(data);
	}
	ck_assert_uint_eq(index, SIZE_MAX);
	xip_listing_free(&listing);
	xip_image_close(image);
}

/* All rules; with contents that can be read, the inspector's view as well. */
static inline void expect_rules(const struct laid *laid)
{
	struct entries entries;

	rule_extents(laid);
	rule_super(laid);
	entries = rule_entries(laid);
	rule_files(laid, &entries);
	rule_inode_numbers(&entries);
	rule_inspector(laid);
	free(entries.nodes);
	free(entries.inodes);
}

#endif
