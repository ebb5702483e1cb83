/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading expectation files: see xip_expect_load() and xipfs-dump(1).
 */
#include <stdlib.h>
#include <string.h>

#include "xipfs/expect/expect.h"
#include "xipfs/base/lines.h"
#include "xipfs/base/text.h"

#define WORDS_MAX 6

struct expect_file {
	struct xip_expect_list *list;
	const struct xip_line *line; /* the line at hand */
	char *words[WORDS_MAX];      /* and its words */
	size_t word_count;
};

static enum xip_err fail(const struct expect_file *file, const char *rule, const char *what)
{
	return xip_line_fail(
		file->line, XIP_ERR_SOURCE, "%s%s%s", rule, what ? ": " : "", what ? what : "");
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
	const struct expect_file *file, size_t at, struct xip_expectation *expectation)
{
	if (file->word_count != at + 2)
		return fail(file, "a relation and a size must follow, as in \"<= 960K\"", NULL);
	for (size_t i = 0; i < sizeof(relations) / sizeof(*relations); i++) {
		if (strcmp(file->words[at], relations[i].sign))
			continue;
		expectation->relation = relations[i].relation;
		if (!xip_parse_size(file->words[at + 1], &expectation->value))
			return fail(file, "no size in bytes", file->words[at + 1]);
		return XIP_OK;
	}
	return fail(file, "no relation (< <= = >= >)", file->words[at]);
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
	const struct expect_file *file, const char *word, struct xip_expectation *expectation)
{
	const char *rest;
	char *end;

	if (!strncmp(word, "mode=", 5) && word[5] >= '0' && word[5] <= '7') {
		expectation->mode = (uint32_t)strtoul(word + 5, &end, 8);
		expectation->has_mode = true;
		if (*end || expectation->mode > 07777)
			return fail(file, "the mode must be octal, at most 7777", word);
		return XIP_OK;
	}
	if (!strncmp(word, "owner=", 6) && parse_id(word + 6, ':', &expectation->uid, &rest) &&
		parse_id(rest + 1, '\0', &expectation->gid, &rest)) {
		expectation->has_owner = true;
		return XIP_OK;
	}
	return fail(file, "neither mode=OCTAL nor owner=UID:GID", word);
}

static enum xip_err parse_pattern(
	const struct expect_file *file, bool required, struct xip_expectation *expectation)
{
	if (file->word_count < 2)
		return required ? fail(file, "a path or pattern must follow", file->words[0])
				: XIP_OK;
	expectation->pattern =
		xip_arena_strndup(file->list->arena, file->words[1], strlen(file->words[1]));
	return expectation->pattern ? XIP_OK : xip_diag_nomem(file->line->diag);
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
	{"block", XIP_EXPECT_BLOCK, SHAPE_BOTH},
	{"present", XIP_EXPECT_PRESENT, SHAPE_PRESENT},
	{"absent", XIP_EXPECT_ABSENT, SHAPE_PATTERN},
	{"no-setuid", XIP_EXPECT_NO_SETUID, SHAPE_MAYBE_PATTERN},
	{"no-world-writable", XIP_EXPECT_NO_WRITABLE, SHAPE_MAYBE_PATTERN},
	{"loads", XIP_EXPECT_LOADS, SHAPE_PATTERN},
	{"check", XIP_EXPECT_CHECK_CLEAN, SHAPE_CLEAN},
};

static enum xip_err parse_shape(
	const struct expect_file *file, enum shape shape, struct xip_expectation *expectation)
{
	enum xip_err err = XIP_OK;

	switch (shape) {
	case SHAPE_PATTERN:
	case SHAPE_MAYBE_PATTERN:
		if (file->word_count > 2)
			return fail(
				file, "too many words; quote a path with blanks", file->words[2]);
		return parse_pattern(file, shape == SHAPE_PATTERN, expectation);
	case SHAPE_BOUND:
		return parse_bound(file, 1, expectation);
	case SHAPE_BOTH:
		err = parse_pattern(file, true, expectation);
		return err ? err : parse_bound(file, 2, expectation);
	case SHAPE_PRESENT:
		err = parse_pattern(file, true, expectation);
		for (size_t i = 2; !err && i < file->word_count; i++)
			err = parse_attribute(file, file->words[i], expectation);
		return err;
	case SHAPE_CLEAN:
		return file->word_count == 2 && !strcmp(file->words[1], "clean")
			       ? XIP_OK
			       : fail(file, "\"clean\" must follow", file->words[0]);
	}
	return err;
}

static enum xip_err add(struct expect_file *file, const struct xip_expectation *expectation)
{
	struct xip_expect_list *list = file->list;
	struct xip_expectation *larger = realloc(list->items, (list->count + 1) * sizeof(*larger));

	if (!larger)
		return xip_diag_nomem(file->line->diag);
	list->items = larger;
	list->items[list->count++] = *expectation;
	return XIP_OK;
}

/*
 * Cuts @line into words, in place. *@end is where the last word ends, in bytes of the line, perhaps
 * with blanks after it.
 */
static enum xip_err cut(struct expect_file *file, char *line, size_t *end)
{
	char *rest = line, *word;

	file->word_count = 0;
	*end = 0;
	for (;;) {
		enum xip_err err = xip_line_word(file->line, &rest, &word);

		if (err || !word)
			return err;
		if (file->word_count == WORDS_MAX)
			return fail(file, "too many words", word);
		file->words[file->word_count++] = word;
		*end = (size_t)(rest - line);
	}
}

/* What a line says, without the blanks around it and the comment after it. */
static char *keep_text(const struct expect_file *file, const char *line, size_t end)
{
	size_t begin = strspn(line, " \t");

	while (end > begin && strchr(" \t\r", line[end - 1]))
		end--;
	return xip_arena_strndup(file->list->arena, line + begin, end - begin);
}

/* Of any kernel; beyond it the size of a block does not fit 64 bits. */
#define MAX_ORDER_MOST 40

static enum xip_err parse_kernel(struct expect_file *file)
{
	static const char key[] = "max-order=";
	struct xip_ram_options *kernel = &file->list->kernel;
	enum xip_err err =
		file->word_count > 1
			? XIP_OK
			: fail(file,
				  "\"nommu\", \"mmu\", \"pagewise\" or \"max-order=N\" must follow",
				  file->words[0]);

	for (size_t i = 1; i < file->word_count && !err; i++) {
		const char *word = file->words[i];
		uint64_t order;

		if (!strcmp(word, "mmu"))
			kernel->kernel = XIP_KERNEL_MMU;
		else if (!strcmp(word, "pagewise"))
			kernel->kernel = XIP_KERNEL_PAGEWISE;
		else if (!strcmp(word, "nommu"))
			kernel->kernel = XIP_KERNEL_NOMMU;
		else if (!strncmp(word, key, strlen(key)) &&
			 xip_parse_size(word + strlen(key), &order) && order <= MAX_ORDER_MOST)
			kernel->max_order = (unsigned)order;
		else
			err = fail(file,
				"none of \"nommu\", \"mmu\", \"pagewise\" and \"max-order=N\"",
				word);
	}
	return err;
}

static enum xip_err parse_line(struct expect_file *file, char *line)
{
	struct xip_expectation expectation = {.line = file->line->number};
	char *copy = strdup(line);
	size_t end = 0;
	enum xip_err err = copy ? cut(file, line, &end) : xip_diag_nomem(file->line->diag);

	if (!err && file->word_count)
		expectation.text = keep_text(file, copy, end);
	free(copy);
	if (err || !file->word_count)
		return err;
	if (!expectation.text)
		return xip_diag_nomem(file->line->diag);
	if (!strcmp(file->words[0], "partition"))
		return file->word_count == 2 &&
				       xip_parse_size(file->words[1], &file->list->partition)
			       ? XIP_OK
			       : fail(file, "one size in bytes must follow", file->words[0]);
	if (!strcmp(file->words[0], "kernel"))
		return parse_kernel(file);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(file->words[0], kinds[i].word))
			continue;
		expectation.kind = kinds[i].kind;
		err = parse_shape(file, kinds[i].shape, &expectation);
		return err ? err : add(file, &expectation);
	}
	return fail(file, "unknown expectation", file->words[0]);
}

static enum xip_err read_lines(
	struct xip_expect_list *list, const char *path, const struct xip_diag *diag)
{
	struct xip_lines lines;
	struct expect_file file = {.list = list, .line = &lines.at};
	enum xip_err err = xip_lines_open(&lines, path, diag);
	char *line;

	if (err)
		return err;
	while (!err && (line = xip_lines_next(&lines)))
		err = parse_line(&file, line);
	xip_lines_close(&lines);
	if (!err && !list->count)
		err = xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
			"holds no expectation, so it would hold for every image");
	return err;
}

enum xip_err xip_expect_load(
	struct xip_expect_list *list, const char *path, const struct xip_diag *diag)
{
	enum xip_err err;

	*list = (struct xip_expect_list){
		.arena = xip_arena_new(), .kernel.max_order = XIP_MAX_ORDER_DEFAULT};
	if (!list->arena)
		return xip_diag_nomem(diag);
	err = read_lines(list, path, diag);
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
