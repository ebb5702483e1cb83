/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/elf/elf.h"

#include <string.h>

#include "records.h"
#include "xipfs/base/bytes.h"
#include "xipfs/elf/machine.h"

#define PHDR_BYTES_MAX    65536 /* load_elf_phdrs(), elf_fdpic_fetch_phdrs() */
#define INTERP_LENGTH_MAX 4096  /* PATH_MAX */

/* The tables of one ELF file, in the order in which they are found. */
struct tables {
	GElf_Ehdr header;
	uint64_t section_count;
	bool have_sections;               /* the section table may be used */
	GElf_Shdr names;                  /* the section of their names; sh_size 0: none */
	GElf_Phdr dynamic;                /* p_filesz 0: none */
	struct xip_elf_segment *segments; /* xip_elf.segments while it is filled in */
};

bool xip_elf_has_magic(const uint8_t *data, size_t size)
{
	return size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

static enum xip_err corrupt(const struct xip_elf_file *file, const char *why)
{
	*file->why = why;
	return XIP_ERR_CORRUPT;
}

static enum xip_err unsupported(const struct xip_elf_file *file, const char *why)
{
	*file->why = why;
	return XIP_ERR_UNSUPPORTED;
}

/* elf_check_fdpic() and elf_check_const_displacement() of the machines that have them */
static void decode_machine(const GElf_Ehdr *header, struct xip_elf *elf)
{
	const struct xip_machine *machine = xip_machine_find(header->e_machine);

	elf->fdpic = xip_machine_is_fdpic(machine, elf->osabi, header->e_flags);
	elf->constdisp = header->e_flags & machine->constdisp_flag;
}

static enum xip_err parse_header(struct xip_elf_file *file, struct xip_elf *elf, GElf_Ehdr *header)
{
	if (!xip_elf_has_magic(file->data, file->size))
		return unsupported(file, "it does not begin with ELF magic");
	if (file->size < EI_NIDENT)
		return corrupt(file, "the ELF header is cut short");
	if (file->data[EI_CLASS] != ELFCLASS32 && file->data[EI_CLASS] != ELFCLASS64)
		return corrupt(file, "the ELF class is neither 32 nor 64 bit");
	if (file->data[EI_DATA] != ELFDATA2LSB && file->data[EI_DATA] != ELFDATA2MSB)
		return corrupt(file, "the ELF byte order is neither little nor big endian");
	file->is64 = elf->is64 = file->data[EI_CLASS] == ELFCLASS64;
	file->encoding = file->data[EI_DATA];
	if (!xip_elf_read_header(file, header))
		return corrupt(file, "the ELF header is cut short");
	elf->big = file->encoding == ELFDATA2MSB;
	elf->type = header->e_type;
	elf->machine = header->e_machine;
	elf->osabi = header->e_ident[EI_OSABI];
	if (elf->type != ET_EXEC && elf->type != ET_DYN)
		return unsupported(file, "it is an ELF file, but not a program or shared object");
	decode_machine(header, elf);
	return XIP_OK;
}

static enum xip_err check_program_table(
	const struct xip_elf_file *file, const GElf_Ehdr *header, struct xip_elf *elf)
{
	size_t entry = file->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (!header->e_phnum)
		return unsupported(file, "it has no program headers");
	if (header->e_phentsize != entry)
		return corrupt(file, "the ELF program headers have the wrong size");
	elf->phdr_bytes = header->e_phnum * entry;
	if (elf->phdr_bytes > PHDR_BYTES_MAX)
		return corrupt(file, "it has more ELF program headers than any loader takes");
	if (!xip_range_inside(header->e_phoff, elf->phdr_bytes, file->size))
		return corrupt(file, "the ELF program headers reach past the end of the file");
	return XIP_OK;
}

/* No loader needs section names: without them, or with bad ones, no section has a name. */
static void find_names(const struct xip_elf_file *file, struct tables *tables, uint32_t many)
{
	const GElf_Ehdr *header = &tables->header;
	uint64_t index = header->e_shstrndx == SHN_XINDEX ? many : header->e_shstrndx;

	if (!index || index >= tables->section_count ||
		!xip_elf_read_section(
			file, header->e_shoff + index * header->e_shentsize, &tables->names) ||
		!xip_range_inside(tables->names.sh_offset, tables->names.sh_size, file->size))
		tables->names.sh_size = 0;
}

static enum xip_err check_section_table(const struct xip_elf_file *file, struct tables *tables)
{
	const GElf_Ehdr *header = &tables->header;
	size_t entry = file->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	GElf_Shdr first;

	if (!header->e_shoff)
		return XIP_OK;
	if (header->e_shentsize != entry)
		return corrupt(file, "the ELF section headers have the wrong size");
	if (!xip_elf_read_section(file, header->e_shoff, &first))
		return corrupt(file, "the ELF section headers reach past the end of the file");
	/* 65280 sections and more are counted in the first header */
	tables->section_count = header->e_shnum ? header->e_shnum : first.sh_size;
	if (tables->section_count > (file->size - header->e_shoff) / entry)
		return corrupt(file, "the ELF section headers reach past the end of the file");
	/* a table of only the reserved first entry says nothing about alignment */
	tables->have_sections = tables->section_count > 1;
	find_names(file, tables, first.sh_link);
	return XIP_OK;
}

/*
 * What objcopy --only-keep-debug leaves has the headers of the program it was made from, but none
 * of its code.
 */
static bool has_symbols_only(const struct xip_elf_file *file, const struct tables *tables)
{
	bool found = false;

	for (uint64_t i = 1; i < tables->section_count; i++) {
		uint64_t offset = tables->header.e_shoff + i * tables->header.e_shentsize;
		GElf_Shdr section;

		if (!xip_elf_read_section(file, offset, &section) ||
			!(section.sh_flags & SHF_ALLOC) || !(section.sh_flags & SHF_EXECINSTR))
			continue;
		if (section.sh_type != SHT_NOBITS)
			return false;
		found = true;
	}
	return found;
}

static enum xip_err add_segment(const struct xip_elf_file *file, const GElf_Phdr *header,
	struct xip_elf *elf, struct xip_elf_segment *segment)
{
	uint64_t last_address = file->is64 ? UINT64_MAX : UINT32_MAX;

	if (header->p_filesz > header->p_memsz)
		return corrupt(file, "an ELF segment is longer in the file than in memory");
	if (!xip_range_inside(header->p_offset, header->p_filesz, file->size))
		return corrupt(file, "an ELF segment reaches past the end of the file");
	if (!xip_range_inside(header->p_vaddr, header->p_memsz, last_address))
		return corrupt(file, "an ELF segment reaches past the end of the address space");
	*segment = (struct xip_elf_segment){
		.offset = header->p_offset,
		.vaddr = header->p_vaddr,
		.filesz = header->p_filesz,
		.memsz = header->p_memsz,
		.p_align = header->p_align,
		.read = header->p_flags & PF_R,
		.write = header->p_flags & PF_W,
		.exec = header->p_flags & PF_X,
	};
	elf->segment_count++;
	return XIP_OK;
}

static enum xip_err read_interpreter(
	const struct xip_elf_file *file, const GElf_Phdr *header, struct xip_elf *elf)
{
	const char *name;

	if (elf->interpreter) /* the kernel takes the first */
		return XIP_OK;
	if (header->p_filesz < 2 || header->p_filesz > INTERP_LENGTH_MAX)
		return corrupt(file, "the name of the ELF interpreter has an impossible length");
	if (!xip_range_inside(header->p_offset, header->p_filesz, file->size))
		return corrupt(file, "the name of the ELF interpreter is not in the file");
	name = (const char *)file->data + header->p_offset;
	if (name[header->p_filesz - 1])
		return corrupt(file, "the name of the ELF interpreter does not end");
	elf->interpreter = xip_arena_strndup(file->arena, name, strlen(name));
	return elf->interpreter ? XIP_OK : XIP_ERR_NOMEM;
}

static enum xip_err visit_program_header(const struct xip_elf_file *file, uint64_t offset,
	const GElf_Phdr *header, struct xip_elf *elf, struct tables *tables)
{
	switch (header->p_type) {
	case PT_LOAD:
		return add_segment(file, header, elf, &tables->segments[elf->segment_count]);
	case PT_INTERP:
		return read_interpreter(file, header, elf);
	case PT_DYNAMIC:
		if (!xip_range_inside(header->p_offset, header->p_filesz, file->size))
			return corrupt(
				file, "the ELF dynamic section reaches past the end of the file");
		tables->dynamic = *header;
		return XIP_OK;
	case PT_GNU_STACK:
		if (!elf->has_stack) { /* elf_fdpic_fetch_phdrs() takes the first */
			elf->has_stack = true;
			elf->stack_size = header->p_memsz;
			elf->stack_header = offset;
		}
		return XIP_OK;
	case PT_GNU_RELRO:
		elf->relro_vaddr = header->p_vaddr;
		elf->relro_memsz = header->p_memsz;
		return XIP_OK;
	default:
		return XIP_OK;
	}
}

/* Moves @end past the @length bytes at @offset, which need not be in the file. */
static void extend(uint64_t *end, uint64_t offset, uint64_t length)
{
	uint64_t behind = offset > UINT64_MAX - length ? UINT64_MAX : offset + length;

	if (behind > *end)
		*end = behind;
}

static enum xip_err parse_program_headers(
	const struct xip_elf_file *file, struct tables *tables, struct xip_elf *elf)
{
	const GElf_Ehdr *header = &tables->header;

	tables->segments =
		xip_arena_calloc(file->arena, header->e_phnum, sizeof(*tables->segments));
	if (!tables->segments)
		return XIP_ERR_NOMEM;
	elf->segments = tables->segments;
	elf->run_end = header->e_phoff + elf->phdr_bytes;
	for (unsigned i = 0; i < header->e_phnum; i++) {
		uint64_t offset = header->e_phoff + (uint64_t)i * header->e_phentsize;
		GElf_Phdr entry;
		enum xip_err err;

		if (!xip_elf_read_program_header(file, offset, &entry))
			return corrupt(file, "an ELF program header is not readable");
		if (entry.p_type != PT_NULL && entry.p_filesz)
			extend(&elf->run_end, entry.p_offset, entry.p_filesz);
		err = visit_program_header(file, offset, &entry, elf, tables);
		if (err)
			return err;
	}
	return XIP_OK;
}

/* Bytes before @section that would go if it were aligned to no more than XIP_ELF_ALIGN_GOOD. */
static uint64_t gap_before(const GElf_Shdr *section, uint64_t end)
{
	uint64_t start = xip_align_up(end, XIP_ELF_ALIGN_GOOD);

	if (section->sh_addralign <= XIP_ELF_ALIGN_GOOD || section->sh_addr <= start ||
		section->sh_addr - end >= section->sh_addralign)
		return 0; /* or the gap has another reason */
	return section->sh_addr - start;
}

/*
 * Raises the alignment of the segment that holds @section; *@end is where the section before ends.
 */
static void apply_section(
	const GElf_Shdr *section, struct xip_elf_segment *segments, size_t count, uint64_t *end)
{
	for (size_t i = 0; i < count; i++) {
		struct xip_elf_segment *segment = &segments[i];

		if (section->sh_addr < segment->vaddr ||
			section->sh_addr - segment->vaddr >= segment->memsz)
			continue;
		if (section->sh_addralign > segment->align)
			segment->align = section->sh_addralign;
		if (*end > segment->vaddr && *end < section->sh_addr)
			segment->gaps += gap_before(section, *end);
	}
	*end = section->sh_addr + section->sh_size;
}

/*
 * Sections that are looked up in the file, by their names, when it runs: this is how Qt 5 finds the
 * metadata of plug-ins, PyInstaller its archive, remoteproc the resources of a firmware, and the
 * kernel what it wants to know about a module.
 */
static const char *const looked_up[] = {".qtmetadata", "pydata", ".resource_table", ".modinfo"};

static void note_section(const struct xip_elf_file *file, const struct tables *tables,
	const GElf_Shdr *section, struct xip_elf *elf)
{
	const char *names = (const char *)file->data + tables->names.sh_offset;

	if (section->sh_type != SHT_NULL && section->sh_type != SHT_NOBITS)
		extend(&elf->section_end, section->sh_offset, section->sh_size);
	for (size_t i = 0; i < sizeof(looked_up) / sizeof(*looked_up); i++) {
		size_t length = strlen(looked_up[i]) + 1;

		if (xip_range_inside(section->sh_name, length, tables->names.sh_size) &&
			!memcmp(names + section->sh_name, looked_up[i], length))
			elf->looked_up = looked_up[i];
	}
}

/*
 * The alignment of each segment, and whether there are symbols. PHDR_BYTES_MAX bounds the number
 * of segments that a section is compared with.
 */
static enum xip_err parse_sections(
	const struct xip_elf_file *file, const struct tables *tables, struct xip_elf *elf)
{
	uint64_t end = 0;

	extend(&elf->section_end, tables->header.e_shoff,
		tables->section_count * tables->header.e_shentsize);
	if (!tables->have_sections)
		return XIP_OK;
	for (size_t i = 0; i < elf->segment_count; i++)
		tables->segments[i].align = 1;
	for (uint64_t i = 1; i < tables->section_count; i++) {
		uint64_t offset = tables->header.e_shoff + i * tables->header.e_shentsize;
		GElf_Shdr section;

		if (!xip_elf_read_section(file, offset, &section))
			return corrupt(file, "an ELF section header is not readable");
		if (section.sh_type == SHT_SYMTAB)
			elf->has_symtab = true;
		note_section(file, tables, &section, elf);
		if (!(section.sh_flags & SHF_ALLOC) || !section.sh_size)
			continue;
		if (section.sh_addralign && !xip_is_power_of_two(section.sh_addralign))
			return corrupt(file, "an ELF section's alignment is not a power of two");
		apply_section(&section, tables->segments, elf->segment_count, &end);
	}
	return XIP_OK;
}

/* The dynamic entries of interest; addresses and string offsets as they are in the file. */
struct dynamic {
	uint64_t strings_address, strings_size;
	uint64_t soname, rpath, runpath; /* UINT64_MAX: absent */
	size_t needed_count;
};

static void visit_dynamic(const GElf_Dyn *entry, struct dynamic *dynamic, struct xip_elf *elf)
{
	uint64_t value = entry->d_un.d_val;

	switch (entry->d_tag) {
	case DT_STRTAB:
		dynamic->strings_address = value;
		break;
	case DT_STRSZ:
		dynamic->strings_size = value;
		break;
	case DT_SONAME:
		dynamic->soname = value;
		break;
	case DT_RPATH:
		dynamic->rpath = value;
		break;
	case DT_RUNPATH:
		dynamic->runpath = value;
		break;
	case DT_NEEDED:
		dynamic->needed_count++;
		break;
	case DT_TEXTREL:
		elf->textrel = true;
		break;
	case DT_FLAGS:
		if (value & DF_TEXTREL)
			elf->textrel = true;
		break;
	case DT_FLAGS_1:
		elf->pie = value & DF_1_PIE;
		break;
	default:
		break;
	}
}

/* The dynamic string table, copied to the arena with a NUL after it, so that every string ends. */
static enum xip_err load_strings(const struct xip_elf_file *file, const struct xip_elf *elf,
	const struct dynamic *dynamic, const char **strings)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct xip_elf_segment *segment = &elf->segments[i];
		uint64_t at = dynamic->strings_address - segment->vaddr;

		if (dynamic->strings_address < segment->vaddr ||
			!xip_range_inside(at, dynamic->strings_size, segment->filesz))
			continue;
		*strings = xip_arena_strndup(file->arena,
			(const char *)file->data + segment->offset + at,
			(size_t)dynamic->strings_size);
		return *strings ? XIP_OK : XIP_ERR_NOMEM;
	}
	return corrupt(file, "the ELF dynamic strings are not in the file");
}

static enum xip_err find_string(const struct xip_elf_file *file, const struct dynamic *dynamic,
	const char *strings, uint64_t offset, const char **string)
{
	if (offset >= dynamic->strings_size)
		return corrupt(file, "an ELF dynamic string is not in the string table");
	*string = strings + offset;
	return XIP_OK;
}

static enum xip_err resolve_strings(const struct xip_elf_file *file, const GElf_Phdr *header,
	const struct dynamic *dynamic, struct xip_elf *elf)
{
	size_t entry_size = file->is64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	const char *strings = NULL;
	const char **needed;
	enum xip_err err;

	err = load_strings(file, elf, dynamic, &strings);
	if (!err && dynamic->soname != UINT64_MAX)
		err = find_string(file, dynamic, strings, dynamic->soname, &elf->soname);
	if (!err && dynamic->runpath != UINT64_MAX)
		err = find_string(file, dynamic, strings, dynamic->runpath, &elf->runpath);
	else if (!err && dynamic->rpath != UINT64_MAX)
		err = find_string(file, dynamic, strings, dynamic->rpath, &elf->rpath);
	if (err || !dynamic->needed_count)
		return err;
	needed = xip_arena_calloc(file->arena, dynamic->needed_count, sizeof(*needed));
	if (!needed)
		return XIP_ERR_NOMEM;
	elf->needed = needed;
	for (uint64_t at = 0; elf->needed_count < dynamic->needed_count; at += entry_size) {
		GElf_Dyn entry;

		if (!xip_elf_read_dynamic(file, header->p_offset + at, &entry))
			return corrupt(file, "the ELF dynamic section is not readable");
		if (entry.d_tag != DT_NEEDED)
			continue;
		err = find_string(
			file, dynamic, strings, entry.d_un.d_val, &needed[elf->needed_count]);
		if (err)
			return err;
		elf->needed_count++;
	}
	return XIP_OK;
}

static enum xip_err parse_dynamic(
	const struct xip_elf_file *file, const struct tables *tables, struct xip_elf *elf)
{
	const GElf_Phdr *header = &tables->dynamic;
	size_t entry_size = file->is64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	struct dynamic dynamic = {.soname = UINT64_MAX, .rpath = UINT64_MAX, .runpath = UINT64_MAX};

	for (uint64_t at = 0; header->p_filesz - at >= entry_size; at += entry_size) {
		GElf_Dyn entry;

		if (!xip_elf_read_dynamic(file, header->p_offset + at, &entry))
			return corrupt(file, "the ELF dynamic section is not readable");
		if (entry.d_tag == DT_NULL)
			break;
		visit_dynamic(&entry, &dynamic, elf);
	}
	if (!dynamic.needed_count && dynamic.soname == UINT64_MAX && dynamic.rpath == UINT64_MAX &&
		dynamic.runpath == UINT64_MAX)
		return XIP_OK;
	return resolve_strings(file, header, &dynamic, elf);
}

bool xip_elf_lacks_sections(const uint8_t *data, size_t size)
{
	struct xip_elf_file file = {.data = data, .size = size};
	struct xip_elf elf;
	GElf_Ehdr header;
	const char *why;

	file.why = &why;
	return !parse_header(&file, &elf, &header) && !header.e_shoff;
}

/* Content after all segments and sections was put there by hand, and a program finds it there. */
static bool has_appendix(const struct xip_elf_file *file, const struct xip_elf *elf)
{
	uint64_t end = elf->section_end > elf->run_end ? elf->section_end : elf->run_end;

	return end < file->size && !xip_bytes_are_zero(file->data + end, file->size - (size_t)end);
}

enum xip_err xip_elf_parse(struct xip_arena *arena, const uint8_t *data, size_t size,
	struct xip_elf *elf, const char **why)
{
	struct xip_elf_file file = {.arena = arena, .data = data, .size = size, .why = why};
	struct tables tables = {0};
	enum xip_err err;

	memset(elf, 0, sizeof(*elf));
	err = parse_header(&file, elf, &tables.header);
	if (!err)
		err = check_program_table(&file, &tables.header, elf);
	if (!err)
		err = check_section_table(&file, &tables);
	if (!err && has_symbols_only(&file, &tables))
		err = unsupported(&file, "it holds debugging symbols only");
	if (!err)
		err = parse_program_headers(&file, &tables, elf);
	if (!err)
		err = parse_sections(&file, &tables, elf);
	if (!err)
		err = parse_dynamic(&file, &tables, elf);
	elf->appendix = !err && has_appendix(&file, elf);
	return err;
}
