/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program maps beside itself: its interpreter and its shared objects.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "predictor.h"
#include "xipfs/base/bytes.h"
#include "xipfs/read/resolve.h"

/*
 * No real program comes near these; they bound the work that hostile ones can make. What is beyond
 * counts as missing.
 */
#define NEEDED_MAX  256
#define OBJECTS_MAX 256
#define FOLDERS_MAX 64

/* load_elf_fdpic_binary(): when no header asks for a size, and the least there is. */
#define STACK_DEFAULT   131072
#define STACK_PAGES_MIN 2

/* Where dynamic loaders look beside the folders of the interpreters (glibc, musl, uClibc-ng). */
static const char *const standard_folders[] = {
	"/lib", "/usr/lib", "/usr/local/lib", "/lib64", "/usr/lib64", "/lib32", "/usr/lib32"};
#define STANDARD_FOLDERS (sizeof(standard_folders) / sizeof(*standard_folders))

/* The shared objects that one object names itself; the loader finds the same for each user. */
struct needs {
	size_t *found;
	size_t found_count;
	const char **missing;
	size_t missing_count;
};

/* State of the search. */
struct search {
	struct predictor *p;
	struct needs *needs; /* for each object */
	size_t *interpreter; /* for each object; SIZE_MAX: none, or not in the image */
	const char **lost;   /* for each object its interpreter's name when not in the image */
	size_t *mark;        /* for each object the last process that has it, counted from 1 */
};

static const struct xip_elf *elf_of(const struct predictor *p, size_t index)
{
	const struct xip_program *program = &predictor_view(p, index)->program;

	return program_is_elf(program) ? &program->elf : NULL;
}

/* The object at @path, symlinks followed; SIZE_MAX: none. @real may be NULL. */
static enum xip_err find_object(struct predictor *p, const char *path, size_t *index, char *real)
{
	size_t entry;
	enum xip_err err = xip_image_resolve(p->image, p->listing, path, &entry, real);
	uint32_t file = entry == SIZE_MAX ? XIP_NO_ENTRY : p->map->file_of_entry[entry];

	*index = err || file == XIP_NO_ENTRY ? SIZE_MAX : p->object_of_file[file];
	return err;
}

/* Adds the folder that the file @path lies in, unless it is known. */
static enum xip_err add_folder(struct predictor *p, size_t *count, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (*count == FOLDERS_MAX)
		return XIP_OK;
	for (size_t i = 0; i < *count; i++)
		if (strlen(p->folders[i]) == length && !memcmp(p->folders[i], path, length))
			return XIP_OK;
	p->folders[*count] = xip_arena_strndup(p->ram->arena, path, length);
	if (!p->folders[*count])
		return XIP_ERR_NOMEM;
	++*count;
	return XIP_OK;
}

/* Debian's dynamic loaders look in folders like /lib/arm-linux-gnueabihf as well. */
static enum xip_err add_multiarch_folders(struct predictor *p, size_t *count, const char *parent)
{
	char path[XIP_RESOLVE_PATH_MAX], folder[XIP_RESOLVE_PATH_MAX + XIP_NAME_MAX + 4];
	const struct xip_entry *entries = p->listing->entries;
	size_t entry;
	enum xip_err err = xip_image_resolve(p->image, p->listing, parent, &entry, path);

	if (err || entry == SIZE_MAX || !xip_mode_is_directory(entries[entry].inode.mode))
		return err;
	for (uint32_t i = 0; i < entries[entry].child_count && !err; i++) {
		const struct xip_entry *child = &entries[entries[entry].first_child + i];

		if (!xip_mode_is_directory(child->inode.mode) || !strstr(child->name, "-linux-"))
			continue;
		snprintf(folder, sizeof(folder), "%s/%s/", path, child->name);
		err = add_folder(p, count, folder);
	}
	return err;
}

/*
 * Finds each object's interpreter. The folders of the interpreters, as named and as they really
 * are, are where their shared objects lie: /lib/arm-linux-gnueabihf behind
 * /lib/ld-linux-armhf.so.3.
 */
static enum xip_err find_interpreters(struct search *search)
{
	struct predictor *p = search->p;
	size_t count = 0;
	enum xip_err err = XIP_OK;

	p->folders = xip_arena_calloc(
		p->ram->arena, FOLDERS_MAX + STANDARD_FOLDERS + 1, sizeof(*p->folders));
	if (!p->folders)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; !err && i < p->programs->count; i++) {
		const struct xip_elf *elf = elf_of(p, i);
		char real[XIP_RESOLVE_PATH_MAX];

		search->interpreter[i] = SIZE_MAX;
		if (!elf || !elf->interpreter)
			continue;
		err = find_object(p, elf->interpreter, &search->interpreter[i], real);
		if (!err && search->interpreter[i] == SIZE_MAX)
			search->lost[i] = elf->interpreter;
		if (err || search->interpreter[i] == SIZE_MAX)
			continue;
		err = add_folder(p, &count, elf->interpreter);
		if (!err)
			err = add_folder(p, &count, real);
	}
	if (!err)
		err = add_multiarch_folders(p, &count, "/lib");
	if (!err)
		err = add_multiarch_folders(p, &count, "/usr/lib");
	for (size_t i = 0; i < STANDARD_FOLDERS; i++)
		p->folders[count++] = standard_folders[i];
	return err;
}

/* What the dynamic loader's open_verify() takes: an object of its own kind. */
static bool is_compatible(const struct predictor *p, size_t index, const struct xip_elf *user)
{
	const struct xip_elf *elf = elf_of(p, index);

	return elf && elf->is64 == user->is64 && elf->big == user->big &&
	       elf->machine == user->machine && elf->fdpic == user->fdpic;
}

/* Looks for @name in @folder of @length bytes; $ORIGIN is the folder of the user at @origin. */
static enum xip_err look_in_folder(struct predictor *p, const struct xip_elf *user,
	const char *origin, const char *folder, size_t length, const char *name, size_t *index)
{
	static const char *const words[] = {"$ORIGIN", "${ORIGIN}"};
	char path[XIP_RESOLVE_PATH_MAX];
	size_t skip = 0;
	int printed;
	enum xip_err err;

	*index = SIZE_MAX;
	for (size_t i = 0; i < 2; i++)
		if (!strncmp(folder, words[i], strlen(words[i])) && strlen(words[i]) <= length)
			skip = strlen(words[i]);
	printed = snprintf(path, sizeof(path), "%.*s%.*s/%s",
		skip ? (int)(strrchr(origin, '/') - origin) : 0, origin, (int)(length - skip),
		folder + skip, name);
	if (printed < 0 || (size_t)printed >= sizeof(path))
		return XIP_OK;
	err = find_object(p, path, index, NULL);
	if (!err && *index != SIZE_MAX && !is_compatible(p, *index, user))
		*index = SIZE_MAX;
	return err;
}

/* The order of ld.so(8): the path in the object itself, then the standard folders. */
static enum xip_err find_library(struct predictor *p, const struct xip_elf *user,
	const char *origin, const char *name, size_t *index)
{
	const char *next = user->runpath ? user->runpath : "";
	enum xip_err err = XIP_OK;

	if (strchr(name, '/')) {
		err = find_object(p, name, index, NULL);
		if (!err && *index != SIZE_MAX && !is_compatible(p, *index, user))
			*index = SIZE_MAX;
		return err;
	}
	*index = SIZE_MAX;
	while (*next && *index == SIZE_MAX && !err) {
		size_t length = strcspn(next, ":");

		if (length)
			err = look_in_folder(p, user, origin, next, length, name, index);
		next += length;
		next += *next == ':';
	}
	for (size_t i = 0; p->folders[i] && *index == SIZE_MAX && !err; i++)
		err = look_in_folder(
			p, user, origin, p->folders[i], strlen(p->folders[i]), name, index);
	return err;
}

/* Resolves what object @index names itself. */
static enum xip_err find_needs(struct search *search, size_t index)
{
	struct predictor *p = search->p;
	const struct xip_elf *elf = elf_of(p, index);
	struct needs *needs = &search->needs[index];
	size_t count = elf ? elf->needed_count : 0;
	enum xip_err err = XIP_OK;
	char *origin;

	if (!count)
		return XIP_OK;
	needs->found = xip_arena_calloc(p->ram->arena, count, sizeof(*needs->found));
	needs->missing = xip_arena_calloc(p->ram->arena, count, sizeof(*needs->missing));
	origin = xip_listing_path(p->listing, p->programs->programs[index].entry);
	if (!needs->found || !needs->missing || !origin)
		err = XIP_ERR_NOMEM;
	for (size_t i = 0; i < count && !err; i++) {
		size_t found = SIZE_MAX;

		if (i < NEEDED_MAX)
			err = find_library(p, elf, origin, elf->needed[i], &found);
		if (found != SIZE_MAX)
			needs->found[needs->found_count++] = found;
		else
			needs->missing[needs->missing_count++] = elf->needed[i];
	}
	free(origin);
	return err;
}

/*
 * A file that exec() starts: not a shared object, which has a name of its own (libc.so.6 has an
 * interpreter, too).
 */
static bool is_program(const struct predictor *p, size_t index)
{
	const struct xip_program_report *report = &p->programs->programs[index];
	const struct xip_elf *elf = elf_of(p, index);

	if (!(p->listing->entries[report->entry].inode.mode & 0111))
		return false;
	if (!elf)
		return true; /* bFLT */
	return elf->type == ET_EXEC || elf->pie || (elf->interpreter && !elf->soname);
}

/* Adds @index to the process unless it is there; false when there is no room for it. */
static bool add_object(
	struct search *search, struct xip_ram_process *process, size_t index, size_t stamp)
{
	if (search->mark[index] == stamp)
		return true;
	if (process->object_count == OBJECTS_MAX)
		return false;
	search->mark[index] = stamp;
	process->objects[process->object_count++] = index;
	return true;
}

/* All that program @index maps: breadth first, as dynamic loaders do. */
static void gather(
	struct search *search, struct xip_ram_process *process, size_t index, size_t stamp)
{
	struct predictor *p = search->p;
	size_t *objects = process->objects;

	process->loadable = true;
	process->interpreter = search->interpreter[index];
	add_object(search, process, index, stamp);
	if (process->interpreter != SIZE_MAX)
		add_object(search, process, process->interpreter, stamp);
	if (search->lost[index])
		process->missing[process->missing_count++] = search->lost[index];
	for (size_t i = 0; i < process->object_count; i++) {
		const struct needs *needs = &search->needs[objects[i]];

		for (size_t k = 0; k < needs->found_count; k++)
			if (!add_object(search, process, needs->found[k], stamp))
				process->loadable = false;
		for (size_t k = 0; k < needs->missing_count; k++)
			if (process->missing_count < OBJECTS_MAX)
				process->missing[process->missing_count++] = needs->missing[k];
	}
	if (process->missing_count)
		process->loadable = false;
	for (size_t i = 0; i < process->object_count; i++) {
		p->ram->objects[objects[i]].users++;
		p->is_library[objects[i]] = i > 0 && objects[i] != process->interpreter;
	}
}

static enum xip_err gather_all(struct search *search)
{
	struct predictor *p = search->p;
	struct xip_ram *ram = p->ram;
	size_t *objects = malloc(OBJECTS_MAX * sizeof(*objects));
	const char **missing = malloc(OBJECTS_MAX * sizeof(*missing));
	enum xip_err err = objects && missing ? XIP_OK : XIP_ERR_NOMEM;

	for (size_t i = 0; i < ram->object_count && !err; i++) {
		struct xip_ram_process *process = &ram->processes[ram->process_count];

		ram->objects[i].is_program = is_program(p, i);
		if (!ram->objects[i].is_program)
			continue;
		*process = (struct xip_ram_process){.objects = objects, .missing = missing};
		gather(search, process, i, ++ram->process_count);
		process->objects = xip_arena_calloc(
			ram->arena, process->object_count, sizeof(*process->objects));
		process->missing = xip_arena_calloc(
			ram->arena, process->missing_count, sizeof(*process->missing));
		if (!process->objects || !process->missing) {
			err = XIP_ERR_NOMEM;
			break;
		}
		memcpy(process->objects, objects, process->object_count * sizeof(*objects));
		memcpy(process->missing, missing, process->missing_count * sizeof(*missing));
	}
	free(objects);
	free(missing);
	return err;
}

enum xip_err xip_ram_find_processes(struct predictor *p)
{
	size_t count = p->programs->count;
	struct xip_arena *arena = p->ram->arena;
	struct search search = {
		.p = p,
		.needs = xip_arena_calloc(arena, count, sizeof(*search.needs)),
		.interpreter = xip_arena_calloc(arena, count, sizeof(*search.interpreter)),
		.lost = xip_arena_calloc(arena, count, sizeof(*search.lost)),
		.mark = xip_arena_calloc(arena, count, sizeof(*search.mark)),
	};
	enum xip_err err = XIP_ERR_NOMEM;

	if (search.needs && search.interpreter && search.lost && search.mark)
		err = find_interpreters(&search);
	for (size_t i = 0; i < count && !err; i++)
		err = find_needs(&search, i);
	return err ? err : gather_all(&search);
}

/* load_elf_fdpic_binary(): the program's header, else its interpreter's, else the default */
static void measure_stack(const struct predictor *p, struct xip_ram_process *process)
{
	const struct xip_elf *elf = elf_of(p, process->objects[0]);
	uint64_t bytes;

	if (!elf)
		return;
	process->stack_asked = elf->stack_size;
	if (!process->stack_asked && process->interpreter != SIZE_MAX) {
		elf = elf_of(p, process->interpreter);
		process->stack_asked = elf ? elf->stack_size : 0;
	}
	if (p->ram->kernel != XIP_KERNEL_NOMMU)
		return;
	bytes = process->stack_asked ? process->stack_asked : STACK_DEFAULT;
	process->stack_pages = xip_div_up(bytes, p->ram->page_size);
	if (process->stack_pages < STACK_PAGES_MIN)
		process->stack_pages = STACK_PAGES_MIN;
}

void xip_ram_add_up(struct predictor *p, struct xip_ram_process *process)
{
	uint64_t shared = 0, private = 0;

	measure_stack(p, process);
	for (size_t i = 0; i < process->object_count; i++) {
		const struct xip_ram_object *object = &p->ram->objects[process->objects[i]];

		process->loadable &= object->loadable;
		process->flash_pages += object->flash_pages;
		shared += object->shared_pages;
		private += object->private_pages;
	}
	process->further_pages = private + process->stack_pages;
	process->first_pages = process->further_pages + shared;
	process->plain_pages = process->first_pages + process->flash_pages;
}
