/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much RAM each program of an image will take, by the rules of the kernel's loaders, with and
 * without execution in place.
 *
 * Counts what the loaders and the dynamic loader map of files, bss, and the stack where it has a
 * fixed size (without an MMU); not what a program asks for when it runs (heap, the dynamic loader's
 * own memory), page tables or kernel objects. With an MMU pages come on demand, so the figures are
 * upper bounds: every page is touched, every writable page written.
 *
 * Sources: fs/binfmt_elf_fdpic.c elf_fdpic_map_file_by_direct_mmap(),
 * elf_fdpic_map_file_constdisp_on_uclinux() and load_elf_fdpic_binary() (stack); fs/binfmt_elf.c
 * elf_load(); fs/binfmt_flat.c load_flat_file(); mm/nommu.c do_mmap() (read-only copies of a file
 * are shared by all processes) and do_mmap_private() (sizes in whole pages, as long as
 * vm.nr_trim_pages has its default of 1); fs/proc/task_nommu.c, fs/proc/task_mmu.c. The dynamic
 * loaders of glibc, musl and uClibc-ng map shared objects as the kernel does.
 */
#ifndef XIPFS_RAM_H
#define XIPFS_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xipfs/base/arena.h"
#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/inspect/map.h"
#include "xipfs/inspect/programs.h"
#include "xipfs/read/reader.h"

enum xip_kernel {
	XIP_KERNEL_AUTO, /* without an MMU when there is an FDPIC or bFLT program, else with one,
			  * page by page when the image is laid out so */
	XIP_KERNEL_NOMMU,
	XIP_KERNEL_MMU,
	XIP_KERNEL_PAGEWISE, /* with an MMU and the patch that maps page by page */
};

/* MAX_PAGE_ORDER of mm/page_alloc.c, unless CONFIG_ARCH_FORCE_MAX_ORDER says otherwise. */
#define XIP_MAX_ORDER_DEFAULT 10

/* What is known of the kernel. */
struct xip_ram_options {
	enum xip_kernel kernel;
	unsigned max_order; /* it has blocks of at most 2^max_order pages; at most 63 */
};

/* What the first column of /proc/PID/maps is known to hold. */
enum xip_place {
	XIP_PLACE_FLASH,    /* ->address is an offset in the image: add its physical address */
	XIP_PLACE_FIXED,    /* ->address is the virtual address */
	XIP_PLACE_RELATIVE, /* ->address counts from where the object is loaded */
	XIP_PLACE_RAM, /* wherever there is room, in RAM without an MMU; ->address means nothing */
};

/* One line of /proc/PID/maps. A page is RAM at most once: flash + shared or private <= pages. */
struct xip_ram_line {
	enum xip_place place;
	uint64_t address; /* see ->place */
	uint64_t pages;   /* length */
	uint64_t offset;  /* third column, bytes; with ->physical an offset in the image, to which
			   * its physical address is to be added */
	bool physical;    /* with an MMU, when all of it is mapped from flash in one go */
	bool named;       /* the line names the file; otherwise it is anonymous memory */
	bool read, write, exec;
	uint64_t flash_pages;    /* mapped from flash */
	uint64_t shared_pages;   /* in RAM once for all processes: a read-only copy (no MMU) or the
				  * page cache (MMU) */
	uint64_t private_pages;  /* in RAM for each process */
	uint64_t rounding_bytes; /* in the pages, but in no part of the segment */
	uint64_t bss_bytes;      /* in the segment, but not in the file */
	const char *why;         /* why it is not all from flash; NULL when it is, or for bss; lives
				  * as long as the list of programs */
};

/* A program or shared object; xip_ram.objects[i] belongs to the i-th program of the list. */
struct xip_ram_object {
	struct xip_ram_line *lines; /* segment by segment */
	size_t line_count;
	bool loadable;   /* the kernel takes it as it is */
	const char *why; /* why not loadable; NULL when it is */
	bool is_program; /* started by exec(); otherwise an interpreter or a shared object */
	uint64_t flash_pages, shared_pages, private_pages; /* sums of the lines */
	uint64_t users; /* programs that map it, itself included */
};

/* One program with all that it maps. All figures in pages. */
struct xip_ram_process {
	size_t *objects; /* in xip_ram.objects: itself, its interpreter, its shared objects */
	size_t object_count;
	size_t interpreter;   /* in xip_ram.objects; SIZE_MAX: none, or not in the image */
	const char **missing; /* names of interpreters and shared objects not in the image */
	size_t missing_count;
	bool loadable;        /* the kernel takes it and its interpreter, nothing is missing, and no
			       * block is larger than the kernel's largest */
	uint64_t stack_pages; /* 0: it grows on demand (MMU), or is part of a line (bFLT) */
	uint64_t stack_asked; /* bytes that its or its interpreter's header asks for; 0: none */
	uint64_t flash_pages; /* of all its objects */
	uint64_t first_pages; /* RAM of the first process, when nothing else runs */
	uint64_t further_pages; /* RAM of each further one, in place or not: what is read-only is
				 * in RAM once */
	uint64_t plain_pages;   /* RAM of the first process if nothing were in place */
	/*
	 * The largest block: without an MMU each line in RAM, and the stack, is one allocation of
	 * 2^order pages.
	 */
	uint64_t block_used;  /* pages of it that are kept; 0: none, or there is an MMU */
	unsigned block_order; /* above xip_ram.max_order the kernel never has such a block */
	size_t block_object;  /* whose it is, in xip_ram.objects; SIZE_MAX: the stack */
};

enum xip_advice_kind {
	XIP_ADVICE_NOT_LOADABLE, /* the kernel refuses the program */
	XIP_ADVICE_NOT_FDPIC,    /* on a kernel without an MMU it is copied whole */
	XIP_ADVICE_TEXTREL,
	XIP_ADVICE_NOT_DIRECT,  /* another of the loader's reasons */
	XIP_ADVICE_NOT_PLACED,  /* it could be in place, but in the image it is not */
	XIP_ADVICE_RELRO,       /* room for RELRO moves the data across one more page */
	XIP_ADVICE_DATA_OFFSET, /* the data segment begins in the middle of a page */
	XIP_ADVICE_ALIGNMENT,   /* sections that are aligned to more than a cache line */
	XIP_ADVICE_STACK,
	XIP_ADVICE_SEGMENTS, /* several read-only segments, each rounded to pages */
	XIP_ADVICE_UNSTRIPPED,
	XIP_ADVICE_COUNT
};

struct xip_ram_advice {
	enum xip_advice_kind kind;
	size_t object;        /* in xip_ram.objects */
	uint64_t ram_once;    /* bytes of RAM saved for all processes together */
	uint64_t ram_each;    /* and for each process */
	uint64_t flash_bytes; /* bytes of flash saved */
	const char *problem;  /* a clause: what it is */
	const char *remedy;   /* and what to do, with the option of compiler or linker */
};

struct xip_ram {
	enum xip_kernel kernel; /* NOMMU or MMU */
	bool pagewise;          /* with an MMU: it maps page by page */
	unsigned max_order;     /* see struct xip_ram_options */
	uint32_t page_size;     /* bytes */
	struct xip_ram_object *objects;
	size_t object_count;
	struct xip_ram_process *processes; /* in tree order, objects[0] names the program */
	size_t process_count;
	struct xip_ram_advice *advice; /* by object, then kind */
	size_t advice_count;
	struct xip_arena *arena;
};

/*
 * Predicts for all of @programs, which was judged with xip_programs_options.all; it must outlive
 * *@ram. Errors: XIP_ERR_NOMEM, XIP_ERR_IO. The caller frees *@ram with xip_ram_free.
 */
XIP_MUST_CHECK enum xip_err xip_ram_predict(struct xip_image *image,
	const struct xip_listing *listing, const struct xip_map *map,
	const struct xip_program_list *programs, const struct xip_ram_options *options,
	struct xip_ram *ram, const struct xip_diag *diag);
void xip_ram_free(struct xip_ram *ram);

/* A short stable name ("not-fdpic"); static storage. */
const char *xip_advice_name(enum xip_advice_kind kind);

#endif
