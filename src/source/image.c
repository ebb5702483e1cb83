/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cramfs image as a source.
 */
#include <stdlib.h>
#include <string.h>

#include "source_private.h"
#include "xipfs/base/bytes.h"
#include "xipfs/check/verify.h"
#include "xipfs/read/reader.h"
#include "xipfs/tree/spool.h"

#define TAR_MAGIC_AT 257

struct import {
	struct xip_image *image;
	struct xip_listing listing;
	struct xip_tree *tree;
	struct xip_node **nodes; /* of each entry */
	struct xip_unpack *unpack;
	const char *path;
	const struct xip_diag *diag;
};

/* True when the @size bytes at @text are at @offset. */
static bool has(const struct xip_input *input, uint64_t offset, const void *text, size_t size)
{
	uint8_t bytes[8];
	size_t got;

	return size <= sizeof(bytes) && !xip_input_read(input, bytes, size, offset, &got, NULL) &&
	       got == size && !memcmp(bytes, text, size);
}

static bool has_magic(const struct xip_input *input, uint64_t offset)
{
	uint8_t little[4], big[4];

	xip_put32(little, CRAMFS_MAGIC, false);
	xip_put32(big, CRAMFS_MAGIC, true);
	return has(input, offset, little, sizeof(little)) || has(input, offset, big, sizeof(big));
}

/* What looks like boot code before an image may be the header of a tar archive with one in it. */
bool xip_source_is_image(const struct xip_input *input)
{
	return has_magic(input, 0) ||
	       (has_magic(input, XIP_BOOT_PAD) && !has(input, TAR_MAGIC_AT, "ustar", 5));
}

static void hear_crc(void *user, const struct xip_finding *finding)
{
	const struct import *import = user;

	xip_diag_fail(import->diag, XIP_ERR_CORRUPT, import->path, finding->offset,
		"damaged image: %s", finding->message);
}

/* A breach of any other rule shows when the entry it is about is read. */
static enum xip_err check_crc(struct import *import)
{
	const struct xip_verify_options options = {
		.enabled = (uint64_t)1 << xip_check_find("crc", strlen("crc")),
		.finding = hear_crc,
		.user = import};
	struct xip_verify_result result = {0};
	enum xip_err err = xip_verify(import->image, &options, &result, import->diag);

	return err ? err : result.errors ? XIP_ERR_CORRUPT : XIP_OK;
}

static enum xip_err load_data(
	struct import *import, const struct xip_node *node, const struct xip_entry *entry)
{
	struct xip_tree_inode *inode = node->inode;
	char *path = xip_tree_path(node);
	uint8_t *data = NULL;
	size_t size = 0;
	enum xip_err err = XIP_OK;

	if (!path)
		return xip_diag_nomem(import->diag);
	if (!xip_unpack_take(import->unpack, entry->inode.size))
		err = xip_unpack_fail(import->unpack->limit, import->path, path, import->diag);
	if (!err)
		err = xip_image_load(
			import->image, &entry->inode, &data, &size, path, import->diag);
	if (!err && xip_mode_is_symlink(inode->mode)) {
		if (memchr(data, '\0', size))
			err = xip_diag_fail(import->diag, XIP_ERR_CORRUPT, path, XIP_NO_OFFSET,
				"a symlink target with a NUL byte in it");
		inode->target = xip_arena_strndup(import->tree->arena, (const char *)data, size);
		if (!err && !inode->target)
			err = xip_diag_nomem(import->diag);
		inode->size = size;
	} else if (!err) {
		err = xip_spool_write(import->tree, 0, data, size, import->diag);
		inode->size = size;
		if (!err)
			xip_spool_take(import->tree, inode);
	}
	free(data);
	free(path);
	return err;
}

static enum xip_err fill_inode(
	const struct import *import, struct xip_tree_inode *inode, const struct xip_entry *entry)
{
	inode->mode = entry->inode.mode;
	inode->uid = entry->inode.uid;
	inode->gid = entry->inode.gid;
	if (!xip_mode_is_valid(inode->mode))
		return xip_diag_fail(import->diag, XIP_ERR_CORRUPT, import->path, entry->position,
			"\"%s\": mode %#o has no valid file type", entry->name,
			(unsigned)inode->mode);
	if (xip_mode_is_device(inode->mode))
		xip_rdev_decode(entry->inode.size, &inode->major, &inode->minor);
	return XIP_OK;
}

static enum xip_err add_entries(struct import *import)
{
	enum xip_err err = XIP_OK;

	import->nodes = calloc(import->listing.count, sizeof(*import->nodes));
	if (!import->nodes)
		return xip_diag_nomem(import->diag);
	import->nodes[0] = import->tree->root;
	import->tree->root->inode->implied = false;
	err = fill_inode(import, import->tree->root->inode, &import->listing.entries[0]);
	for (size_t i = 1; !err && i < import->listing.count; i++) {
		const struct xip_entry *entry = &import->listing.entries[i];
		struct xip_tree_inode *inode = xip_tree_inode_new(import->tree);

		err = inode ? fill_inode(import, inode, entry) : xip_diag_nomem(import->diag);
		if (!err)
			err = xip_tree_add(import->tree, import->nodes[entry->parent], entry->name,
				entry->name_length, inode, &import->nodes[i], import->diag);
	}
	return err;
}

/* An entry whose content is to be read. */
struct wanted {
	const struct xip_entry *entry;
	const struct xip_node *node;
};

/* By place: files that share their data come together, and flash is read from front to back. */
static int compare_wanted(const void *a, const void *b)
{
	const struct xip_entry *left = ((const struct wanted *)a)->entry;
	const struct xip_entry *right = ((const struct wanted *)b)->entry;

	if (left->inode.offset != right->inode.offset)
		return left->inode.offset < right->inode.offset ? -1 : 1;
	if (left->inode.size != right->inode.size)
		return left->inode.size < right->inode.size ? -1 : 1;
	return (left->position > right->position) - (left->position < right->position);
}

/* Files without hard links that share their data, as mkcramfs makes them: unpacked once. */
static bool is_shared(const struct wanted *one, const struct wanted *other)
{
	return one->entry->inode.offset == other->entry->inode.offset &&
	       one->entry->inode.size == other->entry->inode.size &&
	       xip_mode_is_regular(one->entry->inode.mode) &&
	       xip_mode_is_regular(other->entry->inode.mode);
}

static enum xip_err load_contents(struct import *import)
{
	struct wanted *wanted = calloc(import->listing.count, sizeof(*wanted));
	size_t count = 0;
	enum xip_err err = XIP_OK;

	if (!wanted)
		return xip_diag_nomem(import->diag);
	for (size_t i = 0; i < import->listing.count; i++) {
		const struct xip_entry *entry = &import->listing.entries[i];

		if (xip_inode_has_blocks(&entry->inode))
			wanted[count++] = (struct wanted){entry, import->nodes[i]};
	}
	qsort(wanted, count, sizeof(*wanted), compare_wanted);
	for (size_t i = 0; !err && i < count; i++) {
		if (i && is_shared(&wanted[i - 1], &wanted[i]))
			xip_spool_share(wanted[i].node->inode, wanted[i - 1].node->inode);
		else
			err = load_data(import, wanted[i].node, wanted[i].entry);
	}
	free(wanted);
	return err;
}

static enum xip_err import_image(struct import *import)
{
	enum xip_err err = check_crc(import);

	if (!err)
		err = xip_image_list(import->image, false, &import->listing, import->diag);
	if (err)
		return err;
	err = add_entries(import);
	if (!err)
		err = load_contents(import);
	if (!err)
		err = xip_spool_finish(import->tree, import->diag);
	free(import->nodes);
	xip_listing_free(&import->listing);
	return err;
}

enum xip_err xip_source_image(const struct xip_input *input, struct xip_unpack *unpack,
	struct xip_tree **tree, const struct xip_diag *diag)
{
	struct import import = {.unpack = unpack, .path = input->path, .diag = diag};
	enum xip_err err = xip_tree_new(&import.tree, diag);

	if (err)
		return err;
	err = xip_spool_begin(import.tree, input->path, diag);
	if (!err)
		err = xip_image_open(&import.image, input->fd, input->path, 0, diag);
	if (!err) {
		err = import_image(&import);
		xip_image_close(import.image);
	}
	if (err)
		xip_tree_free(import.tree);
	else
		*tree = import.tree;
	return err;
}
