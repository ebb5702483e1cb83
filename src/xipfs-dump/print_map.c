/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --map: every extent of the image in address order, and what of its programs is hot and cold.
 */
#include <inttypes.h>
#include <unistd.h>

#include "common.h"

static bool has_blocks(const struct xip_map_extent *extent)
{
	return extent->blocks > 0;
}

static void map_extent(const struct dump *dump, const struct xip_map_extent *extent)
{
	printf("0x%08" PRIx64 "  0x%08" PRIx64 "  %9" PRIu64 "  %-10s ",
		dump_address(dump, extent->start),
		dump_address(dump, extent->start + extent->length), extent->length,
		xip_map_kind_name(extent->kind));
	dump_print_path(dump, stdout, extent->owner);
	if (has_blocks(extent) && extent->blocks == 1)
		printf(" [%" PRIu32 "]", extent->block);
	else if (has_blocks(extent))
		printf(" [%" PRIu32 "-%" PRIu32 "]", extent->block,
			extent->block + extent->blocks - 1);
	if (extent->sharers)
		printf(" and %" PRIu32 " more", extent->sharers);
	putchar('\n');
}

static void json_extent(
	const struct dump *dump, struct json *json, const struct xip_map_extent *extent)
{
	json_open_object(json, NULL);
	json_number(json, "start", extent->start);
	json_number(json, "length", extent->length);
	dump_json_address(dump, json, "address", extent->start);
	json_text(json, "kind", xip_map_kind_name(extent->kind));
	dump_json_path(dump, json, "owner", extent->owner);
	if (has_blocks(extent)) {
		json_number(json, "block", extent->block);
		json_number(json, "blocks", extent->blocks);
	}
	json_number(json, "sharers", extent->sharers);
	json_close_object(json);
}

/*
 * All programs of an image that is laid out page by page, else none. Only in such an image are
 * those looked at that have nothing in place.
 */
static enum xip_err find_programs(struct dump *dump, struct xip_program_list *programs)
{
	const struct xip_programs_options all = {
		.all = true, .flash_address = dump->options->flash_address};

	*programs = (struct xip_program_list){0};
	if (!xip_programs_are_by_page(&dump->programs))
		return XIP_OK;
	return xip_programs_judge(
		dump->image, &dump->listing, &dump->map, &all, programs, dump->diag);
}

static bool has_heat(const struct xip_program_report *program)
{
	return program->loader == XIP_LOADER_ELF && program->mmu.hot + program->mmu.cold;
}

static void text_programs(const struct dump *dump, const struct xip_program_list *programs)
{
	uint64_t hot = 0, cold = 0;

	if (!programs->count)
		return;
	puts("\nprograms page by page:");
	for (size_t i = 0; i < programs->count && !ferror(stdout); i++) {
		const struct xip_program_report *program = &programs->programs[i];

		if (!has_heat(program))
			continue;
		hot += program->mmu.hot;
		cold += program->mmu.cold;
		fputs("  ", stdout);
		dump_print_path(dump, stdout, program->entry);
		fputs(": ", stdout);
		print_heat(program->mmu.hot, program->mmu.cold);
	}
	fputs("all of them: ", stdout);
	print_heat(hot, cold);
}

static void json_heat(
	const struct dump *dump, struct json *json, const struct xip_program_list *programs)
{
	json_open_list(json, "programs");
	for (size_t i = 0; i < programs->count && !ferror(stdout); i++) {
		const struct xip_program_report *program = &programs->programs[i];

		if (!has_heat(program))
			continue;
		json_open_object(json, NULL);
		dump_json_path(dump, json, "path", program->entry);
		json_number(json, "hot_pages", program->mmu.hot);
		json_number(json, "cold_pages", program->mmu.cold);
		json_close_object(json);
	}
	json_close_list(json);
}

enum xip_err print_map(struct dump *dump)
{
	struct json json = {.out = stdout};
	struct xip_program_list programs;
	enum xip_err err = dump_survey(dump, true);

	if (!err)
		err = find_programs(dump, &programs);
	if (err)
		return err;
	if (dump->options->json) {
		dump_json_begin(dump, &json);
		json_open_list(&json, "extents");
	} else {
		if (isatty(STDOUT_FILENO))
			print_bar(dump);
		puts("start       end             bytes  kind       owner [blocks]");
	}
	for (size_t i = 0; i < dump->map.extent_count && !ferror(stdout); i++) {
		if (dump->options->json)
			json_extent(dump, &json, &dump->map.extents[i]);
		else
			map_extent(dump, &dump->map.extents[i]);
	}
	if (dump->options->json) {
		json_close_list(&json);
		json_heat(dump, &json, &programs);
		json_close_object(&json);
	} else {
		printf("%" PRIu64 " bytes in %zu extents\n", dump->info->size,
			dump->map.extent_count);
		text_programs(dump, &programs);
	}
	xip_programs_free(&programs);
	return XIP_OK;
}
