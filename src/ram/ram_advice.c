/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a relink, or another layout, would save.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "predictor.h"
#include "xipfs/base/bytes.h"

/* The least stack that the FDPIC loader gives, and enough for most programs. */
#define STACK_PAGES_GOOD 2

const char *xip_advice_name(enum xip_advice_kind kind)
{
	static const char *const names[XIP_ADVICE_COUNT] = {
		[XIP_ADVICE_NOT_LOADABLE] = "not-loadable",
		[XIP_ADVICE_NOT_FDPIC] = "not-fdpic",
		[XIP_ADVICE_TEXTREL] = "textrel",
		[XIP_ADVICE_NOT_DIRECT] = "not-direct",
		[XIP_ADVICE_NOT_PLACED] = "not-placed",
		[XIP_ADVICE_RELRO] = "relro",
		[XIP_ADVICE_DATA_OFFSET] = "data-offset",
		[XIP_ADVICE_ALIGNMENT] = "alignment",
		[XIP_ADVICE_STACK] = "stack",
		[XIP_ADVICE_SEGMENTS] = "segments",
		[XIP_ADVICE_UNSTRIPPED] = "unstripped",
	};

	return (unsigned)kind < XIP_ADVICE_COUNT ? names[kind] : "unknown";
}

/* What is looked at for one object. */
struct subject {
	struct predictor *p;
	size_t object;
	const struct xip_view *view;
	const struct xip_program *program;
	uint32_t page;
};

/* A new piece of advice on @s; the caller fills in the savings. */
static struct xip_ram_advice *advise(
	const struct subject *s, enum xip_advice_kind kind, const char *problem, const char *remedy)
{
	struct xip_ram_advice *advice = &s->p->ram->advice[s->p->ram->advice_count++];

	*advice = (struct xip_ram_advice){
		.kind = kind, .object = s->object, .problem = problem, .remedy = remedy};
	return advice;
}

/* Pages of RAM for what is read-only in the segments, as the loader maps it now. */
static void sum_read_only(const struct subject *s, uint64_t *once, uint64_t *each)
{
	const struct xip_ram_object *object = &s->p->ram->objects[s->object];

	*once = *each = 0;
	for (size_t i = 0; i < object->line_count; i++) {
		const struct xip_ram_line *line = &object->lines[i];

		if (!line->named || line->write ||
			(line->private_pages && !s->program->elf.textrel))
			continue;
		*once += line->shared_pages;
		*each += line->private_pages;
	}
}

/* Pages of text and constants of a program that is loaded in one block. */
static uint64_t read_only_pages(const struct subject *s)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < s->program->mapping_count; i++)
		if (!s->program->mappings[i].write)
			pages += xip_div_up(s->program->mappings[i].mem_bytes, s->page);
	return pages;
}

static void advise_refused(const struct subject *s)
{
	const char *why = s->p->ram->objects[s->object].why;
	const char *remedy = xip_why_advice(s->program->why, s->program->elf.machine);

	advise(s, XIP_ADVICE_NOT_LOADABLE, why, remedy ? remedy : "build it again");
}

/* What the loader's rules do not let it map from flash. */
static void advise_loader(const struct subject *s)
{
	enum xip_why why = s->program->why;
	enum xip_advice_kind kind = XIP_ADVICE_NOT_DIRECT;
	struct xip_ram_advice *advice;
	uint64_t once, each;

	for (size_t i = 0; i < s->program->mapping_count && why == XIP_WHY_DIRECT; i++)
		if (!s->program->mappings[i].write && s->program->mappings[i].file_bytes)
			why = s->program->mappings[i].why;
	if (why == XIP_WHY_DIRECT || !xip_why_advice(why, s->program->elf.machine))
		return;
	if (why == XIP_WHY_TEXTREL)
		kind = XIP_ADVICE_TEXTREL;
	if (why == XIP_WHY_NOT_FDPIC || why == XIP_WHY_CONSTDISP)
		kind = XIP_ADVICE_NOT_FDPIC;
	sum_read_only(s, &once, &each);
	advice = advise(s, kind, xip_why_text(why), xip_why_advice(why, s->program->elf.machine));
	advice->ram_once = once * s->page;
	/* one block, or one writable segment: there is no line for the text alone */
	advice->ram_each = (once + each ? each : read_only_pages(s)) * s->page;
}

/* What could be direct and is not, because the image has it compressed or scattered. */
static void advise_placement(const struct subject *s)
{
	uint64_t once, each;

	/* where a profile chose the pages, it also chose those that are not there */
	if (s->program->why != XIP_WHY_DIRECT || s->view->direct || s->p->ram->pagewise)
		return;
	sum_read_only(s, &once, &each);
	if (once)
		advise(s, XIP_ADVICE_NOT_PLACED, s->view->why,
			"let mkxipfs place it: no --no-xip, and no no-xip line of a policy, "
			"may match it")
			->ram_once = once * s->page;
}

/* Extra pages that @bytes take when they begin @lead bytes after a page boundary. */
static uint64_t pages_lost(uint64_t bytes, uint64_t lead, uint32_t page)
{
	return xip_div_up(bytes % page + lead, page) - xip_div_up(bytes % page, page);
}

/* A data segment that crosses one more page boundary than its length requires. */
static void advise_data(const struct subject *s)
{
	const struct xip_elf *elf = &s->program->elf;
	struct xip_ram_advice *advice;
	uint64_t each = 0, once = 0;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct xip_elf_segment *segment = &elf->segments[i];
		uint64_t lead = segment->vaddr % s->page;

		if (!segment->write || !segment->memsz)
			continue;
		each += pages_lost(segment->memsz, lead, s->page);
		/* with an MMU the file's pages are in the page cache as well */
		if (s->p->ram->kernel == XIP_KERNEL_MMU && segment->filesz)
			once += pages_lost(segment->filesz, lead, s->page);
	}
	if (!each)
		return;
	if (elf->relro_memsz)
		advice = advise(s, XIP_ADVICE_RELRO,
			"RELRO ends on a page border, which moves the data segment across "
			"one more page",
			"link with -Wl,-z,norelro");
	else
		advice = advise(s, XIP_ADVICE_DATA_OFFSET,
			"the data segment begins in the middle of a page and takes one page "
			"more than its length needs",
			"begin .data on a page border in the linker script; GNU ld's own do so "
			"when it saves a page");
	advice->ram_each = each * s->page;
	advice->ram_once = once * s->page;
}

/* Pages that would suffice without the gaps that large alignments make between sections. */
static void advise_alignment(const struct subject *s)
{
	const struct xip_elf *elf = &s->program->elf;
	bool in_place = s->p->ram->objects[s->object].flash_pages > 0;
	uint64_t once = 0, each = 0;
	struct xip_ram_advice *advice;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct xip_elf_segment *segment = &elf->segments[i];
		uint64_t lead = segment->vaddr % s->page;
		uint64_t gaps = segment->gaps < segment->memsz ? segment->gaps : 0;
		uint64_t pages = segment->memsz / s->page +
				 xip_div_up(segment->memsz % s->page + lead, s->page) -
				 xip_div_up(lead + segment->memsz - gaps, s->page);

		if (segment->write)
			each += pages;
		else
			once += pages;
	}
	if (!once && !each)
		return;
	advice = advise(s, XIP_ADVICE_ALIGNMENT,
		"sections that are aligned to more than a cache line leave gaps of pages",
		"align to 64 bytes at most: look for aligned() in the source, -falign-functions= "
		"and ALIGN() in the linker script (readelf -SW shows the sections)");
	advice->ram_each = each * s->page;
	if (in_place)
		advice->flash_bytes = once * s->page;
	else
		advice->ram_once = once * s->page;
}

static enum xip_err advise_stack(const struct subject *s, const struct xip_ram_process *process)
{
	char text[120];
	const char *problem;

	if (process->objects[0] != s->object || process->stack_pages <= STACK_PAGES_GOOD)
		return XIP_OK;
	if (process->stack_asked)
		snprintf(text, sizeof(text), "its stack takes %" PRIu64 " bytes",
			process->stack_pages * s->page);
	else
		snprintf(text, sizeof(text),
			"it asks for no stack size, so it gets the kernel's default of %" PRIu64
			" bytes",
			process->stack_pages * s->page);
	problem = xip_arena_strndup(s->p->ram->arena, text, strlen(text));
	if (!problem)
		return XIP_ERR_NOMEM;
	/* mkxipfs sets the stack of FDPIC programs only */
	advise(s, XIP_ADVICE_STACK, problem,
		s->program->loader == XIP_LOADER_FDPIC
			? "if two pages are enough, link with -Wl,-z,stack-size=8192 or use "
			  "mkxipfs --stack-size"
			: "if two pages are enough, link with -Wl,-z,stack-size=8192")
		->ram_each = (process->stack_pages - STACK_PAGES_GOOD) * s->page;
	return XIP_OK;
}

/* Read-only segments that are rounded to pages one by one. */
static void advise_segments(const struct subject *s)
{
	const struct xip_ram_object *object = &s->p->ram->objects[s->object];
	uint64_t now = 0, bytes = 0, once, each;
	struct xip_ram_advice *advice;
	size_t count = 0;

	for (size_t i = 0; i < s->program->mapping_count; i++) {
		const struct xip_mapping *mapping = &s->program->mappings[i];

		if (mapping->write || mapping->why != XIP_WHY_DIRECT)
			continue;
		count++;
		now += mapping->page_count;
		bytes += mapping->file_bytes;
	}
	if (count < 2 || now <= xip_div_up(bytes, s->page))
		return;
	now -= xip_div_up(bytes, s->page);
	sum_read_only(s, &once, &each);
	advice = advise(s, XIP_ADVICE_SEGMENTS,
		"its read-only parts are several segments, each rounded to pages",
		"link with -Wl,-z,noseparate-code");
	if (object->flash_pages)
		advice->flash_bytes = now * s->page;
	else
		advice->ram_once = now * s->page;
}

/*
 * Bytes of flash taken by what lies after all segments: whole blocks with their pointers, and its
 * share of the block where it begins, unless that is mapped and so a whole page anyway.
 */
static enum xip_err measure_sections(const struct subject *s, uint64_t *bytes)
{
	const struct xip_program_report *report = &s->p->programs->programs[s->object];
	const struct xip_inode *inode = &s->p->listing->entries[report->entry].inode;
	uint64_t end = s->program->elf.run_end;
	uint32_t blocks = xip_image_block_count(s->p->image, inode);

	*bytes = 0;
	for (uint64_t i = end / s->page; i < blocks; i++) {
		uint32_t length = xip_image_block_length(s->p->image, inode, (uint32_t)i);
		uint64_t kept = i == end / s->page ? end % s->page : 0;
		struct xip_block block;
		const char *why;
		enum xip_err err = xip_image_block(s->p->image, inode, (uint32_t)i, &block, &why);

		if (err == XIP_ERR_CORRUPT)
			continue; /* for the checks to report */
		if (err)
			return err;
		if (!kept)
			*bytes += XIP_POINTER_SIZE + block.length;
		else if (kept < length && !(block.direct && block.uncompressed))
			*bytes += block.length * (length - kept) / length;
	}
	return XIP_OK;
}

/* Symbols and whatever else no loader reads. Section headers alone are not worth a word. */
static enum xip_err advise_sections(const struct subject *s)
{
	const struct xip_program_report *report = &s->p->programs->programs[s->object];
	const struct xip_elf *elf = &s->program->elf;
	uint64_t size = s->p->listing->entries[report->entry].inode.size, bytes;
	enum xip_err err;

	if (elf->run_end >= size || elf->appendix || elf->looked_up ||
		(!elf->has_symtab && size - elf->run_end < s->page))
		return XIP_OK;
	err = measure_sections(s, &bytes);
	if (!err && bytes)
		advise(s, XIP_ADVICE_UNSTRIPPED,
			elf->has_symtab ? "it is not stripped"
					: "it has sections after its last segment",
			"use mkxipfs --strip, or strip it, or link with -Wl,-s")
			->flash_bytes = bytes;
	return err;
}

/* All there is to say of one object. */
static enum xip_err advise_object(const struct subject *s, const struct xip_ram_process *process)
{
	enum xip_err err = XIP_OK;

	if (!s->p->ram->objects[s->object].loadable) {
		advise_refused(s);
		return XIP_OK;
	}
	if (s->p->ram->objects[s->object].users) {
		advise_loader(s);
		advise_placement(s);
	}
	if (!program_is_elf(s->program))
		return XIP_OK;
	if (s->p->ram->objects[s->object].users)
		advise_data(s);
	if (s->p->ram->objects[s->object].users)
		advise_alignment(s);
	if (process)
		err = advise_stack(s, process);
	if (err)
		return err;
	advise_segments(s);
	return advise_sections(s);
}

enum xip_err xip_ram_advise(struct predictor *p)
{
	const struct xip_ram_process *process = p->ram->processes;
	enum xip_err err = XIP_OK;

	for (size_t i = 0; i < p->ram->object_count && !err; i++) {
		const struct xip_view *view = predictor_view(p, i);
		const struct subject subject = {
			.p = p,
			.object = i,
			.view = view,
			.program = &view->program,
			.page = p->ram->page_size,
		};

		err = advise_object(&subject, p->ram->objects[i].is_program ? process : NULL);
		process += p->ram->objects[i].is_program;
	}
	return err;
}
