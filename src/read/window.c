/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small direct-mapped cache between the reader and pread. Not mmap: a file that is truncated
 * while it is mapped kills the process with SIGBUS.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/base/io.h"

/* Small: a hostile image can make each block a read elsewhere, at the cost of a window. */
#define WINDOW_SHIFT 13
#define WINDOW_SIZE  ((size_t)1 << WINDOW_SHIFT)
#define WINDOW_COUNT 512 /* 4 MiB in all */

struct xip_window_cache {
	int fd;
	uint64_t base; /* of the image in the file */
	uint64_t size;
	const char *path;
	uint64_t number[WINDOW_COUNT]; /* which window a slot holds, plus 1; 0: none */
	uint8_t *data[WINDOW_COUNT];   /* allocated when it is first used */
};

struct xip_window_cache *xip_window_new(int fd, uint64_t base, uint64_t size, const char *path)
{
	struct xip_window_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->fd = fd;
	cache->base = base;
	cache->size = size;
	cache->path = path;
	return cache;
}

void xip_window_free(struct xip_window_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < WINDOW_COUNT; i++)
		free(cache->data[i]);
	free(cache);
}

static enum xip_err window_fill(
	struct xip_window_cache *cache, uint64_t number, const struct xip_diag *diag)
{
	size_t slot = number % WINDOW_COUNT;
	uint64_t offset = number << WINDOW_SHIFT;
	uint64_t rest = cache->size - offset;
	enum xip_err err;

	if (cache->number[slot] == number + 1)
		return XIP_OK;
	if (!cache->data[slot])
		cache->data[slot] = malloc(WINDOW_SIZE);
	if (!cache->data[slot])
		return xip_diag_nomem(diag);
	cache->number[slot] = 0;
	err = xip_io_pread_full(cache->fd, cache->data[slot],
		rest < WINDOW_SIZE ? (size_t)rest : WINDOW_SIZE, cache->base + offset, diag,
		cache->path);
	if (!err)
		cache->number[slot] = number + 1;
	return err;
}

enum xip_err xip_window_read(struct xip_window_cache *cache, uint64_t offset, void *buffer,
	size_t length, const struct xip_diag *diag)
{
	uint8_t *to = buffer;

	while (length) {
		uint64_t number = offset >> WINDOW_SHIFT;
		size_t begin = offset & (WINDOW_SIZE - 1);
		size_t part = WINDOW_SIZE - begin < length ? WINDOW_SIZE - begin : length;
		enum xip_err err = window_fill(cache, number, diag);

		if (err)
			return err;
		memcpy(to, cache->data[number % WINDOW_COUNT] + begin, part);
		to += part;
		offset += part;
		length -= part;
	}
	return XIP_OK;
}

enum xip_err xip_image_read(const struct xip_image *image, uint64_t offset, void *buffer,
	size_t length, const struct xip_diag *diag)
{
	if (!xip_range_inside(offset, length, image->info.size))
		return xip_diag_fail(diag, XIP_ERR_CORRUPT, image->path, offset,
			"%zu bytes wanted outside the image", length);
	return xip_window_read(image->cache, offset, buffer, length, diag);
}
