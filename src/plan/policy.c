/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/policy.h"

#include "xipfs/scan.h"

size_t xip_policy_match(const struct xip_policy *policy, const char *path)
{
	for (size_t i = policy->rule_count; i-- > 0;)
		if (!policy->rules[i].pattern || xip_pattern_match(policy->rules[i].pattern, path))
			return i;
	return SIZE_MAX;
}
