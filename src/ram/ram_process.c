/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program maps besides itself: its interpreter and its shared objects.
 */
#include <stdlib.h>
#include <string.h>

#include "predictor.h"
#include "xipfs/base/bytes.h"
#include "xipfs/elf/libraries.h"
#include "xipfs/read/resolve.h"

/* load_elf_fdpic_binary(): when no header asks for a size, and the least there is. */
#define STACK_DEFAULT   131072
#define STACK_PAGES_MIN 2

static const struct xip_elf *elf_of(const struct predictor *p, size_t index)
{
	const struct xip_program *program = &predictor_view(p, index)->program;

	return program_is_elf(program) ? &program->elf : NULL;
}

/* The image as the search for libraries sees it. */
static enum xip_err view_find(void *user, const char *path, size_t *object, char *real)
{
	struct predictor *p = user;
	size_t entry;
	enum xip_err err = xip_image_resolve(p->image, p->listing, path, &entry, real);
	uint32_t file = entry == SIZE_MAX ? XIP_NO_ENTRY : p->map->file_of_entry[entry];

	*object = err || file == XIP_NO_ENTRY ? SIZE_MAX : p->object_of_file[file];
	return err;
}

static const struct xip_elf *view_elf(void *user, size_t object)
{
	return elf_of(user, object);
}

static char *view_path(void *user, size_t object)
{
	const struct predictor *p = user;

	return xip_listing_path(p->listing, p->programs->programs[object].entry);
}

/* A file that exec() starts. */
static bool is_program(const struct predictor *p, size_t index)
{
	const struct xip_program_report *report = &p->programs->programs[index];
	const struct xip_elf *elf = elf_of(p, index);

	return (p->listing->entries[report->entry].inode.mode & 0111) &&
	       (!elf || xip_elf_is_program(elf)); /* a bFLT is one */
}

/* What was found for one program, in memory of its own size. */
static enum xip_err keep_closure(struct predictor *p, const struct xip_closure *closure)
{
	struct xip_ram *ram = p->ram;
	struct xip_ram_process *process = &ram->processes[ram->process_count];

	*process = (struct xip_ram_process){
		.objects = xip_arena_calloc(
			ram->arena, closure->object_count, sizeof(*process->objects)),
		.object_count = closure->object_count,
		.interpreter = closure->interpreter,
		.missing = xip_arena_calloc(
			ram->arena, closure->missing_count, sizeof(*process->missing)),
		.missing_count = closure->missing_count,
		.loadable = closure->complete,
	};
	if (!process->objects || !process->missing)
		return XIP_ERR_NOMEM;
	memcpy(process->objects, closure->objects, closure->object_count * sizeof(size_t));
	memcpy(process->missing, closure->missing, closure->missing_count * sizeof(char *));
	for (size_t i = 0; i < process->object_count; i++) {
		ram->objects[process->objects[i]].users++;
		p->is_library[process->objects[i]] =
			i > 0 && process->objects[i] != process->interpreter;
	}
	ram->process_count++;
	return XIP_OK;
}

enum xip_err xip_ram_find_processes(struct predictor *p)
{
	const struct xip_root root = {
		.user = p,
		.object_count = p->programs->count,
		.find = view_find,
		.elf = view_elf,
		.path = view_path,
	};
	struct xip_libraries *libraries = xip_libraries_new(p->ram->arena, &root);
	struct xip_closure *closure = malloc(sizeof(*closure));
	enum xip_err err = libraries && closure ? XIP_OK : XIP_ERR_NOMEM;

	for (size_t i = 0; i < p->ram->object_count && !err; i++) {
		p->ram->objects[i].is_program = is_program(p, i);
		if (!p->ram->objects[i].is_program)
			continue;
		err = xip_libraries_gather(libraries, i, closure);
		if (!err)
			err = keep_closure(p, closure);
	}
	free(closure);
	return err;
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

/*
 * do_mmap_private(): whatever is in RAM is one allocation of get_order() pages; what is after its
 * end is freed afterwards.
 */
static void count_block(struct xip_ram_process *process, uint64_t pages, size_t object)
{
	if (pages <= process->block_used)
		return;
	process->block_used = pages;
	process->block_object = object;
	process->block_order = 0;
	while (pages > (uint64_t)1 << process->block_order)
		process->block_order++;
}

/* Only without an MMU: with one, memory is mapped page by page. */
static void find_block(const struct predictor *p, struct xip_ram_process *process)
{
	if (p->ram->kernel != XIP_KERNEL_NOMMU || !p->ram->objects[process->objects[0]].loadable)
		return;
	for (size_t i = 0; i < process->object_count; i++) {
		const struct xip_ram_object *object = &p->ram->objects[process->objects[i]];

		for (size_t k = 0; k < object->line_count; k++)
			if (!object->lines[k].flash_pages)
				count_block(process, object->lines[k].pages, process->objects[i]);
	}
	count_block(process, process->stack_pages, SIZE_MAX);
	if (process->block_order > p->ram->max_order)
		process->loadable = false;
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
	find_block(p, process);
}
