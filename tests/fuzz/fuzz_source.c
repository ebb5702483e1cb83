/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arbitrary bytes as a source. Whatever passes for one becomes an image, which must keep every rule
 * and hold the tree that was read. The input's size picks the options.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xipfs/image/build.h"
#include "xipfs/read/reader.h"
#include "xipfs/source/source.h"
#include "xipfs/tree/scan.h"
#include "xipfs/check/verify.h"

/* Bytes of contents; a fuzzer has no time for more. */
#define BYTES_MAX  (4u << 20)
#define UNPACK_MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static int new_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	require(fd >= 0);
	require(write(fd, data, size) == (ssize_t)size);
	return fd;
}

static struct xip_build_options pick_options(size_t size)
{
	struct xip_build_options options = {0};

	options.policy.page_size = size & 1 ? 4096 : 65536;
	options.policy.xip_align = size & 2 ? 4 : options.policy.page_size;
	options.layout.big = options.policy.big = size & 4;
	options.policy.order_given = true;
	options.layout.boot_pad = size & 8;
	options.encode.compressor = XIP_LIBDEFLATE;
	options.encode.level = 1;
	options.encode.threads = 1;
	options.encode.store = true;
	return options;
}

static uint64_t content_bytes(const struct xip_tree *tree)
{
	uint64_t total = 0;

	for (size_t i = 0; i < tree->data_inode_count; i++)
		total += tree->data_inodes[i]->size;
	return total;
}

static void finding(void *user, const struct xip_finding *found)
{
	(void)user;
	if (xip_check_info(found->check)->warning)
		return;
	fprintf(stderr, "check %s: %s: %s\n", xip_check_info(found->check)->name,
		found->path ? found->path : "", found->message);
	abort();
}

static void compare_content(
	struct xip_image *image, const struct xip_inode *inode, const struct xip_tree_inode *source)
{
	uint32_t page = xip_image_info(image)->page_size;
	uint8_t *expected = calloc(1, (size_t)source->size + 1), *block = malloc(page);
	struct xip_content content;

	require(expected && block);
	if (source->target) {
		memcpy(expected, source->target, (size_t)source->size);
	} else {
		require(!xip_content_open(&content, source, NULL));
		require(!xip_content_read(&content, expected, (size_t)source->size, 0, NULL));
		require(!xip_content_close(&content, NULL));
	}
	for (uint64_t done = 0, length; done < source->size; done += length) {
		const char *why;
		size_t got;

		length = source->size - done < page ? source->size - done : page;
		require(!xip_image_read_block(
			image, inode, (uint32_t)(done / page), block, &got, &why));
		require(got == length && !memcmp(block, expected + done, got));
	}
	free(expected);
	free(block);
}

static void compare(struct xip_image *image, const struct xip_tree *tree)
{
	const struct xip_node *node = xip_tree_next(tree, NULL);
	struct xip_listing listing;
	size_t i = 0;

	require(!xip_image_list(image, false, &listing, NULL));
	for (; node; node = xip_tree_next(tree, node), i = xip_listing_next(&listing, i)) {
		uint32_t type = node->inode->mode & XIP_S_IFMT;
		const struct xip_entry *entry;

		require(i < listing.count);
		entry = &listing.entries[i];
		require(entry->inode.mode == node->inode->mode);
		require(entry->inode.uid == node->inode->uid);
		require(entry->inode.gid == node->inode->gid);
		if (node->parent)
			require(entry->name_length == node->name_length &&
				!memcmp(entry->name, node->name, node->name_length));
		if (type == XIP_S_IFREG || type == XIP_S_IFLNK) {
			require(entry->inode.size == node->inode->size);
			compare_content(image, &entry->inode, node->inode);
		}
	}
	require(i == SIZE_MAX);
	xip_listing_free(&listing);
}

static void check_image(int fd, const struct xip_tree *tree, uint32_t page_size)
{
	/* an archive may hold programs of any byte order */
	const struct xip_verify_options options = {
		.enabled = ~((uint64_t)1 << xip_check_find("byte-order", 10)), .finding = finding};
	struct xip_verify_result result;
	struct xip_image *image;

	require(!xip_image_open(&image, fd, "image", page_size, NULL));
	require(!xip_verify(image, &options, &result, NULL) && !result.errors);
	compare(image, tree);
	xip_image_close(image);
}

static void build(struct xip_tree *tree, size_t size)
{
	const struct xip_build_options options = pick_options(size);
	struct xip_build *result;
	int fd;

	if (xip_tree_finish(tree, true, NULL) || content_bytes(tree) > BYTES_MAX)
		return;
	fd = new_file("", 0);
	if (!xip_build_run(tree, &options, fd, "image", &result, NULL)) {
		check_image(fd, tree, options.policy.page_size);
		xip_build_free(result);
	}
	close(fd);
}

/*
 * Every kind of file that can be a source: an archive, an image, a container image. Half of
 * the inputs lie over themselves.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = new_file(data, size);
	struct xip_tree *tree;
	char path[64];
	const char *paths[] = {path, path};
	const struct xip_sources sources = {
		.paths = paths, .count = 1 + (size >> 4 & 1), .limit = UNPACK_MAX};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!xip_sources_read(&sources, &tree, NULL)) {
		build(tree, size);
		xip_tree_free(tree);
	}
	close(fd);
	return 0;
}
