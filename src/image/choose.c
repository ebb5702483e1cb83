/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "choose.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "placement.h"
#include "xipfs/base/arena.h"
#include "xipfs/base/bytes.h"
#include "xipfs/plan/fit.h"

/* --- Too large ------------------------------------------------------------------------------- */

#define CONTRIBUTORS 5u

/* The numbers of the largest files, in descending order, into @top; returns how many. */
static unsigned find_largest(const struct xip_layout *layout, uint32_t *top)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < layout->file_count; i++) {
		unsigned at = count;

		if (!layout->files[i].bytes)
			continue;
		while (at && layout->files[i].bytes > layout->files[top[at - 1]].bytes)
			at--;
		if (at == CONTRIBUTORS)
			continue;
		if (count < CONTRIBUTORS)
			count++;
		memmove(&top[at + 1], &top[at], (count - at - 1) * sizeof(*top));
		top[at] = i;
	}
	return count;
}

enum xip_err xip_choose_check_size(const struct xip_tree *tree, const struct xip_layout *layout,
	uint64_t max_size, const struct xip_diag *diag)
{
	uint32_t top[CONTRIBUTORS];
	char list[1024] = "";
	size_t used = 0;
	unsigned count;

	if (!max_size || layout->size <= max_size)
		return XIP_OK;
	count = find_largest(layout, top);
	for (unsigned i = 0; i < count && used < sizeof(list); i++) {
		char buffer[XIP_SHOWN_NODE_SIZE];

		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s %" PRIu32,
			i ? ", " : "; the largest: ",
			xip_tree_show(tree->data_inodes[top[i]]->first, buffer),
			layout->files[top[i]].bytes);
	}
	return xip_diag_fail(diag, XIP_ERR_LIMIT, NULL, XIP_NO_OFFSET,
		"the image takes %" PRIu64 " bytes, %" PRIu64 " more than the %" PRIu64
		" that are allowed%s",
		layout->size, layout->size - max_size, max_size, list);
}

/* --- What fits ------------------------------------------------------------------------------- */

/* Units of one cluster; each set of them is laid out. */
#define CLUSTER_MAX 7u

/* One optional file. */
struct candidate {
	uint32_t file;
	uint32_t unit; /* index of the first candidate that it shares its inode with */
};

struct chooser {
	const struct xip_tree *tree;
	const struct xip_build_options *options;
	const struct xip_plan *plan;
	const struct xip_encoding *encoding;
	const struct xip_diag *diag;
	struct xip_build_choice *choices; /* of each file; a result */
	struct xip_plan *placed; /* with the runs of what is in place at the moment; a result */
	struct candidate *candidates;
	size_t count;
	uint32_t *units; /* candidates that stand for their unit, cluster by cluster */
	uint32_t *heads; /* of each file: one of the files that it shares blocks with, see find() */
	struct xip_arena *arena;
	/* A cluster is a group of the knapsack; option k is the set of units whose bits k+1 has. */
	struct xip_fit_group *groups;
	size_t *first_unit; /* of each group, in units; one more at the end */
	size_t group_count;
	size_t unknown; /* programs whose cluster is too large */
};

static void put_file(struct chooser *c, uint32_t file, bool in_place)
{
	c->placed->files[file].run_count = in_place ? c->plan->files[file].run_count : 0;
}

/* All members of a unit go the same way: they are one inode in the image. */
static void put_unit(struct chooser *c, uint32_t unit, bool in_place)
{
	for (size_t i = unit; i < c->count; i++)
		if (c->candidates[i].unit == unit)
			put_file(c, c->candidates[i].file, in_place);
}

/* Puts those units of group @group in place whose bits are set in @set. */
static void put_set(struct chooser *c, size_t group, size_t set)
{
	for (size_t i = c->first_unit[group]; i < c->first_unit[group + 1]; i++)
		put_unit(c, c->units[i], set >> (i - c->first_unit[group]) & 1);
}

static enum xip_err lay_out(struct chooser *c, struct xip_layout **layout)
{
	return xip_layout_make(
		c->tree, c->placed, c->encoding, &c->options->layout, layout, c->diag);
}

/* Finds the candidates, what each is worth, and takes all of them out of place. */
static enum xip_err collect(struct chooser *c)
{
	size_t count = c->plan->file_count;
	uint64_t *pages = calloc(count + 1, sizeof(*pages));

	c->arena = xip_arena_new();
	c->choices = calloc(count + 1, sizeof(*c->choices));
	c->candidates = calloc(count + 1, sizeof(*c->candidates));
	c->units = calloc(count + 1, sizeof(*c->units));
	c->heads = calloc(count + 1, sizeof(*c->heads));
	c->groups = calloc(count + 1, sizeof(*c->groups));
	c->first_unit = calloc(count + 2, sizeof(*c->first_unit));
	if (!pages || !c->arena || !c->choices || !c->candidates || !c->units || !c->heads ||
		!c->groups || !c->first_unit || xip_plan_copy(c->plan, &c->placed) ||
		xip_fit_values(c->tree, c->plan, &c->options->policy, pages)) {
		free(pages);
		return xip_diag_nomem(c->diag);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!c->plan->files[i].optional || c->plan->files[i].wish == XIP_WISH_PROFILE)
			continue;
		c->candidates[c->count++] = (struct candidate){.file = i};
		c->choices[i].pages = pages[i];
		put_file(c, i, false);
	}
	free(pages);
	return XIP_OK;
}

static void find_units(struct chooser *c, const struct xip_layout *none)
{
	/* A table from file number to candidate would be faster; candidates are programs, and few.
	 */
	for (size_t i = 0; i < c->count; i++) {
		uint32_t sharer = none->files[c->candidates[i].file].sharer;
		size_t first = 0;

		while (none->files[c->candidates[first].file].sharer != sharer)
			first++;
		c->candidates[i].unit = (uint32_t)first;
	}
}

/* --- Clusters: what shares blocks, directly or by way of others ------------------------------- */

/* The file that stands for all that @file shares blocks with. */
static uint32_t find(struct chooser *c, uint32_t file)
{
	while (c->heads[file] != file)
		file = c->heads[file] = c->heads[c->heads[file]];
	return file;
}

/* Joins files that have a block in common when all candidates are left out. */
static enum xip_err join_sharers(struct chooser *c)
{
	const struct xip_encoding *encoding = c->encoding;
	const struct xip_placement in = {c->tree, c->placed, encoding};
	/* for each payload the last file that has it, + 1 */
	uint32_t *owners = calloc(encoding->payload_count + 1, sizeof(*owners));

	if (!owners)
		return xip_diag_nomem(c->diag);
	for (uint32_t i = 0; i < encoding->file_count; i++)
		c->heads[i] = i;
	for (uint32_t i = 0; i < encoding->file_count; i++) {
		for (uint32_t b = 0; b < encoding->files[i].block_count; b++) {
			const struct xip_payload *payload = xip_placement_block(&in, i, b);
			uint32_t *owner = payload ? &owners[payload->number] : NULL;

			if (!owner)
				continue;
			if (*owner)
				c->heads[find(c, i)] = find(c, *owner - 1);
			*owner = i + 1;
		}
	}
	free(owners);
	return XIP_OK;
}

static uint32_t cluster_of(struct chooser *c, size_t candidate)
{
	return find(c, c->candidates[candidate].file);
}

/* Begins a group with the next unit. */
static void begin_group(struct chooser *c, size_t unit_count)
{
	c->first_unit[c->group_count++] = unit_count;
}

/* Makes a group of each cluster; of one that is too large, a group of each unit. */
static enum xip_err find_groups(struct chooser *c)
{
	size_t units = 0;
	enum xip_err err = join_sharers(c);

	if (err)
		return err;
	for (size_t i = 0; i < c->count; i++) {
		size_t before = units;

		if (c->candidates[i].unit != i)
			continue;
		for (size_t k = 0; k < i; k++) /* seen with an earlier one of its cluster */
			if (cluster_of(c, k) == cluster_of(c, i))
				before = SIZE_MAX;
		if (before == SIZE_MAX)
			continue;
		for (size_t k = i; k < c->count; k++)
			if (c->candidates[k].unit == k && cluster_of(c, k) == cluster_of(c, i))
				c->units[units++] = (uint32_t)k;
		begin_group(c, before);
		if (units - before <= CLUSTER_MAX)
			continue;
		c->unknown += units - before;
		while (++before < units)
			begin_group(c, before);
	}
	c->first_unit[c->group_count] = units;
	return XIP_OK;
}

/* --- The choice ------------------------------------------------------------------------------ */

/*
 * What the files of the set save together. The members of a unit are one inode in the image, so in
 * place or not there is no more than one copy of their pages in RAM.
 */
static uint64_t value_of(const struct chooser *c, size_t group, size_t set)
{
	uint64_t sum = 0;

	for (size_t k = c->first_unit[group]; k < c->first_unit[group + 1]; k++) {
		uint64_t most = 0;

		if (!(set >> (k - c->first_unit[group]) & 1))
			continue;
		for (size_t i = c->units[k]; i < c->count; i++) {
			uint64_t pages = c->choices[c->candidates[i].file].pages;

			if (c->candidates[i].unit == c->units[k] && pages > most)
				most = pages;
		}
		sum += most;
	}
	return sum;
}

/* Notes for the report what each unit costs alone. */
static void note_cost(struct chooser *c, size_t group, size_t set, int64_t cost)
{
	for (size_t k = c->first_unit[group]; k < c->first_unit[group + 1]; k++)
		for (size_t i = 0; i < c->count; i++)
			if (set == (size_t)1 << (k - c->first_unit[group]) &&
				c->candidates[i].unit == c->units[k])
				c->choices[c->candidates[i].file].cost =
					cost > 0 ? (uint64_t)cost : 0;
}

/* Lays out the image once for each set of each group, with it alone in place. */
static enum xip_err measure_costs(struct chooser *c, const struct xip_layout *none)
{
	for (size_t group = 0; group < c->group_count; group++) {
		size_t sets = (size_t)1 << (c->first_unit[group + 1] - c->first_unit[group]);
		struct xip_fit_option *options = xip_arena_calloc(c->arena, sets, sizeof(*options));

		if (!options)
			return xip_diag_nomem(c->diag);
		for (size_t set = 1; set < sets; set++) {
			struct xip_layout *one;
			enum xip_err err;

			put_set(c, group, set);
			err = lay_out(c, &one);
			if (err)
				return err;
			options[set - 1] = (struct xip_fit_option){
				.cost = (int64_t)one->need - (int64_t)none->need,
				.value = value_of(c, group, set),
			};
			note_cost(c, group, set, options[set - 1].cost);
			xip_layout_free(one);
		}
		put_set(c, group, 0);
		c->groups[group] =
			(struct xip_fit_group){.options = options, .option_count = sets - 1};
	}
	return XIP_OK;
}

static void note_choice(struct chooser *c)
{
	for (size_t i = 0; i < c->count; i++) {
		uint32_t file = c->candidates[i].file;

		c->choices[file].fit = c->placed->files[file].run_count ? XIP_FIT_IN : XIP_FIT_OUT;
	}
	if (c->unknown)
		xip_diag_warn(c->diag, NULL, XIP_NO_OFFSET,
			"--fit: %zu programs share blocks with each other, more than can be "
			"weighed together; another choice may save more RAM",
			c->unknown);
}

static enum xip_err choose(struct chooser *c, int64_t room, struct xip_layout **result)
{
	uint64_t value, limit = UINT64_MAX;

	for (;; limit = value) {
		enum xip_err err = xip_fit_choose(c->groups, c->group_count, room, limit, &value);

		if (err == XIP_ERR_LIMIT)
			return xip_diag_fail(c->diag, err, NULL, XIP_NO_OFFSET,
				"--fit: too many programs to choose exactly");
		if (err)
			return xip_diag_nomem(c->diag);
		for (size_t i = 0; i < c->group_count; i++)
			put_set(c, i, c->groups[i].chosen);
		err = lay_out(c, result);
		if (err)
			return err;
		if ((*result)->size <= c->options->max_size || !value)
			break;
		xip_layout_free(*result);
		*result = NULL;
	}
	note_choice(c);
	return XIP_OK;
}

static enum xip_err fit(struct chooser *c, struct xip_layout **layout)
{
	uint64_t page_size = c->plan->page_size;
	uint64_t most = xip_align_down(c->options->max_size, page_size);
	struct xip_layout *none = NULL;
	uint64_t need;
	enum xip_err err = collect(c);

	if (!err && xip_choose_pages(c->tree, c->options, c->plan, c->encoding, c->placed))
		err = xip_diag_nomem(c->diag);
	if (!err)
		err = lay_out(c, &none);
	if (!err)
		err = xip_choose_check_size(c->tree, none, c->options->max_size, c->diag);
	if (err) {
		xip_layout_free(none);
		return err;
	}
	find_units(c, none);
	err = find_groups(c);
	if (!err)
		err = measure_costs(c, none);
	need = none->need;
	xip_layout_free(none);
	return err ? err : choose(c, (int64_t)most - (int64_t)need, layout);
}

enum xip_err xip_choose_fit(const struct xip_tree *tree, const struct xip_build_options *options,
	const struct xip_encoding *encoding, struct xip_build *build, const struct xip_diag *diag)
{
	struct chooser c = {.tree = tree,
		.options = options,
		.plan = build->plan,
		.encoding = encoding,
		.diag = diag};
	enum xip_err err = fit(&c, &build->layout);

	build->choices = c.choices;
	build->placed = c.placed;
	xip_arena_free(c.arena);
	free(c.candidates);
	free(c.units);
	free(c.heads);
	free(c.groups);
	free(c.first_unit);
	return err;
}
