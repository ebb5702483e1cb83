/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The corners of the layout one by one; test_layout_random.c has the rules for any tree.
 */
#include "failing_alloc.h"
#include "fixture.h"
#include "layout_rules.h"
#include "run_suite.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static struct made made;
static struct xip_plan *plan;
static struct xip_encoding *encoding;
static struct xip_layout *layout;
static struct xip_layout_options options;
static struct laid laid;

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	made_begin(&made);
	plan = NULL;
	encoding = NULL;
	layout = NULL;
	laid = (struct laid){.fd = -1};
	options = (struct xip_layout_options){.edition = 7};
	memcpy(options.name, "test", 4);
}

static void teardown(void)
{
	laid_free(&laid);
	xip_layout_free(layout);
	xip_encoding_free(encoding);
	xip_plan_free(plan);
	made_end(&made);
}

/* Ends the tree: from here on runs can be put into the plan. */
static void plan_for(uint32_t page_size)
{
	made_finish(&made);
	plan = hand_plan(&made, page_size);
}

static enum xip_err lay_out(void)
{
	struct xip_encode_options encode = {
		.compressor = XIP_LIBDEFLATE, .level = 6, .threads = 1, .store = !options.classic};

	if (!encoding)
		ck_assert_int_eq(xip_encode(made.tree, plan, &encode, &encoding, NULL), XIP_OK);
	return xip_layout_make(made.tree, plan, encoding, &options, &layout, &diag);
}

/* Lays out, writes, and checks every rule. */
static void build(const uint8_t *insert)
{
	ck_assert_int_eq(lay_out(), XIP_OK);
	laid = (struct laid){.made = &made,
		.plan = plan,
		.layout = layout,
		.options = &options,
		.insert = insert};
	laid_write(&laid);
	expect_rules(&laid);
}

/* A file of @pages pages of 4096 bytes, as texts: t text, n noise, 0 zeros; then @rest bytes. */
static struct xip_node *add(const char *name, const char *pages, uint32_t page_size, size_t rest)
{
	size_t count = strlen(pages), size = count * page_size + rest;
	uint8_t *bytes = malloc(size + 1);
	struct xip_node *node;

	for (size_t i = 0; i < count; i++)
		fill(bytes + i * page_size, page_size,
			pages[i] == '0'          ? TEXTURE_ZEROS
			: strchr("nN", pages[i]) ? TEXTURE_NOISE
						 : TEXTURE_TEXT,
			(uint32_t)i + (unsigned char)pages[i] * 100u);
	fill(bytes + count * page_size, rest, TEXTURE_TEXT, 99);
	node = made_file(&made, NULL, name, bytes, size);
	free(bytes);
	return node;
}

static const struct xip_layout_file *file_of(const struct xip_node *node)
{
	return &layout->files[node->inode->number];
}

static struct found block_of(const struct xip_node *node, uint32_t index)
{
	struct xip_inode inode = {
		.size = (uint32_t)node->inode->size, .offset = file_of(node)->offset};

	return find_block(&laid, &inode, index);
}

/* --- Whole images ---------------------------------------------------------------------------- */

/* An image of one empty root is one page, in each byte order, page size, with boot code or not. */
START_TEST(empty_root)
{
	options.boot_pad = _i & 1;
	options.big = _i & 2;
	plan_for(4096u << _i / 4);
	build(NULL);
	ck_assert_uint_eq(layout->size, plan->page_size);
	ck_assert_uint_eq(layout->super.root.offset, 0);
	ck_assert_uint_eq(layout->super.root.size, 0);
	ck_assert_uint_eq(layout->super.files, 1);
	ck_assert_uint_eq(layout->extent_count, 0);
}
END_TEST

/*
 * The last directory entry begins so that the bytes that readdir reads end just with the page, or
 * one word behind: xipfs(5), Directory.
 */
START_TEST(last_entry)
{
	char name[XIP_NAME_MAX + 1];
	uint32_t at = XIP_SUPER_SIZE, number = 0;
	uint32_t last = 4096 - XIP_READ_AHEAD + (uint32_t)_i * 4;

	while (at < last) {
		uint32_t left = last - at;
		uint32_t entry = left >= 264 + 16 ? 264 : left > 264 ? 132 : left;

		memset(name, 'a', sizeof(name));
		name[entry - XIP_INODE_SIZE] = '\0';
		name[0] = (char)('A' + number++);
		made_node(&made, NULL, name, XIP_S_IFIFO | 0600);
		at += entry;
	}
	ck_assert_uint_eq(at, last);
	made_node(&made, NULL, "z", XIP_S_IFIFO | 0600);
	plan_for(4096);
	build(NULL);
	ck_assert_uint_eq(layout->bytes.super + layout->bytes.directories, last + 16);
	ck_assert_uint_eq(layout->size, _i ? 8192 : 4096);
}
END_TEST

START_TEST(inserted_file)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 4095, 4096, 4097, 100000};
	uint8_t *insert = malloc(100000);

	fill(insert, 100000, TEXTURE_NOISE, 5);
	options.insert_size = sizes[_i / 2];
	options.boot_pad = _i & 1;
	add("file", "tn", 4096, 100);
	plan_for(4096);
	build(insert);
	ck_assert_uint_eq(layout->extents[0].position, layout->super_offset + XIP_SUPER_SIZE);
	ck_assert(layout->super.flags & CRAMFS_FLAG_SHIFTED_ROOT_OFFSET);
	ck_assert_uint_ge(layout->super.root.offset,
		layout->super_offset + XIP_SUPER_SIZE + options.insert_size);
	free(insert);
}
END_TEST

/* Extended pointers are used when something needs them, or when asked for. */
START_TEST(extended_pointers)
{
	static const struct {
		const char *pages;
		bool force, classic, extended;
	} cases[] = {
		{"tt0t", false, false, false},
		{"tt0t", true, false, true},
		{"tn0t", false, false, true},
		{"tn0t", false, true, false},
		{"tntt", false, false, true},
	};

	options.force_extended = cases[_i].force;
	options.classic = cases[_i].classic;
	add("file", cases[_i].pages, 4096, 100);
	add("copy", cases[_i].pages, 4096, 100);
	plan_for(4096);
	build(NULL);
	ck_assert_int_eq(
		!(layout->super.flags & CRAMFS_FLAG_EXT_BLOCK_POINTERS), !cases[_i].extended);
	ck_assert_uint_eq(layout->super.blocks, 5);
	ck_assert_uint_eq(layout->super.edition, 7);
	/* the flag of holes keeps readers away that know none, so it is set for a reason */
	ck_assert_int_eq(!(layout->super.flags & CRAMFS_FLAG_HOLES), cases[_i].pages[2] != '0');
}
END_TEST

/* --- Holes ----------------------------------------------------------------------------------- */

START_TEST(holes)
{
	static const char *const pages[] = {"0", "00", "0t", "t0", "0n0t", "n0n", "t00t", "000",
		"0n", "n0", "0x0", "x0", "x0t", "x00n", "0x0x0", "xx0n0x", "n0x0n"};
	struct xip_node *node = add("a", pages[_i], 4096, _i % 3 ? 0 : 50);
	struct xip_node *copy = add("b", pages[_i], 4096, _i % 3 ? 0 : 50);

	copy->inode->mode = XIP_S_IFREG | 0600;
	plan_for(4096);
	for (uint32_t i = 0; pages[_i][i]; i++) {
		if (pages[_i][i] == 'x') {
			hand_run(plan, node, i, 1, 4096);
			hand_run(plan, copy, i, 1, 4096);
		}
	}
	build(NULL);
	for (uint32_t i = 0; pages[_i][i]; i++)
		ck_assert_int_eq(!block_of(node, i).length, pages[_i][i] == '0');
	ck_assert(layout->super.flags & CRAMFS_FLAG_HOLES);
	if (strspn(pages[_i], "0") == strlen(pages[_i]) && _i % 3)
		ck_assert_uint_eq(layout->bytes.compressed + layout->bytes.stored, 0);
}
END_TEST

/* --- Execute in place ------------------------------------------------------------------------ */

/* Forty programs of whole pages: their alignment costs less than a page for the whole image. */
START_TEST(alignment_is_cheap)
{
	char name[16];

	for (uint32_t i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		add(name, i % 2 ? "abct" : "abcdet", 4096, 100 + i);
	}
	plan_for(4096);
	for (uint32_t i = 0; i < 40; i++) /* data inode i; names are not in this order */
		hand_run(plan, made.tree->root->children[i], 0, 3, 4096);
	build(NULL);
	ck_assert_uint_eq(layout->xip_runs, 40);
	ck_assert_uint_lt(layout->bytes.padding, 2 * 4096);
	ck_assert_uint_eq(layout->bytes.xip, 40 * 3 * 4096);
}
END_TEST

/* Copies of one mode and owner are one inode; others have pages of their own without an MMU. */
START_TEST(twins)
{
	struct xip_node *first = add("a", "abt", 4096, 5), *same = add("b", "abt", 4096, 5);
	struct xip_node *setuid = add("c", "abt", 4096, 5), *user = add("d", "abt", 4096, 5);
	bool mmu_only = _i;

	setuid->inode->mode = XIP_S_IFREG | 04755;
	user->inode->uid = 1000;
	plan_for(4096);
	for (size_t i = 0; i < 4; i++) {
		hand_run(plan, made.tree->root->children[i], 0, 2, 4096);
		plan->files[i].mmu_only = mmu_only;
	}
	build(NULL);
	ck_assert_uint_eq(file_of(first)->offset, file_of(same)->offset);
	ck_assert_uint_ne(file_of(first)->offset, file_of(setuid)->offset);
	ck_assert_uint_ne(file_of(first)->offset, file_of(user)->offset);
	ck_assert_uint_ne(file_of(setuid)->offset, file_of(user)->offset);
	ck_assert_uint_eq(layout->bytes.xip, (mmu_only ? 2 : 6) * 4096);
	ck_assert_int_eq(file_of(first)->flash == file_of(setuid)->flash, mmu_only);
	ck_assert_int_eq(file_of(setuid)->flash == file_of(user)->flash, mmu_only);
	/* what is not in place is shared either way */
	ck_assert_uint_eq(block_of(first, 2).start, block_of(user, 2).start);
	ck_assert_uint_eq(block_of(setuid, 2).start, block_of(user, 2).start);
}
END_TEST

/* One twin is for an MMU only, the other one is not: nothing in place is shared. */
START_TEST(unlike_twins)
{
	struct xip_node *first = add("a", "ab", 4096, 5), *other = add("b", "ab", 4096, 5);

	other->inode->mode = XIP_S_IFREG | 0700;
	plan_for(4096);
	hand_run(plan, first, 0, 2, 4096);
	hand_run(plan, other, 0, 2, 4096);
	plan->files[_i].mmu_only = true;
	build(NULL);
	ck_assert_uint_eq(layout->bytes.xip, 4 * 4096);
}
END_TEST

/* A last page in place that is not full: zeros behind it, and nobody else's bytes. */
START_TEST(partial_last_page)
{
	struct xip_node *first = add("a", "n", 4096, 1), *second = add("b", "nn", 4096, 4095);

	plan_for(4096);
	hand_run(plan, first, 0, 2, 4);
	hand_run(plan, second, 1, 2, 32);
	build(NULL);
	ck_assert_uint_eq(file_of(first)->flash + 2 * 4096, file_of(second)->flash);
	ck_assert_uint_eq(layout->bytes.xip, 4096 + 1 + 4096 + 4095);
}
END_TEST

/* A run begins at a multiple of what it asks for, and at no more than that. */
START_TEST(alignment)
{
	struct xip_node *node = add("a", "nn", 4096, 0);
	uint32_t align = 4u << _i;

	plan_for(4096);
	hand_run(plan, node, 0, 2, align);
	build(NULL);
	ck_assert_uint_eq(file_of(node)->flash,
		xip_align_up(layout->bytes.super + layout->bytes.directories + layout->bytes.tables,
			align));
}
END_TEST

/* --- Pages of 64 KiB ------------------------------------------------------------------------- */

/*
 * A page of 64 KiB that does not shrink, behind a page in place, fits no 16-bit length: it becomes
 * direct and uncompressed. As a full last block the kernel would read it as zeros; see
 * xipfs(5), The last block.
 */
START_TEST(large_page_that_does_not_shrink)
{
	static const struct {
		const char *pages;
		size_t rest;
		bool refused;
	} cases[] = {
		{"xn", 0, true},
		{"xn", 1, false},
		{"xnt", 0, false},
		{"xnn", 0, false},
		{"x0n", 0, true},
		{"xt", 0, false},
		{"n", 0, false},
		{"xN", 100, false},
	};
	struct xip_node *node = add("a", cases[_i].pages, 65536, cases[_i].rest);

	plan_for(65536);
	hand_run(plan, node, 0, 1, 65536);
	if (cases[_i].pages[0] != 'x')
		plan->files[0].run_count = 0;
	if (cases[_i].refused) {
		ck_assert_int_eq(lay_out(), XIP_ERR_LIMIT);
		messages_expect(&messages, "/a: ", "64 KiB");
		ck_assert_ptr_null(layout);
		return;
	}
	build(NULL);
}
END_TEST

/* Just as much as a 16-bit length can say, wrapped; and a byte more. */
START_TEST(wrapped_length)
{
	size_t size = 65524 + (size_t)_i;
	uint8_t *bytes = malloc(65536 + size);
	struct xip_node *node;

	fill(bytes, 65536 + size, TEXTURE_NOISE, 1);
	node = made_file(&made, NULL, "a", bytes, 65536 + size);
	free(bytes);
	plan_for(65536);
	hand_run(plan, node, 0, 1, 65536);
	build(NULL);
	ck_assert(block_of(node, 1).direct);
	ck_assert_int_eq(block_of(node, 1).uncompressed, _i);
}
END_TEST

/* --- Failures -------------------------------------------------------------------------------- */

START_TEST(no_memory)
{
	struct xip_node *node = add("a", "abn0t", 4096, 100);
	size_t n = 1;

	add("b", "abn0t", 4096, 0);
	made_symlink(&made, NULL, "c", "target");
	made_node(&made, NULL, "d", XIP_S_IFSOCK | 0600);
	plan_for(4096);
	hand_run(plan, node, 0, 2, 4096);
	ck_assert_int_eq(lay_out(), XIP_OK);
	xip_layout_free(layout);
	layout = NULL;
	for (;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_layout_make(made.tree, plan, encoding, &options, &layout, &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
		ck_assert_ptr_null(layout);
		ck_assert_uint_eq(messages.errors, n);
	}
	ck_assert_uint_gt(n, 5);
	xip_layout_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout");
	TCase *tests = tcase_create("layout");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, empty_root, 0, 20);
	tcase_add_loop_test(tests, last_entry, 0, 3);
	tcase_add_loop_test(tests, inserted_file, 0, 18);
	tcase_add_loop_test(tests, extended_pointers, 0, 5);
	tcase_add_loop_test(tests, holes, 0, 17);
	tcase_add_test(tests, alignment_is_cheap);
	tcase_add_loop_test(tests, twins, 0, 2);
	tcase_add_loop_test(tests, unlike_twins, 0, 2);
	tcase_add_test(tests, partial_last_page);
	tcase_add_loop_test(tests, alignment, 0, 11);
	tcase_add_loop_test(tests, large_page_that_does_not_shrink, 0, 8);
	tcase_add_loop_test(tests, wrapped_length, 0, 2);
	tcase_add_test(tests, no_memory);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
