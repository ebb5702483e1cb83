/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of an archive: paths, order, owners, links, types. */
#include "make_archive.h"

struct refusal {
	const char *name, *reason;
};

static const struct refusal refusals[] = {
	{"/etc/passwd", "absolute"},
	{"//x", "absolute"},
	{"../x", "\"..\""},
	{"a/../b", "\"..\""},
	{"a/..", "\"..\""},
	{"..", "\"..\""},
	{"./../x", "\"..\""},
};

START_TEST(refused_path)
{
	begin("ustar", "none");
	put_file(refusals[_i].name, "x");
	finish();
	expect_refused(refusals[_i].name, refusals[_i].reason);
	begin("ustar", "none");
	put_file("there", "x");
	put_hard_link("here", refusals[_i].name);
	finish();
	expect_refused("\"here\": ", refusals[_i].reason);
}
END_TEST

START_TEST(harmless_paths)
{
	begin("ustar", "none");
	put_file(".//a/./b//...", "x");
	put_file("a/..b", "y");
	put_file(".wh.gone", "");
	put_directory("a/c/.", 0700);
	finish();
	scan();
	expect_content("/a/b/...", "x", 1);
	expect_content("/a/..b", "y", 1);
	at("/.wh.gone");
	ck_assert_uint_eq(at("/a")->mode, XIP_S_IFDIR | 0755); /* made: it was missing */
	ck_assert_uint_eq(at("/a")->uid, 0);
	ck_assert_uint_eq(at("/a/c")->mode, XIP_S_IFDIR | 0700);
}
END_TEST

/* One way to a directory is remembered; it must not lead astray. */
START_TEST(same_directory_again)
{
	begin("pax", "none");
	put_file("a/b/one", "1");
	put_file("a/b/two", "2");
	put_directory("a/b/", 0700);
	put_directory("a/", 0711);
	put_file("a/bc", "3");
	put_file("./a/b/three", "4");
	put_file("a/b/c/d/e", "5");
	put_file("a/b/c/f", "6");
	put_file("g", "7");
	put_directory("x/y", 0755);
	put_directory("x/y/z", 0755);
	put_file("x/y/z", "8"); /* it was empty */
	finish();
	scan();
	ck_assert_uint_eq(at("/a/b")->mode, XIP_S_IFDIR | 0700);
	ck_assert_uint_eq(at("/a")->mode, XIP_S_IFDIR | 0711);
	expect_content("/a/b/one", "1", 1);
	expect_content("/a/b/two", "2", 1);
	expect_content("/a/bc", "3", 1);
	expect_content("/a/b/three", "4", 1);
	expect_content("/a/b/c/d/e", "5", 1);
	expect_content("/a/b/c/f", "6", 1);
	expect_content("/g", "7", 1);
	expect_content("/x/y/z", "8", 1);
	ck_assert_uint_eq(tree->node_count, 15);

	begin("pax", "none");
	put_file("x/y/../z", "1");
	finish();
	xip_tree_free(tree);
	expect_refused("\"x/y/../z\": ", "\"..\"");

	begin("pax", "none");
	put_directory("x/y", 0755);
	put_directory("x/y/z", 0755);
	put_file("x/y", "no directory");
	finish();
	expect_refused("\"x/y\": ", "not empty");

	begin("pax", "none");
	put_directory("x/y", 0755);
	put_directory("x/y/.", 0755);
	put_file("x/y", "no directory");
	put_file("x/y/z", "below it");
	finish();
	expect_refused("\"x/y/z\": ", "not a directory");
}
END_TEST

START_TEST(overriding)
{
	begin("pax", "none");
	put_file("f", "first");
	put_hard_link("kept", "f");
	put_file("f", "second one");
	put_hard_link("f", "f");
	put_file("d/x", "x");
	put_directory("d", 0700);
	put_directory("f2", 0755);
	put_file("f2", "no directory any more");
	put_symlink("f3", "d");
	put_directory("f3", 0755);
	put_file("f3/y", "y");
	finish();
	scan();
	expect_content("/f", "second one", 10);
	expect_content("/kept", "first", 5);
	ck_assert_uint_eq(at("/d")->mode, XIP_S_IFDIR | 0700);
	expect_content("/d/x", "x", 1);
	expect_content("/f2", "no directory any more", 21);
	expect_content("/f3/y", "y", 1);
	ck_assert_ptr_null(xip_tree_find(tree, "/d/y"));
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(at("/f")->links, 1);
}
END_TEST

START_TEST(bad_structure)
{
	begin("pax", "none");
	put_file("d/x", "x");
	put_file("d", "y");
	finish();
	expect_refused("\"d\": ", "not empty");

	begin("pax", "none");
	put_symlink("l", "/etc");
	put_file("l/passwd", "y");
	finish();
	expect_refused("\"l/passwd\": ", "\"l\" on the way is not a directory");

	begin("pax", "none");
	put_file(".", "y");
	finish();
	expect_refused("\".\": ", "root");

	begin("pax", "none");
	put_hard_link("a", "b");
	put_file("b", "y");
	finish();
	expect_refused("\"a\": ", "\"b\", which does not come before");

	begin("pax", "none");
	put_directory("b", 0755);
	put_hard_link("a", "b");
	finish();
	expect_refused("\"a\": ", "a directory");
}
END_TEST

/* Sets @size bytes at @field of the first tar header, and its checksum. */
static void patch_header(size_t field, uint8_t byte, size_t size)
{
	unsigned sum = 8 * ' ';
	uint8_t *data;
	size_t total;

	load(&data, &total);
	memset(data + field, byte, size);
	for (size_t i = 0; i < 512; i++)
		sum += i < 148 || i >= 156 ? data[i] : 0;
	snprintf((char *)data + 148, 8, "%06o", sum);
	fixture_file(directory, "archive", data, total);
	free(data);
}

/* A pax header promises UTF-8, but its path, target and owner are not. */
START_TEST(pax_bytes)
{
	begin("ustar", "none");
	put_file("header", "10 path=\xff\n14 linkpath=\xfe\n11 uname=\xfd\n");
	put_symlink("no", "no");
	finish();
	patch_header(156, 'x', 1);
	scan();
	ck_assert_str_eq(at("/\xff")->target, "\xfe");
	ck_assert_uint_eq(messages.warnings + messages.errors, 0);
}
END_TEST

START_TEST(negative_numbers)
{
	static const size_t fields[] = {108, 116}; /* uid, gid */

	begin("ustar", "none");
	put_file("f", "");
	finish();
	patch_header(fields[_i], 0xff, 8); /* -1 in base 256 */
	expect_refused("\"f\": ", "32-bit");
}
END_TEST

START_TEST(owners)
{
	static const int64_t bad[][2] = {{1LL << 32, 0}, {0, 1LL << 32}};
	struct archive_entry *entry;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin("gnutar", "none");
		entry = new_entry("f", XIP_S_IFREG | 0644);
		archive_entry_set_uid(entry, bad[i][0]);
		archive_entry_set_gid(entry, bad[i][1]);
		put(entry, NULL, 0);
		finish();
		expect_refused("\"f\": ", "32-bit");
	}
	begin("gnutar", "none");
	entry = new_entry("f", XIP_S_IFREG | 0644);
	archive_entry_set_uid(entry, 0xffffffffLL);
	archive_entry_set_gid(entry, 65536);
	put(entry, NULL, 0);
	finish();
	scan();
	ck_assert_uint_eq(at("/f")->uid, 0xffffffffu);
	ck_assert_uint_eq(at("/f")->gid, 65536);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_ERR_LIMIT);
}
END_TEST

struct newc {
	const char *name, *data;
	unsigned inode, mode, links;
};

/* A cpio of these entries, written by hand. */
static void write_newc(const struct newc *entries, size_t count)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	for (size_t i = 0; i <= count; i++) {
		static const struct newc trailer = {"TRAILER!!!", "", 0, 0, 1};
		const struct newc *entry = i < count ? &entries[i] : &trailer;
		size_t length = strlen(entry->data), name_size = strlen(entry->name) + 1;

		fprintf(file, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
			entry->inode, entry->mode, 0, 0, entry->links, 0, length, 0, 3, 0, 0,
			name_size, 0);
		fwrite(entry->name, 1, name_size, file);
		fwrite("\0\0\0", 1, (4 - (110 + name_size) % 4) % 4, file);
		fwrite(entry->data, 1, length, file);
		fwrite("\0\0\0", 1, (4 - length % 4) % 4, file);
	}
	ck_assert_int_eq(fclose(file), 0);
}

/* In newc the data stands with the last name; in older forms with each. */
START_TEST(cpio_hard_links)
{
	static const struct newc last[] = {
		{"a", "", 7, XIP_S_IFREG | 0755, 3},
		{"b", "", 7, XIP_S_IFREG | 0755, 3},
		{"other", "other", 8, XIP_S_IFREG | 0644, 1},
		{"c", "hello", 7, XIP_S_IFREG | 0755, 3},
	};
	static const struct newc each[] = {
		{"a", "hello", 7, XIP_S_IFREG | 0755, 3},
		{"b", "hello", 7, XIP_S_IFREG | 0755, 3},
		{"c", "hello", 7, XIP_S_IFREG | 0755, 3},
	};

	if (_i)
		write_newc(each, 3);
	else
		write_newc(last, 4);
	scan();
	expect_content("/a", "hello", 5);
	expect_content("/c", "hello", 5);
	ck_assert_ptr_eq(at("/a"), at("/b"));
	ck_assert_ptr_eq(at("/a"), at("/c"));
}
END_TEST

struct lost {
	struct newc entries[3];
	const char *name, *reason;
};

/* Content that is there for something that cannot have it, or that is not there. */
static const struct lost losses[] = {
	{{{"a", "data", 7, XIP_S_IFREG | 0644, 2}, {"b", "data", 7, XIP_S_IFLNK | 0777, 2}},
		"\"b\": ", "of another type"},
	{{{"a", "data", 7, XIP_S_IFREG | 0644, 2}, {"c", "", 7, XIP_S_IFCHR | 0666, 2}},
		"\"c\": ", "of another type"},
	{{{"l", "data", 7, XIP_S_IFLNK | 0777, 2}, {"a", "data", 7, XIP_S_IFREG | 0644, 2}},
		"\"a\": ", "of another type"},
	{{{"x", "", 6, XIP_S_IFREG | 0644, 1}, {"c", "data", 7, XIP_S_IFCHR | 0666, 1}},
		"\"c\": ", "is not a file but has 4 bytes"},
	{{{"x", "", 6, XIP_S_IFREG | 0644, 1}, {"d", "data", 7, XIP_S_IFDIR | 0755, 1}},
		"\"d\": ", "is not a file but has 4 bytes"},
	{{{"x", "", 6, XIP_S_IFREG | 0644, 1}, {"p", "data", 7, XIP_S_IFIFO | 0600, 1}},
		"\"p\": ", "is not a file but has 4 bytes"},
};

START_TEST(access_control_list)
{
	struct archive_entry *entry = new_entry("a", XIP_S_IFREG | 0644);
	struct archive_entry *plain = new_entry("b", XIP_S_IFREG | 0644);

	begin("pax", "none");
	archive_entry_acl_add_entry(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ARCHIVE_ENTRY_ACL_READ,
		ARCHIVE_ENTRY_ACL_USER, 7, "seven");
	put(entry, "x", 1);
	put(plain, "x", 1);
	entry = new_entry("d", XIP_S_IFDIR | 0755);
	archive_entry_acl_add_entry(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, ARCHIVE_ENTRY_ACL_READ,
		ARCHIVE_ENTRY_ACL_USER, 7, "seven");
	put(entry, NULL, 0);
	finish();
	scan();
	ck_assert_str_eq(at("/a")->xattr, "system.posix_acl_access");
	ck_assert_ptr_null(at("/b")->xattr);
	ck_assert_str_eq(at("/d")->xattr, "system.posix_acl_default");
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_int_eq(xip_tree_warn_xattrs(tree, &diag), XIP_OK);
	ck_assert_uint_eq(messages.warnings, 1);
	ck_assert_ptr_nonnull(strstr(messages.text, "/a: its extended"));
	ck_assert_ptr_nonnull(strstr(messages.text, "as are those of 1 more"));
}
END_TEST

START_TEST(lost_content)
{
	write_newc(losses[_i].entries, 2);
	expect_refused(losses[_i].name, losses[_i].reason);
}
END_TEST

START_TEST(unknown_type)
{
	static const struct newc entry[] = {{"strange", "", 7, 0644, 1}};
	static const struct newc other[] = {{"strange", "", 7, 0150644, 1}};

	write_newc(_i ? other : entry, 1);
	expect_refused("\"strange\": ", "unknown type");
}
END_TEST

START_TEST(excluded)
{
	static const char *const list[] = {"/a", "*.o", "/d"};
	const struct xip_exclude exclude = {.patterns = list, .count = 3};
	const struct xip_scan_options options = {.exclude = &exclude};
	char long_name[303];

	memset(long_name, 'n', sizeof(long_name));
	strcpy(long_name + 300, ".o");
	begin("pax", "none");
	put_file("a", "content");
	put_hard_link("b", "a");
	put_file("d/x/y", "x");
	put_file("e/k.o", "x");
	put_file(long_name, "x"); /* no fault: it is left out */
	finish();
	ck_assert_int_eq(scan_with(&options), XIP_OK);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	expect_content("/b", "content", 7);
	ck_assert_uint_eq(at("/b")->links, 1);
	at("/e");
	ck_assert_uint_eq(tree->node_count, 3);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("archive_entries");

	tcase_add_loop_test(tests, refused_path, 0, COUNT(refusals));
	tcase_add_test(tests, harmless_paths);
	tcase_add_test(tests, same_directory_again);
	tcase_add_test(tests, overriding);
	tcase_add_test(tests, bad_structure);
	tcase_add_test(tests, pax_bytes);
	tcase_add_loop_test(tests, negative_numbers, 0, 2);
	tcase_add_test(tests, owners);
	tcase_add_loop_test(tests, cpio_hard_links, 0, 2);
	tcase_add_test(tests, access_control_list);
	tcase_add_loop_test(tests, lost_content, 0, COUNT(losses));
	tcase_add_loop_test(tests, unknown_type, 0, 2);
	tcase_add_test(tests, excluded);
	return run_tests("archive_entries", tests);
}
