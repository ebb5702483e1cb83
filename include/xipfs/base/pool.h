/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one function over many jobs on several threads.
 */
#ifndef XIPFS_POOL_H
#define XIPFS_POOL_H

#include <stddef.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"

/*
 * Job number @job on worker number @worker (0 to threads - 1), so a worker can own buffers.
 * @diag is the worker's own and may be used freely; it keeps the errors (not warnings) of a job
 * that fails.
 */
typedef enum xip_err (*xip_pool_fn)(
	void *context, size_t job, unsigned worker, const struct xip_diag *diag);

/* Processors this process may run on; at least 1. */
unsigned xip_pool_cpus(void);

/*
 * Runs jobs 0 to @jobs - 1 in about that order on @threads threads, the caller's included (1: no
 * thread is made; the caller is worker 0). After the first failure no new job is begun. Returns the
 * status of the failed job with the lowest number and reports its first error, and nothing else, to
 * @diag: the outcome does not depend on the number of threads as long as jobs fail because of their
 * data alone. XIP_ERR_NOMEM when a thread cannot be created.
 */
XIP_MUST_CHECK enum xip_err xip_pool_run(
	unsigned threads, size_t jobs, xip_pool_fn run, void *context, const struct xip_diag *diag);

#endif
