/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is printed when nothing else is asked for: super block, totals, programs.
 */
#include <inttypes.h>

#include "common.h"

struct counts {
	size_t directories, files, symlinks, devices, fifos, sockets, others;
};

static struct counts count_types(const struct xip_listing *listing)
{
	struct counts counts = {0};

	for (size_t i = 0; i < listing->count; i++) {
		switch (xip_mode_type(listing->entries[i].inode.mode)) {
		case XIP_S_IFDIR:
			counts.directories++;
			break;
		case XIP_S_IFREG:
			counts.files++;
			break;
		case XIP_S_IFLNK:
			counts.symlinks++;
			break;
		case XIP_S_IFCHR:
		case XIP_S_IFBLK:
			counts.devices++;
			break;
		case XIP_S_IFIFO:
			counts.fifos++;
			break;
		case XIP_S_IFSOCK:
			counts.sockets++;
			break;
		default:
			counts.others++;
			break;
		}
	}
	return counts;
}

static const struct {
	uint32_t bit;
	const char *name;
} flag_names[] = {
	{CRAMFS_FLAG_FSID_VERSION_2, "fsid-version-2"},
	{CRAMFS_FLAG_SORTED_DIRS, "sorted-dirs"},
	{CRAMFS_FLAG_HOLES, "holes"},
	{CRAMFS_FLAG_WRONG_SIGNATURE, "wrong-signature"},
	{CRAMFS_FLAG_SHIFTED_ROOT_OFFSET, "shifted-root-offset"},
	{CRAMFS_FLAG_EXT_BLOCK_POINTERS, "extended-pointers"},
};

#define FLAG_COUNT (sizeof(flag_names) / sizeof(*flag_names))

static enum xip_err judge_crc(const struct dump *dump, enum xip_crc_verdict *verdict)
{
	struct xip_image_crc crc;
	enum xip_err err = xip_image_crc(dump->image, &crc, dump->diag);

	if (!(dump->info->super.flags & CRAMFS_FLAG_FSID_VERSION_2))
		*verdict = XIP_CRC_NONE;
	else
		*verdict = crc.right ? XIP_CRC_GOOD : XIP_CRC_BAD;
	return err;
}

static void print_super(const struct dump *dump, enum xip_crc_verdict crc)
{
	const struct xip_image_info *info = dump->info;
	const struct xip_super *super = &info->super;
	uint64_t pages = (info->size + info->page_size - 1) / info->page_size;
	struct dump_name name = dump_volume_name(super);

	xip_cli_print_escaped(stdout, dump->path);
	printf(": cramfs, %" PRIu64 " bytes (%" PRIu64 " page%s of %" PRIu32 "), %s-endian\n",
		info->size, pages, pages == 1 ? "" : "s", info->page_size,
		info->big ? "big" : "little");
	fputs("  name         ", stdout);
	xip_cli_print_escaped(stdout, *name.text ? name.text : "-");
	printf("\n  edition      %" PRIu32 "\n  flags       ", super->edition);
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (super->flags & flag_names[i].bit)
			printf(" %s", flag_names[i].name);
	printf(" (0x%" PRIx32 ")\n", super->flags);
	if (crc == XIP_CRC_NONE)
		puts("  crc          none: version 1");
	else
		printf("  crc          %08" PRIx32 ", %s%s%s\n", super->crc,
			dump_color(dump, crc == XIP_CRC_GOOD ? XIP_COLOR_GOOD : XIP_COLOR_ERROR),
			dump_crc_text(crc), dump_color(dump, XIP_COLOR_PLAIN));
	if (info->missing)
		printf("  cut short    the last %" PRIu64 " bytes are missing\n", info->missing);
	if (info->super_offset)
		printf("  super block  at %" PRIu32 "\n", info->super_offset);
	if (dump->options->flash_address)
		printf("  in flash     0x%08" PRIx64 "-0x%08" PRIx64 "\n", dump_address(dump, 0),
			dump_address(dump, info->size));
	if (info->file_size > info->size)
		printf("  after it     %" PRIu64 " bytes of the file are not the image's\n",
			info->file_size - info->size);
}

static void print_counts(const struct dump *dump)
{
	struct counts counts = count_types(&dump->listing);
	const struct {
		size_t count;
		const char *one, *many;
	} parts[] = {
		{counts.directories, "directory", "directories"},
		{counts.files, "file", "files"},
		{counts.symlinks, "symlink", "symlinks"},
		{counts.devices, "device", "devices"},
		{counts.fifos, "FIFO", "FIFOs"},
		{counts.sockets, "socket", "sockets"},
		{counts.others, "of no valid type", "of no valid type"},
	};

	printf("  entries      %zu:", dump->listing.count);
	for (size_t i = 0, printed = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].count)
			printf("%s %zu %s", printed++ ? "," : "", parts[i].count,
				parts[i].count == 1 ? parts[i].one : parts[i].many);
	putchar('\n');
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static void print_totals(const struct dump *dump)
{
	static const char *const names[XIP_MAP_COUNT] = {
		[XIP_MAP_BOOT] = "boot code",
		[XIP_MAP_SUPER] = "super block",
		[XIP_MAP_DIRECTORY] = "directories",
		[XIP_MAP_POINTERS] = "pointers",
		[XIP_MAP_COMPRESSED] = "compressed",
		[XIP_MAP_STORED] = "stored",
		[XIP_MAP_XIP] = "XIP",
		[XIP_MAP_PADDING] = "padding",
	};
	const struct xip_map *map = &dump->map;

	puts("bytes of the image:");
	for (size_t i = 0; i < XIP_MAP_COUNT; i++) {
		if (i == XIP_MAP_BOOT && !map->bytes[i])
			continue;
		printf("  %-12s %10" PRIu64 "  %5.1f %%", names[i], map->bytes[i],
			percent(map->bytes[i], dump->info->size));
		if (i == XIP_MAP_COMPRESSED && map->bytes[i])
			printf("  of %" PRIu64 ", to %.1f %%", map->compressed_content,
				percent(map->bytes[i], map->compressed_content));
		putchar('\n');
	}
	printf("  %-12s %10" PRIu64 "\n", "total", dump->info->size);
	printf("  contents     %10" PRIu64 "  bytes of files and symlinks", map->entry_bytes);
	if (map->shared_bytes)
		printf("; sharing saves %" PRIu64, map->shared_bytes);
	if (map->hole_blocks)
		printf("; %" PRIu64 " blocks are holes", map->hole_blocks);
	putchar('\n');
	if (map->overlap_count)
		printf("  %zu overlaps: see --check\n", map->overlap_count);
}

static void json_super(const struct dump *dump, struct json *json, enum xip_crc_verdict crc)
{
	const struct xip_super *super = &dump->info->super;
	struct dump_name name = dump_volume_name(super);

	json_number(json, "file_size", dump->info->file_size);
	json_text(json, "byte_order", dump->info->big ? "big" : "little");
	json_open_object(json, "super");
	json_number(json, "offset", dump->info->super_offset);
	json_number(json, "size", super->size);
	json_text(json, "name", name.text);
	json_number(json, "edition", super->edition);
	json_number(json, "flags", super->flags);
	json_open_list(json, "flag_names");
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (super->flags & flag_names[i].bit)
			json_text(json, NULL, flag_names[i].name);
	json_close_list(json);
	json_number(json, "crc", super->crc);
	json_text(json, "crc_state", dump_crc_text(crc));
	json_number(json, "files", super->files);
	json_number(json, "blocks", super->blocks);
	json_number(json, "root_offset", super->root.offset);
	json_close_object(json);
}

static void json_totals(const struct dump *dump, struct json *json)
{
	struct counts counts = count_types(&dump->listing);
	const struct xip_map *map = &dump->map;

	json_open_object(json, "entries");
	json_number(json, "directories", counts.directories);
	json_number(json, "files", counts.files);
	json_number(json, "symlinks", counts.symlinks);
	json_number(json, "devices", counts.devices);
	json_number(json, "fifos", counts.fifos);
	json_number(json, "sockets", counts.sockets);
	json_number(json, "invalid", counts.others);
	json_close_object(json);
	json_open_object(json, "bytes");
	for (size_t i = 0; i < XIP_MAP_COUNT; i++)
		json_number(json, xip_map_kind_name(i), map->bytes[i]);
	json_close_object(json);
	json_open_object(json, "content");
	json_number(json, "bytes", map->entry_bytes);
	json_number(json, "distinct_bytes", map->content_bytes);
	json_number(json, "compressed_from", map->compressed_content);
	json_number(json, "shared_bytes", map->shared_bytes);
	json_number(json, "hole_blocks", map->hole_blocks);
	json_number(json, "overlaps", map->overlap_count);
	json_close_object(json);
}

enum xip_err print_summary(struct dump *dump)
{
	struct json json = {.out = stdout};
	enum xip_crc_verdict crc;
	enum xip_err err = dump_survey(dump, true);

	if (!err)
		err = judge_crc(dump, &crc);
	if (err)
		return err;
	if (dump->options->json) {
		dump_json_begin(dump, &json);
		json_super(dump, &json, crc);
		json_totals(dump, &json);
		json_programs(dump, &json);
		json_close_object(&json);
	} else {
		print_super(dump, crc);
		print_counts(dump);
		print_totals(dump);
		print_programs(dump);
	}
	return XIP_OK;
}
