/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/source/source.h"

#include <string.h>
#include <sys/stat.h>

#include "source_private.h"

struct reading {
	const struct xip_sources *sources;
	struct xip_unpack unpack;
	bool platform_used;
	const struct xip_diag *diag;
};

/* An archive, which may turn out to be a container image. */
static enum xip_err read_archive(
	struct reading *reading, const struct xip_input *input, struct xip_tree **tree)
{
	/* Only what is inside the layers counts, not the layers themselves. */
	struct xip_unpack outer = reading->unpack;
	const struct xip_scan_options options = {.unpack = &outer};
	struct xip_tree *archive, *merged;
	bool is_oci;
	enum xip_err err = xip_scan_archive(input, &options, &archive, reading->diag);

	if (err)
		return err;
	err = xip_oci_detect(archive, &is_oci, reading->diag);
	if (!err && !is_oci) {
		reading->unpack = outer;
		*tree = archive;
		return XIP_OK;
	}
	if (!err)
		err = xip_oci_read(archive, input->path, reading->sources->platform,
			&reading->unpack, &merged, reading->diag);
	xip_tree_free(archive);
	if (err)
		return err;
	reading->platform_used = true;
	*tree = merged;
	return XIP_OK;
}

static enum xip_err read_file(struct reading *reading, const char *path, struct xip_tree **tree)
{
	struct xip_input input;
	enum xip_err err = xip_input_open(&input, path, reading->sources->limit, reading->diag);

	if (err)
		return err;
	if (xip_source_is_image(&input))
		err = xip_source_image(&input, &reading->unpack, tree, reading->diag);
	else
		err = read_archive(reading, &input, tree);
	xip_input_close(&input);
	return err;
}

bool xip_source_names_image(const char *path)
{
	struct xip_input input;
	bool is_image;

	if (xip_input_open(&input, path, XIP_UNPACK_LIMIT, NULL))
		return false;
	is_image = xip_source_is_image(&input);
	xip_input_close(&input);
	return is_image;
}

static enum xip_err read_one(struct reading *reading, const char *path, struct xip_tree **tree)
{
	const struct xip_exclude *exclude = &reading->sources->exclude;
	struct stat status;
	enum xip_err err;

	if (strcmp(path, "-") && !stat(path, &status) && S_ISDIR(status.st_mode))
		return xip_scan_dir(path, exclude, tree, reading->diag);
	err = read_file(reading, path, tree);
	if (err)
		return err;
	err = xip_tree_exclude(*tree, exclude, reading->diag);
	if (err)
		xip_tree_free(*tree);
	return err;
}

static enum xip_err read_all(struct reading *reading, struct xip_tree **tree)
{
	const struct xip_sources *sources = reading->sources;
	enum xip_err err = read_one(reading, sources->paths[0], tree);

	if (err)
		return err;
	for (size_t i = 1; !err && i < sources->count; i++) {
		struct xip_tree *upper;

		err = read_one(reading, sources->paths[i], &upper);
		if (!err)
			err = xip_tree_overlay(*tree, upper, XIP_OVERLAY_SOURCE, reading->diag);
	}
	/* Once more: the name of an entry in the tree may differ from that in its source. */
	if (!err && sources->count > 1)
		err = xip_tree_exclude(*tree, &sources->exclude, reading->diag);
	if (err)
		xip_tree_free(*tree);
	return err;
}

enum xip_err xip_sources_read(
	const struct xip_sources *sources, struct xip_tree **tree, const struct xip_diag *diag)
{
	struct reading reading = {
		.sources = sources, .unpack = {.limit = sources->limit}, .diag = diag};
	struct xip_tree *read;
	enum xip_err err = read_all(&reading, &read);

	if (err)
		return err;
	if (sources->platform && !reading.platform_used)
		xip_diag_warn(diag, NULL, XIP_NO_OFFSET,
			"--platform has no effect: no source is a container image");
	*tree = read;
	return XIP_OK;
}
