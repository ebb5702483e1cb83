/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two trees are walked side by side: pairs of directories with one path wait on a stack.
 */
#include "xipfs/inspect/diff.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct pair {
	size_t before, after;
};

/* What the content of a file of the first image was compared with last. */
struct memory {
	uint32_t other; /* file of the second image plus 1; 0: nothing */
	bool differs;
};

struct diff {
	const struct xip_diff_side *before, *after;
	void (*found)(void *user, const struct xip_difference *difference);
	void *user;
	const struct xip_diag *diag;
	struct pair *stack;
	size_t depth, room;
	struct memory *memories; /* one for each file of the first image */
	enum xip_err damaged;    /* an unreadable file was met */
};

static const struct xip_inode *inode_of(const struct xip_diff_side *side, size_t index)
{
	return &side->listing->entries[index].inode;
}

static const struct xip_file *file_of(const struct xip_diff_side *side, size_t index)
{
	uint32_t file = side->map->file_of_entry[index];

	return file == XIP_NO_ENTRY ? NULL : &side->map->files[file];
}

static uint64_t cost_of(const struct xip_diff_side *side, size_t index)
{
	const struct xip_inode *inode = inode_of(side, index);
	const struct xip_file *file = file_of(side, index);
	uint64_t cost = XIP_INODE_SIZE + inode->namelen;

	if (file)
		cost += (uint64_t)xip_image_block_count(side->image, inode) * XIP_POINTER_SIZE +
			file->packed_bytes;
	return cost;
}

static void report(const struct diff *diff, size_t before, size_t after, unsigned fields)
{
	const struct xip_difference difference = {
		.before = before,
		.after = after,
		.fields = fields,
		.bytes_before = before == SIZE_MAX ? 0 : cost_of(diff->before, before),
		.bytes_after = after == SIZE_MAX ? 0 : cost_of(diff->after, after),
	};

	diff->found(diff->user, &difference);
}

/* An entry that only one image has, with all below it. */
static void report_lonely(const struct diff *diff, size_t before, size_t after)
{
	const struct xip_listing *listing =
		before == SIZE_MAX ? diff->after->listing : diff->before->listing;
	size_t index = before == SIZE_MAX ? after : before;
	size_t end = xip_listing_skip(listing, index);

	for (; index != end; index = xip_listing_next(listing, index))
		if (before == SIZE_MAX)
			report(diff, SIZE_MAX, index, XIP_DIFF_ADDED);
		else
			report(diff, index, SIZE_MAX, XIP_DIFF_REMOVED);
}

static enum xip_err load(struct diff *diff, const struct xip_diff_side *side, size_t index,
	uint8_t **data, size_t *size)
{
	char buffer[XIP_SHOWN_PATH_SIZE];
	enum xip_err err = xip_image_load(side->image, inode_of(side, index), data, size,
		xip_listing_show(side->listing, index, buffer), diff->diag);

	if (err == XIP_ERR_CORRUPT)
		diff->damaged = err;
	return err;
}

/* Page sizes may differ, so whole files are compared, not blocks. What cannot be read differs. */
static enum xip_err contents_differ(struct diff *diff, size_t before, size_t after, bool *differs)
{
	uint8_t *one = NULL, *other = NULL;
	size_t one_size, other_size;
	enum xip_err err = load(diff, diff->before, before, &one, &one_size);

	*differs = true;
	if (!err)
		err = load(diff, diff->after, after, &other, &other_size);
	if (!err)
		*differs = one_size != other_size || memcmp(one, other, one_size);
	free(one);
	free(other);
	return err == XIP_ERR_CORRUPT ? XIP_OK : err;
}

/* Compares the data of two files or links, each pair of data once. */
static enum xip_err compare_data(struct diff *diff, size_t before, size_t after, unsigned *fields)
{
	uint32_t number = diff->before->map->file_of_entry[before];
	uint32_t other = diff->after->map->file_of_entry[after];
	const struct xip_file *one = file_of(diff->before, before);
	const struct xip_file *two = file_of(diff->after, after);
	struct memory *memory;
	enum xip_err err = XIP_OK;

	if (!one || !two) {
		*fields |= one || two ? XIP_DIFF_CONTENT : 0;
		return XIP_OK;
	}
	memory = &diff->memories[number];
	if (memory->other != other + 1) {
		err = contents_differ(diff, before, after, &memory->differs);
		memory->other = other + 1;
	}
	if (memory->differs)
		*fields |= XIP_DIFF_CONTENT;
	if (one->xip != two->xip || one->compressed != two->compressed ||
		one->stored != two->stored || one->holes != two->holes)
		*fields |= XIP_DIFF_PLACEMENT;
	return err;
}

static enum xip_err compare_entries(struct diff *diff, size_t before, size_t after)
{
	const struct xip_inode *one = inode_of(diff->before, before);
	const struct xip_inode *two = inode_of(diff->after, after);
	uint32_t type = xip_mode_type(one->mode);
	unsigned fields = 0;
	enum xip_err err = XIP_OK;

	if ((one->mode ^ two->mode) & 07777)
		fields |= XIP_DIFF_MODE;
	if (one->uid != two->uid || one->gid != two->gid)
		fields |= XIP_DIFF_OWNER;
	if (xip_mode_type(one->mode) != xip_mode_type(two->mode))
		fields |= XIP_DIFF_TYPE;
	else if (type == XIP_S_IFREG || type == XIP_S_IFLNK)
		err = compare_data(diff, before, after, &fields);
	else if ((type == XIP_S_IFCHR || type == XIP_S_IFBLK) && one->size != two->size)
		fields |= XIP_DIFF_DEVICE;
	if (!err && fields)
		report(diff, before, after, fields);
	return err;
}

static enum xip_err push(struct diff *diff, size_t before, size_t after)
{
	if (diff->depth == diff->room) {
		size_t room = diff->room ? 2 * diff->room : 64;
		struct pair *larger = realloc(diff->stack, room * sizeof(*larger));

		if (!larger)
			return xip_diag_nomem(diff->diag);
		diff->stack = larger;
		diff->room = room;
	}
	diff->stack[diff->depth++] = (struct pair){before, after};
	return XIP_OK;
}

static int compare_names(const void *a, const void *b)
{
	const struct xip_entry *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* The children of a directory in order of their names, malloc'ed. */
static const struct xip_entry **sorted_children(
	const struct xip_listing *listing, size_t directory, size_t *count)
{
	const struct xip_entry *entry = &listing->entries[directory];
	const struct xip_entry **children;

	*count = entry->child_count;
	children = calloc(*count + 1, sizeof(*children));
	for (size_t i = 0; children && i < *count; i++)
		children[i] = &listing->entries[entry->first_child + i];
	if (children)
		qsort(children, *count, sizeof(*children), compare_names);
	return children;
}

/* Merges the two lists of children; subdirectories that both have are pushed. */
static enum xip_err merge(struct diff *diff, const struct xip_entry **one, size_t one_count,
	const struct xip_entry **two, size_t two_count)
{
	enum xip_err err = XIP_OK;

	for (size_t i = 0, j = 0; !err && (i < one_count || j < two_count);) {
		int order = i == one_count   ? 1
			    : j == two_count ? -1
					     : strcmp(one[i]->name, two[j]->name);
		size_t before =
			order <= 0 ? (size_t)(one[i++] - diff->before->listing->entries) : SIZE_MAX;
		size_t after =
			order >= 0 ? (size_t)(two[j++] - diff->after->listing->entries) : SIZE_MAX;

		if (order) {
			report_lonely(diff, before, after);
			continue;
		}
		err = compare_entries(diff, before, after);
		if (!err && xip_mode_is_directory(inode_of(diff->before, before)->mode) &&
			xip_mode_is_directory(inode_of(diff->after, after)->mode))
			err = push(diff, before, after);
	}
	return err;
}

static enum xip_err compare_directories(struct diff *diff, struct pair pair)
{
	size_t one_count, two_count, bottom = diff->depth;
	const struct xip_entry **one =
		sorted_children(diff->before->listing, pair.before, &one_count);
	const struct xip_entry **two =
		sorted_children(diff->after->listing, pair.after, &two_count);
	enum xip_err err = one && two ? merge(diff, one, one_count, two, two_count)
				      : xip_diag_nomem(diff->diag);

	/* The first directory goes on top. */
	for (size_t i = bottom, j = diff->depth; i + 1 < j; i++, j--) {
		struct pair swapped = diff->stack[i];

		diff->stack[i] = diff->stack[j - 1];
		diff->stack[j - 1] = swapped;
	}
	free(one);
	free(two);
	return err;
}

enum xip_err xip_diff(const struct xip_diff_side *before, const struct xip_diff_side *after,
	void (*found)(void *user, const struct xip_difference *difference), void *user,
	const struct xip_diag *diag)
{
	struct diff diff = {
		.before = before,
		.after = after,
		.found = found,
		.user = user,
		.diag = diag,
		.memories = calloc(before->map->file_count + 1, sizeof(*diff.memories)),
	};
	enum xip_err err = diff.memories ? push(&diff, 0, 0) : xip_diag_nomem(diag);

	if (!err)
		err = xip_content_limit(before->image, before->listing, false, diag);
	if (!err)
		err = xip_content_limit(after->image, after->listing, false, diag);
	if (!err)
		err = compare_entries(&diff, 0, 0);
	while (!err && diff.depth)
		err = compare_directories(&diff, diff.stack[--diff.depth]);
	free(diff.stack);
	free(diff.memories);
	return err ? err : diff.damaged;
}
