/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sound image, and each rule broken once in it: exactly the check of that name finds it.
 */
#include <check.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "sound.h"
#include "run_suite.h"
#include "xipfs/check/verify.h"

static struct messages messages;
static const struct xip_diag diag = {messages_emit, &messages};

static void teardown(void)
{
	craft_free(&craft);
}

/* What was found, as "check path" lines. */
struct found {
	char text[8192];
	char messages[8192];
	size_t count;
};

static void take(void *user, const struct xip_finding *finding)
{
	struct found *found = user;
	size_t used = strlen(found->text);
	const struct xip_check_info *check = xip_check_info(finding->check);

	ck_assert_ptr_nonnull(check);
	ck_assert_uint_gt(strlen(finding->message), 5);
	snprintf(found->text + used, sizeof(found->text) - used, "%s %s\n", check->name,
		finding->path ? finding->path : "-");
	used = strlen(found->messages);
	snprintf(found->messages + used, sizeof(found->messages) - used, "%s\n", finding->message);
	found->count++;
}

static struct xip_verify_result verify(struct found *found, uint64_t enabled)
{
	const struct xip_verify_options options = {
		.enabled = enabled, .finding = take, .user = found};
	struct xip_verify_result result;
	struct xip_image *image;
	int fd = craft_open(&craft);

	memset(found, 0, sizeof(*found));
	ck_assert_int_eq(xip_image_open(&image, fd, "image", 4096, &diag), XIP_OK);
	ck_assert_int_eq(xip_verify(image, &options, &result, &diag), XIP_OK);
	ck_assert_uint_eq(messages.errors + messages.warnings, 0);
	xip_image_close(image);
	close(fd);
	return result;
}

START_TEST(finds_nothing_in_a_sound_image)
{
	struct xip_verify_result result;
	struct found found;

	make_sound(_i);
	craft_crc(&craft);
	result = verify(&found, UINT64_MAX);
	ck_assert_str_eq(found.text, "");
	ck_assert_uint_eq(result.errors + result.warnings, 0);
}
END_TEST

/* --- One rule broken at a time --------------------------------------------------------------- */

static void entry(uint32_t position, uint16_t mode, uint32_t size, uint32_t offset)
{
	craft_fields(&craft, position, 16, mode, 0);
	craft_fields(&craft, position + 4, 24, size, 0);
	craft_fields(&craft, position + 8, 6, 1, offset / 4); /* a name of one word */
}

static void break_signature(void)
{
	craft.data[20] ^= 1;
}

static void break_root_offset(void)
{
	/* The root directory moves by 4 bytes; its first entry as well. */
	uint32_t size = at.prog + 16 - ROOT;

	memmove(craft.data + ROOT + 4, craft.data + ROOT, size);
	craft_super(&craft, ROOT + 4, size);
}

static void break_order(void)
{
	memcpy(craft.data + at.null + 12, "kull", 4);
}

static void break_duplicates(void)
{
	memcpy(craft.data + at.null + 12, "link", 4);
}

static void break_padding(void)
{
	craft.data[at.fdpic + 12 + 4] = 0; /* "fdpi" in 8 bytes */
}

static void break_modes(void)
{
	craft_fields(&craft, at.b, 16, 0000600, 0);
}

static void break_devices(void)
{
	craft_fields(&craft, at.null + 4, 24, 0x10103, 0);
}

static void break_sizes(void)
{
	craft_fields(&craft, at.b, 16, 0100600, 0);
	craft_fields(&craft, at.b + 4, 24, 100, 0);
}

static void break_empty_link(void)
{
	craft_fields(&craft, at.link + 4, 24, 0, 0);
	craft.blocks--;
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
}

static void break_read_ahead(void)
{
	/* /dir's entries move to the end of the image. */
	uint32_t moved = craft.size - 264 - 16 + 4;

	memmove(craft.data + moved, craft.data + DIR, 32);
	entry(at.dir, 0040755, 32, moved);
}

/* xipfs(5), Sharing: a file with its setuid twin; a symbolic link with a file of the same bytes. */
static void break_shared_mode(void)
{
	entry(at.b, 0104755, 5000, A_TABLE);
}

static void break_shared_type(void)
{
	entry(at.b, 0100777, 4, LINK);
}

static void break_shared_owner(void)
{
	entry(at.b, 0100644, 5000, A_TABLE);
	craft_fields(&craft, at.b, 16, 0100644, 1);
}

static void break_shared_group(void)
{
	entry(at.b, 0100644, 5000, A_TABLE);
	craft_fields(&craft, at.b + 4, 24, 5000, 1);
}

/* 8 bytes out of the middle of a block of /dir/a */
static void break_overlap_block(void)
{
	entry(at.b, 0100644, 8, 0x3000);
	craft_pointer(&craft, 0x3000, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | (A_TABLE + 12) / 4);
}

static void break_overlap_table(void)
{
	entry(at.b, 0100644, 4096, A_TABLE + 4);
	craft.blocks++;
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
}

static void break_bounds_table(void)
{
	entry(at.b, 0100644, 4096, craft.size);
	craft.blocks++;
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
}

static void break_bounds_directory(void)
{
	entry(at.dir, 0040755, 32, craft.size - 16);
}

static void break_loops(void)
{
	entry(at.dir, 0040755, at.prog + 16 - ROOT, ROOT);
}

static void break_names(void)
{
	craft.data[at.b + 12] = '/';
}

static void break_blocks(void)
{
	craft_pointer(&craft, A_TABLE, 1, A_TABLE);
}

static void break_inflate(void)
{
	/* The Adler-32 of the link's target. */
	craft.data[LINK + 4 + 8] ^= 0xff;
}

static void break_inflate_length(void)
{
	craft_fields(&craft, at.a + 4, 24, 5001, 0);
}

static void break_pointer_flags(void)
{
	craft.flags &= ~0x800u;
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
}

static void break_holes(void)
{
	craft.flags &= ~0x100u;
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
}

static void break_count_files(void)
{
	craft_put(&craft, 44, 4, 3);
}

static void break_count_blocks(void)
{
	craft_put(&craft, 40, 4, 1);
}

static void break_last_block(void)
{
	/* /dir/b: one page, direct, full */
	entry(at.b, 0100644, 4096, 0x3000);
	craft_pointer(&craft, 0x3000, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0xc000 / 4);
	craft.blocks++;
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
}

/* A file of one short page in the bytes behind the last page of /fdpic. */
static void break_xip_overlap(void)
{
	entry(at.b, 0100644, 100, 0x3000);
	craft_pointer(&craft, 0x3000, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x6ffc / 4);
	entry(at.a, 0100644, 50, 0x3100);
	craft_pointer(&craft, 0x3100, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | (0x6ffc + 200) / 4);
}

/* Two inodes, one XIP block: to the kernel two regions that begin together. */
static void break_xip_shared(void)
{
	break_last_block();
	entry(at.b, 0100644, 4000, 0x3000);
	entry(at.a, 0100600, 4000, 0x3100);
	craft_pointer(&craft, 0x3100, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0xc000 / 4);
}

static void move_program(uint32_t table, uint32_t from, uint32_t to)
{
	memmove(craft.data + to, craft.data + from, 8192);
	craft_pointer(&craft, table, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | to / 4);
	craft_pointer(&craft, table, 1, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | (to + 4096) / 4);
}

static void break_xip_align(void)
{
	move_program(FDPIC, 0x4000, 0x4004);
}

static void break_xip_tail(void)
{
	entry(at.b, 0100644, 100, 0x3000);
	craft_pointer(&craft, 0x3000, 0, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0xc000 / 4);
	craft.data[0xc000 + 100] = 1;
}

static void break_xip_nommu(void)
{
	/* The second page of /fdpic is not where the first one ends. */
	memcpy(craft.data + 0x6000, craft.data + 0x5000, 4096);
	craft_pointer(&craft, FDPIC, 1, CRAFT_DIRECT | CRAFT_UNCOMPRESSED | 0x6000 / 4);
}

static void break_xip_mmu(void)
{
	move_program(PROG, 0x8000, 0x8010);
}

static const struct {
	void (*damage)(void);
	const char *found; /* every line of it */
} rules[] = {
	{break_signature, "super -\n"},
	{break_root_offset, "super -\n"},
	{break_order, "order /kull\n"},
	{break_duplicates, "duplicates /link\n"},
	{break_padding, "padding /fdpi\n"},
	{break_modes, "modes /dir/b\n"},
	{break_devices, "devices /null\n"},
	{break_sizes, "sizes /dir/b\n"},
	{break_empty_link, "sizes /link\n"},
	{break_read_ahead, "read-ahead /dir/b\n"},
	{break_shared_mode, "shared-inode /dir/b\n"},
	{break_shared_type, "shared-inode /dir/b\n"},
	{break_shared_owner, "shared-inode /dir/b\n"},
	{break_shared_group, "shared-inode /dir/b\n"},
	{break_overlap_block, "overlap /dir/a\n"},
	{break_overlap_table, "overlap /dir/b\n"},
	{break_bounds_table, "bounds /dir/b\n"},
	{break_bounds_directory, "bounds /dir\n"},
	{break_loops, "loops /dir\n"},
	{break_names, "names /dir\n"},
	{break_blocks, "blocks /dir/a\n"},
	{break_inflate, "inflate /link\n"},
	{break_inflate_length, "inflate /dir/a\n"},
	{break_holes, "holes /file\n"},
	{break_count_files, "counts -\n"},
	{break_count_blocks, "counts -\n"},
	{break_last_block, "last-block /dir/b\n"},
	{break_xip_overlap, "xip-overlap /dir/a\n"},
	{break_xip_shared, "xip-overlap /dir/a\n"},
	{break_xip_align, "xip-align /fdpic\n"},
	{break_xip_tail, "xip-tail /dir/b\n"},
	{break_xip_nommu, "xip-nommu /fdpic\n"},
	{break_xip_mmu, "xip-mmu /prog\n"},
};

/* Broken rules make some of the counts wrong as well; these are only noise here. */
static uint64_t all_but_counts(void)
{
	return ~((uint64_t)1 << xip_check_find("counts", 6));
}

START_TEST(finds_each_breach)
{
	bool counts =
		rules[_i].damage == break_count_files || rules[_i].damage == break_count_blocks;
	struct xip_verify_result result;
	struct found found, alone;
	const struct xip_check_info *info;
	size_t check;

	make_sound(false);
	rules[_i].damage();
	craft_crc(&craft);
	result = verify(&found, counts ? UINT64_MAX : all_but_counts());
	ck_assert_str_eq(found.text, rules[_i].found);
	check = xip_check_find(found.text, strcspn(found.text, " "));
	info = xip_check_info(check);
	ck_assert_uint_eq(result.errors, !info->warning);
	ck_assert_uint_eq(result.warnings, info->warning);
	/* The check finds it on its own, and no other one does. */
	verify(&alone, (uint64_t)1 << check);
	ck_assert_str_eq(alone.text, found.text);
	verify(&alone, ~((uint64_t)1 << check) & all_but_counts());
	ck_assert_str_eq(alone.text, "");
}
END_TEST

/* Nothing is mapped without the flag, so the programs are not executed in place either. */
START_TEST(finds_flags_in_pointers)
{
	struct found found;

	make_sound(false);
	break_pointer_flags();
	craft_crc(&craft);
	verify(&found, UINT64_MAX);
	ck_assert_str_eq(found.text,
		"pointer-flags /fdpic\npointer-flags /file\npointer-flags /prog\n"
		"xip-nommu /fdpic\nxip-mmu /prog\n");
}
END_TEST

START_TEST(finds_a_wrong_crc)
{
	struct xip_verify_result result;
	struct found found;

	make_sound(_i);
	craft.super = 0;
	craft_crc(&craft);
	craft.data[craft.size - 1] ^= 1;
	result = verify(&found, UINT64_MAX);
	ck_assert_str_eq(found.text, "crc -\n");
	ck_assert_uint_eq(result.errors, 1);
}
END_TEST

/* Hard links and files of equal data and metadata may share all they have. */
START_TEST(allows_equal_inodes_to_share)
{
	struct found found;

	make_sound(false);
	entry(at.b, 0100644, 5000, A_TABLE);
	craft_crc(&craft);
	verify(&found, UINT64_MAX);
	ck_assert_str_eq(found.text, "");
}
END_TEST

/* And others may share blocks through tables of their own. */
START_TEST(allows_blocks_to_be_shared)
{
	struct found found;

	make_sound(false);
	entry(at.b, 0100600, 8192, 0x3000);
	craft_put(&craft, 0x3010, 2, craft_zlib(&craft, 0x3012, content, 4096) - 0x3012);
	craft_pointer(&craft, 0x3000, 0, CRAFT_DIRECT | 0x3010 / 4);
	craft_pointer(&craft, 0x3000, 1, CRAFT_DIRECT | 0x3010 / 4);
	craft.blocks += 2;
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
	craft_crc(&craft);
	verify(&found, UINT64_MAX);
	ck_assert_str_eq(found.text, "");
}
END_TEST

/* Programs for a kernel with an MMU may share XIP blocks: they are mapped nowhere else. */
START_TEST(allows_mmu_programs_to_share_pages)
{
	struct found found;

	make_sound(false);
	entry(at.b, 0104755, 0, 0);
	craft_fields(
		&craft, at.b + 4, 24, craft.data[at.prog + 4] | craft.data[at.prog + 5] << 8, 0);
	craft_fields(&craft, at.b + 8, 6, 1, 0x3000 / 4);
	memcpy(craft.data + 0x3000, craft.data + PROG, 12);
	craft.blocks += 3;
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
	craft_crc(&craft);
	verify(&found, UINT64_MAX);
	ck_assert_str_eq(found.text, "");
}
END_TEST

/* A program of compressed blocks was not meant to be executed in place. */
START_TEST(says_nothing_of_plain_storage)
{
	static uint8_t bytes[0x8000];
	struct make_elf elf = {0};
	struct found found;

	make_sound(false);
	make_fdpic(&elf, 0x1800, 0x900, 0x100, 0, 4096);
	craft.blocks -= 2;
	entry(at.a, 0100755, (uint32_t)make_elf(bytes, &elf), 0x3000);
	craft_file(&craft, 0x3000, bytes,
		craft.data[at.a + 4] | (uint32_t)craft.data[at.a + 5] << 8, 4096);
	craft_super(&craft, ROOT, at.prog + 16 - ROOT);
	craft_crc(&craft);
	verify(&found, UINT64_MAX);
	ck_assert_str_eq(found.text, "");
}
END_TEST

/* Headers and text in one page, both direct: the kernel would make two regions of it. */
START_TEST(warns_of_segments_that_share_a_page)
{
	struct make_elf elf = {0};
	uint8_t *program;
	struct found found;

	make_sound(false);
	make_fdpic(&elf, 0x1800, 0x900, 0x100, 0, 4096);
	elf.shnum = 0;
	elf.phnum = 3;
	elf.phdr[2] = elf.phdr[1];
	elf.phdr[1] =
		(struct make_phdr){PT_LOAD, PF_R | PF_X, 0x400, 0x11400, 0x1400, 0x1400, 4096};
	elf.phdr[0] = (struct make_phdr){PT_LOAD, PF_R, 0, 0x10000, 0x400, 0x400, 4096};
	program = calloc(1, 0x8000);
	make_elf(program, &elf);
	memcpy(craft.data + 0x4000, program, 0x1800);
	free(program);
	craft_crc(&craft);
	verify(&found, UINT64_MAX);
	ck_assert_str_eq(found.text, "xip-nommu /fdpic\n");
	ck_assert_ptr_nonnull(strstr(found.messages, "share a page"));
}
END_TEST

/* After a hundred findings of one kind only their number is told. */
START_TEST(counts_what_it_does_not_tell)
{
	struct xip_verify_result result;
	struct found found;
	uint32_t position = 0x100;
	char name[16];

	craft_new(&craft, false, FLAGS, 0x10000);
	for (int i = 0; i < 250; i++) {
		snprintf(name, sizeof(name), "%03d", i);
		position = craft_entry(&craft, position, 0000644, 0, 0, name);
	}
	craft_super(&craft, ROOT, 16);
	craft_entry(&craft, ROOT, 0040755, position - 0x100, 0x100, "d");
	craft_super(&craft, ROOT, 16);
	craft_crc(&craft);
	result = verify(&found, UINT64_MAX);
	ck_assert_uint_eq(found.count, XIP_FINDINGS_MAX + 1);
	ck_assert_uint_eq(result.errors, 250);
	ck_assert_ptr_nonnull(strstr(found.messages, "150 more"));
}
END_TEST

START_TEST(knows_its_checks_by_name)
{
	const struct xip_check_info *info;
	size_t count = 0;

	for (; (info = xip_check_info(count)); count++) {
		ck_assert_uint_gt(strlen(info->name), 2);
		ck_assert_uint_gt(strlen(info->summary), 10);
		ck_assert_uint_eq(xip_check_find(info->name, strlen(info->name)), count);
		ck_assert_uint_eq(xip_check_find(info->name, strlen(info->name) - 1), SIZE_MAX);
	}
	ck_assert_uint_ge(count, 20);
	ck_assert_uint_le(count, XIP_CHECKS_MAX);
	ck_assert_uint_eq(xip_check_find("crcs", 4), SIZE_MAX);
}
END_TEST

START_TEST(survives_failing_allocations)
{
	const struct xip_verify_options options = {.enabled = UINT64_MAX};
	struct xip_verify_result result;
	struct xip_image *image;
	int fd;

	make_sound(false);
	break_xip_shared();
	craft_crc(&craft);
	fd = craft_open(&craft);
	ck_assert_int_eq(xip_image_open(&image, fd, "image", 4096, &diag), XIP_OK);
	for (size_t n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_verify(image, &options, &result, &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			ck_assert_uint_eq(result.errors, 1);
			ck_assert_uint_gt(n, 10);
			break;
		}
		/* Words for a finding may be missing, but not the finding. */
		if (!err)
			ck_assert_uint_eq(result.errors, 1);
		else
			ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	xip_image_close(image);
	close(fd);
}
END_TEST

static Suite *verify_suite(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("verify");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_loop_test(tcase, finds_nothing_in_a_sound_image, 0, 2);
	tcase_add_loop_test(tcase, finds_each_breach, 0, sizeof(rules) / sizeof(*rules));
	tcase_add_test(tcase, finds_flags_in_pointers);
	tcase_add_loop_test(tcase, finds_a_wrong_crc, 0, 2);
	tcase_add_test(tcase, allows_equal_inodes_to_share);
	tcase_add_test(tcase, allows_blocks_to_be_shared);
	tcase_add_test(tcase, allows_mmu_programs_to_share_pages);
	tcase_add_test(tcase, says_nothing_of_plain_storage);
	tcase_add_test(tcase, warns_of_segments_that_share_a_page);
	tcase_add_test(tcase, counts_what_it_does_not_tell);
	tcase_add_test(tcase, knows_its_checks_by_name);
	tcase_add_test(tcase, survives_failing_allocations);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return run_suite(verify_suite());
}
