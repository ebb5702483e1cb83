/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/expect/expect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/pattern.h"
#include "xipfs/read/resolve.h"

struct judge {
	const struct xip_expectation *expectation;
	const struct xip_expect_image *image;
	struct xip_arena *arena;
	struct xip_outcome *outcome;
	bool failed; /* memory ran out */
};

static const char *text(struct judge *judge, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static const char *text(struct judge *judge, const char *format, ...)
{
	char buffer[4608];
	va_list arguments;
	const char *copy;

	va_start(arguments, format);
	vsnprintf(buffer, sizeof(buffer), format, arguments);
	va_end(arguments);
	copy = xip_arena_strndup(judge->arena, buffer, strlen(buffer));
	judge->failed |= !copy;
	return copy;
}

static void disappoint(
	struct judge *judge, const char *expected, const char *found, const char *why)
{
	if (!judge->outcome->holds)
		return; /* the first reason is the one reported */
	judge->outcome->holds = false;
	judge->outcome->expected = expected;
	judge->outcome->found = found;
	judge->outcome->why = why;
}

/* --- Sizes ----------------------------------------------------------------------------------- */

static const char *const relation_texts[] = {
	[XIP_EXPECT_LESS] = "less than",
	[XIP_EXPECT_AT_MOST] = "at most",
	[XIP_EXPECT_EQUAL] = "exactly",
	[XIP_EXPECT_AT_LEAST] = "at least",
	[XIP_EXPECT_MORE] = "more than",
};

static bool compare(const struct xip_expectation *expectation, uint64_t found)
{
	switch (expectation->relation) {
	case XIP_EXPECT_LESS:
		return found < expectation->value;
	case XIP_EXPECT_AT_MOST:
		return found <= expectation->value;
	case XIP_EXPECT_EQUAL:
		return found == expectation->value;
	case XIP_EXPECT_AT_LEAST:
		return found >= expectation->value;
	case XIP_EXPECT_MORE:
		return found > expectation->value;
	}
	return false;
}

static void judge_bytes(struct judge *judge, uint64_t found, const char *of)
{
	uint64_t wanted = judge->expectation->value;

	if (compare(judge->expectation, found))
		return;
	disappoint(judge,
		text(judge, "%s %" PRIu64 " bytes", relation_texts[judge->expectation->relation],
			wanted),
		text(judge, "%" PRIu64 " bytes", found),
		text(judge, "%s: %" PRIu64 " bytes too %s", of,
			found > wanted ? found - wanted : wanted - found,
			found > wanted ? "many" : "few"));
}

static void judge_free(struct judge *judge)
{
	uint64_t partition = judge->image->partition;
	uint64_t size = xip_image_info(judge->image->image)->size;

	if (!partition)
		disappoint(judge, "a known size of the partition", "none",
			"give \"partition SIZE\" in the file, or --partition=SIZE");
	else if (size > partition)
		disappoint(judge, text(judge, "an image within %" PRIu64 " bytes", partition),
			text(judge, "%" PRIu64 " bytes", size), "the partition overflows");
	else
		judge_bytes(judge, partition - size, "free after the image");
}

/* --- Entries --------------------------------------------------------------------------------- */

typedef void (*judge_entry_fn)(struct judge *judge, size_t entry, const char *path);

static bool is_regular(const struct xip_entry *entry)
{
	return xip_mode_is_regular(entry->inode.mode);
}

static const struct xip_entry *entry_at(const struct judge *judge, size_t entry)
{
	return &judge->image->listing->entries[entry];
}

/* The root, entry 0, is what "/" means, and is part of everything; no pattern matches it. */
static bool matches(const char *pattern, size_t entry, const char *path)
{
	if (!pattern)
		return true;
	return entry ? xip_pattern_match(pattern, path) : !strcmp(pattern, "/");
}

/*
 * The pattern with symlinks on the way followed. What is asked of files is asked of what a symlink
 * leads to; other questions are about the symlink itself.
 */
static const char *real_pattern(struct judge *judge, bool follow, char *real)
{
	const char *pattern = judge->expectation->pattern;
	enum xip_err err = pattern ? xip_image_resolve_pattern(judge->image->image,
					     judge->image->listing, pattern, follow, real)
				   : XIP_ERR_LIMIT;

	judge->failed |= err == XIP_ERR_NOMEM;
	return err ? pattern : real;
}

/* Calls @each for all entries that match; returns how many there are. */
static size_t for_each_match(struct judge *judge, bool regular_only, judge_entry_fn each)
{
	char real[XIP_RESOLVE_PATH_MAX], shown[XIP_SHOWN_PATH_SIZE];
	const char *pattern = real_pattern(judge, regular_only, real);
	const struct xip_listing *listing = judge->image->listing;
	size_t reach = pattern ? xip_pattern_reach(pattern) : 1, count = 0;

	for (size_t i = 0; i != SIZE_MAX; i = xip_listing_next(listing, i)) {
		char *path;

		if (regular_only && !is_regular(entry_at(judge, i)))
			continue;
		path = xip_listing_path_end(listing, i, reach);
		judge->failed |= !path;
		if (path && matches(pattern, i, path)) {
			count++;
			each(judge, i, xip_listing_show(listing, i, shown));
		}
		free(path);
	}
	return count;
}

/* As for_each_match, but an expectation that nothing matches does not hold. */
static void for_some_match(struct judge *judge, judge_entry_fn each)
{
	if (!for_each_match(judge, true, each))
		disappoint(judge,
			text(judge, "a file that matches %s", judge->expectation->pattern), "none",
			"the path or pattern matches no regular file of the image");
}

static const struct xip_file *file_of(const struct judge *judge, size_t entry)
{
	uint32_t file = judge->image->map->file_of_entry[entry];

	return file == XIP_NO_ENTRY ? NULL : &judge->image->map->files[file];
}

static const struct xip_program_report *program_of(const struct judge *judge, size_t entry)
{
	const struct xip_program_list *programs = judge->image->programs;
	uint32_t file = judge->image->map->file_of_entry[entry];

	for (size_t i = 0; file != XIP_NO_ENTRY && i < programs->count; i++)
		if (programs->programs[i].file == file)
			return &programs->programs[i];
	return NULL;
}

static void judge_xip(struct judge *judge, size_t entry, const char *path)
{
	const struct xip_program_report *program = program_of(judge, entry);
	const struct xip_file *file = file_of(judge, entry);

	if (program) {
		bool mmu = judge->image->ram->kernel == XIP_KERNEL_MMU;
		const struct xip_view *view = mmu ? &program->mmu : &program->nommu;

		if (!view->direct)
			disappoint(judge, text(judge, "%s executes in place", path),
				text(judge, "%" PRIu32 " pages mapped from flash", view->pages),
				view->why ? text(judge, "%s an MMU: %s", mmu ? "with" : "without",
						    view->why)
					  : NULL);
	} else if (!file || file->compressed || file->stored || file->holes || !file->xip) {
		disappoint(judge, text(judge, "%s lies whole in place", path),
			file ? text(judge, "%" PRIu32 " blocks in place, %" PRIu32 " not",
				       file->xip, file->compressed + file->stored + file->holes)
			     : "no data",
			"it is not a program, so all of its blocks must be direct and "
			"uncompressed");
	}
}

static void judge_not_xip(struct judge *judge, size_t entry, const char *path)
{
	const struct xip_file *file = file_of(judge, entry);

	if (file && file->xip)
		disappoint(judge, text(judge, "%s has no block in place", path),
			text(judge, "%" PRIu32 " blocks in place", file->xip),
			"whoever made the image placed it: --no-xip=PATH, or a line no-xip of a "
			"policy, compresses it");
}

static const struct xip_ram_process *process_of(const struct judge *judge, size_t entry)
{
	const struct xip_ram *ram = judge->image->ram;
	uint32_t file = judge->image->map->file_of_entry[entry];

	for (size_t i = 0; file != XIP_NO_ENTRY && i < ram->process_count; i++)
		if (judge->image->programs->programs[ram->processes[i].objects[0]].file == file)
			return &ram->processes[i];
	return NULL;
}

static const char not_program[] =
	"shared objects, data and files that are not executable are not programs of their own";

/* True when the kernel loads the program with all that it needs. */
static bool is_loadable(
	struct judge *judge, const struct xip_ram_process *process, const char *path)
{
	const struct xip_ram *ram = judge->image->ram;
	const char *why = NULL;

	if (process->missing_count) {
		disappoint(judge, text(judge, "all that %s needs is in the image", path),
			text(judge, "%s is missing", process->missing[0]),
			"neither its run path nor the folders where dynamic loaders look have it");
		return false;
	}
	for (size_t i = 0; i < process->object_count && !why; i++)
		why = ram->objects[process->objects[i]].why;
	if (!why && process->block_order > ram->max_order)
		why = text(judge,
			"it needs a block of order %u in RAM, and the kernel has none above %u",
			process->block_order, ram->max_order);
	if (!process->loadable)
		disappoint(judge, text(judge, "the kernel loads %s", path), "it refuses", why);
	return process->loadable;
}

/* Where its RAM goes, in case it is too much. */
static const char *explain_ram(
	struct judge *judge, const struct xip_ram_process *process, const char *path)
{
	const struct xip_ram *ram = judge->image->ram;
	uint64_t own = 0, others = 0;

	for (size_t i = 0; i < process->object_count; i++) {
		const struct xip_ram_object *object = &ram->objects[process->objects[i]];

		*(i ? &others : &own) += object->shared_pages + object->private_pages;
	}
	return text(judge,
		"%s: itself %" PRIu64 ", shared objects %" PRIu64 ", stack %" PRIu64 " bytes", path,
		own * ram->page_size, others * ram->page_size,
		process->stack_pages * ram->page_size);
}

static void judge_ram(struct judge *judge, size_t entry, const char *path)
{
	const struct xip_ram_process *process = process_of(judge, entry);

	if (!process)
		disappoint(judge, text(judge, "%s is a program", path), "it is none", not_program);
	else if (!is_loadable(judge, process, path))
		return; /* it takes no RAM, but that is not what was meant */
	else
		judge_bytes(judge, process->first_pages * judge->image->ram->page_size,
			explain_ram(judge, process, path));
}

/* A block that is too large for the kernel is no reason not to judge its size. */
static void judge_block(struct judge *judge, size_t entry, const char *path)
{
	const struct xip_ram_process *process = process_of(judge, entry);
	const struct xip_ram *ram = judge->image->ram;
	uint64_t block;

	if (!process) {
		disappoint(judge, text(judge, "%s is a program", path), "it is none", not_program);
		return;
	}
	if (process->block_order <= ram->max_order && !is_loadable(judge, process, path))
		return;
	block = process->block_used ? (uint64_t)ram->page_size << process->block_order : 0;
	judge_bytes(judge, block,
		text(judge, "%s: its largest block of RAM is %s", path,
			process->block_object == SIZE_MAX ? "the stack" : "a mapping"));
}

static void judge_loads(struct judge *judge, size_t entry, const char *path)
{
	const struct xip_ram_process *process = process_of(judge, entry);

	if (!process)
		disappoint(judge, text(judge, "%s is a program", path), "it is none", not_program);
	else
		(void)is_loadable(judge, process, path);
}

static const char how_to_set[] =
	"modes and owners are those of the source unless -q, a policy or a device table sets them";

static void judge_attributes(struct judge *judge, size_t entry, const char *path)
{
	const struct xip_expectation *expectation = judge->expectation;
	const struct xip_inode *inode = &entry_at(judge, entry)->inode;

	if (expectation->has_mode && (inode->mode & 07777u) != expectation->mode)
		disappoint(judge, text(judge, "%s has mode %04" PRIo32, path, expectation->mode),
			text(judge, "%04o", (unsigned)inode->mode & 07777u), how_to_set);
	if (expectation->has_owner &&
		(inode->uid != expectation->uid || inode->gid != expectation->gid))
		disappoint(judge,
			text(judge, "%s belongs to %" PRIu32 ":%" PRIu32, path, expectation->uid,
				expectation->gid),
			text(judge, "%u:%u", (unsigned)inode->uid, (unsigned)inode->gid),
			how_to_set);
}

static void judge_absent(struct judge *judge, size_t entry, const char *path)
{
	(void)entry;
	disappoint(judge, text(judge, "nothing matches %s", judge->expectation->pattern),
		text(judge, "%s", path),
		"it is in the source: --exclude=PATTERN, or a line exclude of a policy, leaves it "
		"out");
}

static void judge_setuid(struct judge *judge, size_t entry, const char *path)
{
	unsigned mode = entry_at(judge, entry)->inode.mode;

	if (mode & 06000u)
		disappoint(judge, "no setuid or setgid file", text(judge, "%s", path),
			text(judge, "its mode is %04o", mode & 07777u));
}

static void judge_writable(struct judge *judge, size_t entry, const char *path)
{
	unsigned mode = entry_at(judge, entry)->inode.mode;
	unsigned type = xip_mode_type(mode);

	/* Devices, FIFOs and sockets are made to be written to; a symlink's mode means nothing. */
	if ((mode & 02u) && (type == XIP_S_IFREG || (type == XIP_S_IFDIR && !(mode & 01000u))))
		disappoint(judge, "nothing that everybody may write to", text(judge, "%s", path),
			text(judge, "its mode is %04o", mode & 07777u));
}

/* --- All of them ----------------------------------------------------------------------------- */

static void judge_clean(struct judge *judge)
{
	if (judge->image->errors || judge->image->warnings)
		disappoint(judge, "every check finds nothing",
			text(judge, "%zu errors, %zu warnings", judge->image->errors,
				judge->image->warnings),
			judge->image->first_fault);
}

/* How much of the path the image has. */
static const char *find_gap(struct judge *judge, const char *path)
{
	const char *why = "no entry has a name like that";

	for (const char *end = strchr(path + 1, '/'); *path == '/' && end;
		end = strchr(end + 1, '/')) {
		const char *folder = text(judge, "%.*s", (int)(end - path), path);

		if (!folder)
			return NULL;
		if (xip_listing_find(judge->image->listing, folder) == SIZE_MAX)
			return text(judge, "there is no %s", folder);
		why = text(judge, "%s is there, but has no such entry", folder);
	}
	return why;
}

static void judge_present(struct judge *judge)
{
	if (!for_each_match(judge, false, judge_attributes))
		disappoint(judge, text(judge, "%s is there", judge->expectation->pattern),
			"nothing", find_gap(judge, judge->expectation->pattern));
}

enum xip_err xip_expect_judge(const struct xip_expectation *expectation,
	const struct xip_expect_image *image, struct xip_arena *arena, struct xip_outcome *outcome)
{
	struct judge judge = {
		.expectation = expectation, .image = image, .arena = arena, .outcome = outcome};

	*outcome = (struct xip_outcome){.holds = true};
	switch (expectation->kind) {
	case XIP_EXPECT_XIP:
		for_some_match(&judge, judge_xip);
		break;
	case XIP_EXPECT_NOT_XIP:
		for_each_match(&judge, true, judge_not_xip);
		break;
	case XIP_EXPECT_SIZE:
		judge_bytes(&judge, xip_image_info(image->image)->size, "the image");
		break;
	case XIP_EXPECT_FREE:
		judge_free(&judge);
		break;
	case XIP_EXPECT_RAM:
		for_some_match(&judge, judge_ram);
		break;
	case XIP_EXPECT_BLOCK:
		for_some_match(&judge, judge_block);
		break;
	case XIP_EXPECT_PRESENT:
		judge_present(&judge);
		break;
	case XIP_EXPECT_ABSENT:
		for_each_match(&judge, false, judge_absent);
		break;
	case XIP_EXPECT_NO_SETUID:
		for_each_match(&judge, true, judge_setuid);
		break;
	case XIP_EXPECT_NO_WRITABLE:
		for_each_match(&judge, false, judge_writable);
		break;
	case XIP_EXPECT_LOADS:
		for_some_match(&judge, judge_loads);
		break;
	case XIP_EXPECT_CHECK_CLEAN:
		judge_clean(&judge);
		break;
	}
	return judge.failed ? XIP_ERR_NOMEM : XIP_OK;
}
