/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/image/build.h"

#include <stdlib.h>

#include "choose.h"
#include "xipfs/base/bytes.h"
#include "writer.h"

static void count_entry(struct xip_build_totals *totals, const struct xip_node *node)
{
	switch (xip_mode_type(node->inode->mode)) {
	case XIP_S_IFREG:
		totals->files++;
		break;
	case XIP_S_IFDIR:
		totals->directories++;
		break;
	case XIP_S_IFLNK:
		totals->symlinks++;
		break;
	default:
		totals->others++;
		break;
	}
}

static uint64_t padded_size(uint64_t size, const struct xip_build_options *options)
{
	return options->pad_unit ? xip_div_up(size, options->pad_unit) * options->pad_unit : size;
}

static void count(struct xip_build *build, const struct xip_tree *tree,
	const struct xip_build_options *options)
{
	struct xip_build_totals *totals = &build->totals;
	const struct xip_node *node = NULL;

	totals->image_size = build->layout->size;
	totals->file_size = padded_size(build->layout->size, options);
	while ((node = xip_tree_next(tree, node)))
		count_entry(totals, node);
	for (size_t i = 0; i < tree->data_inode_count; i++) {
		const struct xip_plan_file *placed = xip_build_placed(build, i);
		uint64_t size = build->plan->files[i].size;
		uint64_t xip = (uint64_t)xip_plan_pages(placed) * build->plan->page_size;

		totals->input += size;
		totals->stripped += build->plan->files[i].strip == XIP_STRIP_DONE;
		totals->stripped_bytes += tree->data_inodes[i]->size - size;
		totals->programs += placed->run_count != 0;
		if (build->layout->files[i].sharer == i)
			totals->packed_from += xip < size ? size - xip : 0;
	}
	totals->packed_to = build->layout->bytes.compressed + build->layout->bytes.stored;
}

static bool is_anything_in_place(const struct xip_tree *tree, const struct xip_plan *plan)
{
	for (size_t i = 0; i < tree->data_inode_count; i++) {
		if (plan->files[i].run_count)
			return true;
	}
	return false;
}

/*
 * Lays out the image. Where nothing is in place, extended block pointers only save bytes; unless
 * they save a page, an image that old kernels and other readers understand is the better one. Only
 * one layout is held at a time: with many files it is most of what the program holds.
 */
static enum xip_err lay_out(const struct xip_tree *tree, const struct xip_build_options *options,
	const struct xip_encoding *encoding, struct xip_build *build, const struct xip_diag *diag)
{
	struct xip_layout_options plain = options->layout;
	uint64_t extended_size;
	enum xip_err err = xip_layout_make(
		tree, build->plan, encoding, &options->layout, &build->layout, diag);

	if (err || !(build->layout->super.flags & CRAMFS_FLAG_EXT_BLOCK_POINTERS) ||
		options->layout.force_extended || build->plan->page_size > 32768 ||
		is_anything_in_place(tree, build->plan))
		return err;
	extended_size = build->layout->size;
	xip_layout_free(build->layout);
	build->layout = NULL;
	plain.classic = true;
	err = xip_layout_make(tree, build->plan, encoding, &plain, &build->layout, NULL);
	if (err && err != XIP_ERR_LIMIT)
		return xip_diag_nomem(diag);
	if (!err && build->layout->size <= extended_size)
		return XIP_OK;
	xip_layout_free(build->layout);
	build->layout = NULL;
	return xip_layout_make(tree, build->plan, encoding, &options->layout, &build->layout, diag);
}

static enum xip_err run_stages(const struct xip_tree *tree, const struct xip_build_options *options,
	int fd, const char *path, struct xip_build *build, const struct xip_diag *diag)
{
	struct xip_encoding *encoding = NULL;
	enum xip_err err;

	err = xip_plan_make(tree, &options->policy, options->encode.threads, &build->plan, diag);
	if (!err)
		err = xip_encode(tree, build->plan, &options->encode, &encoding, diag);
	if (!err && options->fit)
		err = xip_choose_fit(tree, options, encoding, build, diag);
	else if (!err)
		err = lay_out(tree, options, encoding, build, diag);
	if (!err)
		err = xip_choose_check_size(tree, build->layout, options->max_size, diag);
	if (!err)
		err = xip_writer_write(build->layout, options->insert, fd, path, diag);
	if (!err)
		err = xip_writer_pad(fd, build->layout->size,
			padded_size(build->layout->size, options), options->pad_byte, path, diag);
	if (build->layout)
		xip_layout_forget_pieces(build->layout);
	xip_encoding_free(encoding);
	return err;
}

enum xip_err xip_build_run(const struct xip_tree *tree, const struct xip_build_options *options,
	int fd, const char *path, struct xip_build **result, const struct xip_diag *diag)
{
	struct xip_build *build = calloc(1, sizeof(*build));
	enum xip_err err;

	if (!build)
		return xip_diag_nomem(diag);
	err = run_stages(tree, options, fd, path, build, diag);
	if (err) {
		xip_build_free(build);
		return err;
	}
	count(build, tree, options);
	*result = build;
	return XIP_OK;
}

void xip_build_free(struct xip_build *build)
{
	if (!build)
		return;
	xip_plan_free(build->placed);
	xip_plan_free(build->plan);
	xip_layout_free(build->layout);
	free(build->choices);
	free(build);
}
