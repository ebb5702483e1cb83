/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory on disk as a source.
 *
 * The walk is the tree's own preorder: it grows below the directory just read, and the source's
 * cursor moves along with it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tree_private.h"
#include "xipfs/base/bytes.h"
#include "xipfs/tree/scan.h"

/* Inodes with several names, by device and inode number: open addressing. */
struct link_table {
	struct xip_tree_inode **slots;
	size_t capacity; /* a power of two, or 0 */
	size_t used;
};

struct scan {
	struct xip_tree *tree;
	const struct xip_exclude *exclude;
	size_t exclude_reach; /* components of a path that its patterns look at */
	const struct xip_diag *diag;
	struct link_table links;
	struct xip_source *source; /* the tree's; its cursor is on the directory at hand */
};

static struct xip_tree_inode **link_slot(
	const struct link_table *table, int64_t device, int64_t number)
{
	uint64_t hash = ((uint64_t)number + (uint64_t)device * 31) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(hash >> 32) & (table->capacity - 1);

	for (;; i = (i + 1) & (table->capacity - 1)) {
		const struct xip_tree_inode *inode = table->slots[i];

		if (!inode || (inode->stamp[0] == device && inode->stamp[1] == number))
			return &table->slots[i];
	}
}

static bool link_table_reserve(struct link_table *table)
{
	struct link_table larger = {.capacity = 64, .used = table->used};

	if (table->used < table->capacity / 4 * 3)
		return true;
	if (table->capacity && !xip_mul_size(table->capacity, 2, &larger.capacity))
		return false;
	larger.slots = calloc(larger.capacity, sizeof(struct xip_tree_inode *));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < table->capacity; i++) {
		struct xip_tree_inode *inode = table->slots[i];

		if (inode)
			*link_slot(&larger, inode->stamp[0], inode->stamp[1]) = inode;
	}
	free(table->slots);
	*table = larger;
	return true;
}

/* An error about entry @name of the directory at hand. */
static enum xip_err entry_fail(
	const struct scan *scan, const char *name, int error_number, const char *message)
{
	struct xip_node node = {.parent = (struct xip_node *)scan->source->cursor, /* only read */
		.name = name,
		.name_length = (uint32_t)strlen(name)};

	return xip_source_fail(scan->source, &node, error_number, scan->diag, message);
}

static void fill_inode(struct xip_tree_inode *inode, const struct stat *status)
{
	inode->mode = status->st_mode; /* Linux's own type bits, on every architecture */
	inode->uid = status->st_uid;
	inode->gid = status->st_gid;
	if (S_ISREG(status->st_mode))
		inode->size = (uint64_t)status->st_size;
	if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode)) {
		inode->major = major(status->st_rdev);
		inode->minor = minor(status->st_rdev);
	}
	xip_stamp_take(inode->stamp, status);
}

/*
 * Files of /proc and of some FUSE file systems claim to be empty and are not. One that may not be
 * opened is taken at its word.
 */
static enum xip_err check_empty(const struct scan *scan, const char *name)
{
	int fd = openat(scan->source->cursor_fd, name, XIP_CONTENT_OPEN_FLAGS);
	enum xip_err err = XIP_OK;
	uint8_t byte;
	ssize_t got;

	if (fd < 0)
		return errno == EACCES || errno == EPERM
			       ? XIP_OK
			       : entry_fail(scan, name, errno, "cannot open");
	got = read(fd, &byte, 1);
	if (got < 0)
		err = entry_fail(scan, name, errno, "cannot read");
	else if (got)
		err = entry_fail(scan, name, 0,
			"has content although its size is 0 (a file of /proc, or of a file system "
			"like it?): exclude it or copy it");
	close(fd);
	return err;
}

static enum xip_err read_target(struct scan *scan, const char *name, struct xip_tree_inode *inode)
{
	size_t room = 256;

	for (;; room *= 2) {
		char *target = malloc(room);
		ssize_t length;

		if (!target)
			return xip_diag_nomem(scan->diag);
		length = readlinkat(scan->source->cursor_fd, name, target, room);
		if (length >= 0 && (size_t)length < room) {
			inode->size = (uint64_t)length;
			inode->target =
				xip_arena_strndup(scan->tree->arena, target, (size_t)length);
		}
		free(target);
		if (length < 0)
			return entry_fail(scan, name, errno, "cannot read the symlink");
		if ((size_t)length < room)
			return inode->target ? XIP_OK : xip_diag_nomem(scan->diag);
	}
}

static enum xip_err new_inode(struct scan *scan, const char *name, const struct stat *status,
	struct xip_tree_inode **inode)
{
	*inode = xip_tree_inode_new(scan->tree);
	if (!*inode)
		return xip_diag_nomem(scan->diag);
	fill_inode(*inode, status);
	if (!xip_xattr_scan(scan->tree, *inode, scan->source->cursor_fd, name))
		return xip_diag_nomem(scan->diag);
	if (S_ISREG(status->st_mode) && !status->st_size)
		return check_empty(scan, name);
	return S_ISLNK(status->st_mode) ? read_target(scan, name, *inode) : XIP_OK;
}

/* The inode of entry @name: a new one, or that of its other name when one was met before. */
static enum xip_err find_inode(struct scan *scan, const char *name, const struct stat *status,
	struct xip_tree_inode **inode)
{
	struct xip_tree_inode **slot;
	enum xip_err err;

	if (S_ISDIR(status->st_mode) || status->st_nlink < 2)
		return new_inode(scan, name, status, inode);
	if (!link_table_reserve(&scan->links))
		return xip_diag_nomem(scan->diag);
	slot = link_slot(&scan->links, (int64_t)status->st_dev, (int64_t)status->st_ino);
	if (!*slot) {
		err = new_inode(scan, name, status, inode);
		if (err)
			return err;
		*slot = *inode;
		scan->links.used++;
	}
	*inode = *slot;
	return XIP_OK;
}

static enum xip_err is_excluded(struct scan *scan, const char *name, bool *excluded)
{
	const struct xip_node node = {
		.parent = (struct xip_node *)scan->source->cursor, /* only read */
		.name = name,
		.name_length = (uint32_t)strlen(name)};
	char *path;

	*excluded = false;
	if (!scan->exclude || !scan->exclude->count)
		return XIP_OK;
	path = xip_tree_path_end(&node, scan->exclude_reach);
	if (!path)
		return xip_diag_nomem(scan->diag);
	*excluded = xip_exclude_match(scan->exclude, path);
	free(path);
	return XIP_OK;
}

static enum xip_err scan_entry(struct scan *scan, struct xip_node *directory, const char *name)
{
	struct xip_tree_inode *inode = NULL;
	struct stat status;
	bool excluded;
	enum xip_err err = is_excluded(scan, name, &excluded);

	if (err || excluded)
		return err;
	if (fstatat(scan->source->cursor_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_fail(scan, name, errno, "cannot look at it");
	err = find_inode(scan, name, &status, &inode);
	if (err)
		return err;
	return xip_tree_add(scan->tree, directory, name, strlen(name), inode, NULL, scan->diag);
}

static enum xip_err scan_entries(struct scan *scan, struct xip_node *directory, DIR *stream)
{
	for (;;) {
		const struct dirent *entry;
		enum xip_err err;

		errno = 0;
		entry = readdir(stream);
		if (!entry && errno)
			return xip_source_fail(scan->source, directory, errno, scan->diag,
				"cannot read the directory");
		if (!entry)
			return XIP_OK;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		err = scan_entry(scan, directory, entry->d_name);
		if (err)
			return err;
	}
}

/* Adds the entries of @directory, which the cursor is on. */
static enum xip_err scan_directory(struct scan *scan, struct xip_node *directory)
{
	/* The stream wants a descriptor to close; ours is needed afterwards. */
	int fd = fcntl(scan->source->cursor_fd, F_DUPFD_CLOEXEC, 0);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	enum xip_err err;

	if (!stream) {
		err = xip_source_fail(
			scan->source, directory, errno, scan->diag, "cannot read the directory");
		if (fd >= 0)
			close(fd);
		return err;
	}
	err = scan_entries(scan, directory, stream);
	closedir(stream);
	return err;
}

static enum xip_err scan_all(struct scan *scan)
{
	struct xip_node *node = NULL;
	enum xip_err err = XIP_OK;

	while (!err && (node = xip_tree_next(scan->tree, node))) {
		if (!xip_mode_is_directory(node->inode->mode))
			continue;
		err = xip_cursor_move(scan->source, node, scan->diag);
		if (!err)
			err = scan_directory(scan, node);
	}
	return err;
}

static enum xip_err open_root(struct scan *scan, const char *path)
{
	struct xip_source *source = xip_source_new(path);
	struct stat status;

	if (!source)
		return xip_diag_nomem(scan->diag);
	scan->tree->source = source;
	scan->source = source;
	source->root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (source->root_fd >= 0)
		source->cursor_fd = fcntl(source->root_fd, F_DUPFD_CLOEXEC, 0);
	if (source->cursor_fd < 0 || fstat(source->cursor_fd, &status) < 0) {
		xip_diag_fail_errno(scan->diag, errno, path, "cannot open the directory");
		return XIP_ERR_SOURCE;
	}
	fill_inode(scan->tree->root->inode, &status);
	scan->tree->root->inode->implied = false;
	source->cursor = scan->tree->root;
	return xip_xattr_scan(scan->tree, scan->tree->root->inode, source->cursor_fd, ".")
		       ? XIP_OK
		       : xip_diag_nomem(scan->diag);
}

enum xip_err xip_scan_dir(const char *path, const struct xip_exclude *exclude,
	struct xip_tree **tree, const struct xip_diag *diag)
{
	struct scan scan = {
		.exclude = exclude, .exclude_reach = xip_exclude_reach(exclude), .diag = diag};
	enum xip_err err = xip_tree_new(&scan.tree, diag);

	if (!err)
		err = open_root(&scan, path);
	if (!err)
		err = scan_all(&scan);
	free(scan.links.slots);
	if (err)
		xip_tree_free(scan.tree);
	else
		*tree = scan.tree;
	return err;
}
