/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "xipfs/base/bytes.h"

bool xip_stack_counts(const struct xip_program *program)
{
	return program->loader == XIP_LOADER_FDPIC &&
	       (program->elf.type == ET_EXEC || program->elf.interpreter);
}

bool xip_stack_patch(
	const struct xip_program *program, uint32_t bytes, struct xip_plan_patch *patch)
{
	const struct xip_elf *elf = &program->elf;
	/* p_memsz is as wide as an address: of 64 bits only the low half is set, the rest stays 0.
	 */
	size_t low = elf->is64 && elf->big ? 4 : 0;

	if (!elf->has_stack)
		return false;
	*patch = (struct xip_plan_patch){
		.offset = (uint32_t)elf->stack_header +
			  (uint32_t)(elf->is64 ? offsetof(Elf64_Phdr, p_memsz)
					       : offsetof(Elf32_Phdr, p_memsz)),
		.length = elf->is64 ? 8 : 4,
	};
	xip_put32(patch->bytes + low, bytes, elf->big);
	return true;
}
