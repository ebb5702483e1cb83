/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arbitrary bytes as a program, for every page size and set of rules. Besides memory errors it
 * looks for what callers rely on: mappings that are called direct lie inside the file's pages and
 * have a possible alignment.
 */
#include <stdlib.h>

#include "xipfs/base/bytes.h"
#include "xipfs/elf/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_mapping(const struct xip_mapping *mapping, size_t size, uint32_t page_size)
{
	require(xip_is_power_of_two(mapping->align) && mapping->align >= 4 &&
		mapping->align <= page_size);
	require(mapping->vaddr % page_size == 0);
	require((unsigned)mapping->why < XIP_WHY_COUNT);
	if (mapping->why != XIP_WHY_DIRECT)
		return;
	require(!mapping->write && mapping->page_count);
	require(xip_range_inside(
		mapping->file_page, mapping->page_count, xip_div_up(size, page_size)));
	require(mapping->page_count * page_size >= mapping->file_bytes);
}

static void check_program(const struct xip_program *program, size_t size, uint32_t page_size)
{
	size_t direct = 0;

	for (size_t i = 0; i < program->mapping_count; i++) {
		check_mapping(&program->mappings[i], size, page_size);
		direct += program->mappings[i].why == XIP_WHY_DIRECT;
	}
	require((program->why == XIP_WHY_DIRECT) == (direct > 0));
	require(program->why != XIP_WHY_BAD_HEADER || program->detail);
	require(program->loader != XIP_LOADER_NONE || !program->mapping_count);
}

/* Every string is there to be read to its end. */
static size_t read_strings(const struct xip_elf *elf)
{
	size_t length = 0;

	for (const char *p = elf->interpreter; p && *p; p++)
		length++;
	for (const char *p = elf->soname; p && *p; p++)
		length++;
	for (const char *p = elf->runpath; p && *p; p++)
		length++;
	/* overlapping names can add up to the square of the size: the first ones will do */
	for (size_t i = 0; i < elf->needed_count && i < 64; i++)
		for (const char *p = elf->needed[i]; *p; p++)
			length++;
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t page_sizes[] = {4096, 16384, 65536};
	static const enum xip_rules rules[] = {XIP_RULES_LOADER, XIP_RULES_MMU, XIP_RULES_NOMMU};

	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			struct xip_arena *arena = xip_arena_new();
			struct xip_program program;

			if (!arena)
				return 0;
			if (!xip_loader_describe(
				    arena, data, size, page_sizes[i], rules[j], &program)) {
				check_program(&program, size, page_sizes[i]);
				if (program.loader == XIP_LOADER_ELF ||
					program.loader == XIP_LOADER_FDPIC)
					require(read_strings(&program.elf) <= 66 * size);
			}
			xip_arena_free(arena);
		}
	}
	return 0;
}
