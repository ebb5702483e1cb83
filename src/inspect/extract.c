/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extraction to a directory. There is one descriptor, of the directory being filled; every name is
 * used relative to it and is a single component, so no path from the image is ever resolved. The
 * way up is "..", checked to be the directory that we came from.
 */
#include "xipfs/inspect/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"
#include "xipfs/base/io.h"

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct identity {
	dev_t dev;
	ino_t ino;
};

struct extract {
	struct xip_image *image;
	const struct xip_listing *listing;
	const bool *chosen; /* NULL: all */
	const struct xip_diag *diag;
	int fd;                     /* the directory being filled */
	size_t directory;           /* its entry */
	struct identity *ancestors; /* it and those above, the top first */
	size_t depth, room;         /* number of ancestors; allocated */
	bool owners;                /* set them */
	uint32_t modes;             /* bits that are kept of a mode */
	uint8_t *buffer;            /* a page */
	enum xip_err failed;        /* of an entry that was skipped */
};

/* Reports that something could not be done with entry @index; true: it is useless to go on. */
static bool entry_failed(struct extract *extract, size_t index, const char *what)
{
	int error = errno;
	char buffer[XIP_SHOWN_PATH_SIZE];

	(void)xip_diag_fail_errno(extract->diag, error,
		xip_listing_show(extract->listing, index, buffer), "%s", what);
	if (!extract->failed)
		extract->failed = XIP_ERR_IO;
	return error == ENOSPC || error == EDQUOT || error == EROFS || error == EIO;
}

static enum xip_err soft(struct extract *extract, size_t index, const char *what)
{
	return entry_failed(extract, index, what) ? XIP_ERR_IO : XIP_OK;
}

static enum xip_err push_ancestor(struct extract *extract)
{
	struct stat st;

	if (extract->depth == extract->room) {
		size_t room = extract->room ? 2 * extract->room : 64;
		struct identity *larger =
			realloc(extract->ancestors, room * sizeof(*extract->ancestors));

		if (!larger)
			return xip_diag_nomem(extract->diag);
		extract->ancestors = larger;
		extract->room = room;
	}
	if (fstat(extract->fd, &st))
		return xip_diag_fail_errno(extract->diag, errno, NULL, "cannot stat a directory");
	extract->ancestors[extract->depth++] = (struct identity){st.st_dev, st.st_ino};
	return XIP_OK;
}

/* Owner first: changing it clears setuid and setgid. */
static bool set_metadata(const struct extract *extract, int fd, const struct xip_inode *inode)
{
	if (extract->owners && fchown(fd, inode->uid, inode->gid))
		return false;
	return !fchmod(fd, inode->mode & extract->modes);
}

/* The directory is complete: gives it its mode and goes up. */
static enum xip_err leave_directory(struct extract *extract)
{
	size_t index = extract->directory;
	const struct xip_entry *entry = &extract->listing->entries[index];
	const struct identity *above = &extract->ancestors[extract->depth - 2];
	int parent = openat(extract->fd, "..", OPEN_DIRECTORY);
	enum xip_err err = XIP_OK;
	struct stat st;

	if (parent < 0 || fstat(parent, &st)) {
		err = XIP_ERR_IO;
		entry_failed(extract, index, "cannot go up from the directory");
	} else if (st.st_dev != above->dev || st.st_ino != above->ino) {
		err = xip_diag_fail(extract->diag, XIP_ERR_IO, NULL, XIP_NO_OFFSET,
			"a directory was moved while it was being filled");
	} else if (!set_metadata(extract, extract->fd, &entry->inode)) {
		err = soft(extract, index, "cannot set owner and mode");
	}
	close(extract->fd);
	extract->fd = parent;
	extract->directory = entry->parent;
	extract->depth--;
	return err;
}

/* *@entered: whether what is below can follow. */
static enum xip_err make_directory(struct extract *extract, size_t index, bool *entered)
{
	const struct xip_entry *entry = &extract->listing->entries[index];
	int fd;

	*entered = false;
	if (mkdirat(extract->fd, entry->name, 0700))
		return soft(extract, index, "cannot make the directory");
	fd = openat(extract->fd, entry->name, OPEN_DIRECTORY);
	if (fd < 0)
		return soft(extract, index, "cannot open the directory");
	close(extract->fd);
	extract->fd = fd;
	extract->directory = index;
	*entered = true;
	return push_ancestor(extract);
}

/* Writes blocks; holes stay holes. */
static enum xip_err write_blocks(struct extract *extract, size_t index, int fd)
{
	const struct xip_inode *inode = &extract->listing->entries[index].inode;
	uint32_t count = xip_image_block_count(extract->image, inode);
	uint32_t page = xip_image_info(extract->image)->page_size;
	char buffer[XIP_SHOWN_PATH_SIZE];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t length = xip_image_block_length(extract->image, inode, i);
		struct xip_block block;
		const char *why;
		enum xip_err err = xip_image_block(extract->image, inode, i, &block, &why);

		if (!err)
			err = xip_image_unpack(
				extract->image, &block, extract->buffer, length, &why);
		if (err) {
			return xip_diag_fail(extract->diag, err,
				xip_listing_show(extract->listing, index, buffer), inode->offset,
				"block %u cannot be read: %s", i, why);
		}
		if (!block.length)
			continue;
		err = xip_io_pwrite_full(fd, extract->buffer, length, (uint64_t)i * page,
			extract->diag, extract->listing->entries[index].name);
		if (err)
			return err;
	}
	return XIP_OK;
}

static enum xip_err make_file(struct extract *extract, size_t index)
{
	const struct xip_entry *entry = &extract->listing->entries[index];
	bool has_blocks = xip_inode_has_blocks(&entry->inode);
	int fd = openat(extract->fd, entry->name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	enum xip_err err;

	if (fd < 0)
		return soft(extract, index, "cannot make the file");
	err = write_blocks(extract, index, fd);
	if (!err && has_blocks && ftruncate(fd, entry->inode.size))
		err = soft(extract, index, "cannot set the size");
	if (!err && !set_metadata(extract, fd, &entry->inode))
		err = soft(extract, index, "cannot set owner and mode");
	if (close(fd) && !err)
		err = soft(extract, index, "cannot write");
	if (!err)
		return XIP_OK;
	unlinkat(extract->fd, entry->name, 0); /* half a file is worse than none */
	if (err != XIP_ERR_CORRUPT)
		return err;
	extract->failed = err;
	return XIP_OK;
}

static enum xip_err make_symlink(struct extract *extract, size_t index)
{
	const struct xip_entry *entry = &extract->listing->entries[index];
	char buffer[XIP_SHOWN_PATH_SIZE];
	uint8_t *target;
	size_t size;
	enum xip_err err = xip_image_load(extract->image, &entry->inode, &target, &size,
		xip_listing_show(extract->listing, index, buffer), extract->diag);

	if (err == XIP_ERR_CORRUPT) {
		extract->failed = err;
		return XIP_OK;
	}
	if (err)
		return err;
	if (symlinkat((const char *)target, extract->fd, entry->name) ||
		(extract->owners && fchownat(extract->fd, entry->name, entry->inode.uid,
					    entry->inode.gid, AT_SYMLINK_NOFOLLOW)))
		err = soft(extract, index, "cannot make the symbolic link");
	free(target);
	return err;
}

/* A device, FIFO or socket. The umask is 0, so it gets its mode at once. */
static enum xip_err make_node(struct extract *extract, size_t index)
{
	const struct xip_entry *entry = &extract->listing->entries[index];
	bool device = xip_mode_is_device(entry->inode.mode);
	uint32_t major = 0, minor = 0;
	char buffer[XIP_SHOWN_PATH_SIZE];

	if (device)
		xip_rdev_decode(entry->inode.size, &major, &minor);
	if (mknodat(extract->fd, entry->name,
		    xip_mode_type(entry->inode.mode) | (entry->inode.mode & extract->modes),
		    makedev(major, minor))) {
		if (!device || (errno != EPERM && errno != EACCES))
			return soft(extract, index, "cannot make the special file");
		xip_diag_warn(extract->diag, xip_listing_show(extract->listing, index, buffer),
			XIP_NO_OFFSET, "skipped: only root can make devices");
		return XIP_OK;
	}
	if (extract->owners && fchownat(extract->fd, entry->name, entry->inode.uid,
				       entry->inode.gid, AT_SYMLINK_NOFOLLOW))
		return soft(extract, index, "cannot set the owner");
	return XIP_OK;
}

static enum xip_err make_entry(struct extract *extract, size_t index, bool *entered)
{
	char buffer[XIP_SHOWN_PATH_SIZE];

	*entered = true;
	switch (xip_mode_type(extract->listing->entries[index].inode.mode)) {
	case XIP_S_IFDIR:
		return make_directory(extract, index, entered);
	case XIP_S_IFREG:
		return make_file(extract, index);
	case XIP_S_IFLNK:
		return make_symlink(extract, index);
	case XIP_S_IFCHR:
	case XIP_S_IFBLK:
	case XIP_S_IFIFO:
	case XIP_S_IFSOCK:
		return make_node(extract, index);
	default:
		break;
	}
	extract->failed = xip_diag_fail(extract->diag, XIP_ERR_CORRUPT,
		xip_listing_show(extract->listing, index, buffer),
		extract->listing->entries[index].position, "its mode has no valid file type");
	return XIP_OK;
}

static enum xip_err make_all(struct extract *extract)
{
	const struct xip_listing *listing = extract->listing;
	size_t index = xip_listing_next(listing, 0);
	enum xip_err err = XIP_OK;
	bool entered;

	while (!err && index != SIZE_MAX) {
		if (extract->chosen && !extract->chosen[index]) {
			index = xip_listing_skip(listing, index);
			continue;
		}
		while (!err && extract->directory != listing->entries[index].parent)
			err = leave_directory(extract);
		if (!err)
			err = make_entry(extract, index, &entered);
		if (!err)
			index = entered ? xip_listing_next(listing, index)
					: xip_listing_skip(listing, index);
	}
	while (!err && extract->directory)
		err = leave_directory(extract);
	return err;
}

/* Opens or makes the top directory, whose name the user gave. */
static enum xip_err open_top(struct extract *extract, const char *path, bool *made)
{
	*made = !mkdir(path, 0700);
	if (!*made && errno != EEXIST)
		return xip_diag_fail_errno(extract->diag, errno, path, "cannot make the directory");
	extract->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (extract->fd < 0)
		return xip_diag_fail_errno(extract->diag, errno, path, "cannot open the directory");
	return push_ancestor(extract);
}

enum xip_err xip_content_limit(const struct xip_image *image, const struct xip_listing *listing,
	bool paths, const struct xip_diag *diag)
{
	const uint64_t limit = ((uint64_t)1 << 30) + 1032 * xip_image_info(image)->size;
	uint64_t *lengths = calloc(listing->count, sizeof(*lengths)); /* of the paths */
	uint64_t total = 0;

	if (!lengths)
		return xip_diag_nomem(diag);
	for (size_t i = 0; i < listing->count; i++) {
		const struct xip_entry *entry = &listing->entries[i];

		if (xip_inode_has_blocks(&entry->inode))
			total += entry->inode.size;
		lengths[i] = lengths[entry->parent] + entry->name_length + 1;
		total += paths ? lengths[i] : 0;
	}
	free(lengths);
	if (total > limit)
		return xip_diag_fail(diag, XIP_ERR_LIMIT, xip_image_path(image), XIP_NO_OFFSET,
			"its files hold %llu bytes, out of all proportion to its size",
			(unsigned long long)total);
	return XIP_OK;
}

enum xip_err xip_extract(struct xip_image *image, const struct xip_listing *listing,
	const char *path, const struct xip_diag *diag)
{
	return xip_extract_chosen(image, listing, path, NULL, diag);
}

enum xip_err xip_extract_chosen(struct xip_image *image, const struct xip_listing *listing,
	const char *path, const bool *chosen, const struct xip_diag *diag)
{
	struct extract extract = {
		.image = image,
		.listing = listing,
		.chosen = chosen,
		.diag = diag,
		.fd = -1,
		.owners = !geteuid(),
	};
	enum xip_err err = xip_content_limit(image, listing, false, diag);
	mode_t mask = umask(0);
	bool made = false;

	extract.modes = extract.owners ? 07777 : 0777 & ~mask;
	if (!err) {
		extract.buffer = malloc(xip_image_info(image)->page_size);
		err = extract.buffer ? open_top(&extract, path, &made) : xip_diag_nomem(diag);
	}
	if (!err)
		err = make_all(&extract);
	if (!err && made && !set_metadata(&extract, extract.fd, &listing->entries[0].inode))
		err = soft(&extract, 0, "cannot set owner and mode");
	umask(mask);
	if (extract.fd >= 0)
		close(extract.fd);
	free(extract.ancestors);
	free(extract.buffer);
	return err ? err : extract.failed;
}

enum xip_err xip_write_content(struct xip_image *image, const struct xip_listing *listing,
	size_t index, int fd, const char *output, const struct xip_diag *diag)
{
	const struct xip_inode *inode = &listing->entries[index].inode;
	uint32_t count = xip_image_block_count(image, inode);
	char shown[XIP_SHOWN_PATH_SIZE];
	const char *path = xip_listing_show(listing, index, shown);
	uint8_t *buffer = malloc(xip_image_info(image)->page_size);
	enum xip_err err = buffer ? XIP_OK : xip_diag_nomem(diag);

	if (!err && !xip_mode_is_regular(inode->mode))
		err = xip_diag_fail(
			diag, XIP_ERR_USAGE, path, XIP_NO_OFFSET, "is not a regular file");
	for (uint32_t i = 0; !err && i < count; i++) {
		const char *why;
		size_t length;

		err = xip_image_read_block(image, inode, i, buffer, &length, &why);
		if (!err)
			err = xip_io_write_full(fd, buffer, length, diag, output);
		else
			(void)xip_diag_fail(diag, err, path, inode->offset,
				"block %u cannot be read: %s", i, why);
	}
	free(buffer);
	return err;
}
