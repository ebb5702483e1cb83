/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles: their two forms, what adds up, what is wrong. */
#include <check.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "make_tree.h"
#include "run_suite.h"
#include "xipfs/plan/profile.h"

#define PAGE 4096u

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static struct made made;

/* bin/a of 3 pages, bin/b of 2 pages and a byte, an empty file, strange names and links. */
static void begin(void)
{
	static const uint8_t data[3 * PAGE];
	struct xip_node *bin;

	messages = (struct messages){0};
	made_begin(&made);
	bin = made_dir(&made, NULL, "bin");
	made_file(&made, bin, "a", data, 3 * PAGE);
	made_file(&made, bin, "b", data, 2 * PAGE + 1);
	made_file(&made, NULL, "empty", data, 0);
	made_file(&made, NULL, "x,1,\"y\" z", data, PAGE);
	made_symlink(&made, NULL, "link", "bin");
	made_symlink(&made, NULL, "gone", "nowhere");
	made_finish(&made);
}

static void end(void)
{
	made_end(&made);
}

static enum xip_err load(struct xip_profile *profile, const char *text, uint32_t page_size)
{
	return xip_profile_load_text(
		profile, "p.csv", text, strlen(text), made.tree, page_size, &diag);
}

/* The profile as "a0*5 b2*1", files by the last letter of their names. */
static const char *shown(const struct xip_profile *profile)
{
	static char text[256];
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < profile->count; i++) {
		const struct xip_profile_page *page = &profile->pages[i];
		const struct xip_node *node = made.tree->data_inodes[page->file]->first;

		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%c%u*%llu",
			i ? " " : "", node->name[node->name_length - 1], page->page,
			(unsigned long long)page->count);
	}
	return text;
}

#define HEAD "path,page,count\n"

static const struct {
	const char *text, *pages;
	uint32_t page_size;
} forms[] = {
	{HEAD "/bin/a,0,5\n/bin/b,2,1\n", "a0*5 b2*1", PAGE},
	{HEAD "/bin/b,2,1\n/bin/a,2,1\n/bin/a,0,5", "a0*5 a2*1 b2*1", PAGE},
	/* counts of one page add up, also of a path that leads to it, up to the largest number */
	{HEAD "/bin/a,1,5\n/link/a,1,6\n/bin/a,1,1\n", "a1*12", PAGE},
	{HEAD "/bin/a,1,18446744073709551615\n/bin/a,1,2\n", "a1*18446744073709551615", PAGE},
	/* RFC 4180, and files put one behind the other */
	{HEAD "\"/bin/a\",1,2\r\n\r\n" HEAD "\"/x,1,\"\"y\"\" z\",0,3\r\n", "a1*2 z0*3", PAGE},
	{HEAD "/x,1,\"y\" z,0,3\n", "z0*3", PAGE}, /* as AXFS would write it */
	{"\xef\xbb\xbf" HEAD "bin/a,1,2\n", "a1*2", PAGE},
	/* AXFS */
	{"./bin/a,0,5\n./bin/a,8192,7\n./x,1,\"y\" z,0,3\n", "a0*5 a2*7 z0*3", PAGE},
	{"./bin/a,0,5\n./bin/a,4096,7\n./bin/a,8192,7\n", "a0*12 a1*7", 2 * PAGE},
};

START_TEST(two_forms)
{
	struct xip_profile profile = {0};

	begin();
	ck_assert_int_eq(load(&profile, forms[_i].text, forms[_i].page_size), XIP_OK);
	ck_assert_str_eq(shown(&profile), forms[_i].pages);
	ck_assert_uint_eq(messages.errors + messages.warnings, 0);
	xip_profile_free(&profile);
	end();
}
END_TEST

START_TEST(several_add_up)
{
	struct xip_profile profile = {0};
	const struct xip_profile_page *pages;
	size_t count;

	begin();
	ck_assert_int_eq(load(&profile, HEAD "/bin/a,2,1\n/bin/b,0,4\n", PAGE), XIP_OK);
	ck_assert_int_eq(load(&profile, "./bin/a,0,3\n./bin/a,8192,7\n", PAGE), XIP_OK);
	ck_assert_str_eq(shown(&profile), "a0*3 a2*8 b0*4");
	pages = xip_profile_of(&profile, profile.pages[0].file, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_ptr_eq(pages, profile.pages);
	pages = xip_profile_of(&profile, profile.pages[2].file, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(pages->count, 4);
	ck_assert_ptr_null(xip_profile_of(&profile, UINT32_MAX, &count));
	ck_assert_uint_eq(count, 0);
	xip_profile_free(&profile);
	end();
}
END_TEST

static const struct {
	const char *text, *message;
} wrong[] = {
	{"/bin/a,0,5\n", "line 1: a profile begins with the line path,page,count"},
	{"path,offset,count\n", "line 1: a profile begins"},
	{HEAD "/bin/a,0\n", "line 2: it must be a path, a page and a count"},
	{HEAD "/bin/a\n", "line 2: it must be a path, a page and a count"},
	{HEAD ",0,5\n", "line 2: it must be a path, a page and a count"},
	{HEAD "\"/bin/a,0,5\n", "line 2: it must be a path, a page and a count"},
	{HEAD "\"/bin/a\"b,0,5\n", "line 2: it must be a path, a page and a count"},
	{HEAD "\"/bin/a\",0\n", "line 2: it must be a path, a page and a count"},
	{HEAD "/bin/a,-1,5\n", "line 2: -1: the page must be digits"},
	{HEAD "/bin/a, 1,5\n", "line 2:  1: the page must be digits"},
	{HEAD "/bin/a,,5\n", "line 2: : the page must be digits"},
	{HEAD "/bin/a,0x1,5\n", "line 2: 0x1: the page must be digits"},
	{HEAD "/bin/a,18446744073709551616,5\n", "line 2: 18446744073709551616: the page must be"},
	{HEAD "/bin/a,1,0\n", "line 2: 0: the count must be a number from 1 on"},
	{HEAD "/bin/a,1,1K\n", "line 2: 1K: the count must be"},
	{HEAD "\"/bin/a\",1,2,3\n", "line 2: 2,3: the count must be"},
	{"./bin/a,0,1\n./bin/a,4097,1\n", "line 2: 4097: a byte offset of AXFS is a multiple"},
	{"./bin/a,0,1\n./bin/a,1\n", "line 2: it must be a path, a byte offset and a count"},
};

START_TEST(what_is_wrong)
{
	struct xip_profile profile = {0};

	begin();
	ck_assert_int_eq(load(&profile, wrong[_i].text, PAGE), XIP_ERR_SOURCE);
	messages_expect(&messages, "p.csv: ", wrong[_i].message);
	xip_profile_free(&profile);
	end();
}
END_TEST

static const struct {
	const char *text, *message, *pages;
} missing[] = {
	{HEAD "/bin/a,0,1\n/bin/a,3,1\n/bin/c,0,1\n",
		"2 of the 3 pages of the profile are not in the image, first page 3 of /bin/a in "
		"line 3",
		"a0*1"},
	{HEAD "/bin/b,3,1\n", "1 of the 1 pages", ""},
	{HEAD "/bin,0,1\n", "first page 0 of /bin in line 2", ""},
	{HEAD "/empty,0,1\n", "first page 0 of /empty in line 2", ""},
	{HEAD "/gone,7,1\n", "first page 7 of /gone in line 2", ""},
	{HEAD "/bin/a,4294967296,1\n", "first page 4294967296 of /bin/a", ""},
	{HEAD, "the profile names no page", ""},
	{"", "the profile names no page", ""},
};

START_TEST(what_is_not_there)
{
	struct xip_profile profile = {0};

	begin();
	ck_assert_int_eq(load(&profile, missing[_i].text, PAGE), XIP_OK);
	ck_assert_uint_eq(messages.errors, 0);
	ck_assert_uint_eq(messages.warnings, 1);
	ck_assert_msg(strstr(messages.text, missing[_i].message), "%s", messages.text);
	ck_assert_str_eq(shown(&profile), missing[_i].pages);
	xip_profile_free(&profile);
	end();
}
END_TEST

/* Files of one content and one that is only as large. */
static void begin_equal(void)
{
	static const uint8_t zeros[2 * PAGE], ones[2 * PAGE] = {1};

	messages = (struct messages){0};
	made_begin(&made);
	made_file(&made, NULL, "a", zeros, 2 * PAGE);
	made_file(&made, NULL, "b", zeros, 2 * PAGE);
	made_file(&made, NULL, "c", ones, 2 * PAGE);
	made_file(&made, NULL, "d", ones, 2 * PAGE);
	made_file(&made, NULL, "e", ones, PAGE);
	made_file(&made, NULL, "f", zeros, 2 * PAGE);
	made_file(&made, NULL, "g", ones, PAGE);
	made_finish(&made);
}

static const struct {
	const char *text, *pages;
} equals[] = {
	{HEAD "/b,1,1\n/a,0,2\n/b,0,3\n", "a0*5 a1*1 b0*5 b1*1 f0*5 f1*1"},
	{HEAD "/f,1,1\n/d,0,2\n", "a1*1 b1*1 c0*2 d0*2 f1*1"},
	{HEAD "/e,0,1\n", "e0*1 g0*1"},
	{HEAD, ""},
};

START_TEST(equal_files)
{
	struct xip_profile profile = {0};

	begin_equal();
	ck_assert_int_eq(load(&profile, equals[_i].text, PAGE), XIP_OK);
	ck_assert_int_eq(xip_profile_share(&profile, made.tree, &diag), XIP_OK);
	ck_assert_str_eq(shown(&profile), equals[_i].pages);
	xip_profile_free(&profile);
	end();
}
END_TEST

START_TEST(content_is_gone)
{
	struct xip_profile profile = {0};

	begin_equal();
	ck_assert_int_eq(load(&profile, equals[0].text, PAGE), XIP_OK);
	ck_assert_int_eq(ftruncate(made.tree->source->spool_fd, PAGE), 0);
	ck_assert_int_ne(xip_profile_share(&profile, made.tree, &diag), XIP_OK);
	ck_assert_uint_eq(messages.errors, 1);
	xip_profile_free(&profile);
	end();
}
END_TEST

START_TEST(no_memory_to_share)
{
	begin_equal();
	for (size_t n = 1;; n++) {
		struct xip_profile profile = {0};
		enum xip_err err;

		ck_assert_int_eq(load(&profile, equals[1].text, PAGE), XIP_OK);
		failing_alloc_arm(n);
		err = xip_profile_share(&profile, made.tree, &diag);
		xip_profile_free(&profile);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_gt(n, 5);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	end();
}
END_TEST

START_TEST(no_memory)
{
	begin();
	for (size_t n = 1;; n++) {
		struct xip_profile profile = {0};
		enum xip_err err;

		failing_alloc_arm(n);
		err = load(&profile, HEAD "/bin/a,0,1\n/bin/b,1,1\n", PAGE);
		xip_profile_free(&profile);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_gt(n, 3);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *tests = tcase_create("profile");

	tcase_add_loop_test(tests, two_forms, 0, sizeof(forms) / sizeof(*forms));
	tcase_add_test(tests, several_add_up);
	tcase_add_loop_test(tests, what_is_wrong, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_loop_test(tests, what_is_not_there, 0, sizeof(missing) / sizeof(*missing));
	tcase_add_loop_test(tests, equal_files, 0, sizeof(equals) / sizeof(*equals));
	tcase_add_test(tests, content_is_gone);
	tcase_add_test(tests, no_memory_to_share);
	tcase_add_test(tests, no_memory);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
