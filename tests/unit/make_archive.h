/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Archives for the tests of what is read from them: each test writes one, entry by entry.
 */
#ifndef XIPFS_TESTS_MAKE_ARCHIVE_H
#define XIPFS_TESTS_MAKE_ARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "fixture.h"
#include "run_suite.h"
#include "xipfs/format/format.h"
#include "xipfs/base/io.h"
#include "xipfs/tree/scan.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static char *directory;
static char path[4096]; /* of the archive */
static struct xip_tree *tree;
static struct archive *writer;

static inline void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	directory = fixture_directory();
	snprintf(path, sizeof(path), "%s/archive", directory);
}

static inline void teardown(void)
{
	xip_tree_free(tree);
	tree = NULL;
	fixture_remove(directory);
}

/* Begins an archive; entries follow, then finish(). */
static inline void begin(const char *format, const char *filter)
{
	writer = archive_write_new();
	ck_assert_int_eq(archive_write_set_format_by_name(writer, format), ARCHIVE_OK);
	if (strcmp(filter, "none"))
		ck_assert_int_ge(archive_write_add_filter_by_name(writer, filter), ARCHIVE_WARN);
	ck_assert_int_eq(archive_write_open_filename(writer, path), ARCHIVE_OK);
}

static inline void finish(void)
{
	ck_assert_int_eq(archive_write_close(writer), ARCHIVE_OK);
	archive_write_free(writer);
}

static inline struct archive_entry *new_entry(const char *name, uint32_t mode)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_copy_pathname(entry, name);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_size(entry, 0);
	archive_entry_set_mtime(entry, 1, 0);
	return entry;
}

static inline void put(struct archive_entry *entry, const void *data, size_t size)
{
	if (size)
		archive_entry_set_size(entry, (la_int64_t)size);
	ck_assert_msg(archive_write_header(writer, entry) >= ARCHIVE_WARN, "%s",
		archive_error_string(writer));
	if (size)
		ck_assert_int_eq(archive_write_data(writer, data, size), (la_ssize_t)size);
	archive_entry_free(entry);
}

static inline void put_file(const char *name, const char *text)
{
	put(new_entry(name, XIP_S_IFREG | 0644), text, strlen(text));
}

static inline void put_directory(const char *name, uint32_t mode)
{
	put(new_entry(name, XIP_S_IFDIR | mode), NULL, 0);
}

static inline void put_symlink(const char *name, const char *target)
{
	struct archive_entry *entry = new_entry(name, XIP_S_IFLNK | 0777);

	archive_entry_copy_symlink(entry, target);
	put(entry, NULL, 0);
}

static inline void put_hard_link(const char *name, const char *target)
{
	struct archive_entry *entry = new_entry(name, XIP_S_IFREG | 0644);

	archive_entry_copy_hardlink(entry, target);
	put(entry, NULL, 0);
}

static inline void put_device(const char *name, uint32_t mode, unsigned major, unsigned minor)
{
	struct archive_entry *entry = new_entry(name, mode);

	archive_entry_set_rdevmajor(entry, major);
	archive_entry_set_rdevminor(entry, minor);
	put(entry, NULL, 0);
}

static inline enum xip_err scan_with(const struct xip_scan_options *options)
{
	struct xip_input input;
	enum xip_err err = xip_input_open(&input, path, UINT64_MAX, &diag);

	if (!err) {
		err = xip_scan_archive(&input, options, &tree, &diag);
		xip_input_close(&input);
	}
	return err;
}

static inline void scan(void)
{
	ck_assert_msg(scan_with(NULL) == XIP_OK, "%s", messages.text);
}

static inline void expect_refused(const char *one, const char *other)
{
	ck_assert_int_eq(scan_with(NULL), XIP_ERR_SOURCE);
	tree = NULL;
	messages_expect(&messages, one, other);
}

static inline struct xip_tree_inode *at(const char *name)
{
	struct xip_node *node = xip_tree_find(tree, name);

	ck_assert_msg(node, "%s is not there", name);
	return node->inode;
}

static inline void expect_content(const char *name, const void *data, size_t size)
{
	struct xip_content content;
	char *buffer = malloc(size + 1);

	ck_assert_ptr_nonnull(buffer);
	ck_assert_uint_eq(at(name)->size, size);
	ck_assert_int_eq(xip_content_open(&content, at(name), &diag), XIP_OK);
	ck_assert_int_eq(xip_content_read(&content, buffer, size, 0, &diag), XIP_OK);
	ck_assert_int_eq(memcmp(buffer, data, size), 0);
	ck_assert_int_eq(xip_content_read(&content, buffer, 1, size, &diag), XIP_ERR_SOURCE);
	ck_assert_int_eq(xip_content_close(&content, &diag), XIP_OK);
	free(buffer);
	memset(&messages, 0, sizeof(messages));
}

static inline void load(uint8_t **data, size_t *size)
{
	ck_assert_int_eq(xip_io_load(path, 1 << 24, data, size, &diag), XIP_OK);
}

/* Runs the one case of a suite with the archive's fixture. Returns the exit status. */
static inline int run_tests(const char *name, TCase *tests)
{
	Suite *suite = suite_create(name);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

#endif
