/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS      64u
#define FIRST_SLOTS 64u

/* A shard has its own lock, so threads seldom wait for each other. */
struct shard {
	pthread_mutex_t lock;
	struct xip_payload **slots; /* chains by hash */
	size_t slot_count;          /* a power of two */
	size_t used;
};

struct xip_store {
	struct shard shards[SHARDS];
};

enum xip_err xip_store_new(struct xip_store **result)
{
	struct xip_store *store = calloc(1, sizeof(*store));
	enum xip_err err = store ? XIP_OK : XIP_ERR_NOMEM;

	for (unsigned i = 0; store && i < SHARDS; i++) {
		struct shard *shard = &store->shards[i];

		pthread_mutex_init(&shard->lock, NULL);
		shard->slots = calloc(FIRST_SLOTS, sizeof(struct xip_payload *));
		shard->slot_count = FIRST_SLOTS;
		if (!shard->slots)
			err = XIP_ERR_NOMEM;
	}
	if (err) {
		xip_store_free(store);
		store = NULL;
	}
	*result = store;
	return err;
}

void xip_store_free(struct xip_store *store)
{
	for (unsigned i = 0; store && i < SHARDS; i++) {
		pthread_mutex_destroy(&store->shards[i].lock);
		free(store->shards[i].slots);
	}
	free(store);
}

static bool may_be_equal(const struct xip_payload *payload, const struct xip_raw_block *raw)
{
	return payload->hash == raw->hash && payload->raw_length == raw->length &&
	       (payload->kind == XIP_PAYLOAD_XIP) == (raw->kind == XIP_PAYLOAD_XIP);
}

static bool is_equal(const struct xip_payload *payload, const struct xip_raw_block *raw,
	struct xip_inflater *inflater, uint8_t *page)
{
	size_t length;

	if (payload->kind != XIP_PAYLOAD_COMPRESSED)
		return !memcmp(payload->bytes, raw->bytes, raw->length);
	return !xip_inflate(
		       inflater, payload->bytes, payload->length, page, raw->length, &length) &&
	       length == raw->length && !memcmp(page, raw->bytes, length);
}

static struct shard *shard_of(struct xip_store *store, uint64_t hash)
{
	return &store->shards[hash >> 58];
}

/* The head of the chain that @payload's or @raw's content belongs to. */
static struct xip_payload **chain(const struct shard *shard, uint64_t hash)
{
	return &shard->slots[hash & (shard->slot_count - 1)];
}

static enum xip_err grow(struct shard *shard)
{
	struct shard larger = {.slot_count = shard->slot_count * 2};

	larger.slots = calloc(larger.slot_count, sizeof(struct xip_payload *));
	if (!larger.slots)
		return XIP_ERR_NOMEM;
	for (size_t i = 0; i < shard->slot_count; i++) {
		while (shard->slots[i]) {
			struct xip_payload *payload = shard->slots[i];
			struct xip_payload **head = chain(&larger, payload->hash);

			shard->slots[i] = payload->next;
			payload->next = *head;
			*head = payload;
		}
	}
	free(shard->slots);
	shard->slots = larger.slots;
	shard->slot_count = larger.slot_count;
	return XIP_OK;
}

/* The payload in the chain of @shard, which the caller has locked, with the content of @raw. */
static struct xip_payload *find_locked(const struct shard *shard, const struct xip_raw_block *raw,
	struct xip_inflater *inflater, uint8_t *page)
{
	struct xip_payload *payload = *chain(shard, raw->hash);

	while (payload && !(may_be_equal(payload, raw) && is_equal(payload, raw, inflater, page)))
		payload = payload->next;
	return payload;
}

struct xip_payload *xip_store_find(struct xip_store *store, const struct xip_raw_block *raw,
	struct xip_inflater *inflater, uint8_t *page)
{
	struct shard *shard = shard_of(store, raw->hash);
	struct xip_payload *payload;

	pthread_mutex_lock(&shard->lock);
	payload = find_locked(shard, raw, inflater, page);
	pthread_mutex_unlock(&shard->lock);
	return payload;
}

enum xip_err xip_store_add(struct xip_store *store, struct xip_payload *payload,
	const struct xip_raw_block *raw, struct xip_inflater *inflater, uint8_t *page,
	struct xip_payload **kept)
{
	struct shard *shard = shard_of(store, raw->hash);
	enum xip_err err = XIP_OK;

	pthread_mutex_lock(&shard->lock);
	if (shard->used >= shard->slot_count)
		err = grow(shard);
	*kept = find_locked(shard, raw, inflater, page);
	if (!err && !*kept) {
		struct xip_payload **head = chain(shard, raw->hash);

		payload->next = *head;
		*head = payload;
		shard->used++;
		*kept = payload;
	}
	pthread_mutex_unlock(&shard->lock);
	return err;
}
