/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/ram/ram.h"

#include <stdlib.h>

#include "predictor.h"

/* An image that has a program for a kernel without an MMU is for such a kernel. */
static enum xip_kernel choose_kernel(const struct xip_program_list *programs)
{
	for (size_t i = 0; i < programs->count; i++)
		if (programs->programs[i].loader != XIP_LOADER_ELF)
			return XIP_KERNEL_NOMMU;
	return xip_programs_are_by_page(programs) ? XIP_KERNEL_PAGEWISE : XIP_KERNEL_MMU;
}

static enum xip_err allocate(struct predictor *p)
{
	struct xip_ram *ram = p->ram;
	size_t count = p->programs->count;

	ram->arena = xip_arena_new();
	if (!ram->arena)
		return XIP_ERR_NOMEM;
	ram->object_count = count;
	ram->objects = xip_arena_calloc(ram->arena, count, sizeof(*ram->objects));
	ram->processes = xip_arena_calloc(ram->arena, count, sizeof(*ram->processes));
	ram->advice = xip_arena_calloc(ram->arena, count, XIP_ADVICE_COUNT * sizeof(*ram->advice));
	p->is_library = xip_arena_calloc(ram->arena, count, sizeof(*p->is_library));
	p->object_of_file =
		xip_arena_calloc(ram->arena, p->map->file_count, sizeof(*p->object_of_file));
	if (!ram->objects || !ram->processes || !ram->advice || !p->is_library ||
		!p->object_of_file)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; i < p->map->file_count; i++)
		p->object_of_file[i] = SIZE_MAX;
	for (size_t i = 0; i < count; i++)
		p->object_of_file[p->programs->programs[i].file] = i;
	return XIP_OK;
}

static enum xip_err predict(struct predictor *p)
{
	enum xip_err err = allocate(p);

	if (!err)
		err = xip_ram_find_processes(p);
	for (size_t i = 0; i < p->ram->object_count && !err; i++)
		err = xip_ram_describe(p, i);
	for (size_t i = 0; i < p->ram->process_count && !err; i++)
		xip_ram_add_up(p, &p->ram->processes[i]);
	return err ? err : xip_ram_advise(p);
}

enum xip_err xip_ram_predict(struct xip_image *image, const struct xip_listing *listing,
	const struct xip_map *map, const struct xip_program_list *programs,
	const struct xip_ram_options *options, struct xip_ram *ram, const struct xip_diag *diag)
{
	struct predictor p = {
		.image = image,
		.listing = listing,
		.map = map,
		.programs = programs,
		.ram = ram,
	};
	enum xip_kernel kernel =
		options->kernel == XIP_KERNEL_AUTO ? choose_kernel(programs) : options->kernel;
	enum xip_err err;

	*ram = (struct xip_ram){
		.kernel = kernel == XIP_KERNEL_PAGEWISE ? XIP_KERNEL_MMU : kernel,
		.pagewise = kernel == XIP_KERNEL_PAGEWISE,
		.max_order = options->max_order,
		.page_size = xip_image_info(image)->page_size,
	};
	err = predict(&p);
	if (!err)
		return XIP_OK;
	xip_ram_free(ram);
	if (err == XIP_ERR_NOMEM)
		return xip_diag_nomem(diag);
	return xip_diag_fail(
		diag, err, xip_image_path(image), XIP_NO_OFFSET, "the image cannot be read");
}

void xip_ram_free(struct xip_ram *ram)
{
	xip_arena_free(ram->arena);
	*ram = (struct xip_ram){0};
}
