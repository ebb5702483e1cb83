/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "failing_alloc.h"
#include "make_elf.h"
#include "run_suite.h"
#include "xipfs/elf/loader.h"

#define ROOM (1 << 20)

static struct xip_arena *arena;
static uint8_t *file;
static struct make_elf made;
static struct xip_program program;

static void setup(void)
{
	arena = xip_arena_new();
	file = calloc(1, ROOM);
	ck_assert_ptr_nonnull(arena);
	ck_assert_ptr_nonnull(file);
	memset(&made, 0, sizeof(made));
}

static void teardown(void)
{
	xip_arena_free(arena);
	free(file);
}

static const struct xip_target little = {.page_size = 4096};

static void describe(uint32_t page_size, enum xip_rules rules)
{
	const struct xip_target target = {page_size, made.big};

	size_t size = make_elf(file, &made);

	ck_assert_int_eq(xip_loader_describe(arena, file, size, &target, rules, &program), XIP_OK);
}

static void mapping_is(
	size_t i, uint64_t page, uint64_t count, uint64_t vaddr, uint64_t align, enum xip_why why)
{
	const struct xip_mapping *mapping = &program.mappings[i];

	ck_assert_uint_lt(i, program.mapping_count);
	ck_assert_uint_eq(mapping->file_page, page);
	ck_assert_uint_eq(mapping->page_count, count);
	ck_assert_uint_eq(mapping->vaddr, vaddr);
	ck_assert_uint_eq(mapping->align, align);
	ck_assert_str_eq(xip_why_name(mapping->why), xip_why_name(why));
}

static void program_is(enum xip_loader loader, enum xip_why why)
{
	ck_assert_str_eq(xip_loader_name(program.loader), xip_loader_name(loader));
	ck_assert_str_eq(xip_why_name(program.why), xip_why_name(why));
}

/* The whole program is refused or copied: no mapping is direct. */
static void refused(enum xip_loader loader, enum xip_why why)
{
	program_is(loader, why);
	for (size_t i = 0; i < program.mapping_count; i++)
		ck_assert_int_ne(program.mappings[i].why, XIP_WHY_DIRECT);
}

/* The page that ends .text and begins .data is in both; text must have it direct. */
START_TEST(fdpic_page_with_both)
{
	made.big = _i;
	make_fdpic(&made, 0x2dd80, 0xa74, 0x890, 8192, 4096);
	describe(4096, XIP_RULES_LOADER);
	program_is(XIP_LOADER_FDPIC, XIP_WHY_DIRECT);
	ck_assert(!program.mmu);
	mapping_is(0, 0, 0x2e, 0x10000, 8, XIP_WHY_DIRECT);
	/* 0xd80 + 0x1304 bytes reach into a third page, which has no file content */
	mapping_is(1, 0x2d, 3, 0x4d000, 4, XIP_WHY_WRITABLE);
	ck_assert_uint_eq(program.mappings[0].file_bytes, 0x2dd80);
	ck_assert_uint_eq(program.mappings[1].file_bytes, 0xa74);
	ck_assert_uint_eq(program.mappings[1].mem_bytes, 0x1304);
	ck_assert_uint_eq(program.elf.stack_size, 8192);
}
END_TEST

/* Pages are counted as mmap() rounds: from the start of the first to the end of the last. */
START_TEST(fdpic_boundaries)
{
	static const uint64_t texts[][2] = {
		{0x201, 1}, {4095, 1}, {4096, 1}, {4097, 2}, {8191, 2}, {8192, 2}, {8193, 3}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		make_fdpic(&made, texts[i][0], 4096, 0, 0, 4096);
		describe(4096, XIP_RULES_LOADER);
		mapping_is(0, 0, texts[i][1], 0x10000, 8, XIP_WHY_DIRECT);
		mapping_is(1, texts[i][0] / 4096, texts[i][0] % 4096 ? 2 : 1,
			(0x20000 + texts[i][0]) & ~4095ull, 4, XIP_WHY_WRITABLE);
	}
}
END_TEST

/* A read-only segment that begins in the middle of a page. */
START_TEST(fdpic_offset_in_page)
{
	make_fdpic(&made, 0x3000, 0x100, 0, 0, 4096);
	made.phdr[0].offset = 0x1ff8;
	made.phdr[0].vaddr = 0x11ff8;
	made.phdr[0].filesz = made.phdr[0].memsz = 0x1008;
	describe(4096, XIP_RULES_LOADER);
	mapping_is(0, 1, 2, 0x11000, 4, XIP_WHY_DIRECT); /* no section of it here */
	made.phdr[0].filesz = made.phdr[0].memsz = 0x1009;
	made.size += 0x1000;
	describe(4096, XIP_RULES_LOADER);
	mapping_is(0, 1, 3, 0x11000, 4, XIP_WHY_DIRECT);
}
END_TEST

START_TEST(fdpic_alignment)
{
	static const uint64_t rows[][2] = {{1, 4}, {2, 4}, {4, 4}, {8, 8}, {32, 32}, {4096, 4096}};

	make_fdpic(&made, 0x2000, 0x100, 0, 0, 4096);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		made.shdr[0].align = rows[i][0];
		describe(4096, XIP_RULES_LOADER);
		mapping_is(0, 0, 2, 0x10000, rows[i][1], XIP_WHY_DIRECT);
	}
	made.shdr[0].align = 8192;
	describe(4096, XIP_RULES_LOADER);
	mapping_is(0, 0, 2, 0x10000, 4096, XIP_WHY_ALIGN_TOO_BIG);
	program_is(XIP_LOADER_FDPIC, XIP_WHY_ALIGN_TOO_BIG);
	/* addresses are virtual under an MMU, so every alignment is kept there */
	describe(4096, XIP_RULES_MMU);
	mapping_is(0, 0, 2, 0x10000, 4096, XIP_WHY_DIRECT);
}
END_TEST

START_TEST(fdpic_alignment_unknown)
{
	static const uint64_t rows[][2] = {{0, 4096}, {1, 4}, {4, 4}, {64, 64}, {4096, 4096},
		{0x8000, 4096}, {24, 4096}, {UINT32_MAX, 4096}};

	make_fdpic(&made, 0x2000, 0x100, 0, 0, 4096);
	made.shnum = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		made.phdr[0].align = rows[i][0];
		describe(4096, XIP_RULES_LOADER);
		mapping_is(0, 0, 2, 0x10000, rows[i][1], XIP_WHY_DIRECT);
	}
}
END_TEST

START_TEST(fdpic_bss_in_text)
{
	make_fdpic(&made, 0x1f00, 0x100, 0, 0, 4096);
	made.phdr[0].memsz = 0x2000;
	describe(4096, XIP_RULES_LOADER);
	mapping_is(0, 0, 2, 0x10000, 8, XIP_WHY_BSS_IN_TEXT);
	program_is(XIP_LOADER_FDPIC, XIP_WHY_BSS_IN_TEXT);
	made.phdr[0].memsz = 0x2001;
	made.shnum = 0; /* the file has two pages */
	describe(4096, XIP_RULES_LOADER);
	ck_assert_uint_eq(program.mappings[0].page_count, 3);
	refused(XIP_LOADER_FDPIC, XIP_WHY_BEYOND_FILE);
	/* with an MMU the rest is anonymous memory and the file's part can be direct */
	describe(4096, XIP_RULES_MMU);
	mapping_is(0, 0, 2, 0x10000, 4096, XIP_WHY_DIRECT);
}
END_TEST

/* mm/nommu.c add_nommu_region(): BUG() */
START_TEST(fdpic_segments_share_a_page)
{
	make_fdpic(&made, 0x2000, 0x100, 0, 0, 4096);
	made.shnum = 0;
	made.phnum = 3;
	made.phdr[2] = made.phdr[1];
	/* headers, then text, both in page 0 */
	made.phdr[1] =
		(struct make_phdr){PT_LOAD, PF_R | PF_X, 0x400, 0x11400, 0x1c00, 0x1c00, 4096};
	made.phdr[0].flags = PF_R;
	made.phdr[0].filesz = made.phdr[0].memsz = 0x400;
	describe(4096, XIP_RULES_LOADER);
	refused(XIP_LOADER_FDPIC, XIP_WHY_SHARED_PAGE);
	/* with an MMU pages are mapped as often as you like */
	describe(4096, XIP_RULES_MMU);
	program_is(XIP_LOADER_FDPIC, XIP_WHY_DIRECT);
	/* one inside the other is one region */
	made.phdr[0].filesz = made.phdr[0].memsz = 0x2000;
	describe(4096, XIP_RULES_LOADER);
	program_is(XIP_LOADER_FDPIC, XIP_WHY_DIRECT);
	/* and pages of their own are two */
	made.phdr[0].filesz = made.phdr[0].memsz = 0x400;
	made.phdr[1] =
		(struct make_phdr){PT_LOAD, PF_R | PF_X, 0x1000, 0x11000, 0x1000, 0x1000, 4096};
	describe(4096, XIP_RULES_LOADER);
	program_is(XIP_LOADER_FDPIC, XIP_WHY_DIRECT);
}
END_TEST

START_TEST(fdpic_empty_segment)
{
	make_fdpic(&made, 0x2000, 0, 0, 0, 4096);
	describe(4096, XIP_RULES_LOADER);
	refused(XIP_LOADER_FDPIC, XIP_WHY_BAD_HEADER);
	ck_assert_ptr_nonnull(program.detail);
}
END_TEST

START_TEST(fdpic_writable_text)
{
	make_fdpic(&made, 0x2000, 0x100, 0, 0, 4096);
	made.phdr[0].flags = PF_R | PF_W | PF_X;
	describe(4096, XIP_RULES_LOADER);
	mapping_is(0, 0, 2, 0x10000, 8, XIP_WHY_WRITABLE);
	refused(XIP_LOADER_FDPIC, XIP_WHY_NO_TEXT);
}
END_TEST

START_TEST(constant_displacement)
{
	make_fdpic(&made, 0x2000, 0x100, 0, 0, 4096);
	made.flags = 0x20; /* EF_ARM_PIC */
	describe(4096, XIP_RULES_LOADER);
	refused(XIP_LOADER_FDPIC, XIP_WHY_CONSTDISP);
	describe(4096, XIP_RULES_MMU);
	program_is(XIP_LOADER_FDPIC, XIP_WHY_DIRECT);
}
END_TEST

START_TEST(unaligned_segment)
{
	make_plain(&made, 0x2000, 0x100, 0, 0, 4096);
	made.machine = EM_ARM;
	made.osabi = _i ? 65 : 0;
	made.phdr[1].vaddr += 4;
	describe(4096, XIP_RULES_LOADER);
	refused(_i ? XIP_LOADER_FDPIC : XIP_LOADER_ELF, XIP_WHY_UNALIGNED_SEGMENT);
}
END_TEST

/* Linked for pages of 4096 bytes with text and data not congruent to larger ones. */
START_TEST(large_pages)
{
	static const uint32_t sizes[] = {16384, 65536};
	uint32_t page = sizes[_i];

	made.is64 = true;
	made.machine = EM_AARCH64;
	make_plain(&made, 0x12345, 0x1000, 0, 0, page);
	describe(page, XIP_RULES_LOADER);
	program_is(XIP_LOADER_ELF, XIP_WHY_DIRECT);
	mapping_is(0, 0, page == 16384 ? 5 : 2, 0x10000, page, XIP_WHY_DIRECT);
	mapping_is(1, page == 16384 ? 4 : 1, 1, (0x10000 + 16 * page + 0x12345) & ~(page - 1ull),
		page, XIP_WHY_WRITABLE);
	made.phdr[1].vaddr += 0x1000;
	describe(page, XIP_RULES_LOADER);
	refused(XIP_LOADER_ELF, XIP_WHY_UNALIGNED_SEGMENT);
}
END_TEST

/* Both classes and byte orders, executables and shared objects: one rule for all. */
START_TEST(elf_with_mmu)
{
	made.is64 = _i & 1;
	made.big = _i & 2;
	make_plain(&made, 0x2dd80, 0xa74, 0x2890, 0, 4096);
	made.machine = made.is64 ? EM_PPC64 : EM_MIPS;
	made.type = _i & 4 ? ET_DYN : ET_EXEC;
	describe(4096, XIP_RULES_LOADER);
	program_is(XIP_LOADER_ELF, XIP_WHY_DIRECT);
	ck_assert(program.mmu);
	mapping_is(0, 0, 0x2e, 0x10000, 4096, XIP_WHY_DIRECT);
	/* elf_map() maps p_filesz; the pages behind are anonymous */
	mapping_is(1, 0x2d, 2, 0x4d000, 4096, XIP_WHY_WRITABLE);
	ck_assert_uint_eq(program.mappings[1].mem_bytes, 0xa74 + 0x2890);
	describe(4096, XIP_RULES_NOMMU);
	refused(XIP_LOADER_ELF, XIP_WHY_NO_NOMMU);
}
END_TEST

/* The usual four segments: headers and tables, text, constants, data. */
START_TEST(four_segments)
{
	made.is64 = true;
	made.machine = EM_X86_64;
	make_plain(&made, 0x1000, 0x100, 0, 0, 4096);
	made.type = ET_DYN;
	made.phdr[0] = (struct make_phdr){PT_LOAD, PF_R, 0, 0, 0x6f8, 0x6f8, 4096};
	made.phdr[1] = (struct make_phdr){PT_LOAD, PF_R | PF_X, 0x1000, 0x1000, 0x2b1, 0x2b1, 4096};
	made.phdr[2] = (struct make_phdr){PT_LOAD, PF_R, 0x2000, 0x2000, 0x1014, 0x1014, 4096};
	made.phdr[3] =
		(struct make_phdr){PT_LOAD, PF_R | PF_W, 0x3dd0, 0x4dd0, 0x260, 0x4268, 4096};
	made.phnum = 4;
	made.size = 0x4200;
	describe(4096, XIP_RULES_LOADER);
	program_is(XIP_LOADER_ELF, XIP_WHY_DIRECT);
	mapping_is(0, 0, 1, 0, 4096, XIP_WHY_DIRECT);
	mapping_is(1, 1, 1, 0x1000, 4096, XIP_WHY_DIRECT);
	mapping_is(2, 2, 2, 0x2000, 4096, XIP_WHY_DIRECT);
	mapping_is(3, 3, 2, 0x4000, 4096, XIP_WHY_WRITABLE);
	/* nothing but bss: no page of the file, and no reason to care for its offset */
	made.phdr[3].filesz = 0;
	made.phdr[3].offset = 0x3000;
	describe(4096, XIP_RULES_LOADER);
	program_is(XIP_LOADER_ELF, XIP_WHY_DIRECT);
	mapping_is(3, 3, 0, 0x4000, 4096, XIP_WHY_WRITABLE);
	made.phdr[3].flags = PF_R;
	describe(4096, XIP_RULES_LOADER);
	mapping_is(3, 3, 0, 0x4000, 4096, XIP_WHY_BSS_IN_TEXT);
}
END_TEST

START_TEST(too_many_program_headers)
{
	const struct xip_target large = {.page_size = 65536};

	/* 74 headers of 56 bytes do not fit in 4096 bytes, and 73 do */
	made.is64 = true;
	made.machine = EM_AARCH64;
	make_plain(&made, 0x2000, 0x100, 0, 0, 4096);
	make_elf(file, &made);
	for (unsigned count = 73; count <= 74; count++) {
		memset(file + make_phdr_offset(&made, 3), 0, 56 * 71);
		make_value(file + 56, 2, count, false);
		ck_assert_int_eq(xip_loader_describe(arena, file, make_shdr_offset(&made, 3),
					 &little, XIP_RULES_LOADER, &program),
			XIP_OK);
		program_is(XIP_LOADER_ELF, count == 73 ? XIP_WHY_DIRECT : XIP_WHY_TOO_MANY_HEADERS);
	}
	refused(XIP_LOADER_ELF, XIP_WHY_TOO_MANY_HEADERS);
	ck_assert_int_eq(xip_loader_describe(arena, file, make_shdr_offset(&made, 3), &large,
				 XIP_RULES_LOADER, &program),
		XIP_OK);
	ck_assert_int_ne(program.why, XIP_WHY_TOO_MANY_HEADERS);
}
END_TEST

START_TEST(text_relocations)
{
	size_t size;

	make_plain(&made, 0x2000, 0x100, 0, 0, 4096);
	made.machine = EM_ARM;
	made.osabi = _i ? 65 : 0;
	made.phdr[3] = (struct make_phdr){PT_DYNAMIC, PF_R | PF_W, 0x2000, 0x22000, 16, 16, 4};
	made.phnum = 4;
	size = make_elf(file, &made);
	make_dynamic(file, &made, 0x2000, 0, DT_TEXTREL, 0);
	ck_assert_int_eq(
		xip_loader_describe(arena, file, size, &little, XIP_RULES_LOADER, &program),
		XIP_OK);
	refused(_i ? XIP_LOADER_FDPIC : XIP_LOADER_ELF, XIP_WHY_TEXTREL);
}
END_TEST

START_TEST(no_program)
{
	ck_assert(!xip_loader_has_magic((const uint8_t *)"#!/bin/sh\n", 10));
	ck_assert(!xip_loader_has_magic((const uint8_t *)"\x7f"
							 "EL",
		3));
	ck_assert(xip_loader_has_magic((const uint8_t *)"\x7f"
							"ELF",
		4));
	ck_assert(xip_loader_has_magic((const uint8_t *)"bFLT", 4));
	ck_assert_int_eq(xip_loader_describe(arena, (const uint8_t *)"#!/bin/sh\n", 10, &little,
				 XIP_RULES_LOADER, &program),
		XIP_OK);
	refused(XIP_LOADER_NONE, XIP_WHY_NOT_PROGRAM);
	ck_assert_int_eq(
		xip_loader_describe(arena, file, 0, &little, XIP_RULES_LOADER, &program), XIP_OK);
	refused(XIP_LOADER_NONE, XIP_WHY_NOT_PROGRAM);
	make_plain(&made, 0x2000, 0x100, 0, 0, 4096);
	made.type = ET_REL;
	describe(4096, XIP_RULES_LOADER);
	refused(XIP_LOADER_NONE, XIP_WHY_NOT_EXECUTABLE_TYPE);
	made.type = ET_EXEC;
	made.phdr[1].filesz = 0x10000;
	describe(4096, XIP_RULES_LOADER);
	refused(XIP_LOADER_NONE, XIP_WHY_BAD_HEADER);
	ck_assert_ptr_nonnull(program.detail);
}
END_TEST

static void describe_flat(uint32_t flags, enum xip_rules rules)
{
	const struct make_flat flat = {4, 0x44, 0x2100, 0x2900, 0x4000, 0x1000, 0x2900, 0, flags};

	make_flat(file, &flat);
	ck_assert_int_eq(
		xip_loader_describe(arena, file, 0x2900, &little, rules, &program), XIP_OK);
}

START_TEST(flat_program)
{
	describe_flat(0, XIP_RULES_LOADER);
	program_is(XIP_LOADER_FLAT, XIP_WHY_DIRECT);
	ck_assert_uint_eq(program.mapping_count, 2);
	mapping_is(0, 0, 3, 0, 32, XIP_WHY_DIRECT);
	ck_assert(program.mappings[0].exec && !program.mappings[0].write);
	mapping_is(1, 2, 1, 0x2000, 32, XIP_WHY_WRITABLE);
	ck_assert_uint_eq(program.mappings[1].file_bytes, 0x800);
	ck_assert_uint_eq(program.mappings[1].mem_bytes, 0x1f00);
	describe_flat(0, XIP_RULES_NOMMU);
	program_is(XIP_LOADER_FLAT, XIP_WHY_DIRECT);
	describe_flat(0, XIP_RULES_MMU);
	refused(XIP_LOADER_FLAT, XIP_WHY_FLAT_MMU);
	describe_flat(1, XIP_RULES_LOADER);
	refused(XIP_LOADER_FLAT, XIP_WHY_FLAT_RAM);
	describe_flat(2, XIP_RULES_LOADER);
	program_is(XIP_LOADER_FLAT, XIP_WHY_DIRECT);
	/* packed, but no gzip stream is there */
	describe_flat(4, XIP_RULES_LOADER);
	refused(XIP_LOADER_FLAT, XIP_WHY_BAD_HEADER);
	describe_flat(8, XIP_RULES_LOADER);
	refused(XIP_LOADER_FLAT, XIP_WHY_BAD_HEADER);
	ck_assert_uint_eq(program.mappings[1].page_count, 0);
}
END_TEST

START_TEST(flat_text_relocations)
{
	struct make_flat flat = {4, 0x44, 0x2100, 0x2900, 0x4000, 0x1000, 0x2900, 1, 0};

	make_flat(file, &flat);
	make_value(file + 0x2900, 4, 0x20bf, true);
	ck_assert_int_eq(
		xip_loader_describe(arena, file, 0x2904, &little, XIP_RULES_LOADER, &program),
		XIP_OK);
	refused(XIP_LOADER_FLAT, XIP_WHY_TEXTREL);
	make_value(file + 0x2900, 4, 0x20c0, true);
	ck_assert_int_eq(
		xip_loader_describe(arena, file, 0x2904, &little, XIP_RULES_LOADER, &program),
		XIP_OK);
	program_is(XIP_LOADER_FLAT, XIP_WHY_DIRECT);
}
END_TEST

START_TEST(flat_lies)
{
	const struct make_flat flat = {4, 0x44, 0x2901, 0x2901, 0x4000, 0x1000, 0x2900, 0, 0};

	make_flat(file, &flat);
	ck_assert_int_eq(
		xip_loader_describe(arena, file, 0x2900, &little, XIP_RULES_LOADER, &program),
		XIP_OK);
	refused(XIP_LOADER_NONE, XIP_WHY_BAD_HEADER);
	ck_assert_ptr_nonnull(program.detail);
}
END_TEST

START_TEST(words)
{
	for (int why = 0; why < XIP_WHY_COUNT; why++) {
		const char *name = xip_why_name(why);

		ck_assert_ptr_nonnull(name);
		ck_assert_ptr_nonnull(xip_why_text(why));
		ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (int other = 0; other < why; other++)
			ck_assert_str_ne(name, xip_why_name(other));
	}
	ck_assert_str_eq(xip_why_name(XIP_WHY_WRITABLE), "writable");
	ck_assert_str_eq(xip_why_name(XIP_WHY_COUNT), "unknown");
	ck_assert_str_eq(xip_why_text((enum xip_why) - 1), "unknown");
	ck_assert_ptr_null(xip_why_advice(XIP_WHY_DIRECT, EM_ARM));
	ck_assert_ptr_null(xip_why_advice(XIP_WHY_COUNT, EM_ARM));
	ck_assert_ptr_nonnull(xip_why_advice(XIP_WHY_NOT_FDPIC, EM_ARM));
	ck_assert_str_eq(xip_loader_name(XIP_LOADER_FDPIC), "fdpic");
}
END_TEST

START_TEST(out_of_memory)
{
	const struct make_flat flat = {4, 0x44, 0x2100, 0x2900, 0x4000, 0x1000, 0x2900, 0, 0};
	size_t size = 0x2900, n;

	make_fdpic(&made, 0x2000, 0x100, 0, 0, 4096);
	if (_i)
		make_flat(file, &flat);
	else
		size = make_elf(file, &made);
	for (n = 1;; n++) {
		struct xip_arena *fresh = xip_arena_new();
		enum xip_err err;

		ck_assert_ptr_nonnull(fresh);
		failing_alloc_arm(n);
		err = xip_loader_describe(fresh, file, size, &little, XIP_RULES_LOADER, &program);
		xip_arena_free(fresh);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_gt(n, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loader");
	TCase *tcase = tcase_create("describe");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, fdpic_page_with_both, 0, 2);
	tcase_add_test(tcase, fdpic_boundaries);
	tcase_add_test(tcase, fdpic_offset_in_page);
	tcase_add_test(tcase, fdpic_alignment);
	tcase_add_test(tcase, fdpic_alignment_unknown);
	tcase_add_test(tcase, fdpic_bss_in_text);
	tcase_add_test(tcase, fdpic_segments_share_a_page);
	tcase_add_test(tcase, fdpic_empty_segment);
	tcase_add_test(tcase, fdpic_writable_text);
	tcase_add_test(tcase, constant_displacement);
	tcase_add_loop_test(tcase, unaligned_segment, 0, 2);
	tcase_add_loop_test(tcase, large_pages, 0, 2);
	tcase_add_loop_test(tcase, elf_with_mmu, 0, 8);
	tcase_add_test(tcase, four_segments);
	tcase_add_test(tcase, too_many_program_headers);
	tcase_add_loop_test(tcase, text_relocations, 0, 2);
	tcase_add_test(tcase, no_program);
	tcase_add_test(tcase, flat_program);
	tcase_add_test(tcase, flat_text_relocations);
	tcase_add_test(tcase, flat_lies);
	tcase_add_test(tcase, words);
	tcase_add_loop_test(tcase, out_of_memory, 0, 2);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
