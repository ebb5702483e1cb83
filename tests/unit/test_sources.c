/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of every kind, one over the other, without memory. */
#include "failing_alloc.h"
#include "fixture.h"
#include "run_suite.h"
#include "xipfs/image/build.h"
#include "xipfs/source/source.h"

static struct messages messages;
static const struct xip_diag diag = {.emit = messages_emit, .user = &messages};
static char *directory;
static char paths[4][4096];
static const char *const list[] = {paths[0], paths[1], paths[2], paths[3]};
static const char *const patterns[] = {"excluded"};
static struct xip_sources sources;

static void setup(void)
{
	static const char *const names[] = {"base", "image", "docker.tar", "over"};

	memset(&messages, 0, sizeof(messages));
	directory = fixture_directory();
	for (size_t i = 0; i < 4; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", directory, names[i]);
	shell("cd '%s' && mkdir -p base/usr/bin base/etc over/bin over/lib l/etc/empty m/etc d &&"
	      " ln -s usr/bin base/bin && echo a >base/usr/bin/tool && echo b >over/bin/tool &&"
	      " echo c >base/lib && echo d >over/lib/file && echo e >over/excluded &&"
	      " echo f >l/etc/one && echo g >l/etc/two && : >m/etc/.wh.one && ln -s two m/etc/link "
	      "&&"
	      " tar -cf d/l.tar -C l . && tar -czf d/m.tgz -C m . &&"
	      " echo '{\"os\":\"linux\",\"architecture\":\"arm\"}' >d/c.json &&"
	      " echo '[{\"Config\":\"c.json\",\"Layers\":[\"l.tar\",\"m.tgz\"]}]' >d/manifest.json "
	      "&&"
	      " tar -cf docker.tar -C d .",
		directory);
	sources = (struct xip_sources){.paths = list,
		.count = 4,
		.exclude = {patterns, 1},
		.limit = XIP_UNPACK_LIMIT,
		.platform = "linux/arm"};
}

static void teardown(void)
{
	fixture_remove(directory);
}

/* An image of base/, for a source of its own. */
static void make_image(void)
{
	const struct xip_build_options options = {.policy = {.page_size = 4096, .xip_align = 4096},
		.encode = {.compressor = XIP_LIBDEFLATE, .level = 1, .threads = 1, .store = true}};
	int fd = open(paths[1], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct xip_build *build;
	struct xip_tree *tree;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(xip_scan_dir(paths[0], NULL, &tree, &diag), XIP_OK);
	ck_assert_int_eq(xip_tree_finish(tree, true, &diag), XIP_OK);
	ck_assert_int_eq(xip_build_run(tree, &options, fd, "image", &build, &diag), XIP_OK);
	xip_build_free(build);
	xip_tree_free(tree);
	close(fd);
}

static const struct xip_tree_inode *find(const struct xip_tree *tree, const char *path)
{
	const struct xip_node *node = xip_tree_find(tree, path);

	return node ? node->inode : NULL;
}

static void expect_text(const struct xip_tree *tree, const char *path, const char *text)
{
	struct xip_content content;
	char got[2];

	ck_assert_ptr_nonnull(find(tree, path));
	ck_assert_int_eq(xip_content_open(&content, find(tree, path), &diag), XIP_OK);
	ck_assert_int_eq(xip_content_read(&content, got, 2, 0, &diag), XIP_OK);
	ck_assert_int_eq(xip_content_close(&content, &diag), XIP_OK);
	ck_assert_int_eq(memcmp(got, text, 2), 0);
}

static void expect_all(struct xip_tree *tree)
{
	ck_assert_int_eq(xip_tree_finish(tree, true, &diag), XIP_OK);
	ck_assert_str_eq(find(tree, "/bin")->target, "usr/bin");
	expect_text(tree, "/usr/bin/tool", "b\n");
	expect_text(tree, "/lib/file", "d\n");
	expect_text(tree, "/etc/two", "g\n");
	ck_assert_ptr_null(find(tree, "/etc/one"));
	ck_assert_ptr_null(find(tree, "/excluded"));
	ck_assert_str_eq(find(tree, "/etc/link")->target, "two");
	ck_assert_uint_eq(tree->directory_count, 6);
	ck_assert_uint_eq(tree->node_count, 11);
}

/* Whatever allocation fails, the error is that of memory, and there is no tree. */
START_TEST(no_memory)
{
	size_t n;

	make_image();
	for (n = 1;; n++) {
		struct xip_tree *tree;
		enum xip_err err;

		failing_alloc_arm(n);
		err = xip_sources_read(&sources, &tree, &diag);
		if (!failing_alloc_disarm()) {
			ck_assert_msg(!err, "%s", messages.text);
			expect_all(tree);
			xip_tree_free(tree);
			break;
		}
		ck_assert_int_eq(err, XIP_ERR_NOMEM);
		ck_assert_uint_eq(messages.errors, 1);
		messages.errors = 0;
	}
	ck_assert_uint_gt(n, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sources");
	TCase *tests = tcase_create("sources");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 240);
	tcase_add_test(tests, no_memory);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
