/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's program loaders map of a file, and how much of that can be mapped from flash.
 *
 * Used by the builder to choose and by the inspector to judge, so it knows nothing of an image:
 * only of a file's content and of the page size.
 */
#ifndef XIPFS_LOADER_H
#define XIPFS_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/elf/elf.h"
#include "xipfs/base/err.h"
#include "xipfs/elf/flat.h"

/* The kernel that a file is judged for. */
struct xip_target {
	uint32_t page_size; /* bytes, a power of two, at least 4096 */
	bool big;           /* byte order of the image, which is the kernel's */
};

/* Which loader runs the program. */
enum xip_loader {
	XIP_LOADER_NONE,  /* not a program: a script, data, an object file */
	XIP_LOADER_FDPIC, /* binfmt_elf_fdpic; maps with and without an MMU */
	XIP_LOADER_ELF,   /* binfmt_elf on a kernel with an MMU */
	XIP_LOADER_FLAT,  /* binfmt_flat, no-MMU mapping rules */
};

/* By which kernel's rules a program is judged. */
enum xip_rules {
	XIP_RULES_LOADER = 0, /* FDPIC and bFLT without an MMU, other ELF with one */
	XIP_RULES_MMU = 1,    /* every ELF as a kernel with an MMU maps it (option -X -X) */
	XIP_RULES_NOMMU = 2,  /* every program as a kernel without an MMU maps it (option -X) */
};

/* Why a mapping, or a whole program, is not executed in place. */
enum xip_why {
	XIP_WHY_DIRECT = 0,          /* it is: read-only and inside the file */
	XIP_WHY_NOT_PROGRAM,         /* neither ELF nor bFLT */
	XIP_WHY_BAD_HEADER,          /* the headers lie; see xip_program.detail */
	XIP_WHY_NOT_EXECUTABLE_TYPE, /* ELF, but an object file or a core */
	XIP_WHY_WRITABLE,            /* a writable segment always lives in RAM */
	XIP_WHY_BSS_IN_TEXT, /* read-only segment with p_memsz > p_filesz: the loader clears the
			      * rest in place (no MMU), or none of it is in the file */
	XIP_WHY_BEYOND_FILE, /* the page range reaches past the last page of the file: exec fails */
	XIP_WHY_UNALIGNED_SEGMENT, /* p_vaddr and p_offset differ modulo the page size */
	XIP_WHY_ALIGN_TOO_BIG,     /* a section wants more alignment than a page */
	XIP_WHY_NOT_FDPIC,   /* no-MMU rules asked for, but the ELF is loaded as one block in RAM */
	XIP_WHY_FLAT_RAM,    /* FLAT_FLAG_RAM */
	XIP_WHY_FLAT_PACKED, /* FLAT_FLAG_GZIP */
	XIP_WHY_TEXTREL,     /* text relocations: the (dynamic) loader writes to the text pages */
	XIP_WHY_NO_TEXT,     /* no read-only segment at all */
	XIP_WHY_CONSTDISP,   /* FDPIC flagged as constant displacement: one block in RAM, no MMU */
	XIP_WHY_TOO_MANY_HEADERS, /* binfmt_elf takes no more than a page of program headers */
	XIP_WHY_FLAT_MMU,         /* bFLT on a kernel with an MMU is copied to RAM */
	XIP_WHY_SHARED_PAGE,      /* read-only segments share a page: two regions that overlap */
	XIP_WHY_BYTE_ORDER,       /* not the target's: no kernel that mounts the image takes it */
	XIP_WHY_FIXED,            /* no-MMU: ET_EXEC and not FDPIC, refused with ENOEXEC */
	XIP_WHY_NO_NOMMU,         /* Linux for its machine always has an MMU */
	XIP_WHY_FDPIC_MMU,        /* FDPIC of a machine that has it without an MMU only */
	XIP_WHY_COUNT
};

/*
 * One mapping that the loader makes, in pages of the target. A mapping may be executed in place
 * when ->why is XIP_WHY_DIRECT; then all of [file_page, file_page + page_count) lies inside the
 * pages of the file and all of it must be direct, uncompressed and contiguous, the page that holds
 * the end of .text and the start of .data included, though .data is mapped from there as well.
 */
struct xip_mapping {
	uint64_t file_page;  /* first page of the file */
	uint64_t page_count; /* pages, as the kernel rounds the length; with an MMU except those
			      * that hold nothing but bss (anonymous memory); 0: no file pages */
	uint64_t vaddr;      /* p_vaddr rounded down to a page; link time address */
	uint64_t align;      /* the flash address must be a multiple of this: a power of two, 4 to
			      * page size; by MMU rules always the page size */
	uint64_t file_bytes; /* p_filesz: bytes of the segment in the file */
	uint64_t mem_bytes;  /* p_memsz: bytes in memory, bss included */
	bool read, write, exec;
	enum xip_why why; /* XIP_WHY_DIRECT: wants to be mapped from flash */
};

struct xip_program {
	enum xip_loader loader; /* NONE: the kernel would not load it at all, or see ->why */
	bool mmu;               /* judged by the rules of a kernel with an MMU */
	enum xip_why why;       /* XIP_WHY_DIRECT: at least one mapping is direct */
	const char *detail;     /* a sentence for XIP_WHY_BAD_HEADER; static storage; may be NULL */
	/*
	 * In the order of the program headers, in the arena. ELF: one for each elf.segments[i].
	 * bFLT: text, then data with bss (file_page and page_count say where the data lie in the
	 * file). When the kernel would refuse or copy the program as a whole, none is direct.
	 */
	struct xip_mapping *mappings;
	size_t mapping_count;
	struct xip_elf elf;   /* valid for XIP_LOADER_FDPIC and XIP_LOADER_ELF */
	struct xip_flat flat; /* valid for XIP_LOADER_FLAT */
};

/* True when the first bytes (4 are enough) could begin a program: worth loading the whole file. */
bool xip_loader_has_magic(const uint8_t *data, size_t size);

/*
 * Describes what a kernel on @target would map of the file of @size bytes at @data, by @rules. The
 * result lives in @arena; @data is not written to, and nothing in the result needs it. machine.h
 * has what the kernels of each machine take at all.
 * A file that is not a program or lies in its headers is not an error: see ->why. Errors:
 * XIP_ERR_NOMEM.
 *
 * Sources: load_elf_fdpic_binary(), elf_fdpic_map_file() and elf_fdpic_map_file_by_direct_mmap() of
 * fs/binfmt_elf_fdpic.c; load_elf_binary(), elf_map() and elf_load() of fs/binfmt_elf.c;
 * load_flat_file() of fs/binfmt_flat.c; do_mmap() and add_nommu_region() of mm/nommu.c;
 * cramfs_physmem_get_unmapped_area() and cramfs_physmem_mmap() of fs/cramfs/inode.c. The dynamic
 * loaders map shared objects likewise.
 */
XIP_MUST_CHECK enum xip_err xip_loader_describe(struct xip_arena *arena, const uint8_t *data,
	size_t size, const struct xip_target *target, enum xip_rules rules,
	struct xip_program *program);

/* One English clause for @why, for messages ("the segment is writable"); static storage. */
const char *xip_why_text(enum xip_why why);
/* True when the kernel does not start the program at all; otherwise it copies what is not direct.
 */
bool xip_why_refuses(enum xip_why why);
/*
 * What the user of a machine with number @machine (EM_*; EM_NONE: bFLT) can do about it ("link with
 * -z max-page-size=4096"); NULL when nothing. Static storage.
 */
const char *xip_why_advice(enum xip_why why, uint16_t machine);
/* A short stable name for JSON and reports ("writable"); static storage. */
const char *xip_why_name(enum xip_why why);
const char *xip_loader_name(enum xip_loader loader);

#endif
