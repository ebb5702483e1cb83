/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mappings of one program or shared object.
 */
#include <elf.h>

#include "predictor.h"
#include "xipfs/base/bytes.h"

/* At most the read-only part, the RELRO part and the bss part of a segment. */
#define LINES_A_SEGMENT 3

/* binfmt_flat.c: DATA_START_OFFSET_WORDS of a machine's word, for libraries long gone. */
#define FLAT_DATA_LEAD 4
#define FLAT_WORD      4

/* The bytes [@start, @end) of memory, rounded out to pages. */
static uint64_t pages_of(uint64_t start, uint64_t end, uint32_t page)
{
	return end > start ? xip_div_up(end, page) - start / page : 0;
}

static struct xip_ram_line *add_line(struct xip_ram_object *object)
{
	return &object->lines[object->line_count++];
}

/* Why mapping @i is not all from flash; NULL: it is. */
static const char *why_not(const struct xip_view *view, size_t i)
{
	enum xip_why why = view->program.mappings[i].why;

	return why == XIP_WHY_DIRECT ? view->verdicts[i].why : xip_why_text(why);
}

/* The file's pages of a read-only segment that are not direct; written to when relocated. */
static void add_pages_in_ram(
	struct xip_ram_line *line, const struct xip_elf *elf, uint64_t pages, bool mmu)
{
	if (elf->textrel)
		line->private_pages = pages;
	if (!elf->textrel || mmu)
		line->shared_pages = pages;
}

/* elf_fdpic_map_file_by_direct_mmap(); uClibc-ng's _dl_load_elf_shared_library() */
static void add_nommu_segment(struct xip_ram_object *object, const struct xip_view *view, size_t i,
	bool is_library, uint32_t page)
{
	const struct xip_elf_segment *segment = &view->program.elf.segments[i];
	const struct xip_verdict *verdict = &view->verdicts[i];
	uint64_t lead = segment->vaddr % page;
	struct xip_ram_line *line = add_line(object);

	*line = (struct xip_ram_line){
		.place = XIP_PLACE_RAM,
		.pages = view->program.mappings[i].page_count,
		.offset = segment->offset - lead,
		.named = true,
		.read = segment->read,
		.write = segment->write,
		.exec = segment->exec,
		.bss_bytes = segment->memsz - segment->filesz,
		.why = why_not(view, i),
	};
	line->rounding_bytes = line->pages * page - segment->memsz;
	if (segment->write) {
		line->private_pages = line->pages;
		/* the dynamic loader reads data into anonymous memory when there is bss */
		if (is_library && line->bss_bytes) {
			line->named = false;
			line->offset = 0;
		}
	} else if (verdict->direct) {
		line->place = XIP_PLACE_FLASH;
		line->address = verdict->offset;
		line->flash_pages = line->pages;
	} else {
		add_pages_in_ram(line, &view->program.elf, line->pages, false);
	}
}

/* elf_fdpic_map_file_constdisp_on_uclinux(): one block for all of it */
static void add_block(struct xip_ram_object *object, const struct xip_view *view, uint32_t page)
{
	const struct xip_elf *elf = &view->program.elf;
	uint64_t base = UINT64_MAX, top = 0, memsz = 0, filesz = 0;
	struct xip_ram_line *line;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct xip_elf_segment *segment = &elf->segments[i];

		base = segment->vaddr < base ? segment->vaddr : base;
		top = segment->vaddr + segment->memsz > top ? segment->vaddr + segment->memsz : top;
		memsz += segment->memsz;
		filesz += segment->filesz;
	}
	if (top <= base)
		return;
	line = add_line(object);
	*line = (struct xip_ram_line){
		.place = XIP_PLACE_RAM,
		.pages = xip_div_up(top - base, page),
		.read = true,
		.write = true,
		.exec = true,
		.private_pages = xip_div_up(top - base, page),
		.bss_bytes = memsz - filesz,
		.why = view->why,
	};
	/* segments may overlap in a file that lies */
	if (line->pages * page > memsz)
		line->rounding_bytes = line->pages * page - memsz;
}

/*
 * The first mapping of a shared object is as long as the whole object, so that it is the only one,
 * and is then cut up: the kernel maps it page by page and shows no physical address.
 */
static bool is_mapped_whole(const struct xip_elf *elf, size_t i, uint64_t pages, uint32_t page)
{
	uint64_t base = UINT64_MAX, top = 0;

	if (elf->fdpic || elf->type == ET_EXEC || i)
		return true;
	for (size_t k = 0; k < elf->segment_count; k++) {
		const struct xip_elf_segment *segment = &elf->segments[k];
		uint64_t end = segment->vaddr + segment->memsz;

		base = segment->vaddr < base ? segment->vaddr : base;
		top = end > top ? end : top;
	}
	return pages_of(base, top, page) == pages;
}

/* The page range that the dynamic loader makes read-only once it has relocated it. */
static uint64_t relro_pages(
	const struct xip_elf *elf, uint64_t start, uint64_t pages, uint32_t page)
{
	uint64_t end;

	if (!elf->relro_memsz || !xip_add_u64(elf->relro_vaddr, elf->relro_memsz, &end) ||
		xip_align_down(elf->relro_vaddr, page) != start)
		return 0;
	end = xip_align_down(end, page);
	if (end <= start)
		return 0;
	return (end - start) / page < pages ? (end - start) / page : pages;
}

/* The pages of a writable segment that have file content: RELRO apart, as mprotect() splits them.
 */
static void add_mmu_data(struct xip_ram_object *object, const struct xip_elf *elf,
	const struct xip_ram_line *whole, uint32_t page)
{
	uint64_t relro = relro_pages(elf, whole->address, whole->pages, page);
	struct xip_ram_line line = *whole;

	if (relro) {
		line.pages = line.private_pages = line.shared_pages = relro;
		*add_line(object) = line;
		line.address += relro * page;
		line.offset += relro * page;
	}
	line.write = true;
	line.pages = line.private_pages = line.shared_pages = whole->pages - relro;
	if (line.pages)
		*add_line(object) = line;
}

/* The pages of a read-only segment: from flash, as far as they are direct. */
static void add_mmu_text(struct xip_ram_object *object, const struct xip_view *view, size_t i,
	const struct xip_ram_line *whole, uint32_t page, bool pagewise)
{
	const struct xip_elf *elf = &view->program.elf;
	const struct xip_verdict *verdict = &view->verdicts[i];
	struct xip_ram_line *line = add_line(object);

	*line = *whole;
	line->flash_pages = pagewise ? verdict->paged : verdict->pages;
	add_pages_in_ram(line, elf, line->pages - line->flash_pages, true);
	line->physical = verdict->direct && is_mapped_whole(elf, i, line->pages, page);
	if (line->physical)
		line->offset = verdict->offset;
}

/* Segments of FDPIC objects go where there is room, each by itself. */
static enum xip_place mmu_place(const struct xip_elf *elf)
{
	if (elf->fdpic)
		return XIP_PLACE_RAM;
	return elf->type == ET_EXEC ? XIP_PLACE_FIXED : XIP_PLACE_RELATIVE;
}

/* elf_load(): the pages with file content, then anonymous ones */
static void add_mmu_segment(struct xip_ram_object *object, const struct xip_view *view, size_t i,
	uint32_t page, bool pagewise)
{
	const struct xip_elf *elf = &view->program.elf;
	const struct xip_elf_segment *segment = &elf->segments[i];
	uint64_t start = xip_align_down(segment->vaddr, page);
	uint64_t all = pages_of(start, segment->vaddr + segment->memsz, page);
	const struct xip_ram_line line = {
		.place = mmu_place(elf),
		.address = start,
		.pages = segment->filesz ? pages_of(start, segment->vaddr + segment->filesz, page)
					 : 0,
		.offset = segment->offset - segment->vaddr % page,
		.named = true,
		.read = segment->read,
		.exec = segment->exec,
		.why = why_not(view, i),
	};

	if (line.pages && segment->write)
		add_mmu_data(object, elf, &line, page);
	else if (line.pages)
		add_mmu_text(object, view, i, &line, page, pagewise);
	if (all > line.pages)
		*add_line(object) = (struct xip_ram_line){
			.place = line.place,
			.address = start + line.pages * page,
			.pages = all - line.pages,
			.read = true,
			.write = true,
			.exec = segment->exec,
			.private_pages = all - line.pages,
		};
	if (all) {
		struct xip_ram_line *last = &object->lines[object->line_count - 1];

		last->bss_bytes = segment->memsz - segment->filesz;
		last->rounding_bytes = all * page - segment->memsz;
	}
}

/* load_flat_file(): text from the file, then data, bss and stack; or all in one block */
static void add_flat(
	struct xip_ram_object *object, const struct xip_view *view, bool mmu, uint32_t page)
{
	const struct xip_flat *flat = &view->program.flat;
	const struct xip_verdict *verdict = &view->verdicts[0];
	uint64_t data = flat->data_end - flat->data_start;
	uint64_t bss = flat->bss_end - flat->data_end;
	uint64_t extra = bss + flat->stack_size;
	bool block = mmu || flat->ram || flat->gzip;
	struct xip_ram_line *line;

	if (extra < (uint64_t)flat->reloc_count * FLAT_WORD)
		extra = (uint64_t)flat->reloc_count * FLAT_WORD;
	if (!block) {
		line = add_line(object);
		*line = (struct xip_ram_line){
			.place = verdict->direct ? XIP_PLACE_FLASH : XIP_PLACE_RAM,
			.address = verdict->direct ? verdict->offset : 0,
			.pages = xip_div_up(flat->data_start, page),
			.named = true,
			.read = true,
			.exec = true,
			.rounding_bytes = -(uint64_t)flat->data_start & (page - 1),
			.why = why_not(view, 0),
		};
		line->flash_pages = verdict->direct ? line->pages : 0;
		line->shared_pages = verdict->direct ? 0 : line->pages;
	}
	data += extra + FLAT_DATA_LEAD + (block ? flat->data_start : 0);
	line = add_line(object);
	*line = (struct xip_ram_line){
		.place = XIP_PLACE_RAM,
		.pages = xip_div_up(data, page),
		.read = true,
		.write = true,
		.exec = true,
		.private_pages = xip_div_up(data, page),
		.rounding_bytes = -data & (page - 1),
		.bss_bytes = bss,
		.why = block ? view->why : NULL,
	};
}

/* Why the kernel does not run the file; NULL: it does. */
static const char *find_refusal(const struct xip_program *program)
{
	if (!xip_why_refuses(program->why))
		return NULL;
	return program->detail ? program->detail : xip_why_text(program->why);
}

enum xip_err xip_ram_describe(struct predictor *p, size_t index)
{
	const struct xip_view *view = predictor_view(p, index);
	const struct xip_program *program = &view->program;
	struct xip_ram_object *object = &p->ram->objects[index];
	bool mmu = p->ram->kernel == XIP_KERNEL_MMU;
	uint32_t page = p->ram->page_size;

	object->lines = xip_arena_calloc(p->ram->arena, program->mapping_count + 1,
		LINES_A_SEGMENT * sizeof(*object->lines));
	if (!object->lines)
		return XIP_ERR_NOMEM;
	object->why = find_refusal(program);
	object->loadable = !object->why;
	if (!object->loadable)
		return XIP_OK;
	if (program->loader == XIP_LOADER_FLAT)
		add_flat(object, view, mmu, page);
	else if (!mmu && (!program->elf.fdpic || program->elf.constdisp))
		add_block(object, view, page);
	else
		for (size_t i = 0; i < program->mapping_count; i++) {
			if (mmu)
				add_mmu_segment(object, view, i, page, p->ram->pagewise);
			else
				add_nommu_segment(object, view, i, p->is_library[index], page);
		}
	for (size_t i = 0; i < object->line_count; i++) {
		object->flash_pages += object->lines[i].flash_pages;
		object->shared_pages += object->lines[i].shared_pages;
		object->private_pages += object->lines[i].private_pages;
	}
	return XIP_OK;
}
