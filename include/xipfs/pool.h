/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one function over many jobs on several threads.
 */
#ifndef XIPFS_POOL_H
#define XIPFS_POOL_H

#include <stddef.h>

#include "xipfs/err.h"

/* Job number @job on worker number @worker (0 to threads - 1), so a worker can own buffers. */
typedef enum xip_err (*xip_pool_fn)(void *context, size_t job, unsigned worker);

/* Processors this process may run on; at least 1. */
unsigned xip_pool_cpus(void);

/*
 * Runs jobs 0 to @jobs - 1 in about that order on @threads threads, the caller's included (1: no
 * thread is made). After the first failure no new job is begun. Returns the status of the failed
 * job with the lowest number, which therefore does not depend on the number of threads as long as
 * jobs fail by their data alone; XIP_ERR_NOMEM when a thread cannot be made.
 */
XIP_MUST_CHECK enum xip_err xip_pool_run(unsigned threads, size_t jobs, xip_pool_fn run,
	void *context);

#endif
