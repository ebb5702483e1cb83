/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/image/encode.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/bytes.h"
#include "xipfs/format/format.h"
#include "xipfs/base/pool.h"
#include "xipfs/tree/scan.h"
#include "store.h"

/* A job is a stretch of one large file or a row of small ones, about this many blocks. */
#define BLOCKS_PER_JOB 64u

struct job {
	uint32_t file;   /* the first file */
	uint32_t files;  /* 1, or a row of small files */
	uint32_t block;  /* the first block of a large file... */
	uint32_t blocks; /* ...and how many */
};

/* What one thread owns. */
struct bench {
	struct xip_deflater *deflater;
	struct xip_inflater *inflater;
	struct xip_arena *arena; /* payloads live here until the encoding is freed */
	uint8_t *raw;            /* BLOCKS_PER_JOB pages */
	uint8_t *packed;         /* room for one compressed block */
	uint8_t *scratch;        /* one page, to compare with */
};

struct memory {
	struct xip_arena *arena; /* the tables */
	struct bench *benches;
	unsigned threads;
};

struct encoder {
	const struct xip_tree *tree;
	const struct xip_plan *plan;
	const struct xip_encode_options *options;
	struct xip_encoding *encoding;
	struct xip_store *store;
	struct memory *memory;
	struct job *jobs;
	size_t job_count;
	size_t packed_size; /* bytes of bench.packed */
	uint64_t total;     /* bytes of input */
	atomic_uint_fast64_t done;
};

static enum xip_err keep_payload(struct encoder *encoder, struct bench *bench,
	const struct xip_raw_block *raw, struct xip_payload **result)
{
	const uint8_t *bytes = raw->bytes;
	size_t length = raw->length;
	enum xip_payload_kind kind = raw->kind;
	struct xip_payload *payload;
	uint8_t *copy;

	if (kind != XIP_PAYLOAD_XIP) {
		size_t packed;
		enum xip_err err = xip_deflate(bench->deflater, raw->bytes, raw->length,
			bench->packed, encoder->packed_size, &packed);

		if (err)
			return err;
		kind = XIP_PAYLOAD_STORED;
		if (packed && (packed < raw->length || !encoder->options->store)) {
			kind = XIP_PAYLOAD_COMPRESSED;
			bytes = bench->packed;
			length = packed;
		}
	}
	payload = xip_arena_alloc(bench->arena, sizeof(*payload));
	copy = xip_arena_bytes(bench->arena, length);
	if (!payload || !copy)
		return XIP_ERR_NOMEM;
	memcpy(copy, bytes, length);
	*payload = (struct xip_payload){
		.bytes = copy,
		.length = (uint32_t)length,
		.raw_length = (uint32_t)raw->length,
		.kind = kind,
		.number = UINT32_MAX, /* until all are there */
		.hash = raw->hash,
	};
	*result = payload;
	return XIP_OK;
}

/*
 * Finds or makes the payload of one block. Two threads may pack the same new content at the same
 * time; the store keeps the first, and both are the same, byte for byte.
 */
static enum xip_err encode_block(struct encoder *encoder, struct bench *bench, const uint8_t *bytes,
	size_t length, bool xip, struct xip_payload **result)
{
	struct xip_raw_block raw = {
		.bytes = bytes,
		.length = length,
		.kind = xip ? XIP_PAYLOAD_XIP : XIP_PAYLOAD_COMPRESSED,
	};
	struct xip_payload *payload;
	enum xip_err err;

	if (!xip && !encoder->options->dense && xip_bytes_are_zero(bytes, length)) {
		*result = NULL;
		return XIP_OK;
	}
	raw.hash = xip_bytes_hash(bytes, length);
	*result = xip_store_find(encoder->store, &raw, bench->inflater, bench->scratch);
	if (*result)
		return XIP_OK;
	err = keep_payload(encoder, bench, &raw, &payload);
	if (err)
		return err;
	return xip_store_add(
		encoder->store, payload, &raw, bench->inflater, bench->scratch, result);
}

/* Encodes the blocks from @first on; their bytes are at @bytes, @length in all. */
static enum xip_err encode_blocks(struct encoder *encoder, struct bench *bench, uint32_t number,
	uint32_t first, const uint8_t *bytes, size_t length)
{
	const struct xip_plan_file *plan = &encoder->plan->files[number];
	struct xip_encoded_file *file = &encoder->encoding->files[number];
	size_t page_size = encoder->encoding->page_size;

	for (uint32_t i = first; length; i++) {
		size_t part = length < page_size ? length : page_size;
		bool xip = xip_plan_is_xip(plan, i, NULL);
		enum xip_err err = encode_block(encoder, bench, bytes, part, xip, &file->blocks[i]);

		if (!err && file->packed) {
			file->packed[i] = file->blocks[i];
			if (xip)
				err = encode_block(
					encoder, bench, bytes, part, false, &file->packed[i]);
		}
		if (err)
			return err;
		bytes += part;
		length -= part;
	}
	return XIP_OK;
}

static enum xip_err encode_stretch(struct encoder *encoder, struct bench *bench, uint32_t number,
	uint32_t first, uint32_t count, const struct xip_diag *diag)
{
	const struct xip_tree_inode *inode = encoder->tree->data_inodes[number];
	const struct xip_plan_file *plan = &encoder->plan->files[number];
	uint64_t page_size = encoder->encoding->page_size;
	uint64_t start = first * page_size;
	size_t length = (size_t)(count * page_size);
	struct xip_content content;
	enum xip_err err, closed;

	if (length > plan->size - start)
		length = (size_t)(plan->size - start);
	if (xip_mode_is_symlink(inode->mode))
		return encode_blocks(encoder, bench, number, first,
			(const uint8_t *)inode->target + start, length);
	err = xip_content_open(&content, inode, diag);
	if (err)
		return err;
	err = xip_content_read(&content, bench->raw, length, start, diag);
	if (!err) {
		xip_plan_apply_patches(plan, bench->raw, length, start);
		err = encode_blocks(encoder, bench, number, first, bench->raw, length);
	}
	closed = xip_content_close(&content, diag);
	return err ? err : closed;
}

static enum xip_err encode_job(
	void *context, size_t index, unsigned worker, const struct xip_diag *diag)
{
	struct encoder *encoder = context;
	const struct xip_encode_options *options = encoder->options;
	const struct job *job = &encoder->jobs[index];
	uint64_t page_size = encoder->encoding->page_size;
	uint64_t bytes = 0;
	enum xip_err err = XIP_OK;

	for (uint32_t i = 0; !err && i < job->files; i++) {
		uint32_t number = job->file + i;
		uint32_t count = encoder->encoding->files[number].block_count;

		if (job->files == 1)
			count = job->blocks;
		if (count)
			err = encode_stretch(encoder, &encoder->memory->benches[worker], number,
				job->block, count, diag);
		bytes += count * page_size;
	}
	bytes += atomic_fetch_add(&encoder->done, bytes);
	if (!err && !worker && options->progress)
		options->progress(options->user, bytes < encoder->total ? bytes : encoder->total,
			encoder->total);
	return err;
}

/* --- Cutting the work into jobs -------------------------------------------------------------- */

/* Called with NULL @jobs to count them, then again to fill them in. */
static size_t cut_jobs(const struct xip_encoding *encoding, struct job *jobs)
{
	size_t count = 0;
	uint32_t row = 0; /* blocks in the row of small files that is being gathered */

	for (uint32_t i = 0; i < encoding->file_count; i++) {
		uint32_t blocks = encoding->files[i].block_count;

		if (row && row + blocks + 1 <= BLOCKS_PER_JOB) {
			if (jobs)
				jobs[count - 1].files++;
			row += blocks + 1;
			continue;
		}
		row = 0;
		if (blocks < BLOCKS_PER_JOB) {
			if (jobs)
				jobs[count] = (struct job){.file = i, .files = 1, .blocks = blocks};
			count++;
			row = blocks + 1;
			continue;
		}
		for (uint32_t first = 0; first < blocks; first += BLOCKS_PER_JOB) {
			uint32_t left = blocks - first;

			if (jobs)
				jobs[count] = (struct job){
					.file = i,
					.files = 1,
					.block = first,
					.blocks = left < BLOCKS_PER_JOB ? left : BLOCKS_PER_JOB,
				};
			count++;
		}
	}
	return count;
}

static enum xip_err make_tables(struct encoder *encoder, uint32_t page_size)
{
	struct xip_encoding *encoding = encoder->encoding;
	struct xip_arena *arena = encoder->memory->arena;

	encoding->page_size = page_size;
	encoding->file_count = encoder->tree->data_inode_count;
	encoding->files = xip_arena_calloc(arena, encoding->file_count, sizeof(*encoding->files));
	if (!encoding->files)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; i < encoding->file_count; i++) {
		struct xip_encoded_file *file = &encoding->files[i];
		uint64_t size = encoder->plan->files[i].size;

		file->block_count = (uint32_t)xip_div_up(size, page_size);
		file->blocks = xip_arena_calloc(arena, file->block_count, sizeof(*file->blocks));
		if (encoder->plan->files[i].optional)
			file->packed =
				xip_arena_calloc(arena, file->block_count, sizeof(*file->packed));
		if (!file->blocks || (encoder->plan->files[i].optional && !file->packed))
			return XIP_ERR_NOMEM;
		encoder->total += size;
	}
	encoder->job_count = cut_jobs(encoding, NULL);
	encoder->jobs = calloc(encoder->job_count + 1, sizeof(*encoder->jobs));
	if (!encoder->jobs)
		return XIP_ERR_NOMEM;
	cut_jobs(encoding, encoder->jobs);
	return XIP_OK;
}

/* --- What each thread owns ------------------------------------------------------------------- */

static void bench_clear(struct bench *bench)
{
	xip_deflater_free(bench->deflater);
	xip_inflater_free(bench->inflater);
	free(bench->raw);
	free(bench->packed);
	free(bench->scratch);
	*bench = (struct bench){.arena = bench->arena};
}

static enum xip_err bench_fill(struct encoder *encoder, struct bench *bench, uint32_t page_size)
{
	const struct xip_encode_options *options = encoder->options;

	bench->deflater = xip_deflater_new(options->compressor, options->level);
	bench->inflater = xip_inflater_new();
	bench->arena = xip_arena_new();
	if (!bench->deflater || !bench->inflater || !bench->arena)
		return XIP_ERR_NOMEM;
	encoder->packed_size = xip_deflate_bound(bench->deflater, page_size);
	bench->raw = malloc((size_t)BLOCKS_PER_JOB * page_size);
	bench->packed = malloc(encoder->packed_size);
	bench->scratch = malloc(page_size);
	return bench->raw && bench->packed && bench->scratch ? XIP_OK : XIP_ERR_NOMEM;
}

static enum xip_err make_memory(struct encoder *encoder)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	encoder->encoding = calloc(1, sizeof(*encoder->encoding));
	if (!memory || !encoder->encoding) {
		free(memory);
		return XIP_ERR_NOMEM;
	}
	encoder->encoding->memory = memory;
	encoder->memory = memory;
	memory->arena = xip_arena_new();
	memory->benches = calloc(encoder->options->threads, sizeof(*memory->benches));
	if (!memory->arena || !memory->benches)
		return XIP_ERR_NOMEM;
	memory->threads = encoder->options->threads;
	return XIP_OK;
}

void xip_encoding_free(struct xip_encoding *encoding)
{
	struct memory *memory = encoding ? encoding->memory : NULL;

	if (memory) {
		for (unsigned i = 0; memory->benches && i < memory->threads; i++) {
			bench_clear(&memory->benches[i]);
			xip_arena_free(memory->benches[i].arena);
		}
		free(memory->benches);
		xip_arena_free(memory->arena);
		free(memory);
	}
	free(encoding);
}

static enum xip_err prepare(struct encoder *encoder)
{
	uint32_t page_size = encoder->plan->page_size;
	enum xip_err err = make_memory(encoder);

	if (!err)
		err = make_tables(encoder, page_size);
	for (unsigned i = 0; !err && i < encoder->options->threads; i++)
		err = bench_fill(encoder, &encoder->memory->benches[i], page_size);
	if (!err)
		err = xip_store_new(&encoder->store);
	return err;
}

static void number_blocks(
	struct xip_encoding *encoding, struct xip_payload *const *blocks, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (blocks[i] && blocks[i]->number == UINT32_MAX)
			blocks[i]->number = (uint32_t)encoding->payload_count++;
}

/* Threads make the payloads in any order; the numbers are the same in every run. */
static void number_payloads(struct xip_encoding *encoding)
{
	for (size_t i = 0; i < encoding->file_count; i++) {
		const struct xip_encoded_file *file = &encoding->files[i];

		number_blocks(encoding, file->blocks, file->block_count);
		if (file->packed)
			number_blocks(encoding, file->packed, file->block_count);
	}
}

enum xip_err xip_encode(const struct xip_tree *tree, const struct xip_plan *plan,
	const struct xip_encode_options *options, struct xip_encoding **result,
	const struct xip_diag *diag)
{
	struct encoder encoder = {.tree = tree, .plan = plan, .options = options};
	enum xip_err err = prepare(&encoder);

	if (err)
		xip_diag_nomem(diag);
	else
		err = xip_pool_run(options->threads, encoder.job_count, encode_job, &encoder, diag);
	xip_store_free(encoder.store);
	free(encoder.jobs);
	if (err) {
		xip_encoding_free(encoder.encoding);
		return err;
	}
	number_payloads(encoder.encoding);
	for (unsigned i = 0; i < encoder.memory->threads; i++)
		bench_clear(&encoder.memory->benches[i]); /* the payloads stay */
	*result = encoder.encoding;
	return XIP_OK;
}
