/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees that nobody would make, laid out in every way: all rules hold for each of them. Seeds are
 * fixed, so a failure comes again; its number is in the name of the failed test.
 */
#include "layout_rules.h"
#include "run_suite.h"

#define SEEDS     300
#define FILES_MAX 40

struct world {
	struct dice dice;
	struct made made;
	struct xip_plan *plan;
	struct xip_encoding *encoding;
	struct xip_layout_options options;
	uint8_t insert[3000];
	uint32_t page_size;
	struct xip_node *dirs[8];
	uint32_t dir_count;
	struct xip_node *files[FILES_MAX];
	uint32_t file_count;
	uint32_t copy_of[FILES_MAX]; /* number of the file of the same content; its own: none */
	bool refused;
};

static uint32_t some(struct world *w, uint32_t sides)
{
	return roll(&w->dice, sides);
}

static void make_options(struct world *w)
{
	w->page_size = some(w, 3) ? 4096 : 4096u << some(w, 5);
	w->options = (struct xip_layout_options){
		.big = some(w, 2),
		.boot_pad = !some(w, 3),
		.classic = !some(w, 6),
		.force_extended = !some(w, 6),
		.edition = some(w, 1000),
		.insert_size = some(w, 4) ? 0 : some(w, sizeof(w->insert)),
	};
	if (w->options.classic)
		w->options.force_extended = false;
	fill(w->options.name, some(w, 17), TEXTURE_TEXT, 1);
	fill(w->insert, sizeof(w->insert), TEXTURE_NOISE, 1);
}

static struct xip_node *some_dir(struct world *w)
{
	return w->dirs[some(w, w->dir_count)];
}

/* A name that no other entry has, of any length. */
static const char *some_name(struct world *w, uint32_t number)
{
	static char name[256];
	uint32_t length = some(w, 5) ? 3 + some(w, 10) : 3 + some(w, 250);

	memset(name, 'a' + (int)some(w, 26), sizeof(name));
	name[0] = (char)('A' + number % 50);
	name[1] = (char)(128 + number / 50);
	name[length < 252 ? length : 252] = '\0';
	return name;
}

/* Pages come from a small stock, so that many blocks are equal. */
static uint8_t *some_content(struct world *w, size_t *size)
{
	static const uint32_t sizes[] = {0, 1, 15, 16, 4095, 4096, 4097, 8192};
	uint32_t pages = some(w, 7), rest = some(w, 3) ? some(w, w->page_size) : 0;
	uint8_t *bytes;

	*size = some(w, 4) ? (size_t)pages * w->page_size + rest : sizes[some(w, 8)];
	bytes = malloc(*size + 1);
	for (size_t at = 0; at < *size; at += w->page_size) {
		size_t part = *size - at < w->page_size ? *size - at : w->page_size;

		fill(bytes + at, part, (enum texture)some(w, TEXTURE_COUNT), some(w, 4));
	}
	return bytes;
}

static void add_file(struct world *w)
{
	uint32_t number = w->file_count++;
	uint32_t other = number && !some(w, 3) ? some(w, number) : number;
	struct xip_node *node;
	uint8_t *bytes;
	size_t size;

	w->copy_of[number] = other == number ? number : w->copy_of[other];
	if (other != number) {
		size = w->files[other]->inode->size;
		bytes = made_content(&w->made, w->files[other]->inode);
	} else {
		bytes = some_content(w, &size);
	}
	node = made_file(&w->made, some_dir(w), some_name(w, number), bytes, size);
	node->inode->mode = XIP_S_IFREG | (uint32_t[]){0644, 0644, 0755, 04755}[some(w, 4)];
	node->inode->uid = some(w, 5) ? 0 : some(w, 65536);
	node->inode->gid = some(w, 5) ? 0 : some(w, 256);
	w->files[number] = node;
	free(bytes);
}

static void add_other(struct world *w, uint32_t number)
{
	static const uint32_t types[] = {XIP_S_IFCHR, XIP_S_IFBLK, XIP_S_IFIFO, XIP_S_IFSOCK};
	const char *name = some_name(w, 100 + number);
	struct xip_node *node;
	char target[400];

	if (some(w, 2)) {
		fill((uint8_t *)target, sizeof(target), TEXTURE_TEXT, some(w, 3));
		target[1 + some(w, sizeof(target) - 1)] = '\0';
		made_symlink(&w->made, some_dir(w), name, target);
	} else if (w->file_count && some(w, 2)) {
		made_link(&w->made, some_dir(w), name, w->files[some(w, w->file_count)]->inode);
	} else {
		node = made_node(&w->made, some_dir(w), name, types[some(w, 4)] | 0600);
		if (node->inode->mode & XIP_S_IFCHR & ~XIP_S_IFIFO) {
			node->inode->major = some(w, 256);
			node->inode->minor = some(w, 256);
		}
	}
}

static void make_tree(struct world *w)
{
	uint32_t dirs = some(w, 8), others = some(w, 20);
	uint32_t files = some(w, w->page_size > 8192 ? 12 : FILES_MAX + 1);

	made_begin(&w->made);
	w->dirs[w->dir_count++] = w->made.tree->root;
	for (uint32_t i = 1; i < dirs; i++) {
		struct xip_node *dir = made_dir(&w->made, some_dir(w), some_name(w, 200 + i));

		w->dirs[w->dir_count++] = dir;
	}
	for (uint32_t i = 0; i < files; i++)
		add_file(w);
	for (uint32_t i = 0; i < others; i++)
		add_other(w, i);
	made_finish(&w->made);
}

/* Some pages of the file, in runs that neither overlap nor touch. */
static void make_runs(struct world *w, const struct xip_node *node)
{
	struct xip_plan_file *file = &w->plan->files[node->inode->number];
	uint32_t pages = (uint32_t)xip_div_up(node->inode->size, w->page_size);
	uint32_t page = some(w, 3) ? some(w, pages + 1) : 0;

	file->mmu_only = some(w, 2);
	while (page < pages) {
		uint32_t count = 1 + some(w, pages - page);
		uint32_t align = 4u << some(w, 15);

		if (file->mmu_only || align > w->page_size)
			align = w->page_size;
		hand_run(w->plan, node, page, count, align);
		page += count + 1 + some(w, 3);
	}
}

static void make_plan(struct world *w)
{
	w->plan = hand_plan(&w->made, w->page_size);
	for (uint32_t i = 0; !w->options.classic && i < w->file_count; i++) {
		struct xip_plan_file *files = w->plan->files;
		uint32_t other = w->copy_of[i];

		if (files[w->files[i]->inode->number].run_count)
			continue;
		if (other != i && some(w, 4)) /* what has equal content is mostly planned alike */
			files[w->files[i]->inode->number] = files[w->files[other]->inode->number];
		else if (some(w, 2))
			make_runs(w, w->files[i]);
	}
}

static void expect_refusal(void *user, enum xip_severity severity, const char *path,
	uint64_t offset, const char *message)
{
	struct world *w = user;

	(void)severity;
	(void)offset;
	if (path && strstr(message, "64 KiB"))
		w->refused = true;
}

/* The world as an image; NULL when it is one that cannot be. */
static struct xip_layout *lay_out(struct world *w)
{
	struct xip_diag diag = {.emit = expect_refusal, .user = w};
	struct xip_layout *layout = NULL;
	enum xip_err err =
		xip_layout_make(w->made.tree, w->plan, w->encoding, &w->options, &layout, &diag);

	if (err == XIP_ERR_LIMIT && w->page_size == XIP_PAGE_SIZE_MAX) {
		ck_assert(w->refused);
		return NULL;
	}
	ck_assert_int_eq(err, XIP_OK);
	return layout;
}

static void encode(struct world *w)
{
	struct xip_encode_options options = {.compressor = XIP_LIBDEFLATE,
		.level = 1,
		.threads = 1 + some(w, 3),
		.store = !w->options.classic || (w->page_size <= 32768 && some(w, 2))};

	ck_assert_int_eq(xip_encode(w->made.tree, w->plan, &options, &w->encoding, NULL), XIP_OK);
}

/* The same bytes again: no stage keeps anything from the time before. */
static void expect_again(struct world *w, const struct laid *laid)
{
	struct xip_layout *layout = lay_out(w);
	struct laid again = *laid;

	again.layout = layout;
	laid_write(&again);
	ck_assert_uint_eq(again.size, laid->size);
	ck_assert(!memcmp(again.bytes, laid->bytes, laid->size));
	laid_free(&again);
	xip_layout_free(layout);
}

START_TEST(any_tree)
{
	struct world *w = calloc(1, sizeof(*w));
	struct xip_layout *layout;

	w->dice.state = 1 + (uint64_t)_i * 0x9e3779b97f4a7c15u;
	for (unsigned i = 0; i < 8; i++)
		some(w, 2);
	make_options(w);
	make_tree(w);
	make_plan(w);
	encode(w);
	layout = lay_out(w);
	if (layout) {
		struct laid laid = {.made = &w->made,
			.plan = w->plan,
			.layout = layout,
			.options = &w->options,
			.insert = w->insert};

		laid_write(&laid);
		expect_rules(&laid);
		expect_again(w, &laid);
		if (w->options.classic)
			ck_assert_uint_eq(layout->super.flags & CRAMFS_FLAG_EXT_BLOCK_POINTERS, 0);
		laid_free(&laid);
	}
	xip_layout_free(layout);
	xip_encoding_free(w->encoding);
	xip_plan_free(w->plan);
	made_end(&w->made);
	free(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout_random");
	TCase *tests = tcase_create("layout_random");

	tcase_add_loop_test(tests, any_tree, 0, SEEDS);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
