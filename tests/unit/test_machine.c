/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of what the kernels of each machine load.
 */
#include <check.h>
#include <stdlib.h>

#include "make_elf.h"
#include "run_suite.h"
#include "xipfs/elf/loader.h"
#include "xipfs/elf/machine.h"

static struct xip_arena *arena;
static uint8_t file[0x4000];
static struct make_elf made;
static struct xip_program program;

static void setup(void)
{
	arena = xip_arena_new();
	ck_assert_ptr_nonnull(arena);
	memset(&made, 0, sizeof(made));
}

static void teardown(void)
{
	xip_arena_free(arena);
}

static void describe(bool big, enum xip_rules rules)
{
	const struct xip_target target = {4096, big};
	size_t size = make_elf(file, &made);

	ck_assert_int_eq(xip_loader_describe(arena, file, size, &target, rules, &program), XIP_OK);
}

static void program_is(enum xip_loader loader, enum xip_why why)
{
	ck_assert_str_eq(xip_loader_name(program.loader), xip_loader_name(loader));
	ck_assert_str_eq(xip_why_name(program.why), xip_why_name(why));
}

/* What the kernels of each machine make of a program: fs/Kconfig.binfmt and asm/elf.h. */
static const struct {
	uint16_t machine;
	uint8_t osabi;
	uint32_t flags;
	uint16_t type;
	enum xip_loader loader;
	enum xip_why nommu, mmu;
	const char *nommu_advice; /* a word of it */
} kernels[] = {
	{EM_ARM, 65, 0, ET_EXEC, XIP_LOADER_FDPIC, XIP_WHY_DIRECT, XIP_WHY_DIRECT, NULL},
	{EM_ARM, 65, 0x20, ET_DYN, XIP_LOADER_FDPIC, XIP_WHY_CONSTDISP, XIP_WHY_DIRECT, "-mfdpic"},
	{EM_ARM, 0, 0, ET_DYN, XIP_LOADER_ELF, XIP_WHY_NOT_FDPIC, XIP_WHY_DIRECT, "-mfdpic"},
	{EM_ARM, 0, 0, ET_EXEC, XIP_LOADER_ELF, XIP_WHY_FIXED, XIP_WHY_DIRECT, "-mfdpic"},
	{EM_XTENSA, 65, 0, ET_EXEC, XIP_LOADER_FDPIC, XIP_WHY_DIRECT, XIP_WHY_FDPIC_MMU, NULL},
	{EM_XTENSA, 0, 0, ET_EXEC, XIP_LOADER_ELF, XIP_WHY_FIXED, XIP_WHY_DIRECT, "-mfdpic"},
	{EM_SH, 0, 0x8000, ET_EXEC, XIP_LOADER_FDPIC, XIP_WHY_DIRECT, XIP_WHY_FDPIC_MMU, NULL},
	{EM_SH, 65, 0, ET_DYN, XIP_LOADER_ELF, XIP_WHY_NOT_FDPIC, XIP_WHY_DIRECT, "-mfdpic"},
	{EM_SH, 0, 0x8100, ET_DYN, XIP_LOADER_FDPIC, XIP_WHY_CONSTDISP, XIP_WHY_FDPIC_MMU,
		"-mfdpic"},
	{EM_RISCV, 65, 0, ET_DYN, XIP_LOADER_ELF, XIP_WHY_NOT_FDPIC, XIP_WHY_DIRECT,
		"has no FDPIC"},
	{EM_RISCV, 0, 0, ET_EXEC, XIP_LOADER_ELF, XIP_WHY_FIXED, XIP_WHY_DIRECT, "-static-pie"},
	{EM_68K, 0, 0, ET_DYN, XIP_LOADER_ELF, XIP_WHY_NOT_FDPIC, XIP_WHY_DIRECT, "has no FDPIC"},
	{EM_68K, 0, 0, ET_EXEC, XIP_LOADER_ELF, XIP_WHY_FIXED, XIP_WHY_DIRECT, "-static-pie"},
	{EM_X86_64, 65, 0, ET_DYN, XIP_LOADER_ELF, XIP_WHY_NO_NOMMU, XIP_WHY_DIRECT, "-X -X"},
	{EM_AARCH64, 0, 0, ET_EXEC, XIP_LOADER_ELF, XIP_WHY_NO_NOMMU, XIP_WHY_DIRECT, "-X -X"},
	{0x4242, 0, 0, ET_DYN, XIP_LOADER_ELF, XIP_WHY_NO_NOMMU, XIP_WHY_DIRECT, "-X -X"},
};

START_TEST(machines)
{
	const char *advice;

	make_plain(&made, 0x2000, 0x100, 0, 0, 4096);
	made.machine = kernels[_i].machine;
	made.osabi = kernels[_i].osabi;
	made.flags = kernels[_i].flags;
	made.type = kernels[_i].type;
	describe(false, XIP_RULES_NOMMU);
	program_is(kernels[_i].loader, kernels[_i].nommu);
	advice = xip_why_advice(program.why, program.elf.machine);
	if (kernels[_i].nommu_advice)
		ck_assert_msg(advice && strstr(advice, kernels[_i].nommu_advice), "%s", advice);
	else
		ck_assert_ptr_null(advice);
	describe(false, XIP_RULES_MMU);
	program_is(kernels[_i].loader, kernels[_i].mmu);
	/* the other byte order is nothing for this target, whatever else holds */
	made.big = true;
	describe(false, XIP_RULES_MMU);
	program_is(kernels[_i].loader, XIP_WHY_BYTE_ORDER);
	for (size_t i = 0; i < program.mapping_count; i++)
		ck_assert_int_eq(program.mappings[i].why, XIP_WHY_BYTE_ORDER);
	describe(true, XIP_RULES_MMU);
	program_is(kernels[_i].loader, kernels[_i].mmu);
}
END_TEST

START_TEST(refusals)
{
	ck_assert(xip_why_refuses(XIP_WHY_BYTE_ORDER) && xip_why_refuses(XIP_WHY_FIXED));
	ck_assert(xip_why_refuses(XIP_WHY_NO_NOMMU) && xip_why_refuses(XIP_WHY_FDPIC_MMU));
	ck_assert(xip_why_refuses(XIP_WHY_BAD_HEADER) && xip_why_refuses(XIP_WHY_BEYOND_FILE));
	ck_assert(!xip_why_refuses(XIP_WHY_DIRECT) && !xip_why_refuses(XIP_WHY_NOT_FDPIC));
	ck_assert(!xip_why_refuses(XIP_WHY_TEXTREL) && !xip_why_refuses(XIP_WHY_COUNT));
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(xip_machine_name(EM_ARM), "ARM");
	ck_assert_ptr_null(xip_machine_name(0x4242));
	ck_assert_uint_eq(xip_machine_family(EM_ARM), EM_AARCH64);
	ck_assert_uint_eq(xip_machine_family(EM_386), xip_machine_family(EM_X86_64));
	ck_assert_uint_eq(xip_machine_family(0x4242), 0x4242);
	ck_assert_uint_ne(xip_machine_family(EM_RISCV), xip_machine_family(EM_ARM));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tcase = tcase_create("table");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, machines, 0, (int)(sizeof(kernels) / sizeof(*kernels)));
	tcase_add_test(tcase, refusals);
	tcase_add_test(tcase, names);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
