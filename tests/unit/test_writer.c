/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "writer.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "layout_rules.h"
#include "run_suite.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static struct made made;
static struct xip_plan *plan;
static struct xip_encoding *encoding;
static struct xip_layout *layout;
static struct xip_layout_options options;
static uint8_t insert[1000];

/* More than a MiB with every kind of piece, so that the writer fills its buffer more than once. */
static void setup(void)
{
	static uint8_t bytes[300 * 4096];
	struct xip_encode_options encode = {
		.compressor = XIP_LIBDEFLATE, .level = 1, .threads = 1, .store = true};
	struct xip_node *nodes[3], *dir;
	char name[16];

	memset(&messages, 0, sizeof(messages));
	made_begin(&made);
	dir = made_dir(&made, NULL, "dir");
	for (uint32_t i = 0; i < 300; i++) {
		fill(bytes + i * 4096u, 4096, i % 3 ? TEXTURE_NOISE : TEXTURE_TEXT, i);
		snprintf(name, sizeof(name), "fifo%u", i);
		made_node(&made, dir, name, XIP_S_IFIFO | 0600);
	}
	for (uint32_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		bytes[5] = (uint8_t)i; /* only their first blocks differ: the others are shared */
		nodes[i] = made_file(&made, NULL, name, bytes, sizeof(bytes) - i * 1000);
	}
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	hand_run(plan, nodes[0], 1, 98, 4096);
	hand_run(plan, nodes[1], 200, 100, 4096);
	ck_assert_int_eq(xip_encode(made.tree, plan, &encode, &encoding, NULL), XIP_OK);
	fill(insert, sizeof(insert), TEXTURE_NOISE, 77);
	options = (struct xip_layout_options){.insert_size = sizeof(insert)};
	layout = NULL;
}

static void teardown(void)
{
	xip_layout_free(layout);
	xip_encoding_free(encoding);
	xip_plan_free(plan);
	made_end(&made);
}

static void lay_out(void)
{
	ck_assert_int_eq(
		xip_layout_make(made.tree, plan, encoding, &options, &layout, NULL), XIP_OK);
	ck_assert_uint_gt(layout->size, 1u << 20);
}

START_TEST(large_image)
{
	unsigned kinds = 0;
	struct laid laid;

	options.big = _i & 1;
	options.boot_pad = _i & 2;
	lay_out();
	for (size_t i = 0; i < layout->extent_count; i++)
		kinds |= 1u << layout->extents[i].kind;
	/* all but one, which is of images that have none of XIP */
	ck_assert_uint_eq(kinds, ((2u << XIP_LAYOUT_INSERT) - 1) & ~(1u << XIP_LAYOUT_BARE));
	laid = (struct laid){.made = &made,
		.plan = plan,
		.layout = layout,
		.options = &options,
		.insert = insert};
	laid_write(&laid);
	expect_rules(&laid);
	laid_free(&laid);
}
END_TEST

static enum xip_err write_to(int fd)
{
	return xip_writer_write(layout, insert, fd, "image", &diag);
}

START_TEST(bad_descriptors)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	lay_out();
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write_to(fd), XIP_ERR_IO);
	messages_expect(&messages, "image: cannot write", "No space left");
	close(fd);
	ck_assert_int_eq(write_to(fd), XIP_ERR_IO);
	messages_expect(&messages, "image: cannot write", "Bad file descriptor");
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(write_to(fd), XIP_ERR_IO);
	messages_expect(&messages, "image: cannot write", "Bad file descriptor");
	close(fd);
}
END_TEST

/* Wherever the disk is full, it is an error, and one message. */
START_TEST(file_size_limits)
{
	struct rlimit limit = {.rlim_max = RLIM_INFINITY};
	char *directory = fixture_directory();
	char path[4096];
	int fd;

	lay_out();
	snprintf(path, sizeof(path), "%s/image", directory);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	for (uint64_t most = 0; most <= layout->size; most += 199999) {
		limit.rlim_cur = most;
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		ck_assert_int_eq(write_to(fd), XIP_ERR_IO);
		messages_expect(&messages, "image: cannot write", "File too large");
		close(fd);
	}
	limit.rlim_cur = layout->size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_eq(write_to(fd), XIP_OK);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), (off_t)layout->size);
	close(fd);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	fixture_remove(directory);
}
END_TEST

/* A layout that contradicts itself is not written as if nothing were wrong. */
START_TEST(misplaced_pieces)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	lay_out();
	for (size_t i = 0; i < layout->extent_count; i += 1 + layout->extent_count / 20) {
		struct xip_layout_extent *extent = &layout->extents[i];

		if (extent->position < 2 * 4096)
			continue;
		extent->position -= 4096; /* on top of what is there already */
		ck_assert_int_eq(write_to(fd), XIP_ERR_CORRUPT);
		messages_expect(&messages, "image: internal error", "would land");
		extent->position += 4096;
		if (extent->kind == XIP_LAYOUT_TABLE || extent->kind == XIP_LAYOUT_INSERT)
			continue; /* their length is the only one there is */
		extent->length++;
		ck_assert_int_eq(write_to(fd), XIP_ERR_CORRUPT);
		messages_expect(&messages, "image: internal error", "would land");
		extent->length--;
	}
	ck_assert_int_eq(write_to(fd), XIP_OK);
	close(fd);
}
END_TEST

START_TEST(no_memory)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	enum xip_err err;

	lay_out();
	failing_alloc_arm(1);
	err = write_to(fd);
	ck_assert(failing_alloc_disarm());
	ck_assert_int_eq(err, XIP_ERR_NOMEM);
	messages_expect(&messages, "-: ", "out of memory");
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("writer");
	TCase *tests = tcase_create("writer");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, large_image, 0, 4);
	tcase_add_test(tests, bad_descriptors);
	tcase_add_test(tests, file_size_limits);
	tcase_add_test(tests, misplaced_pieces);
	tcase_add_test(tests, no_memory);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
