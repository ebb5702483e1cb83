/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Says the same whenever it runs, by means of all that a loader must get right: constants, data,
 * bss, pointers to each, a constructor, arguments, the C library.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"text", "data", "bss"};
static int numbers[3000] = {3, 1, 2};
static char zeros[5000];
static int (*compare)(const char *, const char *) = strcmp;
static int constructed;

__attribute__((constructor)) static void construct(void)
{
	constructed = 42;
}

int main(int argc, char **argv)
{
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sum = sum * 31 + (unsigned)numbers[i];
	for (size_t i = 0; i < sizeof(zeros); i++)
		sum += (unsigned char)zeros[i];
	for (int i = 1; i < argc; i++)
		printf("argument %d %s %d\n", i, argv[i], compare(argv[i], words[0]) == 0);
	printf("%s %s %s %u %d %ld\n", words[0], words[1], words[2], sum, constructed,
		strtol("123456", NULL, 10));
	return 0;
}
