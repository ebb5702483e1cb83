/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What zopfli itself makes of files in blocks of 4096 bytes: the sum of the sizes of the streams,
 * of each content that is not all zeros once, as mkxipfs stores them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zopfli.h>

#define BLOCK      4096
#define BLOCKS_MAX 100000

static unsigned char blocks[BLOCKS_MAX][BLOCK];
static size_t lengths[BLOCKS_MAX], count;

static int is_new(void)
{
	static const unsigned char zeros[BLOCK];

	for (size_t i = 0; i < count; i++)
		if (lengths[i] == lengths[count] && !memcmp(blocks[i], blocks[count], lengths[i]))
			return 0;
	return memcmp(blocks[count], zeros, lengths[count]) != 0;
}

static size_t compressed_size(void)
{
	unsigned char *stream = NULL;
	ZopfliOptions options;
	size_t size = 0;

	ZopfliInitOptions(&options);
	ZopfliCompress(&options, ZOPFLI_FORMAT_ZLIB, blocks[count], lengths[count], &stream, &size);
	free(stream);
	return size < lengths[count] ? size : lengths[count];
}

int main(int argc, char **argv)
{
	size_t total = 0;

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");

		if (!file)
			return 1;
		while (count < BLOCKS_MAX &&
			(lengths[count] = fread(blocks[count], 1, BLOCK, file)) > 0) {
			if (!is_new())
				continue;
			total += compressed_size();
			count++;
		}
		fclose(file);
	}
	printf("%zu\n", total);
	return 0;
}
