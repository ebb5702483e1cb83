/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool xip_parse_size(const char *text, uint64_t *value)
{
	unsigned shift = 0;
	unsigned long long number;
	char *end;

	if (!isdigit((unsigned char)*text)) /* strtoull would take spaces and a sign */
		return false;
	errno = 0;
	number = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	if (errno)
		return false;
	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'M':
		shift = 20;
		break;
	case 'G':
		shift = 30;
		break;
	default:
		break;
	}
	if (shift && (!strcmp(end + 1, "") || !strcmp(end + 1, "iB") || !strcmp(end + 1, "B")))
		end += strlen(end);
	if (*end || number > UINT64_MAX >> shift)
		return false;
	*value = number << shift;
	return true;
}
