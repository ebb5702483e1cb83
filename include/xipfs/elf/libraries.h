/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which interpreter and shared objects a program maps, found in a root file system as the dynamic
 * loaders of glibc, musl and uClibc-ng find them. The root may be a tree that becomes an image, or
 * an image: the caller provides a view of it. LD_LIBRARY_PATH, LD_PRELOAD, dlopen(), the cache of
 * ldconfig(8) and /etc/ld-musl-*.path are not looked at.
 *
 * Sources: glibc elf/dl-load.c _dl_map_object(); musl ldso/dynlink.c load_library(); uClibc-ng
 * ldso/ldso/dl-elf.c _dl_load_shared_library(). xipfs(5) says what is searched where.
 */
#ifndef XIPFS_LIBRARIES_H
#define XIPFS_LIBRARIES_H

#include <stdbool.h>
#include <stddef.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/err.h"
#include "xipfs/elf/elf.h"

#define XIP_ROOT_PATH_MAX 4096 /* bytes of a path with its NUL */

/* A root file system. Its ELF files are objects, numbered from 0 in whatever order. */
struct xip_root {
	void *user;
	size_t object_count;
	/*
	 * The object at @path, symlinks followed inside the root: *@object, SIZE_MAX when there is
	 * none. @real gets its path without symlinks, XIP_ROOT_PATH_MAX bytes with the NUL.
	 */
	enum xip_err (*find)(void *user, const char *path, size_t *object, char *real);
	/* The headers of an object; NULL: it is not an ELF file. */
	const struct xip_elf *(*elf)(void *user, size_t object);
	/* A path of the object, malloc'ed; NULL: memory ran out. */
	char *(*path)(void *user, size_t object);
};

/* No real program comes near these. Anything beyond them counts as missing. */
#define XIP_CLOSURE_MAX 256

/* What one program maps. */
struct xip_closure {
	size_t objects[XIP_CLOSURE_MAX]; /* itself, its interpreter, then breadth first */
	size_t object_count;
	size_t interpreter;                   /* one of them; SIZE_MAX: none, or not there */
	const char *missing[XIP_CLOSURE_MAX]; /* names, owned by the headers */
	size_t missing_count;
	bool complete; /* nothing is missing */
};

struct xip_libraries;

/*
 * A search in @root, of which it keeps a copy. Lives in @arena. NULL: memory ran out. The work of
 * all searches together is bounded; what is not found within that bound counts as missing.
 */
struct xip_libraries *xip_libraries_new(struct xip_arena *arena, const struct xip_root *root);

/* Fills in *@closure for program @program. XIP_ERR_NOMEM, or what the view's functions return. */
XIP_MUST_CHECK enum xip_err xip_libraries_gather(
	struct xip_libraries *libraries, size_t program, struct xip_closure *closure);

/*
 * True for what exec() starts, if it is executable; not for a shared object, which has a name of
 * its own (libc.so.6 has an interpreter, too).
 */
bool xip_elf_is_program(const struct xip_elf *elf);

#endif
