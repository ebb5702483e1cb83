/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "choose.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/bytes.h"
#include "xipfs/fit.h"

/* --- Too large ------------------------------------------------------------------------------- */

#define CONTRIBUTORS 5u

/* The numbers of the largest files, in falling order, into @top; returns how many. */
static unsigned find_largest(const struct xip_layout *layout, uint32_t *top)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < layout->file_count; i++) {
		unsigned at = count;

		if (!layout->files[i].bytes)
			continue;
		while (at && layout->files[i].bytes > layout->files[top[at - 1]].bytes)
			at--;
		if (at == CONTRIBUTORS)
			continue;
		if (count < CONTRIBUTORS)
			count++;
		memmove(&top[at + 1], &top[at], (count - at - 1) * sizeof(*top));
		top[at] = i;
	}
	return count;
}

enum xip_err xip_choose_check_size(const struct xip_tree *tree, const struct xip_layout *layout,
	uint64_t max_size, const struct xip_diag *diag)
{
	uint32_t top[CONTRIBUTORS];
	char list[1024] = "";
	size_t used = 0;
	unsigned count;

	if (!max_size || layout->size <= max_size)
		return XIP_OK;
	count = find_largest(layout, top);
	for (unsigned i = 0; i < count && used < sizeof(list); i++) {
		char *path = xip_tree_path(tree->data_inodes[top[i]]->first);

		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s %" PRIu32,
			i ? ", " : "; the largest: ", path ? path : "?",
			layout->files[top[i]].bytes);
		free(path);
	}
	return xip_diag_fail(diag, XIP_ERR_LIMIT, NULL, XIP_NO_OFFSET,
		"the image takes %" PRIu64 " bytes, %" PRIu64 " more than the %" PRIu64
		" that are allowed%s",
		layout->size, layout->size - max_size, max_size, list);
}

/* --- What fits ------------------------------------------------------------------------------- */

/* One optional file, and what its plan was. */
struct candidate {
	uint32_t file;
	uint32_t group; /* index of the first candidate that it shares everything with */
	uint32_t run_count;
	struct xip_payload **blocks;
};

struct chooser {
	struct xip_tree *tree;
	const struct xip_build_options *options;
	struct xip_plan *plan;
	struct xip_encoding *encoding;
	const struct xip_diag *diag;
	struct candidate *candidates;
	struct xip_fit_item *items; /* of the candidates; only the first of a group has a value */
	size_t count;
};

static void put(struct chooser *c, const struct candidate *candidate, bool in_place)
{
	struct xip_encoded_file *file = &c->encoding->files[candidate->file];

	c->plan->files[candidate->file].run_count = in_place ? candidate->run_count : 0;
	file->blocks = in_place ? candidate->blocks : file->packed;
}

/* All members of a group go the same way: they are one inode in the image. */
static void put_group(struct chooser *c, size_t first, bool in_place)
{
	for (size_t i = first; i < c->count; i++)
		if (c->candidates[i].group == first)
			put(c, &c->candidates[i], in_place);
}

static enum xip_err lay_out(struct chooser *c, struct xip_layout **layout)
{
	return xip_layout_make(c->tree, c->plan, c->encoding, &c->options->layout, layout, c->diag);
}

/* Finds the candidates, what each is worth, and takes all of them out of place. */
static enum xip_err collect(struct chooser *c)
{
	size_t count = c->plan->file_count;
	uint64_t *pages = calloc(count + 1, sizeof(*pages));

	c->candidates = calloc(count + 1, sizeof(*c->candidates));
	c->items = calloc(count + 1, sizeof(*c->items));
	if (!pages || !c->candidates || !c->items ||
		xip_fit_values(c->tree, c->plan, &c->options->policy, pages)) {
		free(pages);
		return xip_diag_nomem(c->diag);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!xip_plan_is_optional(&c->plan->files[i]))
			continue;
		c->candidates[c->count] = (struct candidate){
			.file = i,
			.run_count = c->plan->files[i].run_count,
			.blocks = c->encoding->files[i].blocks,
		};
		c->plan->files[i].choice->pages = pages[i];
		put(c, &c->candidates[c->count], false);
		c->count++;
	}
	free(pages);
	return XIP_OK;
}

static void group(struct chooser *c, const struct xip_layout *none)
{
	/* A table from file number to candidate would be faster; candidates are programs, and few.
	 */
	for (size_t i = 0; i < c->count; i++) {
		uint32_t sharer = none->files[c->candidates[i].file].sharer;
		size_t first = 0;

		while (none->files[c->candidates[first].file].sharer != sharer)
			first++;
		c->candidates[i].group = (uint32_t)first;
		c->items[first].value += c->plan->files[c->candidates[i].file].choice->pages;
	}
}

/* Lays out the image once for each group, with it alone in place. */
static enum xip_err measure_costs(struct chooser *c, const struct xip_layout *none)
{
	for (size_t i = 0; i < c->count; i++) {
		struct xip_layout *one;
		enum xip_err err;

		if (c->candidates[i].group != i)
			continue;
		put_group(c, i, true);
		err = lay_out(c, &one);
		if (err)
			return err;
		c->items[i].cost = one->need > none->need ? one->need - none->need : 0;
		xip_layout_free(one);
		put_group(c, i, false);
	}
	return XIP_OK;
}

static void note_choice(struct chooser *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct candidate *candidate = &c->candidates[i];
		struct xip_plan_choice *choice = c->plan->files[candidate->file].choice;

		choice->fit = c->items[candidate->group].chosen ? XIP_FIT_IN : XIP_FIT_OUT;
		choice->cost = c->items[candidate->group].cost;
	}
}

static enum xip_err choose(struct chooser *c, uint64_t room, struct xip_layout **result)
{
	uint64_t value, limit = UINT64_MAX;

	for (;; limit = value) {
		enum xip_err err = xip_fit_choose(c->items, c->count, room, limit, &value);

		if (err == XIP_ERR_LIMIT)
			return xip_diag_fail(c->diag, err, NULL, XIP_NO_OFFSET,
				"--fit: too many programs, or instances= too high, to choose "
				"exactly");
		if (err)
			return xip_diag_nomem(c->diag);
		for (size_t i = 0; i < c->count; i++)
			put(c, &c->candidates[i], c->items[c->candidates[i].group].chosen);
		err = lay_out(c, result);
		if (err)
			return err;
		if ((*result)->size <= c->options->max_size || !value)
			break;
		xip_layout_free(*result);
		*result = NULL;
	}
	note_choice(c);
	return XIP_OK;
}

static enum xip_err fit(struct chooser *c, struct xip_layout **layout)
{
	uint64_t page_size = c->plan->page_size;
	uint64_t most = xip_align_down(c->options->max_size, page_size);
	struct xip_layout *none = NULL;
	uint64_t need;
	enum xip_err err = collect(c);

	if (!err)
		err = lay_out(c, &none);
	if (!err)
		err = xip_choose_check_size(c->tree, none, c->options->max_size, c->diag);
	if (err) {
		xip_layout_free(none);
		return err;
	}
	group(c, none);
	err = measure_costs(c, none);
	need = none->need;
	xip_layout_free(none);
	return err ? err : choose(c, most > need ? most - need : 0, layout);
}

enum xip_err xip_choose_fit(struct xip_tree *tree, const struct xip_build_options *options,
	struct xip_plan *plan, struct xip_encoding *encoding, struct xip_layout **layout,
	const struct xip_diag *diag)
{
	struct chooser c = {
		.tree = tree, .options = options, .plan = plan, .encoding = encoding, .diag = diag};
	enum xip_err err = fit(&c, layout);

	free(c.candidates);
	free(c.items);
	return err;
}
