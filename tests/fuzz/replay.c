/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over every file of a corpus directory, without a fuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;
	int status = 1;

	if (file && !fseek(file, 0, SEEK_END) && (size = ftell(file)) >= 0 &&
		!fseek(file, 0, SEEK_SET)) {
		data = malloc(size ? (size_t)size : 1);
		if (data && fread(data, 1, (size_t)size, file) == (size_t)size) {
			LLVMFuzzerTestOneInput(data, (size_t)size);
			status = 0;
		}
	}
	if (status)
		perror(path);
	free(data);
	if (file)
		fclose(file);
	return status;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	int status = 0;

	for (int i = 1; i < argc; i++) {
		DIR *directory = opendir(argv[i]);
		struct dirent *entry;

		if (!directory) {
			perror(argv[i]);
			return 1;
		}
		while ((entry = readdir(directory))) {
			char path[4096];

			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			status |= replay_file(path);
			count++;
		}
		closedir(directory);
	}
	printf("%u inputs replayed\n", count);
	return status || !count; /* an empty corpus proves nothing */
}
