/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "craft_tree.h"
#include "failing_alloc.h"
#include "make_elf.h"
#include "xipfs/ram.h"

#define ROOM       0x20000
#define ITEMS_MAX  8
#define TEXT_VADDR 0x10000

static struct craft craft;
static struct craft_item items[ITEMS_MAX];
static uint32_t starts[ITEMS_MAX];
static size_t item_count;
static uint8_t *files[ITEMS_MAX];

static struct xip_image *image;
static struct xip_listing listing;
static struct xip_map map;
static struct xip_program_list programs;
static struct xip_ram ram;
static struct make_elf made;
static int fd;

static void setup(void)
{
	for (size_t i = 0; i < ITEMS_MAX; i++) {
		files[i] = calloc(1, ROOM);
		ck_assert_ptr_nonnull(files[i]);
	}
	item_count = 0;
	memset(&made, 0, sizeof(made));
	memset(&craft, 0, sizeof(craft));
	fd = -1;
}

static void close_image(void)
{
	xip_ram_free(&ram);
	xip_programs_free(&programs);
	xip_map_free(&map);
	xip_listing_free(&listing);
	xip_image_close(image);
	image = NULL;
	if (fd >= 0)
		close(fd);
	fd = -1;
	craft_free(&craft);
	craft.data = NULL;
}

static void teardown(void)
{
	close_image();
	for (size_t i = 0; i < ITEMS_MAX; i++)
		free(files[i]);
}

/* Takes what files[item_count] holds, @size bytes, into the tree. */
static void add(const char *folder, const char *name, uint16_t mode, size_t size, bool direct)
{
	items[item_count] =
		(struct craft_item){folder, name, mode, files[item_count], (uint32_t)size, direct};
	item_count++;
}

/* Makes @made a program of the tree. */
static void add_elf(const char *folder, const char *name, bool direct)
{
	add(folder, name, 0100755, make_elf(files[item_count], &made), direct);
}

static void add_link(const char *folder, const char *name, const char *target)
{
	strcpy((char *)files[item_count], target);
	add(folder, name, 0120777, strlen(target), false);
}

static void open_image(void)
{
	const struct xip_programs_options options = {.all = true};

	craft_tree(&craft, items, item_count, starts);
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", CRAFT_PAGE, NULL), XIP_OK);
	ck_assert_int_eq(xip_image_list(image, false, &listing, NULL), XIP_OK);
	ck_assert_int_eq(xip_map_build(image, &listing, &map, NULL), XIP_OK);
	ck_assert_int_eq(
		xip_programs_judge(image, &listing, &map, &options, &programs, NULL), XIP_OK);
}

static void predict(enum xip_kernel kernel)
{
	open_image();
	ck_assert_int_eq(
		xip_ram_predict(image, &listing, &map, &programs, kernel, &ram, NULL), XIP_OK);
}

/* The object of item @item; the listing has the root, the folders and then the items. */
static size_t object_of(size_t item)
{
	char path[64];

	snprintf(path, sizeof(path), "/%s/%s", items[item].folder, items[item].name);
	for (size_t i = 0; i < programs.count; i++)
		if (programs.programs[i].entry == xip_listing_find(&listing, path))
			return i;
	ck_abort_msg("%s is no program", path);
	return 0;
}

/* Line @i of an object, as "PLACE ADDRESS PAGES rwx OFFSET flash shared private bss rounding". */
static void __attribute__((format(printf, 3, 4)))
line_is(size_t object, size_t i, const char *format, ...)
{
	static const char *const places[] = {"flash", "fixed", "relative", "ram"};
	const struct xip_ram_line *line;
	char text[200], expected[200];
	va_list arguments;

	ck_assert_uint_lt(i, ram.objects[object].line_count);
	line = &ram.objects[object].lines[i];
	snprintf(text, sizeof(text), "%s %jx %jx %c%c%c %s%jx %jx %jx %jx %jx %jx%s",
		places[line->place], (uintmax_t)line->address, (uintmax_t)line->pages,
		line->read ? 'r' : '-', line->write ? 'w' : '-', line->exec ? 'x' : '-',
		line->physical ? "physical " : "", (uintmax_t)line->offset,
		(uintmax_t)line->flash_pages, (uintmax_t)line->shared_pages,
		(uintmax_t)line->private_pages, (uintmax_t)line->bss_bytes,
		(uintmax_t)line->rounding_bytes, line->named ? "" : " unnamed");
	va_start(arguments, format);
	vsnprintf(expected, sizeof(expected), format, arguments);
	va_end(arguments);
	ck_assert_str_eq(text, expected);
}

static void process_is(
	size_t i, uint64_t stack, uint64_t flash, uint64_t first, uint64_t further, uint64_t plain)
{
	const struct xip_ram_process *process = &ram.processes[i];

	ck_assert_uint_lt(i, ram.process_count);
	ck_assert_uint_eq(process->stack_pages, stack);
	ck_assert_uint_eq(process->flash_pages, flash);
	ck_assert_uint_eq(process->first_pages, first);
	ck_assert_uint_eq(process->further_pages, further);
	ck_assert_uint_eq(process->plain_pages, plain);
}

/* The advice of @kind for @object; NULL: there is none. */
static const struct xip_ram_advice *advice_of(size_t object, enum xip_advice_kind kind)
{
	for (size_t i = 0; i < ram.advice_count; i++)
		if (ram.advice[i].object == object && ram.advice[i].kind == kind)
			return &ram.advice[i];
	return NULL;
}

static void advice_is(
	size_t object, enum xip_advice_kind kind, uint64_t once, uint64_t each, uint64_t flash)
{
	const struct xip_ram_advice *advice = advice_of(object, kind);

	ck_assert_msg(advice, "no advice %s", xip_advice_name(kind));
	ck_assert_uint_eq(advice->ram_once, once);
	ck_assert_uint_eq(advice->ram_each, each);
	ck_assert_uint_eq(advice->flash_bytes, flash);
	ck_assert_ptr_nonnull(advice->problem);
	ck_assert_ptr_nonnull(advice->remedy);
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

/*
 * Makes files[item_count] a program or shared object with a dynamic section at the start of its
 * data: @entries are pairs of a tag and a value, @strings what they refer to.
 */
static void add_dynamic(const char *folder, const char *name, const char *interpreter,
	const uint64_t (*entries)[2], size_t count, const char *strings, size_t strings_size)
{
	uint8_t *file = files[item_count];
	unsigned entry = made.is64 ? 16 : 8;
	uint64_t data = made.phdr[1].offset;
	size_t length = (count + 3) * entry, size;

	made.type = ET_DYN;
	made.phdr[3] = (struct make_phdr){
		PT_DYNAMIC, PF_R | PF_W, data, made.phdr[1].vaddr, length, length, 4};
	made.phnum = 4;
	if (interpreter) {
		made.phdr[4] = (struct make_phdr){PT_INTERP, PF_R, 0x300, TEXT_VADDR + 0x300,
			strlen(interpreter) + 1, strlen(interpreter) + 1, 1};
		made.phnum = 5;
	}
	size = make_elf(file, &made);
	if (interpreter)
		strcpy((char *)file + 0x300, interpreter);
	memcpy(file + 0x400, strings, strings_size);
	make_dynamic(file, &made, data, 0, DT_STRTAB, TEXT_VADDR + 0x400);
	make_dynamic(file, &made, data, 1, DT_STRSZ, strings_size);
	for (size_t i = 0; i < count; i++)
		make_dynamic(file, &made, data, i + 2, entries[i][0], entries[i][1]);
	add(folder, name, 0100755, size, true);
}

static const char names[] = "\0libc.so.0\0libm.so\0/opt/lib:$ORIGIN/../lib\0libgone.so";
#define NAME_LIBC 1
#define NAME_LIBM 11
#define NAME_PATH 19
#define NAME_GONE 43

/* bin/a needs libc and libm, libm needs libc, and the interpreter is behind a symlink. */
static void shared_tree(void)
{
	static const uint64_t program[][2] = {{DT_NEEDED, NAME_LIBM}, {DT_NEEDED, NAME_LIBC}};
	static const uint64_t libc[][2] = {{DT_SONAME, NAME_LIBC}};
	static const uint64_t libm[][2] = {{DT_SONAME, NAME_LIBM}, {DT_NEEDED, NAME_LIBC}};
	static const uint64_t loader[][2] = {{DT_SONAME, NAME_GONE}};

	make_fdpic(&made, 0x1800, 0x200, 0, 0, 4096);
	add_dynamic("bin", "a", "/lib/ld.so.1", program, 2, names, sizeof(names));
	make_fdpic(&made, 0x3000, 0x200, 0x100, 0, 4096);
	add_dynamic("lib", "ld-1.0.so", NULL, loader, 1, names, sizeof(names));
	made.phdr[2].memsz = 16384;
	make_elf(files[1], &made);
	add_link("lib", "ld.so.1", "ld-1.0.so");
	make_fdpic(&made, 0x4000, 0x300, 0x1000, 0, 4096);
	add_dynamic("lib", "libc.so.0", NULL, libc, 1, names, sizeof(names));
	make_fdpic(&made, 0x2000, 0x200, 0, 0, 4096);
	add_dynamic("lib", "libm.so", NULL, libm, 2, names, sizeof(names));
}

START_TEST(shared_objects)
{
	shared_tree();
	predict(XIP_KERNEL_AUTO);
	ck_assert_uint_eq(ram.process_count, 1);
	ck_assert_uint_eq(ram.object_count, 4);
	ck_assert_uint_eq(ram.processes[0].object_count, 4);
	ck_assert_uint_eq(ram.processes[0].objects[0], object_of(0));
	ck_assert_uint_eq(ram.processes[0].objects[1], object_of(1));
	ck_assert_uint_eq(ram.processes[0].objects[2], object_of(4));
	ck_assert_uint_eq(ram.processes[0].objects[3], object_of(3));
	ck_assert_uint_eq(ram.processes[0].interpreter, object_of(1));
	ck_assert_uint_eq(ram.processes[0].missing_count, 0);
	ck_assert(ram.processes[0].loadable);
	/* text 2 + 3 + 4 + 2 pages; data 1 + 1 + 2 + 1; the interpreter asks for 4 pages of stack
	 */
	process_is(0, 4, 11, 9, 9, 20);
	/* data with bss of a shared object are read into anonymous memory, others are mapped */
	line_is(object_of(3), 1, "ram 0 2 rw- 0 0 0 2 1000 d00 unnamed");
	line_is(object_of(4), 1, "ram 0 1 rw- 2000 0 0 1 0 e00");
	line_is(object_of(1), 1, "ram 0 1 rw- 3000 0 0 1 100 d00");
	ck_assert(ram.objects[object_of(0)].is_program);
	ck_assert(!ram.objects[object_of(1)].is_program);
	ck_assert(!ram.objects[object_of(3)].is_program);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(ram.objects[i].users, 1);
}
END_TEST

START_TEST(missing_objects)
{
	static const uint64_t program[][2] = {{DT_NEEDED, NAME_GONE}, {DT_NEEDED, NAME_LIBC}};

	make_fdpic(&made, 0x1800, 0x200, 0, 8192, 4096);
	add_dynamic("bin", "a", "/lib/ld.so.1", program, 2, names, sizeof(names));
	/* of the right name, but for another machine: a dynamic loader passes it over */
	make_fdpic(&made, 0x1800, 0x200, 0, 8192, 4096);
	made.machine = EM_XTENSA;
	add_dynamic("lib", "libc.so.0", NULL, NULL, 0, names, sizeof(names));
	predict(XIP_KERNEL_AUTO);
	ck_assert_uint_eq(ram.processes[0].object_count, 1);
	ck_assert_uint_eq(ram.processes[0].interpreter, SIZE_MAX);
	ck_assert_uint_eq(ram.processes[0].missing_count, 3);
	ck_assert_str_eq(ram.processes[0].missing[0], "/lib/ld.so.1");
	ck_assert_str_eq(ram.processes[0].missing[1], "libgone.so");
	ck_assert_str_eq(ram.processes[0].missing[2], "libc.so.0");
	ck_assert(!ram.processes[0].loadable);
}
END_TEST

/* The folder of the interpreter is searched; a name with a slash is a path and nothing else. */
START_TEST(library_folders)
{
	static const char path[] = "\0/lib/libm.so";
	static const uint64_t by_name[][2] = {{DT_NEEDED, NAME_LIBM}};
	static const uint64_t by_path[][2] = {{DT_NEEDED, 1}};

	make_fdpic(&made, 0x1800, 0x200, 0, 8192, 4096);
	if (_i)
		add_dynamic("bin", "a", "/odd/ld.so", by_name, 1, names, sizeof(names));
	else
		add_dynamic("bin", "a", "/odd/ld.so", by_path, 1, path, sizeof(path));
	make_fdpic(&made, 0x1000, 0x200, 0, 0, 4096);
	add_dynamic("odd", "ld.so", NULL, NULL, 0, names, sizeof(names));
	make_fdpic(&made, 0x1000, 0x200, 0, 0, 4096);
	add_dynamic("odd", "libm.so", NULL, NULL, 0, names, sizeof(names));
	predict(XIP_KERNEL_AUTO);
	ck_assert_uint_eq(ram.process_count, 1);
	ck_assert_uint_eq(ram.objects[object_of(2)].users, (unsigned)_i);
	ck_assert_uint_eq(ram.processes[0].missing_count, _i ? 0 : 1);
}
END_TEST

START_TEST(runpath_with_origin)
{
	static const uint64_t program[][2] = {{DT_RUNPATH, NAME_PATH}, {DT_NEEDED, NAME_LIBM}};
	static const char path[] = "\0libm.so\0$ORIGIN/../odd:/none";
	static const uint64_t by_origin[][2] = {{DT_RUNPATH, 9}, {DT_NEEDED, 1}};

	make_fdpic(&made, 0x1800, 0x200, 0, 8192, 4096);
	if (_i)
		add_dynamic("bin", "a", "/bin/ld", by_origin, 2, path, sizeof(path));
	else
		add_dynamic("bin", "a", "/bin/ld", program, 2, names, sizeof(names));
	make_fdpic(&made, 0x1000, 0x200, 0, 0, 4096);
	add_dynamic("bin", "ld", NULL, NULL, 0, names, sizeof(names));
	make_fdpic(&made, 0x1000, 0x200, 0, 0, 4096);
	add_dynamic("odd", "libm.so", NULL, NULL, 0, names, sizeof(names));
	predict(XIP_KERNEL_AUTO);
	ck_assert_uint_eq(ram.process_count, 1);
	ck_assert_uint_eq(ram.objects[object_of(2)].users, (unsigned)_i);
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
	made.big = true;
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
		advice_is(0, XIP_ADVICE_NOT_FDPIC, 0, 0, 0);
		return;
	}
	/* from 0x10000 to 0x238f4: 20 pages, of which the hole between the segments is lost */
	ck_assert_uint_eq(ram.objects[0].line_count, 1);
	line_is(0, 0, "ram 0 14 rwx 0 0 0 14 100 1070c unnamed");
	process_is(0, 2, 0, 22, 22, 22);
	advice_is(0, XIP_ADVICE_NOT_FDPIC, 0, 3 * 4096, 0);
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

static void add_flat(uint32_t relocs, uint32_t flags, bool direct)
{
	const struct make_flat flat = {
		4, 0x44, 0x2100, 0x2900, 0x4000, 0x1000, 0x2900, relocs, flags};

	make_flat(files[item_count], &flat);
	for (uint32_t i = 0; i < relocs; i++)
		make_value(files[item_count] + 0x2900 + 4 * i, 4, 0x2800, true);
	add("bin", "flat", 0100755, 0x2900 + 4 * relocs, direct);
}

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

/* What exec() starts: not a library with a name of its own, nor a file without execute bits. */
START_TEST(which_are_programs)
{
	static const uint64_t named[][2] = {{DT_SONAME, NAME_LIBC}};

	make_plain(&made, 0x1000, 0x200, 0, 0, 4096);
	made.machine = EM_ARM;
	add_elf("bin", "a", true);
	add_elf("bin", "b", true);
	items[1].mode = 0100644;
	add_dynamic("bin", "c", "/bin/d", NULL, 0, names, sizeof(names));
	make_plain(&made, 0x1000, 0x200, 0, 0, 4096);
	add_dynamic("bin", "d", NULL, NULL, 0, names, sizeof(names));
	add_dynamic("bin", "e", "/bin/d", named, 1, names, sizeof(names));
	predict(XIP_KERNEL_AUTO);
	ck_assert_uint_eq(ram.process_count, 2);
	ck_assert_uint_eq(ram.processes[0].objects[0], object_of(0));
	ck_assert_uint_eq(ram.processes[1].objects[0], object_of(2));
}
END_TEST

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
	/* blocks 3 to 5 are whole pages, the last one has the section table */
	advice_is(0, XIP_ADVICE_UNSTRIPPED, 0, 0, 3 * 4096 + 4 * 40);
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

START_TEST(empty_image)
{
	add("bin", "a", 0100755, 10, false);
	predict(XIP_KERNEL_AUTO);
	ck_assert_int_eq(ram.kernel, XIP_KERNEL_MMU);
	ck_assert_uint_eq(ram.process_count, 0);
	ck_assert_uint_eq(ram.advice_count, 0);
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

START_TEST(out_of_memory)
{
	size_t n;

	shared_tree();
	open_image();
	for (n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_ram_predict(
			image, &listing, &map, &programs, XIP_KERNEL_AUTO, &ram, NULL);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_gt(n, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ram");
	TCase *tcase = tcase_create("predict");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, fdpic_in_place);
	tcase_add_test(tcase, fdpic_copied);
	tcase_add_test(tcase, stack_sizes);
	tcase_add_test(tcase, shared_objects);
	tcase_add_test(tcase, missing_objects);
	tcase_add_loop_test(tcase, library_folders, 0, 2);
	tcase_add_loop_test(tcase, runpath_with_origin, 0, 2);
	tcase_add_test(tcase, mmu_executable);
	tcase_add_test(tcase, mmu_position_independent);
	tcase_add_test(tcase, mmu_fdpic);
	tcase_add_test(tcase, mmu_not_in_place);
	tcase_add_loop_test(tcase, not_fdpic_without_mmu, 0, 2);
	tcase_add_test(tcase, constant_displacement);
	tcase_add_test(tcase, flat_programs);
	tcase_add_test(tcase, which_are_programs);
	tcase_add_loop_test(tcase, advice_on_data, 0, 2);
	tcase_add_test(tcase, advice_on_flash);
	tcase_add_test(tcase, advice_on_text);
	tcase_add_test(tcase, empty_image);
	tcase_add_test(tcase, names_of_advice);
	tcase_add_test(tcase, out_of_memory);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
