/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A safe, plain list of what the kernel's ELF loaders look at.
 *
 * The input is untrusted: 32 or 64 bit, either byte order, possibly truncated or hostile.
 */
#ifndef XIPFS_ELF_H
#define XIPFS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/err.h"

/*
 * One PT_LOAD segment. [offset, offset + filesz) lies inside the file, filesz <= memsz, and
 * vaddr + memsz does not wrap in the address size of the file's class.
 */
struct xip_elf_segment {
	uint64_t offset;  /* p_offset, bytes in the file */
	uint64_t vaddr;   /* p_vaddr */
	uint64_t filesz;  /* p_filesz, bytes */
	uint64_t memsz;   /* p_memsz, bytes */
	uint64_t p_align; /* as in the header: any value */
	uint64_t align;   /* the largest sh_addralign of the allocated sections inside, a power of
			   * two, at least 1; 0: unknown, there is no section table */
	uint64_t gaps;    /* bytes between its sections that are there only for alignment beyond
			   * XIP_ELF_ALIGN_GOOD; 0 without a section table */
	bool read, write, exec;
};

/* Bytes: code and data gain nothing from being aligned to more than a cache line. */
#define XIP_ELF_ALIGN_GOOD 64

struct xip_elf {
	bool is64;
	bool big;
	uint16_t type;    /* ET_EXEC, ET_DYN, ... */
	uint16_t machine; /* EM_* */
	uint8_t osabi;
	bool fdpic;            /* elf_check_fdpic() of this machine would take it */
	bool constdisp;        /* elf_check_const_displacement(): FDPIC, yet loaded as one block */
	bool textrel;          /* DT_TEXTREL or DF_TEXTREL: the dynamic loader writes to its text */
	bool pie;              /* DF_1_PIE: a program, though ET_DYN */
	bool has_stack;        /* a PT_GNU_STACK header is there */
	bool has_symtab;       /* SHT_SYMTAB: not stripped */
	uint64_t stack_size;   /* p_memsz of PT_GNU_STACK, bytes; 0: the loader's default */
	uint64_t stack_header; /* byte offset in the file of the PT_GNU_STACK program header */
	uint64_t relro_vaddr, relro_memsz;      /* PT_GNU_RELRO; 0, 0: none */
	const struct xip_elf_segment *segments; /* the PT_LOADs in the order of the headers */
	size_t segment_count;
	uint64_t phdr_bytes;       /* the program header table, bytes; at most 65536 */
	uint64_t run_end;          /* after the last byte of the file that a program header, of
				    * whatever type, or their table takes; may be past its end */
	uint64_t section_end;      /* likewise of sections and their headers; 0: there are none */
	bool appendix;             /* something other than zeros lies after both */
	const char *looked_up;     /* the name of a section that is looked up in the file at run
				    * time; NULL: there is none known for that */
	const char *interpreter;   /* PT_INTERP, NULL: none */
	const char *soname;        /* DT_SONAME, NULL: none */
	const char *runpath;       /* DT_RUNPATH, NULL: none */
	const char *rpath;         /* DT_RPATH, which counts only without DT_RUNPATH; NULL: none */
	const char *const *needed; /* DT_NEEDED, in order; NULL: none */
	size_t needed_count;
};

/* True when the first bytes are ELF magic, whatever follows. */
bool xip_elf_has_magic(const uint8_t *data, size_t size);

/* True when the first @size bytes of a file are those of an ELF file that has no section headers.
 */
bool xip_elf_lacks_sections(const uint8_t *data, size_t size);

/*
 * Parses the file of @size bytes at @data, which is never written to. *@elf and all it points to
 * live in @arena. Several threads may parse at once, each with its own arena.
 * Memory is in proportion to @size, whatever the file claims.
 * Errors: XIP_ERR_CORRUPT with *@why (static storage) when a header lies (truncated, outside the
 * file, wrapping, not parseable); XIP_ERR_UNSUPPORTED with *@why when it is valid but neither
 * ET_EXEC nor ET_DYN (an object file, a core); XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_elf_parse(struct xip_arena *arena, const uint8_t *data, size_t size,
	struct xip_elf *elf, const char **why);

#endif
