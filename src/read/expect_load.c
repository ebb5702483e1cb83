/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading expectation files: see xip_expect_load() and xipfs-dump(1).
 */
#include <stdlib.h>
#include <string.h>

#include "xipfs/expect.h"
#include "xipfs/io.h"
#include "xipfs/text.h"

#define EXPECT_FILE_MAX ((uint64_t)16 << 20)
#define WORDS_MAX       6

struct loader {
	struct xip_expect_list *list;
	const struct xip_diag *diag;
	const char *path;
	uint64_t line;
	char *words[WORDS_MAX];
	size_t word_count;
};

static enum xip_err fail(const struct loader *loader, const char *rule, const char *what)
{
	return xip_diag_fail(loader->diag, XIP_ERR_SOURCE, loader->path, loader->line,
		"line %llu: %s%s%s", (unsigned long long)loader->line, rule, what ? ": " : "",
		what ? what : "");
}

/* --- The parts of a line --------------------------------------------------------------------- */

static const struct {
	const char *sign;
	enum xip_expect_relation relation;
} relations[] = {
	{"<", XIP_EXPECT_LESS},
	{"<=", XIP_EXPECT_AT_MOST},
	{"=", XIP_EXPECT_EQUAL},
	{"==", XIP_EXPECT_EQUAL},
	{">=", XIP_EXPECT_AT_LEAST},
	{">", XIP_EXPECT_MORE},
};

/* "<= 960K" from word @at on, to the end. */
static enum xip_err parse_bound(
	const struct loader *loader, size_t at, struct xip_expectation *expectation)
{
	if (loader->word_count != at + 2)
		return fail(loader, "a relation and a size must follow, as in \"<= 960K\"", NULL);
	for (size_t i = 0; i < sizeof(relations) / sizeof(*relations); i++) {
		if (strcmp(loader->words[at], relations[i].sign))
			continue;
		expectation->relation = relations[i].relation;
		if (!xip_parse_size(loader->words[at + 1], &expectation->value))
			return fail(loader, "no size in bytes", loader->words[at + 1]);
		return XIP_OK;
	}
	return fail(loader, "no relation (< <= = >= >)", loader->words[at]);
}

static bool parse_id(const char *text, char stop, uint32_t *id, const char **end)
{
	unsigned long value;
	char *rest;

	if (*text < '0' || *text > '9')
		return false;
	value = strtoul(text, &rest, 10);
	*id = (uint32_t)value;
	*end = rest;
	return *rest == stop && value <= UINT32_MAX;
}

static enum xip_err parse_attribute(
	const struct loader *loader, const char *word, struct xip_expectation *expectation)
{
	const char *rest;
	char *end;

	if (!strncmp(word, "mode=", 5) && word[5] >= '0' && word[5] <= '7') {
		expectation->mode = (uint32_t)strtoul(word + 5, &end, 8);
		expectation->has_mode = true;
		if (*end || expectation->mode > 07777)
			return fail(loader, "the mode must be octal, at most 7777", word);
		return XIP_OK;
	}
	if (!strncmp(word, "owner=", 6) && parse_id(word + 6, ':', &expectation->uid, &rest) &&
		parse_id(rest + 1, '\0', &expectation->gid, &rest)) {
		expectation->has_owner = true;
		return XIP_OK;
	}
	return fail(loader, "neither mode=OCTAL nor owner=UID:GID", word);
}

static enum xip_err parse_pattern(
	const struct loader *loader, bool required, struct xip_expectation *expectation)
{
	if (loader->word_count < 2)
		return required ? fail(loader, "a path or pattern must follow", loader->words[0])
				: XIP_OK;
	expectation->pattern =
		xip_arena_strndup(loader->list->arena, loader->words[1], strlen(loader->words[1]));
	return expectation->pattern ? XIP_OK : xip_diag_nomem(loader->diag);
}

/* --- Lines ----------------------------------------------------------------------------------- */

enum shape {
	SHAPE_PATTERN,
	SHAPE_MAYBE_PATTERN,
	SHAPE_BOUND,
	SHAPE_BOTH,
	SHAPE_PRESENT,
	SHAPE_CLEAN
};

static const struct {
	const char *word;
	enum xip_expect_kind kind;
	enum shape shape;
} kinds[] = {
	{"xip", XIP_EXPECT_XIP, SHAPE_PATTERN},
	{"not-xip", XIP_EXPECT_NOT_XIP, SHAPE_PATTERN},
	{"size", XIP_EXPECT_SIZE, SHAPE_BOUND},
	{"free", XIP_EXPECT_FREE, SHAPE_BOUND},
	{"ram", XIP_EXPECT_RAM, SHAPE_BOTH},
	{"present", XIP_EXPECT_PRESENT, SHAPE_PRESENT},
	{"absent", XIP_EXPECT_ABSENT, SHAPE_PATTERN},
	{"no-setuid", XIP_EXPECT_NO_SETUID, SHAPE_MAYBE_PATTERN},
	{"no-world-writable", XIP_EXPECT_NO_WRITABLE, SHAPE_MAYBE_PATTERN},
	{"loads", XIP_EXPECT_LOADS, SHAPE_PATTERN},
	{"check", XIP_EXPECT_CHECK_CLEAN, SHAPE_CLEAN},
};

static enum xip_err parse_shape(
	const struct loader *loader, enum shape shape, struct xip_expectation *expectation)
{
	enum xip_err err = XIP_OK;

	switch (shape) {
	case SHAPE_PATTERN:
	case SHAPE_MAYBE_PATTERN:
		if (loader->word_count > 2)
			return fail(loader, "too many words; quote a path with blanks",
				loader->words[2]);
		return parse_pattern(loader, shape == SHAPE_PATTERN, expectation);
	case SHAPE_BOUND:
		return parse_bound(loader, 1, expectation);
	case SHAPE_BOTH:
		err = parse_pattern(loader, true, expectation);
		return err ? err : parse_bound(loader, 2, expectation);
	case SHAPE_PRESENT:
		err = parse_pattern(loader, true, expectation);
		for (size_t i = 2; !err && i < loader->word_count; i++)
			err = parse_attribute(loader, loader->words[i], expectation);
		return err;
	case SHAPE_CLEAN:
		return loader->word_count == 2 && !strcmp(loader->words[1], "clean")
			       ? XIP_OK
			       : fail(loader, "\"clean\" must follow", loader->words[0]);
	}
	return err;
}

static enum xip_err add(struct loader *loader, const struct xip_expectation *expectation)
{
	struct xip_expect_list *list = loader->list;
	struct xip_expectation *larger = realloc(list->items, (list->count + 1) * sizeof(*larger));

	if (!larger)
		return xip_diag_nomem(loader->diag);
	list->items = larger;
	list->items[list->count++] = *expectation;
	return XIP_OK;
}

/*
 * Cuts @line into words, in place; double quotes hold blanks together, '#' ends the line. *@end is
 * where the last word ends, in bytes of the line.
 */
static enum xip_err cut(struct loader *loader, char *line, size_t *end)
{
	char *p = line;

	loader->word_count = 0;
	*end = 0;
	for (;;) {
		bool quoted;
		char *stop;

		p += strspn(p, " \t\r");
		if (!*p || *p == '#')
			return XIP_OK;
		if (loader->word_count == WORDS_MAX)
			return fail(loader, "too many words", p);
		quoted = *p == '"';
		p += quoted;
		stop = quoted ? strchr(p, '"') : p + strcspn(p, " \t\r");
		if (!stop)
			return fail(loader, "a quote is not closed", NULL);
		loader->words[loader->word_count++] = p;
		*end = (size_t)(stop - line) + quoted;
		p = *stop ? stop + 1 : stop;
		*stop = '\0';
	}
}

static enum xip_err parse_kernel(struct loader *loader)
{
	bool mmu = loader->word_count == 2 && !strcmp(loader->words[1], "mmu");

	if (!mmu && (loader->word_count != 2 || strcmp(loader->words[1], "nommu")))
		return fail(loader, "\"mmu\" or \"nommu\" must follow", loader->words[0]);
	loader->list->kernel = mmu ? XIP_KERNEL_MMU : XIP_KERNEL_NOMMU;
	return XIP_OK;
}

static enum xip_err parse_line(struct loader *loader, char *line)
{
	struct xip_expectation expectation = {.line = loader->line};
	size_t lead = strspn(line, " \t");
	char *copy = strdup(line);
	size_t end = 0;
	enum xip_err err = copy ? cut(loader, line, &end) : xip_diag_nomem(loader->diag);

	if (!err && loader->word_count)
		expectation.text = xip_arena_strndup(loader->list->arena, copy + lead, end - lead);
	free(copy);
	if (err || !loader->word_count)
		return err;
	if (!expectation.text)
		return xip_diag_nomem(loader->diag);
	if (!strcmp(loader->words[0], "partition"))
		return loader->word_count == 2 &&
				       xip_parse_size(loader->words[1], &loader->list->partition)
			       ? XIP_OK
			       : fail(loader, "one size in bytes must follow", loader->words[0]);
	if (!strcmp(loader->words[0], "kernel"))
		return parse_kernel(loader);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(loader->words[0], kinds[i].word))
			continue;
		expectation.kind = kinds[i].kind;
		err = parse_shape(loader, kinds[i].shape, &expectation);
		return err ? err : add(loader, &expectation);
	}
	return fail(loader, "unknown expectation", loader->words[0]);
}

static enum xip_err parse(struct loader *loader, char *text)
{
	enum xip_err err = XIP_OK;

	for (char *line = text, *next; !err && line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		loader->line++;
		err = parse_line(loader, line);
	}
	if (!err && !loader->list->count)
		err = xip_diag_fail(loader->diag, XIP_ERR_SOURCE, loader->path, XIP_NO_OFFSET,
			"holds no expectation, so it would hold for every image");
	return err;
}

enum xip_err xip_expect_load(
	struct xip_expect_list *list, const char *path, const struct xip_diag *diag)
{
	struct loader loader = {.list = list, .diag = diag, .path = path};
	enum xip_err err;
	uint8_t *data;
	size_t size;

	*list = (struct xip_expect_list){.arena = xip_arena_new()};
	if (!list->arena)
		return xip_diag_nomem(diag);
	err = xip_io_load(path, EXPECT_FILE_MAX, &data, &size, diag);
	if (!err) {
		err = memchr(data, '\0', size)
			      ? xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
					"expectations are text, but this holds a NUL byte")
			      : parse(&loader, (char *)data);
		free(data);
	}
	if (err)
		xip_expect_free(list);
	return err;
}

void xip_expect_free(struct xip_expect_list *list)
{
	xip_arena_free(list->arena);
	free(list->items);
	*list = (struct xip_expect_list){0};
}
