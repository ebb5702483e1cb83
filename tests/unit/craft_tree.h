/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small tree as an image encoded by hand (craft.h): files and symlinks in folders below the root.
 */
#ifndef XIPFS_TESTS_CRAFT_TREE_H
#define XIPFS_TESTS_CRAFT_TREE_H

#include "craft.h"

#define CRAFT_PAGE 4096u

struct craft_item {
	const char *folder; /* a name in the root */
	const char *name;   /* in order of the names within a folder */
	uint16_t mode;
	const void *data;
	uint32_t size;
	bool direct; /* its blocks are to be mapped; otherwise they are compressed */
};

static inline uint32_t craft_entry_size(const char *name)
{
	return 12 + ((uint32_t)(strlen(name) + 3) & ~3u);
}

/* Number of items, from the first on, that are in the folder of the first. */
static inline size_t craft_folder_count(const struct craft_item *items, size_t count)
{
	size_t same = 1;

	while (same < count && !strcmp(items[same].folder, items[0].folder))
		same++;
	return same;
}

/* Pages that can be mapped, one behind the other from a page border on. Returns their end. */
static inline uint32_t craft_direct(
	struct craft *craft, uint32_t table, const struct craft_item *item)
{
	uint32_t count = (item->size + CRAFT_PAGE - 1) / CRAFT_PAGE;
	uint32_t start = (table + 4 * count + CRAFT_PAGE - 1) & ~(CRAFT_PAGE - 1);

	memcpy(craft->data + start, item->data, item->size);
	for (uint32_t i = 0; i < count; i++)
		craft_pointer(craft, table, i,
			CRAFT_UNCOMPRESSED | CRAFT_DIRECT | (start + i * CRAFT_PAGE) >> 2);
	return start + count * CRAFT_PAGE;
}

/*
 * Makes an image of @count items, those of one folder together and the folders in order of their
 * names. starts[i] (may be NULL) says where the first page of a direct item lies.
 */
static inline void craft_tree(
	struct craft *craft, const struct craft_item *items, size_t count, uint32_t *starts)
{
	uint32_t root_size = 0, folder_at, at = 76, data_at, entry_at;
	size_t same;

	craft_new(craft, craft->big, 0x903, CRAFT_ROOM);
	for (size_t i = 0; i < count; i += craft_folder_count(items + i, count - i))
		root_size += craft_entry_size(items[i].folder);
	folder_at = data_at = 76 + root_size;
	for (size_t i = 0; i < count; i++)
		data_at += craft_entry_size(items[i].name);
	for (size_t i = 0; i < count; i += same) {
		uint32_t size = 0;

		same = craft_folder_count(items + i, count - i);
		for (size_t k = i; k < i + same; k++)
			size += craft_entry_size(items[k].name);
		at = craft_entry(craft, at, 0040755, size, folder_at, items[i].folder);
		folder_at += size;
	}
	entry_at = at;
	for (size_t i = 0; i < count; i++) {
		const struct craft_item *item = &items[i];
		uint32_t blocks = (item->size + CRAFT_PAGE - 1) / CRAFT_PAGE;

		entry_at = craft_entry(craft, entry_at, item->mode, item->size,
			item->size ? data_at : 0, item->name);
		if (item->direct && starts)
			starts[i] = (data_at + 4 * blocks + CRAFT_PAGE - 1) & ~(CRAFT_PAGE - 1);
		data_at = item->direct
				  ? craft_direct(craft, data_at, item)
				  : craft_file(craft, data_at, item->data, item->size, CRAFT_PAGE);
	}
	craft_super(craft, 76, root_size);
	craft->size = (data_at + 2 * CRAFT_PAGE) & ~(CRAFT_PAGE - 1);
	craft_put(craft, 4, 4, craft->size);
	craft_crc(craft);
}

#endif
