/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Path patterns, as used in options, policies and expectations.
 */
#ifndef XIPFS_PATTERN_H
#define XIPFS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True when @pattern matches the image path @path ("/usr/bin/env"; leading '/' optional).
 *
 * A pattern with a '/' in it, at its beginning too, must match the whole path; one without must
 * match the last component. A leading "./" or '/' stands for the root; trailing '/' are dropped.
 *	*	any bytes but '/', or none	[abc]	one of these bytes; ranges as in [a-z0-9]
 *	**	any bytes, or none		[!abc]	one other byte, but not '/'; also [^abc]
 *	?	one byte but '/'		\c	the byte c itself
 * ']' directly after '[' or "[!" belongs to the set; '[' without its ']' is an ordinary byte. Bytes
 * are compared as they are: the locale does not matter, case does, and a leading '.' is nothing
 * special. Time: at most the product of both lengths, times the path's once more with "**".
 */
bool xip_pattern_match(const char *pattern, const char *path);

/*
 * How many components of a path @pattern looks at, from the end: it fits the path exactly when it
 * fits that many last components. SIZE_MAX with "**" in it.
 */
size_t xip_pattern_reach(const char *pattern);

/*
 * Length of the path that @pattern begins with before the first component that has one of * ? [ \\
 * in it, without the '/' after it. 0: none, or a pattern for the last component.
 */
size_t xip_pattern_literal(const char *pattern);

/*
 * Writes to @out, of @room bytes, the pattern for @path, whose own * ? [ \\ stand for themselves,
 * and for @rest (a part of a pattern) below it. False: it does not fit.
 */
bool xip_pattern_below(char *out, size_t room, const char *path, const char *rest);

#endif
