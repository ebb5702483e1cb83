/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/elf/flat.h"

/* Linux include/linux/flat.h */
enum {
	FLAT_VERSION = 4,
	OLD_FLAT_VERSION = 2,
	FLAT_FLAG_RAM = 0x0001,
	FLAT_FLAG_GOTPIC = 0x0002,
	FLAT_FLAG_GZIP = 0x0004,
	FLAT_FLAG_GZDATA = 0x0008,
};

/* The loader takes no length of 256 MiB or more, and multiplies relocations by a word's size. */
#define LENGTH_LIMIT (1u << 28)
#define RELOC_SIZE   4

bool xip_flat_has_magic(const uint8_t *data, size_t size)
{
	return size >= 4 && !memcmp(data, "bFLT", 4);
}

static void decode_flags(struct xip_flat *flat, uint32_t flags)
{
	/* load_flat_file(): whatever flag an old file has, it is loaded into RAM */
	if (flat->revision == OLD_FLAT_VERSION && flags)
		flags = FLAT_FLAG_RAM;
	flat->ram = flags & FLAT_FLAG_RAM;
	flat->gotpic = flags & FLAT_FLAG_GOTPIC;
	flat->gzip = flags & FLAT_FLAG_GZIP;
	flat->gzdata = flags & FLAT_FLAG_GZDATA;
}

/* Why the loader refuses these lengths, or reads past the file; NULL: it does not. */
static const char *find_fault(const struct xip_flat *flat, uint64_t file_size)
{
	if (flat->data_start < XIP_FLAT_HEADER_SIZE)
		return "the text ends inside the bFLT header";
	if (flat->data_end < flat->data_start || flat->bss_end < flat->data_end)
		return "the data or bss of the bFLT program ends before it begins";
	if (flat->data_start >= LENGTH_LIMIT || flat->data_end - flat->data_start >= LENGTH_LIMIT ||
		flat->bss_end - flat->data_end >= LENGTH_LIMIT ||
		flat->stack_size >= LENGTH_LIMIT || flat->reloc_count >= LENGTH_LIMIT / RELOC_SIZE)
		return "a length in the bFLT header is 256 MiB or more";
	if (flat->gzip) /* the lengths are those of the unpacked program */
		return NULL;
	if (flat->data_start > file_size)
		return "the bFLT text reaches past the end of the file";
	if (!flat->gzdata && flat->data_end > file_size)
		return "the bFLT data reach past the end of the file";
	return NULL;
}

enum xip_err xip_flat_parse(const uint8_t *data, size_t size, uint64_t file_size,
	struct xip_flat *flat, const char **why)
{
	memset(flat, 0, sizeof(*flat));
	if (!xip_flat_has_magic(data, size)) {
		*why = "it does not begin with bFLT";
		return XIP_ERR_UNSUPPORTED;
	}
	if (size < XIP_FLAT_HEADER_SIZE) {
		*why = "the bFLT header is cut short";
		return XIP_ERR_CORRUPT;
	}
	flat->revision = xip_get32(data + 4, true);
	flat->entry = xip_get32(data + 8, true);
	flat->data_start = xip_get32(data + 12, true);
	flat->data_end = xip_get32(data + 16, true);
	flat->bss_end = xip_get32(data + 20, true);
	flat->stack_size = xip_get32(data + 24, true);
	flat->reloc_start = xip_get32(data + 28, true);
	flat->reloc_count = xip_get32(data + 32, true);
	decode_flags(flat, xip_get32(data + 36, true));

	if (flat->revision != FLAT_VERSION && flat->revision != OLD_FLAT_VERSION) {
		*why = "the kernel knows bFLT versions 2 and 4 only";
		return XIP_ERR_UNSUPPORTED;
	}
	*why = find_fault(flat, file_size);
	return *why ? XIP_ERR_CORRUPT : XIP_OK;
}
