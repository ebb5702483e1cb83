/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The largest images, laid out without a byte of content: payloads are made up, and all of them
 * point at one page.
 */
#include "fixture.h"
#include "make_tree.h"
#include "run_suite.h"
#include "xipfs/image/layout.h"

#define PAGE   4096u
#define BLOCKS 4095u /* of a file: the most that stays below 16 MiB */

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static struct made made;
static struct xip_plan *plan;
static struct xip_encoding encoding;
static struct xip_payload *payloads;
static struct xip_layout *layout;
static struct xip_layout_options options;

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	made_begin(&made);
	options = (struct xip_layout_options){0};
	layout = NULL;
}

static void teardown(void)
{
	xip_layout_free(layout);
	for (size_t i = 0; i < encoding.file_count; i++)
		free(encoding.files[i].blocks);
	free(encoding.files);
	free(payloads);
	xip_plan_free(plan);
	made_end(&made);
}

static struct xip_node *add(uint32_t number, uint32_t blocks)
{
	char name[16];
	struct xip_node *node;

	snprintf(name, sizeof(name), "f%03u", number);
	node = made_node(&made, NULL, name, XIP_S_IFREG | 0644);
	node->inode->size = (uint64_t)blocks * PAGE;
	return node;
}

/* Files with @blocks blocks in all, each of them different, of @kind and @length bytes. */
static void make(uint32_t blocks, enum xip_payload_kind kind, uint32_t length)
{
	static const uint8_t page[PAGE] = {1};
	uint32_t next = 0;

	for (uint32_t i = 0, left = blocks; left; i++) {
		uint32_t part = left < BLOCKS ? left : BLOCKS;

		add(i, part);
		left -= part;
	}
	made_finish(&made);
	plan = hand_plan(&made, PAGE);
	payloads = calloc(blocks, sizeof(*payloads));
	encoding = (struct xip_encoding){.files = calloc(plan->file_count, sizeof(*encoding.files)),
		.file_count = plan->file_count,
		.payload_count = blocks,
		.page_size = PAGE};
	for (size_t i = 0; i < plan->file_count; i++) {
		struct xip_encoded_file *file = &encoding.files[i];

		file->block_count = (uint32_t)(made.tree->data_inodes[i]->size / PAGE);
		file->blocks = calloc(file->block_count, sizeof(*file->blocks));
		for (uint32_t b = 0; b < file->block_count; b++, next++) {
			payloads[next] = (struct xip_payload){.bytes = page,
				.length = length,
				.raw_length = PAGE,
				.kind = kind,
				.number = next,
				.hash = next};
			file->blocks[b] = &payloads[next];
		}
		if (kind == XIP_PAYLOAD_XIP)
			hand_run(plan, made.tree->root->children[i], 0, file->block_count, PAGE);
	}
}

static enum xip_err lay_out(void)
{
	return xip_layout_make(made.tree, plan, &encoding, &options, &layout, &diag);
}

/* Of 65,536 pages super block, 16 entries and the pointers take 65, a little more than 64. */
#define MOST_XIP 65471u

/* 256 MiB of pages in place is the most there can be; one page more is an error. */
START_TEST(pages_in_place)
{
	make(MOST_XIP + (uint32_t)_i, XIP_PAYLOAD_XIP, PAGE);
	if (_i) {
		ck_assert_int_eq(lay_out(), XIP_ERR_LIMIT);
		messages_expect(&messages, "", "256 MiB");
		ck_assert_ptr_null(layout);
		return;
	}
	ck_assert_int_eq(lay_out(), XIP_OK);
	ck_assert_uint_eq(layout->size, XIP_OFFSET_LIMIT);
	ck_assert_uint_eq(layout->super.size, XIP_OFFSET_LIMIT);
	for (size_t i = 1; i < layout->extent_count; i++) {
		const struct xip_layout_extent *e = &layout->extents[i];

		if (e->position < e[-1].position + e[-1].length ||
			(uint64_t)e->position + e->length > layout->size)
			ck_abort_msg("extent %zu", i);
	}
}
END_TEST

START_TEST(packed_blocks)
{
	uint32_t head = XIP_SUPER_SIZE + 17 * 16;
	uint32_t most = (XIP_OFFSET_LIMIT - head) / (3999 + 4);

	make(most + (_i ? 40 : 0), XIP_PAYLOAD_COMPRESSED, 3999);
	if (_i) {
		ck_assert_int_eq(lay_out(), XIP_ERR_LIMIT);
		messages_expect(&messages, "", "256 MiB");
		return;
	}
	/* most * 4003 bytes and the head end within the last page, tables aligned */
	ck_assert_int_eq(lay_out(), XIP_OK);
	ck_assert_uint_eq(layout->size, XIP_OFFSET_LIMIT);
}
END_TEST

/* Far too much stays an error: nothing wraps on the way. */
START_TEST(far_too_much)
{
	static const uint32_t inserts[] = {XIP_OFFSET_LIMIT, UINT32_MAX, UINT32_MAX - 75};

	make(_i < 3 ? 1 : 1u << 17, _i < 4 ? XIP_PAYLOAD_STORED : XIP_PAYLOAD_XIP, PAGE);
	if (_i < 3)
		options.insert_size = inserts[_i];
	ck_assert_int_eq(lay_out(), XIP_ERR_LIMIT);
	messages_expect(&messages, "", "256 MiB");
}
END_TEST

/* A directory of 16,777,212 bytes, the most that its size field holds. */
START_TEST(largest_directory)
{
	char name[XIP_NAME_MAX + 1];
	uint64_t left = XIP_FILE_SIZE_MAX / 4 * 4;

	for (uint32_t i = 0; left; i++) {
		uint32_t entry = left >= 264 + 16 ? 264 : left > 264 ? 132 : (uint32_t)left;

		memset(name, 'n', sizeof(name));
		name[entry - XIP_INODE_SIZE] = '\0';
		snprintf(name, 9, "%08u", i);
		name[8] = entry - XIP_INODE_SIZE > 8 ? 'n' : '\0';
		made_node(&made, NULL, name, XIP_S_IFIFO | 0600);
		left -= entry;
	}
	if (_i)
		made_node(&made, NULL, "z", XIP_S_IFIFO | 0600);
	if (_i) {
		ck_assert_int_eq(xip_tree_finish(made.tree, false, &diag), XIP_ERR_LIMIT);
		messages_expect(&messages, "/: ", "entries");
		return;
	}
	made_finish(&made);
	plan = hand_plan(&made, PAGE);
	encoding = (struct xip_encoding){.page_size = PAGE};
	ck_assert_int_eq(lay_out(), XIP_OK);
	ck_assert_uint_eq(layout->super.root.size, 16777212);
	ck_assert_uint_eq(layout->bytes.directories, 16777212);
	ck_assert_uint_ge(layout->size, XIP_SUPER_SIZE + 16777212);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout_limits");
	TCase *tests = tcase_create("layout_limits");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, pages_in_place, 0, 2);
	tcase_add_loop_test(tests, packed_blocks, 0, 2);
	tcase_add_loop_test(tests, far_too_much, 0, 5);
	tcase_add_loop_test(tests, largest_directory, 0, 2);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
