/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of ROOM bytes in which a test makes an ELF, and the parser called on it.
 */
#ifndef XIPFS_TESTS_PARSE_ELF_H
#define XIPFS_TESTS_PARSE_ELF_H

#include <check.h>
#include <stdlib.h>

#include "make_elf.h"
#include "xipfs/elf/elf.h"

#define ROOM 65536

static struct xip_arena *arena;
static uint8_t *file;
static struct make_elf made;
static struct xip_elf elf;
static const char *why;

static inline void setup(void)
{
	arena = xip_arena_new();
	file = calloc(1, ROOM);
	ck_assert_ptr_nonnull(arena);
	ck_assert_ptr_nonnull(file);
	memset(&made, 0, sizeof(made));
	why = NULL;
}

static inline void teardown(void)
{
	xip_arena_free(arena);
	free(file);
}

/* Test loops count 0 to 3: bit 0 is the class, bit 1 the byte order. */
static inline void choose(int i)
{
	made.is64 = i & 1;
	made.big = i & 2;
	made.machine = made.is64 ? EM_PPC64 : EM_ARM;
}

static inline enum xip_err parse(size_t size)
{
	/* at the very end of an allocation, so that a sanitizer sees each byte too many */
	uint8_t *tight = malloc(size ? size : 1);
	enum xip_err err;

	ck_assert_ptr_nonnull(tight);
	memcpy(tight, file, size);
	err = xip_elf_parse(arena, tight, size, &elf, &why);
	ck_assert_mem_eq(tight, file, size);
	free(tight);
	return err;
}

#endif
