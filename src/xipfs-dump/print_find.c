/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --find: the images inside a file.
 */
#include <inttypes.h>
#include <unistd.h>

#include "common.h"

#define FOUND_MAX 10000 /* images that are listed */

static void text_found(const struct xip_found *found, bool color)
{
	struct dump_name name = dump_volume_name(&found->super);

	printf("0x%08" PRIx64 "  %10" PRIu32 "  %-6s  0x%04" PRIx32 "  %s%-4s%s  %7" PRIu32 "  ",
		found->offset, found->super.size, found->big ? "big" : "little", found->super.flags,
		xip_cli_color(color, found->crc == XIP_CRC_GOOD   ? XIP_COLOR_GOOD
				     : found->crc == XIP_CRC_NONE ? XIP_COLOR_WARNING
								  : XIP_COLOR_ERROR),
		dump_crc_text(found->crc), xip_cli_color(color, XIP_COLOR_PLAIN),
		found->super.files);
	xip_cli_print_escaped(stdout, *name.text ? name.text : "-");
	putchar('\n');
}

static void json_found(struct json *json, const struct xip_found *found)
{
	struct dump_name name = dump_volume_name(&found->super);

	json_open_object(json, NULL);
	json_number(json, "offset", found->offset);
	json_number(json, "super_offset", found->super_offset);
	json_number(json, "size", found->super.size);
	json_text(json, "byte_order", found->big ? "big" : "little");
	json_number(json, "flags", found->super.flags);
	json_text(json, "crc_state", dump_crc_text(found->crc));
	json_number(json, "files", found->super.files);
	json_number(json, "edition", found->super.edition);
	json_text(json, "name", name.text);
	json_close_object(json);
}

static enum xip_err print_list_of(const struct options *options, const char *name,
	const struct xip_found_list *list, const struct xip_diag *diag)
{
	bool color = xip_cli_wants_color(options->color, stdout);
	struct json json = {.out = stdout};

	if (options->json) {
		json_open_object(&json, NULL);
		json_text(&json, "image", name);
		json_number(&json, "file_size", list->file_size);
		json_open_list(&json, "found");
	} else if (list->count) {
		puts("offset            size  order   flags   crc     files  name");
	}
	for (size_t i = 0; i < list->count && !ferror(stdout); i++) {
		if (options->json)
			json_found(&json, &list->items[i]);
		else
			text_found(&list->items[i], color);
	}
	if (options->json) {
		json_close_list(&json);
		json_close_object(&json);
	}
	if (!list->count)
		return xip_diag_fail(
			diag, XIP_ERR_CORRUPT, name, XIP_NO_OFFSET, "no cramfs image is in it");
	if (list->more)
		return xip_diag_fail(diag, XIP_ERR_LIMIT, name, XIP_NO_OFFSET,
			"more than %d images are in it; --offset=N searches from byte N on",
			FOUND_MAX);
	return XIP_OK;
}

enum xip_err print_find(const struct options *options, const struct xip_diag *diag)
{
	struct xip_found_list list;
	const char *name;
	int fd;
	enum xip_err err = open_input(options->image, &fd, &name, diag);

	if (err)
		return err;
	err = xip_find_images(fd, name, options->offset, FOUND_MAX, &list, diag);
	if (!err) {
		err = print_list_of(options, name, &list, diag);
		xip_found_free(&list);
	}
	close(fd);
	return err;
}
