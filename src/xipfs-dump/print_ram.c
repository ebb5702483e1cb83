/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --ram: what each program takes of RAM, and what would save some.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common.h"
#include "xipfs/ram/ram.h"

/* The programs of the image with what is predicted for them. */
struct report {
	struct dump *dump;
	struct xip_program_list programs;
	struct xip_ram ram;
};

static uint64_t bytes_of(const struct report *report, uint64_t pages)
{
	return pages * report->ram.page_size;
}

/* The listing's entry of an object. */
static uint32_t entry_of(const struct report *report, size_t object)
{
	return report->programs.programs[object].entry;
}

static void print_size(const struct report *report, uint64_t pages)
{
	if (pages)
		printf(" %8" PRIu64 "K", bytes_of(report, pages) / 1024);
	else
		printf(" %9s", "-");
}

static void print_address(const struct report *report, const struct xip_ram_line *line)
{
	uint64_t start = line->address, end;
	const char *sign = "";
	char text[64];

	if (line->place == XIP_PLACE_RAM) {
		printf("  %-24s", report->ram.kernel == XIP_KERNEL_MMU ? "anywhere" : "RAM");
		return;
	}
	if (line->place == XIP_PLACE_FLASH)
		start = dump_address(report->dump, start);
	if (line->place == XIP_PLACE_RELATIVE)
		sign = "+";
	end = start + bytes_of(report, line->pages);
	snprintf(text, sizeof(text), "%s%08" PRIx64 "-%08" PRIx64, sign, start, end);
	printf("  %-24s", text);
}

static uint64_t offset_column(const struct report *report, const struct xip_ram_line *line)
{
	return line->physical ? dump_address(report->dump, line->offset) : line->offset;
}

static void print_line(const struct report *report, size_t object, const struct xip_ram_line *line)
{
	print_address(report, line);
	printf(" %c%c%cp %08" PRIx64, line->read ? 'r' : '-', line->write ? 'w' : '-',
		line->exec ? 'x' : '-', offset_column(report, line));
	print_size(report, line->pages);
	print_size(report, line->flash_pages);
	print_size(report, line->shared_pages);
	print_size(report, line->private_pages);
	printf(" %8" PRIu64 " %8" PRIu64 "  ", line->bss_bytes, line->rounding_bytes);
	if (line->named)
		dump_print_path(report->dump, stdout, entry_of(report, object));
	else
		fputs("(no file)", stdout);
	putchar('\n');
}

static void print_block(const struct report *report, const struct xip_ram_process *process)
{
	uint64_t block = (uint64_t)report->ram.page_size << process->block_order;

	if (!process->block_used)
		return;
	printf("  largest block %" PRIu64 "K (order %u), for ", block / 1024, process->block_order);
	if (process->block_object != SIZE_MAX)
		dump_print_path(report->dump, stdout, entry_of(report, process->block_object));
	else
		fputs("its stack", stdout);
	putchar('\n');
	if (process->block_order > report->ram.max_order)
		printf("  cannot be loaded: the kernel has no block of more than order %u\n",
			report->ram.max_order);
}

/* What of the program and its libraries is hot and cold, where each page is mapped by itself. */
static void print_pages(const struct report *report, const struct xip_ram_process *process)
{
	for (size_t i = 0; report->ram.pagewise && i < process->object_count; i++) {
		const struct xip_view *view = &report->programs.programs[process->objects[i]].mmu;

		if (!view->hot && !view->cold)
			continue;
		fputs("  ", stdout);
		dump_print_path(report->dump, stdout, entry_of(report, process->objects[i]));
		fputs(": ", stdout);
		print_heat(view->hot, view->cold);
	}
}

static void print_process(const struct report *report, const struct xip_ram_process *process)
{
	const struct xip_ram *ram = &report->ram;

	putchar('\n');
	dump_print_path(report->dump, stdout, entry_of(report, process->objects[0]));
	printf(" (%s)\n", dump_loader_text(report->programs.programs[process->objects[0]].loader));
	printf("  %-24s %-4s %-8s %9s %9s %9s %9s %8s %8s\n", "address", "prot", "offset", "length",
		"flash", "RAM once", "RAM each", "bss", "rounding");
	for (size_t i = 0; i < process->object_count; i++) {
		const struct xip_ram_object *object = &ram->objects[process->objects[i]];

		for (size_t k = 0; k < object->line_count; k++)
			print_line(report, process->objects[i], &object->lines[k]);
		if (!object->loadable) {
			fputs("  cannot be loaded: ", stdout);
			dump_print_path(
				report->dump, stdout, entry_of(report, process->objects[i]));
			printf(": %s\n", object->why);
		}
	}
	if (process->stack_pages) {
		printf("  %-24s rw-p %08x", "RAM", 0);
		print_size(report, process->stack_pages);
		print_size(report, 0);
		print_size(report, 0);
		print_size(report, process->stack_pages);
		printf(" %8s %8s  (stack)\n", "", "");
	}
	for (size_t i = 0; i < process->missing_count; i++) {
		fputs("  not in the image: ", stdout);
		xip_cli_print_escaped(stdout, process->missing[i]);
		putchar('\n');
	}
	print_block(report, process);
	print_pages(report, process);
	printf("  first process %" PRIu64 "K, each further one %" PRIu64 "K; without execution in "
	       "place %" PRIu64 "K and %" PRIu64 "K: saved %" PRIu64 " bytes, %" PRIu64 " page%s\n",
		bytes_of(report, process->first_pages) / 1024,
		bytes_of(report, process->further_pages) / 1024,
		bytes_of(report, process->plain_pages) / 1024,
		bytes_of(report, process->further_pages) / 1024,
		bytes_of(report, process->flash_pages), process->flash_pages,
		process->flash_pages == 1 ? "" : "s");
}

static void print_saving(uint64_t bytes, const char *what, bool *any)
{
	if (!bytes)
		return;
	printf("%s%" PRIu64 " bytes of %s", *any ? ", " : "; saves ", bytes, what);
	*any = true;
}

static void print_advice(const struct report *report)
{
	const struct xip_ram *ram = &report->ram;

	if (ram->advice_count)
		puts("\nadvice:");
	for (size_t i = 0; i < ram->advice_count; i++) {
		const struct xip_ram_advice *advice = &ram->advice[i];
		bool any = false;

		fputs("  ", stdout);
		dump_print_path(report->dump, stdout, entry_of(report, advice->object));
		printf(": %s\n      %s", advice->problem, advice->remedy);
		print_saving(advice->ram_each, "RAM for each process", &any);
		print_saving(advice->ram_once, "RAM once", &any);
		print_saving(advice->flash_bytes, "flash", &any);
		putchar('\n');
	}
}

/* Pages that run from flash when each program runs, shared objects counted once. */
static uint64_t pages_in_use(const struct xip_ram *ram)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < ram->object_count; i++)
		if (ram->objects[i].users)
			pages += ram->objects[i].flash_pages;
	return pages;
}

static void print_text(const struct report *report)
{
	const struct xip_ram *ram = &report->ram;
	bool mmu = ram->kernel == XIP_KERNEL_MMU;
	uint64_t pages = pages_in_use(ram);

	printf("RAM on a kernel %s an MMU%s, in pages of %" PRIu32 " bytes\n",
		mmu ? "with" : "without", ram->pagewise ? " that maps page by page" : "",
		ram->page_size);
	puts(mmu ? "Upper bounds: every page is touched, every writable page is written to. Stack "
		   "and heap\ngrow on demand and are not counted."
		 : "What the loaders map, and the stack. Not counted: what a program asks for when "
		   "it runs.");
	if (!report->dump->options->flash_address && !mmu)
		puts("Addresses in flash are offsets in the image; --flash-addr=ADDR gives the "
		     "real "
		     "ones.");
	if (!ram->process_count)
		puts(report->dump->options->path_count ? "\nnone of these is a program"
						       : "\nno program is in the image");
	for (size_t i = 0; i < ram->process_count && !ferror(stdout); i++)
		print_process(report, &ram->processes[i]);
	print_advice(report);
	printf("\n%s programs together, shared objects once: %" PRIu64 " bytes run from flash and "
	       "are saved in RAM, %" PRIu64 " page%s\n",
		report->dump->options->path_count ? "these" : "all", bytes_of(report, pages), pages,
		pages == 1 ? "" : "s");
}

static void json_line(
	const struct report *report, struct json *json, const struct xip_ram_line *line)
{
	static const char *const places[] = {
		[XIP_PLACE_FLASH] = "flash",
		[XIP_PLACE_FIXED] = "fixed",
		[XIP_PLACE_RELATIVE] = "relative",
		[XIP_PLACE_RAM] = "ram",
	};
	const char permissions[] = {
		line->read ? 'r' : '-', line->write ? 'w' : '-', line->exec ? 'x' : '-', 'p', '\0'};

	json_open_object(json, NULL);
	json_text(json, "place", places[line->place]);
	if (line->place == XIP_PLACE_RAM)
		json_null(json, "address");
	else
		json_number(json, "address",
			line->place == XIP_PLACE_FLASH ? dump_address(report->dump, line->address)
						       : line->address);
	json_number(json, "length", bytes_of(report, line->pages));
	json_text(json, "permissions", permissions);
	json_number(json, "offset", offset_column(report, line));
	json_bool(json, "named", line->named);
	json_number(json, "flash", bytes_of(report, line->flash_pages));
	json_number(json, "mapped_in_place_pages", line->flash_pages);
	json_number(json, "ram_once", bytes_of(report, line->shared_pages));
	json_number(json, "ram_each", bytes_of(report, line->private_pages));
	json_number(json, "bss", line->bss_bytes);
	json_number(json, "rounding", line->rounding_bytes);
	json_text(json, "why", line->why);
	json_close_object(json);
}

static void json_object(const struct report *report, struct json *json,
	const struct xip_ram_process *process, size_t index)
{
	const struct xip_ram_object *object = &report->ram.objects[index];

	json_open_object(json, NULL);
	dump_json_path(report->dump, json, "path", entry_of(report, index));
	json_text(json, "role",
		index == process->objects[0]    ? "program"
		: index == process->interpreter ? "interpreter"
						: "library");
	json_bool(json, "loadable", object->loadable);
	json_text(json, "why", object->why);
	if (report->ram.pagewise) {
		json_number(json, "hot_pages", report->programs.programs[index].mmu.hot);
		json_number(json, "cold_pages", report->programs.programs[index].mmu.cold);
	}
	json_open_list(json, "lines");
	for (size_t i = 0; i < object->line_count; i++)
		json_line(report, json, &object->lines[i]);
	json_close_list(json);
	json_close_object(json);
}

/* "block" is what must be free in one piece, "block_used" what is kept of it; 0: with an MMU. */
static void json_block(
	const struct report *report, struct json *json, const struct xip_ram_process *process)
{
	json_number(json, "block",
		process->block_used ? (uint64_t)report->ram.page_size << process->block_order : 0);
	json_number(json, "block_used", bytes_of(report, process->block_used));
	json_number(json, "block_order", process->block_order);
	json_bool(json, "block_too_large", process->block_order > report->ram.max_order);
	if (!process->block_used || process->block_object == SIZE_MAX)
		json_text(json, "block_of", process->block_used ? "stack" : NULL);
	else
		dump_json_path(
			report->dump, json, "block_of", entry_of(report, process->block_object));
}

static void json_process(
	const struct report *report, struct json *json, const struct xip_ram_process *process)
{
	json_open_object(json, NULL);
	dump_json_path(report->dump, json, "path", entry_of(report, process->objects[0]));
	json_text(json, "loader",
		xip_loader_name(report->programs.programs[process->objects[0]].loader));
	json_bool(json, "loadable", process->loadable);
	json_number(json, "stack", bytes_of(report, process->stack_pages));
	json_block(report, json, process);
	json_number(json, "flash", bytes_of(report, process->flash_pages));
	json_number(json, "first", bytes_of(report, process->first_pages));
	json_number(json, "further", bytes_of(report, process->further_pages));
	json_number(json, "first_without_xip", bytes_of(report, process->plain_pages));
	json_number(json, "further_without_xip", bytes_of(report, process->further_pages));
	json_number(json, "saved", bytes_of(report, process->flash_pages));
	json_number(json, "saved_pages", process->flash_pages);
	json_open_list(json, "objects");
	for (size_t i = 0; i < process->object_count; i++)
		json_object(report, json, process, process->objects[i]);
	json_close_list(json);
	json_open_list(json, "missing");
	for (size_t i = 0; i < process->missing_count; i++)
		json_text(json, NULL, process->missing[i]);
	json_close_list(json);
	json_close_object(json);
}

static void print_json(const struct report *report)
{
	struct json json = {.out = stdout};
	const struct xip_ram *ram = &report->ram;

	dump_json_begin(report->dump, &json);
	json_text(&json, "kernel", ram->kernel == XIP_KERNEL_MMU ? "mmu" : "nommu");
	json_bool(&json, "pagewise", ram->pagewise);
	json_number(&json, "saved", bytes_of(report, pages_in_use(ram)));
	json_number(&json, "saved_pages", pages_in_use(ram));
	json_open_list(&json, "programs");
	for (size_t i = 0; i < ram->process_count && !ferror(stdout); i++)
		json_process(report, &json, &ram->processes[i]);
	json_close_list(&json);
	json_open_list(&json, "advice");
	for (size_t i = 0; i < ram->advice_count; i++) {
		const struct xip_ram_advice *advice = &ram->advice[i];

		json_open_object(&json, NULL);
		dump_json_path(report->dump, &json, "path", entry_of(report, advice->object));
		json_text(&json, "name", xip_advice_name(advice->kind));
		json_number(&json, "ram_each", advice->ram_each);
		json_number(&json, "ram_once", advice->ram_once);
		json_number(&json, "flash", advice->flash_bytes);
		json_text(&json, "problem", advice->problem);
		json_text(&json, "remedy", advice->remedy);
		json_close_object(&json);
	}
	json_close_list(&json);
	json_close_object(&json);
}

/* Keeps only the processes of @chosen programs, what they map, and advice on that. */
static void limit(struct report *report, const bool *chosen)
{
	struct xip_ram *ram = &report->ram;
	size_t kept = 0;

	for (size_t i = 0; i < ram->object_count; i++)
		ram->objects[i].users = 0;
	for (size_t i = 0; i < ram->process_count; i++) {
		const struct xip_ram_process process = ram->processes[i];

		if (!chosen[entry_of(report, process.objects[0])])
			continue;
		for (size_t k = 0; k < process.object_count; k++)
			ram->objects[process.objects[k]].users++;
		ram->processes[kept++] = process;
	}
	ram->process_count = kept;
	kept = 0;
	for (size_t i = 0; i < ram->advice_count; i++)
		if (ram->objects[ram->advice[i].object].users ||
			chosen[entry_of(report, ram->advice[i].object)])
			ram->advice[kept++] = ram->advice[i];
	ram->advice_count = kept;
}

enum xip_err print_ram(struct dump *dump)
{
	const struct xip_programs_options options = {
		.all = true,
		.flash_address = dump->options->flash_address,
	};
	const struct xip_ram_options ram_options = {dump->options->kernel, XIP_MAX_ORDER_DEFAULT};
	struct report report = {.dump = dump};
	bool *chosen = NULL;
	enum xip_err err = dump_survey(dump, false);

	if (!err)
		err = dump_choose_files(dump, &chosen);
	if (!err)
		err = xip_programs_judge(dump->image, &dump->listing, &dump->map, &options,
			&report.programs, dump->diag);
	if (!err)
		err = xip_ram_predict(dump->image, &dump->listing, &dump->map, &report.programs,
			&ram_options, &report.ram, dump->diag);
	if (!err && chosen)
		limit(&report, chosen);
	if (!err && dump->options->json)
		print_json(&report);
	else if (!err)
		print_text(&report);
	xip_ram_free(&report.ram);
	xip_programs_free(&report.programs);
	free(chosen);
	return err;
}
