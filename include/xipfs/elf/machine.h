/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's loaders take, machine by machine. The same table is in xipfs(5).
 *
 * Sources: BINFMT_ELF and BINFMT_ELF_FDPIC in fs/Kconfig.binfmt, MMU in arch/ARCH/Kconfig,
 * elf_check_fdpic() and elf_check_const_displacement() in arch/ARCH/include/asm/elf.h of Linux
 * 6.12.
 */
#ifndef XIPFS_MACHINE_H
#define XIPFS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "xipfs/elf/elf.h"

struct xip_machine {
	uint16_t number; /* EM_*; EM_NONE: every machine that has no row of its own */
	bool nommu;      /* its kernel can do without an MMU; binfmt_elf_fdpic is the loader then */
	bool fdpic;      /* there are FDPIC programs: the next two fields tell which */
	uint8_t fdpic_osabi;     /* EI_OSABI of FDPIC programs; 0: does not tell */
	uint32_t fdpic_flag;     /* the bit of e_flags that FDPIC programs have; 0: none */
	uint32_t constdisp_flag; /* the bit of e_flags that makes an FDPIC program one block */
	bool fdpic_mmu;          /* binfmt_elf_fdpic can be had with an MMU, too */
};

/* The row of the machine; never NULL, static storage. */
const struct xip_machine *xip_machine_find(uint16_t number);

/* True when elf_check_fdpic() of the machine would take a program with these fields. */
bool xip_machine_is_fdpic(const struct xip_machine *machine, uint8_t osabi, uint32_t flags);

/* "ARM"; NULL: a machine that is not well known. Static storage. */
const char *xip_machine_name(uint16_t number);

/*
 * The machine whose kernel runs programs for @number: 64-bit kernels run 32-bit programs of their
 * family as well (CONFIG_COMPAT), so these count as one machine.
 */
uint16_t xip_machine_family(uint16_t number);

#endif
