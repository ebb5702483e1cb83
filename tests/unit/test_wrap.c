/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrap.h"
#include "run_suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const uint32_t sizes[] = {
	0, 1, 255, 256, 4095, 4096, 4097, 8192, 16384, 32768, 65524, XIP_WRAP_MAX};

/* zlib takes the stream, gets the bytes back, and the stream is as long as was said. */
START_TEST(wraps)
{
	uint32_t size = sizes[_i], length = xip_wrap_size(size);
	uint8_t *in = malloc(size + 1), *out = malloc(length + 2), *back = malloc(size + 1);
	uLongf got = size + 1;
	uLong used = length;

	for (uint32_t i = 0; i < size; i++)
		in[i] = (uint8_t)(i * 2654435761u >> 21);
	out[0] = out[length + 1] = 0xee;
	xip_wrap(out + 1, in, size);
	ck_assert_uint_eq(out[0], 0xee);
	ck_assert_uint_eq(out[length + 1], 0xee);
	ck_assert_int_eq(uncompress2(back, &got, out + 1, &used), Z_OK);
	ck_assert_uint_eq(got, size);
	ck_assert_uint_eq(used, length);
	ck_assert(!memcmp(back, in, size));
	free(in);
	free(out);
	free(back);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wrap");
	TCase *tests = tcase_create("wrap");

	tcase_add_loop_test(tests, wraps, 0, sizeof(sizes) / sizeof(*sizes));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
