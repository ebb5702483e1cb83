/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages FILE LAYOUT: maps a file of which some pages are in place, and does with the mapping what
 * programs do. Byte i of the file is what content() says. LAYOUT has a letter for each page: 1 in
 * place, 0 in the page cache, x outside the image. Prints a line for each test: "@ok NAME" or "@bad
 * NAME: WHY".
 */
#define _GNU_SOURCE
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
		if ((present[i] & 1) != (layout[i] == '1'))
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

	at = mremap(at, half * PAGE, length, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		return bad("mremap: %s", strerror(errno));
	if (smaps(at, "InPlace:") != (long)(4 * count(0, half - 1)))
		return bad("in place %ld", smaps(at, "InPlace:"));
	if (!same(at, 0, pages - 1) || !write_each(at, 0, pages - 1))
		return 0;
	at = mremap(at, length, 3 * PAGE, 0);
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
	if (madvise(at + 5 * PAGE, (pages - 5) * PAGE, MADV_DONTNEED))
		return bad("madvise: %s", strerror(errno));
	return same(at + 5 * PAGE, 5, pages - 1) && !munmap(at, length);
}

static int test_populate(void)
{
	unsigned char *at = map(length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, 0);
	unsigned char present[pages];

	mincore(at, length, present);
	for (unsigned int i = 0; i < pages; i++)
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

static int poke(pid_t child, unsigned char *at, unsigned int first, unsigned int last, int *failed)
{
	*failed = 0;
	for (unsigned int i = first; i <= last; i++) {
		long *word = (long *)(at + (i - first) * PAGE + 64), have, want;
		unsigned char *bytes = (unsigned char *)&want;

		for (size_t k = 0; k < sizeof(long); k++)
			bytes[k] = content(i * PAGE + 64 + k);
		errno = 0;
		have = ptrace(PTRACE_PEEKTEXT, child, word, NULL);
		if (errno || have != want)
			return bad(
				"page %u reads %#lx, not %#lx: %s", i, have, want, strerror(errno));
		if (ptrace(PTRACE_POKETEXT, child, word, (void *)~want))
			*failed += 1;
	}
	return 1;
}

/*
 * The child stops, the parent reads a word of each page and inverts it; then the child looks. What
 * the parent has at the same addresses must not matter.
 */
static int debug(unsigned int first, unsigned int last, int *failed)
{
	size_t bytes = (last - first + 1) * PAGE;
	unsigned char *at = map(bytes, PROT_READ, MAP_PRIVATE, first);
	pid_t child = fork();
	int status, good;

	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (size_t i = 0; i < bytes; i++) {
			size_t in = i % PAGE;
			unsigned char want =
				i + first * PAGE < size ? content(i + first * PAGE) : 0;

			if (in >= 64 && in < 64 + sizeof(long) && !*failed)
				want = (unsigned char)~want;
			if (at[i] != want)
				_exit(1);
		}
		_exit(0);
	}
	mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(at, 0xaa, bytes);
	waitpid(child, &status, 0);
	good = poke(child, at, first, last, failed);
	if (*failed) /* the child must know */
		ptrace(PTRACE_POKEDATA, child, failed, (void *)1L);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	waitpid(child, &status, 0);
	munmap(at, bytes);
	return good && (status == 0 || bad("the child saw other bytes: %#x", status));
}

static int test_debugger(void)
{
	static int failed;

	return debug(0, pages - 1, &failed) && (!failed || bad("%d pokes failed", failed));
}

/* A mapping that is in place as a whole can be read, not written to, as without the patches. */
static int test_debugger_whole(void)
{
	static int failed;
	const char *run = strstr(layout, "111");
	unsigned int first = (unsigned int)(run - layout);

	if (!run)
		return bad("there are no three pages in place");
	return debug(first, first + 1, &failed) && (failed == 2 || bad("%d pokes failed", failed));
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
