/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended attributes, which cramfs has no place for: nothing but whether there are any is kept.
 *
 * Labels of SELinux and Smack are on every file of a machine that runs one of them, by its own
 * policy, and the ACLs that an NFS client shows are the mode in other words: these say nothing
 * about what anybody wanted in an image. Neither do attributes by which file systems are tuned.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "tree_private.h"

#define LIST_FIRST 4096
#define LIST_MAX   ((size_t)1 << 20) /* the kernel's XATTR_LIST_MAX is 64 KiB */

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static bool is_of_interest(const char *name)
{
	if (begins(name, "security."))
		return strcmp(name, "security.selinux") != 0 && !begins(name, "security.SMACK64");
	return begins(name, "user.") || begins(name, "trusted.") ||
	       begins(name, "system.posix_acl_");
}

const char *xip_xattr_choose(const char *a, const char *b)
{
	if (!b || !is_of_interest(b))
		return a;
	return a && strcmp(a, b) <= 0 ? a : b;
}

bool xip_xattr_set(struct xip_tree *tree, struct xip_tree_inode *inode, const char *name)
{
	if (!name)
		return true;
	inode->xattr = xip_arena_strndup(tree->arena, name, strlen(name));
	return inode->xattr != NULL;
}

static bool choose_of_list(
	struct xip_tree *tree, struct xip_tree_inode *inode, const char *list, size_t size)
{
	const char *found = NULL;

	for (size_t at = 0; at < size; at += strlen(list + at) + 1)
		found = xip_xattr_choose(found, list + at);
	return xip_xattr_set(tree, inode, found);
}

/*
 * By way of /proc, since no system call of the common kernels lists the attributes of an entry of
 * an open directory. Where a file system has none, or /proc is missing, none are seen.
 */
bool xip_xattr_scan(struct xip_tree *tree, struct xip_tree_inode *inode, int fd, const char *name)
{
	size_t room = strlen(name) + 64;
	char *path = malloc(room), stack[LIST_FIRST], *list = stack;
	ssize_t size;
	bool fine;

	if (!path)
		return false;
	snprintf(path, room, "/proc/self/fd/%d/%s", fd, name);
	size = llistxattr(path, list, sizeof(stack));
	for (room = sizeof(stack) * 2; size < 0 && errno == ERANGE && room <= LIST_MAX; room *= 2) {
		if (list != stack)
			free(list);
		list = malloc(room);
		size = list ? llistxattr(path, list, room) : -1;
		if (!list)
			break;
	}
	fine = list && (size <= 0 || choose_of_list(tree, inode, list, (size_t)size));
	if (list != stack)
		free(list);
	free(path);
	return fine;
}

enum xip_err xip_tree_warn_xattrs(const struct xip_tree *tree, const struct xip_diag *diag)
{
	const struct xip_node *node = NULL, *first = NULL;
	size_t count = 0;
	char *path;

	while ((node = xip_tree_next(tree, node))) {
		if (!node->inode->xattr || node->inode->first != node)
			continue;
		count++;
		if (!first)
			first = node;
	}
	if (!first)
		return XIP_OK;
	path = xip_tree_path(first);
	if (!path)
		return xip_diag_nomem(diag);
	if (count == 1)
		xip_diag_warn(diag, path, XIP_NO_OFFSET,
			"its extended attribute %s is lost: cramfs has none (--xattrs=ignore if "
			"that is fine)",
			first->inode->xattr);
	else
		xip_diag_warn(diag, path, XIP_NO_OFFSET,
			"its extended attribute %s is lost, as are those of %zu more entries: "
			"cramfs has none (use --xattrs=ignore if that does not matter)",
			first->inode->xattr, count - 1);
	free(path);
	return XIP_OK;
}
