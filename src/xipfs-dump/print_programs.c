/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs that were laid out to execute in place, and what the kernel will do with them.
 */
#include <inttypes.h>

#include "common.h"

void print_heat(uint64_t hot, uint64_t cold)
{
	printf("%" PRIu64 " hot page%s in place, %" PRIu64 " cold one%s compressed\n", hot,
		hot == 1 ? "" : "s", cold, cold == 1 ? "" : "s");
}

/* One line for each mapping that could be direct on this kind of kernel. */
static void print_view(const struct dump *dump, const struct xip_view *view, const char *kernel)
{
	uint32_t page = dump->info->page_size;
	const char *fate = "not in place";

	if (view->direct)
		fate = "in place";
	else if (xip_why_refuses(view->program.why))
		fate = "cannot be loaded";
	printf("    %-7s %s%s%s%s%s\n", kernel,
		dump_color(dump, view->direct ? XIP_COLOR_GOOD : XIP_COLOR_WARNING), fate,
		dump_color(dump, XIP_COLOR_PLAIN), view->why ? ": " : "",
		view->why ? view->why : "");
	for (size_t i = 0; i < view->program.mapping_count; i++) {
		const struct xip_mapping *mapping = &view->program.mappings[i];
		const struct xip_verdict *verdict = &view->verdicts[i];

		if (!verdict->pages)
			continue;
		printf("            0x%08" PRIx64 "-0x%08" PRIx64 "  %" PRIu32
		       " page%s  %c%c%c  file page %" PRIu64 "%s\n",
			dump_address(dump, verdict->offset),
			dump_address(dump, verdict->offset + (uint64_t)verdict->pages * page),
			verdict->pages, verdict->pages == 1 ? "" : "s", mapping->read ? 'r' : '-',
			mapping->write ? 'w' : '-', mapping->exec ? 'x' : '-', mapping->file_page,
			verdict->direct ? "" : " (in part)");
	}
	if (view->paged > view->pages || (view->hot && view->cold)) {
		fputs("            page by page ", stdout);
		print_heat(view->hot, view->cold);
	}
}

void print_programs(const struct dump *dump)
{
	const struct xip_program_list *list = &dump->programs;

	if (!list->count) {
		puts("no program is laid out to execute in place");
		return;
	}
	puts("programs laid out to execute in place:");
	for (size_t i = 0; i < list->count && !ferror(stdout); i++) {
		const struct xip_program_report *program = &list->programs[i];
		uint32_t links = dump->map.files[program->file].links;

		fputs("  ", stdout);
		dump_print_path(dump, stdout, program->entry);
		printf(" (%s", dump_loader_text(program->loader));
		if (links > 1)
			printf(", %" PRIu32 " names", links);
		puts(")");
		print_view(dump, &program->nommu, "no MMU");
		print_view(dump, &program->mmu, "MMU");
	}
}

static void json_view(
	const struct dump *dump, struct json *json, const char *key, const struct xip_view *view)
{
	json_open_object(json, key);
	json_bool(json, "direct", view->direct);
	json_number(json, "pages", view->pages);
	json_number(json, "pagewise_pages", view->paged);
	if (view->program.mmu) {
		json_number(json, "hot_pages", view->hot);
		json_number(json, "cold_pages", view->cold);
	}
	json_text(json, "why", view->why);
	json_open_list(json, "mappings");
	for (size_t i = 0; i < view->program.mapping_count; i++) {
		const struct xip_mapping *mapping = &view->program.mappings[i];
		const struct xip_verdict *verdict = &view->verdicts[i];

		json_open_object(json, NULL);
		json_number(json, "file_page", mapping->file_page);
		json_number(json, "page_count", mapping->page_count);
		json_number(json, "vaddr", mapping->vaddr);
		json_number(json, "align", mapping->align);
		json_bool(json, "read", mapping->read);
		json_bool(json, "write", mapping->write);
		json_bool(json, "exec", mapping->exec);
		json_bool(json, "wanted", verdict->wanted);
		json_bool(json, "direct", verdict->direct);
		json_number(json, "direct_pages", verdict->pages);
		json_number(json, "pagewise_pages", verdict->paged);
		if (verdict->pages) {
			json_number(json, "start", verdict->offset);
			dump_json_address(dump, json, "address", verdict->offset);
		}
		json_text(json, "why", verdict->why);
		json_close_object(json);
	}
	json_close_list(json);
	json_close_object(json);
}

void json_programs(const struct dump *dump, struct json *json)
{
	json_open_list(json, "programs");
	for (size_t i = 0; i < dump->programs.count && !ferror(stdout); i++) {
		const struct xip_program_report *program = &dump->programs.programs[i];

		json_open_object(json, NULL);
		dump_json_path(dump, json, "path", program->entry);
		json_number(json, "links", dump->map.files[program->file].links);
		json_text(json, "loader", xip_loader_name(program->loader));
		json_view(dump, json, "nommu", &program->nommu);
		json_view(dump, json, "mmu", &program->mmu);
		json_close_object(json);
	}
	json_close_list(json);
}
