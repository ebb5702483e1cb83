/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The on-disk codec against bytes worked out by hand from the bit fields of struct cramfs_inode.
 */
#include "run_suite.h"
#include "xipfs/format/format.h"

#include <check.h>
#include <string.h>

/*
 * mode 0100755, uid 0x1234, size 0xabcdef, gid 0x56, namelen 12 (3 words), offset 0x0123458
 * (0x48d16 words).
 */
static const struct xip_inode sample = {
	.mode = 0100755,
	.uid = 0x1234,
	.size = 0xabcdef,
	.gid = 0x56,
	.namelen = 12,
	.offset = 0x123458,
};
/* third word: 0x48d16 << 6 | 3 = 0x1234583 */
static const uint8_t sample_little[12] = {
	0xed, 0x81, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x56, 0x83, 0x45, 0x23, 0x01};
/* third word: 3 << 26 | 0x48d16 = 0x0c048d16 */
static const uint8_t sample_big[12] = {
	0x81, 0xed, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x56, 0x0c, 0x04, 0x8d, 0x16};

static void expect_equal(const struct xip_inode *a, const struct xip_inode *b)
{
	ck_assert_uint_eq(a->mode, b->mode);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_uint_eq(a->size, b->size);
	ck_assert_uint_eq(a->gid, b->gid);
	ck_assert_uint_eq(a->namelen, b->namelen);
	ck_assert_uint_eq(a->offset, b->offset);
}

START_TEST(inode_by_hand)
{
	struct xip_inode back;
	uint8_t out[14];

	memset(out, 0xee, sizeof(out));
	xip_inode_encode(out + 1, &sample, false);
	ck_assert_mem_eq(out + 1, sample_little, 12);
	xip_inode_encode(out + 1, &sample, true);
	ck_assert_mem_eq(out + 1, sample_big, 12);
	ck_assert_uint_eq(out[0], 0xee);
	ck_assert_uint_eq(out[13], 0xee);
	xip_inode_decode(&back, sample_little, false);
	expect_equal(&back, &sample);
	xip_inode_decode(&back, sample_big, true);
	expect_equal(&back, &sample);
}
END_TEST

/* Every field at its largest, alone: no bit of it reaches another field. */
START_TEST(inode_fields)
{
	const struct xip_inode fields[] = {
		{0},
		{.mode = 0xffff},
		{.uid = 0xffff},
		{.size = XIP_FILE_SIZE_MAX},
		{.gid = 0xff},
		{.namelen = XIP_NAME_MAX},
		{.offset = XIP_OFFSET_LIMIT - 4},
		{0xffff, 0xffff, 0xff, XIP_NAME_MAX, XIP_FILE_SIZE_MAX, XIP_OFFSET_LIMIT - 4},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		for (int big = 0; big < 2; big++) {
			struct xip_inode back;
			uint8_t out[12];
			unsigned bits = 0;

			xip_inode_encode(out, &fields[i], big);
			xip_inode_decode(&back, out, big);
			expect_equal(&back, &fields[i]);
			for (size_t k = 0; k < 12; k++)
				bits += (unsigned)__builtin_popcount(out[k]);
			ck_assert_uint_eq(bits, ((unsigned[]){0, 16, 16, 24, 8, 6, 26, 96})[i]);
		}
	}
}
END_TEST

START_TEST(super_by_hand)
{
	struct xip_super super = {
		.magic = CRAMFS_MAGIC,
		.size = 0x01020304,
		.flags = 0x903,
		.future = 0x11121314,
		.crc = 0x21222324,
		.edition = 0x31323334,
		.blocks = 0x41424344,
		.files = 0x51525354,
		.root = sample,
	};
	static const uint8_t words_big[] = {
		0x28, 0xcd, 0x3d, 0x45, 1, 2, 3, 4, 0, 0, 9, 3, 0x11, 0x12, 0x13, 0x14};
	static const uint8_t fsid_little[] = {0x24, 0x23, 0x22, 0x21, 0x34, 0x33, 0x32, 0x31, 0x44,
		0x43, 0x42, 0x41, 0x54, 0x53, 0x52, 0x51};

	memcpy(super.signature, CRAMFS_SIGNATURE, 16);
	memcpy(super.name, "sixteen letters!", 16);
	for (int big = 0; big < 2; big++) {
		uint8_t out[XIP_SUPER_SIZE + 1];
		struct xip_super back;

		out[XIP_SUPER_SIZE] = 0xee;
		xip_super_encode(out, &super, big);
		ck_assert_uint_eq(out[XIP_SUPER_SIZE], 0xee);
		ck_assert_mem_eq(out + 16, "Compressed ROMFS", 16);
		ck_assert_mem_eq(out + 48, "sixteen letters!", 16);
		ck_assert_mem_eq(out + XIP_SUPER_ROOT, big ? sample_big : sample_little, 12);
		if (big)
			ck_assert_mem_eq(out, words_big, 16);
		else
			ck_assert_mem_eq(out + XIP_SUPER_CRC, fsid_little, 16);
		xip_super_decode(&back, out, big);
		ck_assert_uint_eq(back.magic, super.magic);
		ck_assert_uint_eq(back.size, super.size);
		ck_assert_uint_eq(back.flags, super.flags);
		ck_assert_uint_eq(back.future, super.future);
		ck_assert_uint_eq(back.crc, super.crc);
		ck_assert_uint_eq(back.edition, super.edition);
		ck_assert_uint_eq(back.blocks, super.blocks);
		ck_assert_uint_eq(back.files, super.files);
		ck_assert_mem_eq(back.signature, super.signature, 16);
		ck_assert_mem_eq(back.name, super.name, 16);
		expect_equal(&back.root, &super.root);
	}
}
END_TEST

/* As old_encode_dev() and old_decode_dev() in include/linux/kdev_t.h. */
START_TEST(device_numbers)
{
	uint32_t size = 7, major, minor;

	ck_assert(xip_rdev_encode(&size, 4, 64));
	ck_assert_uint_eq(size, 0x440);
	ck_assert(xip_rdev_encode(&size, 255, 255));
	ck_assert_uint_eq(size, 0xffff);
	ck_assert(xip_rdev_encode(&size, 0, 0));
	ck_assert_uint_eq(size, 0);
	ck_assert(!xip_rdev_encode(&size, 256, 0));
	ck_assert(!xip_rdev_encode(&size, 0, 256));
	ck_assert(!xip_rdev_encode(&size, UINT32_MAX, UINT32_MAX));
	xip_rdev_decode(0x1234, &major, &minor);
	ck_assert_uint_eq(major, 0x12);
	ck_assert_uint_eq(minor, 0x34);
	xip_rdev_decode(0xff1234, &major, &minor); /* the kernel looks at 16 bits only */
	ck_assert_uint_eq(major, 0x12);
}
END_TEST

START_TEST(modes)
{
	unsigned valid = 0;

	for (uint32_t type = 0; type < 16; type++) {
		ck_assert_int_eq(
			xip_mode_is_valid(type << 12), xip_mode_is_valid(type << 12 | 07777));
		valid += xip_mode_is_valid(type << 12);
	}
	ck_assert_uint_eq(valid, 7);
	ck_assert(xip_mode_is_valid(0010000) && xip_mode_is_valid(0020000) &&
		  xip_mode_is_valid(0040000) && xip_mode_is_valid(0060000) &&
		  xip_mode_is_valid(0100000) && xip_mode_is_valid(0120000) &&
		  xip_mode_is_valid(0140000));
}
END_TEST

START_TEST(page_sizes)
{
	static const uint64_t bad[] = {0, 1, 512, 2048, 4095, 4097, 12288, 131072,
		(uint64_t)1 << 32, ((uint64_t)1 << 32) + 4096, UINT64_MAX};

	for (uint64_t size = 4096; size <= 65536; size *= 2)
		ck_assert(xip_page_size_is_valid(size));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert(!xip_page_size_is_valid(bad[i]));
}
END_TEST

START_TEST(crc)
{
	ck_assert_uint_eq(xip_crc32(0, "", 0), 0);
	ck_assert_uint_eq(xip_crc32(0, "123456789", 9), 0xcbf43926); /* the usual check value */
	ck_assert_uint_eq(xip_crc32(xip_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	ck_assert_uint_eq(
		xip_crc32_join(xip_crc32(0, "1234", 4), xip_crc32(0, "56789", 5), 5), 0xcbf43926);
	ck_assert_uint_eq(
		xip_crc32_join(xip_crc32(0, "1234", 4), 0xcbf43926, 5), xip_crc32(0, "56789", 5));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("format");
	TCase *tests = tcase_create("format");

	tcase_add_test(tests, inode_by_hand);
	tcase_add_test(tests, inode_fields);
	tcase_add_test(tests, super_by_hand);
	tcase_add_test(tests, device_numbers);
	tcase_add_test(tests, modes);
	tcase_add_test(tests, page_sizes);
	tcase_add_test(tests, crc);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
