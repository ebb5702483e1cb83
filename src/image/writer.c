/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "wrap.h"
#include "xipfs/base/bytes.h"
#include "xipfs/base/io.h"

#define BUFFER_SIZE ((size_t)1 << 20)

struct writer {
	const struct xip_layout *layout;
	const struct xip_diag *diag;
	const char *path;
	int fd;
	uint8_t *buffer;
	size_t used;
	uint64_t flushed; /* bytes of the image that are in the file */
	uint32_t crc;
	enum xip_err err; /* the first failure; nothing is written after it */
};

static uint64_t position(const struct writer *w)
{
	return w->flushed + w->used;
}

/* The CRC leaves out the boot padding, so boot code can be put there later. */
static void add_to_crc(struct writer *w)
{
	uint64_t start = w->layout->super_offset;
	size_t skip = 0;

	if (w->flushed < start)
		skip = start - w->flushed < w->used ? (size_t)(start - w->flushed) : w->used;
	w->crc = xip_crc32(w->crc, w->buffer + skip, w->used - skip);
}

static void flush(struct writer *w)
{
	if (!w->err)
		w->err =
			xip_io_pwrite_full(w->fd, w->buffer, w->used, w->flushed, w->diag, w->path);
	add_to_crc(w);
	w->flushed += w->used;
	w->used = 0;
}

/* Room for @length <= BUFFER_SIZE bytes at the end of the buffer, to be filled by the caller. */
static uint8_t *reserve(struct writer *w, size_t length)
{
	uint8_t *p;

	if (BUFFER_SIZE - w->used < length)
		flush(w);
	p = w->buffer + w->used;
	w->used += length;
	return p;
}

static void put_bytes(struct writer *w, const uint8_t *bytes, size_t length)
{
	while (length) {
		size_t part = length < BUFFER_SIZE ? length : BUFFER_SIZE;

		memcpy(reserve(w, part), bytes, part);
		bytes += part;
		length -= part;
	}
}

static void put_zeros(struct writer *w, uint64_t length)
{
	while (length) {
		size_t part = length < BUFFER_SIZE ? (size_t)length : BUFFER_SIZE;

		memset(reserve(w, part), 0, part);
		length -= part;
	}
}

/* --- The pieces ------------------------------------------------------------------------------ */

static struct xip_inode inode_of(const struct xip_layout *layout, const struct xip_node *node)
{
	const struct xip_tree_inode *source = node->inode;
	struct xip_inode inode = {
		.mode = (uint16_t)source->mode,
		.uid = (uint16_t)source->uid,
		.gid = (uint8_t)source->gid,
		.namelen = (uint8_t)xip_align_up(node->name_length, 4),
	};

	if (xip_mode_has_data(source->mode)) {
		inode.size = layout->files[source->number].size;
		inode.offset = layout->files[source->number].offset;
	} else if (xip_mode_is_directory(source->mode)) {
		inode.size = layout->directories[node->number].size;
		inode.offset = layout->directories[node->number].offset;
	} else {
		/* For a FIFO or socket both numbers are 0; a device's were checked by the tree. */
		(void)xip_rdev_encode(&inode.size, source->major, source->minor);
	}
	return inode;
}

static void put_directory(struct writer *w, const struct xip_node *directory)
{
	for (uint32_t i = 0; i < directory->child_count; i++) {
		const struct xip_node *node = directory->children[i];
		uint32_t length = xip_layout_entry_size(node);
		struct xip_inode inode = inode_of(w->layout, node);
		uint8_t *entry = reserve(w, length);

		memset(entry, 0, length);
		xip_inode_encode(entry, &inode, w->layout->big);
		memcpy(entry + XIP_INODE_SIZE, node->name, node->name_length);
	}
}

static void put_table(struct writer *w, const uint32_t *pointers, uint32_t bytes)
{
	uint8_t *out = reserve(w, bytes);

	for (uint32_t i = 0; i < bytes / XIP_POINTER_SIZE; i++)
		xip_put32(out + (size_t)i * XIP_POINTER_SIZE, pointers[i], w->layout->big);
}

static void put_extent(
	struct writer *w, const struct xip_layout_extent *extent, const uint8_t *insert)
{
	const struct xip_payload *payload = extent->u.payload;

	switch (extent->kind) {
	case XIP_LAYOUT_DIRECTORY:
		put_directory(w, extent->u.node);
		break;
	case XIP_LAYOUT_TABLE:
		put_table(w, extent->u.pointers, extent->length);
		break;
	case XIP_LAYOUT_PAYLOAD:
	case XIP_LAYOUT_XIP:
		put_bytes(w, payload->bytes, payload->length);
		break;
	case XIP_LAYOUT_DIRECT:
		xip_put16(reserve(w, 2), (uint16_t)payload->length, w->layout->big);
		put_bytes(w, payload->bytes, payload->length);
		break;
	case XIP_LAYOUT_WRAPPED:
		xip_put16(reserve(w, 2), (uint16_t)(extent->length - 2), w->layout->big);
		xip_wrap(reserve(w, extent->length - 2), payload->bytes, payload->length);
		break;
	case XIP_LAYOUT_BARE:
		xip_wrap(reserve(w, extent->length), payload->bytes, payload->length);
		break;
	case XIP_LAYOUT_INSERT:
		put_bytes(w, insert, extent->length);
		break;
	}
}

static enum xip_err misplaced(struct writer *w, uint64_t planned)
{
	return xip_diag_fail(w->diag, XIP_ERR_CORRUPT, w->path, position(w),
		"internal error: a piece planned for byte %llu would land at byte %llu",
		(unsigned long long)planned, (unsigned long long)position(w));
}

static enum xip_err write_pieces(struct writer *w, const uint8_t *insert)
{
	const struct xip_layout *layout = w->layout;

	put_zeros(w, layout->super_offset);
	xip_super_encode(reserve(w, XIP_SUPER_SIZE), &layout->super, layout->big);
	for (size_t i = 0; !w->err && i < layout->extent_count; i++) {
		const struct xip_layout_extent *extent = &layout->extents[i];

		if (position(w) > extent->position)
			return misplaced(w, extent->position);
		put_zeros(w, extent->position - position(w));
		put_extent(w, extent, insert);
		if (position(w) != (uint64_t)extent->position + extent->length)
			return misplaced(w, (uint64_t)extent->position + extent->length);
	}
	if (!w->err)
		put_zeros(w, layout->size - position(w));
	flush(w);
	return w->err;
}

enum xip_err xip_writer_write(const struct xip_layout *layout, const uint8_t *insert, int fd,
	const char *path, const struct xip_diag *diag)
{
	struct writer w = {.layout = layout, .diag = diag, .path = path, .fd = fd};
	uint8_t crc[4];
	enum xip_err err;

	w.buffer = malloc(BUFFER_SIZE);
	if (!w.buffer)
		return xip_diag_nomem(diag);
	err = write_pieces(&w, insert);
	free(w.buffer);
	if (err)
		return err;
	xip_put32(crc, w.crc, layout->big);
	return xip_io_pwrite_full(
		fd, crc, sizeof(crc), layout->super_offset + XIP_SUPER_CRC, diag, path);
}

enum xip_err xip_writer_pad(int fd, uint64_t from, uint64_t to, uint8_t byte, const char *path,
	const struct xip_diag *diag)
{
	uint8_t *buffer = from < to ? malloc(BUFFER_SIZE) : NULL;
	enum xip_err err = XIP_OK;

	if (from >= to)
		return XIP_OK;
	if (!buffer)
		return xip_diag_nomem(diag);
	memset(buffer, byte, BUFFER_SIZE);
	while (!err && from < to) {
		size_t part = to - from < BUFFER_SIZE ? (size_t)(to - from) : BUFFER_SIZE;

		err = xip_io_pwrite_full(fd, buffer, part, from, diag, path);
		from += part;
	}
	free(buffer);
	return err;
}
