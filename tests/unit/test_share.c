/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "share.h"

#include "failing_alloc.h"
#include "make_tree.h"
#include "run_suite.h"

/* --- Single blocks --------------------------------------------------------------------------- */

/*
 * Files are written as texts: capital letters are blocks worth sharing (equal letters, equal
 * blocks), small ones are too short for it, 'x' is a page executed in place, '|' ends a file. The
 * steps come back likewise: 'a' append, 'A' append direct, 'r' refer, 'R' refer direct, and '-' for
 * what is no step.
 */
static void expect_steps(const char *files, const char *steps, bool blocks)
{
	struct xip_payload payloads[128] = {{0}};
	struct xip_share_mark marks[128] = {{0}};
	struct xip_share_walk walk;
	char got[64] = "";

	ck_assert_uint_eq(strlen(files), strlen(steps));
	for (size_t i = 0; i < 128; i++)
		payloads[i] =
			(struct xip_payload){.length = i < 'a' ? 16 : 15, .number = (uint32_t)i};
	for (int pass = 0; pass < 2; pass++) {
		xip_share_begin(&walk, marks, blocks);
		for (size_t i = 0; files[i]; i++) {
			struct xip_payload *payload = &payloads[(unsigned char)files[i]];

			got[i] = '-';
			if (files[i] == '|')
				xip_share_begin(&walk, marks, blocks);
			else if (files[i] == 'x')
				xip_share_pass_xip(&walk);
			else if (pass)
				got[i] = "aArR"[xip_share_step(&walk, payload)];
			else
				xip_share_note(&walk, payload);
		}
	}
	ck_assert_str_eq(got, steps);
}

static const struct {
	const char *files, *steps;
	bool blocks;
} walks[] = {
	{"ABC", "aaa", true},
	{"abc|abc", "aaa-aaa", true}, /* too short to be worth it */
	/* a block that another file begins with has nothing before it to end where it starts */
	{"ABC|ABC", "Aaa-Rrr", true},
	{"ABC|BC", "aAa-Rr", true},
	{"ABC|AC", "AaA-RR", true},   /* C after B here, after A there */
	{"ABC|BCD", "aAa-RrA", true}, /* D lies elsewhere: a direct pointer */
	{"ABC|ABd", "Aaa-RrA", true},
	{"ABC|DBE", "aAa-aRA", true},
	{"AA", "AR", true},
	{"ABAB", "AaRr", true},
	{"AAA", "ARR", true},     /* the second A ends where the first does */
	{"aA|aA", "aA-aR", true}, /* behind another copy of a */
	{"xA", "-A", true},       /* behind a page in the XIP region */
	{"xA|A", "-A-R", true},
	{"A|xA", "A--R", true},
	{"xAB|xAB", "-Aa--Rr", true},
	{"xa", "-A", true},
	{"axb", "a-A", true},
	{"ABxC|ABxC", "Aa-A-Rr-R", true},
	{"ABxB", "aA-R", true},
	/* nothing shared */
	{"ABC|ABC", "aaa-aaa", false},
	{"AA", "aa", false},
	{"AxA", "a-A", false},
};

START_TEST(steps)
{
	expect_steps(walks[_i].files, walks[_i].steps, walks[_i].blocks);
}
END_TEST

START_TEST(worth)
{
	struct xip_payload payload = {.length = 16};

	ck_assert(xip_share_is_worth(&payload, true));
	ck_assert(!xip_share_is_worth(&payload, false));
	payload.length = 15;
	ck_assert(!xip_share_is_worth(&payload, true));
}
END_TEST

/* --- Whole files ----------------------------------------------------------------------------- */

static struct made made;
static struct xip_plan *plan;
static struct xip_encoding *encoding;
static struct xip_node *nodes[64];
static uint32_t count;

static void setup(void)
{
	made_begin(&made);
	count = 0;
	encoding = NULL;
	plan = NULL;
}

static void teardown(void)
{
	xip_encoding_free(encoding);
	xip_plan_free(plan);
	made_end(&made);
}

/* Names come in alphabetical order, so file i is data inode i. */
static struct xip_tree_inode *add(const char *content, size_t size)
{
	char name[16];

	snprintf(name, sizeof(name), "f%02u", count);
	nodes[count] = made_file(&made, NULL, name, content, size);
	return nodes[count++]->inode;
}

static void encode(void)
{
	struct xip_encode_options options = {
		.compressor = XIP_LIBDEFLATE, .level = 1, .threads = 1, .store = true};

	ck_assert_int_eq(xip_encode(made.tree, plan, &options, &encoding, NULL), XIP_OK);
}

static void expect(const uint32_t *sharers, const uint32_t *twins)
{
	const struct xip_placement placement = {made.tree, plan, encoding};
	struct xip_layout_file *files = calloc(encoding->file_count, sizeof(*files));
	uint32_t *got = calloc(encoding->file_count, sizeof(*got));

	ck_assert_int_eq(xip_share_files(&placement, files, got), XIP_OK);
	for (uint32_t i = 0; i < encoding->file_count; i++) {
		ck_assert_msg(files[i].sharer == sharers[i], "file %u shares %u's table, not %u's",
			i, files[i].sharer, sharers[i]);
		ck_assert_msg(
			got[i] == twins[i], "file %u has the twin %u, not %u", i, got[i], twins[i]);
	}
	free(files);
	free(got);
}

/* Two entries are one inode only if type, mode and owner are equal: xipfs(5), Sharing. */
START_TEST(mode_and_owner)
{
	static const uint32_t sharers[] = {0, 0, 2, 3, 4, 5, 2, 7};
	static const uint32_t twins[] = {0, 0, 0, 0, 0, 0, 0, 0};

	add("same content", 12);
	add("same content", 12);
	add("same content", 12)->mode = XIP_S_IFREG | 04755;
	add("same content", 12)->uid = 1;
	add("same content", 12)->gid = 1;
	add("same content", 12)->mode = XIP_S_IFREG | 0600;
	add("same content", 12)->mode = XIP_S_IFREG | 04755;
	made_symlink(&made, NULL, "symlink", "same content")->inode->mode = XIP_S_IFLNK | 0644;
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	encode();
	expect(sharers, twins);
}
END_TEST

/* Equal blocks are not enough: sizes count, as do holes and what is in place. */
START_TEST(contents)
{
	static const uint32_t sharers[] = {0, 1, 2, 3, 3, 5, 6, 7, 8, 9, 9};
	static char zeros[3 * 4096], text[2 * 4096];

	memset(text, 't', sizeof(text));
	add(zeros, 4096);
	add(zeros, 4095);
	add(zeros, 4097);
	add(text, 8192);
	add(text, 8192);
	add(text, 8192); /* one page in place */
	add(text, 8192); /* the other one */
	add(text, 8192); /* both, with little alignment */
	add(text, 8192); /* both, with much */
	add("", 0);
	add("", 0);
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	hand_run(plan, nodes[5], 0, 1, 4096);
	hand_run(plan, nodes[6], 1, 1, 4096);
	hand_run(plan, nodes[7], 0, 2, 32);
	hand_run(plan, nodes[8], 0, 2, 4096);
	encode();
	expect(sharers, sharers);
}
END_TEST

/* Many files that differ in one block only are told apart, in linear time. */
START_TEST(many)
{
	enum { MANY = 20000 };
	struct xip_layout_file *files = calloc(MANY, sizeof(*files));
	uint32_t *twins = calloc(MANY, sizeof(*twins));
	struct xip_placement placement;
	uint8_t text[64];
	char name[16];

	fill(text, sizeof(text), TEXTURE_NOISE, 1);
	for (uint32_t i = 0; i < MANY; i++) {
		xip_put32(text, i / 2, false);
		snprintf(name, sizeof(name), "%06u", i);
		made_file(&made, NULL, name, text, sizeof(text));
	}
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	encode();
	placement = (struct xip_placement){made.tree, plan, encoding};
	ck_assert_int_eq(xip_share_files(&placement, files, twins), XIP_OK);
	for (uint32_t i = 0; i < MANY; i++)
		if (files[i].sharer != i / 2 * 2 || twins[i] != i / 2 * 2)
			ck_abort_msg("file %u shares with %u, is twin of %u", i, files[i].sharer,
				twins[i]);
	free(files);
	free(twins);
}
END_TEST

START_TEST(no_memory)
{
	struct xip_layout_file files[2];
	uint32_t twins[2];
	struct xip_placement placement;

	add("a", 1);
	add("a", 1);
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	encode();
	placement = (struct xip_placement){made.tree, plan, encoding};
	for (size_t n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_share_files(&placement, files, twins);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_eq(n, 3);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("share");
	TCase *blocks = tcase_create("blocks"), *files = tcase_create("files");

	tcase_add_loop_test(blocks, steps, 0, sizeof(walks) / sizeof(*walks));
	tcase_add_test(blocks, worth);
	suite_add_tcase(suite, blocks);
	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, mode_and_owner);
	tcase_add_test(files, contents);
	tcase_add_test(files, many);
	tcase_add_test(files, no_memory);
	tcase_set_timeout(files, 60);
	suite_add_tcase(suite, files);
	return run_suite(suite);
}
