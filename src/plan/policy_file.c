/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy files: see xip_policy_load() and mkxipfs(1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/bytes.h"
#include "xipfs/format.h"
#include "xipfs/io.h"
#include "xipfs/policy.h"
#include "xipfs/text.h"

#define POLICY_FILE_MAX ((uint64_t)16 << 20)

struct loader {
	struct xip_policy_list *list;
	const struct xip_diag *diag;
	const char *path;
	const char *pattern; /* of the line that is being read, in the arena */
	uint64_t line;
};

static enum xip_err fail(const struct loader *loader, const char *format, const char *what)
{
	char rule[256];

	snprintf(rule, sizeof(rule), format, what);
	return xip_diag_fail(loader->diag, XIP_ERR_SOURCE, loader->path, loader->line,
		"line %llu: %s", (unsigned long long)loader->line, rule);
}

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
	{"no-xip", XIP_ATTR_WISH, XIP_WISH_NONE, 0},
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
static enum xip_err parse_setting(const struct loader *loader, const char *word, const char *value,
	struct xip_policy_rule *rule)
{
	size_t length = (size_t)(value - word);

	if (length == 6 && !memcmp(word, "align=", length)) {
		rule->attribute = XIP_ATTR_ALIGN;
		if (!xip_parse_size(value, &rule->value) || rule->value < 4 ||
			rule->value > XIP_PAGE_SIZE_MAX || !xip_is_power_of_two(rule->value))
			return fail(loader, "%s: it must be a power of two from 4 to the page size",
				word);
	} else if (length == 6 && !memcmp(word, "stack=", length)) {
		rule->attribute = XIP_ATTR_STACK;
		if (!xip_parse_size(value, &rule->value) || !rule->value ||
			rule->value > UINT32_MAX)
			return fail(
				loader, "%s: it must be a size in bytes of at most 32 bits", word);
	} else if (length == 10 && !memcmp(word, "instances=", length)) {
		rule->attribute = XIP_ATTR_INSTANCES;
		if (!xip_parse_size(value, &rule->value) || rule->value > 100000)
			return fail(loader, "%s: it must be a number of at most 100000", word);
	} else if (length == 5 && !memcmp(word, "mode=", length)) {
		rule->attribute = XIP_ATTR_MODE;
		if (!parse_octal(value, &rule->value))
			return fail(loader, "%s: it must be octal, at most 7777", word);
	} else if (length == 6 && !memcmp(word, "owner=", length)) {
		rule->attribute = XIP_ATTR_OWNER;
		rule->text = value;
		if (!strchr(value, ':') || value[0] == ':' || value[strlen(value) - 1] == ':')
			return fail(loader, "%s: it must be owner=USER:GROUP", word);
	} else {
		return fail(loader, "unknown word %s", word);
	}
	return XIP_OK;
}

static enum xip_err add_word(const struct loader *loader, const char *word)
{
	const char *equals = strchr(word, '=');
	struct xip_policy_rule rule = {
		.pattern = loader->pattern, .file = loader->path, .line = loader->line};
	const char *slash = strrchr(loader->path, '/');
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
		err = equals ? parse_setting(loader, word, equals + 1, &rule)
			     : fail(loader, "unknown word %s", word);
	if (err)
		return err;
	/* Without its directory, so that reports of two checkouts are equal. */
	snprintf(origin, sizeof(origin), "%s:%llu: %s %s", slash ? slash + 1 : loader->path,
		(unsigned long long)loader->line, loader->pattern, word);
	rule.origin = xip_arena_strndup(loader->list->arena, origin, strlen(origin));
	if (!rule.origin || xip_policy_add(loader->list, &rule))
		return xip_diag_nomem(loader->diag);
	return XIP_OK;
}

/* --- Lines ----------------------------------------------------------------------------------- */

/*
 * Cuts the next word off *@rest, in place; *@word is NULL at the end of the line. In double quotes
 * blanks and '#' are ordinary.
 */
static enum xip_err next_word(const struct loader *loader, char **rest, char **word)
{
	char *p = *rest + strspn(*rest, " \t\r");
	char *end;

	*word = NULL;
	if (!*p || *p == '#') {
		*rest = p + strlen(p);
		return XIP_OK;
	}
	if (*p == '"') {
		end = strchr(++p, '"');
		if (!end)
			return fail(loader, "%s", "a quote is not closed");
	} else {
		end = p + strcspn(p, " \t\r");
	}
	*rest = *end ? end + 1 : end;
	*end = '\0';
	*word = p;
	return XIP_OK;
}

static enum xip_err read_max_size(struct loader *loader, char *rest)
{
	char *size, *more = NULL;
	enum xip_err err = next_word(loader, &rest, &size);

	if (!err)
		err = next_word(loader, &rest, &more);
	if (err)
		return err;
	if (!size || more || !xip_parse_size(size, &loader->list->max_size) ||
		!loader->list->max_size)
		return fail(loader, "%s: one size in bytes must follow", "max-size");
	return XIP_OK;
}

/* The words behind the pattern. */
static enum xip_err read_words(struct loader *loader, char *rest)
{
	char *word, *copy;
	enum xip_err err = next_word(loader, &rest, &word);

	if (!err && !word)
		return fail(loader, "the pattern %s has no word behind it that says what to do",
			loader->pattern);
	while (!err && word) {
		copy = xip_arena_strndup(loader->list->arena, word, strlen(word));
		err = copy ? add_word(loader, copy) : xip_diag_nomem(loader->diag);
		if (!err)
			err = next_word(loader, &rest, &word);
	}
	return err;
}

static enum xip_err read_line(struct loader *loader, char *line)
{
	char *rest = line, *word;
	enum xip_err err = next_word(loader, &rest, &word);

	if (err || !word)
		return err;
	if (!strcmp(word, "max-size"))
		return read_max_size(loader, rest);
	loader->pattern = xip_arena_strndup(loader->list->arena, word, strlen(word));
	if (!loader->pattern)
		return xip_diag_nomem(loader->diag);
	return read_words(loader, rest);
}

enum xip_err xip_policy_load(
	struct xip_policy_list *list, const char *path, const struct xip_diag *diag)
{
	struct loader loader = {.list = list, .diag = diag, .path = path};
	enum xip_err err;
	uint8_t *data;
	size_t size;

	if (!list->arena)
		list->arena = xip_arena_new();
	if (!list->arena)
		return xip_diag_nomem(diag);
	err = xip_io_load(path, POLICY_FILE_MAX, &data, &size, diag);
	if (err)
		return err;
	if (memchr(data, '\0', size))
		err = xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
			"a policy is text, but this holds a NUL byte");
	for (char *line = (char *)data, *next; !err && line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		loader.line++;
		err = read_line(&loader, line);
	}
	free(data);
	return err;
}
