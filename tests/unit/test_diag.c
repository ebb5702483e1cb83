/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/diag.h"

#include <errno.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"

/* What came last. */
static struct {
	unsigned count;
	enum xip_severity severity;
	char path[64], message[16384];
	uint64_t offset;
} last;

static void remember(void *user, enum xip_severity severity, const char *path, uint64_t offset,
	const char *message)
{
	if (user != &last)
		abort();
	last.count++;
	last.severity = severity;
	last.offset = offset;
	snprintf(last.path, sizeof(last.path), "%s", path ? path : "(null)");
	snprintf(last.message, sizeof(last.message), "%s", message);
}

static const struct xip_diag diag = {.emit = remember, .user = &last};

START_TEST(severities)
{
	ck_assert_int_eq(
		xip_diag_fail(&diag, XIP_ERR_LIMIT, "/a", 7, "%s %d", "x", 3), XIP_ERR_LIMIT);
	ck_assert_uint_eq(last.count, 1);
	ck_assert_int_eq(last.severity, XIP_DIAG_ERROR);
	ck_assert_str_eq(last.path, "/a");
	ck_assert_str_eq(last.message, "x 3");
	ck_assert_uint_eq(last.offset, 7);
	xip_diag_warn(&diag, NULL, XIP_NO_OFFSET, "100 %%");
	ck_assert_int_eq(last.severity, XIP_DIAG_WARNING);
	ck_assert_str_eq(last.path, "(null)");
	ck_assert_str_eq(last.message, "100 %");
	ck_assert_uint_eq(last.offset, XIP_NO_OFFSET);
	xip_diag_info(&diag, "/b", 0, "%s", "");
	ck_assert_int_eq(last.severity, XIP_DIAG_INFO);
	ck_assert_str_eq(last.message, "");
	ck_assert_uint_eq(last.count, 3);
}
END_TEST

START_TEST(system_errors)
{
	ck_assert_int_eq(
		xip_diag_fail_errno(&diag, ENOSPC, "/img", "cannot %s", "write"), XIP_ERR_IO);
	ck_assert_str_eq(last.message, "cannot write: No space left on device");
	ck_assert_str_eq(last.path, "/img");
	ck_assert_int_eq(xip_diag_fail_errno(&diag, 99999, NULL, "x"), XIP_ERR_IO);
	ck_assert_ptr_nonnull(strstr(last.message, "99999"));
}
END_TEST

/* Without a listener the status is the same. */
START_TEST(nobody_listens)
{
	static const struct xip_diag deaf = {0};

	ck_assert_int_eq(xip_diag_fail(NULL, XIP_ERR_SOURCE, "/a", 0, "x"), XIP_ERR_SOURCE);
	ck_assert_int_eq(xip_diag_fail(&deaf, XIP_ERR_SOURCE, "/a", 0, "x"), XIP_ERR_SOURCE);
	ck_assert_int_eq(xip_diag_fail_errno(&deaf, EIO, "/a", "x"), XIP_ERR_IO);
	ck_assert_int_eq(xip_diag_nomem(NULL), XIP_ERR_NOMEM);
	xip_diag_warn(NULL, "/a", 0, "x");
	xip_diag_info(&deaf, "/a", 0, "x");
	ck_assert_uint_eq(last.count, 0);
}
END_TEST

/* A message of any length is cut, not written past its end. */
START_TEST(long_messages)
{
	char *text = malloc(100001);

	memset(text, 'm', 100000);
	text[100000] = '\0';
	xip_diag_warn(&diag, "/a", 0, "%s", text);
	ck_assert_uint_gt(strlen(last.message), 4096);
	ck_assert_uint_lt(strlen(last.message), 8192);
	ck_assert_int_eq(strspn(last.message, "m"), strlen(last.message));
	ck_assert_int_eq(xip_diag_fail_errno(&diag, EIO, "/a", "%s", text), XIP_ERR_IO);
	ck_assert_ptr_nonnull(strstr(last.message, "m: Input/output error"));
	free(text);
}
END_TEST

START_TEST(no_memory)
{
	enum xip_err err;

	failing_alloc_arm(1);
	err = xip_diag_nomem(&diag);
	ck_assert(!failing_alloc_disarm());
	ck_assert_int_eq(err, XIP_ERR_NOMEM);
	ck_assert_str_eq(last.message, "out of memory");
	ck_assert_str_eq(last.path, "(null)");
	ck_assert_int_eq(last.severity, XIP_DIAG_ERROR);
}
END_TEST

/* Every status has a name of its own, and a value that is none does no harm. */
START_TEST(names)
{
	for (int a = XIP_OK; a <= XIP_ERR_USAGE; a++) {
		ck_assert_uint_gt(strlen(xip_err_name((enum xip_err)a)), 3);
		ck_assert_str_ne(xip_err_name((enum xip_err)a), "unknown error");
		for (int b = XIP_OK; b < a; b++)
			ck_assert_str_ne(
				xip_err_name((enum xip_err)a), xip_err_name((enum xip_err)b));
	}
	ck_assert_str_eq(xip_err_name((enum xip_err)(XIP_ERR_USAGE + 1)), "unknown error");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diag");
	TCase *tests = tcase_create("diag");

	tcase_add_test(tests, severities);
	tcase_add_test(tests, system_errors);
	tcase_add_test(tests, nobody_listens);
	tcase_add_test(tests, long_messages);
	tcase_add_test(tests, no_memory);
	tcase_add_test(tests, names);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
