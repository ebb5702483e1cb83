/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of an ELF file, of either class and byte order, as this machine's own 64-bit ones.
 * Private to src/elf.
 */
#ifndef XIPFS_ELF_RECORDS_H
#define XIPFS_ELF_RECORDS_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"

/* The file, and what all its records have in common. */
struct xip_elf_file {
	struct xip_arena *arena;
	const uint8_t *data;
	size_t size;
	bool is64;
	unsigned encoding; /* ELFDATA2LSB or ELFDATA2MSB */
	const char **why;
};

/* Each returns false when the record at @offset leaves the file. */
bool xip_elf_read_header(const struct xip_elf_file *file, GElf_Ehdr *header);
bool xip_elf_read_program_header(
	const struct xip_elf_file *file, uint64_t offset, GElf_Phdr *header);
bool xip_elf_read_section(const struct xip_elf_file *file, uint64_t offset, GElf_Shdr *section);
bool xip_elf_read_dynamic(const struct xip_elf_file *file, uint64_t offset, GElf_Dyn *entry);

#endif
