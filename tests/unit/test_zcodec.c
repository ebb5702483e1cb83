/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/format/zcodec.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "failing_alloc.h"
#include "run_suite.h"

#define LARGEST ((size_t)(1u << 24) - 1)

static const size_t sizes[] = {
	0, 1, 2, 11, 255, 4095, 4096, 4097, 8192, 16384, 32768, 65535, 65536, LARGEST};

/* What each compressor is tried with; zopfli takes too long for the largest. */
static const struct {
	enum xip_compressor compressor;
	int level;
	size_t largest;
} efforts[] = {
	{XIP_LIBDEFLATE, 1, LARGEST},
	{XIP_LIBDEFLATE, 6, 65536},
	{XIP_LIBDEFLATE, 10, 65536},
	{XIP_LIBDEFLATE, 12, 65536},
	{XIP_LIBDEFLATE, XIP_LEVEL_AUTO, 65536},
	{XIP_ZLIB, 1, LARGEST},
	{XIP_ZLIB, 9, 65536},
	{XIP_ZOPFLI, 1, 32768},
	{XIP_ZOPFLI, 15, 4096},
};
#define EFFORT_COUNT (sizeof(efforts) / sizeof(*efforts))

enum texture { ZEROS, TEXT, CODE, NOISE, TEXTURES };

static uint8_t *make(enum texture texture, size_t size)
{
	uint8_t *bytes = calloc(1, size + 1);
	uint32_t seed = 12345;

	for (size_t i = 0; texture != ZEROS && i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		if (texture == TEXT)
			bytes[i] = (uint8_t) "etaoin shrdlu\n"[(seed >> 24) % 14];
		else if (texture == CODE)
			bytes[i] = i % 4 == 3 ? 0xe5 : (uint8_t)(seed >> 29);
		else
			bytes[i] = (uint8_t)(seed >> 24);
	}
	return bytes;
}

/* The stream is a zlib stream that the kernel takes, and zlib itself gets the bytes back. */
static void expect_stream(const uint8_t *stream, size_t length, const uint8_t *bytes, size_t size)
{
	uint8_t *back = malloc(size + 1);
	uLongf got = size + 1;
	uLong used = length;

	ck_assert_uint_ge(length, 8);
	ck_assert_uint_eq(stream[0] & 0x0f, 8);
	ck_assert_uint_le(stream[0] >> 4, 7); /* window of 32 KiB at most */
	ck_assert_uint_eq((stream[0] * 256u + stream[1]) % 31, 0);
	ck_assert_uint_eq(stream[1] & 0x20, 0); /* no preset dictionary */
	ck_assert_int_eq(uncompress2(back, &got, stream, &used), Z_OK);
	ck_assert_uint_eq(got, size);
	ck_assert_uint_eq(used, length);
	ck_assert(!memcmp(back, bytes, size));
	free(back);
}

static void round_trip(struct xip_deflater *deflater, struct xip_inflater *inflater,
	const uint8_t *bytes, size_t size)
{
	size_t room = xip_deflate_bound(deflater, size), written, got;
	uint8_t *stream = malloc(room), *back = malloc(size + 1);

	ck_assert_int_eq(xip_deflate(deflater, bytes, size, stream, room, &written), XIP_OK);
	ck_assert_uint_gt(written, 0);
	ck_assert_uint_le(written, room);
	expect_stream(stream, written, bytes, size);
	ck_assert_int_eq(xip_inflate(inflater, stream, written, back, size, &got), XIP_OK);
	ck_assert_uint_eq(got, size);
	ck_assert(!memcmp(back, bytes, size));
	free(stream);
	free(back);
}

START_TEST(round_trips)
{
	struct xip_deflater *deflater = xip_deflater_new(efforts[_i].compressor, efforts[_i].level);
	struct xip_inflater *inflater = xip_inflater_new();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (sizes[i] > efforts[_i].largest)
			continue;
		for (enum texture texture = ZEROS; texture < TEXTURES; texture++) {
			uint8_t *bytes = make(texture, sizes[i]);

			round_trip(deflater, inflater, bytes, sizes[i]);
			free(bytes);
		}
	}
	xip_deflater_free(deflater);
	xip_inflater_free(inflater);
}
END_TEST

/*
 * A stream is given when it fits, and never written past the room there is. libdeflate wants some
 * bytes more than it fills.
 */
START_TEST(capacities)
{
	struct xip_deflater *deflater = xip_deflater_new(efforts[_i].compressor, efforts[_i].level);
	uint8_t *bytes = make(TEXT, 4096);
	size_t room = xip_deflate_bound(deflater, 4096), length, written;
	size_t slack = efforts[_i].compressor == XIP_LIBDEFLATE ? 16 : 0;
	uint8_t *stream = malloc(room), *other = malloc(room + 1);

	ck_assert_int_eq(xip_deflate(deflater, bytes, 4096, stream, room, &length), XIP_OK);
	for (size_t capacity = 0; capacity <= length + 40; capacity++) {
		memset(other, 0xee, room + 1);
		ck_assert_int_eq(
			xip_deflate(deflater, bytes, 4096, other, capacity, &written), XIP_OK);
		if (capacity < length)
			ck_assert_uint_eq(written, 0);
		else if (capacity >= length + slack)
			ck_assert_uint_eq(written, length);
		ck_assert(!written || !memcmp(stream, other, length));
		ck_assert_uint_eq(other[capacity], 0xee);
		if (capacity == 20)
			capacity = length - 20; /* between them nothing is new */
	}
	free(bytes);
	free(stream);
	free(other);
	xip_deflater_free(deflater);
}
END_TEST

/* The stream does not depend on what was compressed before. */
START_TEST(no_memory_of_the_past)
{
	struct xip_deflater *used = xip_deflater_new(efforts[_i].compressor, efforts[_i].level);
	struct xip_deflater *fresh = xip_deflater_new(efforts[_i].compressor, efforts[_i].level);
	uint8_t *bytes = make(CODE, 4096), *noise = make(NOISE, 4096);
	size_t room = xip_deflate_bound(used, 4096), length, again;
	uint8_t *stream = malloc(room), *other = malloc(room);

	ck_assert_int_eq(xip_deflate(used, noise, 4096, stream, room, &length), XIP_OK);
	ck_assert_int_eq(xip_deflate(used, noise, 4096, stream, 100, &length), XIP_OK);
	ck_assert_uint_eq(length, 0);
	ck_assert_int_eq(xip_deflate(used, bytes, 4096, stream, room, &length), XIP_OK);
	ck_assert_int_eq(xip_deflate(fresh, bytes, 4096, other, room, &again), XIP_OK);
	ck_assert_uint_eq(length, again);
	ck_assert(!memcmp(stream, other, length));
	xip_deflater_free(used);
	xip_deflater_free(fresh);
	free(bytes);
	free(noise);
	free(stream);
	free(other);
}
END_TEST

/* More effort never costs bytes where it matters, on a page of text. */
START_TEST(effort_pays)
{
	static const struct {
		enum xip_compressor compressor;
		int low, high;
	} pairs[] = {{XIP_LIBDEFLATE, 1, 12}, {XIP_ZLIB, 1, 9}};
	uint8_t *bytes = make(TEXT, 4096), stream[8192];

	for (size_t i = 0; i < 2; i++) {
		struct xip_deflater *low = xip_deflater_new(pairs[i].compressor, pairs[i].low);
		struct xip_deflater *high = xip_deflater_new(pairs[i].compressor, pairs[i].high);
		size_t a, b;

		ck_assert_int_eq(xip_deflate(low, bytes, 4096, stream, 8192, &a), XIP_OK);
		ck_assert_int_eq(xip_deflate(high, bytes, 4096, stream, 8192, &b), XIP_OK);
		ck_assert_uint_lt(b, a);
		xip_deflater_free(low);
		xip_deflater_free(high);
	}
	free(bytes);
}
END_TEST

START_TEST(levels)
{
	static const enum xip_compressor all[] = {XIP_LIBDEFLATE, XIP_ZLIB, XIP_ZOPFLI};
	static const int highest[] = {12, 9, 1000}, usual[] = {XIP_LEVEL_AUTO, 9, 15};

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(xip_compressor_level_max(all[i]), highest[i]);
		ck_assert_int_eq(xip_compressor_level_default(all[i]), usual[i]);
		for (int level = 1; level <= highest[i]; level++) {
			struct xip_deflater *deflater = xip_deflater_new(all[i], level);

			ck_assert_ptr_nonnull(deflater);
			xip_deflater_free(deflater);
		}
	}
	ck_assert_ptr_null(xip_deflater_new(XIP_LIBDEFLATE, 13));
	ck_assert_ptr_null(xip_deflater_new(XIP_ZLIB, 10));
	xip_deflater_free(NULL);
	xip_inflater_free(NULL);
}
END_TEST

/* Streams that are wrong in one way each. */
START_TEST(bad_streams)
{
	struct xip_inflater *inflater = xip_inflater_new();
	uint8_t *bytes = make(TEXT, 4096), stream[8192], back[4096];
	uLongf length = sizeof(stream);
	size_t got;

	ck_assert_int_eq(compress2(stream, &length, bytes, 4096, 9), Z_OK);
	for (size_t cut = 0; cut < length; cut++) /* truncated anywhere */
		if (xip_inflate(inflater, stream, cut, back, 4096, &got) != XIP_ERR_CORRUPT)
			ck_abort_msg("cut to %zu bytes", cut);
	stream[length] = 0; /* a byte too many */
	ck_assert_int_eq(xip_inflate(inflater, stream, length + 1, back, 4096, &got), XIP_OK);
	ck_assert_int_eq(xip_inflate(inflater, stream, length, back, 4095, &got), XIP_ERR_CORRUPT);
	ck_assert_int_eq(xip_inflate(inflater, stream, length, back, 0, &got), XIP_ERR_CORRUPT);
	for (size_t i = 0; i < length; i++) { /* one bit is wrong, anywhere */
		stream[i] ^= 0x10;
		if (!xip_inflate(inflater, stream, length, back, 4096, &got) && got == 4096 &&
			!memcmp(back, bytes, 4096) && i > 1)
			ck_abort_msg("a wrong bit in byte %zu goes unseen", i);
		if (i + 4 >= length) /* the Adler-32 */
			ck_assert_int_eq(xip_inflate(inflater, stream, length, back, 4096, &got),
				XIP_ERR_CORRUPT);
		stream[i] ^= 0x10;
	}
	/* and after all of them a good one is good */
	ck_assert_int_eq(xip_inflate(inflater, stream, length, back, 4096, &got), XIP_OK);
	ck_assert(!memcmp(back, bytes, 4096));
	xip_inflater_free(inflater);
	free(bytes);
}
END_TEST

START_TEST(foreign_streams)
{
	struct xip_inflater *inflater = xip_inflater_new();
	uint8_t stream[256], back[64];
	z_stream z = {0};
	size_t got;

	/* a preset dictionary */
	ck_assert_int_eq(deflateInit(&z, 9), Z_OK);
	ck_assert_int_eq(deflateSetDictionary(&z, (const uint8_t *)"abcabc", 6), Z_OK);
	z.next_in = (z_const Bytef *)"abcabcabc";
	z.avail_in = 9;
	z.next_out = stream;
	z.avail_out = sizeof(stream);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_int_eq(
		xip_inflate(inflater, stream, z.total_out, back, 64, &got), XIP_ERR_CORRUPT);
	deflateEnd(&z);
	/* raw DEFLATE and gzip, as other builders might write */
	for (int bits = -15; bits <= 31; bits += 46) {
		memset(&z, 0, sizeof(z));
		ck_assert_int_eq(
			deflateInit2(&z, 9, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
		z.next_in = (z_const Bytef *)"abcabcabc";
		z.avail_in = 9;
		z.next_out = stream;
		z.avail_out = sizeof(stream);
		ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
		ck_assert_int_eq(xip_inflate(inflater, stream, z.total_out, back, 64, &got),
			XIP_ERR_CORRUPT);
		deflateEnd(&z);
	}
	xip_inflater_free(inflater);
}
END_TEST

/* The other decoder has zlib's verdict on every stream, whole, cut, with a byte more or changed. */
START_TEST(same_verdict_in_a_hurry)
{
	struct xip_deflater *deflater = xip_deflater_new(efforts[_i].compressor, efforts[_i].level);
	struct xip_inflater *careful = xip_inflater_new(), *hurried = xip_inflater_new();
	uint8_t stream[8192], back[2][4096];
	size_t length, got[2];

	xip_inflater_hurry(hurried);
	for (enum texture texture = ZEROS; texture < TEXTURES; texture++) {
		uint8_t *bytes = make(texture, 4096);

		ck_assert_int_eq(
			xip_deflate(deflater, bytes, 4096, stream, sizeof(stream) - 1, &length),
			XIP_OK);
		stream[length] = 0;
		for (size_t i = 0; i <= 2 * length + 1; i++) {
			size_t size = i <= length + 1 ? i : length;
			size_t changed = i > length + 1 ? i - length - 2 : length;
			enum xip_err want, err;

			stream[changed] ^= 0x41;
			want = xip_inflate(careful, stream, size, back[0], 4096, &got[0]);
			err = xip_inflate(hurried, stream, size, back[1], 4096, &got[1]);
			stream[changed] ^= 0x41;
			ck_assert_int_eq(err, want);
			ck_assert(err || (got[0] == got[1] && !memcmp(back[0], back[1], got[0])));
		}
		/* no room for the last byte */
		ck_assert_int_eq(xip_inflate(hurried, stream, length, back[1], 4095, &got[1]),
			XIP_ERR_CORRUPT);
		free(bytes);
	}
	xip_deflater_free(deflater);
	xip_inflater_free(careful);
	xip_inflater_free(hurried);
}
END_TEST

START_TEST(no_memory)
{
	struct xip_deflater *deflater;
	struct xip_inflater *inflater;

	for (size_t i = 0; i < EFFORT_COUNT; i++) {
		failing_alloc_arm(1);
		deflater = xip_deflater_new(efforts[i].compressor, efforts[i].level);
		ck_assert(failing_alloc_disarm());
		ck_assert_ptr_null(deflater);
	}
	failing_alloc_arm(1);
	inflater = xip_inflater_new();
	ck_assert(failing_alloc_disarm());
	ck_assert_ptr_null(inflater);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zcodec");
	TCase *tests = tcase_create("zcodec");

	tcase_add_loop_test(tests, round_trips, 0, EFFORT_COUNT);
	tcase_add_loop_test(tests, capacities, 0, EFFORT_COUNT);
	tcase_add_loop_test(tests, no_memory_of_the_past, 0, EFFORT_COUNT);
	tcase_add_test(tests, effort_pays);
	tcase_add_test(tests, levels);
	tcase_add_test(tests, bad_streams);
	tcase_add_test(tests, foreign_streams);
	tcase_add_loop_test(tests, same_verdict_in_a_hurry, 0, EFFORT_COUNT);
	tcase_add_test(tests, no_memory);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
