/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "craft.h"
#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/format/format.h"
#include "xipfs/read/reader.h"

#define PLAIN 0x103u /* FSID_VERSION_2, SORTED_DIRS, HOLES */
#define EXT   0x903u

static struct craft craft;
static struct messages messages;
static const struct xip_diag diag = {messages_emit, &messages};
static struct xip_image *image;
static struct xip_listing listing;
static int fd;
static uint8_t content[3 * 65536];

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	craft_text(content, sizeof(content), 1);
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

/* One file "f" of @size bytes in the old format, root at 76. */
static void one_file(bool big, uint32_t size, uint32_t page)
{
	craft_new(&craft, big, PLAIN, 0x80000);
	craft_entry(&craft, 76, 0100644, size, size ? 92 : 0, "f");
	craft_file(&craft, 92, content, size, page);
	craft_super(&craft, 76, 16);
}

static void content_is(size_t index, const uint8_t *expected, size_t size)
{
	uint8_t *data;
	size_t got;

	ck_assert_int_eq(
		xip_image_load(image, &listing.entries[index].inode, &data, &got, "f", &diag),
		XIP_OK);
	ck_assert_uint_eq(got, size);
	ck_assert(!memcmp(data, expected, size));
	ck_assert_uint_eq(data[size], 0);
	free(data);
}

static const uint32_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 70000};

START_TEST(reads_boundary_sizes)
{
	uint32_t size = sizes[_i / 2];

	one_file(_i % 2, size, 4096);
	open_and_list(4096);
	ck_assert_int_eq(xip_image_info(image)->big, _i % 2);
	ck_assert_uint_eq(listing.count, 2);
	ck_assert_uint_eq(listing.entries[1].inode.size, size);
	ck_assert_uint_eq(
		xip_image_block_count(image, &listing.entries[1].inode), (size + 4095) / 4096);
	content_is(1, content, size);
}
END_TEST

START_TEST(reads_the_largest_file)
{
	uint32_t size = 0xffffff, count = (size + 4095) / 4096;

	/* 4096 pointers to holes, but the last block holds something. */
	craft_new(&craft, false, PLAIN, 0x10000);
	craft_entry(&craft, 76, 0100644, size, 92, "f");
	for (uint32_t i = 0; i < count; i++)
		craft_pointer(&craft, 92, i, 92 + 4 * count);
	craft_pointer(&craft, 92, count - 1, craft_zlib(&craft, 92 + 4 * count, content, 4095));
	craft_super(&craft, 76, 16);
	open_and_list(4096);

	uint8_t *data;
	size_t got;

	ck_assert_int_eq(
		xip_image_load(image, &listing.entries[1].inode, &data, &got, "f", &diag), XIP_OK);
	ck_assert_uint_eq(got, size);
	ck_assert(!memcmp(data + (count - 1) * 4096, content, 4095));
	ck_assert(!data[0] && !memcmp(data, data + 1, (count - 1) * 4096 - 1));
	free(data);
}
END_TEST

START_TEST(finds_the_page_size)
{
	uint32_t page = 4096u << (_i / 2);

	one_file(_i % 2, 2 * page + 100, page);
	open_and_list(0);
	ck_assert_uint_eq(xip_image_info(image)->page_size, page);
	content_is(1, content, 2 * page + 100);
}
END_TEST

/* Direct blocks stand a page apart, which is all that tells. */
START_TEST(finds_the_page_size_of_direct_blocks)
{
	uint32_t page = 4096u << _i;

	craft_new(&craft, false, EXT, 0x100000);
	craft_entry(&craft, 76, 0100755, 2 * page + 8, 92, "f");
	for (uint32_t i = 0; i < 3; i++)
		craft_pointer(&craft, 92, i,
			CRAFT_UNCOMPRESSED | CRAFT_DIRECT | (0x20000 + i * page) / 4);
	memcpy(craft.data + 0x20000, content, 2 * page + 8);
	craft_super(&craft, 76, 16);
	open_and_list(0);
	ck_assert_uint_eq(xip_image_info(image)->page_size, page);
	content_is(1, content, 2 * page + 8);
}
END_TEST

/*
 * Every kind of block in one file. Without a direct pointer a block starts where the one before
 * ends, and that of a direct block is its physical end: fs/cramfs/inode.c cramfs_read_folio().
 */
START_TEST(follows_extended_pointers)
{
	bool big = _i;
	const uint32_t table = 92, count = 8;
	struct xip_block block;
	const char *why;
	uint32_t end;

	craft_new(&craft, big, EXT, 0x10000);
	craft_entry(&craft, 76, 0100644, 7 * 4096 + 10, table, "f");
	/* 0: compressed, behind the table */
	end = craft_zlib(&craft, table + 4 * count, content, 4096);
	craft_pointer(&craft, table, 0, end);
	/* 1: a hole */
	craft_pointer(&craft, table, 1, end);
	/* 2: direct and uncompressed */
	memcpy(craft.data + 0x4000, content + 2 * 4096, 4096);
	craft_pointer(&craft, table, 2, CRAFT_UNCOMPRESSED | CRAFT_DIRECT | 0x4000 / 4);
	/* 3: compressed, where that one ends */
	end = craft_zlib(&craft, 0x5000, content + 3 * 4096, 4096);
	craft_pointer(&craft, table, 3, end);
	/* 4: direct and compressed, its length before it */
	end = craft_zlib(&craft, 0x6002, content + 4 * 4096, 4096);
	craft_put(&craft, 0x6000, 2, end - 0x6002);
	craft_pointer(&craft, table, 4, CRAFT_DIRECT | 0x6000 / 4);
	/* 5: uncompressed, where that one ends */
	memcpy(craft.data + end, content + 5 * 4096, 4096);
	craft_pointer(&craft, table, 5, CRAFT_UNCOMPRESSED | (end + 4096));
	/* 6: compressed, behind an uncompressed one that is not direct */
	craft_pointer(&craft, table, 6, craft_zlib(&craft, end + 4096, content + 6 * 4096, 4096));
	/* 7: the last one, direct and uncompressed: as long as the rest of the file */
	memcpy(craft.data + 0x9004, content + 7 * 4096, 10);
	craft_pointer(&craft, table, 7, CRAFT_UNCOMPRESSED | CRAFT_DIRECT | 0x9004 / 4);
	memset(content + 4096, 0, 4096);
	craft_super(&craft, 76, 16);
	open_and_list(4096);
	content_is(1, content, 7 * 4096 + 10);
	ck_assert_int_eq(
		xip_image_block(image, &listing.entries[1].inode, 4, &block, &why), XIP_OK);
	ck_assert_uint_eq(block.start, 0x6002);
	ck_assert_uint_eq(block.length, end - 0x6002);
	ck_assert(block.direct && !block.uncompressed);
	ck_assert_int_eq(
		xip_image_block(image, &listing.entries[1].inode, 7, &block, &why), XIP_OK);
	ck_assert_uint_eq(block.length, 10);
	ck_assert_int_eq(xip_image_block(image, &listing.entries[1].inode, 8, &block, &why),
		XIP_ERR_CORRUPT);
}
END_TEST

/* xipfs(5), The last block: unpatched kernels take it for a hole, a correct reader sees it. */
START_TEST(reads_a_full_last_direct_block)
{
	craft_new(&craft, false, EXT, 0x10000);
	craft_entry(&craft, 76, 0100755, 8192, 92, "f");
	craft_pointer(&craft, 92, 0, CRAFT_UNCOMPRESSED | CRAFT_DIRECT | 0x4000 / 4);
	craft_pointer(&craft, 92, 1, CRAFT_UNCOMPRESSED | CRAFT_DIRECT | 0x5000 / 4);
	memcpy(craft.data + 0x4000, content, 8192);
	craft_super(&craft, 76, 16);
	open_and_list(4096);
	content_is(1, content, 8192);
}
END_TEST

/* --- Bad blocks ------------------------------------------------------------------------------ */

static const struct {
	uint32_t first, second; /* pointers */
	const char *why;
} bad_blocks[] = {
	{90, 90, "ends before it starts"},
	{100 + 3 * 4096, 100 + 3 * 4096, "longer than two pages"},
	{CRAFT_UNCOMPRESSED | (100 + 4097), 0, "longer than a page"},
	{CRAFT_UNCOMPRESSED | CRAFT_DIRECT | 0x3ffc0, 0, "leaves the image"},
	{CRAFT_DIRECT | 0x3fffffff, 0, "outside the image"},
	{CRAFT_UNCOMPRESSED | (100 + 4095), 0, "not as long as"},
	{120, 0, "not a valid zlib stream"},
};

START_TEST(refuses_bad_blocks)
{
	uint8_t buffer[4096];
	const char *why = "";
	size_t length;

	craft_new(&craft, false, EXT, 0x100000);
	craft_entry(&craft, 76, 0100644, 8192, 92, "f");
	craft_pointer(&craft, 92, 0, bad_blocks[_i].first);
	craft_pointer(&craft, 92, 1, bad_blocks[_i].second);
	craft_super(&craft, 76, 16);
	open_and_list(4096);
	ck_assert_int_eq(
		xip_image_read_block(image, &listing.entries[1].inode, 0, buffer, &length, &why),
		XIP_ERR_CORRUPT);
	ck_assert_msg(
		strstr(why, bad_blocks[_i].why), "\"%s\" lacks \"%s\"", why, bad_blocks[_i].why);
}
END_TEST

/* A stream of fewer or more bytes than the block holds. */
START_TEST(refuses_streams_of_the_wrong_length)
{
	uint8_t buffer[4096];
	const char *why = "";
	size_t length;

	craft_new(&craft, false, PLAIN, 0x10000);
	craft_entry(&craft, 76, 0100644, 100, 92, "f");
	craft_pointer(&craft, 92, 0, craft_zlib(&craft, 96, content, _i ? 101 : 99));
	craft_super(&craft, 76, 16);
	open_and_list(4096);
	ck_assert_int_eq(
		xip_image_read_block(image, &listing.entries[1].inode, 0, buffer, &length, &why),
		XIP_ERR_CORRUPT);
}
END_TEST

/* --- Super blocks ---------------------------------------------------------------------------- */

START_TEST(opens_behind_boot_code)
{
	craft_new(&craft, _i, PLAIN, 0x2000);
	craft.super = 512;
	memset(craft.data, 0xee, 512);
	craft_entry(&craft, 588, 0100644, 5, 604, "f");
	craft_file(&craft, 604, content, 5, 4096);
	craft_super(&craft, 588, 16);
	open_and_list(4096);
	ck_assert_uint_eq(xip_image_info(image)->super_offset, 512);
	content_is(1, content, 5);
}
END_TEST

static void does_not_open(enum xip_err expected, const char *word)
{
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", 0, &diag), expected);
	image = NULL;
	messages_expect(&messages, "image", word);
}

START_TEST(needs_a_super_block)
{
	one_file(false, 10, 4096);
	craft.data[_i ? 0 : 3] ^= 1;
	does_not_open(XIP_ERR_CORRUPT, "no super block");
}
END_TEST

START_TEST(needs_the_whole_file)
{
	one_file(_i, 10, 4096);
	craft.size -= 1;
	does_not_open(XIP_ERR_CORRUPT, "the file ends");
}
END_TEST

START_TEST(needs_a_size_that_holds_the_super_block)
{
	one_file(false, 10, 4096);
	craft_put(&craft, 4, 4, 75);
	does_not_open(XIP_ERR_CORRUPT, "less than its own end");
}
END_TEST

START_TEST(needs_a_root_directory)
{
	one_file(false, 10, 4096);
	craft_fields(&craft, 64, 16, 0100755, 0);
	does_not_open(XIP_ERR_CORRUPT, "not a directory");
}
END_TEST

START_TEST(refuses_unknown_flags)
{
	one_file(false, 10, 4096);
	craft_put(&craft, 8, 4, 0x1103);
	does_not_open(XIP_ERR_UNSUPPORTED, "0x1000");
}
END_TEST

START_TEST(refuses_short_files)
{
	craft_new(&craft, false, PLAIN, 4096);
	craft_super(&craft, 0, 0);
	craft.size = (uint32_t)_i;
	does_not_open(XIP_ERR_CORRUPT, "no super block");
}
END_TEST

START_TEST(opens_an_empty_image)
{
	craft_new(&craft, _i, PLAIN, 76);
	craft_super(&craft, 0, 0);
	open_and_list(0);
	ck_assert_uint_eq(listing.count, 1);
	ck_assert_uint_eq(xip_listing_next(&listing, 0), SIZE_MAX);
}
END_TEST

/* Version 1: no size, so the file's. */
START_TEST(opens_version_1)
{
	one_file(false, 10, 4096);
	craft_put(&craft, 8, 4, 0);
	craft_put(&craft, 4, 4, 0);
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", 0, &diag), XIP_OK);
	ck_assert_uint_eq(xip_image_info(image)->size, craft.size);
}
END_TEST

START_TEST(reads_nothing_outside)
{
	uint8_t bytes[4];

	one_file(false, 10, 4096);
	open_and_list(0);
	ck_assert_int_eq(xip_image_read(image, craft.size - 4, bytes, 4, NULL), XIP_OK);
	ck_assert_int_eq(xip_image_read(image, craft.size - 3, bytes, 4, NULL), XIP_ERR_CORRUPT);
	ck_assert_int_eq(xip_image_read(image, UINT64_MAX, bytes, 4, NULL), XIP_ERR_CORRUPT);
}
END_TEST

/* The file becomes shorter while it is open: an error, not a signal. */
START_TEST(notices_a_file_that_shrinks)
{
	uint8_t bytes[4];

	one_file(false, 10, 4096);
	open_and_list(0);
	ck_assert_int_eq(ftruncate(fd, 100), 0);
	ck_assert_int_eq(xip_image_read(image, 0x70000, bytes, 4, &diag), XIP_ERR_SOURCE);
	ck_assert_uint_eq(messages.errors, 1);
}
END_TEST

START_TEST(survives_failing_allocations)
{
	uint8_t *data;
	size_t size;

	one_file(false, 70000, 4096);
	fd = craft_open(&craft);
	for (size_t n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_image_open(&image, fd, "image", 0, &diag);
		if (!err)
			err = xip_image_list(image, false, &listing, &diag);
		if (!err)
			err = xip_image_load(
				image, &listing.entries[1].inode, &data, &size, "f", &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_gt(n, 5);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
		ck_assert_uint_eq(messages.errors, 1);
		memset(&messages, 0, sizeof(messages));
		xip_listing_free(&listing);
		xip_image_close(image);
		image = NULL;
	}
	ck_assert_uint_eq(size, 70000);
	free(data);
}
END_TEST

static Suite *reader_suite(void)
{
	Suite *suite = suite_create("reader");
	TCase *tcase = tcase_create("reader");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, reads_boundary_sizes, 0, 14);
	tcase_add_test(tcase, reads_the_largest_file);
	tcase_add_loop_test(tcase, finds_the_page_size, 0, 10);
	tcase_add_loop_test(tcase, finds_the_page_size_of_direct_blocks, 0, 5);
	tcase_add_loop_test(tcase, follows_extended_pointers, 0, 2);
	tcase_add_test(tcase, reads_a_full_last_direct_block);
	tcase_add_loop_test(tcase, refuses_bad_blocks, 0, sizeof(bad_blocks) / sizeof(*bad_blocks));
	tcase_add_loop_test(tcase, refuses_streams_of_the_wrong_length, 0, 2);
	tcase_add_loop_test(tcase, opens_behind_boot_code, 0, 2);
	tcase_add_loop_test(tcase, needs_a_super_block, 0, 2);
	tcase_add_loop_test(tcase, needs_the_whole_file, 0, 2);
	tcase_add_test(tcase, needs_a_size_that_holds_the_super_block);
	tcase_add_test(tcase, needs_a_root_directory);
	tcase_add_test(tcase, refuses_unknown_flags);
	tcase_add_loop_test(tcase, refuses_short_files, 0, 76);
	tcase_add_loop_test(tcase, opens_an_empty_image, 0, 2);
	tcase_add_test(tcase, opens_version_1);
	tcase_add_test(tcase, reads_nothing_outside);
	tcase_add_test(tcase, notices_a_file_that_shrinks);
	tcase_add_test(tcase, survives_failing_allocations);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return run_suite(reader_suite());
}
