/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files a process consists of: interpreter, shared objects, search paths. */
#include "failing_alloc.h"
#include "predict.h"

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

START_TEST(out_of_memory)
{
	size_t n;

	shared_tree();
	open_image();
	for (n = 1;; n++) {
		const struct xip_ram_options options = {XIP_KERNEL_AUTO, XIP_MAX_ORDER_DEFAULT};
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_ram_predict(image, &listing, &map, &programs, &options, &ram, NULL);
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
	TCase *tests = tcase_create("ram_objects");

	tcase_add_test(tests, shared_objects);
	tcase_add_test(tests, missing_objects);
	tcase_add_loop_test(tests, library_folders, 0, 2);
	tcase_add_loop_test(tests, runpath_with_origin, 0, 2);
	tcase_add_test(tests, which_are_programs);
	tcase_add_test(tests, out_of_memory);
	return run_tests("ram_objects", tests);
}
