/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run_suite.h"
#include "xipfs/base/bytes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 4095, 4096, 4097, 8192, (1u << 24) - 1};
#define SIZE_COUNT (sizeof(sizes) / sizeof(*sizes))

START_TEST(byte_orders)
{
	uint8_t room[16];

	for (size_t shift = 0; shift < 8; shift++) {
		uint8_t *p = room + shift;

		memset(room, 0xee, sizeof(room));
		xip_put32(p, 0x81726354, false);
		ck_assert_mem_eq(p, "\x54\x63\x72\x81", 4);
		ck_assert_uint_eq(xip_get32(p, false), 0x81726354);
		ck_assert_uint_eq(xip_get32(p, true), 0x54637281);
		ck_assert_uint_eq(xip_get16(p, false), 0x6354);
		ck_assert_uint_eq(xip_get16(p, true), 0x5463);
		ck_assert_uint_eq(p[4], 0xee);
		xip_put32(p, 0x81726354, true);
		ck_assert_mem_eq(p, "\x81\x72\x63\x54", 4);
		xip_put16(p, 0xfe01, false);
		ck_assert_mem_eq(p, "\x01\xfe\x63", 3);
		xip_put16(p, 0xfe01, true);
		ck_assert_mem_eq(p, "\xfe\x01\x63", 3);
		if (shift)
			ck_assert_uint_eq(p[-1], 0xee);
	}
}
END_TEST

START_TEST(arithmetic_that_wraps)
{
	uint64_t sum;
	size_t product;

	ck_assert(xip_add_u64(UINT64_MAX - 1, 1, &sum));
	ck_assert_uint_eq(sum, UINT64_MAX);
	ck_assert(!xip_add_u64(UINT64_MAX, 1, &sum));
	ck_assert(xip_mul_size(SIZE_MAX / 4, 4, &product));
	ck_assert_uint_eq(product, SIZE_MAX - 3);
	ck_assert(!xip_mul_size(SIZE_MAX / 4 + 1, 4, &product));
	ck_assert(xip_mul_size(0, SIZE_MAX, &product));
	ck_assert_uint_eq(product, 0);
}
END_TEST

START_TEST(ranges)
{
	ck_assert(xip_range_inside(0, 0, 0));
	ck_assert(xip_range_inside(10, 0, 10));
	ck_assert(xip_range_inside(4, 6, 10));
	ck_assert(!xip_range_inside(4, 7, 10));
	ck_assert(!xip_range_inside(11, 0, 10));
	ck_assert(!xip_range_inside(1, UINT64_MAX, 10));
	ck_assert(!xip_range_inside(UINT64_MAX, UINT64_MAX, UINT64_MAX));
	ck_assert(xip_range_inside(0, UINT64_MAX, UINT64_MAX));
}
END_TEST

START_TEST(rounding)
{
	ck_assert(!xip_is_power_of_two(0));
	ck_assert(xip_is_power_of_two(1));
	ck_assert(xip_is_power_of_two(1ull << 63));
	ck_assert(!xip_is_power_of_two(3));
	ck_assert(!xip_is_power_of_two(UINT64_MAX));
	for (uint64_t page = 4096; page <= 65536; page *= 2) {
		ck_assert_uint_eq(xip_align_up(0, page), 0);
		ck_assert_uint_eq(xip_align_up(1, page), page);
		ck_assert_uint_eq(xip_align_up(page, page), page);
		ck_assert_uint_eq(xip_align_up(page + 1, page), 2 * page);
		ck_assert_uint_eq(xip_align_down(page - 1, page), 0);
		ck_assert_uint_eq(xip_align_down(2 * page - 1, page), page);
		ck_assert_uint_eq(xip_div_up(0, page), 0);
		ck_assert_uint_eq(xip_div_up(1, page), 1);
		ck_assert_uint_eq(xip_div_up(page, page), 1);
		ck_assert_uint_eq(xip_div_up((1u << 24) - 1, page), (1u << 24) / page);
	}
	ck_assert_uint_eq(xip_div_up(UINT64_MAX, 2), 1ull << 63);
}
END_TEST

START_TEST(zeros)
{
	size_t size = sizes[_i];
	uint8_t *bytes = calloc(1, size + 1);

	bytes[size] = 1; /* behind the range: does not count */
	ck_assert(xip_bytes_are_zero(bytes, size));
	for (size_t k = 0; size && k < 3; k++) {
		size_t at = k * (size - 1) / 2; /* the first, one in the middle, the last */

		bytes[at] = 0x80;
		ck_assert(!xip_bytes_are_zero(bytes, size));
		bytes[at] = 0;
	}
	free(bytes);
	ck_assert(xip_bytes_are_zero(NULL, 0));
}
END_TEST

/* Every bit counts, and the length; where in memory the bytes lie does not. */
START_TEST(hash_of_sizes)
{
	size_t size = sizes[_i];
	uint8_t *bytes = calloc(1, size + 9);
	uint64_t hash = xip_bytes_hash(bytes, size);

	ck_assert_uint_ne(hash, xip_bytes_hash(bytes, size + 1));
	for (size_t k = 0; size && k < 3; k++) {
		size_t at = k * (size - 1) / 2;

		for (unsigned bit = 0; bit < 8; bit += 7) {
			bytes[at] = (uint8_t)(1u << bit);
			ck_assert_uint_ne(xip_bytes_hash(bytes, size), hash);
		}
		bytes[at] = 0;
	}
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 24);
	hash = xip_bytes_hash(bytes, size);
	memmove(bytes + 3, bytes, size);
	ck_assert_uint_eq(xip_bytes_hash(bytes + 3, size), hash);
	free(bytes);
}
END_TEST

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * Blocks that are alike but for a counter: no two hashes are equal, and the bits that choose a slot
 * of a table (low ones, and the highest six) are spread.
 */
START_TEST(hash_spreads)
{
	enum { COUNT = 65536 };
	uint64_t *hashes = malloc(COUNT * sizeof(*hashes));
	unsigned high[64] = {0}, low[64] = {0}, equal = 0;
	uint8_t block[4096] = {0};

	for (uint32_t i = 0; i < COUNT; i++) {
		xip_put32(block + 100, i, false);
		hashes[i] = xip_bytes_hash(block, sizeof(block));
		high[hashes[i] >> 58]++;
		low[hashes[i] & 63]++;
	}
	qsort(hashes, COUNT, sizeof(*hashes), compare);
	for (uint32_t i = 1; i < COUNT; i++)
		equal += hashes[i - 1] == hashes[i];
	ck_assert_uint_eq(equal, 0);
	for (unsigned i = 0; i < 64; i++) { /* 1024 each on average; 768 is 8 sigma off */
		ck_assert_uint_gt(high[i], 768);
		ck_assert_uint_gt(low[i], 768);
	}
	free(hashes);
}
END_TEST

START_TEST(hash_of_short_texts)
{
	ck_assert_uint_eq(xip_bytes_hash(NULL, 0), xip_bytes_hash((const uint8_t *)"x", 0));
	ck_assert_uint_ne(xip_bytes_hash(NULL, 0), xip_bytes_hash((const uint8_t *)"", 1));
	ck_assert_uint_ne(
		xip_bytes_hash((const uint8_t *)"ab", 2), xip_bytes_hash((const uint8_t *)"ba", 2));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bytes");
	TCase *tests = tcase_create("bytes");

	tcase_add_test(tests, byte_orders);
	tcase_add_test(tests, arithmetic_that_wraps);
	tcase_add_test(tests, ranges);
	tcase_add_test(tests, rounding);
	tcase_add_loop_test(tests, zeros, 0, SIZE_COUNT);
	tcase_add_loop_test(tests, hash_of_sizes, 0, SIZE_COUNT);
	tcase_add_test(tests, hash_spreads);
	tcase_add_test(tests, hash_of_short_texts);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
