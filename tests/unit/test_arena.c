/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/arena.h"

#include <check.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "failing_alloc.h"
#include "run_suite.h"

static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 4095, 4096, 4097, 8191, 8192, 8193, 65536,
	65537, 262143, 262144, 262145, 1u << 20, (1u << 24) - 1};
#define SIZE_COUNT (sizeof(sizes) / sizeof(*sizes))

static struct xip_arena *arena;

static void setup(void)
{
	arena = xip_arena_new();
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	xip_arena_free(arena);
}

static bool are_all(const uint8_t *p, size_t size, uint8_t value)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* Objects are zeroed and aligned for pointers and 64-bit integers. */
START_TEST(objects)
{
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < SIZE_COUNT; i++) {
			uint8_t *p = xip_arena_alloc(arena, sizes[i]);

			ck_assert_ptr_nonnull(p);
			ck_assert_uint_eq((uintptr_t)p % alignof(uint64_t), 0);
			ck_assert(are_all(p, sizes[i], 0));
			memset(p, 0xa5, sizes[i]);
		}
	}
}
END_TEST

/* Objects from the front and bytes from the back of a chunk never overlap. */
START_TEST(nothing_overlaps)
{
	enum { COUNT = 4000 };
	static struct {
		uint8_t *p;
		size_t size;
	} pieces[COUNT];
	uint32_t seed = 1;

	for (uint32_t i = 0; i < COUNT; i++) {
		seed = seed * 1664525 + 1013904223;
		pieces[i].size = (seed >> 8) % ((seed >> 4 & 15) ? 300 : 100000);
		pieces[i].p = seed >> 31 ? xip_arena_alloc(arena, pieces[i].size)
					 : xip_arena_bytes(arena, pieces[i].size);
		ck_assert_ptr_nonnull(pieces[i].p);
		memset(pieces[i].p, (int)(i % 251), pieces[i].size);
	}
	for (uint32_t i = 0; i < COUNT; i++)
		ck_assert(are_all(pieces[i].p, pieces[i].size, (uint8_t)(i % 251)));
}
END_TEST

/* Names and payloads lie without gaps, whatever their size. */
START_TEST(bytes_are_packed)
{
	char *first = xip_arena_bytes(arena, 3);
	char *second = xip_arena_bytes(arena, 5);

	ck_assert_ptr_eq(second + 5, first);
	ck_assert_ptr_nonnull(xip_arena_alloc(arena, 1));
	ck_assert_ptr_eq((char *)xip_arena_bytes(arena, 1) + 1, second);
	ck_assert_ptr_nonnull(xip_arena_bytes(arena, 0));
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		uint8_t *p = xip_arena_bytes(arena, sizes[i]);

		ck_assert_ptr_nonnull(p);
		memset(p, 0xa5, sizes[i]);
	}
}
END_TEST

/* A large object does not waste what is left of the chunk in use. */
START_TEST(large_objects)
{
	char *first = xip_arena_bytes(arena, 1);

	memset(xip_arena_alloc(arena, 1u << 20), 1, 1u << 20);
	memset(xip_arena_bytes(arena, 1u << 20), 1, 1u << 20);
	ck_assert_ptr_eq((char *)xip_arena_bytes(arena, 1) + 1, first);
}
END_TEST

START_TEST(arrays)
{
	uint8_t *p = xip_arena_calloc(arena, 100, 12);

	ck_assert(are_all(p, 1200, 0));
	ck_assert_ptr_nonnull(xip_arena_calloc(arena, 0, 12));
	ck_assert_ptr_nonnull(xip_arena_calloc(arena, 12, 0));
	ck_assert_ptr_null(xip_arena_calloc(arena, SIZE_MAX / 2, 3));
	ck_assert_ptr_null(xip_arena_calloc(arena, (size_t)1 << 32, (size_t)1 << 32));
}
END_TEST

/* Sizes that wrap when alignment or a header is added to them. */
START_TEST(sizes_that_wrap)
{
	for (size_t i = 0; i < alignof(max_align_t) - 1; i++) {
		ck_assert_ptr_null(xip_arena_alloc(arena, SIZE_MAX - i));
		ck_assert_ptr_null(xip_arena_bytes(arena, SIZE_MAX - i));
		ck_assert_ptr_null(xip_arena_strndup(arena, "", SIZE_MAX - i));
	}
	ck_assert_ptr_nonnull(xip_arena_alloc(arena, 1));
}
END_TEST

START_TEST(strings)
{
	char *copy = xip_arena_strndup(arena, "busybox", 4);

	ck_assert_str_eq(copy, "busy");
	copy = xip_arena_strndup(arena, "a\0b", 3);
	ck_assert_mem_eq(copy, "a\0b", 4);
	ck_assert_str_eq(xip_arena_strndup(arena, "x", 0), "");
}
END_TEST

/* Memory runs out: NULL, and what is there stays good. */
START_TEST(no_memory)
{
	char *kept = xip_arena_strndup(arena, "kept", 4);
	void *made[4];

	failing_alloc_arm(1); /* what fits the chunk in use needs no memory */
	made[0] = xip_arena_strndup(arena, "x", 1);
	ck_assert(!failing_alloc_disarm());
	ck_assert_ptr_nonnull(made[0]);
	failing_alloc_arm(1);
	made[0] = xip_arena_alloc(arena, 1u << 20);
	ck_assert(failing_alloc_disarm());
	failing_alloc_arm(1);
	made[1] = xip_arena_bytes(arena, 20000);
	ck_assert(failing_alloc_disarm());
	failing_alloc_arm(1);
	made[2] = xip_arena_calloc(arena, 1000, 1000);
	ck_assert(failing_alloc_disarm());
	failing_alloc_arm(1);
	made[3] = xip_arena_new();
	ck_assert(failing_alloc_disarm());
	for (size_t i = 0; i < 4; i++)
		ck_assert_ptr_null(made[i]);
	ck_assert_str_eq(kept, "kept");
	ck_assert_ptr_nonnull(xip_arena_alloc(arena, 1u << 20));
	xip_arena_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arena");
	TCase *tests = tcase_create("arena");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, objects);
	tcase_add_test(tests, nothing_overlaps);
	tcase_add_test(tests, bytes_are_packed);
	tcase_add_test(tests, large_objects);
	tcase_add_test(tests, arrays);
	tcase_add_test(tests, sizes_that_wrap);
	tcase_add_test(tests, strings);
	tcase_add_test(tests, no_memory);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
