/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An archive as a source: its entries in a tree, its contents in a scratch file.
 */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "archive_reader.h"
#include "tree_private.h"
#include "xipfs/tree/scan.h"
#include "xipfs/tree/spool.h"

#define TAR_BLOCK 512

struct scan {
	struct archive *archive;
	struct xip_tree *tree;
	const struct xip_diag *diag;
	const struct xip_input *input;
	struct xip_unpack *unpack;
	const struct xip_tree *lower; /* where hard links may lead, too; NULL: nowhere */
	const char *path;             /* of the archive */
	const char *entry;            /* path of the entry at hand, as the archive has it */
	la_int64_t data_end;          /* tar: where the last entry ended, in uncompressed bytes */
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

	if (inode) {
		inode->mode = XIP_S_IFDIR | 0755;
		inode->implied = true;
	}
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
		err = entry_fail(scan, "\"%.*s\" on the way is not a directory", (int)length, name);
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
		xip_inode_redress(node->inode, inode);
		return XIP_OK;
	}
	if (node->child_count)
		return entry_fail(scan, "would replace a directory that is not empty");
	node->inode = inode;
	xip_inode_named(inode, node);
	return XIP_OK;
}

/* What was copied of an entry's data. */
struct data {
	uint64_t bytes; /* without holes */
	uint64_t end;   /* where they end in the file */
};

/* Copies the data of the entry at hand, at most @limit bytes, to the end of the spool. */
static enum xip_err spool_data(struct scan *scan, uint64_t limit, struct data *data)
{
	const void *block;
	size_t size;
	la_int64_t offset;

	*data = (struct data){0};
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
			return XIP_ERR_LIMIT;
		err = xip_spool_write(scan->tree, (uint64_t)offset, block, size, scan->diag);
		if (err)
			return err;
		data->bytes += size;
		if ((uint64_t)offset + size > data->end)
			data->end = (uint64_t)offset + size;
	}
}

static bool is_family(const struct scan *scan, int family)
{
	return (archive_format(scan->archive) & ARCHIVE_FORMAT_BASE_MASK) == family;
}

/* Gives @inode the content of the entry at hand. */
static enum xip_err take_content(
	struct scan *scan, struct archive_entry *entry, struct xip_tree_inode *inode)
{
	bool sized = archive_entry_size_is_set(entry);
	la_int64_t size = archive_entry_size(entry);
	uint64_t left = scan->unpack->limit - scan->unpack->used;
	struct data data;
	enum xip_err err;

	if (sized && size < 0)
		return entry_fail(scan, "its size is negative");
	if (sized && (uint64_t)size > left)
		return xip_unpack_fail(scan->unpack->limit, scan->path, scan->entry, scan->diag);
	err = spool_data(scan, sized ? (uint64_t)size : left, &data);
	if (err == XIP_ERR_LIMIT && sized)
		return entry_fail(scan, "has more data than its size of %" PRId64, (int64_t)size);
	if (err == XIP_ERR_LIMIT)
		return xip_unpack_fail(scan->unpack->limit, scan->path, scan->entry, scan->diag);
	if (err)
		return err;
	/* Only tar has holes, which read as zeros; elsewhere what is missing is lost. */
	if (sized && data.bytes < (uint64_t)size && !is_family(scan, ARCHIVE_FORMAT_TAR))
		return entry_fail(scan, "has %" PRIu64 " of its %" PRId64 " bytes", data.bytes,
			(int64_t)size);
	inode->size = sized ? (uint64_t)size : data.end;
	xip_unpack_take(scan->unpack, inode->size);
	xip_spool_take(scan->tree, inode);
	return XIP_OK;
}

/* The node that a hard link leads to: of this archive, or of what it will lie over. */
static struct xip_node *find_target(const struct scan *scan, const char *target)
{
	struct xip_node *node = xip_tree_find(scan->tree, target);

	return node || !scan->lower ? node : xip_tree_find(scan->lower, target);
}

/*
 * A further name of an earlier entry. Some formats bring the content with it: cpio's newc with the
 * last name, cpio's older ones with each. What cpio calls a link is an entry of any type with the
 * inode number of an earlier one.
 */
static enum xip_err take_hard_link(
	struct scan *scan, struct archive_entry *entry, const char *target)
{
	struct xip_node *node;
	enum xip_err err = check_path(scan, "the target of the hard link", target);

	if (err)
		return err;
	node = find_target(scan, target);
	if (!node)
		return entry_fail(
			scan, "a hard link to \"%s\", which does not come before it", target);
	if (xip_mode_is_directory(node->inode->mode))
		return entry_fail(scan, "a hard link to \"%s\", a directory", target);
	if (is_family(scan, ARCHIVE_FORMAT_CPIO) &&
		xip_mode_type(node->inode->mode) != (uint32_t)archive_entry_filetype(entry))
		return entry_fail(
			scan, "has the inode number of \"%s\", which is of another type", target);
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

/* The name of an extended attribute of the entry that is of interest, an ACL included. */
static enum xip_err take_xattr(
	const struct scan *scan, struct archive_entry *entry, struct xip_tree_inode *inode)
{
	const int access = ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_NFS4;
	const char *found = NULL, *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		found = xip_xattr_choose(found, name);
	if (archive_entry_acl_reset(entry, access))
		found = xip_xattr_choose(found, "system.posix_acl_access");
	if (archive_entry_acl_reset(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT))
		found = xip_xattr_choose(found, "system.posix_acl_default");
	return xip_xattr_set(scan->tree, inode, found) ? XIP_OK : xip_diag_nomem(scan->diag);
}

/* cpio can hold a body for anything; for what is not a file it would be lost. */
static enum xip_err check_body(
	const struct scan *scan, struct archive_entry *entry, const struct xip_tree_inode *inode)
{
	if (xip_mode_has_data(inode->mode) || archive_entry_size(entry) <= 0)
		return XIP_OK;
	return entry_fail(scan, "is not a file but has %" PRId64 " bytes of content",
		(int64_t)archive_entry_size(entry));
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
	if (!err)
		err = take_xattr(scan, entry, inode);
	if (!err && is_family(scan, ARCHIVE_FORMAT_CPIO))
		err = check_body(scan, entry, inode);
	if (!err && xip_mode_is_regular(inode->mode))
		err = take_content(scan, entry, inode);
	if (!err && xip_mode_is_symlink(inode->mode))
		err = take_target(scan, entry, inode);
	if (!err && xip_mode_is_device(inode->mode))
		err = take_device(scan, entry, inode);
	return err ? err : place(scan, inode);
}

/*
 * Names that are not in the character set that the format promises: tar and cpio then give the
 * bytes as they are, the others something mangled.
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
	if (status != ARCHIVE_EOF)
		return xip_archive_fail(scan->archive, scan->path, scan->diag);
	if (is_family(scan, ARCHIVE_FORMAT_TAR) &&
		archive_filter_bytes(scan->archive, 0) - scan->data_end < TAR_BLOCK)
		return xip_diag_fail(scan->diag, XIP_ERR_SOURCE, scan->path, XIP_NO_OFFSET,
			"damaged archive: it ends without tar's end mark, so it may be cut short "
			"(append 1,024 zero bytes if it is whole)");
	return XIP_OK;
}

static enum xip_err scan_entries(struct scan *scan, struct xip_archive *archive)
{
	for (;;) {
		int status = xip_archive_next(archive);
		enum xip_err err;

		if (status == ARCHIVE_WARN && is_harmless_warning(scan->archive))
			status = ARCHIVE_OK;
		if (status != ARCHIVE_OK)
			return end_of_entries(scan, status);
		scan->entry = archive_entry_pathname(archive->entry);
		if (!scan->entry || !*scan->entry)
			return xip_diag_fail(scan->diag, XIP_ERR_SOURCE, scan->path, XIP_NO_OFFSET,
				"damaged archive: an entry without a name");
		err = take_entry(scan, archive->entry);
		if (err)
			return err;
		status = archive_read_data_skip(scan->archive);
		if (status != ARCHIVE_OK && status != ARCHIVE_EOF)
			return xip_archive_fail(scan->archive, scan->path, scan->diag);
		scan->data_end = archive_filter_bytes(scan->archive, 0);
	}
}

static enum xip_err scan_input(struct scan *scan)
{
	struct xip_archive *archive;
	enum xip_err err = xip_archive_verify(scan->input, scan->unpack->limit, scan->diag);

	if (!err)
		err = xip_archive_open(&archive, scan->input, false, scan->diag);
	if (err)
		return err;
	scan->archive = archive->archive;
	err = scan_entries(scan, archive);
	xip_archive_close(archive);
	return err ? err : xip_spool_finish(scan->tree, scan->diag);
}

/* libarchive turns Unicode names into the locale's bytes; an image has UTF-8 whatever the locale.
 */
static enum xip_err scan_input_in_utf8(struct scan *scan)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before;
	enum xip_err err;

	if (!utf8 && errno == ENOMEM)
		return xip_diag_nomem(scan->diag);
	if (!utf8)
		return xip_diag_fail(scan->diag, XIP_ERR_UNSUPPORTED, scan->path, XIP_NO_OFFSET,
			"cannot read archives without the locale C.UTF-8");
	before = uselocale(utf8);
	err = scan_input(scan);
	uselocale(before);
	freelocale(utf8);
	return err;
}

enum xip_err xip_scan_archive(const struct xip_input *input, const struct xip_scan_options *options,
	struct xip_tree **tree, const struct xip_diag *diag)
{
	struct xip_unpack unlimited = {.limit = UINT64_MAX};
	struct scan scan = {.input = input,
		.path = input->path,
		.diag = diag,
		.unpack = options && options->unpack ? options->unpack : &unlimited,
		.lower = options ? options->lower : NULL};
	enum xip_err err = xip_tree_new(&scan.tree, diag);

	if (err)
		return err;
	err = xip_spool_begin(scan.tree, input->path, diag);
	if (!err)
		err = scan_input_in_utf8(&scan);
	free(scan.near_path);
	/* Only at the end: an excluded name may hold the content that a hard link refers to. */
	if (!err)
		err = xip_tree_exclude(scan.tree, options ? options->exclude : NULL, diag);
	if (err)
		xip_tree_free(scan.tree);
	else
		*tree = scan.tree;
	return err;
}
