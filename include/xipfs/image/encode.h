/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contents become payloads: each block of each file as the bytes that go into the image. Blocks
 * with equal content share one payload.
 */
#ifndef XIPFS_ENCODE_H
#define XIPFS_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/plan/plan.h"
#include "xipfs/tree/tree.h"
#include "xipfs/format/zcodec.h"

enum xip_payload_kind {
	XIP_PAYLOAD_COMPRESSED, /* a zlib stream */
	XIP_PAYLOAD_STORED,     /* the raw bytes, since they do not shrink */
	XIP_PAYLOAD_XIP,        /* the raw bytes, to be mapped from flash */
};

/*
 * The content of one block. Two blocks have the same content exactly when they have the same
 * payload.
 */
struct xip_payload {
	const uint8_t *bytes; /* @length bytes, in the arenas of the encoding */
	uint32_t length;
	uint32_t raw_length; /* bytes of the block: a page, or less for the last block of a file */
	enum xip_payload_kind kind;
	uint32_t number; /* 0 to xip_encoding.payload_count - 1, in the order of the files */
	struct xip_payload *next; /* private to the store */
	uint64_t hash;            /* of the raw bytes */
};

/* The blocks of one of xip_tree.data_inodes. */
struct xip_encoded_file {
	struct xip_payload **blocks; /* NULL: a hole, a whole block of zeros */
	/* Of an optional file (xip_plan_file.optional) the blocks with nothing in place; else NULL.
	 */
	struct xip_payload **packed;
	uint32_t block_count;
};

struct xip_encoding {
	struct xip_encoded_file *files; /* index: number in xip_tree.data_inodes */
	size_t file_count;
	size_t payload_count; /* distinct payloads of all files, packed ones included */
	uint32_t page_size;
	void *memory; /* private */
};

struct xip_encode_options {
	enum xip_compressor compressor;
	int level;
	unsigned threads;
	bool store; /* keep blocks that do not shrink as they are (needs extended pointers) */
	bool dense; /* compress blocks of zeros as well, for readers that do not know holes */
	/* Called from the calling thread now and then; NULL: never. Units: bytes of input. */
	void (*progress)(void *user, uint64_t done, uint64_t total);
	void *user;
};

/*
 * Reads and compresses every file of the tree. The result depends on the contents, the plan, the
 * compressor and its level alone, not on @options->threads. The caller frees *@encoding with
 * xip_encoding_free. Errors: XIP_ERR_SOURCE, XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_encode(const struct xip_tree *tree, const struct xip_plan *plan,
	const struct xip_encode_options *options, struct xip_encoding **encoding,
	const struct xip_diag *diag);
void xip_encoding_free(struct xip_encoding *encoding);

#endif
