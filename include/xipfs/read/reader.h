/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded access to an untrusted image: every byte is checked against the image's size before
 * it is read, every count against what the image could hold.
 */
#ifndef XIPFS_READER_H
#define XIPFS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/format/format.h"

struct xip_image; /* an open image; one thread at a time */

/* What is known of an open image. Byte offsets count from the start of the image. */
struct xip_image_info {
	struct xip_super super;
	uint64_t file_size;    /* bytes of the file from the start of the image on */
	uint64_t size;         /* bytes of the image: what may be read. Without
				* CRAMFS_FLAG_FSID_VERSION_2 the image does not say: the file's */
	uint64_t missing;      /* bytes of the image that the file lacks, not in @size; see
				* xip_open_options.cut_short */
	uint32_t super_offset; /* 0 or XIP_BOOT_PAD */
	uint32_t page_size;    /* bytes; see xip_image_open */
	bool big;              /* byte order */
	bool extended;         /* CRAMFS_FLAG_EXT_BLOCK_POINTERS */
};

struct xip_open_options {
	uint32_t page_size; /* bytes; 0: detect it. The format does not record it: it is the one
			     * with which the largest files' blocks make sense, else 4096 */
	uint64_t offset;    /* bytes of the file before the image */
	bool cut_short;     /* also open an image whose end is missing */
};

/*
 * Opens the image in @fd (which stays the caller's and must stay open; needs pread, not mmap).
 * @path is for messages and is copied. XIP_ERR_CORRUPT: no super block of either byte order at 0
 * or 512, a root that is not a directory, a size smaller than the super block or larger than the
 * file. XIP_ERR_UNSUPPORTED: a dialect that no kernel reads (flags, inodes of 16 bytes). The rules
 * are those of fs/cramfs/inode.c cramfs_read_super(). The caller closes *@image with
 * xip_image_close.
 */
XIP_MUST_CHECK enum xip_err xip_image_open_with(struct xip_image **image, int fd, const char *path,
	const struct xip_open_options *options, const struct xip_diag *diag);
/* The same for a whole image at the start of the file. */
XIP_MUST_CHECK enum xip_err xip_image_open(struct xip_image **image, int fd, const char *path,
	uint32_t page_size, const struct xip_diag *diag);
void xip_image_close(struct xip_image *image); /* NULL is fine */
const struct xip_image_info *xip_image_info(const struct xip_image *image);
const char *xip_image_path(const struct xip_image *image); /* as given to xip_image_open */

/*
 * Reads exactly @length bytes at @offset. XIP_ERR_CORRUPT outside the image, XIP_ERR_IO or
 * XIP_ERR_SOURCE when the file can no longer be read, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_image_read(const struct xip_image *image, uint64_t offset,
	void *buffer, size_t length, const struct xip_diag *diag);

struct xip_image_crc {
	uint32_t found, recorded;
	bool right; /* they are the same, or the image records none */
};

/*
 * The CRC-32 of the image, with its own field taken as 0 and boot padding left out. The kernel
 * never looks at it; fsck.cramfs and boot loaders do. Only images with CRAMFS_FLAG_FSID_VERSION_2
 * record one. Errors as xip_image_read.
 */
XIP_MUST_CHECK enum xip_err xip_image_crc(
	const struct xip_image *image, struct xip_image_crc *crc, const struct xip_diag *diag);

/*
 * For callers that hand out what the image holds: warns @diag of a wrong CRC-32, once per image;
 * *@right says whether it is right. Damage to an uncompressed block shows nowhere else. Errors as
 * xip_image_read.
 */
XIP_MUST_CHECK enum xip_err xip_image_warn_crc(
	const struct xip_image *image, bool *right, const struct xip_diag *diag);

/* One entry of the image's tree. */
struct xip_entry {
	struct xip_inode inode;
	uint32_t position;    /* byte offset of the inode in the image */
	uint32_t parent;      /* index of the directory in the list; the root's is its own, 0 */
	uint32_t first_child; /* of a directory: index of its first child */
	uint32_t child_count;
	uint32_t name_length; /* bytes without padding */
	const char *name;     /* NUL terminated; without '/'; the root's is "" */
};

struct xip_listing {
	struct xip_entry *entries; /* the root is entry 0; the kernel adds 0555 to its mode */
	size_t count;
	struct xip_arena *arena; /* names */
};

/*
 * Every entry of the image: directories before their content, each directory's children consecutive
 * and in the order of the image. Bounded by the image's size: two directories that overlap, as in a
 * loop, are a fault, as are entries that leave their directory or the image, and names that are
 * empty, ".", "..", or hold '/' or NUL. Each fault is reported to @diag. With @lenient they are
 * warnings, the entry (or the rest of its directory) is left out, and the walk goes on; otherwise
 * the first one ends it with XIP_ERR_CORRUPT. The caller frees *@listing with xip_listing_free,
 * after XIP_OK only.
 */
XIP_MUST_CHECK enum xip_err xip_image_list(const struct xip_image *image, bool lenient,
	struct xip_listing *listing, const struct xip_diag *diag);
void xip_listing_free(struct xip_listing *listing);

/* What can be wrong with the list of entries. */
enum xip_list_fault {
	XIP_FAULT_BOUNDS,  /* a directory leaves the image, or an entry its directory */
	XIP_FAULT_OVERLAP, /* a directory overlaps another one, or contains itself */
	XIP_FAULT_NAME,    /* a name that no file system may hold */
};

/*
 * Called for each fault of a walk: entry @index is the directory it is in. Returning false ends the
 * walk with XIP_ERR_CORRUPT.
 */
struct xip_list_report {
	bool (*fault)(void *user, enum xip_list_fault fault, const struct xip_listing *listing,
		size_t index, uint64_t offset, const char *message);
	void *user;
};

/* xip_image_list with the faults sorted by kind. @diag is told when reads or memory fail. */
XIP_MUST_CHECK enum xip_err xip_listing_walk(const struct xip_image *image,
	struct xip_listing *listing, const struct xip_list_report *report,
	const struct xip_diag *diag);

/*
 * The entry after @index in tree order: a directory, its children and all below, depth first.
 * Begin with 0 (the root); SIZE_MAX is the end. xip_listing_skip leaves out what is below @index.
 */
size_t xip_listing_next(const struct xip_listing *listing, size_t index);
size_t xip_listing_skip(const struct xip_listing *listing, size_t index);

/* The path of entry @index with a leading '/', malloc'ed; NULL when memory ran out. */
char *xip_listing_path(const struct xip_listing *listing, size_t index);
/* The same for at most the last @components; takes no time for those above. */
char *xip_listing_path_end(const struct xip_listing *listing, size_t index, size_t components);

/* Bytes of a path in a report, its NUL included: PATH_MAX of include/uapi/linux/limits.h. */
#define XIP_SHOWN_PATH_SIZE 4096

/*
 * The path of entry @index for people to read, somewhere in @buffer of XIP_SHOWN_PATH_SIZE bytes.
 * Of a longer path, which no program could open by name, only the end, with "..." before it: so
 * reports take no memory for paths, and time only in proportion to the number of entries.
 */
const char *xip_listing_show(const struct xip_listing *listing, size_t index, char *buffer);

/* Index of the entry at @path ("/etc/passwd", "etc/passwd", "./etc/"); SIZE_MAX: not there. */
size_t xip_listing_find(const struct xip_listing *listing, const char *path);

/*
 * True when the kernel would read blocks of @inode: a regular file or symlink with a size and
 * an offset (cramino() and get_cramfs_inode(): without an offset the size counts for nothing).
 */
bool xip_inode_has_blocks(const struct xip_inode *inode);

/* For an image that this program has just made itself: see xip_inflater_hurry(). */
void xip_image_hurry(struct xip_image *image);

/* Number of blocks of an inode; 0 unless xip_inode_has_blocks. */
uint32_t xip_image_block_count(const struct xip_image *image, const struct xip_inode *inode);

/* Bytes that block @index holds: a page, or the rest of the file. */
uint32_t xip_image_block_length(
	const struct xip_image *image, const struct xip_inode *inode, uint32_t index);

/*
 * Where block @index of @inode lies, by the rules of cramfs_read_folio(). XIP_ERR_CORRUPT with
 * *@why (static storage) when the kernel would refuse it or it leaves the image; XIP_ERR_IO as
 * xip_image_read.
 */
XIP_MUST_CHECK enum xip_err xip_image_block(const struct xip_image *image,
	const struct xip_inode *inode, uint32_t index, struct xip_block *block, const char **why);

/*
 * Writes the content of @block to @buffer, as a correct reader sees it: exactly @length bytes (at
 * most a page), zeros for a hole. XIP_ERR_CORRUPT with *@why (static storage) when it holds more or
 * less.
 */
XIP_MUST_CHECK enum xip_err xip_image_unpack(struct xip_image *image, const struct xip_block *block,
	uint8_t *buffer, uint32_t length, const char **why);

/*
 * xip_image_block and xip_image_unpack: writes the content of block @index of @inode to @buffer of
 * page_size bytes; *@length is its length.
 */
XIP_MUST_CHECK enum xip_err xip_image_read_block(struct xip_image *image,
	const struct xip_inode *inode, uint32_t index, uint8_t *buffer, size_t *length,
	const char **why);

/*
 * The whole content of a file or symlink, malloc'ed, with a NUL after it; less than 16 MiB. A fault
 * is reported to @diag with @path.
 */
XIP_MUST_CHECK enum xip_err xip_image_load(struct xip_image *image, const struct xip_inode *inode,
	uint8_t **data, size_t *size, const char *path, const struct xip_diag *diag);

#endif
