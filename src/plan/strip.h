/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaving out of an ELF program what lies after all that runs: sections for tools and the section
 * headers. Private to src/plan.
 */
#ifndef XIPFS_PLAN_STRIP_H
#define XIPFS_PLAN_STRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/elf/loader.h"
#include "xipfs/plan/plan.h"

/* Patches that xip_strip_patch() makes. */
#define XIP_STRIP_PATCHES 2

/* True when @path is where firmware and modules lie, which no loader of programs reads. */
bool xip_strip_is_kernels(const char *path);

/*
 * Whether the program, a file of @size bytes with mode @mode, can end after the last
 * byte that its program headers refer to: in *@end. Does not ask xip_strip_is_kernels().
 */
enum xip_strip xip_strip_judge(
	const struct xip_program *program, size_t size, uint32_t mode, uint32_t *end);

/* Makes the XIP_STRIP_PATCHES patches that take the section headers out of the ELF header. */
void xip_strip_patch(const struct xip_elf *elf, struct xip_plan_patch *patches);

#endif
