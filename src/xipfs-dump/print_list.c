/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --list: like ls -l, and where the content lies.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "xipfs/elf/elf.h"

static char type_letter(uint32_t mode)
{
	switch (xip_mode_type(mode)) {
	case XIP_S_IFSOCK:
		return 's';
	case XIP_S_IFLNK:
		return 'l';
	case XIP_S_IFREG:
		return '-';
	case XIP_S_IFBLK:
		return 'b';
	case XIP_S_IFDIR:
		return 'd';
	case XIP_S_IFCHR:
		return 'c';
	case XIP_S_IFIFO:
		return 'p';
	default:
		return '?';
	}
}

static void mode_text(char text[11], uint32_t mode)
{
	static const char letters[] = "rwxrwxrwx";

	text[0] = type_letter(mode);
	for (unsigned i = 0; i < 9; i++)
		text[1 + i] = mode & 0400u >> i ? letters[i] : '-';
	if (mode & 04000)
		text[3] = mode & 0100 ? 's' : 'S';
	if (mode & 02000)
		text[6] = mode & 0010 ? 's' : 'S';
	if (mode & 01000)
		text[9] = mode & 0001 ? 't' : 'T';
	text[10] = 0;
}

static const char *type_name(uint32_t mode)
{
	switch (xip_mode_type(mode)) {
	case XIP_S_IFSOCK:
		return "socket";
	case XIP_S_IFLNK:
		return "symlink";
	case XIP_S_IFREG:
		return "file";
	case XIP_S_IFBLK:
		return "block";
	case XIP_S_IFDIR:
		return "directory";
	case XIP_S_IFCHR:
		return "character";
	case XIP_S_IFIFO:
		return "fifo";
	default:
		return "invalid";
	}
}

static bool is_device(const struct xip_inode *inode)
{
	uint32_t type = xip_mode_type(inode->mode);

	return type == XIP_S_IFCHR || type == XIP_S_IFBLK;
}

static const struct xip_file *file_of(const struct dump *dump, size_t index)
{
	uint32_t file = dump->map.file_of_entry[index];

	return file == XIP_NO_ENTRY ? NULL : &dump->map.files[file];
}

/* "3 xip @0x1000, 2 compressed": in blocks; and "stripped" when it is an ELF without sections. */
static void placement_text(
	const struct dump *dump, size_t index, bool stripped, char *text, size_t size)
{
	const struct xip_file *file = file_of(dump, index);
	const struct {
		uint32_t count;
		const char *name;
	} parts[] = {
		{file ? file->compressed : 0, "compressed"},
		{file ? file->stored : 0, "stored"},
		{file ? file->holes : 0, "hole"},
		{file ? file->bad_blocks : 0, "bad"},
	};
	size_t used = 0;

	snprintf(text, size, "-");
	if (!file)
		return;
	if (!file->sound)
		snprintf(text, size, "bad");
	if (file->xip)
		used = (size_t)snprintf(text, size, "%" PRIu32 " xip @0x%08" PRIx64, file->xip,
			dump_address(dump, file->xip_start));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].count && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%" PRIu32 " %s",
				used ? ", " : "", parts[i].count, parts[i].name);
	if (used && used < size && stripped)
		snprintf(text + used, size - used, ", stripped");
}

/* *@target of a symbolic link, malloc'ed; NULL when the entry is not one or it cannot be read. */
static enum xip_err link_target(struct dump *dump, const struct xip_inode *inode, char **target)
{
	uint8_t *data = NULL;
	size_t size;
	enum xip_err err = XIP_OK;

	if (xip_mode_is_symlink(inode->mode))
		err = xip_image_load(dump->image, inode, &data, &size, NULL, NULL);
	*target = (char *)data;
	return err == XIP_ERR_NOMEM ? xip_diag_nomem(dump->diag) : XIP_OK;
}

/*
 * *@stripped: an ELF file without section headers, as mkxipfs --strip and sstrip make it; not
 * one whose first block is bad.
 */
static enum xip_err find_stripped(
	const struct dump *dump, const struct xip_inode *inode, bool *stripped)
{
	uint8_t *block;
	const char *why;
	size_t length;

	*stripped = false;
	if (!xip_mode_is_regular(inode->mode) || !xip_image_block_count(dump->image, inode))
		return XIP_OK;
	block = malloc(dump->info->page_size);
	if (!block)
		return xip_diag_nomem(dump->diag);
	if (!xip_image_read_block(dump->image, inode, 0, block, &length, &why))
		*stripped = xip_elf_lacks_sections(block, length);
	free(block);
	return XIP_OK;
}

/* What has to be read of an entry; the target is to be freed. */
struct extra {
	char *target;     /* of a symbolic link; NULL: it is not one, or cannot be read */
	bool other_order; /* a program that no kernel that mounts the image loads */
	bool stripped;
};

static enum xip_err read_extra(struct dump *dump, size_t index, struct extra *extra)
{
	const struct xip_inode *inode = &dump->listing.entries[index].inode;
	enum xip_err err = link_target(dump, inode, &extra->target);

	if (err)
		return err;
	err = xip_program_is_other_order(dump->image, inode, &extra->other_order);
	if (err == XIP_ERR_NOMEM)
		xip_diag_nomem(dump->diag);
	if (!err)
		err = find_stripped(dump, inode, &extra->stripped);
	if (err)
		free(extra->target);
	return err;
}

static void list_entry(const struct dump *dump, size_t index, const struct extra *extra)
{
	const struct xip_inode *inode = &dump->listing.entries[index].inode;
	char mode[11], size[16], owner[16], placement[160];
	const struct xip_file *file = file_of(dump, index);
	uint32_t major, minor;

	mode_text(mode, inode->mode);
	snprintf(owner, sizeof(owner), "%u:%u", inode->uid, inode->gid);
	snprintf(size, sizeof(size), "%" PRIu32, inode->size);
	if (is_device(inode)) {
		xip_rdev_decode(inode->size, &major, &minor);
		snprintf(size, sizeof(size), "%" PRIu32 ", %" PRIu32, major, minor);
	}
	placement_text(dump, index, extra->stripped, placement, sizeof(placement));
	if (extra->other_order)
		strncat(placement,
			dump->info->big ? ", little-endian program" : ", big-endian program",
			sizeof(placement) - strlen(placement) - 1);
	printf("%s %-9s %9s  %-32s ", mode, owner, size, placement);
	fputs(dump_color(dump, xip_mode_is_directory(inode->mode) ? XIP_COLOR_NAME
			       : xip_mode_is_symlink(inode->mode) ? XIP_COLOR_LINK
			       : file && file->xip                ? XIP_COLOR_GOOD
								  : XIP_COLOR_PLAIN),
		stdout);
	dump_print_path(dump, stdout, (uint32_t)index);
	fputs(dump_color(dump, XIP_COLOR_PLAIN), stdout);
	if (extra->target) {
		fputs(" -> ", stdout);
		xip_cli_print_escaped(stdout, extra->target);
	}
	putchar('\n');
}

static void json_placement(const struct dump *dump, struct json *json, const struct xip_file *file)
{
	json_number(json, "links", file->links);
	json_number(json, "packed_bytes", file->packed_bytes);
	json_open_object(json, "blocks");
	json_number(json, "xip", file->xip);
	json_number(json, "compressed", file->compressed);
	json_number(json, "stored", file->stored);
	json_number(json, "holes", file->holes);
	json_number(json, "bad", file->bad_blocks);
	json_close_object(json);
	if (file->xip) {
		json_number(json, "xip_start", file->xip_start);
		dump_json_address(dump, json, "xip_address", file->xip_start);
	} else {
		json_null(json, "xip_start");
		json_null(json, "xip_address");
	}
}

static void json_entry(
	const struct dump *dump, struct json *json, size_t index, const struct extra *extra)
{
	const struct xip_inode *inode = &dump->listing.entries[index].inode;
	const struct xip_file *file = file_of(dump, index);
	uint32_t major, minor;

	json_open_object(json, NULL);
	dump_json_path(dump, json, "path", (uint32_t)index);
	json_text(json, "type", type_name(inode->mode));
	json_number(json, "mode", inode->mode & 07777);
	json_number(json, "uid", inode->uid);
	json_number(json, "gid", inode->gid);
	if (is_device(inode)) {
		xip_rdev_decode(inode->size, &major, &minor);
		json_number(json, "major", major);
		json_number(json, "minor", minor);
	} else {
		json_number(json, "size", inode->size);
	}
	json_number(json, "offset", inode->offset);
	if (extra->target)
		json_text(json, "target", extra->target);
	if (file) {
		json_placement(dump, json, file);
		json_bool(json, "other_byte_order", extra->other_order);
		json_bool(json, "stripped", extra->stripped);
	}
	json_close_object(json);
}

enum xip_err print_list(struct dump *dump)
{
	struct json json = {.out = stdout};
	const char *path = dump->options->argument ? dump->options->argument : "/";
	size_t index, end;
	enum xip_err err = dump_find(dump, path, false, &index);

	if (!err)
		err = dump_survey(dump, false);
	if (err)
		return err;
	if (dump->options->json) {
		dump_json_begin(dump, &json);
		json_open_list(&json, "entries");
	}
	end = xip_listing_skip(&dump->listing, index);
	for (; index != end && !ferror(stdout); index = xip_listing_next(&dump->listing, index)) {
		struct extra extra;

		err = read_extra(dump, index, &extra);
		if (err)
			return err;
		if (dump->options->json)
			json_entry(dump, &json, index, &extra);
		else
			list_entry(dump, index, &extra);
		free(extra.target);
	}
	if (dump->options->json) {
		json_close_list(&json);
		json_close_object(&json);
	}
	return XIP_OK;
}
