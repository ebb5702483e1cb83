/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's program loaders map of a file, and which of it can be mapped from flash.
 *
 * Used by the builder to choose and by the inspector to judge, so it knows nothing of an image:
 * only of a file's content and of the page size.
 */
#ifndef XIPFS_LOADER_H
#define XIPFS_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/arena.h"
#include "xipfs/elf.h"
#include "xipfs/err.h"
#include "xipfs/flat.h"

/* Which loader runs the program. */
enum xip_loader {
	XIP_LOADER_NONE,   /* no program: a script, data, an object file */
	XIP_LOADER_FDPIC,  /* binfmt_elf_fdpic, by the no-MMU mapping rules (an MMU maps it as well) */
	XIP_LOADER_ELF,	   /* binfmt_elf on a kernel with an MMU */
	XIP_LOADER_FLAT,   /* binfmt_flat, no-MMU mapping rules */
};

/* Why a mapping, or a whole program, is not executed in place. */
enum xip_why {
	XIP_WHY_DIRECT = 0,	/* it is: read-only and inside the file */
	XIP_WHY_NOT_PROGRAM,	/* neither ELF nor bFLT */
	XIP_WHY_BAD_HEADER,	/* the headers lie; see xip_program.detail */
	XIP_WHY_NOT_EXECUTABLE_TYPE, /* ELF, but an object file or a core */
	XIP_WHY_WRITABLE,	/* a writable segment always lives in RAM */
	XIP_WHY_BSS_IN_TEXT,	/* read-only segment with p_memsz > p_filesz: the loader clears the rest */
	XIP_WHY_BEYOND_FILE,	/* the page range reaches past the last page of the file: exec fails */
	XIP_WHY_UNALIGNED_SEGMENT, /* p_vaddr and p_offset differ modulo the page size */
	XIP_WHY_ALIGN_TOO_BIG,	/* a section wants more alignment than a page */
	XIP_WHY_NOT_FDPIC,	/* no-MMU rules asked for, but the ELF is loaded as one block in RAM */
	XIP_WHY_FLAT_RAM,	/* FLAT_FLAG_RAM */
	XIP_WHY_FLAT_PACKED,	/* FLAT_FLAG_GZIP or FLAT_FLAG_GZDATA */
	XIP_WHY_TEXTREL,	/* text relocations: the dynamic loader writes to the text pages */
	XIP_WHY_NO_TEXT,	/* no read-only segment at all */
	XIP_WHY_COUNT
};

/* One mapping that the loader makes, in pages of the target. */
struct xip_mapping {
	uint64_t file_page;  /* first page of the file */
	uint64_t page_count; /* pages, as the kernel rounds the length */
	uint64_t vaddr;	     /* p_vaddr rounded down to a page; link time address */
	uint64_t align;	     /* the flash address must be a multiple of this: a power of two, 4 to
			      * page size */
	uint64_t file_bytes; /* bytes of the segment in the file */
	uint64_t mem_bytes;  /* bytes in memory, bss included */
	bool read, write, exec;
	enum xip_why why;    /* XIP_WHY_DIRECT: wants to be mapped from flash */
};

struct xip_program {
	enum xip_loader loader;
	enum xip_why why;    /* XIP_WHY_DIRECT: at least one mapping can be direct */
	const char *detail;  /* a sentence for XIP_WHY_BAD_HEADER; static storage; may be NULL */
	struct xip_mapping *mappings; /* in the order of the program headers, in the arena */
	size_t mapping_count;
	struct xip_elf elf;  /* valid for XIP_LOADER_FDPIC and XIP_LOADER_ELF */
	struct xip_flat flat; /* valid for XIP_LOADER_FLAT */
};

/* True when the first bytes (4 are enough) could begin a program: worth loading the whole file. */
bool xip_loader_has_magic(const uint8_t *data, size_t size);

/*
 * Describes what the kernel would map of the file of @size bytes at @data with pages of
 * @page_size bytes. @mmu_rules: judge an FDPIC ELF as an ELF that a kernel with an MMU maps (option
 * -X -X); otherwise each file by its own loader's rules. The result lives in @arena.
 * A file that is no program or lies in its headers is no error: see ->why. Errors: XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_loader_describe(struct xip_arena *arena, const uint8_t *data,
	size_t size, uint32_t page_size, bool mmu_rules, struct xip_program *program);

/* One English clause for @why, for messages ("the segment is writable"); static storage. */
const char *xip_why_text(enum xip_why why);
/* What the user can do about it ("link with -z max-page-size=4096"); NULL when nothing. */
const char *xip_why_advice(enum xip_why why);
/* A short stable name for JSON and reports ("writable"); static storage. */
const char *xip_why_name(enum xip_why why);
const char *xip_loader_name(enum xip_loader loader);

#endif
