/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/elf/machine.h"

#include <elf.h>
#include <stddef.h>

/* ELFOSABI_ARM_FDPIC and ELFOSABI_XTENSA_FDPIC */
#define OSABI_FDPIC 65

/* e_flags: arch/arm/include/asm/elf.h, arch/sh/include/asm/elf.h */
#define FLAG_ARM_PIC  0x20u
#define FLAG_SH_PIC   0x100u
#define FLAG_SH_FDPIC 0x8000u

static const struct xip_machine machines[] = {
	{.number = EM_ARM,
		.nommu = true,
		.fdpic = true,
		.fdpic_osabi = OSABI_FDPIC,
		.constdisp_flag = FLAG_ARM_PIC,
		.fdpic_mmu = true},
	{.number = EM_SH,
		.nommu = true,
		.fdpic = true,
		.fdpic_flag = FLAG_SH_FDPIC,
		.constdisp_flag = FLAG_SH_PIC},
	{.number = EM_XTENSA, .nommu = true, .fdpic = true, .fdpic_osabi = OSABI_FDPIC},
	/* these have the loader, but no elf_check_fdpic() */
	{.number = EM_68K, .nommu = true},
	{.number = EM_RISCV, .nommu = true},
	{.number = EM_NONE},
};

const struct xip_machine *xip_machine_find(uint16_t number)
{
	const struct xip_machine *machine = machines;

	while (machine->number != number && machine->number != EM_NONE)
		machine++;
	return machine;
}

bool xip_machine_is_fdpic(const struct xip_machine *machine, uint8_t osabi, uint32_t flags)
{
	return machine->fdpic && (machine->fdpic_osabi ? osabi == machine->fdpic_osabi
						       : (flags & machine->fdpic_flag) != 0);
}

static const struct {
	uint16_t number;
	uint16_t family; /* 0: its own */
	const char *name;
} names[] = {
	{EM_ARM, EM_AARCH64, "ARM"},
	{EM_AARCH64, 0, "AArch64"},
	{EM_386, EM_X86_64, "x86"},
	{EM_X86_64, 0, "x86-64"},
	{EM_RISCV, 0, "RISC-V"},
	{EM_XTENSA, 0, "Xtensa"},
	{EM_SH, 0, "SuperH"},
	{EM_68K, 0, "m68k"},
	{EM_MIPS, 0, "MIPS"},
	{EM_PPC, EM_PPC64, "PowerPC"},
	{EM_PPC64, 0, "PowerPC64"},
	{EM_S390, 0, "S/390"},
	{EM_SPARC, EM_SPARCV9, "SPARC"},
	{EM_SPARC32PLUS, EM_SPARCV9, "SPARC"},
	{EM_SPARCV9, 0, "SPARC64"},
	{EM_LOONGARCH, 0, "LoongArch"},
	{EM_MICROBLAZE, 0, "MicroBlaze"},
	{EM_OPENRISC, 0, "OpenRISC"},
};

#define NAME_COUNT (sizeof(names) / sizeof(*names))

const char *xip_machine_name(uint16_t number)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

uint16_t xip_machine_family(uint16_t number)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (names[i].number == number && names[i].family)
			return names[i].family;
	return number;
}
