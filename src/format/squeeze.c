/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "squeeze.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <deflate.h>
#include <lz77.h>
#include <util.h>
#include <zopfli.h>

#define BLOCKS_MAX  15 /* zopfli's own default */
#define SYMBOLS_MIN 10 /* of a block that may be cut */

/* Where a block may be cut: the best places by estimate, and how far apart they are, in symbols. */
#define TRIES 6
#define APART 32

/* What one more symbol in a Huffman table is taken to cost, in bits: tried from 0 to 6. */
#define SYMBOL_BITS 1

#define END_OF_BLOCK 256

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

/* What the search works with. */
struct search {
	const ZopfliLZ77Store *symbols;
	double *estimates; /* of a cut in front of each symbol, in bits */
	double *weights;   /* n log2 n of each number of symbols n */
};

/* --- Estimates ------------------------------------------------------------------------------- */

/* How often each symbol is on one side of a cut. */
struct tally {
	size_t lengths[ZOPFLI_NUM_LL], distances[ZOPFLI_NUM_D]; /* literals are with the lengths */
	size_t length_count, distance_count;
	size_t kinds;   /* symbols that are there at all */
	double weights; /* of all of them */
};

static void add(const struct search *search, struct tally *tally, size_t *count, int by)
{
	tally->weights -= search->weights[*count];
	tally->kinds -= *count > 0;
	*count += (size_t)by;
	tally->kinds += *count > 0;
	tally->weights += search->weights[*count];
}

/* Symbol @i comes (@by 1) or goes (-1). */
static void count(const struct search *search, struct tally *tally, size_t i, int by)
{
	const ZopfliLZ77Store *symbols = search->symbols;

	add(search, tally, &tally->lengths[symbols->ll_symbol[i]], by);
	tally->length_count += (size_t)by;
	if (!symbols->dists[i])
		return;
	add(search, tally, &tally->distances[symbols->d_symbol[i]], by);
	tally->distance_count += (size_t)by;
}

/* Bits of a side if its codes were as short as information theory allows. */
static double estimate(const struct search *search, const struct tally *tally)
{
	return search->weights[tally->length_count] + search->weights[tally->distance_count] -
	       tally->weights + SYMBOL_BITS * (double)tally->kinds;
}

/* Estimates every cut of the block. */
static void estimate_cuts(const struct search *search, const struct block *block)
{
	struct tally left = {.kinds = 1, .length_count = 1, .lengths[END_OF_BLOCK] = 1};
	struct tally right = left;

	for (size_t i = block->begin; i < block->end; i++)
		count(search, &right, i, 1);
	for (size_t i = block->begin; i < block->end; i++) {
		search->estimates[i] = estimate(search, &left) + estimate(search, &right);
		count(search, &left, i, 1);
		count(search, &right, i, -1);
	}
}

/* --- Cuts ------------------------------------------------------------------------------------ */

/* Tries a cut by its true size; one outside the block or no better than @best changes nothing. */
static bool try_cut(
	const struct search *search, const struct block *block, size_t at, struct cut *best)
{
	struct cut cut = {.at = at};

	if (at <= block->begin || at >= block->end)
		return false;
	cut.left = ZopfliCalculateBlockSizeAutoType(search->symbols, block->begin, at);
	cut.right = ZopfliCalculateBlockSizeAutoType(search->symbols, at, block->end);
	if (best->at && cut.left + cut.right >= best->left + best->right)
		return false;
	*best = cut;
	return true;
}

/* The cut that is estimated to be the best of those left; it and what is near it are struck off. */
static size_t take_candidate(const struct search *search, const struct block *block)
{
	size_t at = block->begin + 1;

	for (size_t i = at; i < block->end; i++)
		if (search->estimates[i] < search->estimates[at])
			at = i;
	for (size_t i = at > APART ? at - APART : 0; i < block->end && i < at + APART; i++)
		search->estimates[i] = HUGE_VAL;
	return at;
}

/* The block has at least two symbols. */
static struct cut find_cut(const struct search *search, const struct block *block)
{
	struct cut best = {0};

	estimate_cuts(search, block);
	for (int i = 0; i < TRIES; i++)
		try_cut(search, block, take_candidate(search, block), &best);
	while (try_cut(search, block, best.at - 1, &best) ||
		try_cut(search, block, best.at + 1, &best))
		;
	return best;
}

/* The longest block that may still be cut; @count: none. */
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
static size_t cut_blocks(const struct search *search, struct block blocks[BLOCKS_MAX])
{
	size_t blocks_made = 1, i;

	blocks[0] = (struct block){.end = search->symbols->size};
	blocks[0].bits =
		ZopfliCalculateBlockSizeAutoType(search->symbols, 0, search->symbols->size);
	while (blocks_made < BLOCKS_MAX && (i = choose_block(blocks, blocks_made)) < blocks_made) {
		struct cut cut = find_cut(search, &blocks[i]);

		if (cut.left + cut.right >= blocks[i].bits) {
			blocks[i].final = true;
			continue;
		}
		memmove(&blocks[i + 1], &blocks[i], (blocks_made - i) * sizeof(*blocks));
		blocks_made++;
		blocks[i].end = blocks[i + 1].begin = cut.at;
		blocks[i].bits = cut.left;
		blocks[i + 1].bits = cut.right;
	}
	return blocks_made;
}

/* Where in @in blocks begin, by a quick parse; blocks[i].begin becomes a number of bytes. */
static size_t plan_blocks(const ZopfliOptions *options, const uint8_t *in, size_t length,
	struct search *search, struct block blocks[BLOCKS_MAX])
{
	ZopfliLZ77Store symbols;
	ZopfliBlockState state;
	ZopfliHash hash;
	size_t blocks_made;

	ZopfliInitLZ77Store(in, &symbols);
	ZopfliInitBlockState(options, 0, length, 0, &state);
	ZopfliAllocHash(ZOPFLI_WINDOW_SIZE, &hash);
	ZopfliLZ77Greedy(&state, in, 0, length, &symbols, &hash);
	search->symbols = &symbols;
	blocks_made = cut_blocks(search, blocks);
	for (size_t i = 0; i < blocks_made; i++)
		blocks[i].begin = i ? symbols.pos[blocks[i].begin] : 0;
	ZopfliCleanHash(&hash);
	ZopfliCleanBlockState(&state);
	ZopfliCleanLZ77Store(&symbols);
	return blocks_made;
}

/* False: no memory. */
static bool new_search(struct search *search, size_t length)
{
	search->estimates = calloc(length + 1, sizeof(*search->estimates));
	search->weights = calloc(length + 2, sizeof(*search->weights));
	if (!search->estimates || !search->weights)
		return false;
	for (size_t i = 2; i < length + 2; i++) /* each symbol once, and the end of the block */
		search->weights[i] = (double)i * log2((double)i);
	return true;
}

uint8_t *xip_squeeze(const uint8_t *in, size_t length, int iterations, size_t *size)
{
	struct search search;
	struct block blocks[BLOCKS_MAX];
	unsigned char *out = NULL, bit = 0;
	ZopfliOptions options;
	size_t blocks_made = 0;

	ZopfliInitOptions(&options);
	options.numiterations = iterations;
	options.blocksplitting = 0;
	if (new_search(&search, length))
		blocks_made = plan_blocks(&options, in, length, &search, blocks);
	free(search.estimates);
	free(search.weights);
	*size = 0;
	for (size_t i = 0; i < blocks_made; i++)
		ZopfliDeflatePart(&options, 2, i + 1 == blocks_made, in, blocks[i].begin,
			i + 1 < blocks_made ? blocks[i + 1].begin : length, &bit, &out, size);
	return out;
}
