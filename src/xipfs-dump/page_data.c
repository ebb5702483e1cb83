/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page of --html shows, as JSON. Lists are used for objects to keep the page small; what
 * their elements mean is described here, and web/model.js reads them.
 */

#include "page.h"
#include "picture.h"
#include "xipfs/ram/ram.h"

/* Entry @entry as its index plus one; 0: none. */
static void print_index(struct json *json, uint32_t entry)
{
	json_number(json, NULL, entry == XIP_NO_ENTRY ? 0 : (uint64_t)entry + 1);
}

/* [parent, name, mode, size, index plus one of the entry whose data it shares or 0] */
static void print_entries(struct json *json, const struct dump *dump)
{
	json_open_list(json, "entries");
	for (size_t i = 0; i < dump->listing.count; i++) {
		const struct xip_entry *entry = &dump->listing.entries[i];
		uint32_t file = dump->map.file_of_entry[i];
		uint32_t first = file == XIP_NO_ENTRY ? (uint32_t)i : dump->map.files[file].entry;

		json_open_list(json, NULL);
		json_number(json, NULL, entry->parent);
		json_text(json, NULL, entry->name);
		json_number(json, NULL, entry->inode.mode);
		json_number(json, NULL, entry->inode.size);
		print_index(json, first == i ? XIP_NO_ENTRY : first);
		json_close_list(json);
	}
	json_close_list(json);
}

/* [length, kind, index plus one of the owner, first block, blocks, sharers], without gaps */
static void print_extents(struct json *json, const struct dump *dump)
{
	json_open_list(json, "extents");
	for (size_t i = 0; i < dump->map.extent_count; i++) {
		const struct xip_map_extent *extent = &dump->map.extents[i];

		json_open_list(json, NULL);
		json_number(json, NULL, extent->length);
		json_number(json, NULL, extent->kind);
		print_index(json, extent->owner);
		json_number(json, NULL, extent->block);
		json_number(json, NULL, extent->blocks);
		json_number(json, NULL, extent->sharers);
		json_close_list(json);
	}
	json_close_list(json);
}

/*
 * [entry, why not all of it is in place or null, [[permissions, address, first page, pages]...],
 * hot pages, cold pages: 0 of a program for a kernel without an MMU]
 */
static void print_program(struct json *json, const struct xip_program_report *report)
{
	const struct xip_view *view =
		report->loader == XIP_LOADER_ELF ? &report->mmu : &report->nommu;

	json_open_list(json, NULL);
	json_number(json, NULL, report->entry);
	json_text(json, NULL, view->why);
	json_open_list(json, NULL);
	for (size_t i = 0; i < view->program.mapping_count; i++) {
		const struct xip_mapping *mapping = &view->program.mappings[i];
		const char permissions[] = {mapping->read ? 'r' : '-', mapping->write ? 'w' : '-',
			mapping->exec ? 'x' : '-', 0};

		json_open_list(json, NULL);
		json_text(json, NULL, permissions);
		json_number(json, NULL, mapping->vaddr);
		json_number(json, NULL, mapping->file_page);
		json_number(json, NULL, mapping->page_count);
		json_close_list(json);
	}
	json_close_list(json);
	json_number(json, NULL, view->hot);
	json_number(json, NULL, view->cold);
	json_close_list(json);
}

/* [entry, bytes from flash, of the first process, of each further one, of the first with nothing
 * in place, of the largest block, 0 with an MMU, [names that are missing]] */
static void print_process(struct json *json, const struct xip_ram *ram,
	const struct xip_program_list *programs, const struct xip_ram_process *process)
{
	json_open_list(json, NULL);
	json_number(json, NULL, programs->programs[process->objects[0]].entry);
	json_number(json, NULL, process->flash_pages * ram->page_size);
	json_number(json, NULL, process->first_pages * ram->page_size);
	json_number(json, NULL, process->further_pages * ram->page_size);
	json_number(json, NULL, process->plain_pages * ram->page_size);
	json_number(json, NULL,
		process->block_used ? (uint64_t)ram->page_size << process->block_order : 0);
	json_open_list(json, NULL);
	for (size_t i = 0; i < process->missing_count; i++)
		json_text(json, NULL, process->missing[i]);
	json_close_list(json);
	json_close_list(json);
}

/* With each program running once, so that objects which several share count once. */
static void print_ram_totals(struct json *json, const struct xip_ram *ram)
{
	uint64_t flash = 0, used = 0;

	for (size_t i = 0; i < ram->object_count; i++) {
		if (!ram->objects[i].users)
			continue;
		flash += ram->objects[i].flash_pages;
		used += ram->objects[i].shared_pages;
	}
	for (size_t i = 0; i < ram->process_count; i++)
		used += ram->processes[i].further_pages;
	json_number(json, "saved", flash * ram->page_size);
	json_number(json, "used", used * ram->page_size);
}

static enum xip_err print_ram_data(
	struct json *json, struct dump *dump, const struct xip_program_list *programs)
{
	const struct xip_ram_options options = {dump->options->kernel, XIP_MAX_ORDER_DEFAULT};
	struct xip_ram ram;
	enum xip_err err = xip_ram_predict(
		dump->image, &dump->listing, &dump->map, programs, &options, &ram, dump->diag);

	if (err)
		return err;
	json_open_object(json, "ram");
	json_bool(json, "mmu", ram.kernel == XIP_KERNEL_MMU);
	json_bool(json, "pagewise", ram.pagewise);
	print_ram_totals(json, &ram);
	json_open_list(json, "programs");
	for (size_t i = 0; i < ram.process_count; i++)
		print_process(json, &ram, programs, &ram.processes[i]);
	json_close_list(json);
	json_close_object(json);
	xip_ram_free(&ram);
	return XIP_OK;
}

static enum xip_err print_image(struct json *json, const char *key, struct dump *dump)
{
	const struct xip_programs_options all = {
		.all = true, .flash_address = dump->options->flash_address};
	struct xip_program_list programs;
	enum xip_err err = xip_programs_judge(
		dump->image, &dump->listing, &dump->map, &all, &programs, dump->diag);

	if (err)
		return err;
	json_open_object(json, key);
	json_text(json, "path", dump->path);
	json_number(json, "size", dump->info->size);
	json_number(json, "page", dump->info->page_size);
	json_bool(json, "big", dump->info->big);
	print_entries(json, dump);
	print_extents(json, dump);
	json_open_list(json, "programs");
	for (size_t i = 0; i < programs.count; i++)
		print_program(json, &programs.programs[i]);
	json_close_list(json);
	err = print_ram_data(json, dump, &programs);
	json_close_object(json);
	xip_programs_free(&programs);
	return err;
}

/* [class, text] of each kind of extent, in the order of their numbers */
static void print_kinds(struct json *json)
{
	json_open_list(json, "kinds");
	for (unsigned kind = 0; kind < PICTURE_KINDS; kind++) {
		json_open_list(json, NULL);
		json_text(json, NULL, picture_kind_class(kind));
		json_text(json, NULL, picture_kind_text(kind));
		json_close_list(json);
	}
	json_close_list(json);
}

enum xip_err page_print_data(FILE *out, struct dump *dump, struct dump *before)
{
	struct json json = {.out = out};
	enum xip_err err;

	json_open_object(&json, NULL);
	json_number(&json, "flash", dump->options->flash_address);
	json_number(&json, "partition", dump->options->partition);
	print_kinds(&json);
	err = print_image(&json, "image", dump);
	if (!err && before)
		err = print_image(&json, "before", before);
	json_close_object(&json);
	return err;
}
