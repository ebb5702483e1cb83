/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is predicted of single programs: lines, pages, stacks. */
#include "predict.h"

static void add_flat(uint32_t relocs, uint32_t flags, bool direct)
{
	const struct make_flat flat = {
		4, 0x44, 0x2100, 0x2900, 0x4000, 0x1000, 0x2900, relocs, flags};

	make_flat(files[item_count], &flat);
	for (uint32_t i = 0; i < relocs; i++)
		make_value(files[item_count] + 0x2900 + 4 * i, 4, 0x2800, true);
	add("bin", "flat", 0100755, 0x2900 + 4 * relocs, direct);
}

/* What a booted kernel shows of BusyBox: text from flash, data of 0xa74/0x1304 bytes, two pages of
 * stack. */
START_TEST(fdpic_in_place)
{
	make_fdpic(&made, 0x2d80, 0xa74, 0x2890, 8192, 4096);
	add_elf("bin", "busybox", true);
	predict(XIP_KERNEL_AUTO);
	ck_assert_int_eq(ram.kernel, XIP_KERNEL_NOMMU);
	ck_assert_uint_eq(ram.process_count, 1);
	ck_assert_uint_eq(ram.objects[0].line_count, 2);
	line_is(0, 0, "flash %x 3 r-x 0 3 0 0 0 280", starts[0]);
	/* 0xd80 + 0x3304 bytes: five pages */
	line_is(0, 1, "ram 0 5 rw- 2000 0 0 5 2890 1cfc");
	ck_assert(ram.processes[0].loadable);
	process_is(0, 2, 3, 7, 7, 10);
	ck_assert_ptr_null(ram.objects[0].lines[0].why);
	ck_assert_ptr_nonnull(ram.objects[0].lines[1].why);
}
END_TEST

/* Not in place: a copy of the text in RAM, which all processes share. */
START_TEST(fdpic_copied)
{
	make_fdpic(&made, 0x2d80, 0xa74, 0x2890, 8192, 4096);
	add_elf("bin", "busybox", false);
	predict(XIP_KERNEL_AUTO);
	line_is(0, 0, "ram 0 3 r-x 0 0 3 0 0 280");
	process_is(0, 2, 0, 10, 7, 10);
	advice_is(0, XIP_ADVICE_NOT_PLACED, 3 * 4096, 0, 0);
	ck_assert_ptr_nonnull(ram.objects[0].lines[0].why);
}
END_TEST

START_TEST(stack_sizes)
{
	static const struct {
		uint64_t asked, pages;
	} rows[] = {{0, 32}, {1, 2}, {4096, 2}, {8192, 2}, {8193, 3}, {32768, 8}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		make_fdpic(&made, 0x1000, 0x100, 0, rows[i].asked, 4096);
		item_count = 0;
		add_elf("bin", "a", true);
		predict(XIP_KERNEL_AUTO);
		process_is(0, rows[i].pages, 1, 1 + rows[i].pages, 1 + rows[i].pages,
			2 + rows[i].pages);
		if (rows[i].pages > 2)
			advice_is(0, XIP_ADVICE_STACK, 0, (rows[i].pages - 2) * 4096, 0);
		else
			ck_assert_ptr_null(advice_of(0, XIP_ADVICE_STACK));
		close_image();
	}
	made.phnum = 2; /* no PT_GNU_STACK */
	item_count = 0;
	add_elf("bin", "a", true);
	predict(XIP_KERNEL_AUTO);
	process_is(0, 32, 1, 33, 33, 34);
	advice_is(0, XIP_ADVICE_STACK, 0, 30 * 4096, 0);
}
END_TEST

/* A kernel with an MMU: addresses are known, the offset column holds the physical one. */
START_TEST(mmu_executable)
{
	make_plain(&made, 0x2d80, 0xa74, 0x2890, 0, 4096);
	made.machine = EM_ARM;
	add_elf("bin", "a", true);
	predict(XIP_KERNEL_AUTO);
	ck_assert_int_eq(ram.kernel, XIP_KERNEL_MMU);
	line_is(0, 0, "fixed 10000 3 r-x physical %x 3 0 0 0 280", starts[0]);
	line_is(0, 1, "fixed 22000 2 rw- 2000 0 2 2 0 0");
	line_is(0, 2, "fixed 24000 3 rw- 0 0 0 3 2890 1cfc unnamed");
	ck_assert_uint_eq(ram.objects[0].line_count, 3);
	process_is(0, 0, 3, 7, 5, 10);
}
END_TEST

/* The first mapping of a shared object covers all of it at first, so it shows no address. */
START_TEST(mmu_position_independent)
{
	static const uint64_t pie[][2] = {{DT_FLAGS_1, DF_1_PIE}};

	made.is64 = true;
	make_plain(&made, 0x2d80, 0xa74, 0, 0, 4096);
	made.machine = EM_AARCH64;
	/* to the end of the first page of the data */
	made.phdr[5] = (struct make_phdr){PT_GNU_RELRO, PF_R, 0x2d80, 0x22d80, 0x280, 0x280, 1};
	add_dynamic("bin", "a", NULL, pie, 1, names, sizeof(names));
	made.phdr[4] = made.phdr[5];
	made.phnum = 5;
	make_elf(files[0], &made);
	make_dynamic(files[0], &made, 0x2d80, 0, DT_FLAGS_1, DF_1_PIE);
	predict(XIP_KERNEL_AUTO);
	ck_assert_uint_eq(ram.process_count, 1);
	line_is(0, 0, "relative 10000 3 r-x 0 3 0 0 0 280");
	line_is(0, 1, "relative 22000 1 r-- 2000 0 1 1 0 0");
	line_is(0, 2, "relative 23000 1 rw- 3000 0 1 1 0 158c");
	ck_assert_uint_eq(ram.objects[0].line_count, 3);
}
END_TEST

/* FDPIC segments are mapped each by itself with an MMU, too. */
START_TEST(mmu_fdpic)
{
	make_fdpic(&made, 0x2d80, 0xa74, 0x2890, 8192, 4096);
	made.type = ET_DYN;
	made.phdr[3] = (struct make_phdr){PT_INTERP, PF_R, 0x300, 0x10300, 6, 6, 1};
	made.phnum = 4;
	make_elf(files[0], &made);
	strcpy((char *)files[0] + 0x300, "/none");
	add("bin", "a", 0100755, make_shdr_offset(&made, 3), true);
	predict(XIP_KERNEL_MMU);
	ck_assert_uint_eq(ram.objects[0].line_count, 3);
	line_is(0, 0, "ram 10000 3 r-x physical %x 3 0 0 0 280", starts[0]);
	line_is(0, 1, "ram 22000 2 rw- 2000 0 2 2 0 0");
	line_is(0, 2, "ram 24000 3 rw- 0 0 0 3 2890 1cfc unnamed");
	ck_assert_uint_eq(ram.processes[0].stack_pages, 0);
}
END_TEST

START_TEST(mmu_not_in_place)
{
	make_plain(&made, 0x2d80, 0xa74, 0, 0, 4096);
	made.machine = EM_MIPS;
	made.big = craft.big = true;
	add_elf("bin", "a", false);
	predict(XIP_KERNEL_AUTO);
	line_is(0, 0, "fixed 10000 3 r-x 0 0 3 0 0 280");
	process_is(0, 0, 0, 7, 2, 7);
	advice_is(0, XIP_ADVICE_NOT_PLACED, 3 * 4096, 0, 0);
}
END_TEST

/* Without an MMU all of a program that is no FDPIC is one block for each process. */
START_TEST(not_fdpic_without_mmu)
{
	make_plain(&made, 0x2d80, 0xa74, 0x100, 8192, 4096);
	made.machine = EM_ARM;
	made.type = _i ? ET_EXEC : ET_DYN;
	if (_i)
		add_elf("bin", "a", true);
	else
		add_dynamic("bin", "a", "/none", NULL, 0, names, sizeof(names));
	predict(XIP_KERNEL_NOMMU);
	ck_assert_uint_eq(ram.process_count, 1);
	if (_i) {
		ck_assert(!ram.objects[0].loadable);
		ck_assert(!ram.processes[0].loadable);
		ck_assert_uint_eq(ram.objects[0].line_count, 0);
		advice_is(0, XIP_ADVICE_NOT_LOADABLE, 0, 0, 0);
		return;
	}
	/* from 0x10000 to 0x238f4: 20 pages, of which the hole between the segments is lost */
	ck_assert_uint_eq(ram.objects[0].line_count, 1);
	line_is(0, 0, "ram 0 14 rwx 0 0 0 14 100 1070c unnamed");
	process_is(0, 2, 0, 22, 22, 22);
	advice_is(0, XIP_ADVICE_NOT_FDPIC, 0, 3 * 4096, 0);
}
END_TEST

/* do_mmap_private(): what is in RAM, each part in one block of a power of two of pages. */
START_TEST(largest_block)
{
	const struct xip_ram_process *process;

	make_fdpic(&made, 0x2d80, 0xa74, 0x4100, 8192, 4096);
	add_elf("bin", "a", true);
	predict(XIP_KERNEL_NOMMU);
	process = &ram.processes[0];
	ck_assert_uint_eq(process->block_used, 6); /* data and bss from 0x22d80 on */
	ck_assert_uint_eq(process->block_order, 3);
	ck_assert_uint_eq(process->block_object, 0);
	ck_assert(process->loadable);
	close_image();
	item_count = 0;
	made.phdr[2].memsz = 4096 * 1025; /* the stack */
	add_elf("bin", "a", true);
	predict(XIP_KERNEL_NOMMU);
	process = &ram.processes[0];
	ck_assert_uint_eq(process->block_used, 1025);
	ck_assert_uint_eq(process->block_order, 11);
	ck_assert_uint_eq(process->block_object, SIZE_MAX);
	ck_assert(!process->loadable);
	close_image();
	predict(XIP_KERNEL_MMU);
	ck_assert_uint_eq(ram.processes[0].block_used, 0);
	ck_assert(ram.processes[0].loadable);
}
END_TEST

START_TEST(constant_displacement)
{
	make_fdpic(&made, 0x2d80, 0xa74, 0x100, 8192, 4096);
	made.flags = 0x20;
	add_elf("bin", "a", true);
	predict(XIP_KERNEL_AUTO);
	ck_assert_uint_eq(ram.objects[0].line_count, 1);
	ck_assert_uint_eq(ram.objects[0].private_pages, 20);
	advice_is(0, XIP_ADVICE_NOT_FDPIC, 0, 3 * 4096, 0);
}
END_TEST

START_TEST(flat_programs)
{
	add_flat(0, 0, true);
	predict(XIP_KERNEL_AUTO);
	ck_assert_int_eq(ram.kernel, XIP_KERNEL_NOMMU);
	line_is(0, 0, "flash %x 3 r-x 0 3 0 0 0 f00", starts[0]);
	/* data 0x800, bss 0x1700, stack 0x1000 and a word */
	line_is(0, 1, "ram 0 3 rwx 0 0 0 3 1700 fc unnamed");
	ck_assert_uint_eq(ram.objects[0].line_count, 2);
	process_is(0, 0, 3, 3, 3, 6);
	close_image();

	item_count = 0; /* more relocations than bss and stack: they are read behind the data */
	add_flat(0x1000, 0, true);
	predict(XIP_KERNEL_AUTO);
	line_is(0, 1, "ram 0 5 rwx 0 0 0 5 1700 7fc unnamed");
	close_image();

	item_count = 0;
	add_flat(0, 0, false);
	predict(XIP_KERNEL_AUTO);
	line_is(0, 0, "ram 0 3 r-x 0 0 3 0 0 f00");
	process_is(0, 0, 0, 6, 3, 6);
	close_image();

	item_count = 0; /* FLAT_FLAG_RAM: one block */
	add_flat(0, 1, true);
	predict(XIP_KERNEL_AUTO);
	ck_assert_uint_eq(ram.objects[0].line_count, 1);
	line_is(0, 0, "ram 0 6 rwx 0 0 0 6 1700 ffc unnamed");
	process_is(0, 0, 0, 6, 6, 6);
	advice_is(0, XIP_ADVICE_NOT_DIRECT, 0, 3 * 4096, 0);
}
END_TEST

START_TEST(empty_image)
{
	add("bin", "a", 0100755, 10, false);
	predict(XIP_KERNEL_AUTO);
	ck_assert_int_eq(ram.kernel, XIP_KERNEL_MMU);
	ck_assert_uint_eq(ram.process_count, 0);
	ck_assert_uint_eq(ram.advice_count, 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("ram");

	tcase_add_test(tests, fdpic_in_place);
	tcase_add_test(tests, fdpic_copied);
	tcase_add_test(tests, stack_sizes);
	tcase_add_test(tests, mmu_executable);
	tcase_add_test(tests, mmu_position_independent);
	tcase_add_test(tests, mmu_fdpic);
	tcase_add_test(tests, mmu_not_in_place);
	tcase_add_loop_test(tests, not_fdpic_without_mmu, 0, 2);
	tcase_add_test(tests, largest_block);
	tcase_add_test(tests, constant_displacement);
	tcase_add_test(tests, flat_programs);
	tcase_add_test(tests, empty_image);
	return run_tests("ram", tests);
}
