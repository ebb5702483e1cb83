/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation failures on demand. Every unit test is linked with --wrap for malloc, calloc, realloc
 * and strdup, so the calls of the library and of the test come by here; those inside shared
 * libraries do not.
 *
 *	for (size_t n = 1;; n++) {
 *		failing_alloc_arm(n);
 *		err = xip_something(...);
 *		if (!failing_alloc_disarm())
 *			break; // fewer than n allocations: @err is the result of an undisturbed run
 *		ck_assert_int_eq(err, XIP_ERR_NOMEM);
 *	}
 */
#ifndef XIPFS_TESTS_FAILING_ALLOC_H
#define XIPFS_TESTS_FAILING_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The @nth allocation from now on (1: the next one) fails, once. */
void failing_alloc_arm(size_t nth);

/* No more failures; true when one happened since failing_alloc_arm. */
bool failing_alloc_disarm(void);

#endif
