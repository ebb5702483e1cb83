/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/elf/libraries.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bounds on the work that hostile programs can cause: names of one object, look-ups in all. */
#define NEEDED_MAX  256
#define LOOKUPS_MAX ((uint64_t)1 << 20)

enum flavour {
	GLIBC,
	MUSL,
	UCLIBC,
};

/*
 * What the needed names of one object lead to in processes with this interpreter, when it does not
 * depend on what else is in them.
 */
struct memo {
	size_t *found; /* one a name; SIZE_MAX: missing, NOT_YET; NULL: nothing is remembered */
	size_t interpreter;
};

#define NOT_YET (SIZE_MAX - 1)

struct xip_libraries {
	struct xip_root root;
	uint64_t lookups;
	struct memo *memos; /* one an object */
	struct xip_arena *arena;
};

/* The search for one program. */
struct search {
	struct xip_libraries *libraries;
	struct xip_closure *closure;
	size_t parent[XIP_CLOSURE_MAX];     /* index in the closure of who needed it first */
	const char *names[XIP_CLOSURE_MAX]; /* by which it was needed; NULL: the program */
	enum flavour flavour;
	const char *interpreter;      /* name as in the program, NULL: none */
	char real[XIP_ROOT_PATH_MAX]; /* where the interpreter really lies, "" unknown */
	char multiarch[64];           /* "arm-linux-gnueabihf", "" none */
};

bool xip_elf_is_program(const struct xip_elf *elf)
{
	return elf->type == ET_EXEC || elf->pie || (elf->interpreter && !elf->soname);
}

struct xip_libraries *xip_libraries_new(struct xip_arena *arena, const struct xip_root *root)
{
	struct xip_libraries *libraries = xip_arena_calloc(arena, 1, sizeof(*libraries));

	if (!libraries)
		return NULL;
	libraries->root = *root;
	libraries->arena = arena;
	libraries->memos = xip_arena_calloc(arena, root->object_count, sizeof(*libraries->memos));
	return libraries->memos ? libraries : NULL;
}

static const struct xip_elf *elf_of(const struct xip_libraries *libraries, size_t object)
{
	return libraries->root.elf(libraries->root.user, object);
}

static enum xip_err look_up(
	struct xip_libraries *libraries, const char *path, size_t *object, char *real)
{
	*object = SIZE_MAX;
	if (libraries->lookups++ >= LOOKUPS_MAX)
		return XIP_OK;
	return libraries->root.find(libraries->root.user, path, object, real);
}

/* --- Where to look ---------------------------------------------------------------------------- */

/* Debian's names of folders, by the dynamic loader's file; glibc has its own built in. */
static const struct {
	const char *loader, *folder;
} debian[] = {
	{"ld-linux-armhf.so.3", "arm-linux-gnueabihf"},
	{"ld-linux.so.3", "arm-linux-gnueabi"},
	{"ld-linux-aarch64.so.1", "aarch64-linux-gnu"},
	{"ld-linux-x86-64.so.2", "x86_64-linux-gnu"},
	{"ld-linux.so.2", "i386-linux-gnu"},
	{"ld-linux-riscv64-lp64d.so.1", "riscv64-linux-gnu"},
	{"ld64.so.2", "powerpc64le-linux-gnu"},
	{"ld64.so.1", "s390x-linux-gnu"},
};

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Bytes of @path before its last slash: "/lib" of "/lib/libc.so", nothing of "/init". */
static int folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash - path) : 0;
}

/* The folder that /lib and /usr/lib have for the machine, if the interpreter tells which. */
static void find_multiarch(struct search *search)
{
	const char *end = strrchr(search->real, '/'), *begin = end;

	while (begin && begin > search->real && begin[-1] != '/')
		begin--;
	if (begin && (size_t)(end - begin) < sizeof(search->multiarch)) {
		snprintf(search->multiarch, sizeof(search->multiarch), "%.*s", (int)(end - begin),
			begin);
		if (strstr(search->multiarch, "-linux-"))
			return;
	}
	search->multiarch[0] = '\0';
	for (size_t i = 0; i < sizeof(debian) / sizeof(*debian); i++)
		if (!strcmp(file_name(search->interpreter), debian[i].loader))
			strcpy(search->multiarch, debian[i].folder);
}

static enum xip_err find_interpreter(
	struct search *search, const struct xip_elf *elf, size_t *interpreter)
{
	enum xip_err err;

	*interpreter = SIZE_MAX;
	if (!elf->interpreter)
		return XIP_OK;
	search->interpreter = elf->interpreter;
	if (!strncmp(file_name(elf->interpreter), "ld-musl-", 8))
		search->flavour = MUSL;
	else if (strstr(file_name(elf->interpreter), "uClibc"))
		search->flavour = UCLIBC;
	err = look_up(search->libraries, elf->interpreter, interpreter, search->real);
	if (*interpreter == SIZE_MAX)
		search->real[0] = '\0';
	if (search->flavour == GLIBC)
		find_multiarch(search);
	return err;
}

/* What open_verify() of the dynamic loader takes: an object of the user's own kind. */
static bool is_compatible(const struct xip_elf *elf, const struct xip_elf *user)
{
	return elf && elf->type == ET_DYN && elf->is64 == user->is64 && elf->big == user->big &&
	       elf->machine == user->machine && elf->fdpic == user->fdpic;
}

/* The object at @path if @user can be linked with it. */
static enum xip_err try_path(
	struct search *search, const struct xip_elf *user, const char *path, size_t *object)
{
	char real[XIP_ROOT_PATH_MAX];
	enum xip_err err = look_up(search->libraries, path, object, real);

	if (!err && *object != SIZE_MAX && !is_compatible(elf_of(search->libraries, *object), user))
		*object = SIZE_MAX;
	return err;
}

/* @name in @folder, which may be printed from parts. */
static enum xip_err try_folder(struct search *search, const struct xip_elf *user,
	const char *folder, const char *below, const char *name, size_t *object)
{
	char path[XIP_ROOT_PATH_MAX];
	int length =
		snprintf(path, sizeof(path), "%s/%s%s%s", folder, below, *below ? "/" : "", name);

	*object = SIZE_MAX;
	if (length < 0 || (size_t)length >= sizeof(path))
		return XIP_OK;
	return try_path(search, user, path, object);
}

/* The colon-separated folders of a run path; $ORIGIN is where @origin lies, unless it is NULL. */
static enum xip_err try_run_path(struct search *search, const struct xip_elf *user,
	const char *folders, const char *origin, const char *name, size_t *object)
{
	static const char *const words[] = {"$ORIGIN", "${ORIGIN}"};
	enum xip_err err = XIP_OK;

	*object = SIZE_MAX;
	for (size_t length;
		*folders && *object == SIZE_MAX && !err && search->libraries->lookups < LOOKUPS_MAX;
		folders += length + (folders[length] == ':')) {
		char folder[XIP_ROOT_PATH_MAX];
		size_t skip = 0;
		int before;

		length = strcspn(folders, ":");
		for (size_t i = 0; i < 2; i++)
			if (length >= strlen(words[i]) &&
				!strncmp(folders, words[i], strlen(words[i])))
				skip = strlen(words[i]);
		if (!length || length >= sizeof(folder) || (skip && !origin))
			continue;
		before = skip ? folder_length(origin) : 0;
		if ((size_t)before + length >= sizeof(folder))
			continue;
		snprintf(folder, sizeof(folder), "%.*s%.*s", before, skip ? origin : "",
			(int)(length - skip), folders + skip);
		err = try_folder(search, user, folder, "", name, object);
	}
	return err;
}

/* The folders that the dynamic loader itself knows. */
static enum xip_err try_own_folders(
	struct search *search, const struct xip_elf *user, const char *name, size_t *object)
{
	static const char *const folders[][7] = {
		[GLIBC] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"},
		[MUSL] = {"/lib", "/usr/local/lib", "/usr/lib"},
		[UCLIBC] = {"/lib", "/usr/lib"},
	};
	const char *homes[] = {search->interpreter, search->real};
	size_t home_count = search->flavour == MUSL ? 0 : search->flavour == UCLIBC ? 1 : 2;
	enum xip_err err = XIP_OK;

	*object = SIZE_MAX;
	for (size_t i = 0; *search->multiarch && i < 2 && *object == SIZE_MAX && !err; i++)
		err = try_folder(
			search, user, i ? "/usr/lib" : "/lib", search->multiarch, name, object);
	for (size_t i = 0; i < home_count && *object == SIZE_MAX && !err; i++) {
		char folder[XIP_ROOT_PATH_MAX];

		if (!homes[i] || !*homes[i] || strlen(homes[i]) >= sizeof(folder))
			continue;
		snprintf(folder, sizeof(folder), "%.*s", folder_length(homes[i]), homes[i]);
		err = try_folder(search, user, folder, "", name, object);
	}
	for (size_t i = 0; folders[search->flavour][i] && *object == SIZE_MAX && !err; i++) {
		const char *folder = folders[search->flavour][i];

		if (user->is64 || !strstr(folder, "64"))
			err = try_folder(search, user, folder, "", name, object);
	}
	return err;
}

/* --- One name --------------------------------------------------------------------------------- */

/* The run path of an object that counts for its own needs (@own), or those of what it brought. */
static const char *run_path(const struct search *search, const struct xip_elf *elf, bool own)
{
	if (search->flavour == MUSL)
		return elf->runpath ? elf->runpath : elf->rpath;
	if (elf->runpath)
		return own ? elf->runpath : NULL;
	return own || search->flavour == GLIBC ? elf->rpath : NULL;
}

/*
 * The run paths of the object that needs @name and, where the dynamic loader does so, of those that
 * needed that one: DT_RPATH with glibc, unless the object has DT_RUNPATH; both with musl.
 */
static enum xip_err try_run_paths(
	struct search *search, size_t user, const char *name, size_t *object)
{
	struct xip_libraries *libraries = search->libraries;
	const struct xip_elf *needing = elf_of(libraries, search->closure->objects[user]);
	bool inherits = search->flavour == MUSL || (search->flavour == GLIBC && !needing->runpath);
	enum xip_err err = XIP_OK;

	*object = SIZE_MAX;
	for (size_t i = user;; i = search->parent[i]) {
		const struct xip_elf *elf = elf_of(libraries, search->closure->objects[i]);
		const char *folders = elf ? run_path(search, elf, i == user) : NULL;

		if (folders) {
			char *origin = libraries->root.path(
				libraries->root.user, search->closure->objects[i]);
			/* uClibc-ng gives DT_RUNPATH no origin */
			bool plain = search->flavour == UCLIBC && folders == elf->runpath;

			if (!origin)
				return XIP_ERR_NOMEM;
			err = try_run_path(
				search, needing, folders, plain ? NULL : origin, name, object);
			free(origin);
		}
		if (err || *object != SIZE_MAX || !i || !inherits)
			return err;
	}
}

/* musl is one file: what other C libraries have as files of their own is the interpreter here. */
static bool is_part_of_musl(const char *name)
{
	static const char *const parts[] = {"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."};

	for (size_t i = 0; !strncmp(name, "lib", 3) && i < sizeof(parts) / sizeof(*parts); i++)
		if (!strncmp(name + 3, parts[i], strlen(parts[i])))
			return true;
	return false;
}

/* An object of the process that was needed as @name before or, except by musl, has that soname. */
static size_t find_loaded(const struct search *search, const char *name)
{
	const struct xip_closure *closure = search->closure;

	if (search->flavour == MUSL && closure->interpreter != SIZE_MAX && is_part_of_musl(name))
		return closure->interpreter;
	for (size_t i = 1; i < closure->object_count; i++) {
		const struct xip_elf *elf = elf_of(search->libraries, closure->objects[i]);

		if (search->names[i] && !strcmp(file_name(search->names[i]), name))
			return closure->objects[i];
		if (search->flavour != MUSL && elf && elf->soname && !strcmp(elf->soname, name))
			return closure->objects[i];
	}
	return SIZE_MAX;
}

static enum xip_err find_library(
	struct search *search, size_t user, const char *name, size_t *object)
{
	const struct xip_elf *elf = elf_of(search->libraries, search->closure->objects[user]);
	enum xip_err err = XIP_OK;

	*object = SIZE_MAX;
	if (strchr(name, '/')) {
		err = try_path(search, elf, name, object);
		if (err || *object != SIZE_MAX || search->flavour != UCLIBC)
			return err;
		name = file_name(name); /* it looks for the bare name then */
	}
	err = try_run_paths(search, user, name, object);
	if (!err && *object == SIZE_MAX)
		err = try_own_folders(search, elf, name, object);
	return err;
}

/* --- One program ------------------------------------------------------------------------------ */

/* Adds @object unless it is there; false when there is no room for it. */
static bool add_object(struct search *search, size_t object, size_t parent, const char *name)
{
	struct xip_closure *closure = search->closure;

	for (size_t i = 0; i < closure->object_count; i++)
		if (closure->objects[i] == object)
			return true;
	if (closure->object_count == XIP_CLOSURE_MAX)
		return false;
	search->parent[closure->object_count] = parent;
	search->names[closure->object_count] = name;
	closure->objects[closure->object_count++] = object;
	return true;
}

static void add_missing(struct xip_closure *closure, const char *name)
{
	closure->complete = false;
	for (size_t i = 0; i < closure->missing_count; i++)
		if (!strcmp(closure->missing[i], name))
			return;
	if (closure->missing_count < XIP_CLOSURE_MAX)
		closure->missing[closure->missing_count++] = name;
}

/* What was found for the names of object @user does not depend on the objects that needed it. */
static bool is_independent(const struct search *search, size_t user)
{
	const struct xip_closure *closure = search->closure;

	for (size_t i = user; i; i = search->parent[i]) {
		const struct xip_elf *above =
			elf_of(search->libraries, closure->objects[search->parent[i]]);

		if (above && (above->rpath || above->runpath))
			return false;
	}
	return true;
}

/* The memo for the object, made when there is none; NULL: it may not be used, or no memory. */
static struct memo *memo_of(struct search *search, size_t user, const struct xip_elf *elf)
{
	struct xip_libraries *libraries = search->libraries;
	struct memo *memo = &libraries->memos[search->closure->objects[user]];
	size_t count = elf->needed_count < NEEDED_MAX ? elf->needed_count : NEEDED_MAX;

	if (!is_independent(search, user) ||
		(search->interpreter && search->closure->interpreter == SIZE_MAX))
		return NULL;
	if (memo->found)
		return memo->interpreter == search->closure->interpreter ? memo : NULL;
	memo->found = xip_arena_calloc(libraries->arena, count, sizeof(*memo->found));
	memo->interpreter = search->closure->interpreter;
	for (size_t i = 0; memo->found && i < count; i++)
		memo->found[i] = NOT_YET;
	return memo->found ? memo : NULL;
}

/* Finds what object @user of the closure needs. */
static enum xip_err gather_needed(struct search *search, size_t user)
{
	struct xip_closure *closure = search->closure;
	const struct xip_elf *elf = elf_of(search->libraries, closure->objects[user]);
	struct memo *memo = elf && elf->needed_count ? memo_of(search, user, elf) : NULL;

	for (size_t i = 0; elf && i < elf->needed_count && i < NEEDED_MAX; i++) {
		const char *name = elf->needed[i];
		size_t object = find_loaded(search, name);
		enum xip_err err = XIP_OK;

		if (object == SIZE_MAX) {
			size_t *known = memo ? &memo->found[i] : NULL;

			object = known ? *known : NOT_YET;
			if (object == NOT_YET)
				err = find_library(search, user, name, &object);
			if (known)
				*known = object;
		}
		if (err)
			return err;
		if (object == SIZE_MAX || !add_object(search, object, user, name))
			add_missing(closure, name);
	}
	if (elf && elf->needed_count > NEEDED_MAX)
		add_missing(closure, elf->needed[NEEDED_MAX]);
	return XIP_OK;
}

enum xip_err xip_libraries_gather(
	struct xip_libraries *libraries, size_t program, struct xip_closure *closure)
{
	struct search *search = calloc(1, sizeof(*search));
	const struct xip_elf *elf = elf_of(libraries, program);
	enum xip_err err = search ? XIP_OK : XIP_ERR_NOMEM;

	closure->object_count = closure->missing_count = 0;
	closure->interpreter = SIZE_MAX;
	closure->complete = true;
	if (!err) {
		search->libraries = libraries;
		search->closure = closure;
		add_object(search, program, 0, NULL);
	}
	if (!err && elf)
		err = find_interpreter(search, elf, &closure->interpreter);
	if (!err && closure->interpreter != SIZE_MAX)
		add_object(search, closure->interpreter, 0, elf->interpreter);
	else if (!err && elf && elf->interpreter)
		add_missing(closure, elf->interpreter);
	for (size_t i = 0; !err && i < closure->object_count; i++)
		err = gather_needed(search, i);
	free(search);
	return err;
}
