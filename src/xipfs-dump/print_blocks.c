/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --blocks: where each block of a file lies.
 */
#include <inttypes.h>

#include "common.h"

static const char *block_kind(const struct xip_block *block)
{
	if (!block->length)
		return "hole";
	if (!block->uncompressed)
		return "compressed";
	return block->direct ? "xip" : "stored";
}

static void text_block(const struct dump *dump, uint32_t index, const struct xip_block *block,
	uint32_t content, const char *why)
{
	if (why)
		printf("%5" PRIu32 "  bad: %s\n", index, why);
	else if (!block->length)
		printf("%5" PRIu32 "  -           -           %6u  %6" PRIu32 "  hole\n", index, 0u,
			content);
	else
		printf("%5" PRIu32 "  0x%08" PRIx64 "  0x%08" PRIx64 "  %6" PRIu32 "  %6" PRIu32
		       "  %s%s\n",
			index, dump_address(dump, block->start),
			dump_address(dump, (uint64_t)block->start + block->length), block->length,
			content, block_kind(block),
			block->direct && !block->uncompressed ? ", direct" : "");
}

static void json_block(const struct dump *dump, struct json *json, uint32_t index,
	const struct xip_block *block, uint32_t content, const char *why)
{
	json_open_object(json, NULL);
	json_number(json, "block", index);
	json_text(json, "kind", why ? "bad" : block_kind(block));
	if (why) {
		json_text(json, "why", why);
	} else if (block->length) {
		json_number(json, "start", block->start);
		json_number(json, "length", block->length);
		dump_json_address(dump, json, "address", block->start);
		json_bool(json, "direct", block->direct);
	}
	json_number(json, "content", content);
	json_close_object(json);
}

static enum xip_err print_all(struct dump *dump, struct json *json, const struct xip_inode *inode)
{
	uint32_t count = xip_image_block_count(dump->image, inode);

	for (uint32_t i = 0; i < count && !ferror(stdout); i++) {
		struct xip_block block = {0};
		const char *why = NULL;
		uint32_t content = xip_image_block_length(dump->image, inode, i);
		enum xip_err err = xip_image_block(dump->image, inode, i, &block, &why);

		if (err && err != XIP_ERR_CORRUPT)
			return xip_diag_fail(dump->diag, err, dump->path, inode->offset, "%s", why);
		if (!err)
			why = NULL;
		if (dump->options->json)
			json_block(dump, json, i, &block, content, why);
		else
			text_block(dump, i, &block, content, why);
	}
	return XIP_OK;
}

enum xip_err print_blocks(struct dump *dump)
{
	struct json json = {.out = stdout};
	const char *path = dump->options->argument;
	size_t index;
	uint32_t type;
	enum xip_err err = dump_find(dump, path, false, &index);

	if (err)
		return err;
	type = xip_mode_type(dump->listing.entries[index].inode.mode);
	if (type != XIP_S_IFREG && type != XIP_S_IFLNK)
		return xip_diag_fail(dump->diag, XIP_ERR_USAGE, path, XIP_NO_OFFSET,
			"is neither a file nor a symbolic link: it has no blocks");
	if (dump->options->json) {
		dump_json_begin(dump, &json);
		dump_json_path(dump, &json, "path", (uint32_t)index);
		json_open_list(&json, "blocks");
	} else {
		puts("block  start       end          bytes  content  kind");
	}
	err = print_all(dump, &json, &dump->listing.entries[index].inode);
	if (!err && dump->options->json) {
		json_close_list(&json);
		json_close_object(&json);
	}
	return err;
}
