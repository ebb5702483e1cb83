/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "share.h"

#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"

/* --- Whole files ----------------------------------------------------------------------------- */

static bool same_blocks(const struct xip_placement *key, uint32_t a, uint32_t b)
{
	const struct xip_plan_file *p = &key->plan->files[a], *q = &key->plan->files[b];
	uint32_t runs = xip_placement_runs(key, a);

	if (p->size != q->size || runs != xip_placement_runs(key, b))
		return false;
	for (uint32_t i = 0; i < runs; i++)
		if (p->runs[i].first != q->runs[i].first || p->runs[i].count != q->runs[i].count ||
			p->runs[i].align != q->runs[i].align)
			return false;
	for (uint32_t i = 0; i < key->encoding->files[a].block_count; i++)
		if (xip_placement_block(key, a, i) != xip_placement_block(key, b, i))
			return false;
	return true;
}

static bool same_owner_and_mode(const struct xip_placement *key, uint32_t a, uint32_t b)
{
	const struct xip_tree_inode *left = key->tree->data_inodes[a];
	const struct xip_tree_inode *right = key->tree->data_inodes[b];

	return left->mode == right->mode && left->uid == right->uid && left->gid == right->gid;
}

static uint64_t hash_blocks(const struct xip_placement *key, uint32_t number)
{
	uint64_t hash = key->plan->files[number].size;

	/* The content hash, not the pointer, so that chains are the same in every run. */
	for (uint32_t i = 0; i < key->encoding->files[number].block_count; i++) {
		const struct xip_payload *payload = xip_placement_block(key, number, i);

		hash ^= payload ? payload->hash : i + 1;
		hash = (hash << 7 | hash >> 57) * 0x9e3779b97f4a7c15u;
	}
	return hash ^ hash >> 29;
}

/* A hash table of files by content; each slot begins a chain through @next, in file order. */
struct file_table {
	uint32_t *slots, *next; /* number + 1; 0 ends a chain */
	uint64_t mask;
};

static void find_sharer(const struct xip_placement *key, struct file_table *table, uint32_t number,
	struct xip_layout_file *file, uint32_t *twin)
{
	uint32_t *link = &table->slots[hash_blocks(key, number) & table->mask];

	*twin = number;
	file->sharer = number;
	for (; *link; link = &table->next[*link - 1]) {
		uint32_t other = *link - 1;

		if (!same_blocks(key, other, number))
			continue;
		if (*twin == number)
			*twin = other;
		if (!same_owner_and_mode(key, other, number))
			continue;
		file->sharer = other;
		return; /* not in the chain: whatever equals it equals @other */
	}
	*link = number + 1;
}

enum xip_err xip_share_files(
	const struct xip_placement *placement, struct xip_layout_file *files, uint32_t *twins)
{
	size_t count = placement->encoding->file_count;
	struct file_table table = {.mask = 1};
	enum xip_err err = XIP_ERR_NOMEM;

	while (table.mask < count)
		table.mask = table.mask * 2 + 1;
	table.slots = calloc(table.mask + 1, sizeof(*table.slots));
	table.next = calloc(count + 1, sizeof(*table.next));
	if (table.slots && table.next) {
		for (uint32_t i = 0; i < count; i++)
			find_sharer(placement, &table, i, &files[i], &twins[i]);
		err = XIP_OK;
	}
	free(table.slots);
	free(table.next);
	return err;
}

/* --- Single blocks --------------------------------------------------------------------------- */

/*
 * Sharing costs up to 5 bytes before the shared block and as many before the next block of the
 * file that refers to it.
 */
#define WORTH_SHARING 16u

bool xip_share_is_worth(const struct xip_payload *payload, bool blocks)
{
	return blocks && payload->length >= WORTH_SHARING;
}

void xip_share_begin(struct xip_share_walk *walk, struct xip_share_mark *marks, bool blocks)
{
	*walk = (struct xip_share_walk){.blocks = blocks, .marks = marks, .at_end = true};
}

void xip_share_pass_xip(struct xip_share_walk *walk)
{
	walk->before = NULL;
	walk->at_end = false;
}

void xip_share_note(struct xip_share_walk *walk, const struct xip_payload *payload)
{
	struct xip_share_mark *mark = &walk->marks[payload->number];

	if (!xip_share_is_worth(payload, walk->blocks)) {
		walk->before = NULL;
		walk->at_end = true;
		return;
	}
	if (!mark->seen) {
		mark->seen = true;
		mark->direct |= !walk->at_end;
		mark->before = walk->at_end ? walk->before : NULL;
		walk->at_end = true;
	} else {
		mark->direct |= !walk->before || walk->before != mark->before;
		walk->at_end = false;
	}
	walk->before = payload;
}

enum xip_share_step xip_share_step(struct xip_share_walk *walk, const struct xip_payload *payload)
{
	struct xip_share_mark *mark = &walk->marks[payload->number];
	bool direct = mark->direct;

	if (!xip_share_is_worth(payload, walk->blocks)) {
		direct = !walk->at_end;
		walk->before = NULL;
		walk->at_end = true;
		return direct ? XIP_STEP_APPEND_DIRECT : XIP_STEP_APPEND;
	}
	walk->before = payload;
	walk->at_end = !mark->placed;
	mark->placed = true;
	if (walk->at_end)
		return direct ? XIP_STEP_APPEND_DIRECT : XIP_STEP_APPEND;
	return direct ? XIP_STEP_REFER_DIRECT : XIP_STEP_REFER;
}
