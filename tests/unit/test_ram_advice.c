/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is advised, and what it would save. */
#include "predict.h"

START_TEST(advice_on_data)
{
	/* 0xf00 bytes at 0xf80 of a page take two pages, and one would do */
	make_fdpic(&made, 0x1f80, 0xf00, 0, 8192, 4096);
	if (_i) {
		made.phdr[3] =
			(struct make_phdr){PT_GNU_RELRO, PF_R, 0x1f80, 0x21f80, 0x80, 0x80, 1};
		made.phnum = 4;
	}
	add_elf("bin", "a", true);
	/* 0x1100 bytes take two pages wherever they begin in the first one */
	make_fdpic(&made, 0x1e80, 0x1100, 0, 8192, 4096);
	add_elf("bin", "b", true);
	predict(XIP_KERNEL_AUTO);
	advice_is(0, _i ? XIP_ADVICE_RELRO : XIP_ADVICE_DATA_OFFSET, 0, 4096, 0);
	ck_assert_ptr_null(advice_of(0, _i ? XIP_ADVICE_DATA_OFFSET : XIP_ADVICE_RELRO));
	ck_assert_ptr_null(advice_of(1, XIP_ADVICE_DATA_OFFSET));
	ck_assert_ptr_null(advice_of(1, XIP_ADVICE_RELRO));
}
END_TEST

START_TEST(advice_on_flash)
{
	/* three read-only segments of 0x100 bytes: two pages too many */
	make_plain(&made, 0x3000, 0x100, 0, 0, 4096);
	made.machine = EM_ARM;
	for (unsigned i = 0; i < 3; i++)
		made.phdr[i] = (struct make_phdr){PT_LOAD, PF_R | (i == 1 ? PF_X : 0), i * 0x1000,
			0x10000 + i * 0x1000, 0x100, 0x100, 4096};
	/* and two pages of symbols behind them */
	made.size = 0x6000;
	made.shdr[2] = (struct make_shdr){SHT_SYMTAB, 0, 0, 0x4000, 0x2000, 4};
	made.shnum = 3;
	make_elf(files[0], &made);
	for (size_t i = 0x4000; i < 0x6000; i++)
		files[0][i] = (uint8_t)(i * i >> 7);
	add("bin", "a", 0100755, make_shdr_offset(&made, 4), true);
	predict(XIP_KERNEL_AUTO);
	advice_is(0, XIP_ADVICE_SEGMENTS, 0, 0, 2 * 4096);
	/* blocks 3 to 5 are whole pages, the last one has the section table; and their pointers */
	advice_is(0, XIP_ADVICE_UNSTRIPPED, 0, 0, 3 * 4096 + 4 * 40 + 4 * 4);
}
END_TEST

START_TEST(advice_on_text)
{
	static const uint64_t textrel[][2] = {{DT_TEXTREL, 0}};

	make_plain(&made, 0x2000, 0x100, 0, 0, 4096);
	made.machine = EM_ARM;
	add_dynamic("bin", "a", "/none", textrel, 1, names, sizeof(names));
	make_plain(&made, 0x2000, 0x100, 0, 0, 4096);
	made.phdr[1].vaddr += 4;
	add_elf("bin", "b", true);
	predict(XIP_KERNEL_MMU);
	/* the pages are in the page cache, and a copy of each is written to */
	line_is(0, 0, "relative 10000 2 r-x 0 0 2 2 0 0");
	advice_is(0, XIP_ADVICE_TEXTREL, 2 * 4096, 2 * 4096, 0);
	advice_is(1, XIP_ADVICE_NOT_LOADABLE, 0, 0, 0);
	ck_assert_uint_eq(ram.objects[1].line_count, 0);
}
END_TEST

START_TEST(names_of_advice)
{
	for (int i = 0; i < XIP_ADVICE_COUNT; i++) {
		ck_assert_ptr_nonnull(xip_advice_name(i));
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(xip_advice_name(i), xip_advice_name(k));
	}
	ck_assert_str_eq(xip_advice_name(XIP_ADVICE_COUNT), "unknown");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("ram_advice");

	tcase_add_loop_test(tests, advice_on_data, 0, 2);
	tcase_add_test(tests, advice_on_flash);
	tcase_add_test(tests, advice_on_text);
	tcase_add_test(tests, names_of_advice);
	return run_tests("ram_advice", tests);
}
