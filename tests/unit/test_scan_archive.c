/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives as files: formats, filters, what is damaged or no archive, sources, resources. */
#include <locale.h>

#include "failing_alloc.h"
#include "make_archive.h"

/* Bytes that do not compress, the same in every run. */
static void fill(char *data, size_t size)
{
	uint32_t state = 1;

	for (size_t i = 0; i < size; i++) {
		state = state * 1103515245u + 12345u;
		data[i] = (char)(state >> 16);
	}
}

#define BIG 100000u
static char big[BIG];

struct format {
	const char *name;
	bool special, owners, links, bytes; /* what the format can say */
};

static const struct format formats[] = {
	{"pax", true, true, true, true},
	{"gnutar", true, true, true, true},
	{"ustar", true, true, true, true},
	{"newc", true, true, false, true},
	{"odc", true, true, false, true},
	{"zip", false, true, false, false},
	{"7zip", false, false, false, false},
};

static void put_samples(const struct format *format)
{
	struct archive_entry *entry;

	put_directory("./", 0711);
	put_directory("./d/", 01777);
	entry = new_entry("./d/f", XIP_S_IFREG | 04751);
	archive_entry_set_uid(entry, 1000);
	archive_entry_set_gid(entry, 60);
	archive_entry_copy_uname(entry, "root"); /* names mean nothing */
	archive_entry_copy_gname(entry, "root");
	put(entry, big, BIG);
	put_file("one", "x");
	put_file("none", "");
	put_symlink("d/l", "../one");
	put_file("d/\xc3\xa4", "umlaut");
	if (format->links)
		put_hard_link("twin", "./d/f");
	if (format->bytes)
		put_file("n\xff\xfe\n", "bytes");
	if (format->special) {
		put_device("p", XIP_S_IFIFO | 0600, 0, 0);
		put_device("c", XIP_S_IFCHR | 0666, 5, 1);
		put_device("b", XIP_S_IFBLK | 0660, 31, 7);
	}
}

/* Each format is read once in the C locale and once in that of UTF-8. */
START_TEST(format)
{
	const struct format *kind = &formats[_i / 2];

	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8")); /* for 7zip's Unicode names */
	fill(big, BIG);
	begin(kind->name, "none");
	put_samples(kind);
	finish();
	ck_assert_ptr_nonnull(setlocale(LC_ALL, _i % 2 ? "C.UTF-8" : "C"));
	scan();
	ck_assert_uint_eq(messages.warnings, 0);
	ck_assert_uint_eq(tree->root->inode->mode, XIP_S_IFDIR | 0711);
	ck_assert_uint_eq(at("/d")->mode, XIP_S_IFDIR | 01777);
	ck_assert_uint_eq(at("/d/f")->mode, XIP_S_IFREG | 04751);
	ck_assert_uint_eq(at("/d/f")->uid, kind->owners ? 1000 : 0);
	ck_assert_uint_eq(at("/d/f")->gid, kind->owners ? 60 : 0);
	ck_assert_uint_eq(at("/d/l")->mode & XIP_S_IFMT, XIP_S_IFLNK);
	ck_assert_str_eq(at("/d/l")->target, "../one");
	ck_assert_uint_eq(at("/d/l")->size, 6);
	expect_content("/d/f", big, BIG);
	expect_content("/one", "x", 1);
	expect_content("/none", "", 0);
	expect_content("/d/\xc3\xa4", "umlaut", 6);
	if (kind->links)
		ck_assert_ptr_eq(at("/twin"), at("/d/f"));
	if (kind->bytes)
		expect_content("/n\xff\xfe\n", "bytes", 5);
	if (kind->special) {
		ck_assert_uint_eq(at("/p")->mode, XIP_S_IFIFO | 0600);
		ck_assert_uint_eq(at("/c")->mode, XIP_S_IFCHR | 0666);
		ck_assert_uint_eq(at("/c")->major, 5);
		ck_assert_uint_eq(at("/c")->minor, 1);
		ck_assert_uint_eq(at("/b")->mode, XIP_S_IFBLK | 0660);
		ck_assert_uint_eq(at("/b")->major, 31);
		ck_assert_uint_eq(at("/b")->minor, 7);
	}
	ck_assert_uint_eq(tree->node_count, 7 + kind->links + kind->bytes + 3 * kind->special);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(at("/d/f")->links, kind->links ? 2 : 1);
}
END_TEST

/* Bytes up to the last one that is not zero, in whole blocks of tar. */
static size_t used_size(const uint8_t *data, size_t size)
{
	while (size && !data[size - 1])
		size--;
	return (size + 511) / 512 * 512;
}

static const char *const cut_formats[] = {"ustar", "newc", "zip", "7zip"};

/* No archive that was cut short passes, wherever the cut is. */
START_TEST(truncated)
{
	const bool tar = !strcmp(cut_formats[_i], "ustar");
	uint8_t *data;
	size_t size, used;

	begin(cut_formats[_i], "none");
	put_directory("d", 0755);
	put_file("d/a", "some bytes");
	put_symlink("d/l", "a");
	put_file("d/none", "");
	put_file("z", "the end");
	finish();
	load(&data, &size);
	/* cpio and tar are padded to a whole record; 7zip and zip have no padding. */
	used = tar ? used_size(data, size) : _i == 1 ? size - 512 : size - 1;
	while (_i == 1 && data[used - 1] == 0)
		used--;
	for (size_t length = 0; length <= used - (_i == 1 ? 11 : 0); length += tar ? 128 : 1) {
		fixture_file(directory, "archive", data, length);
		ck_assert_msg(xip_scan_archive(path, NULL, &tree, &diag) == XIP_ERR_SOURCE,
			"cut to %zu of %zu bytes", length, size);
		ck_assert_uint_eq(messages.errors, 1);
		messages.errors = 0;
	}
	if (tar) {
		fixture_file(directory, "archive", data, used + 1024);
		scan();
	}
	free(data);
}
END_TEST

static const char *const filters[] = {"gzip", "bzip2", "xz", "lzma", "zstd", "lz4", "compress"};

START_TEST(filter)
{
	const char *name = filters[_i];
	uint8_t *data;
	size_t size;

	fill(big, BIG);
	begin("ustar", name);
	put(new_entry("f", XIP_S_IFREG | 0644), big, BIG);
	put_file("g", "");
	finish();
	scan();
	expect_content("/f", big, BIG);
	load(&data, &size);
	for (size_t length = 1; length < size; length += 1 + size / 37) {
		xip_tree_free(tree);
		tree = NULL;
		fixture_file(directory, "archive", data, length);
		ck_assert_msg(xip_scan_archive(path, NULL, &tree, &diag) == XIP_ERR_SOURCE,
			"%s cut to %zu of %zu bytes", name, length, size);
		tree = NULL;
	}
	/* One wrong bit in the middle, for those that libarchive writes with a checksum. */
	if (strcmp(name, "compress") && strcmp(name, "lzma") && strcmp(name, "zstd")) {
		data[size / 2] ^= 0x10;
		fixture_file(directory, "archive", data, size);
		ck_assert_int_eq(xip_scan_archive(path, NULL, &tree, &diag), XIP_ERR_SOURCE);
		tree = NULL;
	}
	free(data);
}
END_TEST

/* gzip: the checksum alone is wrong; two members; zeros behind the end as on a tape. */
START_TEST(gzip_trailer)
{
	uint8_t *data;
	size_t size;

	begin("ustar", "gzip");
	put_file("f", "text");
	finish();
	load(&data, &size);
	data[size - 6] ^= 1;
	fixture_file(directory, "archive", data, size);
	expect_refused("archive: ", "gzip stream");
	data[size - 6] ^= 1;
	fixture_file(directory, "archive", data, size);
	shell("head -c 512 /dev/zero >>'%s'", path);
	scan();
	expect_content("/f", "text", 4);
	xip_tree_free(tree);
	tree = NULL;
	fixture_file(directory, "archive", data, size);
	shell("cd '%s' && gzip -dc <archive >plain && { head -c 700 plain | gzip; tail -c +701 "
	      "plain |"
	      " gzip; } >archive",
		directory);
	scan();
	expect_content("/f", "text", 4);
	free(data);
}
END_TEST

static const char *const no_archives[] = {
	":", /* empty */
	"printf x",
	"echo '#!/bin/sh'",
	"echo '#mtree'; echo '/set type=file'; echo 'passwd contents=/etc/passwd'",
	"printf '\\177ELF\\001\\001\\001'",
	"echo text | gzip",
	"gzip </dev/null",
};

START_TEST(no_archive)
{
	shell("{ %s; } >'%s'", no_archives[_i], path);
	expect_refused("archive: ", "neither a directory nor an archive");
}
END_TEST

START_TEST(not_there)
{
	expect_refused("archive: ", "No such file");
}
END_TEST

static const char *const piped_formats[] = {"ustar", "newc", "zip", "7zip"};

START_TEST(standard_input)
{
	int ends[2];
	uint8_t *data;
	size_t size;

	begin(piped_formats[_i], "none");
	put(new_entry("f", XIP_S_IFREG | 04750), "text", 4);
	put_symlink("l", "f");
	finish();
	load(&data, &size);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], data, size), (ssize_t)size);
	free(data);
	close(ends[1]);
	ck_assert_int_eq(dup2(ends[0], 0), 0);
	close(ends[0]);
	ck_assert_int_eq(xip_scan("-", NULL, &tree, &diag), XIP_OK);
	expect_content("/f", "text", 4);
	ck_assert_uint_eq(at("/f")->mode, XIP_S_IFREG | 04750);
	ck_assert_str_eq(at("/l")->target, "f");
}
END_TEST

START_TEST(redirected_input)
{
	int fd;

	begin("zip", "none");
	put_file("f", "text");
	finish();
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(dup2(fd, 0), 0);
	close(fd);
	ck_assert_int_eq(xip_scan("-", NULL, &tree, &diag), XIP_OK);
	expect_content("/f", "text", 4);
}
END_TEST

START_TEST(either_source)
{
	begin("ustar", "none");
	put_file("f", "text");
	finish();
	ck_assert_int_eq(xip_scan(path, NULL, &tree, &diag), XIP_OK);
	expect_content("/f", "text", 4);
	xip_tree_free(tree);
	ck_assert_int_eq(xip_scan(directory, NULL, &tree, &diag), XIP_OK);
	at("/archive");
}
END_TEST

/* 15 MiB with 4 bytes of data: the scratch file has the hole as well. */
START_TEST(sparse)
{
	const la_int64_t size = 15 << 20, data_at = 8 << 20;
	struct archive_entry *entry = new_entry("s", XIP_S_IFREG | 0644);
	char *expected = calloc(1, (size_t)size);
	struct xip_content content;
	struct stat status;

	begin("pax", "none");
	archive_entry_set_size(entry, size);
	archive_entry_sparse_add_entry(entry, data_at, 4);
	ck_assert_int_eq(archive_write_header(writer, entry), ARCHIVE_OK);
	memcpy(expected + data_at, "data", 4);
	ck_assert_int_eq(archive_write_data(writer, expected, (size_t)size), size);
	archive_entry_free(entry);
	put_file("next", "neighbour");
	finish();
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_lt(status.st_size, 1 << 20);
	scan();
	expect_content("/s", expected, (size_t)size);
	expect_content("/next", "neighbour", 9);
	ck_assert_int_eq(xip_content_open(&content, tree, at("/s"), &diag), XIP_OK);
	ck_assert_int_eq(fstat(content.fd, &status), 0);
	ck_assert_int_lt(status.st_blocks, 2048); /* 1 MiB */
	ck_assert_int_eq(xip_content_close(&content, &diag), XIP_OK);
	free(expected);
}
END_TEST

/* A file that no image can hold is found by its size; its data is not kept. */
START_TEST(too_large)
{
	struct archive_entry *entry = new_entry("s", XIP_S_IFREG | 0644);
	struct xip_content content;
	static const char zeros[65536];

	begin("ustar", "gzip");
	archive_entry_set_size(entry, 1 << 24);
	ck_assert_int_eq(archive_write_header(writer, entry), ARCHIVE_OK);
	for (unsigned i = 0; i < 256; i++)
		ck_assert_int_eq(archive_write_data(writer, zeros, sizeof(zeros)), sizeof(zeros));
	archive_entry_free(entry);
	put_file("next", "neighbour");
	finish();
	scan();
	expect_content("/next", "neighbour", 9);
	ck_assert_int_eq(xip_content_open(&content, tree, at("/s"), &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/s: ", "too large");
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_ERR_LIMIT);
	messages_expect(&messages, "/s: ", "16777216 bytes");
}
END_TEST

START_TEST(scratch_fails)
{
	begin("ustar", "none");
	put_file("f", "text");
	finish();
	setenv("TMPDIR", "/nonexistent", 1);
	ck_assert_int_eq(xip_scan_archive(path, NULL, &tree, &diag), XIP_ERR_IO);
	messages_expect(&messages, "/nonexistent", "No such file");
	unsetenv("TMPDIR");
}
END_TEST

START_TEST(no_memory)
{
	static const char *const list[] = {"/d/x*"};
	const struct xip_exclude exclude = {.patterns = list, .count = 1};
	size_t n;

	begin("pax", "gzip");
	put_directory("./", 0755);
	put_file("a/b/c", "x");
	put_hard_link("h", "a/b/c");
	put_symlink("l", "x");
	for (unsigned i = 0; i < 100; i++) {
		char name[64];

		snprintf(name, sizeof(name), "d/%s%u", i % 2 ? "x" : "y", i);
		put_file(name, "");
	}
	finish();
	for (n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_scan_archive(path, &exclude, &tree, &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_msg(!err, "%s", messages.text);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_eq(tree->node_count, 57);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("scan_archive");

	tcase_add_loop_test(tests, format, 0, 2 * COUNT(formats));
	tcase_add_loop_test(tests, truncated, 0, COUNT(cut_formats));
	tcase_add_loop_test(tests, filter, 0, COUNT(filters));
	tcase_add_test(tests, gzip_trailer);
	tcase_add_loop_test(tests, no_archive, 0, COUNT(no_archives));
	tcase_add_test(tests, not_there);
	tcase_add_loop_test(tests, standard_input, 0, COUNT(piped_formats));
	tcase_add_test(tests, redirected_input);
	tcase_add_test(tests, either_source);
	tcase_add_test(tests, sparse);
	tcase_add_test(tests, too_large);
	tcase_add_test(tests, scratch_fails);
	tcase_add_test(tests, no_memory);
	return run_tests("scan_archive", tests);
}
