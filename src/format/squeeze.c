/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "squeeze.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <deflate.h>
#include <lz77.h>
#include <util.h>
#include <zopfli.h>

#define BLOCKS_MAX  15 /* zopfli's own default */
#define SYMBOLS_MIN 10 /* of a block that may be cut */
#define TRIES       7

/* A block of the stream to be: its symbols, its bits, and whether a cut would make it smaller. */
struct block {
	size_t begin, end;
	double bits;
	bool final;
};

struct cut {
	size_t at;
	double left, right; /* bits of both sides */
};

static struct cut cut_at(const ZopfliLZ77Store *symbols, const struct block *block, size_t at)
{
	return (struct cut){
		.at = at,
		.left = ZopfliCalculateBlockSizeAutoType(symbols, block->begin, at),
		.right = ZopfliCalculateBlockSizeAutoType(symbols, at, block->end),
	};
}

static double bits_of(const struct cut *cut)
{
	return cut->left + cut->right;
}

/* Looks closer and closer at where the cut was best; the block has at least two symbols. */
static struct cut find_cut(const ZopfliLZ77Store *symbols, const struct block *block)
{
	struct cut best = cut_at(symbols, block, (block->begin + block->end) / 2);
	size_t low = block->begin + 1, high = block->end, step;

	do {
		bool better = false;

		step = high - low <= TRIES ? 1 : (high - low) / TRIES;
		for (size_t at = low + step / 2; at < high; at += step) {
			struct cut cut = cut_at(symbols, block, at);

			if (bits_of(&cut) >= bits_of(&best))
				continue;
			best = cut;
			better = true;
		}
		if (!better)
			break;
		low = best.at > block->begin + step ? best.at - step : block->begin + 1;
		high = best.at + step < block->end ? best.at + step : block->end;
	} while (step > 1);
	return best;
}

/* The longest block that may be cut yet; @count: none. */
static size_t choose_block(const struct block *blocks, size_t count)
{
	size_t chosen = count, length = SYMBOLS_MIN - 1;

	for (size_t i = 0; i < count; i++) {
		if (blocks[i].final || blocks[i].end - blocks[i].begin <= length)
			continue;
		chosen = i;
		length = blocks[i].end - blocks[i].begin;
	}
	return chosen;
}

/* Cuts as long as that makes the stream smaller; returns the number of blocks. */
static size_t cut_blocks(const ZopfliLZ77Store *symbols, struct block blocks[BLOCKS_MAX])
{
	size_t count = 1, i;

	blocks[0] = (struct block){.end = symbols->size};
	blocks[0].bits = ZopfliCalculateBlockSizeAutoType(symbols, 0, symbols->size);
	while (count < BLOCKS_MAX && (i = choose_block(blocks, count)) < count) {
		struct cut cut = find_cut(symbols, &blocks[i]);

		if (bits_of(&cut) >= blocks[i].bits) {
			blocks[i].final = true;
			continue;
		}
		memmove(&blocks[i + 1], &blocks[i], (count - i) * sizeof(*blocks));
		count++;
		blocks[i].end = blocks[i + 1].begin = cut.at;
		blocks[i].bits = cut.left;
		blocks[i + 1].bits = cut.right;
	}
	return count;
}

/* Where in @in blocks begin, by a quick parse; blocks[i].begin becomes a number of bytes. */
static size_t plan_blocks(const ZopfliOptions *options, const uint8_t *in, size_t length,
	struct block blocks[BLOCKS_MAX])
{
	ZopfliLZ77Store symbols;
	ZopfliBlockState state;
	ZopfliHash hash;
	size_t count;

	ZopfliInitLZ77Store(in, &symbols);
	ZopfliInitBlockState(options, 0, length, 0, &state);
	ZopfliAllocHash(ZOPFLI_WINDOW_SIZE, &hash);
	ZopfliLZ77Greedy(&state, in, 0, length, &symbols, &hash);
	count = cut_blocks(&symbols, blocks);
	for (size_t i = 0; i < count; i++)
		blocks[i].begin = i ? symbols.pos[blocks[i].begin] : 0;
	ZopfliCleanHash(&hash);
	ZopfliCleanBlockState(&state);
	ZopfliCleanLZ77Store(&symbols);
	return count;
}

uint8_t *xip_squeeze(const uint8_t *in, size_t length, int iterations, size_t *size)
{
	struct block blocks[BLOCKS_MAX];
	unsigned char *out = NULL, bit = 0;
	ZopfliOptions options;
	size_t count;

	ZopfliInitOptions(&options);
	options.numiterations = iterations;
	options.blocksplitting = 0;
	count = plan_blocks(&options, in, length, blocks);
	*size = 0;
	for (size_t i = 0; i < count; i++)
		ZopfliDeflatePart(&options, 2, i + 1 == count, in, blocks[i].begin,
			i + 1 < count ? blocks[i + 1].begin : length, &bit, &out, size);
	return out;
}
