/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/base/lines.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};

static const struct {
	const char *text, *lines; /* the lines, each with a '|' behind it */
} texts[] = {
	{"", ""},
	{"\n", "|"},
	{"a", "a|"},
	{"a\nb\n", "a|b|"},
	{"a\r\nb\r\n", "a|b|"},
	{"a\r\n\r\nb", "a||b|"},
	{"a\rb\r", "a\rb\r|"}, /* a CR ends a line only before a LF */
	{"\n\n", "||"},
	{"\xef\xbb\xbf"
	 "a\nb",
		"a|b|"},
	{"a\n\xef\xbb\xbf"
	 "b",
		"a|\xef\xbb\xbf"
		"b|"},
};

START_TEST(ends_of_lines)
{
	struct xip_lines lines;
	char got[64] = "";
	uint64_t count = 0;
	char *line;

	ck_assert_int_eq(
		xip_lines_of_text(&lines, "file", texts[_i].text, strlen(texts[_i].text), &diag),
		XIP_OK);
	while ((line = xip_lines_next(&lines))) {
		ck_assert_uint_eq(lines.at.number, ++count);
		strcat(strcat(got, line), "|");
	}
	ck_assert_ptr_null(xip_lines_next(&lines));
	ck_assert_str_eq(got, texts[_i].lines);
	xip_lines_close(&lines);
}
END_TEST

START_TEST(no_text)
{
	struct xip_lines lines;

	ck_assert_int_eq(xip_lines_of_text(&lines, "file", "a\nb\0c\n", 6, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "file", "line 2: a NUL byte");
	ck_assert_int_eq(xip_lines_open(&lines, "/nowhere/file", &diag), XIP_ERR_IO);
}
END_TEST

static const struct {
	const char *line, *words; /* each with a '|' behind it; NULL: an error */
} rows[] = {
	{"", ""},
	{" \t\r", ""},
	{"a  b\tc", "a|b|c|"},
	{"a # b", "a|"},
	{"a#b", "a#b|"},
	{"\"a b\" c", "a b|c|"},
	{"\"a#b\"# c", "a#b|"},
	{"\"\" c", "|c|"},
	{"\"a b", NULL},
};

START_TEST(words)
{
	const struct xip_line at = {.path = "file", .number = 7, .diag = &diag};
	char line[32], got[64] = "", *rest = line, *word;
	enum xip_err err;

	strcpy(line, rows[_i].line);
	while (!(err = xip_line_word(&at, &rest, &word)) && word)
		strcat(strcat(got, word), "|");
	if (rows[_i].words) {
		ck_assert_int_eq(err, XIP_OK);
		ck_assert_str_eq(got, rows[_i].words);
	} else {
		ck_assert_int_eq(err, XIP_ERR_SOURCE);
		messages_expect(&messages, "file", "line 7: a quote is not closed");
	}
}
END_TEST

START_TEST(no_memory)
{
	struct xip_lines lines;

	failing_alloc_arm(1);
	ck_assert_int_eq(xip_lines_of_text(&lines, "file", "a", 1, &diag), XIP_ERR_NOMEM);
	ck_assert(failing_alloc_disarm());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lines");
	TCase *tests = tcase_create("lines");

	tcase_add_loop_test(tests, ends_of_lines, 0, sizeof(texts) / sizeof(*texts));
	tcase_add_test(tests, no_text);
	tcase_add_loop_test(tests, words, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tests, no_memory);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
