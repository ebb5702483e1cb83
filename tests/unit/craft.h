/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encodes cramfs images by hand, after include/uapi/linux/cramfs_fs.h: no code of the library has a
 * part in it. The fields of an inode are put together bit by bit, as a compiler of the target
 * would.
 */
#ifndef XIPFS_TESTS_CRAFT_H
#define XIPFS_TESTS_CRAFT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define CRAFT_ROOM 0x200000u

struct craft {
	bool big;
	uint32_t super; /* where the super block is: 0 or 512 */
	uint32_t flags;
	uint32_t size; /* of the image, bytes */
	uint32_t files, blocks;
	uint8_t *data; /* CRAFT_ROOM bytes of zeros at first */
};

/* An image of @size bytes without anything. craft_free frees it. */
static inline void craft_new(struct craft *craft, bool big, uint32_t flags, uint32_t size)
{
	*craft = (struct craft){.big = big, .flags = flags, .size = size};
	craft->data = calloc(1, CRAFT_ROOM);
	ck_assert_ptr_nonnull(craft->data);
}

static inline void craft_free(struct craft *craft)
{
	free(craft->data);
}

static inline void craft_put(struct craft *craft, uint32_t at, unsigned bytes, uint32_t value)
{
	ck_assert_uint_le(at + bytes, CRAFT_ROOM);
	for (unsigned i = 0; i < bytes; i++)
		craft->data[at + (craft->big ? bytes - 1 - i : i)] = (uint8_t)(value >> (8 * i));
}

/* Bit fields of one 32-bit word: little-endian compilers begin at bit 0, big-endian ones at bit 31.
 */
static inline void craft_fields(
	struct craft *craft, uint32_t at, unsigned width, uint32_t first, uint32_t second)
{
	if (craft->big)
		craft_put(craft, at, 4, first << (32 - width) | second);
	else
		craft_put(craft, at, 4, second << width | first);
}

struct craft_inode {
	uint16_t mode, uid;
	uint32_t size;
	uint8_t gid;
	uint32_t offset;
};

/* Writes an entry; @padded is the room for the name, a multiple of 4. Returns where the next one
 * goes. */
static inline uint32_t craft_raw_entry(struct craft *craft, uint32_t at,
	const struct craft_inode *inode, const char *name, size_t length, unsigned padded)
{
	craft_fields(craft, at, 16, inode->mode, inode->uid);
	craft_fields(craft, at + 4, 24, inode->size, inode->gid);
	craft_fields(craft, at + 8, 6, padded / 4, inode->offset / 4);
	ck_assert_uint_le(at + 12 + padded, CRAFT_ROOM);
	memset(craft->data + at + 12, 0, padded);
	memcpy(craft->data + at + 12, name, length);
	return at + 12 + padded;
}

static inline uint32_t craft_entry(struct craft *craft, uint32_t at, uint16_t mode, uint32_t size,
	uint32_t offset, const char *name)
{
	const struct craft_inode inode = {.mode = mode, .size = size, .offset = offset};

	craft->files++;
	return craft_raw_entry(
		craft, at, &inode, name, strlen(name), (unsigned)(strlen(name) + 3) & ~3u);
}

/* Writes the super block with a root directory at @root of @root_size bytes. */
static inline void craft_super(struct craft *craft, uint32_t root, uint32_t root_size)
{
	uint32_t at = craft->super;
	const struct craft_inode inode = {.mode = 0040755, .size = root_size, .offset = root};

	craft_put(craft, at, 4, 0x28cd3d45);
	craft_put(craft, at + 4, 4, craft->size);
	craft_put(craft, at + 8, 4, craft->flags);
	memcpy(craft->data + at + 16, "Compressed ROMFS", 16);
	craft_put(craft, at + 40, 4, craft->blocks);
	craft_put(craft, at + 44, 4, craft->files + 1);
	memcpy(craft->data + at + 48, "craft", 5);
	craft_raw_entry(craft, at + 64, &inode, "", 0, 0);
}

/* Puts the right CRC into the super block. */
static inline void craft_crc(struct craft *craft)
{
	craft_put(craft, craft->super + 32, 4, 0);
	craft_put(craft, craft->super + 32, 4,
		(uint32_t)crc32(0, craft->data + craft->super, craft->size - craft->super));
}

static inline void craft_pointer(
	struct craft *craft, uint32_t table, unsigned index, uint32_t value)
{
	craft_put(craft, table + 4 * index, 4, value);
}

#define CRAFT_UNCOMPRESSED 0x80000000u
#define CRAFT_DIRECT       0x40000000u

/* Compresses @length bytes to @at; returns where the stream ends. */
static inline uint32_t craft_zlib(
	struct craft *craft, uint32_t at, const uint8_t *content, uint32_t length)
{
	uLongf room = CRAFT_ROOM - at;

	ck_assert_int_eq(compress2(craft->data + at, &room, content, length, 9), Z_OK);
	return at + (uint32_t)room;
}

/*
 * A file of old style: @table, then its blocks of @page bytes, all compressed. Returns its end,
 * rounded up to 4.
 */
static inline uint32_t craft_file(
	struct craft *craft, uint32_t table, const uint8_t *content, uint32_t length, uint32_t page)
{
	uint32_t count = (length + page - 1) / page;
	uint32_t end = table + 4 * count;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t rest = length - i * page;

		end = craft_zlib(craft, end, content + i * page, rest < page ? rest : page);
		craft_pointer(craft, table, i, end);
	}
	craft->blocks += count;
	return (end + 3) & ~3u;
}

/* Bytes that shrink, but not to nothing. */
static inline void craft_text(uint8_t *content, uint32_t length, unsigned seed)
{
	for (uint32_t i = 0; i < length; i++)
		content[i] = (uint8_t)("etaoin shrdlu"[(i * 7 + i / 13 + seed) % 13]);
}

/* A file without a name that holds the image; the caller closes it. */
static inline int craft_open(const struct craft *craft)
{
	int fd = memfd_create("image", 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, craft->data, craft->size), craft->size);
	return fd;
}

#endif
