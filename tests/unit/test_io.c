/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/io.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"

static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 65536, (1u << 24) - 1};
#define SIZE_COUNT (sizeof(sizes) / sizeof(*sizes))

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static char *directory;

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	directory = fixture_directory();
}

static void teardown(void)
{
	fixture_remove(directory);
}

static const char *inside(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static uint8_t *pattern(size_t size)
{
	uint8_t *bytes = malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 23);
	return bytes;
}

static int open_at(const char *name, int flags)
{
	int fd = open(inside(name), flags | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Whole reads at every offset that matters, and short ones only at the file's end. */
START_TEST(reads)
{
	size_t size = sizes[_i], got;
	uint8_t *bytes = pattern(size), *back = malloc(size + 2);
	int fd;

	fixture_file(directory, "file", bytes, size);
	fd = open_at("file", O_RDONLY);
	ck_assert_int_eq(xip_io_pread(fd, back, size + 1, 0, &got, &diag, "f"), XIP_OK);
	ck_assert_uint_eq(got, size);
	ck_assert(!memcmp(back, bytes, size));
	ck_assert_int_eq(xip_io_pread(fd, back, 9, size, &got, &diag, "f"), XIP_OK);
	ck_assert_uint_eq(got, 0);
	ck_assert_int_eq(xip_io_pread_full(fd, back, size, 0, &diag, "f"), XIP_OK);
	ck_assert_uint_eq(messages.errors, 0);
	ck_assert_int_eq(xip_io_pread_full(fd, back, size + 1, 1, &diag, "f"), XIP_ERR_SOURCE);
	messages_expect(&messages, "f: ", size ? "2 bytes are missing" : "1 bytes are missing");
	close(fd);
	free(back);
	free(bytes);
}
END_TEST

START_TEST(bad_descriptors)
{
	char byte = 0;
	size_t got;
	int fd = open_at(".", O_RDONLY);

	ck_assert_int_eq(xip_io_pread(fd, &byte, 1, 0, &got, &diag, "dir"), XIP_ERR_IO);
	messages_expect(&messages, "dir: cannot read", "Is a directory");
	ck_assert_int_eq(xip_io_pwrite_full(fd, &byte, 1, 0, &diag, "dir"), XIP_ERR_IO);
	messages_expect(&messages, "dir: cannot write", "Bad file descriptor");
	close(fd);
	ck_assert_int_eq(xip_io_pread_full(fd, &byte, 1, 0, &diag, "f"), XIP_ERR_IO);
	messages_expect(&messages, "f: cannot read", "Bad file descriptor");
	ck_assert_int_eq(xip_io_write_full(fd, &byte, 1, &diag, "f"), XIP_ERR_IO);
	messages_expect(&messages, "f: cannot write", "Bad file descriptor");
	/* nothing to do is done on any descriptor */
	ck_assert_int_eq(xip_io_pwrite_full(-1, NULL, 0, 0, &diag, "f"), XIP_OK);
	ck_assert_int_eq(xip_io_write_full(-1, NULL, 0, &diag, "f"), XIP_OK);
}
END_TEST

START_TEST(writes)
{
	size_t size = sizes[_i], got;
	uint8_t *bytes = pattern(size), *back = malloc(size + 12);
	int fd = open_at("file", O_RDWR | O_CREAT);

	ck_assert_int_eq(xip_io_pwrite_full(fd, bytes, size, 11, &diag, "f"), XIP_OK);
	ck_assert_int_eq(xip_io_pread(fd, back, size + 12, 0, &got, &diag, "f"), XIP_OK);
	ck_assert_uint_eq(got, size ? size + 11 : 0);
	if (size)
		ck_assert(!memcmp(back + 11, bytes, size));
	close(fd);
	free(back);
	free(bytes);
}
END_TEST

START_TEST(full_device)
{
	static const char bytes[8192];
	int fd = open("/dev/full", O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(xip_io_pwrite_full(fd, bytes, sizeof(bytes), 0, &diag, "f"), XIP_ERR_IO);
	messages_expect(&messages, "f: cannot write", "No space left");
	ck_assert_int_eq(xip_io_write_full(fd, bytes, 1, &diag, "f"), XIP_ERR_IO);
	messages_expect(&messages, "f: cannot write", "No space left");
	close(fd);
}
END_TEST

/* The part that still fits is written, the rest is an error: no success by halves. */
START_TEST(file_size_limit)
{
	static const char bytes[8192];
	struct rlimit limit = {.rlim_cur = 5000, .rlim_max = RLIM_INFINITY};
	int fd = open_at("file", O_RDWR | O_CREAT);

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 5000;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(xip_io_pwrite_full(fd, bytes, sizeof(bytes), 0, &diag, "f"), XIP_ERR_IO);
	messages_expect(&messages, "f: cannot write", "File too large");
	ck_assert_int_eq(xip_io_write_full(fd, bytes, sizeof(bytes), &diag, "f"), XIP_ERR_IO);
	messages_expect(&messages, "f: cannot write", "File too large");
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 5000);
	close(fd);
}
END_TEST

static void on_alarm(int number)
{
	(void)number;
}

struct slow_reader {
	int fd;
	uint8_t *bytes;
	size_t got;
};

static void *read_slowly(void *user)
{
	struct slow_reader *reader = user;
	sigset_t all;
	ssize_t n;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	usleep(30000);
	while ((n = read(reader->fd, reader->bytes + reader->got, 1500)) > 0)
		reader->got += (size_t)n;
	return NULL;
}

/* A pipe takes little at a time, and signals interrupt: all of it goes through. */
START_TEST(pipes)
{
	const size_t size = 300001;
	struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	struct slow_reader reader = {.bytes = malloc(size)};
	uint8_t *bytes = pattern(size);
	enum xip_err err;
	pthread_t thread;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	reader.fd = ends[0];
	ck_assert_int_eq(pthread_create(&thread, NULL, read_slowly, &reader), 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	err = xip_io_write_full(ends[1], bytes, size, &diag, "pipe");
	setitimer(ITIMER_REAL, &never, NULL);
	close(ends[1]);
	pthread_join(thread, NULL);
	ck_assert_int_eq(err, XIP_OK);
	ck_assert_uint_eq(reader.got, size);
	ck_assert(!memcmp(reader.bytes, bytes, size));
	close(ends[0]);
	free(reader.bytes);
	free(bytes);
}
END_TEST

START_TEST(closed_pipe)
{
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	ck_assert_int_eq(xip_io_write_full(ends[1], "x", 1, &diag, "out"), XIP_ERR_IO);
	messages_expect(&messages, "out: cannot write", "Broken pipe");
	close(ends[1]);
}
END_TEST

START_TEST(loads)
{
	size_t size = sizes[_i], got;
	uint8_t *bytes = pattern(size), *data;

	fixture_file(directory, "file", bytes, size);
	ck_assert_int_eq(xip_io_load(inside("file"), size, &data, &got, &diag), XIP_OK);
	ck_assert_uint_eq(got, size);
	ck_assert(!memcmp(data, bytes, size));
	ck_assert_uint_eq(data[size], 0);
	free(data);
	if (size) {
		ck_assert_int_eq(
			xip_io_load(inside("file"), size - 1, &data, &got, &diag), XIP_ERR_LIMIT);
		messages_expect(&messages, "file: larger than ", "bytes");
	}
	free(bytes);
}
END_TEST

START_TEST(loads_nothing)
{
	uint8_t *data;
	size_t got;

	ck_assert_int_eq(xip_io_load(inside("none"), 100, &data, &got, &diag), XIP_ERR_IO);
	messages_expect(&messages, "none: cannot open", "No such file");
	ck_assert_int_eq(xip_io_load(directory, 100, &data, &got, &diag), XIP_ERR_IO);
	messages_expect(&messages, directory, "Is a directory");
	/* a source without end is not read to its end */
	ck_assert_int_eq(xip_io_load("/dev/zero", 100000, &data, &got, &diag), XIP_ERR_LIMIT);
}
END_TEST

START_TEST(loads_standard_input)
{
	uint8_t *data;
	size_t got;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "a\nb", 3), 3);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	ck_assert_int_eq(xip_io_load("-", 3, &data, &got, &diag), XIP_OK);
	ck_assert_uint_eq(got, 3);
	ck_assert_str_eq((char *)data, "a\nb");
	free(data);
	ck_assert_int_ge(fcntl(STDIN_FILENO, F_GETFD), 0); /* it was not ours to close */
	close(STDIN_FILENO);
	ck_assert_int_eq(xip_io_load("-", 3, &data, &got, &diag), XIP_ERR_IO);
	messages_expect(&messages, "standard input: ", "Bad file descriptor");
}
END_TEST

START_TEST(loads_without_memory)
{
	uint8_t *bytes = pattern(20000);
	size_t n = 1;

	fixture_file(directory, "file", bytes, 20000);
	for (;; n++) {
		uint8_t *data = NULL;
		enum xip_err err;
		size_t got;

		failing_alloc_arm(n);
		err = xip_io_load(inside("file"), 20000, &data, &got, &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			free(data);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_gt(n, 2);
	free(bytes);
}
END_TEST

static void expect_scratch(void)
{
	struct stat status;
	int fd;

	ck_assert_int_eq(xip_io_scratch(&fd, &diag), XIP_OK);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_nlink, 0); /* nothing will be left behind */
	ck_assert_uint_eq(status.st_mode & 077, 0);
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
}

START_TEST(scratch)
{
	int fd;

	setenv("TMPDIR", directory, 1);
	expect_scratch();
	setenv("TMPDIR", "", 1); /* as if unset */
	expect_scratch();
	unsetenv("TMPDIR");
	expect_scratch();
	shell("test -z \"$(ls -A '%s')\"", directory);
	setenv("TMPDIR", inside("none"), 1);
	ck_assert_int_eq(xip_io_scratch(&fd, &diag), XIP_ERR_IO);
	messages_expect(&messages, inside("none"), "scratch file: No such file");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("io");
	TCase *tests = tcase_create("io");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, reads, 0, SIZE_COUNT);
	tcase_add_test(tests, bad_descriptors);
	tcase_add_loop_test(tests, writes, 0, SIZE_COUNT);
	tcase_add_test(tests, full_device);
	tcase_add_test(tests, file_size_limit);
	tcase_add_test(tests, pipes);
	tcase_add_test(tests, closed_pipe);
	tcase_add_loop_test(tests, loads, 0, SIZE_COUNT);
	tcase_add_test(tests, loads_nothing);
	tcase_add_test(tests, loads_standard_input);
	tcase_add_test(tests, loads_without_memory);
	tcase_add_test(tests, scratch);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
