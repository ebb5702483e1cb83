/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search for libraries in a root that is a table of paths.
 */
#include <check.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "failing_alloc.h"
#include "run_suite.h"
#include "xipfs/elf/libraries.h"

#define FILES_MAX 12

/* A path, and the one it is a symlink to, if any. */
struct file {
	const char *path, *target;
	struct xip_elf elf;
};

static struct file files[FILES_MAX];
static size_t file_count;
static const char *needed[FILES_MAX][4];
static struct xip_arena *arena;
static struct xip_closure closure;

static void setup(void)
{
	memset(files, 0, sizeof(files));
	memset(needed, 0, sizeof(needed));
	file_count = 0;
	arena = xip_arena_new();
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	xip_arena_free(arena);
}

static size_t add(const char *path, uint16_t type)
{
	files[file_count] = (struct file){.path = path, .elf = {.type = type, .machine = EM_ARM}};
	files[file_count].elf.needed = needed[file_count];
	return file_count++;
}

static void add_link(const char *path, const char *target)
{
	files[file_count++] = (struct file){.path = path, .target = target};
}

static void needs(size_t file, const char *name)
{
	needed[file][files[file].elf.needed_count++] = name;
}

static enum xip_err find(void *user, const char *path, size_t *object, char *real)
{
	(void)user;
	*object = SIZE_MAX;
	for (size_t i = 0; i < file_count; i++)
		if (!strcmp(files[i].path, path)) {
			if (files[i].target)
				return find(user, files[i].target, object, real);
			strcpy(real, path);
			*object = i;
		}
	return XIP_OK;
}

static const struct xip_elf *elf_of(void *user, size_t object)
{
	(void)user;
	return &files[object].elf;
}

static char *path_of(void *user, size_t object)
{
	(void)user;
	return strdup(files[object].path);
}

static enum xip_err try_gather(size_t program)
{
	const struct xip_root root = {NULL, file_count, find, elf_of, path_of};
	struct xip_libraries *libraries = xip_libraries_new(arena, &root);

	return libraries ? xip_libraries_gather(libraries, program, &closure) : XIP_ERR_NOMEM;
}

/* What program 0 maps, as "/path /path -missing". */
static void maps(const char *expected)
{
	char text[400] = "";

	ck_assert_int_eq(try_gather(0), XIP_OK);
	for (size_t i = 1; i < closure.object_count; i++) {
		strcat(text, *text ? " " : "");
		strcat(text, files[closure.objects[i]].path);
	}
	for (size_t i = 0; i < closure.missing_count; i++) {
		strcat(text, *text ? " -" : "-");
		strcat(text, closure.missing[i]);
	}
	ck_assert_str_eq(text, expected);
	ck_assert_int_eq(closure.complete, !closure.missing_count);
}

static size_t add_program(const char *interpreter)
{
	size_t program = add("/bin/a", ET_EXEC);

	files[program].elf.interpreter = interpreter;
	return program;
}

START_TEST(glibc_multiarch)
{
	size_t a = add_program("/lib/ld-linux-armhf.so.3"), libc;

	needs(a, "libc.so.6");
	needs(a, "libother.so");
	add("/usr/lib/arm-linux-gnueabihf/ld-2.36.so", ET_DYN);
	add_link("/lib/ld-linux-armhf.so.3", "/usr/lib/arm-linux-gnueabihf/ld-2.36.so");
	add("/lib/libc.so.6", ET_DYN); /* the multiarch folder comes first */
	libc = add("/usr/lib/arm-linux-gnueabihf/libc.so.6", ET_DYN);
	add("/lib/aarch64-linux-gnu/libother.so", ET_DYN); /* of another machine's loader */
	needs(libc, "ld-linux-armhf.so.3");
	maps("/usr/lib/arm-linux-gnueabihf/ld-2.36.so /usr/lib/arm-linux-gnueabihf/libc.so.6 "
	     "-libother.so");
	ck_assert_uint_eq(closure.interpreter, 1);
}
END_TEST

START_TEST(run_paths_are_inherited)
{
	static const char *const interpreters[] = {
		"/lib/ld-linux.so.3", "/lib/ld-musl-arm.so.1", "/lib/ld-uClibc.so.0"};
	size_t a = add_program(interpreters[_i]), b;

	add(interpreters[_i], ET_DYN);
	files[a].elf.rpath = "/nowhere:$ORIGIN/../opt";
	needs(a, "libb.so");
	b = add("/bin/../opt/libb.so", ET_DYN);
	needs(b, "libc.so");
	add("/bin/../opt/libc.so", ET_DYN);
	/* the whole chain's with glibc, the needing object's own with uClibc-ng; musl is libc.so */
	maps(_i == 0      ? "/lib/ld-linux.so.3 /bin/../opt/libb.so /bin/../opt/libc.so"
		: _i == 1 ? "/lib/ld-musl-arm.so.1 /bin/../opt/libb.so"
			  : "/lib/ld-uClibc.so.0 /bin/../opt/libb.so -libc.so");
	needed[b][0] = "libd.so";
	files[4 - 1].path = "/bin/../opt/libd.so";
	if (_i == 1)
		maps("/lib/ld-musl-arm.so.1 /bin/../opt/libb.so /bin/../opt/libd.so");
	/* DT_RUNPATH is the object's own, except with musl */
	files[a].elf.rpath = NULL;
	files[a].elf.runpath = "/bin/../opt";
	maps(_i == 0      ? "/lib/ld-linux.so.3 /bin/../opt/libb.so -libd.so"
		: _i == 1 ? "/lib/ld-musl-arm.so.1 /bin/../opt/libb.so /bin/../opt/libd.so"
			  : "/lib/ld-uClibc.so.0 /bin/../opt/libb.so -libd.so");
}
END_TEST

START_TEST(own_folders)
{
	size_t a = add_program("/opt/ld-uClibc.so.0");

	add("/opt/ld-uClibc.so.0", ET_DYN);
	needs(a, "libx.so");
	needs(a, "/odd/liby.so");
	add("/opt/libx.so", ET_DYN);
	add("/usr/lib/liby.so", ET_DYN);
	maps("/opt/ld-uClibc.so.0 /opt/libx.so /usr/lib/liby.so");
	files[a].elf.interpreter = files[1].path = "/opt/ld-musl-arm.so.1";
	maps("/opt/ld-musl-arm.so.1 -libx.so -/odd/liby.so");
	files[3].path = "/usr/local/lib/libx.so";
	maps("/opt/ld-musl-arm.so.1 /usr/local/lib/libx.so -/odd/liby.so");
}
END_TEST

START_TEST(sonames)
{
	size_t a = add_program("/lib/ld.so.1"), full;

	add("/lib/ld.so.1", ET_DYN);
	needs(a, "/opt/libfull.so");
	needs(a, "libshort.so.1");
	full = add("/opt/libfull.so", ET_DYN);
	files[full].elf.soname = "libshort.so.1";
	maps("/lib/ld.so.1 /opt/libfull.so");
	files[full].elf.soname = "libelse.so.1";
	maps("/lib/ld.so.1 /opt/libfull.so -libshort.so.1");
}
END_TEST

START_TEST(other_kinds_are_passed_over)
{
	size_t a = add_program(NULL), wrong;

	needs(a, "libx.so");
	wrong = add("/lib/libx.so", ET_DYN);
	add("/usr/lib/libx.so", ET_DYN);
	maps("/lib/libx.so");
	files[wrong].elf.machine = EM_MIPS;
	maps("/usr/lib/libx.so");
	files[wrong].elf.machine = EM_ARM;
	files[wrong].elf.big = true;
	maps("/usr/lib/libx.so");
	files[wrong].elf.big = false;
	files[wrong].elf.fdpic = true;
	maps("/usr/lib/libx.so");
	files[wrong].elf.fdpic = false;
	files[wrong].elf.type = ET_EXEC;
	maps("/usr/lib/libx.so");
}
END_TEST

START_TEST(missing_interpreter)
{
	add_program("/lib/ld-musl-arm.so.1");
	maps("-/lib/ld-musl-arm.so.1");
	ck_assert_uint_eq(closure.interpreter, SIZE_MAX);
}
END_TEST

START_TEST(programs)
{
	struct xip_elf elf = {.type = ET_EXEC};

	ck_assert(xip_elf_is_program(&elf));
	elf.type = ET_DYN;
	ck_assert(!xip_elf_is_program(&elf));
	elf.pie = true;
	ck_assert(xip_elf_is_program(&elf));
	elf.pie = false;
	elf.interpreter = "/lib/ld.so.1";
	ck_assert(xip_elf_is_program(&elf));
	elf.soname = "libc.so.6";
	ck_assert(!xip_elf_is_program(&elf));
}
END_TEST

START_TEST(out_of_memory)
{
	size_t a = add_program("/lib/ld.so.1"), n;

	add("/lib/ld.so.1", ET_DYN);
	needs(a, "libx.so");
	files[a].elf.rpath = "/opt";
	add("/opt/libx.so", ET_DYN);
	for (n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = try_gather(0);
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
	Suite *suite = suite_create("libraries");
	TCase *tcase = tcase_create("gather");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, glibc_multiarch);
	tcase_add_loop_test(tcase, run_paths_are_inherited, 0, 3);
	tcase_add_test(tcase, own_folders);
	tcase_add_test(tcase, sonames);
	tcase_add_test(tcase, other_kinds_are_passed_over);
	tcase_add_test(tcase, missing_interpreter);
	tcase_add_test(tcase, programs);
	tcase_add_test(tcase, out_of_memory);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
