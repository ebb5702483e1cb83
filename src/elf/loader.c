/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/elf/loader.h"

/* cramfs block pointers hold addresses in units of 4 bytes. */
#define FLASH_ALIGN_MIN 4

/*
 * bFLT keeps nothing of its sections' alignment; the loader itself aligns data to this
 * (FLAT_DATA_ALIGN), the largest value that elf2flt ever used.
 */
#define FLAT_ALIGN 32

bool xip_loader_has_magic(const uint8_t *data, size_t size)
{
	return xip_elf_has_magic(data, size) || xip_flat_has_magic(data, size);
}

/*
 * What the flash address of a segment must be a multiple of without an MMU. Without a section table
 * nothing is known of the content but p_align, which is mostly a page or more: then every
 * alignment that a page gives may be relied on.
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
	if (!mapping->page_count) /* mmap() of no length */
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
	/* a multiple of a page is all that a flash address may be asked to be */
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

/* Why the kernel makes no separate mappings of the file, whatever its segments. */
static enum xip_why judge_elf(
	const struct xip_program *program, enum xip_rules rules, uint32_t page_size)
{
	if (program->mmu)
		/* load_elf_phdrs() of binfmt_elf; the FDPIC loader has no such limit */
		return !program->elf.fdpic && program->elf.phdr_bytes > page_size
			       ? XIP_WHY_TOO_MANY_HEADERS
			       : XIP_WHY_DIRECT;
	if (rules == XIP_RULES_NOMMU && !program->elf.fdpic)
		return XIP_WHY_NOT_FDPIC;
	return program->elf.constdisp ? XIP_WHY_CONSTDISP : XIP_WHY_DIRECT;
}

/*
 * do_mmap() of mm/nommu.c lets a mapping use the region of an earlier one only when it lies inside
 * it. Otherwise it makes a second region of the same pages, and add_nommu_region() calls BUG() for
 * two that begin together, with CONFIG_DEBUG_NOMMU_REGIONS for any that overlap. Segments stand in
 * the order of their addresses, so the one before is enough to look at; of others it may think too
 * badly, but never too well.
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
	uint32_t page_size, enum xip_rules rules, struct xip_program *program)
{
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
	why = judge_elf(program, rules, page_size);
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
static enum xip_why judge_flat(
	const uint8_t *data, size_t size, const struct xip_flat *flat, enum xip_rules rules)
{
	if (rules == XIP_RULES_MMU)
		return XIP_WHY_FLAT_MMU;
	if (flat->gzip)
		return XIP_WHY_FLAT_PACKED;
	if (flat->ram)
		return XIP_WHY_FLAT_RAM;
	if (xip_flat_relocates_text(data, size, flat))
		return XIP_WHY_TEXTREL;
	return XIP_WHY_DIRECT;
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
	program->why = judge_flat(data, size, flat, rules);
	if (program->why != XIP_WHY_DIRECT)
		refuse_all(program, program->why);
	return XIP_OK;
}

enum xip_err xip_loader_describe(struct xip_arena *arena, const uint8_t *data, size_t size,
	uint32_t page_size, enum xip_rules rules, struct xip_program *program)
{
	memset(program, 0, sizeof(*program));
	program->why = XIP_WHY_NOT_PROGRAM;
	if (xip_elf_has_magic(data, size))
		return describe_elf(arena, data, size, page_size, rules, program);
	if (xip_flat_has_magic(data, size))
		return describe_flat(arena, data, size, page_size, rules, program);
	return XIP_OK;
}

/* What is said of each reason: a name for machines, a clause and an advice for people. */
static const struct {
	const char *name;
	const char *text;
	const char *advice; /* NULL: nothing to be done */
} reasons[XIP_WHY_COUNT] = {
	[XIP_WHY_DIRECT] = {"direct", "it is mapped from flash", NULL},
	[XIP_WHY_NOT_PROGRAM] = {"not-program", "it is neither ELF nor bFLT", NULL},
	[XIP_WHY_BAD_HEADER] = {"bad-header", "its headers are damaged",
		"build or copy the file again"},
	[XIP_WHY_NOT_EXECUTABLE_TYPE] = {"not-executable-type",
		"it is an ELF file, but no program or shared object", NULL},
	[XIP_WHY_WRITABLE] = {"writable", "the segment is writable", NULL},
	[XIP_WHY_BSS_IN_TEXT] = {"bss-in-text",
		"the read-only segment has bss, which the loader clears",
		"move the zero-initialised sections to a writable segment"},
	[XIP_WHY_BEYOND_FILE] = {"beyond-file",
		"the segment's pages reach past the end of the file, so the program cannot start",
		"move the zero-initialised sections to a writable segment"},
	[XIP_WHY_UNALIGNED_SEGMENT] = {"unaligned-segment",
		"a segment's address and file offset differ modulo the page size, so the program "
		"cannot start",
		"link with -z max-page-size= of the target's page size or more"},
	[XIP_WHY_ALIGN_TOO_BIG] = {"align-too-big",
		"a section of the segment wants more alignment than a page",
		"lower that section's alignment to a page (readelf -SW shows it)"},
	[XIP_WHY_NOT_FDPIC] = {"not-fdpic",
		"it is no FDPIC program, so a kernel without an MMU copies all of it to RAM",
		"build it with an FDPIC tool chain (-mfdpic), or use -X -X if there is an MMU"},
	[XIP_WHY_FLAT_RAM] = {"flat-ram", "its bFLT header asks for text in RAM",
		"build it position independent and without elf2flt -r"},
	[XIP_WHY_FLAT_PACKED] = {"flat-packed", "its bFLT text is packed",
		"unpack it with flthdr -Z, or pack only its data with elf2flt -d"},
	[XIP_WHY_TEXTREL] = {"textrel", "it has text relocations, so its text is written to",
		"compile all of it position independent; for ELF, ld -z text finds the culprit"},
	[XIP_WHY_NO_TEXT] = {"no-text", "it has no read-only segment",
		"link without -N (--omagic), so that text and data get segments of their own"},
	[XIP_WHY_CONSTDISP] = {"constant-displacement",
		"it is flagged as position independent at constant displacement, so a kernel "
		"without an MMU copies all of it to RAM",
		"compile and link all of its objects with -mfdpic"},
	[XIP_WHY_TOO_MANY_HEADERS] = {"too-many-headers",
		"it has more than a page of program headers, so it cannot start",
		"link it with fewer segments"},
	[XIP_WHY_FLAT_MMU] = {"flat-mmu", "a kernel with an MMU copies bFLT programs to RAM",
		"build it as ELF"},
	[XIP_WHY_SHARED_PAGE] = {"shared-page",
		"two of its read-only segments share a page, and a kernel without an MMU cannot "
		"map "
		"both from flash",
		"link with -z separate-code, or with all that is read-only in one segment"},
};

const char *xip_why_text(enum xip_why why)
{
	return (unsigned)why < XIP_WHY_COUNT ? reasons[why].text : "unknown";
}

const char *xip_why_advice(enum xip_why why)
{
	return (unsigned)why < XIP_WHY_COUNT ? reasons[why].advice : NULL;
}

const char *xip_why_name(enum xip_why why)
{
	return (unsigned)why < XIP_WHY_COUNT ? reasons[why].name : "unknown";
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
