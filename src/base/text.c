/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The digits after a point, of 1 << @shift: "5" of 1 MiB is 524288. False: not a whole number. */
static bool parse_fraction(const char **text, unsigned shift, uint64_t *value)
{
	uint64_t digits = 0, power = 1;

	for (; isdigit((unsigned char)**text); ++*text) {
		if (power > 100000000) /* the product below stays under 64 bits */
			return false;
		digits = digits * 10 + (uint64_t)(**text - '0');
		power *= 10;
	}
	*value = (digits << shift) / power;
	return power > 1 && (digits << shift) % power == 0;
}

/* What the suffix at @text multiplies by, as a shift; 0: there is none. */
static unsigned suffix_shift(const char *text)
{
	unsigned shift = 0;

	switch (*text) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	default:
		return 0;
	}
	return !strcmp(text + 1, "") || !strcmp(text + 1, "iB") || !strcmp(text + 1, "B") ? shift
											  : 0;
}

bool xip_parse_size(const char *text, uint64_t *value)
{
	unsigned shift;
	unsigned long long number;
	uint64_t fraction = 0;
	const char *behind;
	char *end;

	if (!isdigit((unsigned char)*text)) /* strtoull would take spaces and a sign */
		return false;
	errno = 0;
	number = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	if (errno)
		return false;
	behind = end;
	if (*end == '.')
		behind += 1 + strspn(end + 1, "0123456789");
	shift = suffix_shift(behind);
	if ((*behind && !shift) || number > UINT64_MAX >> shift)
		return false;
	if (*end == '.') {
		const char *digits = end + 1;

		if (!shift || !parse_fraction(&digits, shift, &fraction))
			return false;
	}
	number <<= shift;
	if (number > UINT64_MAX - fraction)
		return false;
	*value = number + fraction;
	return true;
}

bool xip_parse_digits(const char *text, unsigned base, uint64_t max, uint64_t *value)
{
	*value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned char)*text - (unsigned)'0';

		if (digit >= base || digit > max || *value > (max - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return true;
}
