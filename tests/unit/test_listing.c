/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "craft.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/format/format.h"
#include "xipfs/read/reader.h"

#define PLAIN 0x103u /* FSID_VERSION_2, SORTED_DIRS, HOLES */

static struct craft craft;
static struct messages messages;
static const struct xip_diag diag = {messages_emit, &messages};
static struct xip_image *image;
static struct xip_listing listing;
static int fd;

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	image = NULL;
	listing = (struct xip_listing){0};
	fd = -1;
}

static void teardown(void)
{
	xip_listing_free(&listing);
	xip_image_close(image);
	if (fd >= 0)
		close(fd);
	craft_free(&craft);
}

static void open_and_list(uint32_t page_size)
{
	craft_crc(&craft);
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", page_size, &diag), XIP_OK);
	ck_assert_int_eq(xip_image_list(image, false, &listing, &diag), XIP_OK);
	ck_assert_uint_eq(messages.errors, 0);
}

/*
 * /a (/a/x, /a/y (/a/y/z)), /b, /c (an empty directory)
 */
static void a_tree(bool big)
{
	uint32_t at;

	craft_new(&craft, big, PLAIN, 0x2000);
	at = craft_entry(&craft, 76, 0040755, 32, 124, "a");
	at = craft_entry(&craft, at, 0100644, 0, 0, "b");
	at = craft_entry(&craft, at, 0040755, 0, 0, "c");
	ck_assert_uint_eq(at, 124);
	at = craft_entry(&craft, at, 0010644, 0, 0, "x");
	at = craft_entry(&craft, at, 0040755, 16, 156, "y");
	at = craft_entry(&craft, at, 0140644, 0, 0, "z");
	craft_super(&craft, 76, 48);
}

static void path_is(size_t index, const char *expected)
{
	char *path = xip_listing_path(&listing, index);

	ck_assert_str_eq(path, expected);
	ck_assert_uint_eq(xip_listing_find(&listing, expected), index);
	free(path);
}

START_TEST(lists_in_tree_order)
{
	static const char *const order[] = {"/", "/a", "/a/x", "/a/y", "/a/y/z", "/b", "/c"};
	size_t index = 0;

	a_tree(_i);
	open_and_list(0);
	ck_assert_uint_eq(listing.count, 7);
	for (size_t i = 0; i < 7; i++) {
		ck_assert_uint_ne(index, SIZE_MAX);
		path_is(index, order[i]);
		index = xip_listing_next(&listing, index);
	}
	ck_assert_uint_eq(index, SIZE_MAX);
	path_is(xip_listing_skip(&listing, xip_listing_find(&listing, "/a")), "/b");
	ck_assert_uint_eq(xip_listing_skip(&listing, xip_listing_find(&listing, "/c")), SIZE_MAX);
	ck_assert_uint_eq(xip_listing_skip(&listing, 0), SIZE_MAX);
}
END_TEST

START_TEST(finds_paths)
{
	a_tree(false);
	open_and_list(0);
	path_is(xip_listing_find(&listing, "a/y/z"), "/a/y/z");
	path_is(xip_listing_find(&listing, "./a//y/./"), "/a/y");
	path_is(xip_listing_find(&listing, ""), "/");
	ck_assert_uint_eq(xip_listing_find(&listing, "/a/q"), SIZE_MAX);
	ck_assert_uint_eq(xip_listing_find(&listing, "/b/x"), SIZE_MAX);
	ck_assert_uint_eq(xip_listing_find(&listing, "/a/.."), SIZE_MAX);
}
END_TEST

START_TEST(keeps_names_of_any_bytes)
{
	const struct craft_inode inode = {.mode = 0100644, .uid = 65535, .gid = 255};
	char name[253];

	memset(name, 0xff, 252);
	name[252] = 0;
	craft_new(&craft, _i, PLAIN, 0x1000);
	craft_raw_entry(&craft, 76, &inode, name, 252, 252);
	craft_super(&craft, 76, 264);
	open_and_list(0);
	ck_assert_str_eq(listing.entries[1].name, name);
	ck_assert_uint_eq(listing.entries[1].name_length, 252);
	ck_assert_uint_eq(listing.entries[1].inode.uid, 65535);
	ck_assert_uint_eq(listing.entries[1].inode.gid, 255);
}
END_TEST

static void name_with(const char *name, size_t length, unsigned padded)
{
	const struct craft_inode inode = {.mode = 0100644};
	uint32_t at;

	craft_new(&craft, false, PLAIN, 0x1000);
	at = craft_raw_entry(&craft, 76, &inode, name, length, padded);
	at = craft_entry(&craft, at, 0100644, 0, 0, "z");
	craft_super(&craft, 76, at - 76);
}

static void bad_root(void)
{
	name_with("good", 4, 4);
	craft_super(&craft, 76, 0x1000);
}

static void loop(void)
{
	a_tree(false);
	craft_entry(&craft, 140, 0040755, 48, 76, "y");
}

static void overlap(void)
{
	a_tree(false);
	craft_entry(&craft, 108, 0040755, 16, 140, "c");
}

static void cut_entry(void)
{
	a_tree(false);
	craft_super(&craft, 76, 44);
}

static void cut_name(void)
{
	const struct craft_inode inode = {.mode = 0100644};

	a_tree(false);
	craft_raw_entry(&craft, 108, &inode, "cccccccc", 8, 8);
}

static void name_empty(void)
{
	name_with("", 0, 0);
}

static void name_zeros(void)
{
	name_with("", 0, 4);
}

static void name_dot(void)
{
	name_with(".", 1, 4);
}

static void name_dots(void)
{
	name_with("..", 2, 4);
}

static void name_slash(void)
{
	name_with("a/b", 3, 4);
}

static void name_nul(void)
{
	name_with("a\0b", 3, 4);
}

static const struct {
	void (*make)(void);
	const char *path, *word;
	size_t left; /* entries in a lenient listing */
} faults[] = {
	{bad_root, "/", "leaves the image", 1},
	{loop, "/a/y", "contains itself", 6},
	{overlap, "/c", "overlaps", 7},
	{cut_entry, "/", "inside a name", 6},
	{cut_name, "/", "inside a name", 6},
	{name_empty, "/", "no name", 2},
	{name_zeros, "/", "no name", 2},
	{name_dot, "/", "\"..\"", 2},
	{name_dots, "/", "\"..\"", 2},
	{name_slash, "/", "'/'", 2},
	{name_nul, "/", "NUL", 2},
};

START_TEST(reports_faults)
{
	faults[_i].make();
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", 4096, &diag), XIP_OK);
	ck_assert_int_eq(xip_image_list(image, false, &listing, &diag), XIP_ERR_CORRUPT);
	listing = (struct xip_listing){0};
	messages_expect(&messages, faults[_i].path, faults[_i].word);
	ck_assert_int_eq(xip_image_list(image, true, &listing, &diag), XIP_OK);
	ck_assert_uint_eq(messages.warnings, 1);
	ck_assert_uint_eq(messages.errors, 0);
	ck_assert_uint_eq(listing.count, faults[_i].left);
}
END_TEST

/* 3,000 directories, one in the other: no recursion, no path longer than it must be. */
START_TEST(lists_deep_trees)
{
	uint32_t count = 3000, at = 76;
	size_t index = 0;

	craft_new(&craft, false, PLAIN, 0x20000);
	for (uint32_t i = 0; i < count; i++)
		at = craft_entry(&craft, at, 0040755, i + 1 < count ? 16 : 0,
			i + 1 < count ? at + 16 : 0, "d");
	craft_super(&craft, 76, 16);
	open_and_list(0);
	ck_assert_uint_eq(listing.count, count + 1);
	for (uint32_t i = 0; i < count; i++)
		index = xip_listing_next(&listing, index);

	char *path = xip_listing_path(&listing, index);

	ck_assert_uint_eq(strlen(path), 2 * count);
	ck_assert_uint_eq(xip_listing_find(&listing, path), index);
	ck_assert_uint_eq(xip_listing_next(&listing, index), SIZE_MAX);
	free(path);
}
END_TEST

static Suite *listing_suite(void)
{
	Suite *suite = suite_create("listing");
	TCase *tcase = tcase_create("listing");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, lists_in_tree_order, 0, 2);
	tcase_add_test(tcase, finds_paths);
	tcase_add_loop_test(tcase, keeps_names_of_any_bytes, 0, 2);
	tcase_add_loop_test(tcase, reports_faults, 0, sizeof(faults) / sizeof(*faults));
	tcase_add_test(tcase, lists_deep_trees);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return run_suite(listing_suite());
}
