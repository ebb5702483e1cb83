/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of payloads, found by content. Used from several threads at once. Private to encode.c.
 */
#ifndef XIPFS_IMAGE_STORE_H
#define XIPFS_IMAGE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "xipfs/image/encode.h"
#include "xipfs/base/err.h"
#include "xipfs/format/zcodec.h"

struct xip_raw_block {
	const uint8_t *bytes;
	size_t length;
	uint64_t hash;              /* xip_bytes_hash of the bytes */
	enum xip_payload_kind kind; /* XIP, or one of the others: XIP pages are found apart */
};

struct xip_store;

XIP_MUST_CHECK enum xip_err xip_store_new(struct xip_store **store);
void xip_store_free(struct xip_store *store);

/*
 * The payload with the content of @raw, or NULL. A payload whose hash is equal is inflated to @page
 * (one page) and compared, so equal hashes alone never join two blocks.
 */
struct xip_payload *xip_store_find(struct xip_store *store, const struct xip_raw_block *raw,
	struct xip_inflater *inflater, uint8_t *page);

/* Adds @payload, or returns in *@kept the one that another thread added since the look-up. */
XIP_MUST_CHECK enum xip_err xip_store_add(struct xip_store *store, struct xip_payload *payload,
	const struct xip_raw_block *raw, struct xip_inflater *inflater, uint8_t *page,
	struct xip_payload **kept);

#endif
