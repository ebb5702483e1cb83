/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"

#define JOBS_MAX 2000

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};

/* This program is linked with --wrap=pthread_create: thread number @no_thread cannot be made. */
static int no_thread;
static int threads_made;
int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *user);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *user);

int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *user)
{
	if (++threads_made == no_thread)
		return EAGAIN;
	return __real_pthread_create(thread, attr, start, user);
}

struct work {
	atomic_uint done[JOBS_MAX];
	atomic_bool busy[64]; /* a worker runs one job at a time */
	atomic_bool clash;
	unsigned threads;
	size_t fail_from, fail_every; /* jobs that fail; fail_every 0: none */
	pthread_t caller;
	atomic_bool strange; /* worker 0 is not the caller, or another one is */
};

static struct work work;

static void setup(void)
{
	memset(&work, 0, sizeof(work));
	memset(&messages, 0, sizeof(messages));
	work.caller = pthread_self();
	no_thread = 0;
	threads_made = 0;
}

static enum xip_err run(void *context, size_t job, unsigned worker, const struct xip_diag *own)
{
	struct work *w = context;
	char path[32];

	if (worker >= w->threads || job >= JOBS_MAX || atomic_exchange(&w->busy[worker], true)) {
		atomic_store(&w->clash, true);
		return XIP_OK;
	}
	if ((worker == 0) != (pthread_equal(pthread_self(), w->caller) != 0))
		atomic_store(&w->strange, true);
	atomic_fetch_add(&w->done[job], 1);
	if (job % 7 == 0)
		usleep(job % 5 * 10);
	snprintf(path, sizeof(path), "/job%zu", job);
	xip_diag_warn(own, path, 1, "a warning of a job is not kept");
	atomic_store(&w->busy[worker], false);
	if (!w->fail_every || job < w->fail_from || (job - w->fail_from) % w->fail_every)
		return XIP_OK;
	xip_diag_fail(own, XIP_ERR_SOURCE, path, job, "first fault of job %zu", job);
	return xip_diag_fail(own, job % 2 ? XIP_ERR_IO : XIP_ERR_LIMIT, path, 0, "second fault");
}

static enum xip_err start(unsigned threads, size_t jobs)
{
	work.threads = threads ? threads : 1;
	return xip_pool_run(threads, jobs, run, &work, &diag);
}

START_TEST(all_jobs_once)
{
	static const size_t counts[] = {0, 1, 2, 3, 15, 16, 17, JOBS_MAX};
	static const unsigned threads[] = {0, 1, 2, 3, 16, 64};
	size_t jobs = counts[_i / 6];

	ck_assert_int_eq(start(threads[_i % 6], jobs), XIP_OK);
	for (size_t i = 0; i < JOBS_MAX; i++)
		if (atomic_load(&work.done[i]) != (i < jobs))
			ck_abort_msg("job %zu ran %u times", i, atomic_load(&work.done[i]));
	ck_assert(!atomic_load(&work.clash));
	ck_assert(!atomic_load(&work.strange));
	ck_assert_uint_eq(messages.errors + messages.warnings, 0);
	if (threads[_i % 6] <= 1)
		ck_assert_int_eq(threads_made, 0);
}
END_TEST

/* The failed job with the lowest number is reported, its first error only, whatever the threads. */
START_TEST(lowest_failure)
{
	for (unsigned round = 0; round < 30; round++) {
		setup();
		work.fail_from = 100 + round;
		work.fail_every = 1 + round % 3;
		ck_assert_int_eq(start(1 + (unsigned)_i, 1000),
			work.fail_from % 2 ? XIP_ERR_IO : XIP_ERR_LIMIT);
		ck_assert_uint_eq(messages.offset, work.fail_from);
		ck_assert_uint_eq(messages.warnings, 0);
		messages_expect(&messages, "/job1", ": first fault of job 1");
	}
}
END_TEST

START_TEST(stops_after_failure)
{
	work.fail_from = 10;
	work.fail_every = 1;
	ck_assert_int_eq(start(1, 1000), XIP_ERR_LIMIT);
	ck_assert_uint_eq(atomic_load(&work.done[10]), 1);
	ck_assert_uint_eq(atomic_load(&work.done[11]), 0);
}
END_TEST

static enum xip_err silent(void *context, size_t job, unsigned worker, const struct xip_diag *own)
{
	(void)context;
	(void)worker;
	(void)own;
	return job == 3 ? XIP_ERR_NOMEM : XIP_OK;
}

/* A job that fails without a word is reported by the name of its status. */
START_TEST(silent_failure)
{
	ck_assert_int_eq(xip_pool_run(2, 9, silent, NULL, &diag), XIP_ERR_NOMEM);
	ck_assert_uint_eq(messages.offset, XIP_NO_OFFSET);
	messages_expect(&messages, "-: ", "out of memory");
	ck_assert_int_eq(xip_pool_run(2, 9, silent, NULL, NULL), XIP_ERR_NOMEM);
}
END_TEST

START_TEST(no_memory)
{
	work.fail_from = 0;
	work.fail_every = 1;
	for (size_t n = 1;; n++) {
		enum xip_err err;

		work.threads = 1;
		failing_alloc_arm(n);
		err = xip_pool_run(1, 4, run, &work, &diag);
		if (!failing_alloc_disarm())
			break;
		/* when only the text of the error is lost, the status is still the job's */
		ck_assert_int_eq(err, n == 1 ? XIP_ERR_NOMEM : XIP_ERR_LIMIT);
		ck_assert_uint_eq(messages.errors, n);
	}
}
END_TEST

/* Threads that were made are joined. */
START_TEST(no_thread_can_be_made)
{
	no_thread = 1 + _i;
	ck_assert_int_eq(start(4, 1000), XIP_ERR_NOMEM);
	ck_assert_int_eq(threads_made, 1 + _i);
	messages_expect(&messages, "-: ", "out of memory");
}
END_TEST

START_TEST(processors)
{
	cpu_set_t one, before;

	ck_assert_uint_ge(xip_pool_cpus(), 1);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	ck_assert_uint_eq(xip_pool_cpus(), CPU_COUNT(&before));
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &before))
			CPU_SET(i, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	ck_assert_uint_eq(xip_pool_cpus(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tests = tcase_create("pool");

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_loop_test(tests, all_jobs_once, 0, 48);
	tcase_add_loop_test(tests, lowest_failure, 0, 5);
	tcase_add_test(tests, stops_after_failure);
	tcase_add_test(tests, silent_failure);
	tcase_add_test(tests, no_memory);
	tcase_add_loop_test(tests, no_thread_can_be_made, 0, 3);
	tcase_add_test(tests, processors);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
