/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/pattern.h"
#include "xipfs/tree/tree.h"

#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/format/format.h"
#include "xipfs/tree/scan.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static struct xip_tree *tree;

static void setup(void)
{
	memset(&messages, 0, sizeof(messages));
	ck_assert_int_eq(xip_tree_new(&tree, &diag), XIP_OK);
}

static void teardown(void)
{
	xip_tree_free(tree);
	tree = NULL;
}

static struct xip_tree_inode *inode_of(uint32_t mode)
{
	struct xip_tree_inode *inode = xip_tree_inode_new(tree);

	ck_assert_ptr_nonnull(inode);
	inode->mode = mode;
	return inode;
}

static struct xip_node *add_inode(
	struct xip_node *parent, const char *name, struct xip_tree_inode *inode)
{
	struct xip_node *node = NULL;

	ck_assert_int_eq(
		xip_tree_add(tree, parent, name, strlen(name), inode, &node, &diag), XIP_OK);
	return node;
}

static struct xip_node *add(struct xip_node *parent, const char *name, uint32_t mode)
{
	return add_inode(parent, name, inode_of(mode));
}

START_TEST(names)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "/"};
	struct xip_node *bin = add(tree->root, "bin", XIP_S_IFDIR | 0755);
	struct xip_node *sh = add(bin, "sh", XIP_S_IFREG | 0755);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_eq(
			xip_tree_add(tree, bin, bad[i], strlen(bad[i]), sh->inode, NULL, &diag),
			XIP_ERR_SOURCE);
		messages_expect(&messages, "/bin: ", "name");
	}
	ck_assert_int_eq(
		xip_tree_add(tree, bin, "x\0y", 3, sh->inode, NULL, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/bin: ", "name");
	ck_assert_int_eq(xip_tree_add(tree, bin, "sh", 2, sh->inode, NULL, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/bin: ", "twice");
	ck_assert_int_eq(xip_tree_add(tree, sh, "x", 1, sh->inode, NULL, &diag), XIP_ERR_SOURCE);
	messages_expect(&messages, "/bin/sh: ", "not a directory");
	ck_assert_uint_eq(tree->node_count, 3);
}
END_TEST

static void expect_found(const struct xip_node *bin, const struct xip_node *sh)
{
	ck_assert_ptr_eq(xip_tree_find(tree, "/bin/sh"), sh);
	ck_assert_ptr_eq(xip_tree_find(tree, "bin//./sh"), sh);
	ck_assert_ptr_eq(xip_tree_find(tree, "./bin/"), bin);
	ck_assert_ptr_eq(xip_tree_find(tree, ""), tree->root);
	ck_assert_ptr_eq(xip_tree_find(tree, "//"), tree->root);
	ck_assert_ptr_null(xip_tree_find(tree, "/bin/s"));
	ck_assert_ptr_null(xip_tree_find(tree, "/bin/sh/x"));
	ck_assert_ptr_null(xip_tree_find(tree, "/bin/../bin"));
	ck_assert_ptr_null(xip_tree_find(tree, "/sh"));
	ck_assert_ptr_eq(xip_tree_child(tree, bin, "shell", 2), sh);
}

START_TEST(find)
{
	struct xip_node *bin = add(tree->root, "bin", XIP_S_IFDIR | 0755);
	struct xip_node *sh = add(bin, "sh", XIP_S_IFREG | 0755);
	char *path = xip_tree_path(sh);

	add(bin, "sg", XIP_S_IFREG | 0755);
	add(bin, "shx", XIP_S_IFREG | 0755);
	ck_assert_str_eq(path, "/bin/sh");
	free(path);
	path = xip_tree_path(tree->root);
	ck_assert_str_eq(path, "/");
	free(path);
	expect_found(bin, sh);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	expect_found(bin, sh);
}
END_TEST

/* The order is that of strcmp on unsigned bytes, whatever order the names came in. */
START_TEST(order)
{
	static const char *const sorted[] = {"\x01", " ", "A", "a", "a-b", "a.b", "a0", "ab", "b",
		"b\x7f", "b\x80", "\xc3\xa4", "\xff"};
	const size_t count = sizeof(sorted) / sizeof(*sorted);
	struct xip_node *node;

	for (size_t i = 0; i < count; i++) /* 7 and 13 have no common divisor */
		add(tree->root, sorted[(i * 7 + 5) % count], XIP_S_IFIFO | 0600);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(tree->root->child_count, count);
	node = xip_tree_next(tree, tree->root);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(tree->root->children[i]->name, sorted[i]);
		ck_assert_ptr_eq(node, tree->root->children[i]);
		ck_assert_ptr_eq(xip_tree_find(tree, sorted[i]), node);
		node = xip_tree_next(tree, node);
	}
	ck_assert_ptr_null(node);
	ck_assert_uint_eq(tree->data_inode_count, 0);
}
END_TEST

START_TEST(preorder)
{
	static const char *const expected[] = {"/", "/a", "/a/b", "/a/b/c", "/a/d", "/a.x", "/e"};
	struct xip_node *a = add(tree->root, "a", XIP_S_IFDIR);
	struct xip_node *node = NULL;

	add(tree->root, "e", XIP_S_IFDIR);
	add(tree->root, "a.x", XIP_S_IFSOCK);
	add(a, "d", XIP_S_IFREG);
	add(add(a, "b", XIP_S_IFDIR), "c", XIP_S_IFREG);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		char *path;

		node = xip_tree_next(tree, node);
		path = xip_tree_path(node);
		ck_assert_str_eq(path, expected[i]);
		free(path);
	}
	ck_assert_ptr_null(xip_tree_next(tree, node));
	ck_assert_ptr_null(xip_tree_next_below(a, a->children[1]));
	ck_assert_uint_eq(tree->node_count, 7);
}
END_TEST

START_TEST(hard_links)
{
	struct xip_tree_inode *shared = inode_of(XIP_S_IFREG | 04755);
	struct xip_node *last = add_inode(tree->root, "z", shared);
	struct xip_node *first = add_inode(add(tree->root, "a", XIP_S_IFDIR), "q", shared);
	struct xip_node *link = add(tree->root, "m", XIP_S_IFLNK | 0777);

	link->inode->target = "x";
	link->inode->size = 1;
	ck_assert_ptr_eq(shared->first, last);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(shared->links, 2);
	ck_assert_ptr_eq(shared->first, first);
	ck_assert_uint_eq(tree->root->inode->links, 1);
	ck_assert_uint_eq(tree->data_inode_count, 2);
	ck_assert_ptr_eq(tree->data_inodes[0], shared);
	ck_assert_ptr_eq(tree->data_inodes[1], link->inode);
	ck_assert_uint_eq(shared->number, 0);
	ck_assert_uint_eq(link->inode->number, 1);
}
END_TEST

struct limit {
	const char *what;
	struct xip_tree_inode inode;
	bool fits;
};

static const struct limit limits[] = {
	{"16 MiB", {.mode = XIP_S_IFREG, .size = 0xffffff}, true},
	{"16 MiB", {.mode = XIP_S_IFREG, .size = 0x1000000}, false},
	{"16 MiB", {.mode = XIP_S_IFREG, .size = UINT64_MAX}, false},
	{"uid", {.mode = XIP_S_IFREG, .uid = 65535}, true},
	{"uid 65536", {.mode = XIP_S_IFREG, .uid = 65536}, false},
	{"gid", {.mode = XIP_S_IFDIR, .gid = 255}, true},
	{"gid 256", {.mode = XIP_S_IFDIR, .gid = 256}, false},
	{"device", {.mode = XIP_S_IFCHR, .major = 255, .minor = 255}, true},
	{"256:1", {.mode = XIP_S_IFCHR, .major = 256, .minor = 1}, false},
	{"1:256", {.mode = XIP_S_IFBLK, .major = 1, .minor = 256}, false},
	{"target", {.mode = XIP_S_IFLNK, .size = 4095}, true},
	{"target", {.mode = XIP_S_IFLNK, .size = 4096}, false},
	{"target", {.mode = XIP_S_IFLNK, .size = 0}, false},
	{"mode", {.mode = XIP_S_IFSOCK | 07777}, true},
	{"mode", {.mode = 0644}, false},
	{"mode", {.mode = 0x10000 | XIP_S_IFREG}, false},
	{"mode", {.mode = 0130000 | 0644}, false},
};

START_TEST(limit)
{
	struct xip_tree_inode *inode = inode_of(0);

	*inode = limits[_i].inode;
	add_inode(tree->root, "it", inode);
	if (limits[_i].fits) {
		ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
		ck_assert_uint_eq(messages.errors, 0);
	} else {
		ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_ERR_LIMIT);
		messages_expect(&messages, "/it: ", limits[_i].what);
	}
}
END_TEST

START_TEST(name_limit)
{
	char name[254];

	memset(name, 'n', sizeof(name));
	name[252] = '\0';
	add(tree->root, name, XIP_S_IFREG);
	if (_i) {
		name[252] = 'n';
		name[253] = '\0';
		add(tree->root, name, XIP_S_IFREG);
	}
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), _i ? XIP_ERR_LIMIT : XIP_OK);
	if (_i)
		messages_expect(&messages, name, "253 bytes");
}
END_TEST

/* 264 bytes an entry: 63,550 of them fit, one more does not. */
START_TEST(directory_limit)
{
	const unsigned count = 63550 + (unsigned)_i;
	struct xip_tree_inode *inode = inode_of(XIP_S_IFIFO);
	char name[253];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%0252u", i);
		add_inode(tree->root, name, inode);
	}
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), _i ? XIP_ERR_LIMIT : XIP_OK);
	if (_i)
		messages_expect(&messages, "/: 63551 entries", "16777464 bytes");
}
END_TEST

START_TEST(many_faults)
{
	char name[16];

	for (unsigned i = 0; i < 25; i++) {
		snprintf(name, sizeof(name), "%u", i);
		add(tree->root, name, XIP_S_IFREG)->inode->uid = 70000;
	}
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_ERR_LIMIT);
	ck_assert_uint_eq(messages.errors, 21);
	ck_assert_ptr_nonnull(strstr(messages.text, "5 more"));
}
END_TEST

START_TEST(truncated_ids)
{
	struct xip_node *node = add(tree->root, "it", XIP_S_IFREG);

	node->inode->uid = 65536 + 7;
	node->inode->gid = 1000;
	ck_assert_int_eq(xip_tree_finish(tree, true, &diag), XIP_OK);
	ck_assert_uint_eq(messages.warnings, 2);
	ck_assert_ptr_nonnull(strstr(messages.text, "/it: gid 1000 is cut to 232"));
	ck_assert_uint_eq(node->inode->uid, 7);
	ck_assert_uint_eq(node->inode->gid, 232);
}
END_TEST

START_TEST(squash)
{
	struct xip_node *node = add(tree->root, "it", XIP_S_IFREG);

	node->inode->uid = 70000;
	node->inode->gid = 70000;
	tree->root->inode->uid = 1;
	xip_tree_squash_owners(tree);
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(node->inode->uid + node->inode->gid + tree->root->inode->uid, 0);
}
END_TEST

static bool begins_with_x(void *user, const struct xip_node *node)
{
	++*(unsigned *)user;
	return node->name[0] == 'x';
}

START_TEST(prune)
{
	struct xip_tree_inode *shared = inode_of(XIP_S_IFREG);
	struct xip_node *xd = add(tree->root, "xd", XIP_S_IFDIR);
	struct xip_node *a = add(tree->root, "a", XIP_S_IFDIR);
	unsigned asked = 0;

	add_inode(xd, "below", shared);
	add_inode(a, "kept", shared);
	add(a, "x1", XIP_S_IFREG);
	add(a, "x2", XIP_S_IFREG);
	xip_tree_prune(tree, begins_with_x, &asked);
	ck_assert_uint_eq(asked, 5); /* not about what is below xd */
	ck_assert_uint_eq(tree->node_count, 3);
	ck_assert_ptr_null(xip_tree_find(tree, "/xd"));
	ck_assert_ptr_null(xip_tree_find(tree, "/a/x2"));
	ck_assert_ptr_nonnull(xip_tree_find(tree, "/a/kept"));
	add(tree->root, "xd", XIP_S_IFREG); /* the name is free again */
	ck_assert_int_eq(xip_tree_finish(tree, false, &diag), XIP_OK);
	ck_assert_uint_eq(shared->links, 1);
	ck_assert_str_eq(shared->first->name, "kept");
	ck_assert_uint_eq(tree->data_inode_count, 2);
	ck_assert_uint_eq(a->child_count, 1);
}
END_TEST

static enum xip_err build_and_finish(void)
{
	struct xip_tree *made = NULL;
	enum xip_err err = xip_tree_new(&made, &diag);
	char name[300];

	for (unsigned i = 0; !err && i < 1000; i++) { /* the index grows, the arena too */
		struct xip_tree_inode *inode = xip_tree_inode_new(made);

		if (!inode) {
			err = XIP_ERR_NOMEM;
			break;
		}
		inode->mode = XIP_S_IFREG;
		snprintf(name, sizeof(name), "%0200u", i);
		err = xip_tree_add(made, made->root, name, strlen(name), inode, NULL, &diag);
	}
	if (!err)
		err = xip_tree_finish(made, false, &diag);
	xip_tree_free(made);
	return err;
}

START_TEST(no_memory)
{
	size_t n;

	for (n = 1;; n++) {
		enum xip_err err;

		failing_alloc_arm(n);
		err = build_and_finish();
		if (!failing_alloc_disarm()) {
			ck_assert_int_eq(err, XIP_OK);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
	}
	ck_assert_uint_gt(n, 10);
}
END_TEST

/* To tell of a fault takes no memory. */
START_TEST(no_memory_for_message)
{
	enum xip_err err;

	failing_alloc_arm(1);
	err = xip_tree_add(tree, tree->root, "..", 2, tree->root->inode, NULL, &diag);
	ck_assert(!failing_alloc_disarm());
	ck_assert_int_eq(err, XIP_ERR_SOURCE);
}
END_TEST

/* Of a path that is too long the end is shown, in whole names. */
START_TEST(shown_path)
{
	char buffer[XIP_SHOWN_NODE_SIZE];
	struct xip_node *node = tree->root;
	const char *shown;

	ck_assert_str_eq(xip_tree_show(node, buffer), "/");
	for (size_t i = 0; i < 2046; i++)
		node = add(node, "d", XIP_S_IFDIR);
	shown = xip_tree_show(node, buffer);
	ck_assert_uint_eq(strlen(shown), 4092); /* with a NUL and "..." at most a buffer */
	ck_assert_int_eq(shown[0], '/');
	node = add(node, "abc", XIP_S_IFDIR);
	shown = xip_tree_show(node, buffer);
	ck_assert_int_eq(strncmp(shown, ".../d/d/", 8), 0);
	ck_assert_str_eq(shown + strlen(shown) - 6, "/d/abc");
	ck_assert_uint_lt(strlen(shown), XIP_SHOWN_NODE_SIZE);
}
END_TEST

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct pattern {
	const char *pattern, *path;
	bool matches;
};

static const struct pattern patterns[] = {
	{"*.o", "/a/b/x.o", true},
	{"*.o", "x.o", true},
	{"*.o", "/x.o/y", false},
	{"*", "/a/.hidden", true},
	{"a/*", "/a/b", true},
	{"/a/*", "a/b", true},
	{"a/*", "/a/b/c", false},
	{"a/*", "/x/a/b", false},
	{"/b", "/a/b", false},
	{"./b", "/b", true},
	{"b/", "/a/b", true},
	{"/b/", "/a/b", false},
	{"/b/", "/b", true},
	{"a/b", "/a/b/c", false},
	{"*/c", "/a/b/c", false},
	{"*/*/c", "/a/b/c", true},
	{"/*b*/c", "/abba/c", true},
	{"a?c", "/abc", true},
	{"a/?", "/a//", false},
	{"a?c", "/a/c", false},
	{"a?c", "ac", false},
	{"a[b-d]e", "ace", true},
	{"a[b-d]e", "aee", false},
	{"a[!b-d]e", "aee", true},
	{"a[^b-d]e", "ace", false},
	{"/a[!b]c/d", "/a/c/d", false},
	{"a[]]b", "a]b", true},
	{"a[!]]b", "a]b", false},
	{"a[-x]b", "a-b", true},
	{"a[x-]b", "a-b", true},
	{"a[b", "a[b", true},
	{"a[", "a[", true},
	{"[", "x", false},
	{"a\\*b", "a*b", true},
	{"a\\*b", "axb", false},
	{"a\\", "a\\", true},
	{"\xff*[\x80-\x90]", "\xff\xfe\x85", true},
	{"\xff*[\x80-\x90]", "\xff\xfe\x95", false},
	{"", "/a", false},
	{"/", "/a", false},
	{"/", "/", false},
	{"a*b*c", "aXbXbXc", true},
	{"a*b*c", "aXbXbX", false},
	{"**", "abc", true},
	{"ABC", "abc", false},
	{"a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		false},
};

START_TEST(pattern)
{
	ck_assert_msg(
		xip_pattern_match(patterns[_i].pattern, patterns[_i].path) == patterns[_i].matches,
		"%s on %s", patterns[_i].pattern, patterns[_i].path);
}
END_TEST

/* A pattern fits a path exactly if it fits the end of it that it looks at. */
START_TEST(pattern_reach)
{
	static const char *const more[] = {"/x/a/b", "/a/b/c/d", "/d/d/d/d/d/b", "/x/y/z/abc"};
	const char *glob = patterns[_i].pattern;
	size_t reach = xip_pattern_reach(glob), count = COUNT(patterns) + COUNT(more);

	for (size_t i = 0; i < count; i++) {
		const char *path =
			i < COUNT(patterns) ? patterns[i].path : more[i - COUNT(patterns)];
		const char *end = path + strlen(path);

		for (size_t left = reach; left && end > path; left -= end[0] == '/')
			end--;
		ck_assert_msg(xip_pattern_match(glob, path) == xip_pattern_match(glob, end),
			"%s on %s and %s", glob, path, end);
	}
}
END_TEST

/* What it costs is told by the reach: of a directory 65,000 deep a few names. */
START_TEST(pattern_reaches)
{
	ck_assert_uint_eq(xip_pattern_reach("*.o"), 1);
	ck_assert_uint_eq(xip_pattern_reach("/bin/[a/b]*"), 5);
	ck_assert_uint_eq(xip_pattern_reach("/bin/**"), SIZE_MAX);
}
END_TEST

START_TEST(path_end)
{
	struct xip_node *node =
		add(add(add(tree->root, "a", XIP_S_IFDIR), "bc", XIP_S_IFDIR), "d", XIP_S_IFREG);
	static const char *const ends[] = {"/", "/d", "/bc/d", "/a/bc/d", "/a/bc/d"};

	for (size_t i = 0; i < COUNT(ends); i++) {
		char *path = xip_tree_path_end(node, i);

		ck_assert_str_eq(path, ends[i]);
		free(path);
	}
}
END_TEST

START_TEST(exclude)
{
	static const char *const list[] = {"*.a", "/tmp/*"};
	const struct xip_exclude two = {.patterns = list, .count = 2};
	static const char *const all[] = {"*"};
	const struct xip_exclude everything = {.patterns = all, .count = 1};

	ck_assert(xip_exclude_match(&two, "/usr/lib/libc.a"));
	ck_assert(xip_exclude_match(&two, "/tmp/x"));
	ck_assert(!xip_exclude_match(&two, "/tmp"));
	ck_assert(!xip_exclude_match(NULL, "/tmp"));
	ck_assert(xip_exclude_match(&everything, "/x"));
	ck_assert(!xip_exclude_match(&everything, "/"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tests = tcase_create("tree");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, names);
	tcase_add_test(tests, find);
	tcase_add_test(tests, order);
	tcase_add_test(tests, preorder);
	tcase_add_test(tests, hard_links);
	tcase_add_loop_test(tests, limit, 0, COUNT(limits));
	tcase_add_loop_test(tests, name_limit, 0, 2);
	tcase_add_loop_test(tests, directory_limit, 0, 2);
	tcase_add_test(tests, many_faults);
	tcase_add_test(tests, truncated_ids);
	tcase_add_test(tests, squash);
	tcase_add_test(tests, prune);
	tcase_add_test(tests, no_memory);
	tcase_add_test(tests, no_memory_for_message);
	tcase_add_test(tests, shown_path);
	tcase_add_loop_test(tests, pattern, 0, COUNT(patterns));
	tcase_add_loop_test(tests, pattern_reach, 0, COUNT(patterns));
	tcase_add_test(tests, pattern_reaches);
	tcase_add_test(tests, path_end);
	tcase_add_test(tests, exclude);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
