/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output file: nothing is seen of it until it is complete, whatever fails. This program is
 * linked with --wrap for the system calls that can fail, to let each of them do so.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/base/io.h"

/* Which calls fail, and with what. */
static struct {
	bool tmpfile; /* the file system knows no O_TMPFILE */
	int fsync, rename, linkat, fchmod;
	bool link_taken; /* the first name for the file is taken */
	int signal;      /* that comes as soon as the file has a name beside the target */
} fail;

int __real_open64(const char *path, int flags, ...);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_linkat(int from, const char *old, int to, const char *new, int flags);
int __real_fchmod(int fd, mode_t mode);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_linkat(int from, const char *old, int to, const char *new, int flags);
int __wrap_fchmod(int fd, mode_t mode);

int __wrap_open64(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	if (fail.tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_open64(path, flags, mode);
}

static int outcome(int error_number)
{
	errno = error_number;
	return error_number ? -1 : 0;
}

int __wrap_fsync(int fd)
{
	return outcome(fail.fsync) ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	return outcome(fail.rename) ? -1 : __real_rename(from, to);
}

int __wrap_linkat(int from, const char *old, int to, const char *new, int flags)
{
	if (fail.link_taken) {
		fail.link_taken = false;
		return outcome(EEXIST);
	}
	if (outcome(fail.linkat) || __real_linkat(from, old, to, new, flags))
		return -1;
	if (fail.signal)
		raise(fail.signal);
	return 0;
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return outcome(fail.fchmod) ? -1 : __real_fchmod(fd, mode);
}

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static char *directory;

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	memset(&fail, 0, sizeof(fail));
	directory = fixture_directory();
	umask(022);
}

static void teardown(void)
{
	fixture_remove(directory);
}

static char *inside(const char *name)
{
	static char paths[4][4096];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

/* The directory holds exactly these names, as ls prints them with commas between. */
static void expect_names(const char *names)
{
	shell("test \"$(ls -A '%s' | paste -sd ,)\" = '%s'", directory, names);
}

static void expect_content(const char *name, const char *content)
{
	shell("test \"$(cat '%s/%s')\" = '%s'", directory, name, content);
}

static struct xip_output *begin(const char *path)
{
	struct xip_output *out = NULL;

	ck_assert_int_eq(xip_output_open(&out, path, &diag), XIP_OK);
	ck_assert_int_eq(pwrite(xip_output_fd(out), "new", 3, 0), 3);
	return out;
}

/* Both kinds of file system, by _i: with O_TMPFILE and without. */
START_TEST(new_file)
{
	struct xip_output *out;
	char back[4] = "";
	struct stat status;

	fail.tmpfile = _i;
	umask(027);
	out = begin(inside("a.img"));
	ck_assert_int_eq(pread(xip_output_fd(out), back, 4, 0), 3);
	ck_assert_str_eq(back, "new");
	ck_assert_int_ne(stat(inside("a.img"), &status), 0);
	expect_names("");
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_OK);
	xip_output_free(out);
	expect_names("a.img");
	expect_content("a.img", "new");
	ck_assert_int_eq(stat(inside("a.img"), &status), 0);
	ck_assert_uint_eq(status.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(messages.errors + messages.warnings, 0);
}
END_TEST

/* The old file keeps its content for who has it open; the new one gets its mode. */
START_TEST(old_file)
{
	struct xip_output *out;
	struct stat status;
	char back[4] = "";
	int old;

	fail.tmpfile = _i;
	fixture_file(directory, "a.img", "old", 3);
	chmod(inside("a.img"), 0604);
	old = open(inside("a.img"), O_RDONLY | O_CLOEXEC);
	out = begin(inside("a.img"));
	expect_content("a.img", "old");
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_OK);
	xip_output_free(out);
	expect_names("a.img");
	expect_content("a.img", "new");
	ck_assert_int_eq(read(old, back, 4), 3);
	ck_assert_str_eq(back, "old");
	ck_assert_int_eq(stat(inside("a.img"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0604);
	close(old);
}
END_TEST

START_TEST(given_up)
{
	struct xip_output *out;

	fail.tmpfile = _i;
	fixture_file(directory, "a.img", "old", 3);
	out = begin(inside("a.img"));
	xip_output_free(out);
	out = begin(inside("b.img"));
	xip_output_free(out);
	xip_output_free(NULL);
	expect_names("a.img");
	expect_content("a.img", "old");
}
END_TEST

/* A relative name without a slash lies in the working directory. */
START_TEST(bare_name)
{
	struct xip_output *out;

	fail.tmpfile = _i;
	ck_assert_int_eq(chdir(directory), 0);
	out = begin("a.img");
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_OK);
	xip_output_free(out);
	ck_assert_int_eq(chdir("/"), 0);
	expect_names("a.img");
}
END_TEST

START_TEST(symlink_to_old_file)
{
	struct xip_output *out;
	struct stat status;

	shell("mkdir '%s/sub'", directory);
	fixture_file(directory, "sub/real.img", "old", 3);
	ck_assert_int_eq(symlink("sub/real.img", inside("a.img")), 0);
	out = begin(inside("a.img"));
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_OK);
	xip_output_free(out);
	expect_content("sub/real.img", "new");
	ck_assert_int_eq(lstat(inside("a.img"), &status), 0);
	ck_assert(S_ISLNK(status.st_mode));
	shell("test \"$(ls -A '%s/sub')\" = real.img", directory);
}
END_TEST

/* Each step of the commit fails once: the old file stays, nothing is left beside it. */
START_TEST(commit_fails)
{
	static const struct {
		int *which;
		int error_number;
		const char *text;
	} steps[] = {
		{&fail.fchmod, EPERM, "cannot set the mode: Operation not permitted"},
		{&fail.fsync, EIO, "cannot sync: Input/output error"},
		{&fail.fsync, ENOSPC, "cannot sync: No space left on device"},
		{&fail.rename, EBUSY, "cannot replace: Device or resource busy"},
		{&fail.linkat, ENOSPC, "cannot create: No space left on device"},
	};
	const size_t count = sizeof(steps) / sizeof(*steps);
	struct xip_output *out;

	fail.tmpfile = (size_t)_i >= count;
	if (fail.tmpfile && steps[(size_t)_i % count].which == &fail.linkat)
		return; /* a file that has a name needs none */
	fixture_file(directory, "a.img", "old", 3);
	out = begin(inside("a.img"));
	*steps[(size_t)_i % count].which = steps[(size_t)_i % count].error_number;
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_ERR_IO);
	messages_expect(&messages, "/a.img: ", steps[(size_t)_i % count].text);
	xip_output_free(out);
	expect_names("a.img");
	expect_content("a.img", "old");
}
END_TEST

START_TEST(descriptor_was_closed)
{
	struct xip_output *out;

	fail.tmpfile = _i;
	fixture_file(directory, "a.img", "old", 3);
	out = begin(inside("a.img"));
	close(xip_output_fd(out));
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_ERR_IO);
	messages_expect(&messages, "/a.img: ", "Bad file descriptor");
	xip_output_free(out);
	expect_names("a.img");
	expect_content("a.img", "old");
}
END_TEST

START_TEST(name_is_taken)
{
	struct xip_output *out = begin(inside("a.img"));

	fail.link_taken = true;
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_OK);
	ck_assert(!fail.link_taken);
	xip_output_free(out);
	expect_names("a.img");
	expect_content("a.img", "new");
}
END_TEST

/* The link would be replaced, or a file made where nobody looks for it. */
START_TEST(symlink_to_nothing)
{
	struct xip_output *out = NULL;

	ck_assert_int_eq(symlink("none.img", inside("a.img")), 0);
	ck_assert_int_eq(xip_output_open(&out, inside("a.img"), &diag), XIP_ERR_IO);
	messages_expect(&messages, "/a.img: ", "symbolic link to nothing");
	expect_names("a.img");
}
END_TEST

/* A signal during the last steps is delivered after them. */
static volatile sig_atomic_t left_over;
static char *watched;

static void on_signal(int number)
{
	left_over = access(watched, F_OK) != 0 || number != SIGTERM;
}

START_TEST(signals_wait)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct xip_output *out = begin(inside("a.img"));

	watched = inside("a.img");
	left_over = 2;
	sigaction(SIGTERM, &action, NULL);
	fail.signal = SIGTERM;
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_OK);
	ck_assert_int_eq(left_over, 0); /* it came, and the image was in its place */
	xip_output_free(out);
	expect_names("a.img");
}
END_TEST

START_TEST(no_such_place)
{
	struct xip_output *out = NULL;

	fail.tmpfile = _i;
	fixture_file(directory, "file", "x", 1);
	ck_assert_int_eq(xip_output_open(&out, inside("none/a.img"), &diag), XIP_ERR_IO);
	messages_expect(&messages, "/none/a.img: cannot create", "No such file");
	ck_assert_int_eq(xip_output_open(&out, inside("file/a.img"), &diag), XIP_ERR_IO);
	messages_expect(&messages, "/file/a.img: cannot create", "Not a directory");
	ck_assert_int_eq(xip_output_open(&out, directory, &diag), XIP_ERR_IO);
	messages_expect(&messages, directory, "directory");
	ck_assert_ptr_null(out);
	expect_names("file");
}
END_TEST

/* What is no regular file is written into, after the fact; it is never replaced. */
START_TEST(full_device)
{
	struct xip_output *out = begin("/dev/full");
	struct stat status;

	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_ERR_IO);
	messages_expect(&messages, "/dev/full: cannot write", "No space left");
	xip_output_free(out);
	ck_assert_int_eq(stat("/dev/full", &status), 0);
	ck_assert(S_ISCHR(status.st_mode));
}
END_TEST

START_TEST(fifo)
{
	struct xip_output *out;
	char back[8] = "";
	int end;

	ck_assert_int_eq(mkfifo(inside("fifo"), 0600), 0);
	end = open(inside("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	out = begin(inside("fifo"));
	ck_assert_int_eq(read(end, back, 8), -1); /* nothing yet */
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_OK);
	ck_assert_int_eq(read(end, back, 8), 3);
	ck_assert_str_eq(back, "new");
	xip_output_free(out);
	close(end);
	expect_names("fifo");
}
END_TEST

/* A large image to standard output: every byte, and only on commit. */
START_TEST(standard_output)
{
	static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 300000};
	size_t size = sizes[_i];
	struct xip_output *out = NULL;
	char *bytes = malloc(size + 1), *back = malloc(size + 1);
	int file = open(inside("out"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 2654435761u >> 24);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	ck_assert_int_eq(xip_output_open(&out, "-", &diag), XIP_OK);
	ck_assert_int_eq(pwrite(xip_output_fd(out), bytes, size, 0), (ssize_t)size);
	ck_assert_int_eq(lseek(file, 0, SEEK_END), 0);
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_OK);
	xip_output_free(out);
	ck_assert_int_eq(pread(file, back, size + 1, 0), (ssize_t)size);
	ck_assert(!memcmp(back, bytes, size));
	ck_assert_int_ge(fcntl(STDOUT_FILENO, F_GETFD), 0);
	close(file);
	free(bytes);
	free(back);
}
END_TEST

START_TEST(closed_pipe)
{
	struct xip_output *out;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	out = begin("-");
	ck_assert_int_eq(xip_output_commit(out, &diag), XIP_ERR_IO);
	messages_expect(&messages, "standard output: cannot write", "Broken pipe");
	xip_output_free(out);
	close(ends[1]);
}
END_TEST

START_TEST(no_memory)
{
	static const char *const names[] = {"a.img", "new.img", "link.img", "/dev/null", "-"};
	const char *name = names[_i];

	fail.tmpfile = true;
	fixture_file(directory, "a.img", "old", 3);
	ck_assert_int_eq(symlink("a.img", inside("link.img")), 0);
	for (size_t n = 1;; n++) {
		struct xip_output *out = NULL;
		char *path = strchr("/-", name[0]) ? (char *)name : inside(name);
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_output_open(&out, path, &diag);
		if (!err && name[0] != '-')
			err = xip_output_commit(out, &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_gt(n, 1);
			xip_output_free(out);
			break;
		}
		xip_output_free(out);
		/* with the commit done, only syncing the directory is left */
		ck_assert(err == XIP_ERR_NOMEM || !err);
		expect_names(!err && !strcmp(name, "new.img") ? "a.img,link.img,new.img"
							      : "a.img,link.img");
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("output");
	TCase *tests = tcase_create("output");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, new_file, 0, 2);
	tcase_add_loop_test(tests, old_file, 0, 2);
	tcase_add_loop_test(tests, given_up, 0, 2);
	tcase_add_loop_test(tests, bare_name, 0, 2);
	tcase_add_test(tests, symlink_to_old_file);
	tcase_add_loop_test(tests, commit_fails, 0, 10);
	tcase_add_loop_test(tests, descriptor_was_closed, 0, 2);
	tcase_add_test(tests, name_is_taken);
	tcase_add_test(tests, symlink_to_nothing);
	tcase_add_test(tests, signals_wait);
	tcase_add_loop_test(tests, no_such_place, 0, 2);
	tcase_add_test(tests, full_device);
	tcase_add_test(tests, fifo);
	tcase_add_loop_test(tests, standard_output, 0, 6);
	tcase_add_test(tests, closed_pipe);
	tcase_add_loop_test(tests, no_memory, 0, 5);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
