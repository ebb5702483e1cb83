/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>

#include "craft.h"
#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/inspect/map.h"

#define FLAGS 0x903u

static struct craft craft;
static struct messages messages;
static const struct xip_diag diag = {messages_emit, &messages};
static struct xip_image *image;
static struct xip_listing listing;
static struct xip_map map;
static int fd;
static uint8_t content[65536];

static void teardown(void)
{
	xip_map_free(&map);
	xip_listing_free(&listing);
	xip_image_close(image);
	close(fd);
	craft_free(&craft);
}

static void open_image(void)
{
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", 4096, &diag), XIP_OK);
	ck_assert_int_eq(xip_image_list(image, false, &listing, &diag), XIP_OK);
}

/* Maps the image; its extents follow one another and add up, whatever they are. */
static void build(void)
{
	uint64_t end = 0, sums[XIP_MAP_COUNT] = {0};

	open_image();
	ck_assert_int_eq(xip_map_build(image, &listing, &map, &diag), XIP_OK);
	for (size_t i = 0; i < map.extent_count; i++) {
		ck_assert_uint_eq(map.extents[i].start, end);
		ck_assert_uint_gt(map.extents[i].length, 0);
		end += map.extents[i].length;
		sums[map.extents[i].kind] += map.extents[i].length;
	}
	ck_assert_uint_eq(end, craft.size);
	for (size_t i = 0; i < XIP_MAP_COUNT; i++)
		ck_assert_uint_eq(sums[i], map.bytes[i]);
}

static void extent_is(size_t index, uint64_t start, uint64_t length, enum xip_map_kind kind,
	uint32_t owner, uint32_t blocks, uint32_t sharers)
{
	const struct xip_map_extent *extent = &map.extents[index];

	ck_assert_uint_lt(index, map.extent_count);
	ck_assert_uint_eq(extent->start, start);
	ck_assert_uint_eq(extent->length, length);
	ck_assert_str_eq(xip_map_kind_name(extent->kind), xip_map_kind_name(kind));
	ck_assert_uint_eq(extent->owner, owner);
	ck_assert_uint_eq(extent->blocks, blocks);
	ck_assert_uint_eq(extent->sharers, sharers);
}

static const struct xip_file *file_of(uint32_t entry)
{
	ck_assert_uint_ne(map.file_of_entry[entry], XIP_NO_ENTRY);
	return &map.files[map.file_of_entry[entry]];
}

START_TEST(maps_every_kind)
{
	uint32_t end, stream;

	craft_text(content, sizeof(content), 5);
	craft_new(&craft, _i, FLAGS, 0x8000);
	craft.super = 512;
	end = craft_entry(&craft, 588, 0100755, 4 * 4096 + 10, 620, "a");
	craft_entry(&craft, end, 0120777, 3, 1000, "b");
	stream = craft_zlib(&craft, 640, content, 4096);
	craft_pointer(&craft, 620, 0, stream);
	craft_pointer(&craft, 620, 1, stream);
	craft_pointer(&craft, 620, 2, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x2000 / 4);
	craft_pointer(&craft, 620, 3, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x3000 / 4);
	craft_pointer(&craft, 620, 4, CRAFT_UNCOMPRESSED | (0x4000 + 10));
	ck_assert_uint_le(stream, 1000);
	end = craft_file(&craft, 1000, content, 3, 4096);
	craft_super(&craft, 588, 32);
	build();
	extent_is(0, 0, 512, XIP_MAP_BOOT, XIP_NO_ENTRY, 0, 0);
	extent_is(1, 512, 76, XIP_MAP_SUPER, XIP_NO_ENTRY, 0, 0);
	extent_is(2, 588, 32, XIP_MAP_DIRECTORY, 0, 0, 0);
	extent_is(3, 620, 20, XIP_MAP_POINTERS, 1, 0, 0);
	extent_is(4, 640, stream - 640, XIP_MAP_COMPRESSED, 1, 1, 0);
	extent_is(5, stream, 1000 - stream, XIP_MAP_PADDING, XIP_NO_ENTRY, 0, 0);
	extent_is(6, 1000, 4, XIP_MAP_POINTERS, 2, 0, 0);
	ck_assert_int_eq(map.extents[7].kind, XIP_MAP_COMPRESSED);
	ck_assert_int_eq(map.extents[8].kind, XIP_MAP_PADDING);
	extent_is(9, 0x2000, 0x2000, XIP_MAP_XIP, 1, 2, 0);
	ck_assert_uint_eq(map.extents[9].block, 2);
	extent_is(10, 0x4000, 10, XIP_MAP_STORED, 1, 1, 0);
	extent_is(11, 0x400a, 0x3ff6, XIP_MAP_PADDING, XIP_NO_ENTRY, 0, 0);
	ck_assert_uint_eq(map.extent_count, 12);
	ck_assert_uint_eq(map.overlap_count, 0);
	ck_assert_uint_eq(file_of(1)->xip, 2);
	ck_assert_uint_eq(file_of(1)->stored, 1);
	ck_assert_uint_eq(file_of(1)->compressed, 1);
	ck_assert_uint_eq(file_of(1)->holes, 1);
	ck_assert_uint_eq(file_of(1)->xip_start, 0x2000);
	ck_assert_uint_eq(file_of(1)->packed_bytes, 0x2000 + 10 + stream - 640);
	ck_assert_uint_eq(map.hole_blocks, 1);
	ck_assert_uint_eq(map.content_bytes, 4 * 4096 + 13);
	ck_assert_uint_eq(map.compressed_content, 4096 + 3);
	ck_assert_uint_eq(map.file_of_entry[0], XIP_NO_ENTRY);
}
END_TEST

/* One offset, three names: one file. Another table for the same block: a shared extent. */
START_TEST(counts_what_is_shared)
{
	uint32_t at = 76, stream, length;

	craft_text(content, sizeof(content), 5);
	craft_new(&craft, false, FLAGS, 0x1000);
	at = craft_entry(&craft, at, 0100644, 4096, 0x100, "a");
	at = craft_entry(&craft, at, 0100644, 4096, 0x100, "b");
	at = craft_entry(&craft, at, 0100644, 4096, 0x100, "c");
	at = craft_entry(&craft, at, 0100600, 4096, 0x104, "d");
	stream = craft_zlib(&craft, 0x10a, content, 4096);
	length = stream - 0x10a;
	craft_put(&craft, 0x108, 2, length);
	craft_pointer(&craft, 0x100, 0, CRAFT_DIRECT | 0x108 / 4);
	craft_pointer(&craft, 0x104, 0, CRAFT_DIRECT | 0x108 / 4);
	craft_super(&craft, 76, at - 76);
	build();
	ck_assert_uint_eq(map.file_count, 2);
	ck_assert_uint_eq(file_of(1)->links, 3);
	ck_assert_ptr_eq(file_of(1), file_of(3));
	ck_assert_uint_eq(file_of(4)->links, 1);
	extent_is(3, 0x100, 4, XIP_MAP_POINTERS, 1, 0, 2);
	extent_is(4, 0x104, 4, XIP_MAP_POINTERS, 4, 0, 0);
	extent_is(5, 0x108, 2 + length, XIP_MAP_COMPRESSED, 1, 1, 1);
	ck_assert_uint_eq(map.overlap_count, 0);
	ck_assert_uint_eq(map.shared_bytes, 2 * (4 + 2 + length) + 2 + length);
	ck_assert_uint_eq(map.content_bytes, 8192);
	ck_assert_uint_eq(map.entry_bytes, 4 * 4096);
	ck_assert_uint_eq(map.distinct_blocks, 1);
}
END_TEST

START_TEST(finds_overlaps)
{
	uint32_t at = 76;

	craft_new(&craft, false, FLAGS, 0x1000);
	at = craft_entry(&craft, at, 0100644, 100, 0x100, "a");
	at = craft_entry(&craft, at, 0100644, 100, 0x104, "b");
	at = craft_entry(&craft, at, 0100644, 8000, 0x104, "c");
	at = craft_entry(&craft, at, 0100644, 10, 0x200, "d");
	craft_pointer(&craft, 0x100, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x400 / 4);
	craft_pointer(&craft, 0x104, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x420 / 4);
	craft_pointer(&craft, 0x200, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x40 / 4);
	craft_super(&craft, 76, at - 76);
	build();
	/* The last 10 bytes of the super block, then a's and b's blocks; c's table is not looked
	 * at. */
	ck_assert_uint_eq(map.overlap_count, 2);
	ck_assert_uint_eq(map.overlaps[0].start, 0x40);
	ck_assert_uint_eq(map.overlaps[0].length, 10);
	ck_assert_uint_eq(map.overlaps[0].owner, XIP_NO_ENTRY);
	ck_assert_uint_eq(map.overlaps[0].other, 4);
	ck_assert_uint_eq(map.overlaps[1].start, 0x420);
	ck_assert_uint_eq(map.overlaps[1].length, 100 - 0x20);
	ck_assert_uint_eq(map.overlaps[1].owner, 1);
	ck_assert_uint_eq(map.overlaps[1].other, 2);
	ck_assert(!file_of(3)->sound);
	ck_assert_uint_eq(file_of(3)->bad_blocks, 0);
}
END_TEST

START_TEST(counts_bad_blocks)
{
	craft_new(&craft, false, FLAGS, 0x1000);
	craft_entry(&craft, 76, 0100644, 8192, 0x100, "a");
	craft_pointer(&craft, 0x100, 0, 0x50);
	craft_pointer(&craft, 0x104, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x2000 / 4);
	craft_super(&craft, 76, 16);
	build();
	ck_assert_uint_eq(file_of(1)->bad_blocks, 2);
	ck_assert_uint_eq(map.block_count, 0);
}
END_TEST

START_TEST(maps_an_empty_image)
{
	craft_new(&craft, _i, FLAGS, 76);
	craft_super(&craft, 0, 0);
	build();
	ck_assert_uint_eq(map.extent_count, 1);
	extent_is(0, 0, 76, XIP_MAP_SUPER, XIP_NO_ENTRY, 0, 0);
}
END_TEST

START_TEST(survives_failing_allocations)
{
	craft_new(&craft, false, FLAGS, 0x1000);
	craft_entry(&craft, 76, 0100644, 10, 0x100, "a");
	craft_pointer(&craft, 0x100, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x40 / 4);
	craft_super(&craft, 76, 16);
	open_image();
	for (size_t n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_map_build(image, &listing, &map, &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_gt(n, 4);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_eq(map.overlap_count, 1);
}
END_TEST

static Suite *map_suite(void)
{
	Suite *suite = suite_create("map");
	TCase *tcase = tcase_create("map");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_loop_test(tcase, maps_every_kind, 0, 2);
	tcase_add_test(tcase, counts_what_is_shared);
	tcase_add_test(tcase, finds_overlaps);
	tcase_add_test(tcase, counts_bad_blocks);
	tcase_add_loop_test(tcase, maps_an_empty_image, 0, 2);
	tcase_add_test(tcase, survives_failing_allocations);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return run_suite(map_suite());
}
