/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Path patterns. Not fnmatch(3): its answer depends on the locale, and its time grows exponentially
 * with the number of stars.
 */
#include "xipfs/base/pattern.h"

#include <stdint.h>
#include <string.h>

/* The end of a set, after its ']'; NULL when it has none. @set points after the '['. */
static const char *set_end(const char *set, const char *end)
{
	if (set < end && (*set == '!' || *set == '^'))
		set++;
	if (set < end) /* a ']' in first place belongs to the set */
		set++;
	for (; set < end; set++) {
		if (*set == ']')
			return set + 1;
	}
	return NULL;
}

static bool set_has(const char *set, const char *end, unsigned char byte)
{
	bool negated = *set == '!' || *set == '^';
	bool found = false;

	set += negated;
	end--; /* the ']' */
	while (set < end) {
		unsigned char low = (unsigned char)*set, high = low;

		if (end - set > 2 && set[1] == '-') {
			high = (unsigned char)set[2];
			set += 2;
		}
		set++;
		found |= low <= byte && byte <= high;
	}
	return found != negated && byte != '/';
}

/* Fits one byte of text to the element at *@pattern, which is not a star, and steps over it. */
static bool match_one(const char **pattern, const char *end, unsigned char byte)
{
	const char *p = (*pattern)++;
	const char *set;

	if (*p == '?')
		return byte != '/';
	if (*p == '\\' && p + 1 < end) {
		(*pattern)++;
		return (unsigned char)p[1] == byte;
	}
	if (*p == '[') {
		set = set_end(p + 1, end);
		if (set) {
			*pattern = set;
			return set_has(p + 1, set, byte);
		}
	}
	return (unsigned char)*p == byte;
}

/*
 * When an element does not fit, only the last star need be tried again one byte longer: whatever an
 * earlier star could take, the last one can take as well. A single star never takes a '/', so there
 * is nothing to try again before the last '/' but the last double star, which takes everything.
 */
static bool match(const char *pattern, const char *end, const char *text)
{
	const char *star = NULL, *star_text = NULL, *stars = NULL, *stars_text = NULL;

	for (;;) {
		const char *next = pattern;

		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			star_text = text;
			if (pattern < end && *pattern == '*') {
				stars = ++pattern;
				stars_text = text;
				star = NULL;
			}
			continue;
		}
		if (!*text && pattern == end)
			return true;
		if (*text && pattern < end && match_one(&next, end, (unsigned char)*text)) {
			if (*text++ == '/')
				star = NULL;
			pattern = next;
		} else if (star && *star_text && *star_text != '/') {
			pattern = star;
			text = ++star_text;
		} else if (stars && *stars_text) {
			pattern = stars;
			text = ++stars_text;
			star = NULL;
		} else {
			return false;
		}
	}
}

bool xip_pattern_match(const char *pattern, const char *path)
{
	const char *end = pattern + strlen(pattern);
	const char *last;

	while (end > pattern && end[-1] == '/')
		end--;
	while (*path == '/')
		path++;
	if (!memchr(pattern, '/', (size_t)(end - pattern))) {
		last = strrchr(path, '/');
		return end > pattern && match(pattern, end, last ? last + 1 : path);
	}
	if (pattern[0] == '.' && pattern[1] == '/')
		pattern++;
	while (*pattern == '/')
		pattern++;
	return match(pattern, end, path);
}

/* No path with more '/' than the pattern fits it: only a '/' or a double star takes one. */
size_t xip_pattern_reach(const char *pattern)
{
	size_t slashes = 0;

	if (strstr(pattern, "**"))
		return SIZE_MAX;
	for (const char *p = pattern; *p; p++)
		slashes += *p == '/';
	return slashes ? slashes + 2 : 1;
}

static const char specials[] = "*?[\\";

size_t xip_pattern_literal(const char *pattern)
{
	size_t length = strcspn(pattern, specials);

	if (!strchr(pattern, '/'))
		return 0;
	if (pattern[length])
		while (length && pattern[length - 1] != '/')
			length--;
	while (length && pattern[length - 1] == '/')
		length--;
	return length;
}

bool xip_pattern_below(char *out, size_t room, const char *path, const char *rest)
{
	char *end = out + room;

	rest += strspn(rest, "/");
	while (*path && out + 1 < end) {
		if (strchr(specials, *path))
			*out++ = '\\';
		if (out < end)
			*out++ = *path++;
	}
	if (*path || (size_t)(end - out) < strlen(rest) + 2)
		return false;
	*out++ = '/';
	strcpy(out, rest);
	return true;
}
