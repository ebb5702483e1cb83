/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "xipfs/pattern.h"
#include "xipfs/scan.h"

bool xip_exclude_match(const struct xip_exclude *exclude, const char *path)
{
	if (!exclude || !path[strspn(path, "/")])
		return false;
	for (size_t i = 0; i < exclude->count; i++) {
		if (xip_pattern_match(exclude->patterns[i], path))
			return true;
	}
	return false;
}
