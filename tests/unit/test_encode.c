/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/image/encode.h"

#include <pthread.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "make_tree.h"
#include "store.h"
#include "run_suite.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static struct made made;
static struct xip_plan *plan;
static struct xip_encode_options options;

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	made_begin(&made);
	plan = NULL;
	options = (struct xip_encode_options){
		.compressor = XIP_LIBDEFLATE, .level = 6, .threads = 2, .store = true};
}

static void teardown(void)
{
	xip_plan_free(plan);
	made_end(&made);
}

static struct xip_encoding *encode(void)
{
	struct xip_encoding *encoding = NULL;

	ck_assert_int_eq(xip_encode(made.tree, plan, &options, &encoding, &diag), XIP_OK);
	ck_assert_uint_eq(messages.errors, 0);
	return encoding;
}

/* A file of @size bytes whose page k has texture @textures[k % their number] and seed k. */
static struct xip_node *add(const char *name, size_t size, uint32_t page_size, const char *textures)
{
	uint8_t *bytes = malloc(size + 1);
	struct xip_node *node;

	for (size_t at = 0, k = 0; at < size; at += page_size, k++) {
		size_t part = size - at < page_size ? size - at : page_size;
		char texture = textures[k % strlen(textures)];

		fill(bytes + at, part,
			texture == '0'   ? TEXTURE_ZEROS
			: texture == 't' ? TEXTURE_TEXT
					 : TEXTURE_NOISE,
			(uint32_t)k);
	}
	node = made_file(&made, NULL, name, bytes, size);
	free(bytes);
	return node;
}

/* Every payload inflates to, or is, the bytes of its block. */
static void expect_contents(const struct xip_encoding *encoding)
{
	struct xip_inflater *inflater = xip_inflater_new();
	uint8_t *page = malloc(encoding->page_size);

	for (size_t i = 0; i < encoding->file_count; i++) {
		const struct xip_tree_inode *inode = made.tree->data_inodes[i];
		uint8_t *bytes = made_content(&made, inode);
		size_t at = 0;

		ck_assert_uint_eq(encoding->files[i].block_count,
			xip_div_up(inode->size, encoding->page_size));
		for (uint32_t b = 0; b < encoding->files[i].block_count; b++) {
			const struct xip_payload *payload = encoding->files[i].blocks[b];
			size_t length = inode->size - at < encoding->page_size
						? (size_t)(inode->size - at)
						: encoding->page_size;
			size_t got = length;

			if (!payload) {
				ck_assert(xip_bytes_are_zero(bytes + at, length));
			} else if (payload->kind == XIP_PAYLOAD_COMPRESSED) {
				ck_assert_int_eq(xip_inflate(inflater, payload->bytes,
							 payload->length, page, length, &got),
					XIP_OK);
				ck_assert_uint_eq(got, length);
				ck_assert(!memcmp(page, bytes + at, length));
			} else {
				ck_assert_uint_eq(payload->length, length);
				ck_assert(!memcmp(payload->bytes, bytes + at, length));
			}
			if (payload) {
				ck_assert_uint_eq(payload->raw_length, length);
				ck_assert_uint_lt(payload->number, encoding->payload_count);
			}
			at += length;
		}
		free(bytes);
	}
	free(page);
	xip_inflater_free(inflater);
}

static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 63 * 4096, 64 * 4096, 64 * 4096 + 1,
	65 * 4096, 129 * 4096 - 1, XIP_FILE_SIZE_MAX};
#define SIZE_COUNT (sizeof(sizes) / sizeof(*sizes))

/* All boundary sizes side by side, so that jobs begin and end at every kind of place. */
START_TEST(all_sizes)
{
	struct xip_encoding *encoding;
	char name[16];

	options.level = 1;
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		snprintf(name, sizeof(name), "f%02zu", i);
		add(name, sizes[i], 4096, "tnt0");
	}
	made_finish(&made);
	plan = hand_plan(&made, 4096u << _i);
	encoding = encode();
	ck_assert_uint_eq(encoding->page_size, 4096u << _i);
	expect_contents(encoding);
	xip_encoding_free(encoding);
}
END_TEST

START_TEST(kinds)
{
	struct xip_node *file = add("file", 4 * 4096 + 100, 4096, "t0nt");
	struct xip_encoding *encoding;
	struct xip_payload **blocks;

	made_finish(&made);
	plan = hand_plan(&made, 4096);
	encoding = encode();
	blocks = encoding->files[file->inode->number].blocks;
	ck_assert_int_eq(blocks[0]->kind, XIP_PAYLOAD_COMPRESSED);
	ck_assert_uint_lt(blocks[0]->length, 4096);
	ck_assert_ptr_null(blocks[1]);
	ck_assert_int_eq(blocks[2]->kind, XIP_PAYLOAD_STORED);
	ck_assert_uint_eq(blocks[4]->raw_length, 100);
	xip_encoding_free(encoding);
	/* in place, zeros are bytes like others, and nothing is compressed */
	hand_run(plan, file, 0, 5, 4096);
	encoding = encode();
	blocks = encoding->files[file->inode->number].blocks;
	for (uint32_t b = 0; b < 5; b++)
		ck_assert_int_eq(blocks[b]->kind, XIP_PAYLOAD_XIP);
	expect_contents(encoding);
	xip_encoding_free(encoding);
	/* the format of before extended pointers knows no stored blocks */
	plan->files[file->inode->number].run_count = 0;
	options.store = false;
	encoding = encode();
	blocks = encoding->files[file->inode->number].blocks;
	ck_assert_int_eq(blocks[2]->kind, XIP_PAYLOAD_COMPRESSED);
	ck_assert_uint_gt(blocks[2]->length, 4096);
	expect_contents(encoding);
	xip_encoding_free(encoding);
	/* and some of its readers no holes */
	options.dense = true;
	encoding = encode();
	blocks = encoding->files[file->inode->number].blocks;
	ck_assert_ptr_nonnull(blocks[1]);
	ck_assert_int_eq(blocks[1]->kind, XIP_PAYLOAD_COMPRESSED);
	expect_contents(encoding);
	xip_encoding_free(encoding);
}
END_TEST

/* A block that shrinks by one byte is compressed, one that does not is stored. */
START_TEST(barely_shrinks)
{
	struct xip_encoding *encoding;
	unsigned barely = 0;
	uint8_t bytes[4096];
	char name[16];

	for (uint32_t i = 0; i < 200; i++) { /* some equal bytes in noise */
		fill(bytes, sizeof(bytes), TEXTURE_NOISE, i);
		memset(bytes + 1000, 7, 20 + 2 * i);
		snprintf(name, sizeof(name), "f%u", i);
		made_file(&made, NULL, name, bytes, sizeof(bytes));
	}
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	encoding = encode();
	for (uint32_t i = 0; i < 200; i++) {
		const struct xip_payload *payload = encoding->files[i].blocks[0];

		if (payload->kind == XIP_PAYLOAD_COMPRESSED) {
			ck_assert_uint_lt(payload->length, 4096);
			barely += payload->length >= 4096 - 8;
		} else {
			ck_assert_uint_eq(payload->length, 4096);
		}
	}
	ck_assert_uint_gt(barely, 0);
	expect_contents(encoding);
	xip_encoding_free(encoding);
}
END_TEST

START_TEST(symlinks)
{
	struct xip_node *shorter = made_symlink(&made, NULL, "a", "x");
	struct xip_node *longer;
	struct xip_encoding *encoding;
	char target[4096];

	memset(target, 'y', 4095);
	target[4095] = '\0';
	longer = made_symlink(&made, NULL, "b", target);
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	encoding = encode();
	ck_assert_int_eq(
		encoding->files[shorter->inode->number].blocks[0]->kind, XIP_PAYLOAD_STORED);
	ck_assert_int_eq(
		encoding->files[longer->inode->number].blocks[0]->kind, XIP_PAYLOAD_COMPRESSED);
	expect_contents(encoding);
	xip_encoding_free(encoding);
}
END_TEST

/* Blocks have one payload exactly if they are equal, whichever thread came first. */
START_TEST(sharing)
{
	struct xip_node *nodes[40];
	struct xip_encoding *encoding;
	char name[16];

	options.threads = 4;
	for (uint32_t i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		nodes[i] =
			add(name, (i % 2 ? 70 : 3) * 4096 + i % 3, 4096, i % 4 < 2 ? "tn" : "tt");
	}
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	for (uint32_t i = 0; i < 8; i++) /* XIP pages are found apart */
		hand_run(plan, nodes[i], 1, 1, 4096);
	encoding = encode();
	expect_contents(encoding);
	for (uint32_t i = 1; i < 40; i++) {
		struct xip_payload **a = encoding->files[nodes[i]->inode->number].blocks;
		struct xip_payload **b = encoding->files[nodes[i - 1]->inode->number].blocks;

		ck_assert_ptr_eq(a[0], b[0]);
		ck_assert_ptr_eq(a[2], b[2]);
		if (i < 8)
			ck_assert_int_eq(a[1]->kind, XIP_PAYLOAD_XIP);
		if (i % 4 == 1)
			ck_assert_int_eq(a[1] == b[1], 1);
		if (i == 8 || i % 4 == 2)
			ck_assert_ptr_ne(a[1], b[1]);
	}
	xip_encoding_free(encoding);
}
END_TEST

/* Nothing of the result depends on the number of threads. */
START_TEST(threads)
{
	struct xip_encoding *one, *many;

	for (uint32_t i = 0; i < 30; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%u", i);
		add(name, i * i * 1000 + i, 4096, i % 2 ? "tn0t" : "nt");
	}
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	options.threads = 1;
	one = encode();
	options.threads = 2 + (unsigned)_i * 3;
	many = encode();
	for (size_t i = 0; i < one->file_count; i++) {
		for (uint32_t b = 0; b < one->files[i].block_count; b++) {
			const struct xip_payload *p = one->files[i].blocks[b];
			const struct xip_payload *q = many->files[i].blocks[b];

			ck_assert_int_eq(!p, !q);
			if (!p)
				continue;
			ck_assert_int_eq(p->kind, q->kind);
			ck_assert_uint_eq(p->length, q->length);
			ck_assert_uint_eq(p->hash, q->hash);
			ck_assert(!memcmp(p->bytes, q->bytes, p->length));
		}
	}
	xip_encoding_free(one);
	xip_encoding_free(many);
}
END_TEST

/* What the plan changes of a file stands in the image, across the end of a block as well. */
START_TEST(patched)
{
	static const struct xip_plan_patch patch = {
		.offset = 4093, .length = 8, .bytes = "PATCHED!"};
	struct xip_node *node = add("file", 8192, 4096, "t");
	struct xip_encoding *encoding;
	struct xip_payload **blocks;

	made_finish(&made);
	plan = hand_plan(&made, 4096);
	hand_run(plan, node, 0, 2, 4096);
	plan->files[0].patches = &patch;
	plan->files[0].patch_count = 1;
	encoding = encode();
	blocks = encoding->files[0].blocks;
	ck_assert_mem_eq(blocks[0]->bytes + 4093, "PAT", 3);
	ck_assert_mem_eq(blocks[1]->bytes, "CHED!", 5);
	ck_assert_int_ne(blocks[0]->bytes[4092], 'P');
	xip_encoding_free(encoding);
}
END_TEST

/* An optional file has its blocks both ways. */
START_TEST(optional)
{
	struct xip_node *node = add("file", 3 * 4096, 4096, "t0n");
	struct xip_encoding *encoding;
	struct xip_encoded_file *file;

	made_finish(&made);
	plan = hand_plan(&made, 4096);
	hand_run(plan, node, 0, 2, 4096);
	plan->files[0].optional = true;
	encoding = encode();
	file = &encoding->files[0];
	ck_assert_int_eq(file->blocks[0]->kind, XIP_PAYLOAD_XIP);
	ck_assert_int_eq(file->blocks[1]->kind, XIP_PAYLOAD_XIP);
	ck_assert_int_eq(file->packed[0]->kind, XIP_PAYLOAD_COMPRESSED);
	ck_assert_ptr_null(file->packed[1]);
	ck_assert_ptr_eq(file->packed[2], file->blocks[2]);
	expect_contents(encoding);
	file->blocks = file->packed;
	expect_contents(encoding);
	xip_encoding_free(encoding);
}
END_TEST

struct meter {
	pthread_t caller;
	uint64_t last, total;
	unsigned calls;
	bool strange;
};

static void on_progress(void *user, uint64_t done, uint64_t total)
{
	struct meter *meter = user;

	if (!pthread_equal(pthread_self(), meter->caller) || done < meter->last || done > total)
		meter->strange = true;
	meter->last = done;
	meter->total = total;
	meter->calls++;
}

START_TEST(progress)
{
	struct meter meter = {.caller = pthread_self()};

	add("a", 1000 * 4096 + 7, 4096, "t");
	add("b", 10, 4096, "t");
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	options.progress = on_progress;
	options.user = &meter;
	options.threads = 1 + (unsigned)_i;
	xip_encoding_free(encode());
	ck_assert(!meter.strange);
	ck_assert_uint_gt(meter.calls, 0);
	ck_assert_uint_eq(meter.total, 1000 * 4096 + 17);
	if (!_i)
		ck_assert_uint_eq(meter.last, meter.total);
}
END_TEST

/* The content is not there any more: an error, at whatever place. */
START_TEST(source_shrinks)
{
	struct xip_encoding *encoding = NULL;

	add("a", 100, 4096, "t");
	add("b", 100 * 4096, 4096, "t");
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	ck_assert_int_eq(ftruncate(made.tree->source->spool_fd, (off_t)made.end - 1), 0);
	ck_assert_int_eq(xip_encode(made.tree, plan, &options, &encoding, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/b: ", "shorter");
	ck_assert_ptr_null(encoding);
	ck_assert_int_eq(ftruncate(made.tree->source->spool_fd, 0), 0);
	ck_assert_int_eq(xip_encode(made.tree, plan, &options, &encoding, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/a: ", "shorter");
}
END_TEST

START_TEST(no_memory)
{
	struct xip_node *node = add("a", 70 * 4096, 4096, "tn0");
	size_t n = 1;

	add("b", 100, 4096, "t");
	made_symlink(&made, NULL, "c", "target");
	made_finish(&made);
	plan = hand_plan(&made, 4096);
	hand_run(plan, node, 3, 2, 4096);
	options.compressor = _i / 2 ? XIP_ZLIB : XIP_LIBDEFLATE;
	options.threads = 1 + (unsigned)_i % 2;
	for (;; n++) {
		struct xip_encoding *encoding = NULL;
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_encode(made.tree, plan, &options, &encoding, &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			xip_encoding_free(encoding);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
		ck_assert_uint_eq(messages.errors, 1);
		messages.errors = 0;
	}
	ck_assert_uint_gt(n, 60);
	xip_encoding_free(NULL);
}
END_TEST

/* Equal hashes alone never join two blocks. */
START_TEST(hash_collisions)
{
	struct xip_inflater *inflater = xip_inflater_new();
	struct xip_store *store = NULL;
	struct xip_payload payloads[300], *kept;
	uint8_t bytes[300][8], page[8];

	ck_assert_int_eq(xip_store_new(&store), XIP_OK);
	for (uint32_t i = 0; i < 300; i++) {
		struct xip_raw_block raw = {.bytes = bytes[i],
			.length = 8,
			.hash = 42,
			.kind = i % 2 ? XIP_PAYLOAD_XIP : XIP_PAYLOAD_STORED};

		fill(bytes[i], 8, TEXTURE_NOISE, i / 2);
		payloads[i] = (struct xip_payload){.bytes = bytes[i],
			.length = 8,
			.raw_length = 8,
			.kind = raw.kind,
			.hash = 42};
		ck_assert_ptr_null(xip_store_find(store, &raw, inflater, page));
		ck_assert_int_eq(
			xip_store_add(store, &payloads[i], &raw, inflater, page, &kept), XIP_OK);
		ck_assert_ptr_eq(kept, &payloads[i]);
		ck_assert_ptr_eq(xip_store_find(store, &raw, inflater, page), &payloads[i]);
		/* whoever comes second gets the first one's */
		ck_assert_int_eq(
			xip_store_add(store, &(struct xip_payload){0}, &raw, inflater, page, &kept),
			XIP_OK);
		ck_assert_ptr_eq(kept, &payloads[i]);
	}
	/* nor are equal beginnings enough */
	ck_assert_ptr_null(xip_store_find(store,
		&(struct xip_raw_block){
			.bytes = bytes[0], .length = 7, .hash = 42, .kind = XIP_PAYLOAD_STORED},
		inflater, page));
	xip_store_free(store);
	xip_store_free(NULL);
	xip_inflater_free(inflater);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("encode");
	TCase *tests = tcase_create("encode");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, all_sizes, 0, 5);
	tcase_add_test(tests, kinds);
	tcase_add_test(tests, barely_shrinks);
	tcase_add_test(tests, symlinks);
	tcase_add_test(tests, sharing);
	tcase_add_loop_test(tests, threads, 0, 3);
	tcase_add_test(tests, patched);
	tcase_add_test(tests, optional);
	tcase_add_loop_test(tests, progress, 0, 2);
	tcase_add_test(tests, source_shrinks);
	tcase_add_loop_test(tests, no_memory, 0, 4);
	tcase_add_test(tests, hash_collisions);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
