/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "craft_tree.h"
#include "failing_alloc.h"
#include "run_suite.h"
#include "xipfs/base/pattern.h"
#include "xipfs/read/resolve.h"

#define LINK(folder, name, target)                                                                 \
	{                                                                                          \
		folder, name, 0120777, target, sizeof(target) - 1, false                           \
	}

static const struct craft_item items[] = {
	{"bin", "busybox", 0100755, "program", 7, false},
	LINK("bin", "loop", "loop"),
	LINK("bin", "nowhere", "../lib/missing"),
	LINK("bin", "sh", "busybox"),
	LINK("bin", "up", "../../../../bin/sh"),
	LINK("lib", "a", "b/../c"),
	LINK("lib", "c", "/bin/../lib/./libc.so.1"),
	{"lib", "libc-1.2.so", 0100644, "library", 7, false},
	LINK("lib", "libc.so.1", "libc-1.2.so"),
	LINK("lib", "ping", "pong"),
	LINK("lib", "pong", "../lib/ping"),
	LINK("lib", "root", "/"),
};

static struct craft craft;
static struct xip_image *image;
static struct xip_listing listing;
static int fd;

static void setup(void)
{
	craft_tree(&craft, items, sizeof(items) / sizeof(*items), NULL);
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", CRAFT_PAGE, NULL), XIP_OK);
	ck_assert_int_eq(xip_image_list(image, false, &listing, NULL), XIP_OK);
}

static void teardown(void)
{
	xip_listing_free(&listing);
	xip_image_close(image);
	close(fd);
	craft_free(&craft);
}

/* @path leads to @expected (NULL: nowhere). */
static void leads_to(const char *path, const char *expected)
{
	char real[XIP_RESOLVE_PATH_MAX];
	size_t entry;

	ck_assert_int_eq(xip_image_resolve(image, &listing, path, &entry, real), XIP_OK);
	if (!expected) {
		ck_assert_msg(entry == SIZE_MAX, "%s leads to %s", path, real);
		return;
	}
	ck_assert_msg(entry != SIZE_MAX, "%s leads nowhere", path);
	ck_assert_str_eq(real, expected);
	ck_assert_uint_eq(entry, *expected ? xip_listing_find(&listing, expected) : 0);
}

START_TEST(plain_paths)
{
	leads_to("/bin/busybox", "/bin/busybox");
	leads_to("bin/busybox", "/bin/busybox");
	leads_to("//bin/.//busybox", "/bin/busybox");
	leads_to("/bin/", "/bin");
	leads_to("/", "");
	leads_to("", "");
	leads_to("/..", "");
	leads_to("/../bin/../bin/busybox", "/bin/busybox");
	leads_to("/bin/absent", NULL);
	leads_to("/absent/busybox", NULL);
	leads_to("/bin/busybox/below", NULL);
}
END_TEST

START_TEST(symlinks)
{
	leads_to("/bin/sh", "/bin/busybox");
	leads_to("/bin/up", "/bin/busybox");
	leads_to("/lib/libc.so.1", "/lib/libc-1.2.so");
	leads_to("/lib/c", "/lib/libc-1.2.so");
	leads_to("/lib/root/lib/root/bin/sh", "/bin/busybox");
	leads_to("/lib/root", "");
	leads_to("/bin/nowhere", NULL);
	leads_to("/lib/a", NULL); /* the folder b is not there */
}
END_TEST

START_TEST(loops)
{
	leads_to("/bin/loop", NULL);
	leads_to("/lib/ping", NULL);
	leads_to("/bin/loop/..", NULL);
}
END_TEST

/* 40 symlinks are followed and 41 are not; a path of 4095 bytes is taken, a longer one is not. */
START_TEST(limits)
{
	char path[XIP_RESOLVE_PATH_MAX + 16];
	size_t length = 0;

	for (int i = 0; i < 39; i++)
		length += (size_t)sprintf(path + length, "/lib/root");
	strcpy(path + length, "/bin/sh");
	leads_to(path, "/bin/busybox");
	strcpy(path + length, "/lib/root/bin/sh");
	leads_to(path, NULL);
	memset(path, '/', sizeof(path));
	strcpy(path + XIP_RESOLVE_PATH_MAX - 1 - strlen("bin/sh"), "bin/sh");
	leads_to(path, "/bin/busybox");
	memset(path, '/', sizeof(path));
	strcpy(path + XIP_RESOLVE_PATH_MAX - strlen("bin/sh"), "bin/sh");
	leads_to(path, NULL);
}
END_TEST

/* A symlink at the end stays what it is, unless a '/' stands behind it. */
START_TEST(last_symlink)
{
	static const struct {
		const char *path, *real;
	} cases[] = {
		{"/bin/sh", "/bin/sh"},
		{"/lib/root/bin/sh", "/bin/sh"},
		{"/bin/sh/", "/bin/busybox"},
		{"/lib/root", "/lib/root"},
		{"/lib/root/", ""},
		{"/lib/root/lib/root", "/lib/root"},
		{"/bin/nowhere", "/bin/nowhere"},
		{"/bin/loop", "/bin/loop"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char real[XIP_RESOLVE_PATH_MAX];
		size_t entry;

		ck_assert_int_eq(
			xip_image_resolve_link(image, &listing, cases[i].path, &entry, real),
			XIP_OK);
		ck_assert_uint_ne(entry, SIZE_MAX);
		ck_assert_str_eq(real, cases[i].real);
	}
}
END_TEST

static void means(const char *pattern, bool follow, const char *expected)
{
	char out[XIP_RESOLVE_PATH_MAX];

	ck_assert_int_eq(xip_image_resolve_pattern(image, &listing, pattern, follow, out), XIP_OK);
	ck_assert_msg(xip_pattern_match(out, expected), "%s became %s, which is not %s", pattern,
		out, expected);
}

START_TEST(patterns)
{
	char out[XIP_RESOLVE_PATH_MAX], path[XIP_RESOLVE_PATH_MAX + 1];

	means("/lib/root/bin/b*", false, "/bin/busybox");
	means("/bin/sh", true, "/bin/busybox");
	means("/bin/sh", false, "/bin/sh");
	means("/lib/root/bin/sh/", false, "/bin/busybox");
	means("lib/root/lib/**", true, "/lib/libc-1.2.so");
	means("/lib/root/*/sh", true, "/bin/sh");
	means("/bin/nowhere", true, "/bin/nowhere");
	means("/gone/*", true, "/gone/file");
	means("sh", true, "/bin/sh");
	ck_assert_int_eq(xip_image_resolve_pattern(image, &listing, "/", true, out), XIP_OK);
	ck_assert_str_eq(out, "/");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(
		xip_image_resolve_pattern(image, &listing, path, true, out), XIP_ERR_LIMIT);
	path[0] = '/'; /* the longest that there is */
	path[sizeof(path) - 2] = '\0';
	ck_assert_int_eq(xip_image_resolve_pattern(image, &listing, path, true, out), XIP_OK);
	ck_assert_str_eq(out, path);
}
END_TEST

START_TEST(pattern_parts)
{
	char out[16];

	ck_assert_uint_eq(xip_pattern_literal("/usr/bin/*"), strlen("/usr/bin"));
	ck_assert_uint_eq(xip_pattern_literal("/usr/b*/x"), strlen("/usr"));
	ck_assert_uint_eq(xip_pattern_literal("/usr/b\\*/x"), strlen("/usr"));
	ck_assert_uint_eq(xip_pattern_literal("usr/bin//"), strlen("usr/bin"));
	ck_assert_uint_eq(xip_pattern_literal("/*"), 0);
	ck_assert_uint_eq(xip_pattern_literal("sh"), 0);
	ck_assert_uint_eq(xip_pattern_literal("/"), 0);
	ck_assert(xip_pattern_below(out, sizeof(out), "/a*b", "/c?"));
	ck_assert_str_eq(out, "/a\\*b/c?");
	ck_assert(xip_pattern_below(out, sizeof(out), "", "//c"));
	ck_assert_str_eq(out, "/c");
	ck_assert(xip_pattern_below(out, sizeof(out), "/23456789abcd", "e")); /* 15 and a NUL */
	ck_assert_str_eq(out, "/23456789abcd/e");
	ck_assert(!xip_pattern_below(out, sizeof(out), "/23456789abcd", "ef"));
	ck_assert(!xip_pattern_below(out, sizeof(out), "/23456789abcde", "f"));
	ck_assert(!xip_pattern_below(out, sizeof(out), "/*******", ""));
	ck_assert(!xip_pattern_below(out, sizeof(out), "/23456789abcdefgh", ""));
}
END_TEST

START_TEST(out_of_memory)
{
	size_t entry, n;

	for (n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_image_resolve(image, &listing, "/lib/c", &entry, NULL);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_ge(n, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tcase = tcase_create("resolve");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, plain_paths);
	tcase_add_test(tcase, symlinks);
	tcase_add_test(tcase, loops);
	tcase_add_test(tcase, limits);
	tcase_add_test(tcase, last_symlink);
	tcase_add_test(tcase, patterns);
	tcase_add_test(tcase, pattern_parts);
	tcase_add_test(tcase, out_of_memory);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
