/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/plan/policy.h"

#include <stdlib.h>

#include "xipfs/base/pattern.h"

size_t xip_policy_match(
	const struct xip_policy *policy, enum xip_attribute attribute, const char *path)
{
	for (size_t i = policy->rule_count; i-- > 0;) {
		const struct xip_policy_rule *rule = &policy->rules[i];

		if (rule->attribute == attribute &&
			(!rule->pattern || xip_pattern_match(rule->pattern, path)))
			return i;
	}
	return SIZE_MAX;
}

size_t xip_policy_reach(const struct xip_policy *policy)
{
	size_t most = 1;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const char *pattern = policy->rules[i].pattern;
		size_t reach = pattern ? xip_pattern_reach(pattern) : 0;

		if (reach > most)
			most = reach;
	}
	return most;
}

bool xip_policy_sets(const struct xip_policy *policy, enum xip_attribute attribute)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].attribute == attribute)
			return true;
	return false;
}

enum xip_err xip_policy_add(struct xip_policy_list *list, const struct xip_policy_rule *rule)
{
	struct xip_policy_rule *larger;

	if (!list->arena)
		list->arena = xip_arena_new();
	larger = realloc(list->rules, (list->count + 1) * sizeof(*larger));
	if (larger)
		list->rules = larger;
	if (!larger || !list->arena)
		return XIP_ERR_NOMEM;
	list->rules[list->count++] = *rule;
	return XIP_OK;
}

void xip_policy_list_free(struct xip_policy_list *list)
{
	xip_arena_free(list->arena);
	free(list->rules);
	*list = (struct xip_policy_list){0};
}
