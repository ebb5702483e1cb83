/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile of any bytes, for a small tree.
 */
#include <stdlib.h>
#include <string.h>

#include "xipfs/format/format.h"
#include "xipfs/plan/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct xip_tree *tree, const char *parent, const char *name, uint32_t mode,
	uint64_t size, const char *target)
{
	struct xip_tree_inode *inode = xip_tree_inode_new(tree);

	if (!inode)
		abort();
	inode->mode = mode;
	inode->target = target;
	inode->size = target ? strlen(target) : size;
	if (xip_tree_add(tree, xip_tree_find(tree, parent), name, strlen(name), inode, NULL, NULL))
		abort();
}

/* Each page once, in order, and in its file. */
static void look(const struct xip_tree *tree, const struct xip_profile *profile)
{
	for (size_t i = 0; i < profile->count; i++) {
		const struct xip_profile_page *page = &profile->pages[i], *last = page - 1;

		if (!page->count || page->file >= tree->data_inode_count ||
			(uint64_t)page->page * 4096 >= tree->data_inodes[page->file]->size)
			abort();
		if (i && (last->file > page->file ||
				 (last->file == page->file && last->page >= page->page)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xip_profile profile = {0};
	struct xip_tree *tree;

	if (xip_tree_new(&tree, NULL))
		abort();
	add(tree, "/", "d", XIP_S_IFDIR | 0755, 0, NULL);
	add(tree, "/d", "f", XIP_S_IFREG | 0755, 9000, NULL);
	add(tree, "/", "g", XIP_S_IFREG | 0755, 4096, NULL);
	add(tree, "/", "l", XIP_S_IFLNK | 0777, 0, "d");
	add(tree, "/", "o", XIP_S_IFLNK | 0777, 0, "o/o");
	if (xip_tree_finish(tree, false, NULL))
		abort();
	/* twice, so that counts add up */
	for (int i = 0; i < 2; i++) {
		enum xip_err err = xip_profile_load_text(
			&profile, "profile", (const char *)data, size, tree, 4096, NULL);

		if (err)
			break;
		look(tree, &profile);
	}
	xip_profile_free(&profile);
	xip_tree_free(tree);
	return 0;
}
