/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"

#define CHUNK_SIZE ((size_t)256 * 1024)
/* The first chunk is small: many stage values are. */
#define FIRST_SIZE ((size_t)8 * 1024)
/* No object has a member that needs more, and of many small ones the gaps would add up. */
#define ALIGNMENT alignof(uint64_t)

struct chunk {
	struct chunk *next;
	size_t size;  /* bytes after this header */
	size_t front; /* objects grow from the front... */
	size_t back;  /* ...and unaligned bytes from the back */
	alignas(ALIGNMENT) uint8_t data[];
};

struct xip_arena {
	struct chunk *chunks; /* the one in use first */
};

struct xip_arena *xip_arena_new(void)
{
	return calloc(1, sizeof(struct xip_arena));
}

void xip_arena_free(struct xip_arena *arena)
{
	if (!arena)
		return;
	while (arena->chunks) {
		struct chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	free(arena);
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *chunk;

	if (size > SIZE_MAX - sizeof(*chunk))
		return NULL;
	/* calloc: pages fresh from the kernel are zero already, so zeroing costs nothing. */
	chunk = calloc(1, sizeof(*chunk) + size);
	if (chunk) {
		chunk->size = size;
		chunk->back = size;
	}
	return chunk;
}

/* A chunk with @size free bytes, which becomes or stays the first unless @size is large. */
static struct chunk *chunk_with_room(struct xip_arena *arena, size_t size)
{
	struct chunk *chunk = arena->chunks;
	size_t wanted = chunk ? CHUNK_SIZE : FIRST_SIZE;

	if (chunk && chunk->back - chunk->front >= size)
		return chunk;
	if (chunk && size > CHUNK_SIZE / 4) { /* a large object does not end the current chunk */
		struct chunk *own = chunk_new(size);

		if (own) {
			own->next = chunk->next;
			chunk->next = own;
		}
		return own;
	}
	chunk = chunk_new(size > wanted ? size : wanted);
	if (chunk) {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	return chunk;
}

void *xip_arena_alloc(struct xip_arena *arena, size_t size)
{
	struct chunk *chunk;
	void *object;

	if (size > SIZE_MAX - ALIGNMENT)
		return NULL;
	size = (size_t)xip_align_up(size ? size : 1, ALIGNMENT);
	chunk = chunk_with_room(arena, size);
	if (!chunk)
		return NULL;
	object = chunk->data + chunk->front;
	chunk->front += size;
	return object;
}

void *xip_arena_calloc(struct xip_arena *arena, size_t count, size_t size)
{
	size_t bytes;

	return xip_mul_size(count, size, &bytes) ? xip_arena_alloc(arena, bytes) : NULL;
}

void *xip_arena_bytes(struct xip_arena *arena, size_t size)
{
	struct chunk *chunk = chunk_with_room(arena, size);

	if (!chunk)
		return NULL;
	chunk->back -= size;
	return chunk->data + chunk->back;
}

char *xip_arena_strndup(struct xip_arena *arena, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? xip_arena_bytes(arena, length + 1) : NULL;

	if (copy) {
		memcpy(copy, text, length);
		copy[length] = '\0';
	}
	return copy;
}
