/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/elf/loader.h"
#include "xipfs/elf/machine.h"

/* cramfs block pointers hold addresses in units of 4 bytes. */
#define FLASH_ALIGN_MIN 4

/*
 * bFLT does not record its sections' alignment; the loader itself aligns data to this
 * (FLAT_DATA_ALIGN), the largest value that elf2flt ever used.
 */
#define FLAT_ALIGN 32

bool xip_loader_has_magic(const uint8_t *data, size_t size)
{
	return xip_elf_has_magic(data, size) || xip_flat_has_magic(data, size);
}

/*
 * What the flash address of a segment must be a multiple of without an MMU. Without a section table
 * nothing is known about the content but p_align, which is usually a page or more: then it may rely
 * on every alignment that a page gives.
 */
static uint64_t choose_align(const struct xip_elf_segment *segment, uint32_t page_size)
{
	uint64_t align = segment->align;

	if (!align) {
		align = segment->p_align;
		if (!xip_is_power_of_two(align) || align > page_size)
			align = page_size;
	}
	return align < FLASH_ALIGN_MIN ? FLASH_ALIGN_MIN : align;
}

/* True when mmap() of the segment would be refused: its file offset is not on a page. */
static bool is_unaligned(const struct xip_elf_segment *segment, uint32_t page_size)
{
	return (segment->vaddr ^ segment->offset) & (page_size - 1);
}

/* elf_fdpic_map_file_by_direct_mmap() and cramfs_physmem_get_unmapped_area() */
static enum xip_why judge_nommu(const struct xip_elf *elf, const struct xip_elf_segment *segment,
	const struct xip_mapping *mapping, uint64_t file_pages, uint32_t page_size)
{
	if (!mapping->page_count) /* mmap() of length zero */
		return XIP_WHY_BAD_HEADER;
	if (is_unaligned(segment, page_size))
		return XIP_WHY_UNALIGNED_SEGMENT;
	if (segment->write)
		return XIP_WHY_WRITABLE;
	if (!xip_range_inside(mapping->file_page, mapping->page_count, file_pages))
		return XIP_WHY_BEYOND_FILE;
	if (segment->memsz > segment->filesz)
		return XIP_WHY_BSS_IN_TEXT;
	if (elf->textrel)
		return XIP_WHY_TEXTREL;
	if (mapping->align > page_size)
		return XIP_WHY_ALIGN_TOO_BIG;
	return XIP_WHY_DIRECT;
}

/* elf_map() and cramfs_physmem_mmap() */
static enum xip_why judge_mmu(
	const struct xip_elf *elf, const struct xip_elf_segment *segment, uint32_t page_size)
{
	/* elf_map() maps nothing of a segment without content */
	if (segment->filesz && is_unaligned(segment, page_size))
		return XIP_WHY_UNALIGNED_SEGMENT;
	if (segment->write)
		return XIP_WHY_WRITABLE;
	if (!segment->filesz)
		return XIP_WHY_BSS_IN_TEXT;
	if (elf->textrel)
		return XIP_WHY_TEXTREL;
	return XIP_WHY_DIRECT;
}

static void describe_segment(const struct xip_program *program,
	const struct xip_elf_segment *segment, uint64_t file_size, uint32_t page_size,
	struct xip_mapping *mapping)
{
	uint64_t lead = segment->vaddr & (page_size - 1);
	uint64_t length = program->mmu ? segment->filesz : segment->memsz;
	uint64_t count = length / page_size + xip_div_up(length % page_size + lead, page_size);

	*mapping = (struct xip_mapping){
		.file_page = segment->offset / page_size,
		.page_count = program->mmu && !length ? 0 : count, /* elf_load() */
		.vaddr = segment->vaddr - lead,
		.align = program->mmu ? page_size : choose_align(segment, page_size),
		.file_bytes = segment->filesz,
		.mem_bytes = segment->memsz,
		.read = segment->read,
		.write = segment->write,
		.exec = segment->exec,
	};
	mapping->why = program->mmu ? judge_mmu(&program->elf, segment, page_size)
				    : judge_nommu(&program->elf, segment, mapping,
					      xip_div_up(file_size, page_size), page_size);
	/* a flash address can be asked for no more than a multiple of a page */
	if (mapping->align > page_size)
		mapping->align = page_size;
}

/* The whole program is not executed in place: says so for each mapping. */
static void refuse_all(struct xip_program *program, enum xip_why why)
{
	program->why = why;
	for (size_t i = 0; i < program->mapping_count; i++)
		program->mappings[i].why = why;
}

/*
 * load_elf_binary() refuses what elf_check_fdpic() takes. The FDPIC loader has no limit on program
 * headers such as load_elf_phdrs() has.
 */
static enum xip_why judge_elf_mmu(
	const struct xip_elf *elf, const struct xip_machine *machine, uint32_t page_size)
{
	if (elf->fdpic)
		return machine->fdpic_mmu ? XIP_WHY_DIRECT : XIP_WHY_FDPIC_MMU;
	return elf->phdr_bytes > page_size ? XIP_WHY_TOO_MANY_HEADERS : XIP_WHY_DIRECT;
}

/* load_elf_fdpic_binary() and is_constdisp() */
static enum xip_why judge_elf_nommu(const struct xip_elf *elf, const struct xip_machine *machine)
{
	if (!machine->nommu)
		return XIP_WHY_NO_NOMMU;
	if (!elf->fdpic)
		return elf->type == ET_EXEC ? XIP_WHY_FIXED : XIP_WHY_NOT_FDPIC;
	return elf->constdisp ? XIP_WHY_CONSTDISP : XIP_WHY_DIRECT;
}

/* Why the kernel makes no separate mappings of the file, whatever its segments. */
static enum xip_why judge_elf(const struct xip_program *program, const struct xip_target *target)
{
	const struct xip_elf *elf = &program->elf;
	const struct xip_machine *machine = xip_machine_find(elf->machine);

	if (elf->big != target->big)
		return XIP_WHY_BYTE_ORDER;
	return program->mmu ? judge_elf_mmu(elf, machine, target->page_size)
			    : judge_elf_nommu(elf, machine);
}

/*
 * do_mmap() of mm/nommu.c lets a mapping use the region of an earlier one only when it lies inside
 * it. Otherwise it makes a second region of the same pages, and add_nommu_region() calls BUG() for
 * two that begin together and, with CONFIG_DEBUG_NOMMU_REGIONS, for any that overlap. Segments are
 * in the order of their addresses, so it is enough to look at the one before; where they are not,
 * the verdict may be too harsh, but never too kind.
 */
static bool shares_pages(const struct xip_program *program)
{
	const struct xip_mapping *before = NULL;
	uint64_t begin = 0, end = 0; /* of all before */

	for (size_t i = 0; i < program->mapping_count; i++) {
		const struct xip_mapping *mapping = &program->mappings[i];
		uint64_t first = mapping->file_page, behind = first + mapping->page_count;

		if (mapping->why != XIP_WHY_DIRECT)
			continue;
		if (before && first < end && behind > begin &&
			!(first >= before->file_page &&
				behind <= before->file_page + before->page_count))
			return true;
		begin = !before || first < begin ? first : begin;
		end = behind > end ? behind : end;
		before = mapping;
	}
	return false;
}

/* Sums the mappings up: a refused one refuses the program, else one direct mapping is enough. */
static void sum_up(struct xip_program *program)
{
	program->why = XIP_WHY_NO_TEXT;
	for (size_t i = 0; i < program->mapping_count; i++) {
		enum xip_why why = program->mappings[i].why;

		if (why == XIP_WHY_UNALIGNED_SEGMENT || why == XIP_WHY_BEYOND_FILE ||
			why == XIP_WHY_BAD_HEADER) {
			refuse_all(program, why);
			if (why == XIP_WHY_BAD_HEADER)
				program->detail =
					"an ELF segment is empty, which the loader refuses";
			return;
		}
		if (why == XIP_WHY_DIRECT)
			program->why = XIP_WHY_DIRECT;
		else if (program->why == XIP_WHY_NO_TEXT && why != XIP_WHY_WRITABLE)
			program->why = why;
	}
}

static enum xip_err describe_elf(struct xip_arena *arena, const uint8_t *data, size_t size,
	const struct xip_target *target, enum xip_rules rules, struct xip_program *program)
{
	uint32_t page_size = target->page_size;
	enum xip_err err = xip_elf_parse(arena, data, size, &program->elf, &program->detail);
	enum xip_why why;

	if (err == XIP_ERR_NOMEM)
		return err;
	if (err) {
		program->why =
			err == XIP_ERR_CORRUPT ? XIP_WHY_BAD_HEADER : XIP_WHY_NOT_EXECUTABLE_TYPE;
		return XIP_OK;
	}
	program->loader = program->elf.fdpic ? XIP_LOADER_FDPIC : XIP_LOADER_ELF;
	program->mmu = rules == XIP_RULES_MMU ||
		       (rules == XIP_RULES_LOADER && program->loader == XIP_LOADER_ELF);
	program->mapping_count = program->elf.segment_count;
	program->mappings =
		xip_arena_calloc(arena, program->mapping_count, sizeof(*program->mappings));
	if (!program->mappings)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; i < program->mapping_count; i++)
		describe_segment(
			program, &program->elf.segments[i], size, page_size, &program->mappings[i]);
	why = judge_elf(program, target);
	if (why != XIP_WHY_DIRECT) {
		refuse_all(program, why);
		return XIP_OK;
	}
	sum_up(program);
	if (program->why == XIP_WHY_DIRECT && !program->mmu && shares_pages(program))
		refuse_all(program, XIP_WHY_SHARED_PAGE);
	return XIP_OK;
}

/* load_flat_file() */
static enum xip_err judge_flat(const uint8_t *data, size_t size, const struct xip_flat *flat,
	enum xip_rules rules, struct xip_program *program)
{
	bool text_relocated;
	enum xip_err err = xip_flat_walk(data, size, flat, &text_relocated, &program->detail);

	if (err == XIP_ERR_NOMEM)
		return err;
	if (err)
		program->why = XIP_WHY_BAD_HEADER;
	else if (rules == XIP_RULES_MMU)
		program->why = XIP_WHY_FLAT_MMU;
	else if (flat->gzip)
		program->why = XIP_WHY_FLAT_PACKED;
	else if (flat->ram)
		program->why = XIP_WHY_FLAT_RAM;
	else
		program->why = text_relocated ? XIP_WHY_TEXTREL : XIP_WHY_DIRECT;
	return XIP_OK;
}

static enum xip_err describe_flat(struct xip_arena *arena, const uint8_t *data, size_t size,
	uint32_t page_size, enum xip_rules rules, struct xip_program *program)
{
	struct xip_flat *flat = &program->flat;
	enum xip_err err = xip_flat_parse(data, size, size, flat, &program->detail);
	uint64_t data_bytes = flat->data_end - flat->data_start;
	bool packed_data = flat->gzip || flat->gzdata;
	struct xip_mapping *mappings;

	if (err) {
		program->why = XIP_WHY_BAD_HEADER;
		return XIP_OK;
	}
	mappings = xip_arena_calloc(arena, 2, sizeof(*mappings));
	if (!mappings)
		return XIP_ERR_NOMEM;
	program->loader = XIP_LOADER_FLAT;
	program->mmu = rules == XIP_RULES_MMU;
	program->mappings = mappings;
	program->mapping_count = 2;
	mappings[0] = (struct xip_mapping){
		.page_count = flat->gzip ? 0 : xip_div_up(flat->data_start, page_size),
		.align = FLAT_ALIGN,
		.file_bytes = flat->data_start,
		.mem_bytes = flat->data_start,
		.read = true,
		.exec = true,
	};
	mappings[1] = (struct xip_mapping){
		.file_page = flat->data_start / page_size,
		.page_count = packed_data ? 0
					  : xip_div_up(flat->data_start % page_size + data_bytes,
						    page_size),
		.vaddr = xip_align_down(flat->data_start, page_size),
		.align = FLAT_ALIGN,
		.file_bytes = data_bytes,
		.mem_bytes = flat->bss_end - flat->data_start,
		.read = true,
		.write = true,
		.exec = true,
		.why = XIP_WHY_WRITABLE,
	};
	err = judge_flat(data, size, flat, rules, program);
	if (!err && program->why != XIP_WHY_DIRECT)
		refuse_all(program, program->why);
	return err;
}

enum xip_err xip_loader_describe(struct xip_arena *arena, const uint8_t *data, size_t size,
	const struct xip_target *target, enum xip_rules rules, struct xip_program *program)
{
	memset(program, 0, sizeof(*program));
	program->why = XIP_WHY_NOT_PROGRAM;
	if (xip_elf_has_magic(data, size))
		return describe_elf(arena, data, size, target, rules, program);
	if (xip_flat_has_magic(data, size))
		return describe_flat(arena, data, size, target->page_size, rules, program);
	return XIP_OK;
}

const char *xip_loader_name(enum xip_loader loader)
{
	switch (loader) {
	case XIP_LOADER_NONE:
		return "none";
	case XIP_LOADER_FDPIC:
		return "fdpic";
	case XIP_LOADER_ELF:
		return "elf";
	case XIP_LOADER_FLAT:
		return "flat";
	}
	return "unknown";
}
