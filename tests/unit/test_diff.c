/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>

#include "craft.h"
#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/inspect/diff.h"

#define FLAGS 0x903u

/* One of the two images. */
struct side {
	struct craft craft;
	struct xip_image *image;
	struct xip_listing listing;
	struct xip_map map;
	int fd;
};

static struct side one, two;
static struct messages messages;
static const struct xip_diag diag = {messages_emit, &messages};
static uint8_t content[65536];

static void teardown_side(struct side *side)
{
	xip_map_free(&side->map);
	xip_listing_free(&side->listing);
	xip_image_close(side->image);
	close(side->fd);
	craft_free(&side->craft);
}

static void teardown(void)
{
	teardown_side(&one);
	teardown_side(&two);
}

/*
 * /a (a/x: 5000 bytes), /dev 1:3, /link -> x, /same
 */
static void make(struct side *side, bool big, uint32_t page)
{
	struct craft *craft = &side->craft;
	uint32_t at = 76;

	craft_text(content, sizeof(content), 9);
	craft_new(craft, big, FLAGS, 0x10000);
	at = craft_entry(craft, at, 0040755, 16, 0x100, "a");
	at = craft_entry(craft, at, 0020666, 0x103, 0, "dev");
	at = craft_entry(craft, at, 0120777, 1, 0x800, "link");
	at = craft_entry(craft, at, 0100600, 5000, 0x200, "same");
	craft_entry(craft, 0x100, 0100644, 5000, 0x1000, "x");
	craft_file(craft, 0x1000, content, 5000, page);
	craft_file(craft, 0x200, content, 5000, page);
	craft_file(craft, 0x800, (const uint8_t *)"x", 1, page);
	craft_super(craft, 76, at - 76);
}

static void open_side(struct side *side, uint32_t page)
{
	side->fd = craft_open(&side->craft);
	ck_assert_int_eq(xip_image_open(&side->image, side->fd, "image", page, &diag), XIP_OK);
	ck_assert_int_eq(xip_image_list(side->image, false, &side->listing, &diag), XIP_OK);
	ck_assert_int_eq(xip_map_build(side->image, &side->listing, &side->map, &diag), XIP_OK);
}

/* What differs, as lines of "path fields bytes". */
static char found[4096];

static void take(void *user, const struct xip_difference *difference)
{
	const struct side *side = difference->after == SIZE_MAX ? &one : &two;
	char *path = xip_listing_path(&side->listing,
		difference->after == SIZE_MAX ? difference->before : difference->after);
	size_t used = strlen(found);

	(void)user;
	snprintf(found + used, sizeof(found) - used, "%s %02x %+d\n", path, difference->fields,
		(int)(difference->bytes_after - difference->bytes_before));
	free(path);
}

static enum xip_err compare(void)
{
	const struct xip_diff_side before = {one.image, &one.listing, &one.map};
	const struct xip_diff_side after = {two.image, &two.listing, &two.map};

	found[0] = 0;
	return xip_diff(&before, &after, take, NULL, &diag);
}

/* Byte order and page size are no differences of the tree. */
START_TEST(finds_no_difference)
{
	make(&one, false, 4096);
	make(&two, _i & 1, _i & 2 ? 8192 : 4096);
	open_side(&one, 4096);
	open_side(&two, _i & 2 ? 8192 : 4096);
	ck_assert_int_eq(compare(), XIP_OK);
	if (_i & 2) /* one block instead of two */
		ck_assert_ptr_nonnull(strstr(found, "/a/x 80 "));
	else
		ck_assert_str_eq(found, "");
}
END_TEST

static void touch_entry(uint32_t at, uint16_t mode, uint16_t uid)
{
	craft_fields(&two.craft, at, 16, mode, uid);
}

static void change_mode(void)
{
	touch_entry(76, 0040700, 0);
}

static void change_owner(void)
{
	touch_entry(92, 0020666, 7);
}

static void change_group(void)
{
	craft_fields(&two.craft, 92 + 4, 24, 0x103, 9);
}

static void change_device(void)
{
	craft_fields(&two.craft, 92 + 4, 24, 0x104, 0);
}

static void change_type(void)
{
	touch_entry(92, 0060666, 0);
}

static void change_target(void)
{
	craft_file(&two.craft, 0x800, (const uint8_t *)"y", 1, 4096);
}

static void change_content(void)
{
	content[4999] ^= 1;
	craft_file(&two.craft, 0x1000, content, 5000, 4096);
	content[4999] ^= 1;
}

static void change_size(void)
{
	craft_fields(&two.craft, 0x104, 24, 0, 0);
}

/* The second block of /a/x is stored; 904 bytes. */
static void change_placement(void)
{
	uint32_t end = craft_zlib(&two.craft, 0x1008, content, 4096);

	memcpy(two.craft.data + end, content + 4096, 904);
	craft_pointer(&two.craft, 0x1000, 1, CRAFT_UNCOMPRESSED | (end + 904));
}

static void rename_entry(void)
{
	memcpy(two.craft.data + 92 + 12, "div", 3);
}

static const struct {
	void (*change)(void);
	const char *found; /* without the bytes when they depend on zlib */
} changes[] = {
	{change_mode, "/a 08 +0\n"},
	{change_owner, "/dev 10 +0\n"},
	{change_group, "/dev 10 +0\n"},
	{change_device, "/dev 20 +0\n"},
	{change_type, "/dev 04 +0\n"},
	{change_target, "/link 40 +0\n"},
	{change_content, "/a/x 40 "},
	{change_size, "/a/x 40 -"},
	{change_placement, "/a/x 80 +"},
	{rename_entry, "/dev 02 -16\n/div 01 +16\n"},
};

START_TEST(finds_each_difference)
{
	make(&one, false, 4096);
	make(&two, false, 4096);
	changes[_i].change();
	open_side(&one, 4096);
	open_side(&two, 4096);
	ck_assert_int_eq(compare(), XIP_OK);
	ck_assert_msg(!strncmp(found, changes[_i].found, strlen(changes[_i].found)),
		"found \"%s\", not \"%s\"", found, changes[_i].found);
	ck_assert_ptr_null(strstr(found, "/same"));
}
END_TEST

/* Everything below a directory that only one image has. */
START_TEST(reports_whole_trees)
{
	make(&one, false, 4096);
	make(&two, false, 4096);
	memcpy(two.craft.data + 76 + 12, "b", 1);
	open_side(&one, 4096);
	open_side(&two, 4096);
	ck_assert_int_eq(compare(), XIP_OK);
	ck_assert_ptr_eq(strstr(found, "/a 02 -16\n/a/x 02 -"), found);
	ck_assert_ptr_nonnull(strstr(found, "/b 01 +16\n/b/x 01 +"));
}
END_TEST

START_TEST(goes_on_after_damage)
{
	make(&one, false, 4096);
	make(&two, false, 4096);
	change_mode();
	craft_pointer(&two.craft, 0x1000, 0, 0x1009);
	open_side(&one, 4096);
	open_side(&two, 4096);
	ck_assert_int_eq(compare(), XIP_ERR_CORRUPT);
	messages_expect(&messages, "/a/x", "block 0");
	ck_assert_ptr_nonnull(strstr(found, "/a 08 +0\n"));
	ck_assert_ptr_nonnull(strstr(found, "/a/x "));
}
END_TEST

START_TEST(survives_failing_allocations)
{
	make(&one, false, 4096);
	make(&two, false, 4096);
	change_content();
	open_side(&one, 4096);
	open_side(&two, 4096);
	for (size_t n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = compare();
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_gt(n, 5);
			break;
		}
		/* A missing path for a message is no failure. */
		if (err)
			ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_ptr_nonnull(strstr(found, "/a/x 40 "));
}
END_TEST

static Suite *diff_suite(void)
{
	Suite *suite = suite_create("diff");
	TCase *tcase = tcase_create("diff");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_loop_test(tcase, finds_no_difference, 0, 4);
	tcase_add_loop_test(tcase, finds_each_difference, 0, sizeof(changes) / sizeof(*changes));
	tcase_add_test(tcase, reports_whole_trees);
	tcase_add_test(tcase, goes_on_after_damage);
	tcase_add_test(tcase, survives_failing_allocations);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return run_suite(diff_suite());
}
