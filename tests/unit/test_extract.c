/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "craft.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/inspect/extract.h"

#define FLAGS 0x903u

static struct craft craft;
static struct messages messages;
static const struct xip_diag diag = {messages_emit, &messages};
static struct xip_image *image;
static struct xip_listing listing;
static int fd;
static char *directory;
static char top[4096]; /* <directory>/top: where it is extracted */
static uint8_t content[65536];

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	directory = fixture_directory();
	snprintf(top, sizeof(top), "%s/top", directory);
	craft_text(content, sizeof(content), 7);
}

static void teardown(void)
{
	xip_listing_free(&listing);
	xip_image_close(image);
	close(fd);
	craft_free(&craft);
	fixture_remove(directory);
}

static void open_image(void)
{
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", 4096, &diag), XIP_OK);
	ck_assert_int_eq(xip_image_list(image, true, &listing, &diag), XIP_OK);
}

static struct stat status_of(const char *name)
{
	char path[8192];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	ck_assert_msg(!lstat(path, &st), "%s is not there", path);
	return st;
}

static void content_is(const char *name, const uint8_t *expected, size_t size)
{
	static uint8_t got[sizeof(content)];
	char path[8192];
	int file;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	file = open(path, O_RDONLY);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(read(file, got, sizeof(got)), size);
	ck_assert(!memcmp(got, expected, size));
	close(file);
}

/*
 * Root 02750: closed (0500: not writable, closed/file), empty (0 bytes), fifo, file (5000 bytes,
 * 04711), hole (10000 bytes: nothing, then text), link -> /etc/passwd, socket
 */
static void make_tree(void)
{
	uint32_t at = 76, size;

	craft_new(&craft, false, FLAGS, 0x4000);
	at = craft_entry(&craft, at, 0040500, 16, 0x100, "closed");
	at = craft_entry(&craft, at, 0100644, 0, 0, "empty");
	at = craft_entry(&craft, at, 0010620, 0, 0, "fifo");
	at = craft_entry(&craft, at, 0104711, 5000, 0x200, "file");
	at = craft_entry(&craft, at, 0100640, 10000, 0x600, "hole");
	at = craft_entry(&craft, at, 0120777, 11, 0xa00, "link");
	at = craft_entry(&craft, at, 0140755, 0, 0, "socket");
	ck_assert_uint_le(at, 0x100);
	size = at - 76;
	craft_entry(&craft, 0x100, 0100444, 5000, 0x200, "file");
	craft_file(&craft, 0x200, content, 5000, 4096);
	craft_pointer(&craft, 0x600, 0, 0x60c);
	craft_pointer(&craft, 0x600, 1, 0x60c);
	craft_pointer(&craft, 0x600, 2, craft_zlib(&craft, 0x60c, content, 10000 - 8192));
	craft_file(&craft, 0xa00, (const uint8_t *)"/etc/passwd", 11, 4096);
	craft_super(&craft, 76, size);
	craft_fields(&craft, 64, 16, 0042750, 0);
}

START_TEST(extracts_all_types)
{
	static uint8_t hole[10000];
	struct stat st;
	char target[64] = "", path[8192];

	make_tree();
	open_image();
	umask(077);
	ck_assert_int_eq(xip_extract(image, &listing, top, &diag), XIP_OK);
	ck_assert_uint_eq(umask(0), 077);
	ck_assert_uint_eq(messages.errors + messages.warnings, 0);
	ck_assert_uint_eq(status_of("").st_mode, S_IFDIR | 02750);
	ck_assert_uint_eq(status_of("closed").st_mode, S_IFDIR | 0500);
	ck_assert_uint_eq(status_of("closed/file").st_mode, S_IFREG | 0444);
	ck_assert_uint_eq(status_of("empty").st_mode, S_IFREG | 0644);
	ck_assert_int_eq(status_of("empty").st_size, 0);
	ck_assert_uint_eq(status_of("fifo").st_mode, S_IFIFO | 0620);
	ck_assert_uint_eq(status_of("file").st_mode, S_IFREG | 04711);
	ck_assert_uint_eq(status_of("socket").st_mode, S_IFSOCK | 0755);
	content_is("file", content, 5000);
	content_is("closed/file", content, 5000);
	st = status_of("hole");
	ck_assert_int_eq(st.st_size, 10000);
	memcpy(hole + 8192, content, 10000 - 8192);
	content_is("hole", hole, 10000);
	snprintf(path, sizeof(path), "%s/link", top);
	ck_assert_int_eq(readlink(path, target, sizeof(target)), 11);
	ck_assert_str_eq(target, "/etc/passwd");
}
END_TEST

/* The directory is there, with the mode that somebody gave it. */
START_TEST(keeps_a_directory_that_is_there)
{
	make_tree();
	open_image();
	ck_assert_int_eq(mkdir(top, 0711), 0);
	fixture_file(top, "mine", "x", 1);
	ck_assert_int_eq(xip_extract(image, &listing, top, &diag), XIP_OK);
	ck_assert_uint_eq(status_of("").st_mode & 07777, 0711);
	content_is("mine", (const uint8_t *)"x", 1);
	content_is("file", content, 5000);
}
END_TEST

/* What is there stays, also when it is a symbolic link to somewhere else; the rest is extracted. */
START_TEST(overwrites_nothing)
{
	static const char *const planted[] = {"file", "closed", "hole"};
	char path[8192];

	make_tree();
	open_image();
	ck_assert_int_eq(mkdir(top, 0755), 0);
	fixture_file(directory, "victim", "mine", 4);
	snprintf(path, sizeof(path), "%s/outside", directory);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	shell("cd '%s'; ln -s ../victim file; ln -s ../outside closed; echo mine >hole", top);
	ck_assert_int_eq(xip_extract(image, &listing, top, &diag), XIP_ERR_IO);
	ck_assert_uint_eq(messages.errors, 3);
	ck_assert(S_ISLNK(status_of(planted[0]).st_mode));
	ck_assert(S_ISLNK(status_of(planted[1]).st_mode));
	content_is("hole", (const uint8_t *)"mine\n", 5);
	content_is("../victim", (const uint8_t *)"mine", 4);
	shell("cd '%s' && test -z \"$(ls -A outside)\"", directory);
	ck_assert_uint_eq(status_of("fifo").st_mode & 07777, 0620);
}
END_TEST

/* The image itself plants a link, then uses it as a directory. */
START_TEST(does_not_follow_its_own_links)
{
	uint32_t at = 76;

	craft_new(&craft, false, FLAGS, 0x1000);
	at = craft_entry(&craft, at, 0120777, 10, 0x200, "x");
	at = craft_entry(&craft, at, 0040755, 16, 0x100, "x");
	craft_entry(&craft, 0x100, 0100644, 0, 0, "evil");
	craft_file(&craft, 0x200, (const uint8_t *)"../outside", 10, 4096);
	craft_super(&craft, 76, at - 76);
	open_image();
	shell("mkdir '%s/outside'", directory);
	ck_assert_int_eq(xip_extract(image, &listing, top, &diag), XIP_ERR_IO);
	messages_expect(&messages, "/x", "File exists");
	shell("cd '%s' && test -z \"$(ls -A outside)\" && test -L top/x", directory);
}
END_TEST

/* A damaged file is left out with a word; the others come. */
START_TEST(goes_on_after_damage)
{
	make_tree();
	craft_pointer(&craft, 0x600, 2, 0x60d);
	open_image();
	ck_assert_int_eq(xip_extract(image, &listing, top, &diag), XIP_ERR_CORRUPT);
	messages_expect(&messages, "/hole", "block 2");
	shell("test ! -e '%s/hole'", top);
	content_is("file", content, 5000);
	ck_assert_uint_eq(status_of("socket").st_mode, S_IFSOCK | 0755);
}
END_TEST

/* Deeper than the number of open files, and than PATH_MAX. */
START_TEST(extracts_deep_trees)
{
	uint32_t count = 3000, at = 76;

	craft_new(&craft, false, FLAGS, 0x20000);
	for (uint32_t i = 0; i < count; i++)
		at = craft_entry(&craft, at, 0040755, i + 1 < count ? 16 : 0,
			i + 1 < count ? at + 16 : 0, "d");
	craft_super(&craft, 76, 16);
	open_image();
	ck_assert_int_eq(xip_extract(image, &listing, top, &diag), XIP_OK);
	shell("test $(find '%s' -mindepth 1 | wc -l) = %u", top, count);
}
END_TEST

START_TEST(refuses_bombs)
{
	uint32_t at = 0x2000;
	char name[16];

	/* A thousand files of 16 MiB, all of them the same holes. */
	craft_new(&craft, false, FLAGS, 0x10000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%04d", i);
		at = craft_entry(&craft, at, 0100644, 0xffffff, 0x9000, name);
	}
	craft_super(&craft, 0, 0);
	craft_entry(&craft, 76, 0040755, at - 0x2000, 0x2000, "d");
	craft_super(&craft, 76, 16);
	open_image();
	ck_assert_int_eq(xip_extract(image, &listing, top, &diag), XIP_ERR_LIMIT);
	ck_assert_int_eq(messages.errors, 1);
	shell("test ! -e '%s'", top);
	ck_assert_int_eq(xip_write_tar(image, &listing, -1, "tar", &diag), XIP_ERR_LIMIT);
}
END_TEST

/* The paths of an archive grow with the square of the depth. */
START_TEST(refuses_archives_of_endless_paths)
{
	uint32_t count = 60000, at = 76;

	craft_new(&craft, false, FLAGS, 0x100000);
	for (uint32_t i = 0; i < count; i++)
		at = craft_entry(&craft, at, 0040755, i + 1 < count ? 16 : 0,
			i + 1 < count ? at + 16 : 0, "d");
	craft_super(&craft, 76, 16);
	open_image();
	ck_assert_int_eq(xip_write_tar(image, &listing, -1, "tar", &diag), XIP_ERR_LIMIT);
	ck_assert_uint_eq(messages.errors, 1);
}
END_TEST

/* A device, by someone who may not make one. */
START_TEST(skips_devices)
{
	pid_t child;
	int state;

	craft_new(&craft, false, FLAGS, 0x1000);
	craft_entry(&craft, 76, 0020666, 0x103, 0, "null");
	craft_super(&craft, 76, 16);
	open_image();
	shell("chmod 777 '%s'", directory);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		if (!geteuid() && setuid(65534))
			_exit(1);
		if (xip_extract(image, &listing, top, &diag) != XIP_OK)
			_exit(2);
		_exit(messages.warnings == 1 && !messages.errors &&
					strstr(messages.text, "/null: skipped")
				? 0
				: 3);
	}
	ck_assert_int_eq(waitpid(child, &state, 0), child);
	ck_assert_int_eq(state, 0);
	shell("test -z \"$(ls -A '%s')\"", top);
}
END_TEST

/* --- The archive, read by libarchive --------------------------------------------------------- */

static int archive_to_file(enum xip_err expected)
{
	int file = memfd_create("tar", 0);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(xip_write_tar(image, &listing, file, "tar", &diag), expected);
	ck_assert_int_eq(lseek(file, 0, SEEK_SET), 0);
	return file;
}

START_TEST(writes_an_archive)
{
	static const struct {
		const char *name;
		unsigned mode;
		int size;
	} expected[] = {
		{"./", 0042750, 0},
		{"closed/", 0040500, 0},
		{"closed/file", 0100444, 5000},
		{"empty", 0100644, 0},
		{"fifo", 0010620, 0},
		{"file", 0104711, 5000},
		{"hole", 0100640, 10000},
		{"link", 0120777, 0},
	};
	static uint8_t got[sizeof(content)];
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int file;

	make_tree();
	open_image();
	file = archive_to_file(XIP_OK);
	ck_assert_uint_eq(messages.warnings, 1);
	ck_assert_ptr_nonnull(strstr(messages.text, "socket: left out"));
	archive_read_support_format_tar(archive);
	ck_assert_int_eq(archive_read_open_fd(archive, file, 10240), ARCHIVE_OK);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		ck_assert_int_eq(archive_read_next_header(archive, &entry), ARCHIVE_OK);
		ck_assert_str_eq(archive_entry_pathname(entry), expected[i].name);
		ck_assert_uint_eq(archive_entry_mode(entry), expected[i].mode);
		ck_assert_int_eq(archive_entry_mtime(entry), 0);
		ck_assert_int_eq(archive_entry_size(entry), expected[i].size);
		ck_assert_int_eq(archive_read_data(archive, got, sizeof(got)), expected[i].size);
		if (expected[i].size == 5000)
			ck_assert(!memcmp(got, content, 5000));
	}
	ck_assert_str_eq(archive_entry_symlink(entry), "/etc/passwd");
	ck_assert_int_eq(archive_read_next_header(archive, &entry), ARCHIVE_EOF);
	archive_read_free(archive);
	close(file);
}
END_TEST

START_TEST(archives_long_and_odd_names)
{
	static const char odd[] = "\xff\xfe\x01\n\xc3\xa9";
	const struct craft_inode inode = {
		.mode = 0060660, .uid = 65535, .gid = 255, .size = 0xff01};
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	char name[253];
	uint32_t at;
	int file;

	memset(name, 'n', 252);
	name[252] = 0;
	craft_new(&craft, true, FLAGS, 0x1000);
	at = craft_entry(&craft, 76, 0100644, 0, 0, name);
	at = craft_raw_entry(&craft, at, &inode, odd, sizeof(odd) - 1, 8);
	craft_super(&craft, 76, at - 76);
	open_image();
	file = archive_to_file(XIP_OK);
	archive_read_support_format_tar(archive);
	ck_assert_int_eq(archive_read_open_fd(archive, file, 10240), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	ck_assert_str_eq(archive_entry_pathname(entry), name);
	ck_assert_int_eq(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	ck_assert_str_eq(archive_entry_pathname(entry), odd);
	ck_assert_uint_eq(archive_entry_mode(entry), 0060660);
	ck_assert_int_eq(archive_entry_uid(entry), 65535);
	ck_assert_int_eq(archive_entry_gid(entry), 255);
	ck_assert_uint_eq(archive_entry_rdevmajor(entry), 255);
	ck_assert_uint_eq(archive_entry_rdevminor(entry), 1);
	ck_assert_int_eq(archive_read_next_header(archive, &entry), ARCHIVE_EOF);
	archive_read_free(archive);
	close(file);
}
END_TEST

START_TEST(notices_a_full_disk)
{
	int full = open("/dev/full", O_WRONLY);

	ck_assert_int_ge(full, 0);
	make_tree();
	open_image();
	ck_assert_int_eq(xip_write_tar(image, &listing, full, "tar", &diag), XIP_ERR_IO);
	ck_assert_uint_eq(messages.errors, 1);
	ck_assert_int_eq(xip_write_content(image, &listing, xip_listing_find(&listing, "/file"),
				 full, "out", &diag),
		XIP_ERR_IO);
	ck_assert_uint_eq(messages.errors, 2);
	close(full);
}
END_TEST

START_TEST(leaves_damage_out_of_an_archive)
{
	make_tree();
	craft_pointer(&craft, 0x600, 2, 0x60d);
	open_image();
	close(archive_to_file(XIP_ERR_CORRUPT));
	ck_assert_uint_eq(messages.errors, 1);
}
END_TEST

START_TEST(writes_contents)
{
	static uint8_t got[sizeof(content)];
	int file = memfd_create("out", 0);

	make_tree();
	open_image();
	ck_assert_int_eq(xip_write_content(image, &listing, xip_listing_find(&listing, "/file"),
				 file, "out", &diag),
		XIP_OK);
	ck_assert_int_eq(pread(file, got, sizeof(got), 0), 5000);
	ck_assert(!memcmp(got, content, 5000));
	ck_assert_int_eq(xip_write_content(image, &listing, xip_listing_find(&listing, "/closed"),
				 file, "out", &diag),
		XIP_ERR_USAGE);
	messages_expect(&messages, "/closed", "not a regular file");
	close(file);
}
END_TEST

static Suite *extract_suite(void)
{
	Suite *suite = suite_create("extract");
	TCase *tcase = tcase_create("extract");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, extracts_all_types);
	tcase_add_test(tcase, keeps_a_directory_that_is_there);
	tcase_add_test(tcase, overwrites_nothing);
	tcase_add_test(tcase, does_not_follow_its_own_links);
	tcase_add_test(tcase, goes_on_after_damage);
	tcase_add_test(tcase, extracts_deep_trees);
	tcase_add_test(tcase, refuses_bombs);
	tcase_add_test(tcase, refuses_archives_of_endless_paths);
	tcase_add_test(tcase, skips_devices);
	tcase_add_test(tcase, writes_an_archive);
	tcase_add_test(tcase, archives_long_and_odd_names);
	tcase_add_test(tcase, notices_a_full_disk);
	tcase_add_test(tcase, leaves_damage_out_of_an_archive);
	tcase_add_test(tcase, writes_contents);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return run_suite(extract_suite());
}
