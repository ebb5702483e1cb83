/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libelf translates the records of both classes and byte orders; where they lie is decided here.
 *
 * Its descriptors (elf_memory() and up) are not used: they size tables by the file's own claims,
 * before a caller could look at them. The translators only see ranges that are inside the file.
 */
#include "records.h"

#include <string.h>

#include "xipfs/base/bytes.h"

/*
 * Translates the record of @type at @offset to the native struct at @record, of @record_size bytes.
 * False when it leaves the file. For all types used here the sizes in file and memory are equal.
 */
static bool read_record(const struct xip_elf_file *file, uint64_t offset, Elf_Type type,
	void *record, size_t record_size)
{
	Elf_Data source = {.d_type = type, .d_version = EV_CURRENT, .d_size = record_size};
	Elf_Data target = {.d_type = type, .d_version = EV_CURRENT, .d_size = record_size};

	if (!xip_range_inside(offset, record_size, file->size))
		return false;
	source.d_buf = (void *)(uintptr_t)(file->data + offset); /* only read from */
	target.d_buf = record;
	return (file->is64 ? elf64_xlatetom : elf32_xlatetom)(&target, &source, file->encoding);
}

bool xip_elf_read_header(const struct xip_elf_file *file, GElf_Ehdr *header)
{
	Elf32_Ehdr narrow;

	if (file->is64)
		return read_record(file, 0, ELF_T_EHDR, header, sizeof(*header));
	if (!read_record(file, 0, ELF_T_EHDR, &narrow, sizeof(narrow)))
		return false;
	memcpy(header->e_ident, narrow.e_ident, EI_NIDENT);
	header->e_type = narrow.e_type;
	header->e_machine = narrow.e_machine;
	header->e_flags = narrow.e_flags;
	header->e_phoff = narrow.e_phoff;
	header->e_phentsize = narrow.e_phentsize;
	header->e_phnum = narrow.e_phnum;
	header->e_shoff = narrow.e_shoff;
	header->e_shentsize = narrow.e_shentsize;
	header->e_shnum = narrow.e_shnum;
	header->e_shstrndx = narrow.e_shstrndx;
	return true;
}

bool xip_elf_read_program_header(
	const struct xip_elf_file *file, uint64_t offset, GElf_Phdr *header)
{
	Elf32_Phdr narrow;

	if (file->is64)
		return read_record(file, offset, ELF_T_PHDR, header, sizeof(*header));
	if (!read_record(file, offset, ELF_T_PHDR, &narrow, sizeof(narrow)))
		return false;
	*header = (GElf_Phdr){
		.p_type = narrow.p_type,
		.p_flags = narrow.p_flags,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_filesz = narrow.p_filesz,
		.p_memsz = narrow.p_memsz,
		.p_align = narrow.p_align,
	};
	return true;
}

bool xip_elf_read_section(const struct xip_elf_file *file, uint64_t offset, GElf_Shdr *section)
{
	Elf32_Shdr narrow;

	if (file->is64)
		return read_record(file, offset, ELF_T_SHDR, section, sizeof(*section));
	if (!read_record(file, offset, ELF_T_SHDR, &narrow, sizeof(narrow)))
		return false;
	*section = (GElf_Shdr){
		.sh_name = narrow.sh_name,
		.sh_type = narrow.sh_type,
		.sh_flags = narrow.sh_flags,
		.sh_addr = narrow.sh_addr,
		.sh_offset = narrow.sh_offset,
		.sh_link = narrow.sh_link,
		.sh_size = narrow.sh_size,
		.sh_addralign = narrow.sh_addralign,
	};
	return true;
}

bool xip_elf_read_dynamic(const struct xip_elf_file *file, uint64_t offset, GElf_Dyn *entry)
{
	Elf32_Dyn narrow;

	if (file->is64)
		return read_record(file, offset, ELF_T_DYN, entry, sizeof(*entry));
	if (!read_record(file, offset, ELF_T_DYN, &narrow, sizeof(narrow)))
		return false;
	entry->d_tag = narrow.d_tag;
	entry->d_un.d_val = narrow.d_un.d_val;
	return true;
}
