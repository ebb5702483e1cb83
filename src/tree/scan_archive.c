/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An archive as a source: its entries in a tree, its contents in a scratch file.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive_input.h"
#include "tree_private.h"
#include "xipfs/base/io.h"
#include "xipfs/tree/scan.h"

#define TAR_BLOCK 512

struct scan {
	struct archive *archive;
	struct xip_tree *tree;
	const struct xip_diag *diag;
	const char *path;    /* of the archive */
	const char *entry;   /* path of the entry at hand, as the archive has it */
	uint64_t spool_end;  /* bytes of the spool that are taken */
	la_int64_t data_end; /* tar: where the last entry ended, in uncompressed bytes */
	/* The directory of an earlier entry, so that a deep one is not walked to each time. */
	struct xip_node *near;
	char *near_path;    /* as its archive had it, up to the last '/'; malloc'ed */
	size_t near_length; /* bytes */
};

static enum xip_err __attribute__((format(printf, 2, 3)))
entry_fail(const struct scan *scan, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return xip_diag_fail(scan->diag, XIP_ERR_SOURCE, scan->path, XIP_NO_OFFSET, "\"%s\": %s",
		scan->entry, message);
}

static enum xip_err check_path(const struct scan *scan, const char *what, const char *path)
{
	size_t length;

	if (*path == '/')
		return entry_fail(scan, "%s is absolute", what);
	for (const char *name = xip_path_next(path, &length); length;
		name = xip_path_next(name + length, &length)) {
		if (length == 2 && name[0] == '.' && name[1] == '.')
			return entry_fail(scan, "%s has a \"..\" in it", what);
	}
	return XIP_OK;
}

static struct xip_tree_inode *new_directory(struct scan *scan)
{
	struct xip_tree_inode *inode = xip_tree_inode_new(scan->tree);

	if (inode)
		inode->mode = XIP_S_IFDIR | 0755;
	return inode;
}

/* Goes down to directory @name, which is made when it is missing. */
static enum xip_err enter(
	struct scan *scan, struct xip_node **directory, const char *name, size_t length)
{
	struct xip_node *child = xip_tree_child(scan->tree, *directory, name, length);
	enum xip_err err = XIP_OK;

	if (!child) {
		struct xip_tree_inode *inode = new_directory(scan);

		err = inode ? xip_tree_add(scan->tree, *directory, name, length, inode, &child,
				      scan->diag)
			    : xip_diag_nomem(scan->diag);
	} else if (!xip_mode_is_directory(child->inode->mode)) {
		err = entry_fail(scan, "\"%.*s\" on the way is no directory", (int)length, name);
	}
	if (!err)
		*directory = child;
	return err;
}

static enum xip_err remember(struct scan *scan, struct xip_node *directory, size_t length)
{
	char *path;

	if (directory == scan->near)
		return XIP_OK;
	path = realloc(scan->near_path, length + 1);
	if (!path)
		return xip_diag_nomem(scan->diag);
	memcpy(path, scan->entry, length);
	path[length] = '\0';
	scan->near_path = path;
	scan->near_length = length;
	scan->near = directory;
	return XIP_OK;
}

/* Where the walk to the entry can begin: the first name on it, and the directory that it is in. */
static const char *walk_start(const struct scan *scan, struct xip_node **directory, size_t *length)
{
	const char *name;

	if (scan->near && xip_mode_is_directory(scan->near->inode->mode) &&
		!strncmp(scan->entry, scan->near_path, scan->near_length)) {
		*directory = scan->near;
		name = xip_path_next(scan->entry + scan->near_length, length);
		if (*length)
			return name;
	}
	*directory = scan->tree->root;
	return xip_path_next(scan->entry, length);
}

/*
 * The directory that the entry goes to, and its name there; parents that are missing are made.
 * *@length is 0 for the root itself.
 */
static enum xip_err find_parent(
	struct scan *scan, struct xip_node **parent, const char **name, size_t *length)
{
	*name = walk_start(scan, parent, length);
	for (;;) {
		size_t next_length;
		const char *next = xip_path_next(*name + *length, &next_length);
		enum xip_err err;

		if (!next_length)
			return remember(scan, *parent, (size_t)(*name - scan->entry));
		err = enter(scan, parent, *name, *length);
		if (err)
			return err;
		*name = next;
		*length = next_length;
	}
}

/* Gives the name at hand to @inode, whatever it stood for before. */
static enum xip_err place(struct scan *scan, struct xip_tree_inode *inode)
{
	bool directory = xip_mode_is_directory(inode->mode);
	struct xip_node *parent, *node;
	const char *name;
	size_t length;
	enum xip_err err = find_parent(scan, &parent, &name, &length);

	if (err)
		return err;
	node = length ? xip_tree_child(scan->tree, parent, name, length) : scan->tree->root;
	if (!node)
		return xip_tree_add(scan->tree, parent, name, length, inode, NULL, scan->diag);
	if (!directory && !node->parent)
		return entry_fail(scan, "the root must be a directory");
	if (directory && xip_mode_is_directory(node->inode->mode)) {
		node->inode->mode = inode->mode;
		node->inode->uid = inode->uid;
		node->inode->gid = inode->gid;
		return XIP_OK;
	}
	if (node->child_count)
		return entry_fail(scan, "would replace a directory that is not empty");
	node->inode = inode;
	if (!inode->first)
		inode->first = node;
	return XIP_OK;
}

/* Copies the data of the entry at hand to the spool at @base; *@end is the data's end in the file.
 */
static enum xip_err spool_data(struct scan *scan, uint64_t base, uint64_t limit, uint64_t *end)
{
	const void *block;
	size_t size;
	la_int64_t offset;

	*end = 0;
	for (;;) {
		int status = archive_read_data_block(scan->archive, &block, &size, &offset);
		enum xip_err err;

		if (status == ARCHIVE_EOF)
			return XIP_OK;
		if (status != ARCHIVE_OK)
			return xip_archive_fail(scan->archive, scan->path, scan->diag);
		if (!size)
			continue;
		if (offset < 0 || (uint64_t)offset > limit || size > limit - (uint64_t)offset)
			return entry_fail(scan, "has more data than its size of %" PRIu64, limit);
		err = xip_io_pwrite_full(scan->tree->source->spool_fd, block, size,
			base + (uint64_t)offset, scan->diag, "scratch file");
		if (err)
			return err;
		if ((uint64_t)offset + size > *end)
			*end = (uint64_t)offset + size;
	}
}

/* Gives @inode the content of the entry at hand. What no image can hold is not copied. */
static enum xip_err take_content(
	struct scan *scan, struct archive_entry *entry, struct xip_tree_inode *inode)
{
	bool sized = archive_entry_size_is_set(entry);
	la_int64_t size = archive_entry_size(entry);
	uint64_t end;
	enum xip_err err;

	if (sized && size < 0)
		return entry_fail(scan, "its size is negative");
	if (sized && size > (la_int64_t)XIP_FILE_SIZE_MAX) {
		inode->size = (uint64_t)size;
		inode->content = XIP_NOT_SPOOLED;
		return XIP_OK;
	}
	err = spool_data(scan, scan->spool_end, sized ? (uint64_t)size : XIP_FILE_SIZE_MAX, &end);
	if (err)
		return err;
	inode->size = sized ? (uint64_t)size : end;
	inode->content = scan->spool_end;
	scan->spool_end += inode->size; /* what no data was written for reads as zeros */
	return XIP_OK;
}

/*
 * A further name of an earlier entry. Some formats bring the content with it: cpio's newc with the
 * last name, cpio's older ones with each.
 */
static enum xip_err take_hard_link(
	struct scan *scan, struct archive_entry *entry, const char *target)
{
	struct xip_node *node;
	enum xip_err err = check_path(scan, "the target of the hard link", target);

	if (err)
		return err;
	node = xip_tree_find(scan->tree, target);
	if (!node)
		return entry_fail(
			scan, "a hard link to \"%s\", which is not there before it", target);
	if (xip_mode_is_directory(node->inode->mode))
		return entry_fail(scan, "a hard link to \"%s\", a directory", target);
	if (xip_mode_is_regular(node->inode->mode) && archive_entry_size_is_set(entry) &&
		archive_entry_size(entry) > 0)
		err = take_content(scan, entry, node->inode);
	return err ? err : place(scan, node->inode);
}

static enum xip_err take_owner(
	const struct scan *scan, struct archive_entry *entry, struct xip_tree_inode *inode)
{
	la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return entry_fail(scan,
			"owner %" PRId64 ":%" PRId64 " is not a pair of 32-bit numbers",
			(int64_t)uid, (int64_t)gid);
	inode->uid = (uint32_t)uid;
	inode->gid = (uint32_t)gid;
	return XIP_OK;
}

static enum xip_err take_target(
	const struct scan *scan, struct archive_entry *entry, struct xip_tree_inode *inode)
{
	const char *target = archive_entry_symlink(entry);

	if (!target)
		return entry_fail(scan, "a symlink without a target");
	inode->size = strlen(target);
	inode->target = xip_arena_strndup(scan->tree->arena, target, (size_t)inode->size);
	return inode->target ? XIP_OK : xip_diag_nomem(scan->diag);
}

static enum xip_err take_device(
	const struct scan *scan, struct archive_entry *entry, struct xip_tree_inode *inode)
{
	dev_t major = archive_entry_rdevmajor(entry), minor = archive_entry_rdevminor(entry);

	if (major > UINT32_MAX || minor > UINT32_MAX)
		return entry_fail(scan, "its device number is out of range");
	inode->major = (uint32_t)major;
	inode->minor = (uint32_t)minor;
	return XIP_OK;
}

static enum xip_err take_entry(struct scan *scan, struct archive_entry *entry)
{
	const char *target = archive_entry_hardlink(entry);
	struct xip_tree_inode *inode;
	enum xip_err err = check_path(scan, "the path", scan->entry);

	if (err)
		return err;
	if (target)
		return take_hard_link(scan, entry, target);
	inode = xip_tree_inode_new(scan->tree);
	if (!inode)
		return xip_diag_nomem(scan->diag);
	inode->mode = archive_entry_filetype(entry) | archive_entry_perm(entry);
	if (!xip_mode_is_valid(inode->mode))
		return entry_fail(scan, "an entry of unknown type");
	err = take_owner(scan, entry, inode);
	if (!err && xip_mode_is_regular(inode->mode))
		err = take_content(scan, entry, inode);
	if (!err && xip_mode_is_symlink(inode->mode))
		err = take_target(scan, entry, inode);
	if (!err && xip_mode_is_device(inode->mode))
		err = take_device(scan, entry, inode);
	return err ? err : place(scan, inode);
}

/*
 * Names that are not in the character set that the format promises: tar and cpio give the bytes as
 * they are then, the others something mangled.
 */
static bool is_harmless_warning(struct archive *archive)
{
	const char *text = archive_error_string(archive);
	int family = archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK;

	return text && (family == ARCHIVE_FORMAT_TAR || family == ARCHIVE_FORMAT_CPIO) &&
	       (strstr(text, "can't be converted") || strstr(text, "cannot be converted"));
}

/* What follows the last header: an error, or the end, which tar marks with a block of zeros. */
static enum xip_err end_of_entries(const struct scan *scan, int status)
{
	int family = archive_format(scan->archive) & ARCHIVE_FORMAT_BASE_MASK;

	if (status != ARCHIVE_EOF)
		return xip_archive_fail(scan->archive, scan->path, scan->diag);
	if (family == ARCHIVE_FORMAT_TAR &&
		archive_filter_bytes(scan->archive, 0) - scan->data_end < TAR_BLOCK)
		return xip_diag_fail(scan->diag, XIP_ERR_SOURCE, scan->path, XIP_NO_OFFSET,
			"damaged archive: it ends without tar's end mark, so it may be cut short "
			"(append 1,024 zero bytes if it is whole)");
	return XIP_OK;
}

static enum xip_err scan_entries(struct scan *scan)
{
	for (;;) {
		struct archive_entry *entry;
		int status = archive_read_next_header(scan->archive, &entry);
		enum xip_err err;

		if (status == ARCHIVE_WARN && is_harmless_warning(scan->archive))
			status = ARCHIVE_OK;
		if (status != ARCHIVE_OK)
			return end_of_entries(scan, status);
		scan->entry = archive_entry_pathname(entry);
		if (!scan->entry || !*scan->entry)
			return xip_diag_fail(scan->diag, XIP_ERR_SOURCE, scan->path, XIP_NO_OFFSET,
				"damaged archive: an entry without a name");
		err = take_entry(scan, entry);
		if (err)
			return err;
		status = archive_read_data_skip(scan->archive);
		if (status != ARCHIVE_OK && status != ARCHIVE_EOF)
			return xip_archive_fail(scan->archive, scan->path, scan->diag);
		scan->data_end = archive_filter_bytes(scan->archive, 0);
	}
}

/*
 * All that libarchive knows but three: `raw` and `empty` would take any file for an archive, and
 * `mtree` files refer to files outside. Of the two readers of zip the one that sees the modes.
 */
static void support_formats(struct archive *archive)
{
	archive_read_support_filter_all(archive); /* its warning is about external programs */
	archive_read_support_format_tar(archive);
	archive_read_support_format_cpio(archive);
	archive_read_support_format_zip_seekable(archive);
	archive_read_support_format_7zip(archive);
	archive_read_support_format_ar(archive);
	archive_read_support_format_cab(archive);
	archive_read_support_format_iso9660(archive);
	archive_read_support_format_lha(archive);
	archive_read_support_format_rar(archive);
	archive_read_support_format_rar5(archive);
	archive_read_support_format_warc(archive);
	archive_read_support_format_xar(archive);
}

static enum xip_err scan_fd(struct scan *scan, int fd)
{
	enum xip_err err;

	scan->archive = archive_read_new();
	if (!scan->archive)
		return xip_diag_nomem(scan->diag);
	support_formats(scan->archive);
	if (archive_read_open_fd(scan->archive, fd, (size_t)64 * 1024) == ARCHIVE_OK)
		err = scan_entries(scan);
	else if (archive_errno(scan->archive) == ENOMEM)
		err = xip_diag_nomem(scan->diag);
	else /* that the bytes can be read was seen before: no format wants them */
		err = xip_diag_fail(scan->diag, XIP_ERR_SOURCE, scan->path, XIP_NO_OFFSET,
			"neither a directory nor an archive of a known format");
	archive_read_free(scan->archive);
	if (!err && ftruncate(scan->tree->source->spool_fd, (off_t)scan->spool_end) < 0)
		err = xip_diag_fail_errno(scan->diag, errno, "scratch file", "cannot resize");
	return err;
}

struct pruning {
	const struct xip_exclude *exclude;
	bool no_memory;
};

static bool is_excluded(void *user, const struct xip_node *node)
{
	struct pruning *pruning = user;
	char *path = xip_tree_path(node);
	bool excluded = path && xip_exclude_match(pruning->exclude, path);

	pruning->no_memory |= !path;
	free(path);
	return excluded;
}

/* Only at the end: an excluded name may hold the content that a hard link refers to. */
static enum xip_err leave_out(const struct scan *scan, const struct xip_exclude *exclude)
{
	struct pruning pruning = {.exclude = exclude};

	if (exclude && exclude->count)
		xip_tree_prune(scan->tree, is_excluded, &pruning);
	return pruning.no_memory ? xip_diag_nomem(scan->diag) : XIP_OK;
}

static enum xip_err scan_input(struct scan *scan)
{
	int fd;
	enum xip_err err = xip_archive_input_open(&fd, scan->path, scan->diag);

	if (!err)
		err = xip_archive_input_verify(fd, scan->path, scan->diag);
	if (!err)
		err = xip_io_scratch(&scan->tree->source->spool_fd, scan->diag);
	if (!err)
		err = scan_fd(scan, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

/* libarchive turns Unicode names into the locale's bytes; an image has UTF-8 whatever the locale.
 */
static enum xip_err scan_input_in_utf8(struct scan *scan)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before;
	enum xip_err err;

	if (!utf8)
		return xip_diag_fail(scan->diag, XIP_ERR_UNSUPPORTED, scan->path, XIP_NO_OFFSET,
			"cannot read archives without the locale C.UTF-8");
	before = uselocale(utf8);
	err = scan_input(scan);
	uselocale(before);
	freelocale(utf8);
	return err;
}

enum xip_err xip_scan_archive(const char *path, const struct xip_exclude *exclude,
	struct xip_tree **tree, const struct xip_diag *diag)
{
	struct scan scan = {.path = path, .diag = diag};
	enum xip_err err = xip_tree_new(&scan.tree, diag);

	if (err)
		return err;
	scan.tree->source = xip_source_new(path);
	err = scan.tree->source ? scan_input_in_utf8(&scan) : xip_diag_nomem(diag);
	free(scan.near_path);
	if (!err)
		err = leave_out(&scan, exclude);
	if (err)
		xip_tree_free(scan.tree);
	else
		*tree = scan.tree;
	return err;
}
