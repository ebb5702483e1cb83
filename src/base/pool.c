/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pool {
	xip_pool_fn run;
	void *context;
	size_t jobs;
	atomic_size_t next;
	atomic_bool stop;
	pthread_mutex_t lock; /* for the two below */
	size_t failed_job;
	enum xip_err err;
};

/* The first error that a worker's jobs report; a worker stops at its first failed job. */
struct capture {
	bool used;
	char *path, *message;
	uint64_t offset;
};

struct worker {
	struct pool *pool;
	unsigned number;
	pthread_t thread;
	size_t failed_job;
	struct capture capture;
};

static void keep_first_error(void *user, enum xip_severity severity, const char *path,
	uint64_t offset, const char *message)
{
	struct capture *capture = user;

	if (severity != XIP_DIAG_ERROR || capture->used)
		return;
	capture->used = true;
	capture->offset = offset;
	capture->path = path ? strdup(path) : NULL;
	capture->message = strdup(message);
}

unsigned xip_pool_cpus(void)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	count = CPU_COUNT(&set);
	return count > 0 ? (unsigned)count : 1;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct pool *pool = worker->pool;
	struct xip_diag diag = {.emit = keep_first_error, .user = &worker->capture};

	/*
	 * Jobs are handed out in order, so when job n fails every job below n has been begun and
	 * will be finished: the lowest failure is found whatever the threads do.
	 */
	while (!atomic_load_explicit(&pool->stop, memory_order_relaxed)) {
		size_t job = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
		enum xip_err err;

		if (job >= pool->jobs)
			break;
		err = pool->run(pool->context, job, worker->number, &diag);
		if (!err)
			continue;
		atomic_store_explicit(&pool->stop, true, memory_order_relaxed);
		worker->failed_job = job;
		pthread_mutex_lock(&pool->lock);
		if (!pool->err || job < pool->failed_job) {
			pool->err = err;
			pool->failed_job = job;
		}
		pthread_mutex_unlock(&pool->lock);
	}
	return NULL;
}

static void report(const struct pool *pool, struct worker *workers, unsigned threads,
	const struct xip_diag *diag)
{
	for (unsigned i = 0; i < threads; i++) {
		struct capture *capture = &workers[i].capture;

		if (pool->err && workers[i].failed_job == pool->failed_job)
			xip_diag_fail(diag, pool->err, capture->path,
				capture->used ? capture->offset : XIP_NO_OFFSET, "%s",
				capture->message ? capture->message : xip_err_name(pool->err));
		free(capture->path);
		free(capture->message);
	}
}

enum xip_err xip_pool_run(
	unsigned threads, size_t jobs, xip_pool_fn run, void *context, const struct xip_diag *diag)
{
	struct pool pool = {.run = run, .context = context, .jobs = jobs};
	struct worker *workers;
	unsigned started = 1;

	if (threads > jobs)
		threads = (unsigned)jobs;
	if (!threads)
		threads = 1;
	workers = calloc(threads, sizeof(*workers));
	if (!workers)
		return xip_diag_nomem(diag);
	pthread_mutex_init(&pool.lock, NULL);
	for (unsigned i = 0; i < threads; i++)
		workers[i] = (struct worker){.pool = &pool, .number = i, .failed_job = SIZE_MAX};
	for (; started < threads; started++) {
		if (pthread_create(&workers[started].thread, NULL, work, &workers[started])) {
			atomic_store(&pool.stop, true);
			break;
		}
	}
	work(&workers[0]); /* the caller is worker 0 */
	for (unsigned i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_mutex_destroy(&pool.lock);
	report(&pool, workers, threads, diag);
	free(workers);
	return started < threads && !pool.err ? xip_diag_nomem(diag) : pool.err;
}
