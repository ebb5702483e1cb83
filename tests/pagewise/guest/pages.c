/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages FILE LAYOUT: maps a file of which some pages are in place, and does with the mapping what
 * programs do. Byte i of the file is what content() says. LAYOUT has a letter for each page: 1 in
 * place, 0 in the page cache, x outside the image. Prints a line for each test: "@ok NAME" or "@bad
 * NAME: WHY".
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* addresses are offsets in /proc/PID/mem */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

static const char *layout;
static int file;
static size_t size, length;
static unsigned int pages;
static int whole; /* the file is in place with all its pages: that is another kind of mapping */
static char why[200];
static sigjmp_buf back;

static unsigned char content(size_t at)
{
	return (unsigned char)((at >> 12) * 7 + (at >> 4) + at * 13);
}

static int bad(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(why, sizeof(why), format, list);
	va_end(list);
	return 0;
}

static unsigned char *map(size_t bytes, int protection, int flags, unsigned int page)
{
	return mmap(NULL, bytes, protection, flags, file, (off_t)(page * PAGE));
}

/* Pages `first` to `last` of the file are at `at`, but for the byte `other` of each. */
static int same_but(const unsigned char *at, unsigned int first, unsigned int last, size_t other)
{
	for (size_t i = first * PAGE; i < (last + 1) * PAGE; i++) {
		unsigned char want = i < size ? content(i) : 0;

		if (i % PAGE != other && at[i - first * PAGE] != want)
			return bad("byte %zu is %u, not %u", i, at[i - first * PAGE], want);
	}
	return 1;
}

static int same(const unsigned char *at, unsigned int first, unsigned int last)
{
	return same_but(at, first, last, PAGE);
}

/* What smaps says of the mapping at `at`, in KiB. */
static long smaps(const void *at, const char *what)
{
	unsigned long start, end;
	char line[256];
	long value = -1;
	int inside = 0;
	FILE *maps = fopen("/proc/self/smaps", "r");

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (unsigned long)at >= start && (unsigned long)at < end;
		else if (inside && strncmp(line, what, strlen(what)) == 0)
			value = atol(line + strlen(what));
	}
	if (maps)
		fclose(maps);
	return value;
}

static unsigned int count(unsigned int first, unsigned int last)
{
	unsigned int sum = 0;

	for (unsigned int i = first; i <= last; i++)
		sum += layout[i] == '1';
	return sum;
}

/* Before anything else: nothing of the file is in the page cache. */
static int test_present(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_PRIVATE, 0);
	unsigned char present[pages];

	if (mincore(at, length, present))
		return bad("mincore: %s", strerror(errno));
	for (unsigned int i = 0; i < pages; i++)
		/* of a mapping that is wholly of raw pages Linux 6.12 asks the page cache, 7.3 does
		 * not */
		if (!whole && (present[i] & 1) != (layout[i] == '1'))
			return bad("page %u is %spresent", i, present[i] & 1 ? "" : "not ");
	if (smaps(at, "InPlace:") != (long)(4 * count(0, pages - 1)))
		return bad("smaps says %ld KiB in place", smaps(at, "InPlace:"));
	return munmap(at, length) == 0;
}

static int test_read_faults(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_PRIVATE, 0);

	if (!same(at, 0, pages - 1))
		return 0;
	if (smaps(at, "InPlace:") != (long)(4 * count(0, pages - 1)) ||
		smaps(at, "Rss:") != (long)(4 * (pages - count(0, pages - 1))))
		return bad("in place %ld, Rss %ld", smaps(at, "InPlace:"), smaps(at, "Rss:"));
	return munmap(at, length) == 0;
}

static int test_read(void)
{
	unsigned char buffer[1000];
	size_t done = 0;
	ssize_t got;

	lseek(file, 0, SEEK_SET);
	while ((got = read(file, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < got; i++, done++)
			if (buffer[i] != content(done))
				return bad("byte %zu", done);
	return done == size || bad("%zu bytes", done);
}

/* Writes one byte to each page; another mapping must not see it. */
static int write_each(unsigned char *at, unsigned int first, unsigned int last)
{
	unsigned char *other = map(length, PROT_READ, MAP_PRIVATE, 0);

	if (mprotect(at, (last - first + 1) * PAGE, PROT_READ | PROT_WRITE))
		return bad("mprotect: %s", strerror(errno));
	for (unsigned int i = first; i <= last; i++)
		at[(i - first) * PAGE + 50] = 77;
	for (unsigned int i = first; i <= last; i++)
		if (at[(i - first) * PAGE + 50] != 77)
			return bad("what was written to page %u is gone", i);
	return same_but(at, first, last, 50) && same(other, 0, pages - 1) && !munmap(other, length);
}

static int test_write(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_PRIVATE, 0);
	long anonymous;

	if (!write_each(at, 0, pages - 1))
		return 0;
	anonymous = smaps(at, "Anonymous:");
	if (smaps(at, "InPlace:") > 0 || anonymous != (long)(4 * pages))
		return bad("in place %ld, anonymous %ld", smaps(at, "InPlace:"), anonymous);
	return munmap(at, length) == 0;
}

static int test_write_mapping(void)
{
	unsigned char *at = map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);

	return same(at, 0, pages - 1) && write_each(at, 0, pages - 1) && !munmap(at, length);
}

static int test_mremap(void)
{
	unsigned int half = pages / 2;
	unsigned char *at = map(half * PAGE, PROT_READ, MAP_PRIVATE, 0);
	unsigned char *wall =
		mmap(at + half * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int after = whole ? half : pages;

	/* A mapping that is in place as a whole moves, but does not grow. */
	if (whole && mremap(at, half * PAGE, length, MREMAP_MAYMOVE) != MAP_FAILED)
		return bad("it grows");
	if (whole)
		at = mremap(at, half * PAGE, half * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			wall + 64 * PAGE);
	else
		at = mremap(at, half * PAGE, length, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		return bad("mremap: %s", strerror(errno));
	if (smaps(at, "InPlace:") != (long)(4 * count(0, half - 1)))
		return bad("in place %ld", smaps(at, "InPlace:"));
	if (!same(at, 0, after - 1) || !write_each(at, 0, after - 1))
		return 0;
	at = mremap(at, after * PAGE, 3 * PAGE, 0);
	munmap(wall, PAGE);
	return same_but(at, 0, 2, 50) && !munmap(at, 3 * PAGE);
}

static int test_fork(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_PRIVATE, 0);
	pid_t child;
	int status;

	if (!same(at, 0, pages / 3))
		return 0;
	child = fork();
	if (child == 0)
		_exit(!same(at, 0, pages - 1) || !write_each(at, 0, pages - 1) ||
			!same_but(at, 0, pages - 1, 50));
	if (waitpid(child, &status, 0) != child || status)
		return bad("the child ended with %#x", status);
	/* and the copies of the parent stay the child's as well */
	if (!same(at, 0, pages - 1) || !write_each(at, 0, pages - 1))
		return 0;
	child = fork();
	if (child == 0)
		_exit(!same_but(at, 0, pages - 1, 50));
	if (waitpid(child, &status, 0) != child || status)
		return bad("the second child ended with %#x", status);
	return munmap(at, length) == 0;
}

static int test_pieces(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_PRIVATE, 0);

	if (munmap(at + 2 * PAGE, 3 * PAGE))
		return bad("munmap: %s", strerror(errno));
	if (!same(at, 0, 1) || !same(at + 5 * PAGE, 5, pages - 1))
		return 0;
	if (madvise(at + 5 * PAGE, (pages - 5) * PAGE, MADV_DONTNEED) != (whole ? -1 : 0))
		return bad("madvise: %s", strerror(errno));
	return same(at + 5 * PAGE, 5, pages - 1) && !munmap(at, length);
}

static int test_populate(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, 0);
	unsigned char present[pages];

	mincore(at, length, present);
	for (unsigned int i = 0; i < pages && !whole; i++)
		if (!(present[i] & 1))
			return bad("page %u is not present", i);
	if (mlock(at, length))
		return bad("mlock: %s", strerror(errno));
	return same(at, 0, pages - 1) && !munmap(at, length);
}

static int test_shared(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_SHARED, 0);

	if (!mprotect(at, length, PROT_READ | PROT_WRITE))
		return bad("a shared mapping can be written to");
	return same(at, 0, pages - 1) && !munmap(at, length);
}

static void on_signal(int number)
{
	siglongjmp(back, number);
}

/* Where there is no page of the file, a mapping that reaches beyond it has none either. */
static int test_beyond(void)
{
	unsigned char *at = map(length + 2 * PAGE, PROT_READ, MAP_PRIVATE, 0);
	int number = sigsetjmp(back, 1);

	if (number)
		return number == SIGBUS || bad("signal %d", number);
	if (!same(at, 0, pages - 1))
		return 0;
	return bad("byte %u behind the file", ((volatile unsigned char *)at)[length]);
}

/* Each page once as the first of a mapping of two. */
static int test_offsets(void)
{
	for (unsigned int i = 0; i + 1 < pages; i++) {
		unsigned char *at = map(2 * PAGE, PROT_READ, MAP_PRIVATE, i);

		if (!same(at, i, i + 1))
			return 0;
		if (smaps(at, "InPlace:") != (long)(4 * count(i, i + 1)))
			return bad("in place %ld at page %u", smaps(at, "InPlace:"), i);
		if (!write_each(at, i, i + 1))
			return 0;
		munmap(at, 2 * PAGE);
	}
	return 1;
}

/* A debugger writes to every other page: a word, and a byte elsewhere in it. */
#define WORD 64
#define BYTE 2000

static int is_poked(size_t at, int refused)
{
	size_t in = at % PAGE;

	return !refused && at / PAGE % 2 == 0 &&
	       ((in >= WORD && in < WORD + sizeof(long)) || in == BYTE);
}

/* Pages of the file as the process has them that is debugged. */
static int same_poked(const unsigned char *at, unsigned int first, unsigned int last, int refused)
{
	for (size_t i = 0; i < (last - first + 1) * PAGE; i++) {
		size_t in_file = i + first * PAGE;
		unsigned char want = in_file < size ? content(in_file) : 0;

		if (is_poked(i, refused))
			want = (unsigned char)~want;
		if (at[i] != want)
			return bad("byte %zu is %u, not %u", in_file, at[i], want);
	}
	return 1;
}

static int peek(pid_t child, unsigned char *at, long want)
{
	long have;

	errno = 0;
	have = ptrace(PTRACE_PEEKTEXT, child, at, NULL);
	return (!errno && have == want) ||
	       bad("%p reads %#lx, not %#lx: %s", at, have, want, strerror(errno));
}

/* What a debugger does, by both ways that there are. */
static int poke(pid_t child, unsigned char *at, unsigned int first, unsigned int last, int refused)
{
	size_t bytes = (last - first + 1) * PAGE;
	unsigned char *copy = malloc(bytes);
	char path[40];
	int memory, good = 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)child);
	memory = open(path, O_RDWR);
	for (size_t page = 0; page < bytes; page += 2 * PAGE) {
		size_t in_file = first * PAGE + page;
		unsigned char byte = in_file + BYTE < size ? ~content(in_file + BYTE) : 255;
		unsigned char word[sizeof(long)];
		long value;

		for (size_t k = 0; k < sizeof(word); k++)
			word[k] = content(in_file + WORD + k);
		memcpy(&value, word, sizeof(value));
		if (!peek(child, at + page + WORD, value))
			goto out;
		if ((ptrace(PTRACE_POKETEXT, child, at + page + WORD, (void *)~value) == 0) ==
			refused) {
			bad("page %zu: a word %s", page / PAGE,
				refused ? "is taken" : strerror(errno));
			goto out;
		}
		if ((pwrite(memory, &byte, 1, (off_t)(uintptr_t)(at + page + BYTE)) == 1) ==
			refused) {
			bad("page %zu: a byte %s", page / PAGE,
				refused ? "is taken" : strerror(errno));
			goto out;
		}
		if (!peek(child, at + page + WORD, refused ? value : ~value))
			goto out;
	}
	good = pread(memory, copy, bytes, (off_t)(uintptr_t)at) == (ssize_t)bytes ||
	       bad("mem: %s", strerror(errno));
	good = good && same_poked(copy, first, last, refused);
out:
	close(memory);
	free(copy);
	return good;
}

/*
 * The child stops, the parent writes to it; then the child looks, and its child. What the parent
 * has at the same addresses must not matter. Nobody else sees what was written, and pages that were
 * not written to are where they were.
 */
static int debug(unsigned int first, unsigned int last, int flags)
{
	size_t bytes = (last - first + 1) * PAGE;
	unsigned char *at = map(bytes, PROT_READ, flags, first);
	unsigned char *other = map(bytes, PROT_READ, flags, first);
	int status, good, refused = flags == MAP_SHARED;
	pid_t child = fork();

	if (child == 0) {
		unsigned int in_place = 0;

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (unsigned int i = first; i <= last; i++)
			in_place += layout[i] == '1' && (refused || (i - first) % 2);
		if (!same_poked(at, first, last, refused))
			_exit(1);
		if (smaps(at, "InPlace:") != (long)(4 * in_place))
			_exit(2);
		if (smaps(at, "Anonymous:") != (refused ? 0 : (long)(4 * ((last - first) / 2 + 1))))
			_exit(3);
		if (!same(other, first, last))
			_exit(4);
		child = fork();
		if (child == 0)
			_exit(!same_poked(at, first, last, refused));
		_exit(waitpid(child, &status, 0) != child || status ? 5 : 0);
	}
	mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(at, 0xaa, bytes);
	waitpid(child, &status, 0);
	good = poke(child, at, first, last, refused);
	ptrace(PTRACE_DETACH, child, NULL, NULL);
	waitpid(child, &status, 0);
	good = good && same(other, first, last);
	munmap(at, bytes);
	munmap(other, bytes);
	return good && (status == 0 || bad("the child saw something else: %#x", status));
}

static int test_debugger(void)
{
	return debug(0, pages - 1, MAP_PRIVATE);
}

/* Two pages that are a mapping which is in place as a whole. */
static int test_debugger_whole(void)
{
	const char *run = strstr(layout, "111");
	unsigned int first = (unsigned int)(run - layout);

	if (!run)
		return bad("there are no three pages in place");
	return debug(first, first + 1, MAP_PRIVATE);
}

/* Of a shared mapping nobody may have a copy. */
static int test_debugger_shared(void)
{
	return debug(0, pages - 1, MAP_SHARED);
}

/* A block that lies outside the image: that page is a bus error, its neighbours are not. */
static int test_hostile(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_PRIVATE, 0);
	volatile unsigned int page;

	if (smaps(at, "InPlace:") != (long)(4 * count(0, pages - 1)))
		return bad("smaps says %ld KiB in place", smaps(at, "InPlace:"));
	for (page = 0; page < pages; page++) {
		int number = sigsetjmp(back, 1);

		if (number && layout[page] != 'x')
			return bad("signal %d at page %u", number, page);
		if (number)
			continue;
		if (!same(at + page * PAGE, page, page))
			return 0;
		if (layout[page] == 'x')
			return bad("page %u can be read", page);
	}
	return munmap(at, length) == 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} tests[] = {
	{"present pages before any fault", test_present},
	{"read faults beside present pages", test_read_faults},
	{"read", test_read},
	{"write faults after mprotect copy", test_write},
	{"a writable mapping", test_write_mapping},
	{"mremap", test_mremap},
	{"fork", test_fork},
	{"munmap and madvise of a part", test_pieces},
	{"populate and mlock", test_populate},
	{"a shared mapping", test_shared},
	{"a mapping beyond the file", test_beyond},
	{"mappings of two pages", test_offsets},
	{"a debugger's words", test_debugger},
	{"a debugger, all in place", test_debugger_whole},
	{"a debugger, a shared mapping", test_debugger_shared},
};

static void result(const char *name, int good)
{
	if (good)
		printf("@ok %s\n", name);
	else
		printf("@bad %s: %s\n", name, why);
}

int main(int count_of_words, char **words)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct stat status;

	if (count_of_words != 3)
		return 16;
	file = open(words[1], O_RDONLY);
	layout = words[2];
	pages = (unsigned int)strlen(layout);
	if (file < 0 || fstat(file, &status))
		return 8;
	size = (size_t)status.st_size;
	length = pages * PAGE;
	whole = strspn(layout, "1") == pages;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGBUS, &action, NULL);
	if (strchr(layout, 'x')) {
		result("pages outside the image", test_hostile());
		return 0;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		result(tests[i].name, tests[i].run());
	return 0;
}
