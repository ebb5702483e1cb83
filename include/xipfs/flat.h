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

#include "xipfs/err.h"

struct xip_flat {
	uint32_t revision;
	uint32_t entry;	      /* all of these in bytes from the start of the file */
	uint32_t data_start;
	uint32_t data_end;
	uint32_t bss_end;
	uint32_t stack_size;  /* bytes */
	uint32_t reloc_start;
	uint32_t reloc_count;
	bool ram;	      /* FLAT_FLAG_RAM: wants its text in RAM */
	bool gotpic;	      /* FLAT_FLAG_GOTPIC */
	bool gzip;	      /* FLAT_FLAG_GZIP or FLAT_FLAG_GZDATA: packed, loaded to RAM */
};

bool xip_flat_has_magic(const uint8_t *data, size_t size);

/*
 * Parses the header; @file_size is the size of the whole file, of which @data holds at least the
 * first 64 bytes (or all). XIP_ERR_CORRUPT or XIP_ERR_UNSUPPORTED with *@why (static storage).
 */
XIP_MUST_CHECK enum xip_err xip_flat_parse(const uint8_t *data, size_t size, uint64_t file_size,
	struct xip_flat *flat, const char **why);

#endif
