/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the super block and of the entries.
 */
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "xipfs/base/bytes.h"

/* cramfs_read_super() */
static enum xip_err check_super(struct xip_checker *checker)
{
	const struct xip_super *super = &checker->info->super;
	uint64_t position = checker->info->super_offset;
	uint32_t root = super->root.offset;

	if (checker->info->missing)
		xip_check_report(checker, SIZE_MAX, checker->info->size,
			"the image is cut short: the last %llu of its %u bytes are missing",
			(unsigned long long)checker->info->missing, super->size);
	if (memcmp(super->signature, CRAMFS_SIGNATURE, sizeof(super->signature)))
		xip_check_report(checker, SIZE_MAX, position + 16,
			"the signature is not \"" CRAMFS_SIGNATURE "\"");
	if (root && !(super->flags & CRAMFS_FLAG_SHIFTED_ROOT_OFFSET) && root != XIP_SUPER_SIZE &&
		root != XIP_BOOT_PAD + XIP_SUPER_SIZE)
		xip_check_report(checker, SIZE_MAX, position + XIP_SUPER_ROOT,
			"the root directory is at %u; without a flag that allows it the kernel "
			"wants it at %u or %u",
			root, XIP_SUPER_SIZE, XIP_BOOT_PAD + XIP_SUPER_SIZE);
	return XIP_OK;
}

static enum xip_err check_crc(struct xip_checker *checker)
{
	struct xip_image_crc crc;
	enum xip_err err = xip_image_crc(checker->image, &crc, checker->diag);

	if (!err && !crc.right)
		xip_check_report(checker, SIZE_MAX, checker->info->super_offset + XIP_SUPER_CRC,
			"the CRC-32 is %08x, but the super block says %08x", crc.found,
			crc.recorded);
	return err;
}

/* cramfs_read() answers a read outside the image with zeros. */
static enum xip_err check_bounds(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->listing.count; i++) {
		const struct xip_inode *inode = &checker->listing.entries[i].inode;
		uint64_t table =
			(uint64_t)xip_image_block_count(checker->image, inode) * XIP_POINTER_SIZE;

		if (table && !xip_range_inside(inode->offset, table, checker->info->size))
			xip_check_report(checker, i, inode->offset,
				"the table of block pointers leaves the image");
	}
	return XIP_OK;
}

/* cramfs_lookup() compares the padded lengths first, so more padding hides the name from it. */
static enum xip_err check_padding(struct xip_checker *checker)
{
	for (size_t i = 1; i < checker->listing.count; i++) {
		const struct xip_entry *entry = &checker->listing.entries[i];
		unsigned padding = entry->inode.namelen - entry->name_length;

		if (padding > 3)
			xip_check_report(checker, i, entry->position,
				"the name is padded by %u bytes: listed, but never found", padding);
	}
	return XIP_OK;
}

static int compare_entries(const void *a, const void *b)
{
	const struct xip_entry *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* cramfs_lookup() stops at the first greater name when CRAMFS_FLAG_SORTED_DIRS is set. */
static enum xip_err check_order(struct xip_checker *checker)
{
	const struct xip_entry *entries = checker->listing.entries;

	if (!(checker->info->super.flags & CRAMFS_FLAG_SORTED_DIRS))
		return XIP_OK;
	for (size_t i = 2; i < checker->listing.count; i++)
		if (entries[i].parent == entries[i - 1].parent &&
			strcmp(entries[i].name, entries[i - 1].name) < 0)
			xip_check_report(checker, i, entries[i].position,
				"the name follows a greater one: the kernel may not find it");
	return XIP_OK;
}

static enum xip_err duplicates_in(struct xip_checker *checker, const struct xip_entry *directory)
{
	const struct xip_entry *entries = checker->listing.entries;
	const struct xip_entry *first = entries + directory->first_child;
	size_t count = directory->child_count, i = 1;
	const struct xip_entry **sorted;

	while (i < count && strcmp(first[i - 1].name, first[i].name) < 0)
		i++;
	if (i >= count)
		return XIP_OK;
	sorted = calloc(count, sizeof(*sorted));
	if (!sorted)
		return xip_diag_nomem(checker->diag);
	for (i = 0; i < count; i++)
		sorted[i] = first + i;
	qsort(sorted, count, sizeof(*sorted), compare_entries);
	for (i = 1; i < count; i++)
		if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
			xip_check_report(checker, (size_t)(sorted[i] - entries),
				sorted[i]->position, "the name occurs twice in its directory");
	free(sorted);
	return XIP_OK;
}

/* cramfs_lookup() finds one of them only, cramfs_readdir() shows them all. */
static enum xip_err check_duplicates(struct xip_checker *checker)
{
	enum xip_err err = XIP_OK;

	for (size_t i = 0; !err && i < checker->listing.count; i++)
		err = duplicates_in(checker, &checker->listing.entries[i]);
	return err;
}

/* get_cramfs_inode(), since Linux 6.18 */
static enum xip_err check_modes(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->listing.count; i++) {
		const struct xip_entry *entry = &checker->listing.entries[i];

		if (!xip_mode_is_valid(entry->inode.mode))
			xip_check_report(checker, i, entry->position,
				"mode %06o has no valid file type", entry->inode.mode);
	}
	return XIP_OK;
}

/* get_cramfs_inode(): old_decode_dev() looks at 16 bits. */
static enum xip_err check_devices(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->listing.count; i++) {
		const struct xip_entry *entry = &checker->listing.entries[i];

		if (xip_mode_is_device(entry->inode.mode) && entry->inode.size > 0xffff)
			xip_check_report(checker, i, entry->position,
				"device number %#x has more than 16 bits", entry->inode.size);
	}
	return XIP_OK;
}

/* cramino() gives no data to an inode without offset; page_get_link() reads one page. */
static enum xip_err check_sizes(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->listing.count; i++) {
		const struct xip_entry *entry = &checker->listing.entries[i];
		const struct xip_inode *inode = &entry->inode;
		bool link = xip_mode_is_symlink(inode->mode);

		if (!link && !xip_mode_is_regular(inode->mode) &&
			!xip_mode_is_directory(inode->mode))
			continue;
		if (inode->size && !inode->offset)
			xip_check_report(checker, i, entry->position,
				"%u bytes, but no data: the kernel shows it empty", inode->size);
		if (link && !inode->size)
			xip_check_report(
				checker, i, entry->position, "a symbolic link without a target");
		if (link && inode->size >= checker->info->page_size)
			xip_check_report(checker, i, entry->position,
				"the target of a symbolic link has %u bytes: the kernel cuts it to "
				"%u",
				inode->size, checker->info->page_size - 1);
	}
	return XIP_OK;
}

/* page_get_link() gives a string, and nd_terminate_link() ends what has no NUL of its own. */
static enum xip_err check_symlinks(struct xip_checker *checker)
{
	for (size_t i = 0; i < checker->listing.count; i++) {
		const struct xip_entry *entry = &checker->listing.entries[i];
		enum xip_err err;
		uint8_t *target;
		size_t size;

		if (!xip_mode_is_symlink(entry->inode.mode) ||
			!xip_inode_has_blocks(&entry->inode) ||
			entry->inode.size >= checker->info->page_size)
			continue;
		err = xip_image_load(checker->image, &entry->inode, &target, &size, NULL, NULL);
		if (err == XIP_ERR_CORRUPT)
			continue; /* for other checks to report */
		if (err)
			return err == XIP_ERR_NOMEM ? xip_diag_nomem(checker->diag) : err;
		if (strlen((const char *)target) < size)
			xip_check_report(checker, i, entry->inode.offset,
				"the target of the symbolic link has a NUL after %zu of %zu bytes: "
				"the kernel ends it there",
				strlen((const char *)target), size);
		free(target);
	}
	return XIP_OK;
}

/* cramfs_readdir(), cramfs_lookup(), and cramfs_direct_read() at the end of the image */
static enum xip_err check_read_ahead(struct xip_checker *checker)
{
	for (size_t i = 1; i < checker->listing.count; i++) {
		const struct xip_entry *entry = &checker->listing.entries[i];

		if (!xip_range_inside(entry->position, XIP_READ_AHEAD, checker->info->size))
			xip_check_report(checker, i, entry->position,
				"the image ends less than %u bytes after the start of the entry: "
				"read from flash it is all zeros",
				XIP_READ_AHEAD);
	}
	return XIP_OK;
}

/* An entry whose inode number is the offset of its data. */
struct numbered {
	uint32_t offset, entry;
};

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->entry > y->entry) - (x->entry < y->entry);
}

static void compare_sharers(struct xip_checker *checker, uint32_t first, uint32_t second)
{
	const struct xip_entry *entries = checker->listing.entries;
	const struct xip_inode *a = &entries[first].inode, *b = &entries[second].inode;
	const char *what = NULL;
	char buffer[XIP_SHOWN_PATH_SIZE];

	if (xip_mode_type(a->mode) != xip_mode_type(b->mode))
		what = "type";
	else if (a->mode != b->mode)
		what = "mode";
	else if (a->uid != b->uid || a->gid != b->gid)
		what = "owner";
	else if (a->size != b->size)
		what = "size";
	if (!what)
		return;
	xip_check_report(checker, second, b->offset,
		"it shares the data offset of %s, so to the kernel it is the same inode, but its "
		"%s differs",
		xip_listing_show(&checker->listing, first, buffer), what);
}

/* cramino() and get_cramfs_inode(): whichever entry is looked up first speaks for all. */
static enum xip_err check_shared_inode(struct xip_checker *checker)
{
	const struct xip_listing *listing = &checker->listing;
	struct numbered *numbers = calloc(listing->count, sizeof(*numbers));
	size_t count = 0, first = 0;

	if (!numbers)
		return xip_diag_nomem(checker->diag);
	for (size_t i = 0; i < listing->count; i++) {
		const struct xip_inode *inode = &listing->entries[i].inode;

		if (xip_inode_has_blocks(inode) ||
			(xip_mode_is_directory(inode->mode) && inode->size && inode->offset))
			numbers[count++] = (struct numbered){inode->offset, (uint32_t)i};
	}
	qsort(numbers, count, sizeof(*numbers), compare_numbered);
	for (size_t i = 1; i < count; i++) {
		if (numbers[i].offset != numbers[first].offset)
			first = i;
		else
			compare_sharers(checker, numbers[first].entry, numbers[i].entry);
	}
	free(numbers);
	return XIP_OK;
}

const struct xip_check xip_checks_tree[] = {
	{{"super", "the super block is one that the kernel mounts", false}, XIP_NEED_LISTING,
		check_super},
	{{"crc", "the CRC-32 of the image is the recorded one", false}, XIP_NEED_LISTING,
		check_crc},
	{{"bounds", "directories, entries and tables lie inside the image", false},
		XIP_NEED_LISTING, check_bounds},
	{{"loops", "no directory contains or overlaps another one's entries", false},
		XIP_NEED_LISTING, NULL},
	{{"names", "names are not empty, no \".\" or \"..\", without '/' and NUL", false},
		XIP_NEED_LISTING, NULL},
	{{"padding", "names are padded by at most three NULs", false}, XIP_NEED_LISTING,
		check_padding},
	{{"order", "directories are sorted by strcmp on unsigned bytes", false}, XIP_NEED_LISTING,
		check_order},
	{{"duplicates", "no name occurs twice in a directory", false}, XIP_NEED_LISTING,
		check_duplicates},
	{{"modes", "the mode has one of the seven file types", false}, XIP_NEED_LISTING,
		check_modes},
	{{"devices", "device numbers fit 8 bits major and 8 bits minor", false}, XIP_NEED_LISTING,
		check_devices},
	{{"sizes", "what has a size has data; symlinks fit a page", false}, XIP_NEED_LISTING,
		check_sizes},
	{{"symlinks", "the target of a symlink holds no NUL", false}, XIP_NEED_LISTING,
		check_symlinks},
	{{"read-ahead", "264 bytes of image follow the start of the last directory entry", false},
		XIP_NEED_LISTING, check_read_ahead},
	{{"shared-inode", "entries that share data agree in type, mode, owner and size", false},
		XIP_NEED_LISTING, check_shared_inode},
	{{NULL, NULL, false}, XIP_NEED_LISTING, NULL},
};
