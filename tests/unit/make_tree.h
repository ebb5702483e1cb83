/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees with contents in memory, and plans written by hand, for the stages behind the scan.
 */
#ifndef TESTS_MAKE_TREE_H
#define TESTS_MAKE_TREE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tree_private.h"
#include "xipfs/base/bytes.h"
#include "xipfs/image/encode.h"
#include "xipfs/format/format.h"
#include "xipfs/plan/plan.h"
#include "xipfs/tree/tree.h"

/* A tree whose contents lie in a memory file, as if they came out of an archive. */
struct made {
	struct xip_tree *tree;
	uint64_t end; /* bytes in the memory file */
};

static inline void made_begin(struct made *made)
{
	*made = (struct made){0};
	ck_assert_int_eq(xip_tree_new(&made->tree, NULL), XIP_OK);
	made->tree->source = xip_source_new("test.tar");
	ck_assert_ptr_nonnull(made->tree->source);
	made->tree->source->spool_fd = memfd_create("contents", MFD_CLOEXEC);
	ck_assert_int_ge(made->tree->source->spool_fd, 0);
}

static inline void made_end(struct made *made)
{
	xip_tree_free(made->tree);
}

/* @parent NULL: the root. */
static inline struct xip_node *made_link(
	struct made *made, struct xip_node *parent, const char *name, struct xip_tree_inode *inode)
{
	struct xip_node *node = NULL;

	ck_assert_int_eq(xip_tree_add(made->tree, parent ? parent : made->tree->root, name,
				 strlen(name), inode, &node, NULL),
		XIP_OK);
	return node;
}

static inline struct xip_node *made_node(
	struct made *made, struct xip_node *parent, const char *name, uint32_t mode)
{
	struct xip_tree_inode *inode = xip_tree_inode_new(made->tree);

	ck_assert_ptr_nonnull(inode);
	inode->mode = mode;
	return made_link(made, parent, name, inode);
}

static inline struct xip_node *made_dir(
	struct made *made, struct xip_node *parent, const char *name)
{
	return made_node(made, parent, name, XIP_S_IFDIR | 0755);
}

static inline struct xip_node *made_file(
	struct made *made, struct xip_node *parent, const char *name, const void *data, size_t size)
{
	struct xip_node *node = made_node(made, parent, name, XIP_S_IFREG | 0644);

	node->inode->size = size;
	node->inode->content = made->end;
	ck_assert_int_eq(
		pwrite(made->tree->source->spool_fd, data, size, (off_t)made->end), (ssize_t)size);
	made->end += size;
	return node;
}

static inline struct xip_node *made_symlink(
	struct made *made, struct xip_node *parent, const char *name, const char *target)
{
	struct xip_node *node = made_node(made, parent, name, XIP_S_IFLNK | 0777);

	node->inode->size = strlen(target);
	node->inode->target = xip_arena_strndup(made->tree->arena, target, strlen(target));
	ck_assert_ptr_nonnull(node->inode->target);
	return node;
}

static inline void made_finish(struct made *made)
{
	ck_assert_int_eq(xip_tree_finish(made->tree, false, NULL), XIP_OK);
}

/* The content of a regular file or symlink, malloc'ed. */
static inline uint8_t *made_content(const struct made *made, const struct xip_tree_inode *inode)
{
	uint8_t *bytes = malloc(inode->size + 1);

	ck_assert_ptr_nonnull(bytes);
	if ((inode->mode & XIP_S_IFMT) == XIP_S_IFLNK)
		memcpy(bytes, inode->target, inode->size);
	else
		ck_assert_int_eq(pread(made->tree->source->spool_fd, bytes, inode->size,
					 (off_t)inode->content),
			(ssize_t)inode->size);
	return bytes;
}

/* A plan without one XIP page, for runs to be put into; freed with hand_plan_free. */
static inline struct xip_plan *hand_plan(const struct made *made, uint32_t page_size)
{
	struct xip_arena *arena = xip_arena_new();
	struct xip_plan *plan = xip_arena_alloc(arena, sizeof(*plan));

	plan->arena = arena;
	plan->page_size = page_size;
	plan->file_count = made->tree->data_inode_count;
	plan->files = xip_arena_calloc(arena, plan->file_count, sizeof(*plan->files));
	ck_assert_ptr_nonnull(plan->files);
	for (size_t i = 0; i < plan->file_count; i++)
		plan->files[i].size = (uint32_t)made->tree->data_inodes[i]->size;
	return plan;
}

/* Puts @count pages from @first on behind the runs that the file has. */
static inline void hand_run(struct xip_plan *plan, const struct xip_node *node, uint32_t first,
	uint32_t count, uint32_t align)
{
	struct xip_plan_file *file = &plan->files[node->inode->number];
	struct xip_plan_run *runs =
		xip_arena_calloc(plan->arena, file->run_count + 1, sizeof(*runs));

	ck_assert_ptr_nonnull(runs);
	if (file->run_count)
		memcpy(runs, file->runs, file->run_count * sizeof(*runs));
	runs[file->run_count++] =
		(struct xip_plan_run){.first = first, .count = count, .align = align};
	file->runs = runs;
}

/* A generator that gives the same numbers on every machine (xorshift, Marsaglia 2003). */
struct dice {
	uint64_t state;
};

static inline uint32_t roll(struct dice *dice, uint32_t sides)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return (uint32_t)(dice->state >> 33) % sides;
}

/* What a stretch of a file can look like. */
enum texture { TEXTURE_ZEROS, TEXTURE_TEXT, TEXTURE_NOISE, TEXTURE_COUNT };

/* Fills @size bytes; equal @seed and @texture give equal bytes. */
static inline void fill(uint8_t *bytes, size_t size, enum texture texture, uint32_t seed)
{
	struct dice dice = {.state = 88172645463325252u + seed * 0x9e3779b97f4a7c15u};

	for (size_t i = 0; i < size; i++) {
		if (texture == TEXTURE_ZEROS)
			bytes[i] = 0;
		else if (texture == TEXTURE_TEXT)
			bytes[i] = (uint8_t) "abcdefgh"[roll(&dice, 8)];
		else
			bytes[i] = (uint8_t)roll(&dice, 256);
	}
}

#endif
