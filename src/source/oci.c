/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Container images: the layers of one, each over those before it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_private.h"
#include "xipfs/tree/scan.h"
#include "xipfs/tree/spool.h"

static enum xip_err layer_fail(const char *path, const struct xip_oci_layer *layer,
	const char *message, const struct xip_diag *diag)
{
	return xip_diag_fail(
		diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET, "layer %s %s", layer->name, message);
}

/* Reads one layer. Its hard links may lead to files of the layers below it. */
static enum xip_err read_layer(const struct xip_tree *archive, const char *path,
	const struct xip_oci_layer *layer, struct xip_unpack *unpack, struct xip_tree *merged,
	const struct xip_diag *diag)
{
	const struct xip_scan_options options = {.unpack = unpack, .lower = merged};
	const struct xip_node *node = xip_tree_resolve(archive, layer->path);
	size_t size = strlen(path) + strlen(layer->name) + sizeof(": layer ");
	struct xip_input input;
	struct xip_tree *upper;
	enum xip_err err;
	char *name;

	if (!node || !xip_mode_is_regular(node->inode->mode))
		return layer_fail(path, layer, "is not in the archive", diag);
	name = malloc(size);
	if (!name)
		return xip_diag_nomem(diag);
	snprintf(name, size, "%s: layer %s", path, layer->name);
	xip_spool_input(node->inode, name, &input);
	err = xip_scan_archive(&input, &options, &upper, diag);
	free(name);
	return err ? err : xip_tree_overlay(merged, upper, XIP_OVERLAY_LAYER, diag);
}

enum xip_err xip_oci_read(const struct xip_tree *tree, const char *path, const char *platform,
	struct xip_unpack *unpack, struct xip_tree **merged, const struct xip_diag *diag)
{
	struct xip_oci_layers layers;
	enum xip_err err = xip_oci_find_layers(tree, path, platform, &layers, diag);

	if (err)
		return err;
	err = xip_tree_new(merged, diag);
	if (err) {
		xip_arena_free(layers.arena);
		return err;
	}
	for (size_t i = 0; !err && i < layers.count; i++)
		err = read_layer(tree, path, &layers.layers[i], unpack, *merged, diag);
	xip_arena_free(layers.arena);
	if (err)
		xip_tree_free(*merged);
	return err;
}
