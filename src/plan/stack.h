/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The size of a program's stack, which the FDPIC loader takes from the memory size of PT_GNU_STACK
 * (fs/binfmt_elf_fdpic.c, load_elf_fdpic_binary). Private to src/plan.
 */
#ifndef XIPFS_PLAN_STACK_H
#define XIPFS_PLAN_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "xipfs/elf/loader.h"
#include "xipfs/plan/plan.h"

/* True when the kernel looks at the header: an FDPIC program, not a shared object. */
bool xip_stack_counts(const struct xip_program *program);

/* Makes the patch that sets the size to @bytes. False: there is no header. */
bool xip_stack_patch(
	const struct xip_program *program, uint32_t bytes, struct xip_plan_patch *patch);

#endif
