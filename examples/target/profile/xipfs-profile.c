/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds out which pages of the programs and libraries of a mounted image are in use, for mkxipfs
 * --xip-profile. It runs on the target, on an image that has everything compressed.
 *
 * Nothing of such an image is in RAM but what somebody touched: cramfs on MTD has no readahead, and
 * fault-around maps only what is in the page cache already. So it is enough to ask mincore(2) what
 * the page cache has of each file, whoever used it and however short. Then posix_fadvise(2) drops
 * what nobody has mapped any more: the count of a page is the number of samples at which it took
 * RAM.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME        "xipfs-profile"
#define EXIT_FAILED 8
#define EXIT_USAGE  16

/* A program or library. */
struct file {
	char *path; /* in the image */
	ino_t inode;
	size_t pages;
	uint32_t *counts;
};

struct recorder {
	const char *root; /* where the image is mounted; "" for / */
	dev_t device;
	ino_t self; /* what records is not part of the product */
	size_t page_size;
	struct file *files;
	size_t count, room;
	char **folders; /* still to be looked into */
	size_t folder_count, folder_room;
	unsigned char *present;
	size_t present_room;
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static void die(const char *format, ...)
{
	va_list list;

	fputs(NAME ": ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	exit(EXIT_FAILED);
}

/* Room for one more entry of @size bytes behind @count of them. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room * 2 + 64;
	array = realloc(array, *room * size);
	if (!array)
		die("out of memory");
	return array;
}

/* --- Samples --------------------------------------------------------------------------------- */

/* Opens @path of the image, for reading; -1 when that cannot be, as for a device that is away. */
static int open_path(const struct recorder *recorder, const char *path)
{
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s%s", recorder->root, path) >= (int)sizeof(name))
		return -1;
	return open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Counts the pages of @file that are in the page cache, and drops those that nobody has mapped. */
static void sample(struct recorder *recorder, struct file *file, int fd)
{
	size_t length = file->pages * recorder->page_size;
	void *map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		die("%s: cannot be mapped: %s", file->path, strerror(errno));
	if (file->pages > recorder->present_room) {
		recorder->present_room = file->pages;
		free(recorder->present);
		recorder->present = malloc(file->pages);
		if (!recorder->present)
			die("out of memory");
	}
	if (mincore(map, length, recorder->present))
		die("%s: mincore: %s", file->path, strerror(errno));
	/* Without it, what the recorder reads itself would be taken for used. */
	if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("%s: posix_fadvise fails; the kernel needs CONFIG_ADVISE_SYSCALLS", file->path);
	munmap(map, length);
	for (size_t i = 0; i < file->pages; i++)
		file->counts[i] += recorder->present[i] & 1;
}

static void sample_all(struct recorder *recorder)
{
	for (size_t i = 0; i < recorder->count; i++) {
		int fd = open_path(recorder, recorder->files[i].path);

		if (fd < 0)
			die("%s: %s", recorder->files[i].path, strerror(errno));
		sample(recorder, &recorder->files[i], fd);
		close(fd);
	}
}

/* --- The files of the image ------------------------------------------------------------------ */

static bool known(const struct recorder *recorder, ino_t inode)
{
	for (size_t i = 0; i < recorder->count; i++)
		if (recorder->files[i].inode == inode)
			return true;
	return false;
}

/*
 * Takes @path as a file when it is a program or library. The first sample comes before its first
 * bytes are read, so that what was used before the recorder began is counted and what it reads is
 * not.
 */
static void add_file(struct recorder *recorder, char *path, const struct stat *status)
{
	struct file file = {.path = path, .inode = status->st_ino};
	int fd = open_path(recorder, path);
	char magic[4];

	file.pages = ((size_t)status->st_size + recorder->page_size - 1) / recorder->page_size;
	file.counts = calloc(file.pages, sizeof(*file.counts));
	if (!file.counts)
		die("out of memory");
	if (fd >= 0)
		sample(recorder, &file, fd);
	if (fd < 0 || pread(fd, magic, sizeof(magic), 0) != (ssize_t)sizeof(magic) ||
		memcmp(magic, "\177ELF", sizeof(magic)) != 0) {
		free(file.counts);
		free(path);
	} else {
		recorder->files = grow(recorder->files, recorder->count, &recorder->room,
			sizeof(*recorder->files));
		recorder->files[recorder->count++] = file;
	}
	if (fd >= 0) {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
}

static void add_entry(struct recorder *recorder, int folder, const char *parent, const char *name)
{
	struct stat status;
	char *path;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) ||
		status.st_dev != recorder->device)
		return;
	if (asprintf(&path, "%s/%s", parent, name) < 0)
		die("out of memory");
	if (S_ISDIR(status.st_mode)) {
		recorder->folders = grow(recorder->folders, recorder->folder_count,
			&recorder->folder_room, sizeof(*recorder->folders));
		recorder->folders[recorder->folder_count++] = path;
	} else if (S_ISREG(status.st_mode) && status.st_size > 0 &&
		   status.st_ino != recorder->self && !strchr(path, '\n') &&
		   !known(recorder, status.st_ino)) {
		add_file(recorder, path, &status);
	} else {
		free(path);
	}
}

/* Folder by folder, in one file system. */
static void find_files(struct recorder *recorder)
{
	recorder->folders = grow(NULL, 0, &recorder->folder_room, sizeof(*recorder->folders));
	recorder->folders[recorder->folder_count++] = strdup("");
	while (recorder->folder_count) {
		char *path = recorder->folders[--recorder->folder_count];
		int fd = open_path(recorder, *path ? path : "/");
		DIR *folder = fd < 0 ? NULL : fdopendir(fd);
		const struct dirent *entry;

		while (folder && (entry = readdir(folder)))
			add_entry(recorder, dirfd(folder), path, entry->d_name);
		if (folder)
			closedir(folder);
		free(path);
	}
	if (!recorder->count)
		die("%s/: no programs there", recorder->root);
}

/* --- The profile ----------------------------------------------------------------------------- */

static void print_path(FILE *out, const char *path)
{
	if (!strpbrk(path, ",\"")) {
		fputs(path, out);
		return;
	}
	fputc('"', out);
	for (; *path; path++) {
		if (*path == '"')
			fputc('"', out);
		fputc(*path, out);
	}
	fputc('"', out);
}

static void print_profile(const struct recorder *recorder, const char *name)
{
	FILE *out = name ? fopen(name, "w") : stdout;

	if (!out)
		die("%s: %s", name, strerror(errno));
	fputs("path,page,count\n", out);
	for (size_t i = 0; i < recorder->count; i++) {
		const struct file *file = &recorder->files[i];

		for (size_t page = 0; page < file->pages; page++) {
			if (!file->counts[page])
				continue;
			print_path(out, file->path);
			fprintf(out, ",%zu,%u\n", page, file->counts[page]);
		}
	}
	if (fflush(out) || ferror(out))
		die("%s: cannot be written", name ? name : "standard output");
}

static void usage(FILE *out)
{
	fputs("Usage: " NAME " [-i MILLISECONDS] [-o FILE] [-r DIRECTORY]\n"
	      "Records which pages of the programs of an image are in use, until it gets SIGTERM "
	      "or\n"
	      "SIGINT; then it writes the profile for mkxipfs --xip-profile. The image must have\n"
	      "everything compressed. To join profiles, put one behind the other.\n"
	      "\n"
	      "  -i MILLISECONDS  between two samples (1000)\n"
	      "  -o FILE          where the profile goes (standard output)\n"
	      "  -r DIRECTORY     where the image is mounted (/)\n",
		out);
}

int main(int argc, char **argv)
{
	struct recorder recorder = {.root = "", .page_size = (size_t)sysconf(_SC_PAGESIZE)};
	struct sigaction action = {.sa_handler = stop};
	struct timespec wait = {.tv_sec = 1};
	const char *output = NULL;
	struct stat status;
	int option;

	while ((option = getopt(argc, argv, "hi:o:r:")) != -1) {
		char *end = "";
		unsigned long value = option == 'i' ? strtoul(optarg, &end, 10) : 1;

		if (option == 'h') {
			usage(stdout);
			return 0;
		}
		if (option == '?' || *end || !value) {
			usage(stderr);
			return EXIT_USAGE;
		}
		if (option == 'i') {
			wait.tv_sec = (time_t)(value / 1000);
			wait.tv_nsec = (long)(value % 1000) * 1000000;
		} else if (option == 'o') {
			output = optarg;
		} else if (strcmp(optarg, "/") != 0) {
			recorder.root = optarg;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (stat(*recorder.root ? recorder.root : "/", &status))
		die("%s: %s", recorder.root, strerror(errno));
	recorder.device = status.st_dev;
	if (stat("/proc/self/exe", &status) == 0 && status.st_dev == recorder.device)
		recorder.self = status.st_ino;
	find_files(&recorder);
	while (!stopped) {
		nanosleep(&wait, NULL);
		sample_all(&recorder);
	}
	print_profile(&recorder, output);
	return 0;
}
