/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --fit against brute force: every choice there is, each laid out, on instances from fixed seeds.
 */
#include <elf.h>

#include "choose.h"
#include "make_tree.h"
#include "run_suite.h"
#include "xipfs/plan/fit.h"
#include "xipfs/image/layout.h"
#include "xipfs/plan/policy.h"

#define PAGE 4096u

/* --- The knapsack alone ----------------------------------------------------------------------- */

#define GROUPS_MAX  6u
#define OPTIONS_MAX 3u

struct knapsack {
	struct xip_fit_option options[GROUPS_MAX][OPTIONS_MAX];
	struct xip_fit_group groups[GROUPS_MAX];
	uint32_t count;
	int64_t room;
	uint64_t limit;
};

static void make_knapsack(struct knapsack *k, struct dice *dice)
{
	uint32_t scale = 1 + roll(dice, 4); /* values with a common divisor */

	*k = (struct knapsack){.count = roll(dice, GROUPS_MAX + 1),
		.limit = roll(dice, 4) ? UINT64_MAX : 1 + roll(dice, 60)};
	k->room = roll(dice, 400);
	for (uint32_t i = 0; i < k->count; i++) {
		k->groups[i].options = k->options[i];
		k->groups[i].option_count = 1 + roll(dice, OPTIONS_MAX);
		for (uint32_t o = 0; o < OPTIONS_MAX; o++)
			k->options[i][o] = (struct xip_fit_option){
				.cost = (int64_t)roll(dice, 200) - 4,
				.value = (uint64_t)roll(dice, 20) * scale,
			};
	}
}

/* The greatest value, and the least cost that it can be had for without options worth nothing. */
static void try_all(const struct knapsack *k, uint64_t *best, int64_t *cheapest)
{
	uint32_t total = 1;

	for (uint32_t i = 0; i < k->count; i++)
		total *= OPTIONS_MAX + 1;
	*best = 0;
	*cheapest = 0;
	for (uint32_t number = 1; number < total; number++) {
		uint64_t value = 0;
		int64_t cost = 0;
		bool valid = true;

		for (uint32_t i = 0, rest = number; i < k->count; i++, rest /= OPTIONS_MAX + 1) {
			uint32_t option = rest % (OPTIONS_MAX + 1);

			valid &= option <= k->groups[i].option_count;
			if (!option)
				continue;
			valid &= k->options[i][option - 1].value > 0;
			value += k->options[i][option - 1].value;
			cost += k->options[i][option - 1].cost;
		}
		if (!valid || cost > k->room || value >= k->limit)
			continue;
		if (value > *best || (value == *best && cost < *cheapest)) {
			*best = value;
			*cheapest = cost;
		}
	}
}

START_TEST(knapsack_is_exact)
{
	struct dice dice = {.state = 1 + (uint64_t)_i * 0x9e3779b97f4a7c15u};
	uint64_t value, best, sum = 0;
	int64_t cheapest, cost = 0;
	struct knapsack k;

	for (unsigned i = 0; i < 8; i++)
		roll(&dice, 2);
	make_knapsack(&k, &dice);
	ck_assert_int_eq(xip_fit_choose(k.groups, k.count, k.room, k.limit, &value), XIP_OK);
	for (uint32_t i = 0; i < k.count; i++) {
		ck_assert_uint_le(k.groups[i].chosen, k.groups[i].option_count);
		if (!k.groups[i].chosen)
			continue;
		sum += k.options[i][k.groups[i].chosen - 1].value;
		cost += k.options[i][k.groups[i].chosen - 1].cost;
	}
	try_all(&k, &best, &cheapest);
	ck_assert_uint_eq(value, best);
	ck_assert_uint_eq(sum, best);
	if (best)
		ck_assert_int_eq(cost, cheapest);
}
END_TEST

START_TEST(knapsack_has_a_limit)
{
	const struct xip_fit_option one = {.cost = 1, .value = 1};
	const struct xip_fit_option huge = {.cost = 1, .value = (uint64_t)1 << 40};
	struct xip_fit_group groups[] = {
		{.options = &one, .option_count = 1}, {.options = &huge, .option_count = 1}};
	uint64_t value;

	ck_assert_int_eq(xip_fit_choose(groups, 2, 10, UINT64_MAX, &value), XIP_ERR_LIMIT);
	ck_assert_int_eq(xip_fit_choose(groups, 0, 10, UINT64_MAX, &value), XIP_OK);
	ck_assert_uint_eq(value, 0);
}
END_TEST

/* --- Whole images ----------------------------------------------------------------------------- */

/* One cluster has room for them all, so that the choice is exact whatever they share. */
#define PROGRAMS  7u
#define LIBRARIES 3u /* the first ones of them */
#define OTHERS    3u

struct world {
	struct dice dice;
	struct made made;
	struct xip_plan *plan;
	struct xip_encoding *encoding;
	struct xip_build_options options;
	struct xip_policy_rule rules[PROGRAMS];
	uint32_t rule_of[PROGRAMS][XIP_ATTR_COUNT];
	struct xip_node *nodes[PROGRAMS];
	uint32_t same_inode[PROGRAMS]; /* the first that is one inode with it in the image */
	bool needs[PROGRAMS][LIBRARIES];
	const char *needed[PROGRAMS][LIBRARIES];
	bool mapped[PROGRAMS]; /* by a process */
};

static const char *const library_names[LIBRARIES] = {"lib0.so", "lib1.so", "lib2.so"};

static uint32_t some(struct world *w, uint32_t sides)
{
	return roll(&w->dice, sides);
}

/* Pages from a small stock, so that many files share some. */
static size_t some_content(struct world *w, uint8_t *bytes)
{
	size_t size = (size_t)some(w, 6) * PAGE + 100 + some(w, 3000);

	for (size_t at = 0; at < size; at += PAGE)
		fill(bytes + at, size - at < PAGE ? size - at : PAGE,
			some(w, 3) ? TEXTURE_TEXT : TEXTURE_NOISE, some(w, 40));
	return size;
}

static void add_files(struct world *w)
{
	struct xip_node *lib = made_dir(&w->made, NULL, "lib");
	static uint8_t bytes[8 * PAGE];
	char name[8];

	for (uint32_t i = 0; i < PROGRAMS; i++) {
		uint32_t twin = i && !some(w, 3) ? some(w, i) : i;
		size_t size;

		w->same_inode[i] = i;
		if (twin != i) {
			uint8_t *copy = made_content(&w->made, w->nodes[twin]->inode);

			size = w->nodes[twin]->inode->size;
			memcpy(bytes, copy, size);
			free(copy);
		} else {
			size = some_content(w, bytes);
		}
		snprintf(name, sizeof(name), "p%u", (unsigned)i);
		w->nodes[i] = i < LIBRARIES
				      ? made_file(&w->made, lib, library_names[i], bytes, size)
				      : made_file(&w->made, NULL, name, bytes, size);
		if (twin != i && some(w, 2))
			w->same_inode[i] = w->same_inode[twin];
		w->nodes[i]->inode->mode = XIP_S_IFREG | 0755;
		w->nodes[i]->inode->uid = w->same_inode[i]; /* others differ in their owner */
	}
	for (uint32_t i = 0; i < OTHERS; i++) {
		size_t size = some_content(w, bytes);

		snprintf(name, sizeof(name), "o%u", (unsigned)i);
		made_file(&w->made, NULL, name, bytes, size);
	}
	made_finish(&w->made);
}

/* What is in place of a file depends on its content, as it would with a real program. */
static void plan_program(struct world *w, uint32_t number, bool mmu, uint32_t align)
{
	const struct xip_tree_inode *inode = w->nodes[number]->inode;
	struct xip_plan_file *file = &w->plan->files[inode->number];
	uint32_t pages = (uint32_t)xip_div_up(inode->size, PAGE);
	struct xip_elf *elf = xip_arena_calloc(w->plan->arena, 1, sizeof(*elf));

	ck_assert_ptr_nonnull(elf);
	hand_run(w->plan, w->nodes[number], 0, pages > 2 ? pages - 1 : pages, mmu ? PAGE : align);
	file->mmu_only = mmu;
	file->loader = mmu ? XIP_LOADER_ELF : XIP_LOADER_FDPIC;
	file->elf = elf;
	file->optional = true;
	elf->type = number < LIBRARIES ? ET_DYN : ET_EXEC;
	elf->needed = w->needed[number];
	for (uint32_t i = 0; i < LIBRARIES; i++) {
		/* a library needs only later ones; a loop would do no harm, but prove nothing */
		w->needs[number][i] = (number >= LIBRARIES || i > number) && !some(w, 3);
		if (w->needs[number][i])
			w->needed[number][elf->needed_count++] = library_names[i];
	}
}

static void make_rules(struct world *w)
{
	static const uint64_t instances[] = {0, 1, 2, 9};

	for (uint32_t i = 0; i < PROGRAMS; i++) {
		for (unsigned k = 0; k < XIP_ATTR_COUNT; k++)
			w->rule_of[i][k] = XIP_PLAN_DEFAULT;
		w->rules[i] = (struct xip_policy_rule){
			.attribute = XIP_ATTR_INSTANCES, .value = instances[some(w, 4)]};
		if (some(w, 2))
			w->rule_of[i][XIP_ATTR_INSTANCES] = i;
		w->plan->files[w->nodes[i]->inode->number].rules = w->rule_of[i];
	}
	w->options.policy = (struct xip_policy){
		.rules = w->rules, .rule_count = PROGRAMS, .page_size = PAGE, .fit = true};
}

static uint64_t instances_of(const struct world *w, uint32_t number)
{
	uint32_t rule = w->rule_of[number][XIP_ATTR_INSTANCES];

	return rule == XIP_PLAN_DEFAULT ? 1 : w->rules[rule].value;
}

/* Which files processes map; written another way than in fit.c: to a fixed point. */
static void find_mapped(struct world *w)
{
	bool needed[PROGRAMS] = {false};

	for (uint32_t i = LIBRARIES; i < PROGRAMS; i++) {
		w->mapped[i] = instances_of(w, i) > 0;
		needed[i] = true;
	}
	for (uint32_t round = 0; round <= LIBRARIES; round++)
		for (uint32_t i = 0; i < PROGRAMS; i++)
			for (uint32_t l = 0; l < LIBRARIES; l++) {
				needed[l] |= needed[i] && w->needs[i][l];
				w->mapped[l] |= w->mapped[i] && w->needs[i][l];
			}
	for (uint32_t l = 0; l < LIBRARIES; l++)
		if (!needed[l]) /* may be a plug-in */
			w->mapped[l] = instances_of(w, l) > 0;
}

static void make_world(struct world *w, uint64_t seed)
{
	const struct xip_encode_options encode = {
		.compressor = XIP_LIBDEFLATE, .level = 1, .threads = 1, .store = true};
	uint32_t align;
	bool mmu;

	*w = (struct world){.dice = {.state = 1 + seed * 0x9e3779b97f4a7c15u}};
	for (unsigned i = 0; i < 8; i++)
		some(w, 2);
	mmu = some(w, 2);
	align = 4u << some(w, 11);
	made_begin(&w->made);
	add_files(w);
	w->plan = hand_plan(&w->made, PAGE);
	for (uint32_t i = 0; i < PROGRAMS; i++)
		plan_program(w, i, mmu, align);
	make_rules(w);
	for (size_t i = 0; i < w->plan->file_count; i++)
		if (!w->plan->files[i].rules)
			w->plan->files[i].rules =
				w->rule_of[0]; /* of no program: never looked at */
	find_mapped(w);
	ck_assert_int_eq(xip_encode(w->made.tree, w->plan, &encode, &w->encoding, NULL), XIP_OK);
}

static void free_world(struct world *w)
{
	xip_encoding_free(w->encoding);
	xip_plan_free(w->plan);
	made_end(&w->made);
}

/* Places exactly the programs whose bits @set has, and lays out the image. */
static struct xip_layout *lay_out(struct world *w, uint32_t set)
{
	struct xip_layout *layout;
	struct xip_plan *placed;

	ck_assert_int_eq(xip_plan_copy(w->plan, &placed), XIP_OK);
	for (uint32_t i = 0; i < PROGRAMS; i++)
		if (!(set >> i & 1))
			placed->files[w->nodes[i]->inode->number].run_count = 0;
	ck_assert_int_eq(xip_layout_make(w->made.tree, placed, w->encoding, &w->options.layout,
				 &layout, NULL),
		XIP_OK);
	xip_plan_free(placed);
	return layout;
}

/* Pages of RAM that the set saves; one inode has its pages in RAM once, whatever its names. */
static uint64_t value_of(const struct world *w, uint32_t set)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < PROGRAMS; i++) {
		const struct xip_plan_file *file = &w->plan->files[w->nodes[i]->inode->number];
		bool mapped = false;

		for (uint32_t k = 0; k < PROGRAMS; k++)
			mapped |= w->same_inode[k] == i && w->mapped[k];
		if (w->same_inode[i] == i && set >> i & 1 && mapped)
			value += file->runs[0].count;
	}
	return value;
}

/* What is one inode goes one way. */
static bool is_possible(const struct world *w, uint32_t set)
{
	for (uint32_t i = 0; i < PROGRAMS; i++)
		if ((set >> i & 1) != (set >> w->same_inode[i] & 1))
			return false;
	return true;
}

struct best {
	uint64_t value, need;
};

static struct best try_all_sets(struct world *w)
{
	struct best best = {.need = UINT64_MAX};

	for (uint32_t set = 0; set < 1u << PROGRAMS; set++) {
		struct xip_layout *layout = is_possible(w, set) ? lay_out(w, set) : NULL;
		uint64_t value = value_of(w, set);

		if (layout && layout->size <= w->options.max_size &&
			(value > best.value || (value == best.value && layout->need < best.need)))
			best = (struct best){.value = value, .need = layout->need};
		xip_layout_free(layout);
	}
	return best;
}

static uint64_t size_of(struct world *w, uint32_t set)
{
	struct xip_layout *layout = lay_out(w, set);
	uint64_t size = layout->size;

	xip_layout_free(layout);
	return size;
}

static void emit_warning(void *user, enum xip_severity severity, const char *path, uint64_t offset,
	const char *message)
{
	(void)user;
	(void)path;
	(void)offset;
	ck_assert_msg(severity == XIP_DIAG_INFO, "unexpected: %s", message);
}

/* But for its plan, which is the world's. */
static void free_build(struct xip_build *build)
{
	xip_layout_free(build->layout);
	xip_plan_free(build->placed);
	free(build->choices);
}

START_TEST(images_are_exact)
{
	const struct xip_diag diag = {.emit = emit_warning};
	struct xip_build build = {0};
	uint64_t none, all;
	uint32_t set = 0;
	struct best best;
	struct world w;

	make_world(&w, (uint64_t)_i);
	none = size_of(&w, 0);
	all = size_of(&w, (1u << PROGRAMS) - 1);
	w.options.max_size = none + some(&w, all > none ? (uint32_t)(all - none) + PAGE : PAGE);
	best = try_all_sets(&w);
	build.plan = w.plan;
	ck_assert_int_eq(
		xip_choose_fit(w.made.tree, &w.options, w.encoding, &build, &diag), XIP_OK);
	for (uint32_t i = 0; i < PROGRAMS; i++) {
		uint32_t number = w.nodes[i]->inode->number;
		bool in_place = xip_build_placed(&build, number)->run_count != 0;

		set |= (uint32_t)in_place << i;
		ck_assert_int_eq(build.choices[number].fit, in_place ? XIP_FIT_IN : XIP_FIT_OUT);
	}
	ck_assert_uint_le(build.layout->size, w.options.max_size);
	ck_assert(is_possible(&w, set));
	ck_assert_uint_eq(value_of(&w, set), best.value);
	if (best.value)
		ck_assert_uint_eq(build.layout->need, best.need);
	free_build(&build);
	free_world(&w);
}
END_TEST

START_TEST(more_than_flash)
{
	struct xip_build build = {0};
	struct world w;

	make_world(&w, 1);
	w.options.max_size = size_of(&w, 0) - 1;
	build.plan = w.plan;
	ck_assert_int_eq(
		xip_choose_fit(w.made.tree, &w.options, w.encoding, &build, NULL), XIP_ERR_LIMIT);
	ck_assert_ptr_null(build.layout);
	free_build(&build);
	free_world(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fit");
	TCase *tests = tcase_create("fit");

	tcase_add_loop_test(tests, knapsack_is_exact, 0, 1000);
	tcase_add_test(tests, knapsack_has_a_limit);
	tcase_add_loop_test(tests, images_are_exact, 0, 150);
	tcase_add_test(tests, more_than_flash);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
