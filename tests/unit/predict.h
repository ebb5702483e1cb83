/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small images with programs, and what is predicted of them: what the tests of the prediction of
 * RAM share.
 */
#ifndef XIPFS_TESTS_PREDICT_H
#define XIPFS_TESTS_PREDICT_H

#include <stdarg.h>
#include <stdio.h>

#include "craft_tree.h"
#include "make_elf.h"
#include "run_suite.h"
#include "xipfs/ram/ram.h"

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

static inline void setup(void)
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

static inline void close_image(void)
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

static inline void teardown(void)
{
	close_image();
	for (size_t i = 0; i < ITEMS_MAX; i++)
		free(files[i]);
}

/* Takes what files[item_count] holds, @size bytes, into the tree. */
static inline void add(
	const char *folder, const char *name, uint16_t mode, size_t size, bool direct)
{
	items[item_count] =
		(struct craft_item){folder, name, mode, files[item_count], (uint32_t)size, direct};
	item_count++;
}

/* Makes @made a program of the tree. */
static inline void add_elf(const char *folder, const char *name, bool direct)
{
	add(folder, name, 0100755, make_elf(files[item_count], &made), direct);
}

static inline void add_link(const char *folder, const char *name, const char *target)
{
	strcpy((char *)files[item_count], target);
	add(folder, name, 0120777, strlen(target), false);
}

static inline void open_image(void)
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

static inline void predict(enum xip_kernel kernel)
{
	const struct xip_ram_options options = {kernel, XIP_MAX_ORDER_DEFAULT};

	open_image();
	ck_assert_int_eq(
		xip_ram_predict(image, &listing, &map, &programs, &options, &ram, NULL), XIP_OK);
}

/* The object of item @item; the listing has the root, the folders and then the items. */
static inline size_t object_of(size_t item)
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
static inline void __attribute__((format(printf, 3, 4)))
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

static inline void process_is(
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
static inline const struct xip_ram_advice *advice_of(size_t object, enum xip_advice_kind kind)
{
	for (size_t i = 0; i < ram.advice_count; i++)
		if (ram.advice[i].object == object && ram.advice[i].kind == kind)
			return &ram.advice[i];
	return NULL;
}

static inline void advice_is(
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

/*
 * Makes files[item_count] a program or shared object with a dynamic section at the start of its
 * data: @entries are pairs of a tag and a value, @strings what they refer to.
 */
static inline void add_dynamic(const char *folder, const char *name, const char *interpreter,
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

/* Runs the one case of a suite with the fixture of the image. Returns the exit status. */
static inline int run_tests(const char *name, TCase *tests)
{
	Suite *suite = suite_create(name);

	tcase_add_checked_fixture(tests, setup, teardown);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

#endif
