/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "craft.h"
#include "failing_alloc.h"
#include "run_suite.h"
#include "xipfs/read/find.h"

#define FILE_SIZE 0x340000u

/* An image of one page with an empty root, its CRC right. */
static void put_image(uint8_t *file, uint32_t at, bool big)
{
	struct craft craft;

	craft_new(&craft, big, 3, 4096);
	craft_super(&craft, 0, 0);
	craft_crc(&craft);
	memcpy(file + at, craft.data, FILE_SIZE - at < 4096 ? FILE_SIZE - at : 4096);
	craft_free(&craft);
}

/* At every place around the borders of what is read at once, and at the end of the file. */
START_TEST(every_place)
{
	static const struct {
		uint32_t at;
		enum xip_crc_verdict crc;
	} places[] = {
		{3, XIP_CRC_GOOD},
		{0x100000 - 76, XIP_CRC_GOOD},
		{0x100000 + 4096, XIP_CRC_GOOD},
		{0x200000 - 1, XIP_CRC_GOOD},
		{0x300000, XIP_CRC_GOOD},
		{FILE_SIZE - 4096 - 76, XIP_CRC_GOOD},
		{FILE_SIZE - 76, XIP_CRC_CUT},
	};
	size_t count = sizeof(places) / sizeof(*places);
	uint8_t *file = calloc(1, FILE_SIZE);
	struct xip_found_list list;
	int fd;

	ck_assert_ptr_nonnull(file);
	for (size_t i = 0; i < count; i++)
		put_image(file, places[i].at, i & 1);
	fd = craft_open(&(struct craft){.data = file, .size = FILE_SIZE});
	ck_assert_int_eq(xip_find_images(fd, "file", 0, 100, &list, NULL), XIP_OK);
	ck_assert_uint_eq(list.count, count);
	ck_assert_uint_eq(list.file_size, FILE_SIZE);
	ck_assert(!list.more);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(list.items[i].offset, places[i].at);
		ck_assert_uint_eq(list.items[i].super_offset, 0);
		ck_assert_int_eq(list.items[i].big, i & 1);
		ck_assert_int_eq(list.items[i].crc, places[i].crc);
	}
	xip_found_free(&list);
	ck_assert_int_eq(xip_find_images(fd, "file", 4, 2, &list, NULL), XIP_OK);
	ck_assert_uint_eq(list.count, 2);
	ck_assert(list.more);
	ck_assert_uint_eq(list.items[0].offset, places[1].at);
	xip_found_free(&list);
	close(fd);
	free(file);
}
END_TEST

/* Every size that a super block may claim: the sum of offset and size must not wander. */
START_TEST(claimed_sizes)
{
	static const uint32_t sizes[] = {0, 75, 76, 77, 4095, 4097, 8192, 0x7fffffff, 0xffffffff};
	uint8_t *file = calloc(1, FILE_SIZE);
	struct craft craft = {.data = file, .size = 8192};

	ck_assert_ptr_nonnull(file);
	put_image(file, 4096, false);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct xip_found_list list;
		int fd;

		craft_put(&craft, 4096 + 4, 4, sizes[i]);
		fd = craft_open(&craft);
		ck_assert_int_eq(xip_find_images(fd, "file", 0, 100, &list, NULL), XIP_OK);
		ck_assert_uint_eq(list.count, sizes[i] >= 76);
		if (list.count)
			ck_assert_int_eq(
				list.items[0].crc, sizes[i] > 4096 ? XIP_CRC_CUT : XIP_CRC_BAD);
		xip_found_free(&list);
		close(fd);
	}
	free(file);
}
END_TEST

START_TEST(out_of_memory)
{
	uint8_t *file = calloc(1, FILE_SIZE);
	struct xip_found_list list;
	size_t n;
	int fd;

	ck_assert_ptr_nonnull(file);
	for (uint32_t i = 0; i < 40; i++)
		put_image(file, i * 8192, false);
	fd = craft_open(&(struct craft){.data = file, .size = FILE_SIZE});
	for (n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_find_images(fd, "file", 0, 100, &list, NULL);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
		ck_assert_ptr_null(list.items);
	}
	ck_assert_uint_ge(n, 5);
	ck_assert_uint_eq(list.count, 40);
	xip_found_free(&list);
	close(fd);
	free(file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("find");
	TCase *tcase = tcase_create("find");

	tcase_add_test(tcase, every_place);
	tcase_add_test(tcase, claimed_sizes);
	tcase_add_test(tcase, out_of_memory);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
