/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a bFLT program. All fields are big-endian.
 * Source: Linux include/linux/flat.h, fs/binfmt_flat.c load_flat_file().
 */
#ifndef XIPFS_FLAT_H
#define XIPFS_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/err.h"

#define XIP_FLAT_HEADER_SIZE 64 /* bytes; sizeof(struct flat_hdr) */

/*
 * 64 <= data_start <= data_end <= bss_end. Unless the file is gzip, its text lies inside it, and so
 * do the data when they are not packed.
 */
struct xip_flat {
	uint32_t revision; /* 4, or 2: the old format of CONFIG_BINFMT_FLAT_OLD */
	uint32_t entry;    /* all of these in bytes from the start of the file */
	uint32_t data_start;
	uint32_t data_end;
	uint32_t bss_end;
	uint32_t stack_size; /* bytes */
	uint32_t reloc_start;
	uint32_t reloc_count;
	bool ram;    /* FLAT_FLAG_RAM: wants its text in RAM */
	bool gotpic; /* FLAT_FLAG_GOTPIC */
	bool gzip;   /* FLAT_FLAG_GZIP: text and data are packed */
	bool gzdata; /* FLAT_FLAG_GZDATA: data and relocations are packed, text is not */
};

bool xip_flat_has_magic(const uint8_t *data, size_t size);

/*
 * Parses the header; @file_size is the size of the whole file, of which @data holds at least the
 * first 64 bytes (or all). XIP_ERR_CORRUPT or XIP_ERR_UNSUPPORTED with *@why (static storage).
 */
XIP_MUST_CHECK enum xip_err xip_flat_parse(const uint8_t *data, size_t size, uint64_t file_size,
	struct xip_flat *flat, const char **why);

/*
 * Walks the relocation table as load_flat_file() and calc_reloc() do, inflating it when it is
 * packed; @data holds the whole file of @size bytes. *@text tells whether a relocation lies in the
 * text: then the loader writes there, and text in flash cannot work. The words that are relocated
 * are not looked at. XIP_ERR_CORRUPT with *@why (static storage) when the table or what is packed
 * is cut short, does not lie within what the loader reads, or has a relocation outside the program,
 * for which the kernel kills it; XIP_ERR_NOMEM. Needs a few KiB, whatever the header claims.
 */
XIP_MUST_CHECK enum xip_err xip_flat_walk(const uint8_t *data, size_t size,
	const struct xip_flat *flat, bool *text, const char **why);

#endif
