/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <zlib.h>

#include "make_elf.h"
#include "run_suite.h"
#include "xipfs/elf/flat.h"

#define SIZE 0x3000

static uint8_t file[SIZE];
static struct make_flat made;
static struct xip_flat flat;
static const char *why;

static void setup(void)
{
	memset(file, 0, sizeof(file));
	made = (struct make_flat){4, 0x44, 0x1100, 0x1800, 0x2800, 0x1000, 0x1800, 3, 0};
	make_flat(file, &made);
	why = NULL;
}

static enum xip_err parse(void)
{
	make_flat(file, &made);
	return xip_flat_parse(file, 64, SIZE, &flat, &why);
}

static void refused(const char *word)
{
	ck_assert_int_eq(parse(), XIP_ERR_CORRUPT);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
}

START_TEST(fields)
{
	ck_assert(xip_flat_has_magic(file, 4));
	ck_assert(!xip_flat_has_magic(file, 3));
	ck_assert(!xip_flat_has_magic(file + 1, 8));
	ck_assert_int_eq(parse(), XIP_OK);
	ck_assert_uint_eq(flat.revision, 4);
	ck_assert_uint_eq(flat.entry, 0x44);
	ck_assert_uint_eq(flat.data_start, 0x1100);
	ck_assert_uint_eq(flat.data_end, 0x1800);
	ck_assert_uint_eq(flat.bss_end, 0x2800);
	ck_assert_uint_eq(flat.stack_size, 0x1000);
	ck_assert_uint_eq(flat.reloc_start, 0x1800);
	ck_assert_uint_eq(flat.reloc_count, 3);
	ck_assert(!flat.ram && !flat.gotpic && !flat.gzip && !flat.gzdata);
}
END_TEST

START_TEST(flags)
{
	made.flags = 1u << _i;
	ck_assert_int_eq(parse(), XIP_OK);
	ck_assert_int_eq(flat.ram, _i == 0);
	ck_assert_int_eq(flat.gotpic, _i == 1);
	ck_assert_int_eq(flat.gzip, _i == 2);
	ck_assert_int_eq(flat.gzdata, _i == 3);
	/* the old format has one meaning for all of them */
	made.revision = 2;
	ck_assert_int_eq(parse(), XIP_OK);
	ck_assert(flat.ram && !flat.gotpic && !flat.gzip && !flat.gzdata);
}
END_TEST

START_TEST(old_without_flags)
{
	made.revision = 2;
	ck_assert_int_eq(parse(), XIP_OK);
	ck_assert(!flat.ram);
}
END_TEST

START_TEST(unknown_revision)
{
	static const uint32_t revisions[] = {0, 1, 3, 5, 0x04000000};

	made.revision = revisions[_i];
	ck_assert_int_eq(parse(), XIP_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(lies)
{
	made.data_start = 63;
	refused("header");
	setup();
	made.data_end = made.data_start - 1;
	refused("before it begins");
	setup();
	made.bss_end = made.data_end - 1;
	refused("before it begins");
	setup();
	made.data_start = made.data_end = made.bss_end = SIZE + 1;
	refused("text reaches");
	made.flags = 4; /* packed: the header's lengths are those of the unpacked program */
	ck_assert_int_eq(parse(), XIP_OK);
	made.flags = 8; /* but packed data leave the text as it is */
	refused("text reaches");
	setup();
	made.data_end = made.bss_end = SIZE + 1;
	refused("data reach");
	made.flags = 8;
	ck_assert_int_eq(parse(), XIP_OK);
	setup();
	made.data_end = made.bss_end = SIZE;
	ck_assert_int_eq(parse(), XIP_OK);
}
END_TEST

START_TEST(lengths_of_28_bits)
{
	made.bss_end = made.data_end + 0x0fffffff;
	ck_assert_int_eq(parse(), XIP_OK);
	made.bss_end++;
	refused("256 MiB");
	setup();
	made.stack_size = 0x10000000;
	refused("256 MiB");
	setup();
	made.reloc_count = 0x40000000; /* times 4 it is 0 in 32 bits */
	refused("256 MiB");
}
END_TEST

START_TEST(cut_short)
{
	uint8_t *tight = malloc(64);

	ck_assert_ptr_nonnull(tight);
	memcpy(tight, file, 63);
	for (size_t size = 0; size < 64; size++)
		ck_assert_int_eq(xip_flat_parse(tight, size, SIZE, &flat, &why),
			size < 4 ? XIP_ERR_UNSUPPORTED : XIP_ERR_CORRUPT);
	free(tight);
}
END_TEST

static bool relocates_text(void)
{
	bool text;

	ck_assert_int_eq(parse(), XIP_OK);
	ck_assert_int_eq(xip_flat_walk(file, SIZE, &flat, &text, &why), XIP_OK);
	return text;
}

START_TEST(text_relocations)
{
	/* relocations count from the end of the header: the data begin at 0x1100 - 64 */
	make_value(file + 0x1800, 4, 0x10c0, true);
	make_value(file + 0x1804, 4, 0x1200, true);
	make_value(file + 0x1808, 4, 0x17bc, true);
	ck_assert(!relocates_text());
	make_value(file + 0x1808, 4, 0x10bf, true);
	ck_assert(relocates_text());
	made.reloc_count = 2;
	ck_assert(!relocates_text());
	made.reloc_count = 3;
	made.revision = 2; /* relocates words of the data only */
	ck_assert(!relocates_text());
}
END_TEST

/* Why the relocations cannot be read. */
static void walk_refused(size_t size, const char *word)
{
	bool text;

	ck_assert_int_eq(parse(), XIP_OK);
	ck_assert_int_eq(xip_flat_walk(file, size, &flat, &text, &why), XIP_ERR_CORRUPT);
	ck_assert_msg(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
}

START_TEST(relocations_out_of_reach)
{
	walk_refused(0x180b, "end of the file"); /* 12 bytes of relocations from 0x1800 on */
	made.reloc_start = 0x1801;
	walk_refused(SIZE, "where the loader reads");
	made.reloc_start = 0x10ff;
	walk_refused(SIZE, "where the loader reads");
	made.reloc_start = UINT32_MAX;
	walk_refused(SIZE, "where the loader reads");
	made.reloc_count = 0;
	ck_assert(!relocates_text());
}
END_TEST

/* The last address that calc_reloc() takes is the end of the bss, which ends at 0x2800. */
START_TEST(relocations_outside)
{
	for (unsigned i = 0; i < 3; i++)
		make_value(file + 0x1800 + 4 * i, 4, 0x27c0, true);
	ck_assert(!relocates_text());
	make_value(file + 0x1800 + 4 * _i, 4, 0x27c1, true);
	walk_refused(SIZE, "outside the program");
	make_value(file + 0x1800 + 4 * _i, 4, 0xffffffff, true);
	walk_refused(SIZE, "outside the program");
}
END_TEST

/* Packs @file from @from to 0x180c, with a name in the gzip header; returns the file's new size. */
static size_t pack(size_t from)
{
	static uint8_t packed[SIZE];
	z_stream stream = {0};
	gz_header header = {.name = (Bytef *)"name", .comment = (Bytef *)"comment", .os = 3};

	ck_assert_int_eq(
		deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	deflateSetHeader(&stream, &header);
	stream.next_in = file + from;
	stream.avail_in = (uInt)(0x180c - from);
	stream.next_out = packed;
	stream.avail_out = sizeof(packed);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	memcpy(file + from, packed, stream.total_out);
	deflateEnd(&stream);
	return from + stream.total_out;
}

/* _i 0: FLAT_FLAG_GZDATA; 1: FLAT_FLAG_GZIP */
START_TEST(packed_relocations)
{
	size_t size;
	bool text;

	made.flags = _i ? 4 : 8;
	make_value(file + 0x1800, 4, 0x10c0, true);
	make_value(file + 0x1804, 4, 0x10, true);
	make_value(file + 0x1808, 4, 0x27c0, true);
	size = pack(_i ? 64 : 0x1100);
	ck_assert_int_eq(parse(), XIP_OK);
	ck_assert_int_eq(xip_flat_walk(file, size, &flat, &text, &why), XIP_OK);
	ck_assert(text);
	/* neither the CRC nor the length behind the stream is looked at */
	ck_assert_int_eq(xip_flat_walk(file, size - 8, &flat, &text, &why), XIP_OK);
	walk_refused(size - 16, "cut short or damaged");
	file[(_i ? 64 : 0x1100) + 3] |= 0x20; /* encrypted */
	walk_refused(size, "gzip header");
}
END_TEST

START_TEST(packed_outside)
{
	size_t size;

	made.flags = 8;
	make_value(file + 0x1800, 4, 0x27c1, true);
	size = pack(0x1100);
	walk_refused(size, "outside the program");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flat");
	TCase *tcase = tcase_create("parse");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, fields);
	tcase_add_loop_test(tcase, flags, 0, 4);
	tcase_add_test(tcase, old_without_flags);
	tcase_add_loop_test(tcase, unknown_revision, 0, 5);
	tcase_add_test(tcase, lies);
	tcase_add_test(tcase, lengths_of_28_bits);
	tcase_add_test(tcase, cut_short);
	tcase_add_test(tcase, text_relocations);
	tcase_add_test(tcase, relocations_out_of_reach);
	tcase_add_loop_test(tcase, relocations_outside, 0, 3);
	tcase_add_loop_test(tcase, packed_relocations, 0, 2);
	tcase_add_test(tcase, packed_outside);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
