/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

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

struct worker {
	struct pool *pool;
	unsigned number;
	pthread_t thread;
};

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

	/*
	 * Jobs are handed out in order, so when job n fails every job below n has been begun and
	 * will be finished: the lowest failure is found whatever the threads do.
	 */
	while (!atomic_load_explicit(&pool->stop, memory_order_relaxed)) {
		size_t job = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
		enum xip_err err;

		if (job >= pool->jobs)
			break;
		err = pool->run(pool->context, job, worker->number);
		if (!err)
			continue;
		atomic_store_explicit(&pool->stop, true, memory_order_relaxed);
		pthread_mutex_lock(&pool->lock);
		if (!pool->err || job < pool->failed_job) {
			pool->err = err;
			pool->failed_job = job;
		}
		pthread_mutex_unlock(&pool->lock);
	}
	return NULL;
}

enum xip_err xip_pool_run(unsigned threads, size_t jobs, xip_pool_fn run, void *context)
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
		return XIP_ERR_NOMEM;
	pthread_mutex_init(&pool.lock, NULL);
	for (unsigned i = 0; i < threads; i++)
		workers[i] = (struct worker){.pool = &pool, .number = i};
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
	free(workers);
	return started < threads && !pool.err ? XIP_ERR_NOMEM : pool.err;
}
