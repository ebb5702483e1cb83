/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "xipfs/format.h"
#include "xipfs/io.h"
#include "xipfs/scan.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static char *directory;
static char path[4096]; /* of the archive */
static struct xip_tree *tree;
static struct archive *writer;

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	directory = fixture_directory();
	snprintf(path, sizeof(path), "%s/archive", directory);
}

static void teardown(void)
{
	xip_tree_free(tree);
	tree = NULL;
	fixture_remove(directory);
}

/* Begins an archive; entries follow, then finish(). */
static void begin(const char *format, const char *filter)
{
	writer = archive_write_new();
	ck_assert_int_eq(archive_write_set_format_by_name(writer, format), ARCHIVE_OK);
	if (strcmp(filter, "none"))
		ck_assert_int_ge(archive_write_add_filter_by_name(writer, filter), ARCHIVE_WARN);
	ck_assert_int_eq(archive_write_open_filename(writer, path), ARCHIVE_OK);
}

static void finish(void)
{
	ck_assert_int_eq(archive_write_close(writer), ARCHIVE_OK);
	archive_write_free(writer);
}

static struct archive_entry *new_entry(const char *name, uint32_t mode)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_copy_pathname(entry, name);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_size(entry, 0);
	archive_entry_set_mtime(entry, 1, 0);
	return entry;
}

static void put(struct archive_entry *entry, const void *data, size_t size)
{
	if (size)
		archive_entry_set_size(entry, (la_int64_t)size);
	ck_assert_msg(archive_write_header(writer, entry) >= ARCHIVE_WARN, "%s",
		archive_error_string(writer));
	if (size)
		ck_assert_int_eq(archive_write_data(writer, data, size), (la_ssize_t)size);
	archive_entry_free(entry);
}

static void put_file(const char *name, const char *text)
{
	put(new_entry(name, XIP_S_IFREG | 0644), text, strlen(text));
}

static void put_directory(const char *name, uint32_t mode)
{
	put(new_entry(name, XIP_S_IFDIR | mode), NULL, 0);
}

static void put_symlink(const char *name, const char *target)
{
	struct archive_entry *entry = new_entry(name, XIP_S_IFLNK | 0777);

	archive_entry_copy_symlink(entry, target);
	put(entry, NULL, 0);
}

static void put_hard_link(const char *name, const char *target)
{
	struct archive_entry *entry = new_entry(name, XIP_S_IFREG | 0644);

	archive_entry_copy_hardlink(entry, target);
	put(entry, NULL, 0);
}

static void put_device(const char *name, uint32_t mode, unsigned major, unsigned minor)
{
	struct archive_entry *entry = new_entry(name, mode);

	archive_entry_set_rdevmajor(entry, major);
	archive_entry_set_rdevminor(entry, minor);
	put(entry, NULL, 0);
}

static void scan(void)
{
	ck_assert_msg(xip_scan_archive(path, NULL, &tree, &diag) == XIP_OK, "%s", messages.text);
}

static void expect_refused(const char *one, const char *other)
{
	ck_assert_int_eq(xip_scan_archive(path, NULL, &tree, &diag), XIP_ERR_SOURCE);
	tree = NULL;
	messages_expect(&messages, one, other);
}

static struct xip_tree_inode *at(const char *name)
{
	struct xip_node *node = xip_tree_find(tree, name);

	ck_assert_msg(node, "%s is not there", name);
	return node->inode;
}

static void expect_content(const char *name, const void *data, size_t size)
{
	struct xip_content content;
	char *buffer = malloc(size + 1);

	ck_assert_ptr_nonnull(buffer);
	ck_assert_uint_eq(at(name)->size, size);
	ck_assert_int_eq(xip_content_open(&content, tree, at(name), &diag), XIP_OK);
	ck_assert_int_eq(xip_content_read(&content, buffer, size, 0, &diag), XIP_OK);
	ck_assert_int_eq(memcmp(buffer, data, size), 0);
	ck_assert_int_eq(xip_content_read(&content, buffer, 1, size, &diag), XIP_ERR_SOURCE);
	ck_assert_int_eq(xip_content_close(&content, &diag), XIP_OK);
	free(buffer);
	memset(&messages, 0, sizeof(messages));
}

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

static void load(uint8_t **data, size_t *size)
{
	ck_assert_int_eq(xip_io_load(path, 1 << 24, data, size, &diag), XIP_OK);
}

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
	expect_refused("\"x/y/z\": ", "no directory");
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
	expect_refused("\"l/passwd\": ", "\"l\" on the way is no directory");

	begin("pax", "none");
	put_file(".", "y");
	finish();
	expect_refused("\".\": ", "root");

	begin("pax", "none");
	put_hard_link("a", "b");
	put_file("b", "y");
	finish();
	expect_refused("\"a\": ", "\"b\", which is not there");

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
	ck_assert_int_eq(xip_scan_archive(path, &exclude, &tree, &diag), XIP_OK);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	expect_content("/b", "content", 7);
	ck_assert_uint_eq(at("/b")->links, 1);
	at("/e");
	ck_assert_uint_eq(tree->node_count, 3);
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
			ck_assert_msg(err == XIP_OK, "%s", messages.text);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_eq(tree->node_count, 57);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
	Suite *suite = suite_create("scan_archive");
	TCase *tests = tcase_create("scan_archive");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, format, 0, 2 * COUNT(formats));
	tcase_add_loop_test(tests, truncated, 0, COUNT(cut_formats));
	tcase_add_loop_test(tests, filter, 0, COUNT(filters));
	tcase_add_test(tests, gzip_trailer);
	tcase_add_loop_test(tests, no_archive, 0, COUNT(no_archives));
	tcase_add_test(tests, not_there);
	tcase_add_loop_test(tests, refused_path, 0, COUNT(refusals));
	tcase_add_test(tests, harmless_paths);
	tcase_add_test(tests, same_directory_again);
	tcase_add_test(tests, overriding);
	tcase_add_test(tests, bad_structure);
	tcase_add_test(tests, pax_bytes);
	tcase_add_loop_test(tests, negative_numbers, 0, 2);
	tcase_add_test(tests, owners);
	tcase_add_loop_test(tests, cpio_hard_links, 0, 2);
	tcase_add_loop_test(tests, unknown_type, 0, 2);
	tcase_add_test(tests, excluded);
	tcase_add_loop_test(tests, standard_input, 0, COUNT(piped_formats));
	tcase_add_test(tests, redirected_input);
	tcase_add_test(tests, either_source);
	tcase_add_test(tests, sparse);
	tcase_add_test(tests, too_large);
	tcase_add_test(tests, scratch_fails);
	tcase_add_test(tests, no_memory);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
