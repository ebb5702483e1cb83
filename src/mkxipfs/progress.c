/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 500
#define REDRAW_MS   100
#define BAR_WIDTH   40

static uint64_t now_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		return 0;
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, bool wanted)
{
	*progress = (struct progress){.enabled = wanted && isatty(STDERR_FILENO), .label = ""};
	progress->begun = now_ms();
}

void progress_stage(struct progress *progress, const char *label)
{
	progress->label = label;
}

void progress_update(void *user, uint64_t done, uint64_t total)
{
	struct progress *progress = user;
	char bar[BAR_WIDTH + 1];
	uint64_t now;
	size_t filled;

	if (!progress->enabled || !total)
		return;
	now = now_ms();
	if (now - progress->begun < PATIENCE_MS || now - progress->drawn < REDRAW_MS)
		return;
	filled = (size_t)(done * BAR_WIDTH / total);
	memset(bar, '-', BAR_WIDTH);
	memset(bar, '#', filled);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r%-12s [%s] %3u %%", progress->label, bar,
		(unsigned)(done * 100 / total));
	fflush(stderr);
	progress->drawn = now;
	progress->shown = true;
}

void progress_clear(void *user)
{
	struct progress *progress = user;

	if (!progress->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->shown = false;
}
