/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * price FILE...: how long it takes to map each file as a whole. Prints for each "@price FILE NS",
 * in which NS is the time of a thousand times mmap(2), the lower quartile of some rounds:
 * interrupts and kernel threads take time as well, and when the slab allocator fetches more it
 * differs by more than half of what is looked for. In QEMU with -icount shift=0 a nanosecond is an
 * instruction.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define AT_ONCE 200
#define ROUNDS  20

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int price(const char *path)
{
	static void *at[AT_ONCE];
	uint64_t rounds[ROUNDS];
	struct stat status;
	int file = open(path, O_RDONLY);

	if (file < 0 || fstat(file, &status))
		return 8;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = now();

		for (int i = 0; i < AT_ONCE; i++) {
			at[i] = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_EXEC,
				MAP_PRIVATE, file, 0);
			if (at[i] == MAP_FAILED)
				return 8;
		}
		rounds[round] = now() - start;
		for (int i = 0; i < AT_ONCE; i++)
			munmap(at[i], (size_t)status.st_size);
	}
	qsort(rounds, ROUNDS, sizeof(*rounds), compare);
	printf("@price %s %llu\n", path, (unsigned long long)(rounds[ROUNDS / 4] * 1000 / AT_ONCE));
	return 0;
}

int main(int words, char **word)
{
	int result = 0;

	for (int i = 1; i < words; i++)
		result |= price(word[i]);
	return result;
}
