/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of one stage value: allocated piece by piece, freed at once.
 */
#ifndef XIPFS_ARENA_H
#define XIPFS_ARENA_H

#include <stddef.h>

struct xip_arena;

/* NULL when memory ran out. The caller owns the arena and frees it with xip_arena_free. */
struct xip_arena *xip_arena_new(void);

/* Frees the arena and everything allocated from it; NULL is fine. */
void xip_arena_free(struct xip_arena *arena);

/*
 * @size zeroed bytes, aligned for pointers and 64-bit integers; NULL when memory ran out. Size 0
 * gives a valid pointer. Not to be called from two threads at once.
 */
void *xip_arena_alloc(struct xip_arena *arena, size_t size);

/* As xip_arena_alloc for @count objects of @size bytes; NULL also when the product wraps. */
void *xip_arena_calloc(struct xip_arena *arena, size_t count, size_t size);

/* @size bytes, neither zeroed nor aligned: for names and payloads, packed without gaps. */
void *xip_arena_bytes(struct xip_arena *arena, size_t size);

/* A copy of @length bytes and a NUL after it; NULL when memory ran out. */
char *xip_arena_strndup(struct xip_arena *arena, const char *text, size_t length);

#endif
