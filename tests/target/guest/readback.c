/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * readback DIRECTORY: prints one line for every entry of a tree, as the kernel shows it:
 *
 *   @r PATH TYPE MODE UID GID SIZE READ MAPPED
 *
 * PATH has everything but graphic ASCII as \xNN; SIZE is the device number for devices and - for
 * directories; READ is the FNV-1a hash of what read(2) or readlink(2) gives, MAPPED of what mmap(2)
 * shows. With an MMU the rest of a mapped file's last page must be zero.
 *
 * It runs in a guest with a stack of 8 KiB, so it keeps directories to visit in a list.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PAGE 4096
/* A no-MMU kernel copies what it cannot map directly; small steps keep that possible. */
#define WINDOW (8 * PAGE)

struct folder {
	struct folder *next;
	char path[];
};

static uint64_t fnv(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash;
}

#define FNV_BEGIN 0xcbf29ce484222325ULL

static void die(const char *what, const char *path)
{
	printf("@error %s: %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void print_name(const char *name)
{
	for (; *name; name++)
		if (*name > ' ' && *name < 127 && *name != '\\')
			putchar(*name);
		else
			printf("\\x%02x", (unsigned char)*name);
}

/* In steps that are no multiple of a block, so that a read crosses blocks at every distance. */
static uint64_t hash_read(const char *path, off_t size)
{
	static char buffer[1021];
	uint64_t hash = FNV_BEGIN;
	off_t total = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die("open", path);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
		hash = fnv(hash, buffer, got);
		total += got;
	}
	if (got < 0 || total != size)
		die("read", path);
	close(fd);
	return hash;
}

static uint64_t hash_mapped(const char *path, off_t size)
{
	uint64_t hash = FNV_BEGIN;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die("open", path);
	for (off_t at = 0; at < size; at += WINDOW) {
		size_t length = size - at < WINDOW ? size - at : WINDOW;
		unsigned char *map = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, at);

		if (map == MAP_FAILED)
			die("mmap", path);
		hash = fnv(hash, map, length);
#ifndef __uClinux__
		for (size_t i = length; i % PAGE; i++)
			if (map[i])
				die("bytes behind the end of the file are not zero", path);
#endif
		munmap(map, length);
	}
	close(fd);
	return hash;
}

static uint64_t hash_link(const char *path, off_t size)
{
	static char target[PAGE];
	ssize_t got = readlink(path, target, sizeof(target));

	if (got != size)
		die("readlink", path);
	return fnv(FNV_BEGIN, target, got);
}

static void print_entry(const char *path, const struct stat *st)
{
	uint64_t read = 0, mapped = 0;
	char type = '?';

	if (S_ISREG(st->st_mode)) {
		type = 'f';
		read = hash_read(path, st->st_size);
		mapped = hash_mapped(path, st->st_size);
	} else if (S_ISLNK(st->st_mode)) {
		type = 'l';
		read = hash_link(path, st->st_size);
	} else if (S_ISDIR(st->st_mode)) {
		type = 'd';
	} else if (S_ISCHR(st->st_mode)) {
		type = 'c';
	} else if (S_ISBLK(st->st_mode)) {
		type = 'b';
	} else if (S_ISFIFO(st->st_mode)) {
		type = 'p';
	} else if (S_ISSOCK(st->st_mode)) {
		type = 's';
	}
	printf("@r ");
	print_name(path);
	printf(" %c %04o %u %u ", type, (unsigned)st->st_mode & 07777, (unsigned)st->st_uid,
		(unsigned)st->st_gid);
	if (type == 'c' || type == 'b')
		printf("%u:%u", (unsigned)major(st->st_rdev), (unsigned)minor(st->st_rdev));
	else if (type == 'd')
		printf("-");
	else
		printf("%lu", (unsigned long)st->st_size);
	printf(" %08lx%08lx %08lx%08lx\n", (unsigned long)(read >> 32),
		(unsigned long)(read & 0xffffffff), (unsigned long)(mapped >> 32),
		(unsigned long)(mapped & 0xffffffff));
}

static void push(struct folder **list, const char *path)
{
	struct folder *folder = malloc(sizeof(*folder) + strlen(path) + 1);

	if (!folder)
		die("malloc", path);
	strcpy(folder->path, path);
	folder->next = *list;
	*list = folder;
}

static void visit(struct folder **list, const char *folder)
{
	static char path[2 * PAGE];
	struct dirent *entry;
	struct stat st;
	DIR *dir = opendir(folder);

	if (!dir)
		die("opendir", folder);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (lstat(path, &st))
			die("lstat", path);
		print_entry(path, &st);
		if (S_ISDIR(st.st_mode))
			push(list, path);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	struct folder *list = NULL, *folder;

	if (argc != 2)
		return 2;
	push(&list, argv[1]);
	while ((folder = list)) {
		list = folder->next;
		visit(&list, folder->path);
		free(folder);
	}
	printf("@readback done %s\n", argv[1]);
	return 0;
}
