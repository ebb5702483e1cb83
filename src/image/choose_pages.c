/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flash budget for pages that a profile placed: the coldest go first, and of equally cold ones
 * those that give back the most flash. Each page saves the same RAM, so that most pages stay.
 */
#include <stdlib.h>

#include "choose.h"
#include "share.h"

/* A page by how often it was seen, and by what it costs all the same when it is compressed. */
struct ranked {
	uint64_t count;
	size_t page;     /* index in cutter.pages */
	uint32_t packed; /* bytes */
};

struct cutter {
	const struct xip_tree *tree;
	const struct xip_build_options *options;
	const struct xip_plan *plan;
	const struct xip_encoding *encoding;
	struct xip_plan *placed;
	struct xip_profile_page *pages; /* that may be left out, ascending by file and page */
	struct ranked *ranked;          /* the same, the last to be left out first */
	size_t count;
	bool *kept;                /* of each of @pages */
	struct xip_plan_run *runs; /* of all files, one after the other */
	/*
	 * Of each profiled file the first one with the same blocks, in place or not, which decides
	 * for it: only files whose pages are placed in the same way can share them.
	 */
	uint32_t *leaders;
};

static bool is_profiled(const struct xip_plan_file *file)
{
	return file->wish == XIP_WISH_PROFILE && file->run_count;
}

static enum xip_err find_leaders(struct cutter *c)
{
	const struct xip_placement all = {c->tree, c->plan, c->encoding};
	size_t count = c->plan->file_count;
	struct xip_layout_file *files = calloc(count + 1, sizeof(*files));
	uint32_t *twins = calloc(count + 1, sizeof(*twins));
	uint32_t *firsts = calloc(count + 1, sizeof(*firsts)); /* of each twin, + 1 */
	enum xip_err err = XIP_ERR_NOMEM;

	c->leaders = calloc(count + 1, sizeof(*c->leaders));
	if (files && twins && firsts && c->leaders)
		err = xip_share_files(&all, files, twins);
	for (uint32_t i = 0; i < count && !err; i++) {
		c->leaders[i] = i;
		if (!is_profiled(&c->plan->files[i]))
			continue;
		if (!firsts[twins[i]])
			firsts[twins[i]] = i + 1;
		c->leaders[i] = firsts[twins[i]] - 1;
	}
	free(files);
	free(twins);
	free(firsts);
	return err;
}

/* Those that are to stay in place first; the earlier in the tree, when nothing else decides. */
static int compare_ranks(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	if (left->packed != right->packed)
		return left->packed < right->packed ? 1 : -1;
	return (left->page > right->page) - (left->page < right->page);
}

static enum xip_err rank_pages(struct cutter *c, const struct xip_profile *profile)
{
	c->pages = calloc(profile->count + 1, sizeof(*c->pages));
	c->ranked = calloc(profile->count + 1, sizeof(*c->ranked));
	c->kept = calloc(profile->count + 1, sizeof(*c->kept));
	c->runs = xip_arena_calloc(c->placed->arena, profile->count, sizeof(*c->runs));
	if (!c->pages || !c->ranked || !c->kept || !c->runs)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; i < profile->count; i++) {
		const struct xip_profile_page *page = &profile->pages[i];
		const struct xip_plan_file *file = &c->plan->files[page->file];
		const struct xip_payload *packed;

		if (!is_profiled(file) || !xip_plan_is_xip(file, page->page, NULL) ||
			c->leaders[page->file] != page->file)
			continue;
		packed = c->encoding->files[page->file].packed[page->page];
		c->ranked[c->count] =
			(struct ranked){page->count, c->count, packed ? packed->length : 0};
		c->pages[c->count++] = *page;
	}
	qsort(c->ranked, c->count, sizeof(*c->ranked), compare_ranks);
	return XIP_OK;
}

/* Leaves the first @count of the ranked pages in place. */
static void keep_first(struct cutter *c, size_t count)
{
	struct xip_plan_run *runs = c->runs; /* of the file, and of those that follow */
	struct xip_plan_file *file = NULL;

	for (size_t i = 0; i < c->count; i++)
		c->kept[c->ranked[i].page] = i < count;
	for (size_t i = 0; i < c->count; i++) {
		const struct xip_profile_page *page = &c->pages[i];
		const struct xip_plan_file *all = &c->plan->files[page->file];
		uint32_t from = 0;

		if (!i || c->pages[i - 1].file != page->file) {
			runs += file ? file->run_count : 0;
			file = &c->placed->files[page->file];
			file->runs = runs;
			file->run_count = 0;
		}
		if (c->kept[i] && xip_plan_is_xip(all, page->page, &from))
			file->run_count = xip_plan_append_page(
				runs, file->run_count, page->page, all->runs[from].align);
	}
	for (uint32_t i = 0; i < c->plan->file_count; i++) {
		c->placed->files[i].runs = c->placed->files[c->leaders[i]].runs;
		c->placed->files[i].run_count = c->placed->files[c->leaders[i]].run_count;
	}
}

/* Does the image fit with the first @count of the ranked pages in place? */
static enum xip_err try_pages(struct cutter *c, size_t count, bool *fits)
{
	struct xip_layout *layout;
	enum xip_err err;

	keep_first(c, count);
	err = xip_layout_make(c->tree, c->placed, c->encoding, &c->options->layout, &layout, NULL);
	*fits = !err && layout->size <= c->options->max_size;
	if (!err)
		xip_layout_free(layout);
	return err == XIP_ERR_LIMIT ? XIP_OK : err;
}

static enum xip_err cut(struct cutter *c)
{
	size_t low = 0, high = c->count;
	bool fits = true;
	enum xip_err err = c->count ? try_pages(c, high, &fits) : XIP_OK;

	if (err || fits)
		return err;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		err = try_pages(c, middle, &fits);
		if (err)
			return err;
		if (fits)
			low = middle;
		else
			high = middle;
	}
	keep_first(c, low);
	return XIP_OK;
}

enum xip_err xip_choose_pages(const struct xip_tree *tree, const struct xip_build_options *options,
	const struct xip_plan *plan, const struct xip_encoding *encoding, struct xip_plan *placed)
{
	struct cutter c = {
		.tree = tree,
		.options = options,
		.plan = plan,
		.encoding = encoding,
		.placed = placed,
	};
	enum xip_err err = XIP_OK;

	if (options->policy.profile)
		err = find_leaders(&c);
	if (!err && options->policy.profile)
		err = rank_pages(&c, options->policy.profile);
	if (!err)
		err = cut(&c);
	free(c.pages);
	free(c.ranked);
	free(c.kept);
	free(c.leaders);
	return err;
}
