/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/plan/fit.h"

#include <stdlib.h>
#include <string.h>

#include "xipfs/elf/libraries.h"
#include "xipfs/format/format.h"

#define TABLES_MAX ((uint64_t)256 << 20)

/* --- The knapsack ---------------------------------------------------------------------------- */

/* The divisor that all values have in common; dividing by it makes the tables smaller. */
static uint64_t common_divisor(const struct xip_fit_group *groups, size_t count)
{
	uint64_t divisor = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < groups[i].option_count; k++) {
			uint64_t a = groups[i].options[k].value, b = divisor;

			while (b) {
				uint64_t rest = a % b;

				a = b;
				b = rest;
			}
			divisor = a;
		}
	return divisor ? divisor : 1;
}

/* What the best options of all groups are worth together. */
static uint64_t most_value(const struct xip_fit_group *groups, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t most = 0;

		for (size_t k = 0; k < groups[i].option_count; k++)
			if (groups[i].options[k].value > most)
				most = groups[i].options[k].value;
		total += most;
	}
	return total;
}

/*
 * cheapest[v] is the least cost of a choice worth exactly v among the groups seen so far; row i of
 * @taken says which option of group i is in it, counted from 1, 0: none. The usual table over costs
 * would be larger: costs are bytes, values are pages.
 */
static void fill_tables(const struct xip_fit_group *groups, size_t count, uint64_t divisor,
	uint64_t total, int64_t *cheapest, uint8_t *taken)
{
	for (uint64_t v = 1; v <= total; v++)
		cheapest[v] = INT64_MAX;
	for (size_t i = 0; i < count; i++) {
		uint8_t *row = taken + i * (size_t)(total + 1);

		/* downwards, so that what is looked up is still without this group */
		for (uint64_t v = total; v > 0; v--)
			for (size_t k = 0; k < groups[i].option_count; k++) {
				uint64_t value = groups[i].options[k].value / divisor;
				int64_t before;

				if (!value || value > v)
					continue;
				before = cheapest[v - value];
				if (before == INT64_MAX ||
					before + groups[i].options[k].cost >= cheapest[v])
					continue;
				cheapest[v] = before + groups[i].options[k].cost;
				row[v] = (uint8_t)(k + 1);
			}
	}
}

static void trace_back(struct xip_fit_group *groups, size_t count, uint64_t divisor, uint64_t total,
	const uint8_t *taken, uint64_t v)
{
	for (size_t i = count; i-- > 0;) {
		groups[i].chosen = taken[i * (size_t)(total + 1) + v];
		if (groups[i].chosen)
			v -= groups[i].options[groups[i].chosen - 1].value / divisor;
	}
}

enum xip_err xip_fit_choose(
	struct xip_fit_group *groups, size_t count, int64_t room, uint64_t limit, uint64_t *value)
{
	uint64_t divisor = common_divisor(groups, count);
	uint64_t total = most_value(groups, count) / divisor, best;
	int64_t *cheapest;
	uint8_t *taken;

	if (total > TABLES_MAX / (sizeof(*cheapest) + count + 1))
		return XIP_ERR_LIMIT;
	cheapest = calloc((size_t)total + 1, sizeof(*cheapest));
	taken = calloc(count + 1, (size_t)total + 1);
	if (!cheapest || !taken) {
		free(cheapest);
		free(taken);
		return XIP_ERR_NOMEM;
	}
	fill_tables(groups, count, divisor, total, cheapest, taken);
	best = total;
	while (best && (cheapest[best] > room || best * divisor >= limit))
		best--;
	trace_back(groups, count, divisor, total, taken, best);
	*value = best * divisor;
	free(cheapest);
	free(taken);
	return XIP_OK;
}

/* --- What a file is worth -------------------------------------------------------------------- */

struct users {
	const struct xip_tree *tree;
	const struct xip_plan *plan;
	struct xip_libraries *libraries;
	struct xip_closure *closure; /* of the program at hand */
	uint64_t *processes;         /* that map each file */
	bool *reached;               /* by a program */
};

/* The tree as the search for libraries sees it: an object is a file of the plan. */
static enum xip_err find_object(void *user, const char *path, size_t *object, char *real)
{
	const struct users *users = user;
	const struct xip_node *node = xip_tree_resolve(users->tree, path);
	char *name;

	*object = SIZE_MAX;
	if (!node || !xip_mode_is_regular(node->inode->mode) || !node->inode->size)
		return XIP_OK;
	name = xip_tree_path(node);
	if (!name)
		return XIP_ERR_NOMEM;
	if (strlen(name) < XIP_ROOT_PATH_MAX) {
		strcpy(real, name);
		*object = node->inode->number;
	}
	free(name);
	return XIP_OK;
}

static const struct xip_elf *elf_of(void *user, size_t object)
{
	const struct users *users = user;

	return users->plan->files[object].elf;
}

static char *path_of(void *user, size_t object)
{
	const struct users *users = user;

	return xip_tree_path(users->tree->data_inodes[object]->first);
}

static enum xip_err count_program(struct users *users, uint32_t program, uint64_t instances)
{
	enum xip_err err = xip_libraries_gather(users->libraries, program, users->closure);

	for (size_t i = 0; !err && i < users->closure->object_count; i++) {
		users->processes[users->closure->objects[i]] += instances;
		users->reached[users->closure->objects[i]] = true;
	}
	return err;
}

static uint64_t instances_of(const struct xip_policy *policy, const struct xip_plan_file *file)
{
	uint32_t rule = file->rules[XIP_ATTR_INSTANCES];

	return rule == XIP_PLAN_DEFAULT ? 1 : policy->rules[rule].value;
}

/* A program that the kernel may start, as xipfs-dump --ram sees it. */
static bool is_program(const struct users *users, uint32_t number)
{
	const struct xip_plan_file *file = &users->plan->files[number];

	return file->loader != XIP_LOADER_NONE && (users->tree->data_inodes[number]->mode & 0111) &&
	       (!file->elf || xip_elf_is_program(file->elf));
}

static enum xip_err weigh(struct users *users, const struct xip_policy *policy, uint64_t *pages)
{
	const struct xip_plan *plan = users->plan;

	for (uint32_t i = 0; i < plan->file_count; i++) {
		enum xip_err err = XIP_OK;

		if (is_program(users, i))
			err = count_program(users, i, instances_of(policy, &plan->files[i]));
		if (err)
			return err;
	}
	for (uint32_t i = 0; i < plan->file_count; i++) {
		const struct xip_plan_file *file = &plan->files[i];
		uint64_t processes = users->processes[i];

		/* A library that nothing needs may be a plug-in: as the policy says, or one. */
		if (!users->reached[i] && file->elf)
			processes = instances_of(policy, file);
		pages[i] = processes ? xip_plan_pages(file) : 0;
	}
	return XIP_OK;
}

enum xip_err xip_fit_values(const struct xip_tree *tree, const struct xip_plan *plan,
	const struct xip_policy *policy, uint64_t *pages)
{
	struct users users = {.tree = tree, .plan = plan};
	const struct xip_root root = {
		.user = &users,
		.object_count = plan->file_count,
		.find = find_object,
		.elf = elf_of,
		.path = path_of,
	};
	struct xip_arena *arena = xip_arena_new();
	enum xip_err err = XIP_ERR_NOMEM;

	if (arena)
		users.libraries = xip_libraries_new(arena, &root);
	users.closure = malloc(sizeof(*users.closure));
	users.processes = calloc(plan->file_count + 1, sizeof(*users.processes));
	users.reached = calloc(plan->file_count + 1, sizeof(*users.reached));
	if (users.libraries && users.closure && users.processes && users.reached)
		err = weigh(&users, policy, pages);
	free(users.closure);
	free(users.processes);
	free(users.reached);
	xip_arena_free(arena);
	return err;
}
