/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "failing_alloc.h"
#include "parse_elf.h"
#include "run_suite.h"

/* The file as it is now is refused as corrupt for a reason that holds @word. */
static void refused(size_t size, const char *word)
{
	ck_assert_int_eq(parse(size), XIP_ERR_CORRUPT);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
}

START_TEST(plain_program)
{
	size_t size;

	choose(_i);
	make_plain(&made, 0x1234, 0x100, 0x2000, 8192, 4096);
	size = make_elf(file, &made);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_int_eq(elf.is64, made.is64);
	ck_assert_int_eq(elf.big, made.big);
	ck_assert_int_eq(elf.type, ET_EXEC);
	ck_assert_int_eq(elf.machine, made.machine);
	ck_assert(!elf.fdpic && !elf.textrel && !elf.has_symtab && !elf.constdisp);
	ck_assert_uint_eq(elf.segment_count, 2);
	ck_assert_uint_eq(elf.segments[0].offset, 0);
	ck_assert_uint_eq(elf.segments[0].vaddr, 0x10000);
	ck_assert_uint_eq(elf.segments[0].filesz, 0x1234);
	ck_assert_uint_eq(elf.segments[0].memsz, 0x1234);
	ck_assert_uint_eq(elf.segments[0].align, 8);
	ck_assert_uint_eq(elf.segments[0].p_align, 4096);
	ck_assert(elf.segments[0].read && elf.segments[0].exec && !elf.segments[0].write);
	ck_assert_uint_eq(elf.segments[1].offset, 0x1234);
	ck_assert_uint_eq(elf.segments[1].vaddr, 0x21234);
	ck_assert_uint_eq(elf.segments[1].filesz, 0x100);
	ck_assert_uint_eq(elf.segments[1].memsz, 0x2100);
	ck_assert_uint_eq(elf.segments[1].align, 4);
	ck_assert(elf.segments[1].read && !elf.segments[1].exec && elf.segments[1].write);
	ck_assert(elf.has_stack);
	ck_assert_uint_eq(elf.stack_size, 8192);
	ck_assert_uint_eq(elf.stack_header, make_phdr_offset(&made, 2));
	ck_assert_uint_eq(elf.phdr_bytes, made.is64 ? 3 * 56 : 3 * 32);
	ck_assert_ptr_null(elf.interpreter);
	ck_assert_ptr_null(elf.soname);
	ck_assert_uint_eq(elf.needed_count, 0);
}
END_TEST

/* A shared object with all that the dynamic section may say. */
static size_t make_dynamic_program(void)
{
	/* offsets: 1 libc.so.6, 11 libm.so, 19 me, 22 /a:/b, 28 /old */
	static const char strings[] = "\0libc.so.6\0libm.so\0me\0/a:/b\0/old";
	unsigned entry = made.is64 ? 16 : 8;
	size_t size;

	make_plain(&made, 0x1000, 0x400, 0, 0, 4096);
	made.type = ET_DYN;
	made.phdr[3] = (struct make_phdr){
		PT_DYNAMIC, PF_R | PF_W, 0x1000, 0x21000, 9 * entry, 9 * entry, 8};
	made.phdr[4] = (struct make_phdr){PT_INTERP, PF_R, 0x300, 0x10300, 10, 10, 1};
	made.phdr[5] = (struct make_phdr){PT_GNU_RELRO, PF_R, 0x1000, 0x21000, 0x80, 0x80, 1};
	made.phnum = 6;
	size = make_elf(file, &made);
	memcpy(file + 0x300, "/lib/ld.so", 9);
	memcpy(file + 0x400, strings, sizeof(strings));
	make_dynamic(file, &made, 0x1000, 0, DT_NEEDED, 11);
	make_dynamic(file, &made, 0x1000, 1, DT_STRTAB, 0x10400);
	make_dynamic(file, &made, 0x1000, 2, DT_STRSZ, sizeof(strings));
	make_dynamic(file, &made, 0x1000, 3, DT_RPATH, 28);
	make_dynamic(file, &made, 0x1000, 4, DT_NEEDED, 1);
	make_dynamic(file, &made, 0x1000, 5, DT_SONAME, 19);
	make_dynamic(file, &made, 0x1000, 6, DT_RUNPATH, 22);
	make_dynamic(file, &made, 0x1000, 7, DT_NULL, 0);
	make_dynamic(file, &made, 0x1000, 8, DT_TEXTREL, 0); /* behind the end: not to be seen */
	return size;
}

START_TEST(dynamic_section)
{
	choose(_i);
	ck_assert_int_eq(parse(make_dynamic_program()), XIP_OK);
	ck_assert_str_eq(elf.interpreter, "/lib/ld.s");
	ck_assert_str_eq(elf.soname, "me");
	ck_assert_str_eq(elf.runpath, "/a:/b");
	ck_assert_uint_eq(elf.needed_count, 2);
	ck_assert_str_eq(elf.needed[0], "libm.so");
	ck_assert_str_eq(elf.needed[1], "libc.so.6");
	ck_assert(!elf.textrel);
	ck_assert_uint_eq(elf.relro_vaddr, 0x21000);
	ck_assert_uint_eq(elf.relro_memsz, 0x80);
}
END_TEST

START_TEST(rpath_without_runpath)
{
	size_t size;

	choose(_i);
	size = make_dynamic_program();
	make_dynamic(file, &made, 0x1000, 6, DT_DEBUG, 0);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_ptr_null(elf.runpath);
	ck_assert_str_eq(elf.rpath, "/old");
}
END_TEST

START_TEST(text_relocations)
{
	size_t size;

	choose(_i);
	size = make_dynamic_program();
	make_dynamic(file, &made, 0x1000, 7, DT_TEXTREL, 0);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert(elf.textrel);
	make_dynamic(file, &made, 0x1000, 7, DT_FLAGS, DF_SYMBOLIC);
	make_dynamic(file, &made, 0x1000, 8, DT_NULL, 0);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert(!elf.textrel);
	make_dynamic(file, &made, 0x1000, 7, DT_FLAGS, DF_TEXTREL | DF_BIND_NOW);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert(elf.textrel);
}
END_TEST

START_TEST(position_independent_program)
{
	size_t size;

	choose(_i);
	size = make_dynamic_program();
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert(!elf.pie);
	make_dynamic(file, &made, 0x1000, 7, DT_FLAGS_1, DF_1_PIE | DF_1_NOW);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert(elf.pie);
	make_dynamic(file, &made, 0x1000, 7, DT_FLAGS_1, DF_1_NOW);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert(!elf.pie);
}
END_TEST

START_TEST(dynamic_lies)
{
	size_t size;

	choose(_i);
	size = make_dynamic_program();
	make_dynamic(file, &made, 0x1000, 0, DT_NEEDED, 32); /* the NUL behind the last name */
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_str_eq(elf.needed[0], "");
	make_dynamic(file, &made, 0x1000, 0, DT_NEEDED, 33);
	refused(size, "string");
	make_dynamic(file, &made, 0x1000, 0, DT_NEEDED, made.is64 ? UINT64_MAX - 1 : UINT32_MAX);
	refused(size, "string");
	make_dynamic(file, &made, 0x1000, 0, DT_NEEDED, UINT64_MAX);
	refused(size, "string");
	make_dynamic(file, &made, 0x1000, 0, DT_NEEDED, 1);
	make_dynamic(file, &made, 0x1000, 1, DT_STRTAB, 0x10fe0); /* ends outside its segment */
	refused(size, "strings");
	make_dynamic(file, &made, 0x1000, 1, DT_STRTAB, 0x500); /* in no segment */
	refused(size, "strings");
	make_dynamic(file, &made, 0x1000, 1, DT_STRTAB, 0x10400);
	make_dynamic(file, &made, 0x1000, 2, DT_STRSZ, made.is64 ? UINT64_MAX : UINT32_MAX);
	refused(size, "strings");
	size = make_dynamic_program();
	made.phdr[3].offset = 0x1390; /* the last entry leaves the file */
	make_phdr_write(file, &made, 3);
	made.phdr[3].filesz = made.size - 0x1390 + 1;
	make_phdr_write(file, &made, 3);
	made.shnum = 0;
	file[made.is64 ? 60 : 48] = file[made.is64 ? 61 : 49] = 0;  /* e_shnum */
	memset(file + (made.is64 ? 40 : 32), 0, made.is64 ? 8 : 4); /* e_shoff */
	refused(made.size, "dynamic section");
}
END_TEST

START_TEST(string_table_without_end)
{
	size_t size;

	choose(_i);
	size = make_dynamic_program();
	/* the table ends in the middle of a name: the name ends there, too */
	make_dynamic(file, &made, 0x1000, 2, DT_STRSZ, 30);
	make_dynamic(file, &made, 0x1000, 6, DT_DEBUG, 0);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_str_eq(elf.rpath, "/o");
}
END_TEST

START_TEST(interpreter_lies)
{
	size_t size;

	choose(_i);
	size = make_dynamic_program();
	file[0x309] = 'x';
	refused(size, "does not end");
	make_dynamic_program();
	made.phdr[4].filesz = 1;
	make_phdr_write(file, &made, 4);
	refused(size, "length");
	made.phdr[4].filesz = 4097;
	make_phdr_write(file, &made, 4);
	refused(size, "length");
	made.phdr[4].filesz = 10;
	made.phdr[4].offset = size - 9;
	make_phdr_write(file, &made, 4);
	refused(size, "not in the file");
}
END_TEST

START_TEST(first_stack_header_counts)
{
	choose(_i);
	make_plain(&made, 0x1000, 0x100, 0, 4096, 4096);
	made.phdr[3] = (struct make_phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 65536, 8};
	made.phnum = 4;
	ck_assert_int_eq(parse(make_elf(file, &made)), XIP_OK);
	ck_assert_uint_eq(elf.stack_size, 4096);
	ck_assert_uint_eq(elf.stack_header, make_phdr_offset(&made, 2));
}
END_TEST

START_TEST(section_alignment)
{
	choose(_i);
	make_plain(&made, 0x1000, 0x100, 0x100, 0, 4096);
	made.shdr[2] = (struct make_shdr){SHT_PROGBITS, SHF_ALLOC, 0x10800, 0x800, 0x40, 64};
	made.shdr[3] =
		(struct make_shdr){SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0x21100, 0x1100, 0x100, 256};
	/* none of these counts: not allocated, empty, in no segment */
	made.shdr[4] = (struct make_shdr){SHT_PROGBITS, 0, 0x10800, 0x800, 0x40, 4096};
	made.shdr[5] = (struct make_shdr){SHT_PROGBITS, SHF_ALLOC, 0x10800, 0x800, 0, 4096};
	made.shdr[6] = (struct make_shdr){SHT_PROGBITS, SHF_ALLOC, 0x11000, 0x800, 0x40, 4096};
	made.shdr[7] = (struct make_shdr){SHT_SYMTAB, 0, 0, 0x800, 0x40, 8};
	made.shnum = 8;
	ck_assert_int_eq(parse(make_elf(file, &made)), XIP_OK);
	ck_assert_uint_eq(elf.segments[0].align, 64);
	ck_assert_uint_eq(elf.segments[1].align, 256);
	ck_assert(elf.has_symtab);
}
END_TEST

START_TEST(no_section_table)
{
	choose(_i);
	make_plain(&made, 0x1000, 0x100, 0, 0, 4096);
	made.shnum = 0;
	ck_assert_int_eq(parse(make_elf(file, &made)), XIP_OK);
	ck_assert_uint_eq(elf.segments[0].align, 0);
	ck_assert_uint_eq(elf.segments[1].align, 0);
}
END_TEST

START_TEST(sections_counted_in_the_first)
{
	size_t size;

	choose(_i);
	make_plain(&made, 0x1000, 0x100, 0, 0, 4096);
	size = make_elf(file, &made);
	make_value(file + (made.is64 ? 60 : 48), 2, 0, made.big);
	make_value(file + make_shdr_offset(&made, 0) + (made.is64 ? 32 : 20), made.is64 ? 8 : 4, 3,
		made.big);
	ck_assert_int_eq(parse(size), XIP_OK);
	ck_assert_uint_eq(elf.segments[0].align, 8);
	make_value(file + make_shdr_offset(&made, 0) + (made.is64 ? 32 : 20), made.is64 ? 8 : 4,
		UINT32_MAX, made.big);
	refused(size, "section headers");
}
END_TEST

START_TEST(segment_lies)
{
	uint64_t top;

	choose(_i);
	top = made.is64 ? UINT64_MAX : UINT32_MAX;
	make_plain(&made, 0x1000, 0x100, 0, 0, 4096);
	made.shnum = 0;
	made.phdr[1].filesz = 0x101;
	made.phdr[1].memsz = 0x101;
	refused(make_elf(file, &made), "end of the file");
	made.phdr[1].offset = top - 0xff;
	refused(make_elf(file, &made), "end of the file");
	made.phdr[1].offset = 0x1000;
	made.phdr[1].filesz = 0x100;
	made.phdr[1].memsz = 0xff;
	refused(make_elf(file, &made), "longer");
	made.phdr[1].memsz = 0x100;
	made.phdr[1].vaddr = top - 0x100 + 1;
	refused(make_elf(file, &made), "address space");
	made.phdr[1].vaddr = top - 0x100;
	ck_assert_int_eq(parse(make_elf(file, &made)), XIP_OK);
}
END_TEST

START_TEST(table_lies)
{
	size_t size, phoff, shoff, counts;

	choose(_i);
	phoff = made.is64 ? 32 : 28;
	shoff = made.is64 ? 40 : 32;
	counts = made.is64 ? 52 : 40; /* e_ehsize, the 16-bit fields follow */
	make_plain(&made, 0x1000, 0x100, 0, 0, 4096);
	size = make_elf(file, &made);
	make_value(file + phoff, made.is64 ? 8 : 4, size - 3 * (made.is64 ? 56 : 32) + 1, made.big);
	refused(size, "program headers reach");
	make_value(file + phoff, made.is64 ? 8 : 4, UINT64_MAX, made.big);
	refused(size, "program headers reach");
	make_elf(file, &made);
	make_value(file + counts + 2, 2, 31, made.big);
	refused(size, "wrong size");
	make_elf(file, &made);
	make_value(file + counts + 4, 2, 65535, made.big);
	refused(size, "more ELF program headers");
	make_elf(file, &made);
	make_value(file + shoff, made.is64 ? 8 : 4, made.size + 1, made.big);
	refused(size, "section headers reach");
	make_value(file + shoff, made.is64 ? 8 : 4, UINT64_MAX, made.big);
	refused(size, "section headers reach");
	make_elf(file, &made);
	make_value(file + counts + 6, 2, 39, made.big);
	refused(size, "wrong size");
	make_elf(file, &made);
	made.shdr[1].align = 24;
	make_shdr_write(file, &made, 1);
	refused(size, "power of two");
	make_elf(file, &made);
	file[4] = 3;
	refused(size, "class");
	make_elf(file, &made);
	file[5] = 0;
	refused(size, "byte order");
}
END_TEST

START_TEST(other_kinds)
{
	size_t size;

	choose(_i);
	make_plain(&made, 0x1000, 0x100, 0, 0, 4096);
	made.type = ET_REL;
	ck_assert_int_eq(parse(make_elf(file, &made)), XIP_ERR_UNSUPPORTED);
	made.type = ET_CORE;
	ck_assert_int_eq(parse(make_elf(file, &made)), XIP_ERR_UNSUPPORTED);
	made.type = ET_EXEC;
	made.phnum = 0;
	ck_assert_int_eq(parse(make_elf(file, &made)), XIP_ERR_UNSUPPORTED);
	size = make_elf(file, &made);
	file[0] = 0;
	ck_assert_int_eq(parse(size), XIP_ERR_UNSUPPORTED);
}
END_TEST

/* objcopy --only-keep-debug: the interpreter's name is gone, which would be a lie otherwise */
START_TEST(debugging_symbols)
{
	size_t size;

	choose(_i);
	make_dynamic_program();
	made.phdr[4].filesz = 0;
	made.shdr[0].type = SHT_NOBITS;
	size = make_elf(file, &made);
	ck_assert_int_eq(parse(size), XIP_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(why, "symbols"));
	made.shdr[1].flags |= SHF_EXECINSTR; /* some code is there */
	make_elf(file, &made);
	refused(size, "length");
}
END_TEST

/* Every shorter file is refused (the section table is at the end), and none is read past its end.
 */
START_TEST(truncated)
{
	size_t size;

	choose(_i);
	size = make_dynamic_program();
	ck_assert_int_eq(parse(size), XIP_OK);
	for (size_t cut = 0; cut < size; cut++) {
		enum xip_err err = parse(cut);

		ck_assert_int_eq(err, cut < 4 ? XIP_ERR_UNSUPPORTED : XIP_ERR_CORRUPT);
		ck_assert_ptr_nonnull(why);
	}
}
END_TEST

START_TEST(fdpic_machines)
{
	static const struct {
		uint16_t machine;
		uint8_t osabi;
		uint32_t flags;
		bool fdpic, constdisp;
	} rows[] = {
		{EM_ARM, 65, 0x5000000, true, false},
		{EM_ARM, 65, 0x5000020, true, true},
		{EM_ARM, 0, 0x5000000, false, false},
		{EM_ARM, 64, 0, false, false},
		{EM_XTENSA, 65, 0, true, false},
		{EM_XTENSA, 0, 0x8000, false, false},
		{EM_SH, 0, 0x8000, true, false},
		{EM_SH, 0, 0x8100, true, true},
		{EM_SH, 65, 0, false, false},
		{EM_68K, 65, 0x8000, false, false},
		{EM_RISCV, 65, 0x8000, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		made.big = i & 1;
		made.machine = rows[i].machine;
		make_plain(&made, 0x1000, 0x100, 0, 0, 4096);
		made.osabi = rows[i].osabi;
		made.flags = rows[i].flags;
		ck_assert_int_eq(parse(make_elf(file, &made)), XIP_OK);
		ck_assert_int_eq(elf.fdpic, rows[i].fdpic);
		ck_assert_int_eq(elf.constdisp, rows[i].constdisp);
		ck_assert_uint_eq(elf.osabi, rows[i].osabi);
	}
}
END_TEST

/* A page that cannot be written to: libelf must not swap bytes in place. */
START_TEST(input_is_not_written)
{
	size_t size;
	uint8_t *pages;

	choose(_i);
	size = make_dynamic_program();
	pages = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	memcpy(pages + 1, file, size); /* nor need it be aligned */
	ck_assert_int_eq(mprotect(pages, ROOM, PROT_READ), 0);
	ck_assert_int_eq(xip_elf_parse(arena, pages + 1, size, &elf, &why), XIP_OK);
	ck_assert_uint_eq(elf.segments[1].vaddr, 0x21000);
	munmap(pages, ROOM);
	ck_assert_str_eq(elf.needed[1], "libc.so.6"); /* all of it is in the arena */
}
END_TEST

START_TEST(out_of_memory)
{
	size_t size, n;

	choose(_i);
	size = make_dynamic_program();
	/* a string table that does not fit in the arena's first chunk */
	make_dynamic(file, &made, 0x1000, 2, DT_STRSZ, 0xc00);
	for (n = 1;; n++) {
		struct xip_arena *fresh = xip_arena_new();
		enum xip_err err;

		ck_assert_ptr_nonnull(fresh);
		failing_alloc_arm(n);
		err = xip_elf_parse(fresh, file, size, &elf, &why);
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
	Suite *suite = suite_create("elf");
	TCase *tcase = tcase_create("parse");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, plain_program, 0, 4);
	tcase_add_loop_test(tcase, dynamic_section, 0, 4);
	tcase_add_loop_test(tcase, rpath_without_runpath, 0, 4);
	tcase_add_loop_test(tcase, text_relocations, 0, 4);
	tcase_add_loop_test(tcase, position_independent_program, 0, 4);
	tcase_add_loop_test(tcase, dynamic_lies, 0, 4);
	tcase_add_loop_test(tcase, string_table_without_end, 0, 4);
	tcase_add_loop_test(tcase, interpreter_lies, 0, 4);
	tcase_add_loop_test(tcase, first_stack_header_counts, 0, 4);
	tcase_add_loop_test(tcase, section_alignment, 0, 4);
	tcase_add_loop_test(tcase, no_section_table, 0, 4);
	tcase_add_loop_test(tcase, sections_counted_in_the_first, 0, 4);
	tcase_add_loop_test(tcase, segment_lies, 0, 4);
	tcase_add_loop_test(tcase, table_lies, 0, 4);
	tcase_add_loop_test(tcase, other_kinds, 0, 4);
	tcase_add_loop_test(tcase, debugging_symbols, 0, 4);
	tcase_add_loop_test(tcase, truncated, 0, 4);
	tcase_add_test(tcase, fdpic_machines);
	tcase_add_loop_test(tcase, input_is_not_written, 0, 4);
	tcase_add_loop_test(tcase, out_of_memory, 0, 4);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
