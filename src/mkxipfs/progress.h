/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The progress bar on stderr: only on a terminal, and only for work that takes longer than half a
 * second.
 */
#ifndef MKXIPFS_PROGRESS_H
#define MKXIPFS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool enabled;
	bool shown;            /* a bar is on the screen */
	const char *label;     /* what is being done */
	uint64_t begun, drawn; /* milliseconds of the monotonic clock */
};

/* Enabled when stderr is a terminal and @wanted. */
void progress_init(struct progress *progress, bool wanted);

/* Names what is being done from now on. */
void progress_stage(struct progress *progress, const char *label);

/* @user is a struct progress; @done of @total units. Fits xip_encode_options.progress. */
void progress_update(void *user, uint64_t done, uint64_t total);

/* Takes the bar off the screen, before a message or at the end. @user is a struct progress. */
void progress_clear(void *user);

#endif
