/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sound image with a bit of everything, for tests that break it.
 */
#ifndef XIPFS_TESTS_SOUND_H
#define XIPFS_TESTS_SOUND_H

#include "craft.h"
#include "make_elf.h"

#define FLAGS 0x903u /* FSID_VERSION_2, SORTED_DIRS, HOLES, EXT_BLOCK_POINTERS */

static struct craft craft;
static uint8_t content[65536];

/*
 * 0x10000 bytes:
 *   76    root: dir, fdpic, file, link, null, prog
 *   0x100 /dir: a, b      (b empty)
 *   0x200 table of /dir/a, compressed, 2 blocks
 *   0x400 table of /fdpic 3 blocks: 2 direct at 0x4000, 1 compressed
 *   0x600 table of /file, 3 blocks: compressed, hole, stored
 *   0x2000 table of /link
 *   0x2100 table of /prog, 3 blocks: 2 direct at 0x8000, 1 compressed
 */
#define ROOT      76u
#define DIR       0x100u
#define A_TABLE   0x200u
#define FDPIC     0x400u
#define FILE_DATA 0x600u
#define LINK      0x2000u
#define PROG      0x2100u

static struct {
	uint32_t dir, fdpic, file, link, null, prog, a, b; /* positions of the entries */
} at;

/* A program whose text is two pages, of which the second is shared with its data. */
static void place_program(uint32_t table, uint32_t flash, bool fdpic)
{
	static uint8_t bytes[0x8000];
	struct make_elf elf = {.big = craft.big, .machine = EM_ARM};
	size_t size;

	if (fdpic)
		make_fdpic(&elf, 0x1800, 0x900, 0x100, 0, 4096);
	else
		make_plain(&elf, 0x1800, 0x900, 0x100, 0, 4096);
	size = make_elf(bytes, &elf);
	ck_assert_uint_gt(size, 8192);
	ck_assert_uint_le(size, 12288);
	memcpy(craft.data + flash, bytes, 8192);
	craft_pointer(&craft, table, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | flash / 4);
	craft_pointer(&craft, table, 1, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | (flash + 4096) / 4);
	craft_put(&craft, table + 12, 2,
		craft_zlib(&craft, table + 14, bytes + 8192, (uint32_t)size - 8192) - (table + 14));
	craft_pointer(&craft, table, 2, CRAFT_DIRECT | (table + 12) / 4);
	craft.blocks += 3;
	if (fdpic)
		at.null = (uint32_t)size; /* for the entry, see make_sound */
	else
		at.prog = (uint32_t)size;
}

static void make_sound(bool big)
{
	uint32_t end, fdpic_size, prog_size;

	craft_new(&craft, big, FLAGS, 0x10000);
	craft_text(content, sizeof(content), 3);
	place_program(FDPIC, 0x4000, true);
	place_program(PROG, 0x8000, false);
	fdpic_size = at.null;
	prog_size = at.prog;
	at.dir = ROOT;
	at.fdpic = craft_entry(&craft, at.dir, 0040755, 32, DIR, "dir");
	at.file = craft_entry(&craft, at.fdpic, 0100755, fdpic_size, FDPIC, "fdpic");
	at.link = craft_entry(&craft, at.file, 0100644, 12288, FILE_DATA, "file");
	at.null = craft_entry(&craft, at.link, 0120777, 4, LINK, "link");
	at.prog = craft_entry(&craft, at.null, 0020666, 0x103, 0, "null");
	end = craft_entry(&craft, at.prog, 0100755, prog_size, PROG, "prog");
	craft_super(&craft, ROOT, end - ROOT);
	at.a = DIR;
	at.b = craft_entry(&craft, at.a, 0100644, 5000, A_TABLE, "a");
	craft_entry(&craft, at.b, 0010600, 0, 0, "b");
	craft_file(&craft, A_TABLE, content, 5000, 4096);
	craft_file(&craft, LINK, (const uint8_t *)"file", 4, 4096);
	end = craft_zlib(&craft, FILE_DATA + 12, content, 4096);
	craft_pointer(&craft, FILE_DATA, 0, end);
	craft_pointer(&craft, FILE_DATA, 1, end);
	memcpy(craft.data + end, content + 8192, 4096);
	craft_pointer(&craft, FILE_DATA, 2, CRAFT_UNCOMPRESSED | (end + 4096));
	craft.blocks += 3;
	craft_super(&craft, ROOT, at.prog + 20 - 4 - ROOT);
}

#endif
