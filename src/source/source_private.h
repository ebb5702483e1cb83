/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of src/source share with each other only.
 */
#ifndef XIPFS_SOURCE_PRIVATE_H
#define XIPFS_SOURCE_PRIVATE_H

#include <stdbool.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/format/format.h"
#include "xipfs/tree/input.h"
#include "xipfs/tree/tree.h"

/* True when @input has the magic number of a cramfs image, of either byte order, where one is. */
bool xip_source_is_image(const struct xip_input *input);

/*
 * Reads the cramfs image @input, which begins at the start of its file. XIP_ERR_CORRUPT: it breaks
 * the format's rules, or its checksum is wrong; XIP_ERR_UNSUPPORTED; XIP_ERR_LIMIT: @unpack;
 * XIP_ERR_IO; XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_source_image(const struct xip_input *input,
	struct xip_unpack *unpack, struct xip_tree **tree, const struct xip_diag *diag);

/* One tar archive of an OCI image. */
struct xip_oci_layer {
	const char *name; /* as the manifest has it */
	const char *path; /* in the archive */
};

/* The layers of the image that was chosen, the lowest first. */
struct xip_oci_layers {
	struct xip_oci_layer *layers; /* in @arena */
	size_t count;
	struct xip_arena *arena;
};

/* True when @tree, scanned from an archive, is a container image. XIP_ERR_NOMEM, ... */
XIP_MUST_CHECK enum xip_err xip_oci_detect(
	const struct xip_tree *tree, bool *detected, const struct xip_diag *diag);

/*
 * Finds the layers of the image for @platform (NULL: any) in @tree, an OCI image layout
 * (image-spec, image-layout.md) or what `docker save` wrote before there was one. XIP_ERR_SOURCE:
 * the manifests are damaged, or do not name exactly one image. The caller frees layers->arena.
 */
XIP_MUST_CHECK enum xip_err xip_oci_find_layers(const struct xip_tree *tree, const char *path,
	const char *platform, struct xip_oci_layers *layers, const struct xip_diag *diag);

/* Reads these layers, one over the other. @path is that of the archive, for messages. */
XIP_MUST_CHECK enum xip_err xip_oci_read(const struct xip_tree *tree, const char *path,
	const char *platform, struct xip_unpack *unpack, struct xip_tree **merged,
	const struct xip_diag *diag);

#endif
