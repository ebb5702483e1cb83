/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file is read twice, each time from front to back: for signatures, then for CRCs. The CRC of a
 * piece follows from those of all bytes before its start and before its end, so images that overlap
 * or hold one another cost nothing more.
 */
#include "xipfs/read/find.h"

#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/base/io.h"

#define CHUNK     ((size_t)1 << 20)
#define SIGNATURE 16u /* where it is in a super block */

struct search {
	int fd;
	const char *path;
	const struct xip_diag *diag;
	uint8_t *buffer; /* CHUNK and the super block that may begin at its end */
	size_t limit;
	size_t room; /* of list->items */
	struct xip_found_list *list;
};

/* --- Super blocks ---------------------------------------------------------------------------- */

/* Are the 76 bytes at @super one? */
static bool judge(const uint8_t *super, struct xip_found *found)
{
	found->big = xip_get32(super, true) == CRAMFS_MAGIC;
	if (!found->big && xip_get32(super, false) != CRAMFS_MAGIC)
		return false;
	xip_super_decode(&found->super, super, found->big);
	return xip_mode_is_directory(found->super.root.mode) &&
	       (!(found->super.flags & CRAMFS_FLAG_FSID_VERSION_2) ||
		       found->super.size >= XIP_SUPER_SIZE);
}

static enum xip_err keep(struct search *search, struct xip_found *found, uint64_t position)
{
	struct xip_found_list *list = search->list;

	if (list->count == search->room) {
		size_t room = search->room ? 2 * search->room : 16;
		struct xip_found *larger = realloc(list->items, room * sizeof(*larger));

		if (!larger)
			return xip_diag_nomem(search->diag);
		list->items = larger;
		search->room = room;
	}
	found->offset = position;
	found->super_offset = 0;
	list->items[list->count++] = *found;
	return XIP_OK;
}

/* Looks for super blocks that begin in the first CHUNK bytes of @length at @position. */
static enum xip_err search_chunk(struct search *search, uint64_t position, size_t length)
{
	const uint8_t *end = search->buffer + length, *next = search->buffer + SIGNATURE;
	enum xip_err err = XIP_OK;

	while (!err && next < end) {
		const uint8_t *sign =
			memmem(next, (size_t)(end - next), CRAMFS_SIGNATURE, SIGNATURE);
		struct xip_found found = {0};
		size_t at;

		if (!sign)
			break;
		next = sign + 1;
		at = (size_t)(sign - search->buffer) - SIGNATURE;
		if (at >= CHUNK || length - at < XIP_SUPER_SIZE ||
			!judge(search->buffer + at, &found))
			continue;
		search->list->more = search->list->count == search->limit;
		if (search->list->more)
			break;
		err = keep(search, &found, position + at);
	}
	return err;
}

static enum xip_err search_file(struct search *search, uint64_t from)
{
	enum xip_err err = XIP_OK;
	size_t got = SIZE_MAX;

	for (uint64_t at = from; !err && got > CHUNK && !search->list->more; at += CHUNK) {
		err = xip_io_pread(search->fd, search->buffer, CHUNK + XIP_SUPER_SIZE, at, &got,
			search->diag, search->path);
		if (!err)
			err = search_chunk(search, at, got);
		search->list->file_size = at + got;
	}
	return err;
}

/* --- CRCs ------------------------------------------------------------------------------------ */

/* The CRC of all bytes from the first super block up to @position. */
struct mark {
	uint64_t position;
	uint32_t crc;
};

/* Of one image: after its super block, and its two possible ends. */
enum {
	MARK_BEGIN,
	MARK_END,
	MARK_PADDED_END, /* with boot code, which the size counts and the CRC does not */
	MARKS
};

static int compare_marks(const void *a, const void *b)
{
	const struct mark *const *x = a, *const *y = b;

	return ((*x)->position > (*y)->position) - ((*x)->position < (*y)->position);
}

static void set_marks(const struct search *search, struct mark *marks)
{
	uint64_t file_size = search->list->file_size;

	for (size_t i = 0; i < search->list->count; i++) {
		const struct xip_found *found = &search->list->items[i];
		uint64_t end = found->offset + found->super.size, padded = end - XIP_BOOT_PAD;
		uint64_t begin = found->offset + XIP_SUPER_SIZE;
		struct mark *mark = &marks[i * MARKS];

		/* A missing end is set to the start: that costs nothing and matches nothing. */
		mark[MARK_BEGIN].position = begin;
		mark[MARK_END].position = begin <= end && end <= file_size ? end : begin;
		mark[MARK_PADDED_END].position =
			found->offset >= XIP_BOOT_PAD && begin <= padded && padded <= file_size
				? padded
				: begin;
	}
}

/* Reads the file up to the last mark and fills in what the CRC is at each. */
static enum xip_err run_over(
	const struct search *search, uint64_t from, struct mark **sorted, size_t count)
{
	uint64_t at = from;
	uint32_t crc = 0;

	for (size_t i = 0; i < count;) {
		uint64_t rest = sorted[i]->position - at;
		size_t part = rest < CHUNK ? (size_t)rest : CHUNK;
		enum xip_err err = xip_io_pread_full(
			search->fd, search->buffer, part, at, search->diag, search->path);

		if (err)
			return err;
		crc = xip_crc32(crc, search->buffer, part);
		at += part;
		while (i < count && sorted[i]->position == at)
			sorted[i++]->crc = crc;
	}
	return XIP_OK;
}

/* Is the image's CRC right if it ends at @end? */
static bool is_right(
	const struct xip_found *found, const struct mark *begin, const struct mark *end)
{
	uint64_t length = end->position - begin->position;
	struct xip_super super = found->super;
	uint8_t head[XIP_SUPER_SIZE];

	super.crc = 0;
	xip_super_encode(head, &super, found->big);
	return length &&
	       xip_crc32_join(xip_crc32(0, head, sizeof(head)),
		       xip_crc32_join(begin->crc, end->crc, length), length) == found->super.crc;
}

static void give_verdict(struct xip_found *found, const struct mark *marks, uint64_t file_size)
{
	const struct mark *begin = &marks[MARK_BEGIN];
	bool has_crc = found->super.flags & CRAMFS_FLAG_FSID_VERSION_2;
	bool plain = has_crc && is_right(found, begin, &marks[MARK_END]);
	bool padded = has_crc && is_right(found, begin, &marks[MARK_PADDED_END]);

	if (!plain && found->offset >= XIP_BOOT_PAD &&
		(padded || found->super.root.offset == XIP_BOOT_PAD + XIP_SUPER_SIZE)) {
		found->offset -= XIP_BOOT_PAD;
		found->super_offset = XIP_BOOT_PAD;
	}
	if (!has_crc)
		found->crc = XIP_CRC_NONE;
	else if (plain || padded)
		found->crc = XIP_CRC_GOOD;
	else
		found->crc =
			found->offset + found->super.size > file_size ? XIP_CRC_CUT : XIP_CRC_BAD;
}

static enum xip_err check_crcs(const struct search *search)
{
	struct xip_found_list *list = search->list;
	size_t count = list->count * MARKS;
	struct mark *marks = calloc(count + 1, sizeof(*marks));
	struct mark **sorted = calloc(count + 1, sizeof(struct mark *));
	enum xip_err err = marks && sorted ? XIP_OK : xip_diag_nomem(search->diag);

	if (!err && count) {
		set_marks(search, marks);
		for (size_t i = 0; i < count; i++)
			sorted[i] = &marks[i];
		qsort(sorted, count, sizeof(*sorted), compare_marks);
		err = run_over(search, list->items[0].offset, sorted, count);
	}
	for (size_t i = 0; !err && i < list->count; i++)
		give_verdict(&list->items[i], &marks[i * MARKS], list->file_size);
	free(sorted);
	free(marks);
	return err;
}

enum xip_err xip_find_images(int fd, const char *path, uint64_t from, size_t limit,
	struct xip_found_list *list, const struct xip_diag *diag)
{
	struct search search = {
		.fd = fd,
		.path = path,
		.diag = diag,
		.buffer = malloc(CHUNK + XIP_SUPER_SIZE),
		.limit = limit,
		.list = list,
	};
	enum xip_err err = search.buffer ? XIP_OK : xip_diag_nomem(diag);

	*list = (struct xip_found_list){0};
	if (!err)
		err = search_file(&search, from);
	if (!err)
		err = check_crcs(&search);
	free(search.buffer);
	if (err)
		xip_found_free(list);
	return err;
}

void xip_found_free(struct xip_found_list *list)
{
	free(list->items);
	*list = (struct xip_found_list){0};
}
