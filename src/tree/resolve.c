/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "xipfs/format/format.h"
#include "xipfs/tree/tree.h"

/* As the kernel's MAXSYMLINKS (include/linux/namei.h) and PATH_MAX. */
#define LINKS_MAX 40u
#define PATH_ROOM 4096u

/* Puts the target of a symlink before the rest of the path that is still to be walked. */
static bool expand(char *path, const struct xip_node *link, const char *rest)
{
	char expanded[PATH_ROOM];
	int length = snprintf(expanded, sizeof(expanded), "%s/%s", link->inode->target, rest);

	if (length < 0 || (size_t)length >= sizeof(expanded))
		return false;
	memcpy(path, expanded, (size_t)length + 1);
	return true;
}

static struct xip_node *step(
	const struct xip_tree *tree, struct xip_node *directory, const char *name, size_t length)
{
	if (length == 1 && name[0] == '.')
		return directory;
	if (length == 2 && name[0] == '.' && name[1] == '.')
		return directory->parent ? directory->parent : directory;
	return xip_tree_child(tree, directory, name, length);
}

struct xip_node *xip_tree_resolve(const struct xip_tree *tree, const char *path)
{
	struct xip_node *node = tree->root;
	char work[PATH_ROOM];
	unsigned links = 0;

	if (strlen(path) >= sizeof(work))
		return NULL;
	strcpy(work, path);
	for (char *p = work; node;) {
		struct xip_node *next;
		size_t length;

		p += strspn(p, "/");
		length = strcspn(p, "/");
		if (!length)
			break;
		next = step(tree, node, p, length);
		if (next && xip_mode_is_symlink(next->inode->mode)) {
			if (++links > LINKS_MAX || !expand(work, next, p + length))
				return NULL;
			p = work;
			next = *work == '/' ? tree->root : node;
		} else {
			p += length;
		}
		node = next;
	}
	return node;
}
