/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/tree/devtable.h"

#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/format/format.h"
#include "xipfs/tree/scan.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static char *directory; /* scanned by every test, changed by none */
static struct xip_tree *tree;

static const char passwd[] = "# comment\n"
			     "root:x:0:0:root:/root:/bin/sh\n"
			     "daemo:x:7:7::/:\n"
			     "daemon:x:1:2::/:\n"
			     "short\n"
			     "nothing::\n"
			     "word:x:abc:1::/:\n"
			     "huge:x:99999999999:1::/:\n"
			     "big:x:70000:1::/:\n"
			     "last:x:1234";
static const char group[] = "root:x:0:\ndialout:x:20:me\nusers:x:100\n";

static void setup_directory(void)
{
	umask(022);
	directory = fixture_directory();
	shell("cd '%s' && chmod 755 . && mkdir -p dev etc usr/bin usr/share && ln -s usr/bin bin "
	      "&& ln -s /usr/share"
	      " share && ln -s ../bin/busybox usr/share/up && ln -s busybox usr/bin/sh &&"
	      " ln -s loop2 loop1 && ln -s loop1 loop2 && printf x >usr/bin/busybox &&"
	      " printf x >usr/share/a && ln usr/share/a usr/share/twin && mkfifo dev/pipe &&"
	      " ln -s made link-to-none && chmod 4711 usr/bin/busybox && ln -s .. usr/share/dots",
		directory);
	fixture_file(directory, "etc/passwd", passwd, sizeof(passwd) - 1);
	fixture_file(directory, "etc/group", group, sizeof(group) - 1);
}

static void teardown_directory(void)
{
	fixture_remove(directory);
}

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	ck_assert_int_eq(xip_scan_dir(directory, NULL, &tree, &diag), XIP_OK);
	xip_tree_squash_owners(tree);
}

static void teardown(void)
{
	xip_tree_free(tree);
	tree = NULL;
}

static enum xip_err apply(const char *text)
{
	return xip_devtable_apply_text(tree, "table", text, strlen(text), &diag);
}

static void apply_well(const char *text)
{
	ck_assert_msg(apply(text) == XIP_OK, "%s", messages.text);
	ck_assert_uint_eq(messages.errors, 0);
}

static struct xip_tree_inode *at(const char *path)
{
	struct xip_node *node = xip_tree_find(tree, path);

	ck_assert_msg(node, "%s is not there", path);
	return node->inode;
}

static void expect(const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
{
	const struct xip_tree_inode *inode = at(path);

	ck_assert_msg(inode->mode == mode && inode->uid == uid && inode->gid == gid,
		"%s is %o %u:%u", path, inode->mode, inode->uid, inode->gid);
}

static void expect_device(const char *path, uint32_t mode, uint32_t major, uint32_t minor)
{
	const struct xip_tree_inode *inode = at(path);

	ck_assert_msg(inode->mode == mode && inode->major == major && inode->minor == minor,
		"%s is %o %u:%u", path, inode->mode, inode->major, inode->minor);
}

START_TEST(types)
{
	apply_well("/usr/bin/busybox f 4755 1 2 - - - - -\n"
		   "/none F 4755 1 2 - - - - -\n"
		   "/none/below F 4755 1 2 - - - - -\n"
		   "/usr/share/a/below F 4755 1 2 - - - - -\n"
		   "/usr F 4755 1 2 - - - - -\n"
		   "/usr/share d 1777 3 4 - - - - -\n"
		   "/var/lib/new d 700 5 6 - - - - -\n"
		   "/dev/console c 600 0 5 5 1 - - -\n"
		   "/dev/mtdblock0 b 640 0 6 31 255 0 0 -\n"
		   "/dev/fifo p 622 7 8 - - - - -\n");
	expect("/usr/bin/busybox", XIP_S_IFREG | 04755, 1, 2);
	ck_assert_ptr_null(xip_tree_find(tree, "/none"));
	expect("/usr", XIP_S_IFDIR | 0755, 0, 0);
	expect("/usr/share", XIP_S_IFDIR | 01777, 3, 4);
	expect("/var", XIP_S_IFDIR | 0755, 0, 0);
	expect("/var/lib", XIP_S_IFDIR | 0755, 0, 0);
	expect("/var/lib/new", XIP_S_IFDIR | 0700, 5, 6);
	expect("/dev/console", XIP_S_IFCHR | 0600, 0, 5);
	expect_device("/dev/console", XIP_S_IFCHR | 0600, 5, 1);
	expect_device("/dev/mtdblock0", XIP_S_IFBLK | 0640, 31, 255);
	expect_device("/dev/fifo", XIP_S_IFIFO | 0622, 0, 0);
	expect("/dev/fifo", XIP_S_IFIFO | 0622, 7, 8);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
}
END_TEST

START_TEST(recursive)
{
	apply_well("/usr/share r 750 9 10 - - - - -\n");
	expect("/usr/share", XIP_S_IFDIR | 0750, 9, 10);
	expect("/usr/share/a", XIP_S_IFREG | 0750, 9, 10);
	expect("/usr/share/up", XIP_S_IFLNK | 0777, 9, 10); /* itself, not what it leads to */
	expect("/usr/bin/busybox", XIP_S_IFREG | 04711, 0, 0);
	expect("/usr", XIP_S_IFDIR | 0755, 0, 0);
	apply_well("/ r -1 1 1 - - - - -\n");
	expect("/", XIP_S_IFDIR | 0755, 1, 1);
	expect("/usr/bin/busybox", XIP_S_IFREG | 04711, 1, 1);
	expect("/usr/share/a", XIP_S_IFREG | 0750, 1, 1);
	expect("/dev/pipe", XIP_S_IFIFO | 0644, 1, 1);
}
END_TEST

START_TEST(kept)
{
	apply_well("/usr/bin/busybox f -1 3 4\n"
		   "/usr/share d 700 -1 5\n"
		   "/usr/share d -1 6 -1\n"
		   "/dev/pipe p -1 7 8\n"
		   "/made d -1 1 1\n");
	expect("/usr/bin/busybox", XIP_S_IFREG | 04711, 3, 4);
	expect("/usr/share", XIP_S_IFDIR | 0700, 6, 5);
	expect("/dev/pipe", XIP_S_IFIFO | 0644, 7, 8);
	expect("/made", XIP_S_IFDIR | 0755, 1, 1);
}
END_TEST

START_TEST(blanks)
{
	apply_well("usr/bin/busybox f\n"
		   "/dev/a c\n"
		   "/dev/b c - - - 1 3\n"
		   "/usr/share/a f 0600 - 9\n");
	expect("/usr/bin/busybox", XIP_S_IFREG | 0755, 0, 0);
	expect_device("/dev/a", XIP_S_IFCHR | 0755, 0, 0);
	expect_device("/dev/b", XIP_S_IFCHR | 0755, 1, 3);
	expect("/usr/share/twin", XIP_S_IFREG | 0600, 0, 9); /* a hard link of it */
}
END_TEST

START_TEST(ranges)
{
	apply_well("/dev/hda b 640 0 0 3 0 0 0 -\n"
		   "/dev/hda b 640 0 0 3 1 1 1 15\n"
		   "/dev/uio b 640 0 0 252 0 1 2 5\n"
		   "/dev/uio b 640 0 0 252 1 6 2 5\n"
		   "/dev/same c 640 0 0 4 7 9 0 2\n"
		   "/dev/one c 640 0 0 4 7 9 1 1\n"
		   "/dev/none c 640 0 0 4 7 9 1 0\n"
		   "/dev/inc c 640 0 0 4 64 - - 2\n"
		   "/dev/p p 640 0 0 - - 0 1 2\n");
	expect_device("/dev/hda", XIP_S_IFBLK | 0640, 3, 0);
	expect_device("/dev/hda1", XIP_S_IFBLK | 0640, 3, 1);
	expect_device("/dev/hda15", XIP_S_IFBLK | 0640, 3, 15);
	ck_assert_ptr_null(xip_tree_find(tree, "/dev/hda16"));
	ck_assert_ptr_null(xip_tree_find(tree, "/dev/hda0"));
	expect_device("/dev/uio1", XIP_S_IFBLK | 0640, 252, 0);
	expect_device("/dev/uio5", XIP_S_IFBLK | 0640, 252, 8);
	expect_device("/dev/uio6", XIP_S_IFBLK | 0640, 252, 1);
	expect_device("/dev/uio10", XIP_S_IFBLK | 0640, 252, 9);
	expect_device("/dev/same9", XIP_S_IFCHR | 0640, 4, 7);
	expect_device("/dev/same10", XIP_S_IFCHR | 0640, 4, 7);
	expect_device("/dev/one", XIP_S_IFCHR | 0640, 4, 7);
	expect_device("/dev/none", XIP_S_IFCHR | 0640, 4, 7);
	expect_device("/dev/inc0", XIP_S_IFCHR | 0640, 4, 64);
	expect_device("/dev/inc1", XIP_S_IFCHR | 0640, 4, 65);
	expect_device("/dev/p1", XIP_S_IFIFO | 0640, 0, 0);
	ck_assert_uint_eq(
		xip_tree_find(tree, "/dev")->child_count, 1 + 1 + 15 + 10 + 2 + 2 + 2 + 2);
}
END_TEST

START_TEST(existing_nodes)
{
	apply_well("/dev/x c 600 1 1 5 1\n/dev/x c 666 2 2 5 2\n/dev/x c -1 3 -1 5 3\n");
	expect("/dev/x", XIP_S_IFCHR | 0666, 3, 2);
	expect_device("/dev/x", XIP_S_IFCHR | 0666, 5, 3);
}
END_TEST

START_TEST(names_of_owners)
{
	apply_well("/usr/bin/busybox f 4750 daemon dialout - - - - -\n"
		   "/usr/share d 700 last users\n");
	expect("/usr/bin/busybox", XIP_S_IFREG | 04750, 1, 20);
	expect("/usr/share", XIP_S_IFDIR | 0700, 1234, 100);
	apply_well("/usr/share d 700 big -1\n");
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_ERR_LIMIT);
	messages_expect(&messages, "/usr/share: ", "uid 70000");
}
END_TEST

START_TEST(symlinks)
{
	apply_well("/bin/busybox f 4755 1 1\n");
	expect("/usr/bin/busybox", XIP_S_IFREG | 04755, 1, 1);
	apply_well("/share/up f 755 2 2\n"); /* an absolute link, then one with ".." */
	expect("/usr/bin/busybox", XIP_S_IFREG | 0755, 2, 2);
	apply_well("/bin/sh f 700 3 3\n");
	expect("/usr/bin/busybox", XIP_S_IFREG | 0700, 3, 3);
	apply_well("/bin/node c 600 0 0 1 1\n");
	expect_device("/usr/bin/node", XIP_S_IFCHR | 0600, 1, 1);
	apply_well("/link-to-none d 700 4 4\n");
	expect("/made", XIP_S_IFDIR | 0700, 4, 4);
	apply_well("/bin r 711 5 5\n");
	expect("/bin", XIP_S_IFLNK | 0777, 5, 5);
	expect("/usr/bin/node", XIP_S_IFCHR | 0600, 0, 0);
	apply_well("/share/dots d 711 6 6\n");
	expect("/usr", XIP_S_IFDIR | 0711, 6, 6);
}
END_TEST

START_TEST(lines)
{
	apply_well("# a table\r\n"
		   "\r\n"
		   " \t \n"
		   "  # indented\n"
		   "\t/dev/a\tc 600   0 0 1 1\r\n"
		   "/dev/b c 600 0 0 1 2 # with a comment\n"
		   "/dev/c c 600 0 0 1 3 - - - # and one more\n"
		   "/dev/d c 600 0 0 1 4"); /* no line feed */
	expect_device("/dev/a", XIP_S_IFCHR | 0600, 1, 1);
	expect_device("/dev/b", XIP_S_IFCHR | 0600, 1, 2);
	expect_device("/dev/c", XIP_S_IFCHR | 0600, 1, 3);
	expect_device("/dev/d", XIP_S_IFCHR | 0600, 1, 4);
	ck_assert_uint_eq(xip_tree_find(tree, "/dev")->child_count, 5);
	apply_well("");
	apply_well("/usr/bin/busybox f 4755 0 0\n|xattr cap_net_raw+ep\n");
	ck_assert_uint_eq(messages.warnings, 1);
	ck_assert_uint_eq(messages.offset, 2);
}
END_TEST

struct fault {
	const char *line, *message;
};

static const struct fault faults[] = {
	{"/dev/x", "name and a type"},
	{"- c 600", "name and a type"},
	{"/dev/x x 600 0 0", "type \"x\""},
	{"/dev/x cc 600 0 0", "type \"cc\""},
	{"/dev/x # 600 0 0", "type \"#\""},
	{"/dev/x c 0800 0 0", "mode \"0800\""},
	{"/dev/x c 10000 0 0", "mode \"10000\""},
	{"/dev/x c -2 0 0", "mode \"-2\""},
	{"/dev/x c rw 0 0", "mode \"rw\""},
	{"/dev/x c -1 0 0 1 1", "-1 keeps"},
	{"/dev/x c 600 nobody 0", "\"nobody\" is neither"},
	{"/dev/x c 600 daem 0", "/etc/passwd"},
	{"/dev/x c 600 word 0", "\"word\""},
	{"/dev/x c 600 huge 0", "\"huge\""},
	{"/dev/x c 600 nothing 0", "\"nothing\""},
	{"/dev/x c 600 short 0", "\"short\""},
	{"/dev/x c 600 -2 0", "\"-2\""},
	{"/dev/x c 600 4294967295 0", "\"4294967295\""},
	{"/dev/x c 600 0 daemon", "/etc/group"},
	{"/dev/x c 600 0 0 1x 0", "major \"1x\""},
	{"/dev/x c 600 0 0 1 -1", "minor \"-1\""},
	{"/dev/x c 600 0 0 1 0 0x1", "start \"0x1\""},
	{"/dev/x c 600 0 0 1 0 0 1048576 1", "inc \"1048576\""},
	{"/dev/x c 600 0 0 1 0 0 1 1025", "count \"1025\""},
	{"/dev/x c 600 0 0 1 0 0 1 99999999999999999999", "count"},
	{"/dev/x c 600 0 0 1 0 0 1 1 1", "more than 10 columns"},
	{"/none f 600 0 0", "no such file"},
	{"/usr f 600 0 0", "not a regular file"},
	{"/usr/bin/busybox d 600 0 0", "not a directory"},
	{"/usr/bin/busybox/x d 600 0 0", "\"busybox\" on the way is not a directory"},
	{"/none r 600 0 0", "nothing by that name"},
	{"/none/x c 600 0 0 1 1", "no directory \"none\""},
	{"/usr/share/a/x c 600 0 0 1 1", "\"a\" on the way is not a directory"},
	{"/dev/pipe c 600 0 0 1 1", "another type"},
	{"/bin p 600 0 0", "another type"},
	{"/ c 600 0 0 1 1", "root"},
	{"/usr/../x d 600 0 0", "\"..\""},
	{"/loop1 f 600 0 0", "symlinks"},
	{"/loop1/x c 600 0 0 1 1", "symlinks"},
};

START_TEST(fault)
{
	char text[256];

	snprintf(text, sizeof(text), "# first\n%s\n", faults[_i].line);
	ck_assert_int_eq(apply(text), XIP_ERR_SOURCE);
	ck_assert_uint_eq(messages.offset, 2);
	messages_expect(&messages, "table: line 2: ", faults[_i].message);
	ck_assert_ptr_null(xip_tree_find(tree, "/dev/x"));
}
END_TEST

START_TEST(device_numbers)
{
	apply_well("/dev/x c 600 0 0 255 255\n/dev/y c 600 0 0 1 16 0 16 15\n");
	ck_assert_int_eq(apply("/dev/z c 600 0 0 256 0\n"), XIP_ERR_LIMIT);
	messages_expect(&messages, "line 1: /dev/z", "256:0");
	ck_assert_int_eq(apply("/dev/z c 600 0 0 1 256\n"), XIP_ERR_LIMIT);
	messages_expect(&messages, "line 1: /dev/z", "1:256");
	ck_assert_int_eq(apply("/dev/y c 600 0 0 1 16 0 16 16\n"), XIP_ERR_LIMIT);
	messages_expect(&messages, "line 1: /dev/y", "1:256");
	ck_assert_int_eq(apply("/dev/z c 600 0 0 1 1 0 1048575 1024\n"), XIP_ERR_LIMIT);
	messages_expect(&messages, "line 1: /dev/z", "over 255:255");
}
END_TEST

START_TEST(many_faults)
{
	char text[30 * 8 + 1] = "";

	for (unsigned i = 0; i < 30; i++)
		strcat(text, "/x q\n");
	ck_assert_int_eq(apply(text), XIP_ERR_SOURCE);
	ck_assert_uint_eq(messages.errors, 20);
	ck_assert_uint_eq(messages.offset, 20);
	memset(&messages, 0, sizeof(messages));
	/* A faulty line does not hide what is behind it. */
	ck_assert_int_eq(
		apply("/dev/a c 600 0 0 300 0\n/x q\n/dev/b c 600 0 0 1 1\n"), XIP_ERR_LIMIT);
	ck_assert_uint_eq(messages.errors, 2);
	expect_device("/dev/b", XIP_S_IFCHR | 0600, 1, 1);
}
END_TEST

START_TEST(no_text)
{
	ck_assert_int_eq(
		xip_devtable_apply_text(tree, "table", "/dev/a c\0\n", 10, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "line 1", "NUL");
}
END_TEST

START_TEST(no_owner_file)
{
	static const char *const list[] = {"/etc"};
	const struct xip_exclude exclude = {.patterns = list, .count = 1};

	xip_tree_free(tree);
	ck_assert_int_eq(xip_scan_dir(directory, &exclude, &tree, &diag), XIP_OK);
	ck_assert_int_eq(apply("/usr d 755 root 0\n"), XIP_ERR_SOURCE);
	messages_expect(&messages, "line 1", "no file /etc/passwd");
	apply_well("/usr d 755 5 0\n"); /* numbers need none */
	expect("/usr", XIP_S_IFDIR | 0755, 5, 0);
}
END_TEST

START_TEST(file)
{
	char *other = fixture_directory();
	char path[4096];

	fixture_file(other, "table", "/dev/x c 600 0 0 1 1\n/y q\n", 26);
	snprintf(path, sizeof(path), "%s/table", other);
	ck_assert_int_eq(xip_devtable_apply(tree, path, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, path, "line 2");
	expect_device("/dev/x", XIP_S_IFCHR | 0600, 1, 1);
	snprintf(path, sizeof(path), "%s/none", other);
	ck_assert_int_ne(xip_devtable_apply(tree, path, &diag), XIP_OK);
	messages_expect(&messages, path, "No such file");
	fixture_remove(other);
}
END_TEST

START_TEST(no_memory)
{
	size_t n;

	for (n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = apply("/bin/busybox f 755 daemon users\n/a/b/c d 700 0 0\n"
			    "/bin/x c 600 0 0 1 1 0 1 200\n/none F 0 0 0\n/usr r -1 1 1\n");
		if (!failing_alloc_disarm()) {
			ck_assert_msg(!err, "%s", messages.text);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_gt(n, 8);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
	Suite *suite = suite_create("devtable");
	TCase *tests = tcase_create("devtable");

	tcase_add_unchecked_fixture(tests, setup_directory, teardown_directory);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, types);
	tcase_add_test(tests, recursive);
	tcase_add_test(tests, kept);
	tcase_add_test(tests, blanks);
	tcase_add_test(tests, ranges);
	tcase_add_test(tests, existing_nodes);
	tcase_add_test(tests, names_of_owners);
	tcase_add_test(tests, symlinks);
	tcase_add_test(tests, lines);
	tcase_add_loop_test(tests, fault, 0, COUNT(faults));
	tcase_add_test(tests, device_numbers);
	tcase_add_test(tests, many_faults);
	tcase_add_test(tests, no_text);
	tcase_add_test(tests, no_owner_file);
	tcase_add_test(tests, file);
	tcase_add_test(tests, no_memory);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
