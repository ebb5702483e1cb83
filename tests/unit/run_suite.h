/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the main() of every unit test ends with.
 */
#ifndef RUN_SUITE_H
#define RUN_SUITE_H

#include <check.h>

/* Runs @suite and frees it. Returns the exit status: 0 when every test passed. */
static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
