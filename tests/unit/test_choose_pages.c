/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --fit with a profile: the hottest pages that there is room for, and no other ones. */
#include <check.h>

#include "choose.h"
#include "failing_alloc.h"
#include "make_tree.h"
#include "run_suite.h"

#define PAGE  4096u
#define FILES 5u

/* A random tree whose programs have runs, all pages of which a profile names. */
struct world {
	struct made made;
	struct xip_plan *plan;
	struct xip_encoding *encoding;
	struct xip_build_options options;
	struct xip_profile profile;
	struct dice dice;
};

static void make_world(struct world *w, uint64_t seed)
{
	const struct xip_encode_options encode = {
		.compressor = XIP_LIBDEFLATE, .level = 6, .threads = 1, .store = true};
	uint8_t *bytes = malloc(40 * PAGE);

	ck_assert_ptr_nonnull(bytes);
	*w = (struct world){.dice = {.state = 88172645463325252u + seed * 0x9e3779b97f4a7c15u}};
	made_begin(&w->made);
	for (uint32_t i = 0; i < FILES; i++) {
		char name[2] = {(char)('a' + i), '\0'};
		size_t size = 4 * PAGE + roll(&w->dice, 30 * PAGE);

		for (size_t at = 0; at < size; at += PAGE)
			fill(bytes + at, PAGE, (enum texture)roll(&w->dice, TEXTURE_COUNT),
				roll(&w->dice, 20));
		made_file(&w->made, NULL, name, bytes, size);
	}
	free(bytes);
	made_finish(&w->made);
	w->plan = hand_plan(&w->made, PAGE);
	w->profile.pages = calloc(FILES * 40, sizeof(*w->profile.pages));
	ck_assert_ptr_nonnull(w->profile.pages);
	for (uint32_t i = 0; i < w->plan->file_count; i++) {
		struct xip_plan_file *file = &w->plan->files[i];
		const struct xip_node *node = w->made.tree->data_inodes[i]->first;
		uint32_t pages = (uint32_t)xip_div_up(file->size, PAGE);

		file->wish = XIP_WISH_PROFILE;
		file->optional = file->mmu_only = true;
		for (uint32_t page = roll(&w->dice, 3); page < pages;) {
			uint32_t count = 1 + roll(&w->dice, 4);

			count = count < pages - page ? count : pages - page;
			hand_run(w->plan, node, page, count, PAGE);
			for (uint32_t k = 0; k < count; k++)
				w->profile.pages[w->profile.count++] = (struct xip_profile_page){
					i, page + k, 1 + roll(&w->dice, 6)};
			page += count + 1 + roll(&w->dice, 3);
		}
	}
	w->options.policy.profile = &w->profile;
	ck_assert_int_eq(xip_encode(w->made.tree, w->plan, &encode, &w->encoding, NULL), XIP_OK);
}

static void free_world(struct world *w)
{
	xip_encoding_free(w->encoding);
	xip_plan_free(w->plan);
	xip_profile_free(&w->profile);
	made_end(&w->made);
}

/* Bytes of the image with these pages in place. */
static uint64_t size_of(const struct world *w, const struct xip_plan *placed)
{
	struct xip_layout *layout;
	uint64_t size;

	ck_assert_int_eq(xip_layout_make(w->made.tree, placed, w->encoding, &w->options.layout,
				 &layout, NULL),
		XIP_OK);
	size = layout->size;
	xip_layout_free(layout);
	return size;
}

static bool is_placed(const struct xip_plan *placed, const struct xip_profile_page *page)
{
	return xip_plan_is_xip(&placed->files[page->file], page->page, NULL);
}

/* Bytes of the page when it is compressed. */
static uint32_t packed_of(const struct world *w, const struct xip_profile_page *page)
{
	const struct xip_payload *packed = w->encoding->files[page->file].packed[page->page];

	return packed ? packed->length : 0;
}

/* Is @one to stay longer than @other? Of pages as hot those that give back less flash do. */
static bool is_before(const struct world *w, const struct xip_profile_page *one,
	const struct xip_profile_page *other)
{
	if (one->count != other->count)
		return one->count > other->count;
	if (packed_of(w, one) != packed_of(w, other))
		return packed_of(w, one) > packed_of(w, other);
	return one < other;
}

/* Nothing is in place that goes before something that is not, or was not in the plan. */
static void check_order(const struct world *w, const struct xip_plan *placed)
{
	uint32_t pages = 0, all = 0;

	for (size_t i = 0; i < w->profile.count; i++) {
		const struct xip_profile_page *one = &w->profile.pages[i];

		pages += is_placed(placed, one);
		for (size_t k = 0; k < w->profile.count; k++)
			if (is_before(w, &w->profile.pages[k], one))
				ck_assert(!is_placed(placed, one) ||
					  is_placed(placed, &w->profile.pages[k]));
	}
	for (size_t i = 0; i < placed->file_count; i++)
		all += xip_plan_pages(&placed->files[i]);
	ck_assert_uint_eq(pages, all);
}

/* Of the pages that are not in place the one that would be next. */
static const struct xip_profile_page *next_page(
	const struct world *w, const struct xip_plan *placed)
{
	const struct xip_profile_page *next = NULL;

	for (size_t i = 0; i < w->profile.count; i++)
		if (!is_placed(placed, &w->profile.pages[i]) &&
			(!next || is_before(w, &w->profile.pages[i], next)))
			next = &w->profile.pages[i];
	return next;
}

/* The size of the image with @next in place as well. */
static uint64_t size_with(
	const struct world *w, const struct xip_plan *placed, const struct xip_profile_page *next)
{
	struct xip_plan *more;
	uint64_t size;

	ck_assert_int_eq(xip_plan_copy(placed, &more), XIP_OK);
	for (size_t i = 0; i < more->file_count; i++)
		more->files[i].run_count = 0;
	for (const struct xip_profile_page *page = w->profile.pages;
		page < w->profile.pages + w->profile.count; page++)
		if (page == next || is_placed(placed, page))
			hand_run(more, w->made.tree->data_inodes[page->file]->first, page->page, 1,
				PAGE);
	size = size_of(w, more);
	xip_plan_free(more);
	return size;
}

static unsigned pages_of(const struct xip_plan *plan)
{
	unsigned pages = 0;

	for (size_t i = 0; i < plan->file_count; i++)
		pages += xip_plan_pages(&plan->files[i]);
	return pages;
}

START_TEST(hottest_that_fit)
{
	const struct xip_profile_page *next;
	struct xip_plan *placed;
	struct world w;
	uint64_t most;

	make_world(&w, (uint64_t)_i);
	most = size_of(&w, w.plan);
	ck_assert_int_eq(xip_plan_copy(w.plan, &placed), XIP_OK);
	w.options.max_size = most - roll(&w.dice, (uint32_t)(most / 2));
	ck_assert_int_eq(
		xip_choose_pages(w.made.tree, &w.options, w.plan, w.encoding, placed), XIP_OK);
	check_order(&w, placed);
	next = next_page(&w, placed);
	if (size_of(&w, placed) > w.options.max_size)
		ck_assert_uint_eq(pages_of(placed), 0);
	else if (next)
		ck_assert_uint_gt(size_with(&w, placed, next), w.options.max_size);
	else
		ck_assert_uint_eq(pages_of(placed), pages_of(w.plan));
	xip_plan_free(placed);
	free_world(&w);
}
END_TEST

START_TEST(room_for_all)
{
	struct xip_plan *placed;
	struct world w;

	make_world(&w, (uint64_t)_i);
	w.options.max_size = size_of(&w, w.plan);
	ck_assert_int_eq(xip_plan_copy(w.plan, &placed), XIP_OK);
	ck_assert_int_eq(
		xip_choose_pages(w.made.tree, &w.options, w.plan, w.encoding, placed), XIP_OK);
	ck_assert_uint_eq(pages_of(placed), pages_of(w.plan));
	ck_assert_uint_eq(size_of(&w, placed), w.options.max_size);
	xip_plan_free(placed);
	free_world(&w);
}
END_TEST

START_TEST(no_memory)
{
	struct world w;

	make_world(&w, 1);
	w.options.max_size = size_of(&w, w.plan) - PAGE;
	for (size_t n = 1;; n++) {
		struct xip_plan *placed;
		enum xip_err err;

		ck_assert_int_eq(xip_plan_copy(w.plan, &placed), XIP_OK);
		failing_alloc_arm(n);
		err = xip_choose_pages(w.made.tree, &w.options, w.plan, w.encoding, placed);
		xip_plan_free(placed);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_gt(n, 10);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	free_world(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("choose_pages");
	TCase *tests = tcase_create("choose_pages");

	tcase_add_loop_test(tests, hottest_that_fit, 0, 100);
	tcase_add_loop_test(tests, room_for_all, 0, 10);
	tcase_add_test(tests, no_memory);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
