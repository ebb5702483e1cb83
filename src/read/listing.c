/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of entries. The directories are a queue, not a recursion: the list itself, read
 * from the front while children are added at the back.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"

/* State of a walk. */
struct walk {
	const struct xip_image *image;
	struct xip_listing *listing;
	size_t room;
	uint8_t *taken; /* one bit for each four bytes of the image: they belong to a directory */
	const struct xip_list_report *report;
	const struct xip_diag *diag;
};

static enum xip_err walk_fault(const struct walk *walk, enum xip_list_fault fault, size_t index,
	uint64_t offset, const char *message)
{
	if (walk->report->fault(walk->report->user, fault, walk->listing, index, offset, message))
		return XIP_OK;
	return XIP_ERR_CORRUPT;
}

static enum xip_err add_entry(struct walk *walk, const struct xip_inode *inode, uint32_t position,
	uint32_t parent, const char *name, size_t name_length)
{
	struct xip_listing *listing = walk->listing;
	struct xip_entry *entry;

	if (listing->count == walk->room) {
		size_t room = walk->room ? 2 * walk->room : 64;
		struct xip_entry *entries =
			realloc(listing->entries, room * sizeof(*listing->entries));

		if (!entries)
			return xip_diag_nomem(walk->diag);
		listing->entries = entries;
		walk->room = room;
	}
	entry = &listing->entries[listing->count];
	*entry = (struct xip_entry){
		.inode = *inode,
		.position = position,
		.parent = parent,
		.name_length = (uint32_t)name_length,
		.name = xip_arena_strndup(listing->arena, name, name_length),
	};
	if (!entry->name)
		return xip_diag_nomem(walk->diag);
	listing->count++;
	return XIP_OK;
}

/* Marks the directory's words; false when one of them belongs to another directory. */
static bool take_words(uint8_t *taken, uint64_t begin, uint64_t end)
{
	for (uint64_t word = begin / 4; word < xip_div_up(end, 4); word++) {
		uint8_t bit = (uint8_t)(1u << word % 8);

		if (taken[word / 8] & bit)
			return false;
		taken[word / 8] |= bit;
	}
	return true;
}

/* NULL: a name that a file system may hold. */
static const char *name_fault(const char *name, size_t length)
{
	if (!length)
		return "an entry has no name; the kernel stops listing the directory there";
	if (memchr(name, 0, length))
		return "a name holds a NUL";
	if (memchr(name, '/', length))
		return "a name holds a '/'";
	if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
		return "an entry is named \".\" or \"..\"";
	return NULL;
}

/*
 * Reads the entry at *@position and moves on to the next one. The name's zero padding is taken off
 * as cramfs_readdir() does.
 */
static enum xip_err read_entry(
	struct walk *walk, uint32_t directory, uint64_t *position, uint64_t end)
{
	uint64_t at = *position;
	uint8_t head[XIP_INODE_SIZE];
	char name[XIP_NAME_MAX];
	struct xip_inode inode;
	const char *fault;
	size_t length;
	enum xip_err err;

	*position = end; /* unless all goes well, nothing after it makes sense */
	if (end - at < XIP_INODE_SIZE)
		return walk_fault(walk, XIP_FAULT_BOUNDS, directory, at,
			"the directory ends inside an entry");
	err = xip_image_read(walk->image, at, head, sizeof(head), walk->diag);
	if (err)
		return err;
	xip_inode_decode(&inode, head, walk->image->info.big);
	if (end - at - XIP_INODE_SIZE < inode.namelen)
		return walk_fault(
			walk, XIP_FAULT_BOUNDS, directory, at, "the directory ends inside a name");
	err = xip_image_read(walk->image, at + XIP_INODE_SIZE, name, inode.namelen, walk->diag);
	if (err)
		return err;
	*position = at + XIP_INODE_SIZE + inode.namelen;
	length = inode.namelen;
	while (length && !name[length - 1])
		length--;
	fault = name_fault(name, length);
	if (fault)
		return walk_fault(walk, XIP_FAULT_NAME, directory, at, fault);
	return add_entry(walk, &inode, (uint32_t)at, directory, name, length);
}

static enum xip_err read_directory(struct walk *walk, uint32_t index)
{
	struct xip_listing *listing = walk->listing;
	const struct xip_inode *inode = &listing->entries[index].inode;
	uint64_t position = inode->offset, end = position + inode->size;
	uint64_t reach = walk->image->info.size;
	enum xip_err err = XIP_OK;

	listing->entries[index].first_child = (uint32_t)listing->count;
	if (!inode->offset || !inode->size)
		return XIP_OK; /* empty: cramino() gives it an odd number, so it has no size */
	if (end > reach + walk->image->info.missing || position > reach)
		return walk_fault(
			walk, XIP_FAULT_BOUNDS, index, position, "the directory leaves the image");
	if (end > reach) /* cut short: reported below, at an entry or name that is not whole */
		end = reach;
	if (!take_words(walk->taken, position, end))
		return walk_fault(walk, XIP_FAULT_OVERLAP, index, position,
			"the directory overlaps another one or contains itself");
	while (!err && position < end)
		err = read_entry(walk, index, &position, end);
	listing->entries[index].child_count =
		(uint32_t)listing->count - listing->entries[index].first_child;
	return err;
}

enum xip_err xip_listing_walk(const struct xip_image *image, struct xip_listing *listing,
	const struct xip_list_report *report, const struct xip_diag *diag)
{
	struct walk walk = {image, listing, 0, NULL, report, diag};
	uint64_t reach = XIP_OFFSET_LIMIT + XIP_FILE_SIZE_MAX; /* no directory lies beyond */
	enum xip_err err;

	if (image->info.size < reach)
		reach = image->info.size;
	*listing = (struct xip_listing){.arena = xip_arena_new()};
	walk.taken = calloc(1, (size_t)(reach / 32) + 1);
	if (!listing->arena || !walk.taken) {
		err = xip_diag_nomem(diag);
	} else {
		err = add_entry(&walk, &image->info.super.root,
			image->info.super_offset + XIP_SUPER_ROOT, 0, "", 0);
	}
	for (size_t i = 0; !err && i < listing->count; i++)
		if (xip_mode_is_directory(listing->entries[i].inode.mode))
			err = read_directory(&walk, (uint32_t)i);
	free(walk.taken);
	if (err)
		xip_listing_free(listing);
	return err;
}

void xip_listing_free(struct xip_listing *listing)
{
	free(listing->entries);
	xip_arena_free(listing->arena);
	*listing = (struct xip_listing){0};
}

/* What xip_image_list does with a fault. */
struct list_context {
	const struct xip_diag *diag;
	bool lenient;
};

static bool list_fault(void *user, enum xip_list_fault fault, const struct xip_listing *listing,
	size_t index, uint64_t offset, const char *message)
{
	const struct list_context *context = user;
	char buffer[XIP_SHOWN_PATH_SIZE];
	const char *path = xip_listing_show(listing, index, buffer);

	(void)fault;
	if (context->lenient)
		xip_diag_warn(context->diag, path, offset, "%s", message);
	else
		(void)xip_diag_fail(context->diag, XIP_ERR_CORRUPT, path, offset, "%s", message);
	return context->lenient;
}

enum xip_err xip_image_list(const struct xip_image *image, bool lenient,
	struct xip_listing *listing, const struct xip_diag *diag)
{
	struct list_context context = {diag, lenient};
	const struct xip_list_report report = {list_fault, &context};

	return xip_listing_walk(image, listing, &report, diag);
}

size_t xip_listing_skip(const struct xip_listing *listing, size_t index)
{
	while (index) {
		const struct xip_entry *parent = &listing->entries[listing->entries[index].parent];

		if (index + 1 < (size_t)parent->first_child + parent->child_count)
			return index + 1;
		index = listing->entries[index].parent;
	}
	return SIZE_MAX;
}

size_t xip_listing_next(const struct xip_listing *listing, size_t index)
{
	if (listing->entries[index].child_count)
		return listing->entries[index].first_child;
	return xip_listing_skip(listing, index);
}

char *xip_listing_path(const struct xip_listing *listing, size_t index)
{
	return xip_listing_path_end(listing, index, SIZE_MAX);
}

char *xip_listing_path_end(const struct xip_listing *listing, size_t index, size_t components)
{
	size_t length = 1, top = index;
	char *path;

	for (size_t i = 0; i < components && top; i++, top = listing->entries[top].parent)
		length += 1 + listing->entries[top].name_length;
	if (!index)
		return strdup("/");
	path = malloc(length);
	if (!path)
		return NULL;
	path[--length] = 0;
	for (size_t i = index; i != top; i = listing->entries[i].parent) {
		const struct xip_entry *entry = &listing->entries[i];

		length -= entry->name_length;
		memcpy(path + length, entry->name, entry->name_length);
		path[--length] = '/';
	}
	return path;
}

const char *xip_listing_show(const struct xip_listing *listing, size_t index, char *buffer)
{
	const char *const dots = "...";
	char *path = buffer + XIP_SHOWN_PATH_SIZE - 1;

	*path = '\0';
	if (!index)
		*--path = '/';
	for (; index; index = listing->entries[index].parent) {
		const struct xip_entry *entry = &listing->entries[index];

		if ((size_t)(path - buffer) < strlen(dots) + 1 + entry->name_length) {
			path -= strlen(dots);
			memcpy(path, dots, strlen(dots));
			break;
		}
		path -= entry->name_length;
		memcpy(path, entry->name, entry->name_length);
		*--path = '/';
	}
	return path;
}

static size_t find_child(
	const struct xip_listing *listing, size_t parent, const char *name, size_t length)
{
	size_t first = listing->entries[parent].first_child;
	size_t count = listing->entries[parent].child_count;

	for (size_t i = first; i < first + count; i++)
		if (listing->entries[i].name_length == length &&
			!memcmp(listing->entries[i].name, name, length))
			return i;
	return SIZE_MAX;
}

size_t xip_listing_find(const struct xip_listing *listing, const char *path)
{
	size_t index = 0;

	while (*path && index != SIZE_MAX) {
		size_t length = strcspn(path, "/");

		if (length && !(length == 1 && path[0] == '.'))
			index = find_child(listing, index, path, length);
		path += length;
		path += strspn(path, "/");
	}
	return index;
}
