// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the kernel give up all that it only remembers: asks for pieces of 128 KiB, as tables of
 * pipes, until there is none. Before it says so the kernel has freed every cache. A pipe's table is
 * the one large piece that it refuses without a word.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int ends[2], pieces;

	for (pieces = 0; pieces < 100; pieces++) {
		if (pipe(ends) < 0)
			break;
		if (fcntl(ends[1], F_SETPIPE_SZ, 16 << 20) < 0)
			break;
	}
	printf("%d pieces of 128 KiB were free\n", pieces);
	return 0;
}
