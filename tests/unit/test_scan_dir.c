/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/format/format.h"
#include "xipfs/tree/scan.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static char *source;
static struct xip_tree *tree;
static bool endless; /* each file has one byte behind its size */

ssize_t __real_pread64(int fd, void *buffer, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t size, off_t offset);

ssize_t __wrap_pread64(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t got = __real_pread64(fd, buffer, size, offset);

	return endless && !got && size ? 1 : got;
}

static void setup(void)
{
	umask(022);
	memset(&messages, 0, sizeof(messages));
	source = fixture_directory();
	shell("chmod 755 '%s'", source);
}

static void teardown(void)
{
	xip_tree_free(tree);
	tree = NULL;
	fixture_remove(source);
}

static void scan(void)
{
	ck_assert_msg(xip_scan_dir(source, NULL, &tree, &diag) == XIP_OK, "%s", messages.text);
}

static struct xip_tree_inode *at(const char *path)
{
	struct xip_node *node = xip_tree_find(tree, path);

	ck_assert_msg(node, "%s is not there", path);
	return node->inode;
}

/* For a test that needs a reader without privileges: root reads everything. */
static void privileges(bool keep)
{
	if (!getuid())
		ck_assert_int_eq(seteuid(keep ? 0 : 65534), 0);
}

START_TEST(metadata)
{
	shell("cd '%s' && printf abc >f && chmod 4751 f && mkdir -m 1777 tmp && mkfifo -m 600 p &&"
	      " ln -s ../somewhere/else l && mkdir -m 2755 d && : >d/empty",
		source);
	scan();
	ck_assert_uint_eq(tree->root->inode->mode, XIP_S_IFDIR | 0755);
	ck_assert_uint_eq(at("/f")->mode, XIP_S_IFREG | 04751);
	ck_assert_uint_eq(at("/f")->size, 3);
	ck_assert_uint_eq(at("/f")->uid, geteuid());
	ck_assert_uint_eq(at("/f")->gid, getegid());
	ck_assert_uint_eq(at("/tmp")->mode, XIP_S_IFDIR | 01777);
	ck_assert_uint_eq(at("/tmp")->size, 0);
	ck_assert_uint_eq(at("/p")->mode, XIP_S_IFIFO | 0600);
	ck_assert_uint_eq(at("/l")->mode & XIP_S_IFMT, XIP_S_IFLNK);
	ck_assert_str_eq(at("/l")->target, "../somewhere/else");
	ck_assert_uint_eq(at("/l")->size, strlen("../somewhere/else"));
	ck_assert_uint_eq(at("/d")->mode, XIP_S_IFDIR | 02755);
	ck_assert_uint_eq(at("/d/empty")->size, 0);
	ck_assert_uint_eq(tree->node_count, 7);
}
END_TEST

START_TEST(owners)
{
	if (getuid())
		return; /* only root can give files away */
	shell("cd '%s' && : >f && chown 70000:300 f && ln -s x l && chown -h 1:2 l", source);
	scan();
	ck_assert_uint_eq(at("/f")->uid, 70000);
	ck_assert_uint_eq(at("/f")->gid, 300);
	ck_assert_uint_eq(at("/l")->uid, 1);
	ck_assert_uint_eq(at("/l")->gid, 2);
}
END_TEST

/* The image that is being replaced is no part of the new one, under whatever name. */
START_TEST(left_out)
{
	struct stat status;

	shell("cd '%s' && mkdir d && echo x >d/a.img && ln d/a.img b && echo x >c", source);
	scan();
	ck_assert_int_eq(stat("/dev/null", &status), 0);
	ck_assert(!xip_scan_leave_out(tree, &status));
	ck_assert_int_eq(stat(source, &status), 0);
	ck_assert(!xip_scan_leave_out(tree, &status));
	ck_assert_int_eq(chdir(source), 0);
	ck_assert_int_eq(stat("b", &status), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert(xip_scan_leave_out(tree, &status));
	ck_assert_ptr_null(xip_tree_find(tree, "/d/a.img"));
	ck_assert_ptr_null(xip_tree_find(tree, "/b"));
	ck_assert_ptr_nonnull(xip_tree_find(tree, "/c"));
	ck_assert_uint_eq(tree->node_count, 3);
}
END_TEST

START_TEST(special_files)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[4096];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", source);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/null", source);
	if (mknod(path, S_IFCHR | 0666, makedev(1, 3)) < 0)
		ck_assert_uint_ne(getuid(), 0);
	snprintf(path, sizeof(path), "%s/big", source);
	if (mknod(path, S_IFBLK | 0660, makedev(259, 70000)) < 0)
		ck_assert_uint_ne(getuid(), 0);
	scan();
	ck_assert_uint_eq(at("/sock")->mode & XIP_S_IFMT, XIP_S_IFSOCK);
	ck_assert_uint_eq(at("/sock")->size, 0);
	if (getuid())
		return;
	ck_assert_uint_eq(at("/null")->mode, XIP_S_IFCHR | 0644); /* umask */
	ck_assert_uint_eq(at("/null")->major, 1);
	ck_assert_uint_eq(at("/null")->minor, 3);
	ck_assert_uint_eq(at("/big")->major, 259);
	ck_assert_uint_eq(at("/big")->minor, 70000);
}
END_TEST

START_TEST(hard_links)
{
	char name[32];

	shell("cd '%s' && printf x >a && mkdir d && ln a d/b && ln a d/c && printf x >other &&"
	      " ln -s t s && ln s d/s2",
		source);
	for (unsigned i = 0; i < 200; i++) { /* the table of links grows */
		snprintf(name, sizeof(name), "n%u", i);
		fixture_file(source, name, "", 0);
	}
	shell("cd '%s' && mkdir e && cp -al n* e", source);
	scan();
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_ptr_eq(at("/a"), at("/d/b"));
	ck_assert_ptr_eq(at("/a"), at("/d/c"));
	ck_assert_ptr_ne(at("/a"), at("/other"));
	ck_assert_ptr_eq(at("/s"), at("/d/s2"));
	ck_assert_uint_eq(at("/a")->links, 3);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "/n%u", i);
		ck_assert_uint_eq(at(name)->links, 2);
	}
	ck_assert_uint_eq(tree->data_inode_count, 203);
}
END_TEST

START_TEST(names_of_any_bytes)
{
	char name[256];
	char path[512];

	for (unsigned byte = 1; byte < 256; byte++) {
		char one[] = {'x', (char)byte, '\0'};

		if (byte != '/')
			fixture_file(source, one, "", 0);
	}
	memset(name, '\xfe', 255);
	name[255] = '\0';
	fixture_file(source, name, "", 0);
	scan();
	ck_assert_uint_eq(tree->node_count, 256);
	for (unsigned byte = 1; byte < 256; byte++) {
		snprintf(path, sizeof(path), "/x%c", (char)byte);
		if (byte != '/')
			at(path);
	}
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_ERR_LIMIT);
	messages_expect(&messages, name, "255 bytes");
}
END_TEST

START_TEST(root_may_be_a_symlink)
{
	char *link = fixture_directory();
	char path[4096];

	shell("ln -s '%s' '%s/root'; mkdir '%s/d'; ln -s d '%s/l'; : >'%s/d/f'", source, link,
		source, source, source);
	snprintf(path, sizeof(path), "%s/root", link);
	ck_assert_int_eq(xip_scan_dir(path, NULL, &tree, &diag), XIP_OK);
	at("/d/f");
	ck_assert_uint_eq(
		at("/l")->mode & XIP_S_IFMT, XIP_S_IFLNK); /* but none below is followed */
	ck_assert_uint_eq(tree->node_count, 4);
	fixture_remove(link);
}
END_TEST

START_TEST(no_directory)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/none", source);
	ck_assert_int_eq(xip_scan_dir(path, NULL, &tree, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, path, "No such file");
	fixture_file(source, "none", "", 0);
	ck_assert_int_eq(xip_scan_dir(path, NULL, &tree, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, path, "Not a directory");
}
END_TEST

START_TEST(contents)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
	char buffer[100000], expected[100000];
	struct xip_content content;

	memset(expected, 0x5a, sizeof(expected));
	shell("mkdir '%s/d'", source);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct xip_tree_inode *inode;

		fixture_file(source, "d/f", expected, sizes[i]);
		scan();
		inode = at("/d/f");
		ck_assert_int_eq(xip_content_open(&content, inode, &diag), XIP_OK);
		ck_assert_uint_eq(content.size, sizes[i]);
		ck_assert_int_eq(xip_content_read(&content, buffer, sizes[i], 0, &diag), XIP_OK);
		ck_assert_int_eq(memcmp(buffer, expected, sizes[i]), 0);
		ck_assert_int_eq(xip_content_read(&content, buffer, 1, sizes[i], &diag),
			XIP_ERR_SOURCE); /* behind the end */
		messages_expect(&messages, "/d/f: ", "shorter");
		ck_assert_int_eq(xip_content_close(&content, &diag), XIP_OK);
		xip_tree_free(tree);
		tree = NULL;
	}
	scan();
	ck_assert_int_eq(xip_content_open(&content, at("/d"), &diag), XIP_ERR_SOURCE);
}
END_TEST

/* What the file has become between the scan and its opening. */
static const char *const changes[] = {
	"printf xyz >d/f; touch -d 2001-01-01 d/f", /* same size: mtime and ctime tell */
	"rm d/f; printf abc >d/f",
	"printf abcd >d/f",
	"rm d/f; mkfifo d/f",
	"rm d/f; ln -s g d/f",
	"rm d/f",
	"mv d old; mkdir d; cp -p old/f d/f",
	"mv d old; mkdir other; printf abc >other/f; ln -s other d",
};

START_TEST(changed_before_open)
{
	struct xip_content content;

	shell("cd '%s' && mkdir d && printf abc >d/f && printf abc >d/g", source);
	scan();
	shell("sleep 0.02; cd '%s' && %s", source, changes[_i]);
	ck_assert_int_eq(xip_content_open(&content, at("/d/f"), &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, source, "/d/f: ");
}
END_TEST

/* As of some FUSE file systems, which are not to be had here. */
START_TEST(more_than_its_size)
{
	struct xip_content content;

	shell("cd '%s' && printf abc >f", source);
	scan();
	endless = true;
	ck_assert_int_eq(xip_content_open(&content, at("/f"), &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/f: ", "more content than its size");
	endless = false;
	ck_assert_int_eq(xip_content_open(&content, at("/f"), &diag), XIP_OK);
	ck_assert_int_eq(xip_content_close(&content, &diag), XIP_OK);
}
END_TEST

START_TEST(changed_while_open)
{
	struct xip_content content;
	char buffer[8];

	shell("cd '%s' && mkdir d && printf abc >d/f", source);
	scan();
	ck_assert_int_eq(xip_content_open(&content, at("/d/f"), &diag), XIP_OK);
	shell("sleep 0.02; cd '%s' && %s d/f", source, _i ? "printf xyz >" : ": >");
	ck_assert_int_eq(
		xip_content_read(&content, buffer, 3, 0, &diag), _i ? XIP_OK : XIP_ERR_SOURCE);
	if (!_i)
		messages_expect(&messages, "/d/f: ", "shorter");
	ck_assert_int_eq(xip_content_close(&content, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/d/f: ", "changed while");
}
END_TEST

START_TEST(unreadable)
{
	struct xip_content content;
	static const char *const list[] = {"/d/locked"};
	const struct xip_exclude exclude = {.patterns = list, .count = 1};
	enum xip_err err;

	shell("cd '%s' && mkdir d d/locked && printf a >d/f && chmod 0 d/f d/locked", source);
	privileges(false);
	err = xip_scan_dir(source, NULL, &tree, &diag);
	privileges(true);
	ck_assert_int_eq(err, XIP_ERR_SOURCE);
	messages_expect(&messages, "/d/locked: ", "Permission denied");
	privileges(false);
	err = xip_scan_dir(source, &exclude, &tree, &diag);
	if (!err)
		err = xip_content_open(&content, at("/d/f"), &diag);
	privileges(true);
	ck_assert_int_eq(err, XIP_ERR_SOURCE);
	messages_expect(&messages, "/d/f: ", "Permission denied");
	ck_assert_ptr_null(xip_tree_find(tree, "/d/locked"));
}
END_TEST

START_TEST(excluded)
{
	static const char *const list[] = {"*.o", "/d/sub", "e/"};
	const struct xip_exclude exclude = {.patterns = list, .count = 3};

	shell("cd '%s' && mkdir -p d/sub/x sub d/e && : >a.o && : >d/b.o && : >d/sub/k && : >sub/k "
	      "&&"
	      " : >d/e/k && : >d/c",
		source);
	ck_assert_int_eq(xip_scan_dir(source, &exclude, &tree, &diag), XIP_OK);
	at("/d/c");
	at("/sub/k");
	ck_assert_uint_eq(tree->node_count, 5);
}
END_TEST

/* 10,000 directories in each other, with few descriptors; a path of 50,000 bytes. */
START_TEST(deep)
{
	const struct rlimit few = {.rlim_cur = 16, .rlim_max = 16};
	struct xip_node *node = NULL;
	struct xip_content content;
	unsigned depth = 0;
	char *path;
	char byte;

	shell("cd '%s' && perl -e 'for (1..10000) { mkdir \"d$_\" or die; chdir \"d$_\" or die }"
	      " open F, \">\", \"f\" or die; print F \"x\"'",
		source);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	scan();
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(tree->node_count, 10002);
	for (struct xip_node *n = NULL; (n = xip_tree_next(tree, n)); depth++)
		node = n;
	ck_assert_uint_eq(depth, 10002);
	path = xip_tree_path(node);
	ck_assert_ptr_eq(xip_tree_find(tree, path), node);
	ck_assert_uint_gt(strlen(path), 48000);
	free(path);
	ck_assert_int_eq(xip_content_open(&content, node->inode, &diag), XIP_OK);
	ck_assert_int_eq(xip_content_read(&content, &byte, 1, 0, &diag), XIP_OK);
	ck_assert_int_eq(byte, 'x');
	ck_assert_int_eq(xip_content_close(&content, &diag), XIP_OK);
}
END_TEST

/* On the way to a file whose path is too long for the kernel each directory is looked at. */
START_TEST(deep_and_moved)
{
	static const char make[] =
		"perl -e 'for (1..1000) { mkdir \"dir$_\" or die; chdir \"dir$_\" or die }"
		" open F, \">\", \"f\" or die'";
	struct xip_content content;
	unsigned count = 0;

	shell("cd '%s' && mkdir a b && (cd a && %s) && (cd b && %s)", source, make, make);
	scan();
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(tree->data_inode_count, 2); /* a's and b's, in this order */
	for (; count < 5; count++) {
		ck_assert_int_eq(
			xip_content_open(&content, tree->data_inodes[count % 2], &diag), XIP_OK);
		ck_assert_int_eq(xip_content_close(&content, &diag), XIP_OK);
	}
	shell("cd '%s' && mv a c && mv b a && mv c b", source);
	ck_assert_int_eq(xip_content_open(&content, tree->data_inodes[1], &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/b: ", "moved or replaced");
}
END_TEST

START_TEST(wide)
{
	char name[32];

	shell("cd '%s' && perl -e 'for (1..50000) { open F, \">\", \"file$_\" or die }'", source);
	scan();
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(tree->root->child_count, 50000);
	for (unsigned i = 1; i <= 50000; i++) {
		snprintf(name, sizeof(name), "/file%u", i);
		at(name);
	}
}
END_TEST

static enum xip_err scan_and_read(void)
{
	struct xip_tree *scanned = NULL;
	struct xip_content content;
	static const char *const list[] = {"/skipped"};
	const struct xip_exclude exclude = {.patterns = list, .count = 1};
	enum xip_err err = xip_scan_dir(source, &exclude, &scanned, &diag);
	char buffer[3];

	if (!err) {
		err = xip_content_open(&content, xip_tree_find(scanned, "/d/f")->inode, &diag);
		if (!err) {
			err = xip_content_read(&content, buffer, 3, 0, &diag);
			if (!err)
				err = xip_content_close(&content, &diag);
		}
	}
	if (!err)
		err = xip_tree_finish(scanned, false, &diag);
	xip_tree_free(scanned);
	return err;
}

START_TEST(no_memory)
{
	size_t n;

	shell("cd '%s' && mkdir d && printf abc >d/f && ln d/f d/g && ln -s x l && : >skipped && "
	      "for i in"
	      " $(seq 200); do : >d/file-with-a-long-name-$i; done",
		source);
	for (n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = scan_and_read();
		if (!failing_alloc_disarm()) {
			ck_assert_msg(!err, "%s", messages.text);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_gt(n, 200);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scan_dir");
	TCase *tests = tcase_create("scan_dir");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, metadata);
	tcase_add_test(tests, owners);
	tcase_add_test(tests, left_out);
	tcase_add_test(tests, special_files);
	tcase_add_test(tests, hard_links);
	tcase_add_test(tests, names_of_any_bytes);
	tcase_add_test(tests, root_may_be_a_symlink);
	tcase_add_test(tests, no_directory);
	tcase_add_test(tests, contents);
	tcase_add_loop_test(
		tests, changed_before_open, 0, (int)(sizeof(changes) / sizeof(*changes)));
	tcase_add_test(tests, more_than_its_size);
	tcase_add_loop_test(tests, changed_while_open, 0, 2);
	tcase_add_test(tests, unreadable);
	tcase_add_test(tests, excluded);
	tcase_add_test(tests, deep);
	tcase_add_test(tests, deep_and_moved);
	tcase_add_test(tests, wide);
	tcase_add_test(tests, no_memory);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
