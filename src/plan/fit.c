/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/plan/fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	uint64_t *processes; /* that map each file */
	uint32_t *queue;     /* files reached from the program at hand */
	uint32_t *reached;   /* number of the program that reached the file last, + 1 */
	size_t count;        /* of the queue */
};

static void reach(struct users *users, const struct xip_node *node, uint32_t program)
{
	uint32_t number;

	if (!node || !xip_mode_is_regular(node->inode->mode))
		return;
	number = node->inode->number;
	if (users->reached[number] == program + 1)
		return;
	users->reached[number] = program + 1;
	users->queue[users->count++] = number;
}

/* The first of the colon-separated @directories of @length bytes that holds @name. */
static const struct xip_node *search(
	const struct xip_tree *tree, const char *directories, const char *name)
{
	const struct xip_node *found = NULL;

	while (!found && *directories) {
		size_t length = strcspn(directories, ":");
		char path[4096];
		int size = snprintf(path, sizeof(path), "%.*s/%s", (int)length, directories, name);

		if (size > 0 && (size_t)size < sizeof(path))
			found = xip_tree_resolve(tree, path);
		directories += length;
		directories += *directories == ':';
	}
	return found;
}

static const struct xip_node *find_library(
	const struct xip_tree *tree, const struct xip_plan_links *links, const char *name)
{
	const struct xip_node *found = NULL;

	if (strchr(name, '/'))
		return xip_tree_resolve(tree, name);
	if (links->runpath)
		found = search(tree, links->runpath, name);
	return found ? found : search(tree, "/lib:/usr/lib:/lib64:/usr/lib64", name);
}

static void reach_needed(struct users *users, uint32_t number, uint32_t program)
{
	const struct xip_plan_links *links = users->plan->files[number].links;

	if (!links)
		return;
	if (links->interpreter)
		reach(users, xip_tree_resolve(users->tree, links->interpreter), program);
	for (size_t i = 0; i < links->needed_count; i++)
		reach(users, find_library(users->tree, links, links->needed[i]), program);
}

static void count_program(struct users *users, uint32_t program, uint64_t instances)
{
	users->count = 0;
	users->reached[program] = program + 1;
	users->queue[users->count++] = program;
	for (size_t i = 0; i < users->count; i++) {
		users->processes[users->queue[i]] += instances;
		reach_needed(users, users->queue[i], program);
	}
}

static uint64_t instances_of(const struct xip_policy *policy, const struct xip_plan_file *file)
{
	uint32_t rule = file->rules[XIP_ATTR_INSTANCES];

	return rule == XIP_PLAN_DEFAULT ? 1 : policy->rules[rule].value;
}

static void weigh(struct users *users, const struct xip_policy *policy, uint64_t *pages)
{
	const struct xip_plan *plan = users->plan;

	for (uint32_t i = 0; i < plan->file_count; i++) {
		const struct xip_plan_file *file = &plan->files[i];

		if (file->loader != XIP_LOADER_NONE && !(file->links && file->links->library))
			count_program(users, i, instances_of(policy, file));
	}
	for (uint32_t i = 0; i < plan->file_count; i++) {
		const struct xip_plan_file *file = &plan->files[i];
		uint64_t processes = users->processes[i];

		/* A library that nothing needs may be a plug-in: what the policy says, or one. */
		if (!users->reached[i] && file->links && file->links->library)
			processes = instances_of(policy, file);
		pages[i] = processes ? xip_plan_pages(file) : 0;
	}
}

enum xip_err xip_fit_values(const struct xip_tree *tree, const struct xip_plan *plan,
	const struct xip_policy *policy, uint64_t *pages)
{
	struct users users = {.tree = tree, .plan = plan};
	enum xip_err err = XIP_ERR_NOMEM;

	users.processes = calloc(plan->file_count + 1, sizeof(*users.processes));
	users.queue = calloc(plan->file_count + 1, sizeof(*users.queue));
	users.reached = calloc(plan->file_count + 1, sizeof(*users.reached));
	if (users.processes && users.queue && users.reached) {
		weigh(&users, policy, pages);
		err = XIP_OK;
	}
	free(users.processes);
	free(users.queue);
	free(users.reached);
	return err;
}
