/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readback.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/base/pool.h"
#include "xipfs/read/reader.h"
#include "xipfs/tree/scan.h"
#include "xipfs/check/verify.h"

#define BLOCKS_AT_ONCE 64u
#define FILES_PER_JOB  16u
#define FINDINGS_SHOWN 10u

/* What one thread owns. */
struct bench {
	struct xip_image *image;
	uint8_t *source; /* BLOCKS_AT_ONCE pages */
	uint8_t *block;  /* one page */
};

struct checker {
	int fd;
	const char *path;
	const struct xip_tree *tree;
	const struct xip_plan *plan;
	const struct xip_diag *diag;
	struct progress *progress;
	uint32_t page_size;
	struct xip_inode *inodes; /* the image's, for each of xip_tree.data_inodes */
	struct bench *benches;
	unsigned findings;
	uint64_t total;
	atomic_uint_fast64_t done;
};

/* --- The rules ------------------------------------------------------------------------------- */

static void report_finding(void *user, const struct xip_finding *finding)
{
	struct checker *checker = user;
	const struct xip_check_info *check = xip_check_info(finding->check);

	/* The plan has reported what a kernel will stumble over though it is laid out as asked. */
	if (check->warning) {
		xip_diag_info(checker->diag, finding->path, finding->offset, "check %s: %s",
			check->name, finding->message);
		return;
	}
	if (checker->findings++ < FINDINGS_SHOWN)
		xip_diag_fail(checker->diag, XIP_ERR_CORRUPT, checker->path, finding->offset,
			"internal error: the new image fails check %s: %s%s%s", check->name,
			finding->path ? finding->path : "", finding->path ? ": " : "",
			finding->message);
}

static enum xip_err check_rules(struct checker *checker, struct xip_image *image)
{
	struct xip_verify_options options = {.finding = report_finding, .user = checker};
	struct xip_verify_result result = {0};
	/* compare_blocks() inflates every block; the plan has reported the source's faults. */
	static const char *const left_out[] = {"inflate", "byte-order"};
	enum xip_err err;

	options.enabled = UINT64_MAX;
	for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++) {
		size_t check = xip_check_find(left_out[i], strlen(left_out[i]));

		if (check < XIP_CHECKS_MAX)
			options.enabled &= ~((uint64_t)1 << check);
	}
	err = xip_verify(image, &options, &result, checker->diag);
	return err ? err : result.errors ? XIP_ERR_CORRUPT : XIP_OK;
}

/* --- The entries ----------------------------------------------------------------------------- */

static const char *compare_entry(
	const struct checker *checker, const struct xip_node *node, const struct xip_entry *entry)
{
	const struct xip_tree_inode *inode = node->inode;
	uint32_t major, minor;

	if (node != checker->tree->root &&
		(node->name_length != entry->name_length ||
			memcmp(node->name, entry->name, node->name_length)))
		return "name";
	if (inode->mode != entry->inode.mode)
		return "mode";
	if (inode->uid != entry->inode.uid || inode->gid != entry->inode.gid)
		return "owner";
	switch (xip_mode_type(inode->mode)) {
	case XIP_S_IFREG:
	case XIP_S_IFLNK:
		return checker->plan->files[inode->number].size != entry->inode.size ? "size"
										     : NULL;
	case XIP_S_IFCHR:
	case XIP_S_IFBLK:
		xip_rdev_decode(entry->inode.size, &major, &minor);
		return major != inode->major || minor != inode->minor ? "device number" : NULL;
	default:
		return NULL;
	}
}

static enum xip_err check_entries(struct checker *checker, const struct xip_image *image)
{
	const struct xip_tree *tree = checker->tree;
	const struct xip_node *node = xip_tree_next(tree, NULL);
	struct xip_listing listing;
	const char *fault = NULL;
	enum xip_err err = xip_image_list(image, false, &listing, checker->diag);
	size_t index = 0;

	if (err)
		return err;
	for (; !fault && node && index != SIZE_MAX; index = xip_listing_next(&listing, index)) {
		uint32_t type = xip_mode_type(node->inode->mode);

		fault = compare_entry(checker, node, &listing.entries[index]);
		if (fault)
			break;
		if (type == XIP_S_IFREG || type == XIP_S_IFLNK)
			checker->inodes[node->inode->number] = listing.entries[index].inode;
		node = xip_tree_next(tree, node);
	}
	if (!fault && (node || index != SIZE_MAX))
		fault = "number of entries";
	if (fault) {
		char buffer[XIP_SHOWN_NODE_SIZE];

		err = xip_diag_fail(checker->diag, XIP_ERR_CORRUPT, checker->path, XIP_NO_OFFSET,
			"internal error: the new image differs from its source at %s: %s",
			node ? xip_tree_show(node, buffer) : "its end", fault);
	}
	xip_listing_free(&listing);
	return err;
}

/* --- The contents ---------------------------------------------------------------------------- */

static enum xip_err differs(const struct checker *checker, const struct xip_tree_inode *inode,
	uint32_t block, enum xip_err err, const char *why, const struct xip_diag *diag)
{
	char buffer[XIP_SHOWN_NODE_SIZE];

	if (err == XIP_ERR_NOMEM)
		return xip_diag_nomem(diag);
	return xip_diag_fail(diag, XIP_ERR_CORRUPT, checker->path, XIP_NO_OFFSET,
		"internal error: the new image differs from its source at %s, block %u: %s",
		xip_tree_show(inode->first, buffer), block, why);
}

static enum xip_err compare_blocks(const struct checker *checker, struct bench *bench,
	const struct xip_tree_inode *inode, uint32_t first, const uint8_t *source, size_t length,
	const struct xip_diag *diag)
{
	for (uint32_t i = first; length; i++) {
		size_t part = length < checker->page_size ? length : checker->page_size;
		const char *why = "";
		size_t got;
		enum xip_err err = xip_image_read_block(
			bench->image, &checker->inodes[inode->number], i, bench->block, &got, &why);

		if (err)
			return differs(checker, inode, i, err, why, diag);
		if (got != part || memcmp(bench->block, source, part))
			return differs(checker, inode, i, XIP_ERR_CORRUPT, "other bytes", diag);
		source += part;
		length -= part;
	}
	return XIP_OK;
}

static enum xip_err compare_content(const struct checker *checker, struct bench *bench,
	const struct xip_content *content, const struct xip_diag *diag)
{
	const struct xip_plan_file *plan = &checker->plan->files[content->inode->number];
	size_t room = (size_t)BLOCKS_AT_ONCE * checker->page_size;
	enum xip_err err = XIP_OK;

	for (uint64_t start = 0; !err && start < plan->size; start += room) {
		size_t length = plan->size - start < room ? (size_t)(plan->size - start) : room;

		err = xip_content_read(content, bench->source, length, start, diag);
		if (err)
			break;
		xip_plan_apply_patches(plan, bench->source, length, start);
		err = compare_blocks(checker, bench, content->inode,
			(uint32_t)(start / checker->page_size), bench->source, length, diag);
	}
	return err;
}

static enum xip_err compare_file(const struct checker *checker, struct bench *bench,
	const struct xip_tree_inode *inode, const struct xip_diag *diag)
{
	struct xip_content content;
	enum xip_err err, closed;

	if (!inode->size)
		return XIP_OK;
	if (xip_mode_is_symlink(inode->mode))
		return compare_blocks(checker, bench, inode, 0, (const uint8_t *)inode->target,
			(size_t)inode->size, diag);
	err = xip_content_open(&content, inode, diag);
	if (err)
		return err;
	err = compare_content(checker, bench, &content, diag);
	closed = xip_content_close(&content, diag);
	/* A source that changed explains a difference; it is not the image's fault. */
	return closed ? closed : err;
}

static enum xip_err compare_job(
	void *context, size_t job, unsigned worker, const struct xip_diag *diag)
{
	struct checker *checker = context;
	size_t end = (job + 1) * FILES_PER_JOB;
	uint64_t bytes = 0;
	enum xip_err err = XIP_OK;

	if (end > checker->tree->data_inode_count)
		end = checker->tree->data_inode_count;
	for (size_t i = job * FILES_PER_JOB; !err && i < end; i++) {
		const struct xip_tree_inode *inode = checker->tree->data_inodes[i];

		err = compare_file(checker, &checker->benches[worker], inode, diag);
		bytes += inode->size;
	}
	bytes += atomic_fetch_add(&checker->done, bytes);
	if (!err && !worker)
		progress_update(checker->progress, bytes, checker->total);
	return err;
}

static enum xip_err open_bench(const struct checker *checker, struct bench *bench)
{
	enum xip_err err;

	bench->source = malloc((size_t)BLOCKS_AT_ONCE * checker->page_size);
	bench->block = malloc(checker->page_size);
	if (!bench->source || !bench->block)
		return xip_diag_nomem(checker->diag);
	err = xip_image_open(
		&bench->image, checker->fd, checker->path, checker->page_size, checker->diag);
	if (!err)
		xip_image_hurry(bench->image);
	return err;
}

static enum xip_err check_contents(struct checker *checker, unsigned threads)
{
	size_t count = checker->tree->data_inode_count;
	enum xip_err err = XIP_OK;

	for (size_t i = 0; i < count; i++)
		checker->total += checker->tree->data_inodes[i]->size;
	for (unsigned i = 1; !err && i < threads; i++) /* the first is open already */
		err = open_bench(checker, &checker->benches[i]);
	if (!err)
		err = xip_pool_run(threads, (size_t)xip_div_up(count, FILES_PER_JOB), compare_job,
			checker, checker->diag);
	return err;
}

enum xip_err readback(int fd, const char *path, const struct xip_tree *tree,
	const struct xip_plan *plan, unsigned threads, struct progress *progress,
	const struct xip_diag *diag)
{
	struct checker checker = {.fd = fd,
		.path = path,
		.tree = tree,
		.plan = plan,
		.diag = diag,
		.progress = progress,
		.page_size = plan->page_size};
	enum xip_err err;

	checker.benches = calloc(threads, sizeof(*checker.benches));
	err = checker.benches ? open_bench(&checker, &checker.benches[0]) : xip_diag_nomem(diag);
	if (!err)
		err = check_rules(&checker, checker.benches[0].image);
	checker.inodes = err ? NULL : calloc(tree->data_inode_count + 1, sizeof(*checker.inodes));
	if (!err && !checker.inodes)
		err = xip_diag_nomem(diag);
	if (!err)
		err = check_entries(&checker, checker.benches[0].image);
	if (!err)
		err = check_contents(&checker, threads);
	for (unsigned i = 0; checker.benches && i < threads; i++) {
		xip_image_close(checker.benches[i].image);
		free(checker.benches[i].source);
		free(checker.benches[i].block);
	}
	free(checker.benches);
	free(checker.inodes);
	return err;
}
