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
 * 64 <= data_start <= data_end <= bss_end. The text of a file that is not gzip lies inside it; the
 * data as well when they are not packed.
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
 * True when the loader writes relocated addresses into the text, as calc_reloc() decides: then
 * text in flash cannot work. @data holds the whole file of @size bytes. Relocations that are packed
 * or out of the file cannot be looked at and count as none: such files are made for text in ROM.
 */
bool xip_flat_relocates_text(const uint8_t *data, size_t size, const struct xip_flat *flat);

#endif
