/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/format.h"

#define TABLES_MAX ((uint64_t)256 << 20)

/* --- The knapsack ---------------------------------------------------------------------------- */

/* Divides all values by what they have in common, which makes the tables smaller. */
static uint64_t common_divisor(const struct xip_fit_item *items, size_t count)
{
	uint64_t divisor = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t a = items[i].value, b = divisor;

		while (b) {
			uint64_t rest = a % b;

			a = b;
			b = rest;
		}
		divisor = a;
	}
	return divisor ? divisor : 1;
}

/*
 * cheapest[v] is the least cost of a set worth exactly v of the items seen so far; bit v of row i
 * of @taken says that item i is in that set. The usual table over costs would be larger: costs are
 * bytes, values are pages.
 */
static void fill_tables(const struct xip_fit_item *items, size_t count, uint64_t divisor,
	uint64_t total, uint64_t *cheapest, uint8_t *taken)
{
	size_t row = (size_t)(total / 8 + 1);

	for (uint64_t v = 1; v <= total; v++)
		cheapest[v] = UINT64_MAX;
	for (size_t i = 0; i < count; i++) {
		uint64_t value = items[i].value / divisor;

		if (!value)
			continue;
		for (uint64_t v = total; v >= value; v--) {
			uint64_t before = cheapest[v - value];

			if (before == UINT64_MAX || before + items[i].cost >= cheapest[v])
				continue;
			cheapest[v] = before + items[i].cost;
			taken[i * row + v / 8] |= (uint8_t)(1u << v % 8);
		}
	}
}

static void trace_back(struct xip_fit_item *items, size_t count, uint64_t divisor, uint64_t total,
	const uint8_t *taken, uint64_t v)
{
	size_t row = (size_t)(total / 8 + 1);

	for (size_t i = count; i-- > 0;) {
		items[i].chosen = taken[i * row + v / 8] >> v % 8 & 1;
		if (items[i].chosen)
			v -= items[i].value / divisor;
	}
}

enum xip_err xip_fit_choose(
	struct xip_fit_item *items, size_t count, uint64_t room, uint64_t limit, uint64_t *value)
{
	uint64_t divisor = common_divisor(items, count);
	uint64_t total = 0, best;
	uint64_t *cheapest;
	uint8_t *taken;

	for (size_t i = 0; i < count; i++)
		total += items[i].value / divisor;
	if (total > TABLES_MAX / (sizeof(*cheapest) + count / 8 + 1))
		return XIP_ERR_LIMIT;
	cheapest = calloc((size_t)total + 1, sizeof(*cheapest));
	taken = calloc(count + 1, (size_t)(total / 8 + 1));
	if (!cheapest || !taken) {
		free(cheapest);
		free(taken);
		return XIP_ERR_NOMEM;
	}
	fill_tables(items, count, divisor, total, cheapest, taken);
	best = total;
	while (best && (cheapest[best] > room || best * divisor >= limit))
		best--;
	trace_back(items, count, divisor, total, taken, best);
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

	if (!node || (node->inode->mode & XIP_S_IFMT) != XIP_S_IFREG)
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
	const struct xip_tree *tree, const struct xip_plan_choice *links, const char *name)
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
	const struct xip_plan_choice *links = users->plan->files[number].choice;

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

		if (file->loader != XIP_LOADER_NONE && !(file->choice && file->choice->library))
			count_program(users, i, instances_of(policy, file));
	}
	for (uint32_t i = 0; i < plan->file_count; i++) {
		const struct xip_plan_file *file = &plan->files[i];
		uint64_t processes = users->processes[i];

		/* A library that nothing needs may be a plug-in: what the policy says, or one. */
		if (!users->reached[i] && file->choice && file->choice->library)
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
