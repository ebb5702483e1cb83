/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy files: see xip_policy_load() and mkxipfs(1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/format/format.h"
#include "xipfs/base/lines.h"
#include "xipfs/plan/policy.h"
#include "xipfs/base/text.h"

struct policy_file {
	struct xip_policy_list *list;
	const struct xip_line *line; /* the line at hand */
	const char *pattern;         /* its pattern, in the arena */
};

#define fail(file, ...) xip_line_fail((file)->line, XIP_ERR_SOURCE, __VA_ARGS__)

/* --- Words ----------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum xip_attribute attribute;
	enum xip_wish wish;
	uint64_t value;
} flags[] = {
	{"auto", XIP_ATTR_WISH, XIP_WISH_AUTO, 0},
	{"xip", XIP_ATTR_WISH, XIP_WISH_XIP, 0},
	{"whole", XIP_ATTR_WISH, XIP_WISH_WHOLE, 0},
	{"profile", XIP_ATTR_WISH, XIP_WISH_PROFILE, 0},
	{"no-xip", XIP_ATTR_WISH, XIP_WISH_NONE, 0},
	{"strip", XIP_ATTR_STRIP, XIP_WISH_AUTO, 1},
	{"no-strip", XIP_ATTR_STRIP, XIP_WISH_AUTO, 0},
	{"exclude", XIP_ATTR_EXCLUDE, XIP_WISH_AUTO, 1},
	{"include", XIP_ATTR_EXCLUDE, XIP_WISH_AUTO, 0},
};

static bool parse_octal(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '7')
		return false;
	*value = strtoul(text, &end, 8);
	return !*end && *value <= 07777;
}

/* "key=value" to @rule. */
static enum xip_err parse_setting(const struct policy_file *file, const char *word,
	const char *value, struct xip_policy_rule *rule)
{
	size_t length = (size_t)(value - word);

	if (length == 6 && !memcmp(word, "align=", length)) {
		rule->attribute = XIP_ATTR_ALIGN;
		if (!xip_parse_size(value, &rule->value) || rule->value < 4 ||
			rule->value > XIP_PAGE_SIZE_MAX || !xip_is_power_of_two(rule->value))
			return fail(file, "%s: it must be a power of two from 4 to the page size",
				word);
	} else if (length == 6 && !memcmp(word, "stack=", length)) {
		rule->attribute = XIP_ATTR_STACK;
		if (!xip_parse_size(value, &rule->value) || !rule->value ||
			rule->value > UINT32_MAX)
			return fail(
				file, "%s: it must be a size in bytes of at most 32 bits", word);
	} else if (length == 10 && !memcmp(word, "instances=", length)) {
		rule->attribute = XIP_ATTR_INSTANCES;
		if (!xip_parse_size(value, &rule->value) || rule->value > 100000)
			return fail(file, "%s: it must be a number of at most 100000", word);
	} else if (length == 5 && !memcmp(word, "mode=", length)) {
		rule->attribute = XIP_ATTR_MODE;
		if (!parse_octal(value, &rule->value))
			return fail(file, "%s: it must be octal, at most 7777", word);
	} else if (length == 6 && !memcmp(word, "owner=", length)) {
		rule->attribute = XIP_ATTR_OWNER;
		rule->text = value;
		if (!strchr(value, ':') || value[0] == ':' || value[strlen(value) - 1] == ':')
			return fail(file, "%s: it must be owner=USER:GROUP", word);
	} else {
		return fail(file, "unknown word %s", word);
	}
	return XIP_OK;
}

static enum xip_err add_word(const struct policy_file *file, const char *word)
{
	const char *equals = strchr(word, '=');
	struct xip_policy_rule rule = {
		.pattern = file->pattern, .file = file->line->path, .line = file->line->number};
	const char *slash = strrchr(file->line->path, '/');
	char origin[512];
	enum xip_err err = XIP_OK;
	bool known = false;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (strcmp(word, flags[i].word))
			continue;
		known = true;
		rule.attribute = flags[i].attribute;
		rule.wish = flags[i].wish;
		rule.value = flags[i].value;
	}
	if (!known)
		err = equals ? parse_setting(file, word, equals + 1, &rule)
			     : fail(file, "unknown word %s", word);
	if (err)
		return err;
	/* Without its directory, so that reports of two checkouts are equal. */
	snprintf(origin, sizeof(origin), "%s:%llu: %s %s", slash ? slash + 1 : file->line->path,
		(unsigned long long)file->line->number, file->pattern, word);
	rule.origin = xip_arena_strndup(file->list->arena, origin, strlen(origin));
	if (!rule.origin || xip_policy_add(file->list, &rule))
		return xip_diag_nomem(file->line->diag);
	return XIP_OK;
}

/* --- Lines ----------------------------------------------------------------------------------- */

static enum xip_err read_max_size(struct policy_file *file, char *rest)
{
	char *size, *more = NULL;
	enum xip_err err = xip_line_word(file->line, &rest, &size);

	if (!err)
		err = xip_line_word(file->line, &rest, &more);
	if (err)
		return err;
	if (!size || more || !xip_parse_size(size, &file->list->max_size) || !file->list->max_size)
		return fail(file, "%s: one size in bytes must follow", "max-size");
	return XIP_OK;
}

/* The words after the pattern. */
static enum xip_err read_words(struct policy_file *file, char *rest)
{
	char *word, *copy;
	enum xip_err err = xip_line_word(file->line, &rest, &word);

	if (!err && !word)
		return fail(file, "no word after the pattern %s says what to do", file->pattern);
	while (!err && word) {
		copy = xip_arena_strndup(file->list->arena, word, strlen(word));
		err = copy ? add_word(file, copy) : xip_diag_nomem(file->line->diag);
		if (!err)
			err = xip_line_word(file->line, &rest, &word);
	}
	return err;
}

static enum xip_err read_line(struct policy_file *file, char *line)
{
	char *rest = line, *word;
	enum xip_err err = xip_line_word(file->line, &rest, &word);

	if (err || !word)
		return err;
	if (!strcmp(word, "max-size"))
		return read_max_size(file, rest);
	file->pattern = xip_arena_strndup(file->list->arena, word, strlen(word));
	if (!file->pattern)
		return xip_diag_nomem(file->line->diag);
	return read_words(file, rest);
}

enum xip_err xip_policy_load(
	struct xip_policy_list *list, const char *path, const struct xip_diag *diag)
{
	struct xip_lines lines;
	struct policy_file file = {.list = list, .line = &lines.at};
	enum xip_err err;
	char *line;

	if (!list->arena)
		list->arena = xip_arena_new();
	if (!list->arena)
		return xip_diag_nomem(diag);
	err = xip_lines_open(&lines, path, diag);
	if (err)
		return err;
	while (!err && (line = xip_lines_next(&lines)))
		err = read_line(&file, line);
	xip_lines_close(&lines);
	return err;
}
