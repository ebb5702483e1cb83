/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a tree's building: order, numbers, and what the format cannot hold.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree_private.h"
#include "xipfs/base/bytes.h"

#define FAULTS_SHOWN 20u
/*
 * fs/namei.c page_get_link() ends a target at one page less one byte, and no path is longer than
 * PATH_MAX with its NUL: the smallest page and PATH_MAX agree.
 */
#define TARGET_MAX 4095u

#define OWNER_HINT                                                                                 \
	"make all owners root (-q), set them in a device table (-D), or cut the numbers "          \
	"(--truncate-ids)"

struct faults {
	const struct xip_diag *diag;
	bool truncate_ids;
	enum xip_err err;
	size_t errors, warnings;
};

/* Reports one fault of the node, unless there were many. */
static void __attribute__((format(printf, 4, 5))) report(struct faults *faults,
	enum xip_severity severity, const struct xip_node *node, const char *format, ...)
{
	size_t *count = severity == XIP_DIAG_ERROR ? &faults->errors : &faults->warnings;
	char message[512];
	va_list arguments;
	char buffer[XIP_SHOWN_NODE_SIZE];
	const char *path;

	if (severity == XIP_DIAG_ERROR && !faults->err)
		faults->err = XIP_ERR_LIMIT;
	if ((*count)++ >= FAULTS_SHOWN)
		return;
	path = xip_tree_show(node, buffer);
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (severity == XIP_DIAG_ERROR)
		xip_diag_fail(faults->diag, XIP_ERR_LIMIT, path, XIP_NO_OFFSET, "%s", message);
	else
		xip_diag_warn(faults->diag, path, XIP_NO_OFFSET, "%s", message);
}

static void report_rest(const struct faults *faults)
{
	if (faults->warnings > FAULTS_SHOWN)
		xip_diag_warn(faults->diag, NULL, XIP_NO_OFFSET, "and %zu more warnings like these",
			faults->warnings - FAULTS_SHOWN);
	if (faults->errors > FAULTS_SHOWN)
		xip_diag_fail(faults->diag, XIP_ERR_LIMIT, NULL, XIP_NO_OFFSET,
			"and %zu more entries that the format cannot hold",
			faults->errors - FAULTS_SHOWN);
}

static void check_owner(struct faults *faults, const struct xip_node *node, const char *what,
	uint32_t *id, uint32_t max)
{
	if (*id <= max)
		return;
	if (!faults->truncate_ids) {
		report(faults, XIP_DIAG_ERROR, node,
			"%s %" PRIu32 " is over %" PRIu32 ": " OWNER_HINT, what, *id, max);
		return;
	}
	report(faults, XIP_DIAG_WARNING, node, "%s %" PRIu32 " is cut to %" PRIu32, what, *id,
		*id & max);
	*id &= max;
}

static void check_inode(struct faults *faults, const struct xip_node *node)
{
	struct xip_tree_inode *inode = node->inode;

	if (!xip_mode_is_valid(inode->mode) || inode->mode > 0xffff)
		report(faults, XIP_DIAG_ERROR, node, "mode %#" PRIo32 " has no valid file type",
			inode->mode);
	check_owner(faults, node, "uid", &inode->uid, XIP_UID_MAX);
	check_owner(faults, node, "gid", &inode->gid, XIP_GID_MAX);
	if (xip_mode_is_regular(inode->mode) && inode->size > XIP_FILE_SIZE_MAX)
		report(faults, XIP_DIAG_ERROR, node,
			"%" PRIu64 " bytes: a file must be smaller than 16 MiB", inode->size);
	if (xip_mode_is_symlink(inode->mode) && !inode->size)
		report(faults, XIP_DIAG_ERROR, node, "a symlink must have a target");
	if (xip_mode_is_symlink(inode->mode) && inode->size > TARGET_MAX)
		report(faults, XIP_DIAG_ERROR, node,
			"a symlink target of %" PRIu64 " bytes: the kernel follows at most %u",
			inode->size, TARGET_MAX);
	if (xip_mode_is_device(inode->mode) &&
		(inode->major > XIP_DEV_MAJOR_MAX || inode->minor > XIP_DEV_MINOR_MAX))
		report(faults, XIP_DIAG_ERROR, node,
			"device number %" PRIu32 ":%" PRIu32 " is over %u:%u", inode->major,
			inode->minor, XIP_DEV_MAJOR_MAX, XIP_DEV_MINOR_MAX);
}

/* The format's rules for the name and, for a directory, for the size of its entries. */
static void check_node(struct faults *faults, const struct xip_node *node)
{
	uint64_t size = 0;

	if (node->name_length > XIP_NAME_MAX)
		report(faults, XIP_DIAG_ERROR, node, "a name of %" PRIu32 " bytes: at most %u fit",
			node->name_length, XIP_NAME_MAX);
	for (uint32_t i = 0; i < node->child_count; i++)
		size += XIP_INODE_SIZE + xip_align_up(node->children[i]->name_length, 4);
	if (size > XIP_FILE_SIZE_MAX)
		report(faults, XIP_DIAG_ERROR, node,
			"%" PRIu32 " entries take %" PRIu64
			" bytes: a directory must be smaller than 16 MiB",
			node->child_count, size);
}

/* Names have no NUL inside and one after, so strcmp sees all of them, as unsigned bytes. */
static int compare_nodes(const void *a, const void *b)
{
	const struct xip_node *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

enum xip_err xip_tree_sort_children(
	struct xip_tree *tree, struct xip_node *directory, const struct xip_diag *diag)
{
	struct xip_node **link = &directory->first_child;
	uint32_t count = 0;

	if (!directory->child_count)
		return XIP_OK;
	directory->children =
		xip_arena_calloc(tree->arena, directory->child_count, sizeof(*directory->children));
	if (!directory->children)
		return xip_diag_nomem(diag);
	for (struct xip_node *child = directory->first_child; child; child = child->next)
		directory->children[count++] = child;
	qsort(directory->children, count, sizeof(*directory->children), compare_nodes);
	for (uint32_t i = 0; i < count; i++) {
		*link = directory->children[i];
		link = &(*link)->next;
	}
	*link = NULL;
	return XIP_OK;
}

enum xip_err xip_tree_finish(struct xip_tree *tree, bool truncate_ids, const struct xip_diag *diag)
{
	struct faults faults = {.diag = diag, .truncate_ids = truncate_ids};
	struct xip_node *node = NULL;

	tree->data_inodes =
		xip_arena_calloc(tree->arena, tree->node_count, sizeof(struct xip_tree_inode *));
	if (!tree->data_inodes)
		return xip_diag_nomem(diag);
	while ((node = xip_tree_next(tree, node))) {
		struct xip_tree_inode *inode = node->inode;
		enum xip_err err = xip_tree_sort_children(tree, node, diag);

		if (err)
			return err;
		check_node(&faults, node);
		if (xip_mode_is_directory(inode->mode))
			node->number = (uint32_t)tree->directory_count++;
		if (inode->links++)
			continue;
		inode->first = node;
		if (xip_mode_has_data(inode->mode)) {
			inode->number = (uint32_t)tree->data_inode_count;
			tree->data_inodes[tree->data_inode_count++] = inode;
		}
		check_inode(&faults, node);
	}
	xip_tree_drop_index(tree);
	report_rest(&faults);
	return faults.err;
}
