/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where what runs of an ELF file ends, and what lies behind.
 */
#include "parse_elf.h"
#include "run_suite.h"

/* Every header of a program that takes bytes of the file counts, wherever it lies. */
START_TEST(what_runs)
{
	size_t table, size;

	choose(_i);
	make_plain(&made, 0x1000, 0x200, 0, 0, 4096);
	made.size = 0x3000;
	made.shdr[0] = (struct make_shdr){SHT_PROGBITS, 0, 0, 0x1300, 0x1d00, 1};
	made.shdr[1] = (struct make_shdr){SHT_NOBITS, 0, 0, 0x1300, 0x100000, 1};
	made.shnum = 2;
	size = make_elf(file, &made);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_uint_eq(elf.run_end, 0x1200);
	ck_assert_uint_eq(elf.section_end, size);
	ck_assert(!elf.appendix);
	ck_assert_ptr_null(elf.looked_up);
	ck_assert(!xip_elf_lacks_sections(file, size));
	/* zeros behind all of it are nothing, anything else is */
	ck_assert_int_eq(parse(size + 16), XIP_OK);
	ck_assert(!elf.appendix);
	file[size + 15] = 1;
	ck_assert_int_eq(parse(size + 16), XIP_OK);
	ck_assert(elf.appendix);

	made.phdr[made.phnum++] = (struct make_phdr){PT_NOTE, PF_R, 0x1400, 0x1400, 0x20, 0x20, 4};
	made.phdr[made.phnum++] = (struct make_phdr){PT_NULL, PF_R, 0x1500, 0x1500, 0x20, 0x20, 4};
	size = make_elf(file, &made);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_uint_eq(elf.run_end, 0x1420);
	made.phdr[made.phnum - 2].filesz = 0x100000;
	size = make_elf(file, &made);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_uint_eq(elf.run_end, 0x101400);
	made.phdr[made.phnum - 2].offset = made.is64 ? UINT64_MAX : UINT32_MAX;
	size = make_elf(file, &made);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_uint_gt(elf.run_end, size);

	/* the table of program headers behind everything */
	made.phnum -= 2;
	made.shnum = 0;
	size = make_elf(file, &made);
	table = made.phnum * (made.is64 ? 56 : 32);
	memmove(file + size, file + make_phdr_offset(&made, 0), table);
	make_value(file + (made.is64 ? 32 : 28), made.is64 ? 8 : 4, size, made.big);
	ck_assert_int_eq(parse(size + table), XIP_OK);
	ck_assert_uint_eq(elf.run_end, size + table);
	ck_assert_uint_eq(elf.section_end, 0);
	ck_assert(xip_elf_lacks_sections(file, size + table));
	ck_assert(!xip_elf_lacks_sections(file, 20));
	ck_assert(!xip_elf_lacks_sections((const uint8_t *)"#!/bin/sh", 9));
}
END_TEST

/* Names are looked at when they can be, and never past the table of names. */
START_TEST(sections_looked_up)
{
	static const char names[] = "\0.text\0pydata\0.modinfo";
	static const struct {
		unsigned name;
		const char *found;
	} cases[] = {{1, NULL}, {7, "pydata"}, {14, ".modinfo"}, {15, NULL}, {30, NULL},
		{0xffffffff, NULL}};
	size_t size, index_at;

	choose(_i);
	index_at = made.is64 ? 62 : 50;
	make_plain(&made, 0x1000, 0x200, 0, 0, 4096);
	made.size = 0x3000;
	made.shdr[0] = (struct make_shdr){SHT_PROGBITS, 0, 0, 0x1300, 0x100, 1};
	made.shdr[1] = (struct make_shdr){SHT_STRTAB, 0, 0, 0x1400, sizeof(names), 1};
	made.shnum = 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size = make_elf(file, &made);
		memcpy(file + 0x1400, names, sizeof(names));
		make_value(file + index_at, 2, 2, made.big);
		make_value(file + make_shdr_offset(&made, 1), 4, cases[i].name, made.big);
		ck_assert_int_eq(parse(size), XIP_OK);
		if (cases[i].found)
			ck_assert_str_eq(elf.looked_up, cases[i].found);
		else
			ck_assert_ptr_null(elf.looked_up);
		make_value(file + index_at, 2, 3, made.big); /* no such section */
		ck_assert_int_eq(parse(size), XIP_OK);
		ck_assert_ptr_null(elf.looked_up);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elf_extent");
	TCase *tcase = tcase_create("extent");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, what_runs, 0, 4);
	tcase_add_loop_test(tcase, sections_looked_up, 0, 4);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
