/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both programs print with, and the numbers they read.
 */
#include "xipfs/cli/cli.h"

#include <errno.h>

#include "fixture.h"
#include "run_suite.h"
#include "xipfs/base/text.h"

/* --- Texts ----------------------------------------------------------------------------------- */

static const struct {
	const char *text, *escaped;
} texts[] = {
	{"", ""},
	{"/bin/busybox", "/bin/busybox"},
	{"a b~", "a b~"},
	{"back\\slash", "back\\134slash"},
	{"line\nfeed\ttab\r", "line\\012feed\\011tab\\015"},
	{"\x1b[2J\x7f\x01", "\\033[2J\\177\\001"},
	{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7"},
	{"\xc2\x9b"
	 "31m",
		"\\302\\23331m"}, /* U+009B begins a control sequence as ESC [ does */
	{"\xc2\xa0", "\xc2\xa0"},
	{"\x80\xbf\xff\xfe", "\\200\\277\\377\\376"},
	{"\xc3", "\\303"}, /* ends in the middle */
	{"\xe2\x82", "\\342\\202"},
	{"\xf0\x9f\x90", "\\360\\237\\220"},
	{"\xc3(", "\\303("},
	{"\xc0\xaf", "\\300\\257"}, /* overlong */
	{"\xe0\x9f\xbf", "\\340\\237\\277"},
	{"\xf0\x8f\xbf\xbf", "\\360\\217\\277\\277"},
	{"\xed\xa0\x80", "\\355\\240\\200"},          /* a surrogate */
	{"\xf4\x90\x80\x80", "\\364\\220\\200\\200"}, /* beyond Unicode */
	{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
};

static void expect_printed(
	void (*print)(FILE *out, const char *text), const char *text, const char *printed)
{
	char *got = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&got, &size);

	print(out, text);
	fclose(out);
	ck_assert_uint_eq(size, strlen(printed));
	ck_assert_str_eq(got, printed);
	free(got);
}

START_TEST(escaped)
{
	expect_printed(xip_cli_print_escaped, texts[_i].text, texts[_i].escaped);
}
END_TEST

START_TEST(xml)
{
	expect_printed(xip_cli_print_xml, "", "");
	expect_printed(xip_cli_print_xml, "<a b=\"c\">&'\xc3\xa4\n\\",
		"&#60;a b=&#34;c&#34;&#62;&#38;&#39;\xc3\xa4\\012\\134");
	expect_printed(xip_cli_print_xml, "\xc3<", "\\303&#60;");
}
END_TEST

/* --- Messages -------------------------------------------------------------------------------- */

static unsigned cleared;

static void clear(void *user)
{
	cleared++;
	ck_assert_ptr_eq(user, &cleared);
}

/* What the function prints to standard error, in static storage. */
static const char *errors_of(void (*print)(const struct xip_diag *diag), struct xip_cli *cli)
{
	static char text[20000];
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	struct xip_diag diag = xip_cli_diag(cli);
	size_t size;

	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	print(&diag);
	xip_cli_tell_repeats(cli);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

static void say_all(const struct xip_diag *diag)
{
	(void)xip_diag_fail(diag, XIP_ERR_SOURCE, "/a\nb", 7, "bad %s", "thing\x1b");
	xip_diag_warn(diag, "/c", XIP_NO_OFFSET, "odd");
	(void)xip_diag_fail(diag, XIP_ERR_LIMIT, NULL, XIP_NO_OFFSET, "too large");
	xip_diag_info(diag, "/d", XIP_NO_OFFSET, "by the way");
}

START_TEST(messages)
{
	struct xip_cli cli = {.program = "prog", .before = clear, .user = &cleared};

	ck_assert_str_eq(errors_of(say_all, &cli),
		"prog: /a\\012b: bad thing\\033\nprog: /c: warning: odd\nprog: too large\n");
	ck_assert_uint_eq(cli.errors, 2);
	ck_assert_uint_eq(cli.warnings, 1);
	ck_assert_uint_eq(cleared, 3);
	cli.verbose = true;
	cli.before = NULL;
	ck_assert_ptr_nonnull(strstr(errors_of(say_all, &cli), "\nprog: /d: by the way\n"));
	ck_assert_uint_eq(cli.errors, 4);
}
END_TEST

/* --- Closed streams -------------------------------------------------------------------------- */

/* A stream that was closed cannot be used, and no file gets its number. */
START_TEST(closed_streams)
{
	int fd;

	for (int stream = 0; stream < 3; stream++)
		if (_i >> stream & 1)
			close(stream);
	xip_cli_hold_streams();
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 3 || (_i & 1 && read(0, &(char){0}, 1) >= 0) ||
		(_i & 2 && write(1, "x", 1) >= 0) || (_i & 4 && write(2, "x", 1) >= 0))
		_exit(1);
	_exit(0);
}
END_TEST

/* --- Numbers --------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	bool good;
	uint64_t value;
} numbers[] = {
	{"0", true, 0},
	{"1", true, 1},
	{"4095", true, 4095},
	{"007", true, 7}, /* not octal */
	{"08", true, 8},
	{"0x10", true, 16},
	{"0XfF", true, 255},
	{"1k", true, 1024},
	{"1K", true, 1024},
	{"1KiB", true, 1024},
	{"1KB", true, 1024},
	{"0x10K", true, 16384},
	{"3M", true, 3u << 20},
	{"2G", true, 2ull << 30},
	{"18446744073709551615", true, UINT64_MAX},
	{"17179869183G", true, 17179869183ull << 30},
	{"18446744073709551616", false, 0},
	{"17179869184G", false, 0},
	{"0xffffffffffffffff1", false, 0},
	{"", false, 0},
	{"-1", false, 0},
	{"+1", false, 0},
	{" 1", false, 0},
	{"1 ", false, 0},
	{"0x", false, 0},
	{"x", false, 0},
	{"K", false, 0},
	{"1.5M", true, 1536u << 10},
	{"1m", true, 1u << 20},
	{"1g", true, 1u << 30},
	{"0.25k", true, 256},
	{"1.0GiB", true, 1u << 30},
	{"1.5", false, 0},
	{"0.3K", false, 0}, /* no whole bytes */
	{"1.M", false, 0},
	{".5M", false, 0},
	{"1.5.5M", false, 0},
	{"0x1.8M", false, 0},
	{"1.0000000001G", false, 0},
	{"17179869183.5G", true, 18446744073172680704u},
	{"1e3", false, 0},
	{"1Ki", false, 0},
	{"1KK", false, 0},
	{"1B", false, 0},
	{"1,000", false, 0},
};

START_TEST(number)
{
	uint64_t value = 0;

	ck_assert_int_eq(xip_parse_size(numbers[_i].text, &value), numbers[_i].good);
	if (numbers[_i].good)
		ck_assert_uint_eq(value, numbers[_i].value);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
	Suite *suite = suite_create("cli");
	TCase *tests = tcase_create("cli");

	tcase_add_loop_test(tests, escaped, 0, COUNT(texts));
	tcase_add_test(tests, xml);
	tcase_add_test(tests, messages);
	tcase_add_loop_exit_test(tests, closed_streams, 0, 0, 8);
	tcase_add_loop_test(tests, number, 0, COUNT(numbers));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
