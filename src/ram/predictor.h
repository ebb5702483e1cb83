/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the RAM prediction share.
 */
#ifndef XIPFS_PREDICTOR_H
#define XIPFS_PREDICTOR_H

#include "xipfs/ram/ram.h"

/* One prediction under way; all results go to ram->arena. */
struct predictor {
	struct xip_image *image;
	const struct xip_listing *listing;
	const struct xip_map *map;
	const struct xip_program_list *programs;
	struct xip_ram *ram;
	size_t *object_of_file; /* for each file of the map; SIZE_MAX: not a program */
	bool *is_library; /* for each object: mapped by the dynamic loader, not by the kernel */
};

/* What the kernel in question makes of object @index. */
static inline const struct xip_view *predictor_view(const struct predictor *p, size_t index)
{
	const struct xip_program_report *report = &p->programs->programs[index];

	return p->ram->kernel == XIP_KERNEL_NOMMU ? &report->nommu : &report->mmu;
}

/* True for the loaders whose xip_program.elf is valid. */
static inline bool program_is_elf(const struct xip_program *program)
{
	return program->loader == XIP_LOADER_ELF || program->loader == XIP_LOADER_FDPIC;
}

/* ram_lines.c: fills in the lines and sums of object @index. */
XIP_MUST_CHECK enum xip_err xip_ram_describe(struct predictor *p, size_t index);

/*
 * ram_process.c: finds the programs and what they need, then (once all objects are described) adds
 * up.
 */
XIP_MUST_CHECK enum xip_err xip_ram_find_processes(struct predictor *p);
void xip_ram_add_up(struct predictor *p, struct xip_ram_process *process);

/* ram_advice.c */
XIP_MUST_CHECK enum xip_err xip_ram_advise(struct predictor *p);

#endif
