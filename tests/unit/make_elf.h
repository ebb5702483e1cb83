/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds small ELF and bFLT programs by hand, byte by byte after the specifications, of both
 * classes and byte orders: no library that the code under test uses has a part in them.
 */
#ifndef TESTS_MAKE_ELF_H
#define TESTS_MAKE_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MAKE_MAX 16

struct make_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, filesz, memsz, align;
};

struct make_shdr {
	uint32_t type;
	uint64_t flags, addr, offset, size, align;
};

struct make_elf {
	bool is64, big;
	uint8_t osabi;
	uint16_t type, machine;
	uint32_t flags;
	struct make_phdr phdr[MAKE_MAX];
	size_t phnum;
	struct make_shdr shdr[MAKE_MAX]; /* without the reserved first one */
	size_t shnum;                    /* 0: no section table */
	size_t size;                     /* bytes of content; the section table comes behind */
};

static inline void make_value(uint8_t *p, unsigned bytes, uint64_t value, bool big)
{
	for (unsigned i = 0; i < bytes; i++)
		p[big ? bytes - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

/* Where the program header @index lies in the file. */
static inline size_t make_phdr_offset(const struct make_elf *elf, size_t index)
{
	return elf->is64 ? 64 + 56 * index : 52 + 32 * index;
}

/* Where the section header @index lies; 0 is the reserved one. */
static inline size_t make_shdr_offset(const struct make_elf *elf, size_t index)
{
	return elf->size + (elf->is64 ? 64 : 40) * index;
}

static inline void make_phdr_write(uint8_t *p, const struct make_elf *elf, size_t index)
{
	const struct make_phdr *h = &elf->phdr[index];
	unsigned word = elf->is64 ? 8 : 4;

	p += make_phdr_offset(elf, index);
	make_value(p, 4, h->type, elf->big);
	make_value(elf->is64 ? p + 4 : p + 24, 4, h->flags, elf->big);
	p += elf->is64 ? 8 : 4;
	make_value(p, word, h->offset, elf->big);
	make_value(p + word, word, h->vaddr, elf->big);
	make_value(p + 2 * word, word, h->vaddr, elf->big);
	make_value(p + 3 * word, word, h->filesz, elf->big);
	make_value(p + 4 * word, word, h->memsz, elf->big);
	make_value(elf->is64 ? p + 40 : p + 24, word, h->align, elf->big);
}

static inline void make_shdr_write(uint8_t *p, const struct make_elf *elf, size_t index)
{
	const struct make_shdr *h = &elf->shdr[index];
	unsigned word = elf->is64 ? 8 : 4;

	p += make_shdr_offset(elf, index + 1);
	make_value(p + 4, 4, h->type, elf->big);
	make_value(p + 8, word, h->flags, elf->big);
	make_value(p + 8 + word, word, h->addr, elf->big);
	make_value(p + 8 + 2 * word, word, h->offset, elf->big);
	make_value(p + 8 + 3 * word, word, h->size, elf->big);
	make_value(elf->is64 ? p + 48 : p + 32, word, h->align, elf->big);
}

/*
 * Writes the file to @p, which has room for it (elf->size and the section table), over zeros.
 * Returns its length.
 */
static inline size_t make_elf(uint8_t *p, const struct make_elf *elf)
{
	unsigned word = elf->is64 ? 8 : 4;
	uint8_t *q = p + 24;
	size_t end = elf->shnum ? make_shdr_offset(elf, elf->shnum + 1) : elf->size;

	memset(p, 0, end);
	memcpy(p,
		"\x7f"
		"ELF",
		4);
	p[4] = elf->is64 ? 2 : 1;
	p[5] = elf->big ? 2 : 1;
	p[6] = 1;
	p[7] = elf->osabi;
	make_value(p + 16, 2, elf->type, elf->big);
	make_value(p + 18, 2, elf->machine, elf->big);
	make_value(p + 20, 4, 1, elf->big);
	make_value(q + word, word, elf->phnum ? make_phdr_offset(elf, 0) : 0, elf->big);
	make_value(q + 2 * word, word, elf->shnum ? elf->size : 0, elf->big);
	q += 3 * word;
	make_value(q, 4, elf->flags, elf->big);
	make_value(q + 4, 2, elf->is64 ? 64 : 52, elf->big);
	make_value(q + 6, 2, elf->is64 ? 56 : 32, elf->big);
	make_value(q + 8, 2, elf->phnum, elf->big);
	make_value(q + 10, 2, elf->is64 ? 64 : 40, elf->big);
	make_value(q + 12, 2, elf->shnum ? elf->shnum + 1 : 0, elf->big);
	for (size_t i = 0; i < elf->phnum; i++)
		make_phdr_write(p, elf, i);
	for (size_t i = 0; i < elf->shnum; i++)
		make_shdr_write(p, elf, i);
	return end;
}

/* Writes entry @index of the dynamic section at file offset @offset. */
static inline void make_dynamic(uint8_t *p, const struct make_elf *elf, size_t offset, size_t index,
	uint64_t tag, uint64_t value)
{
	unsigned word = elf->is64 ? 8 : 4;

	p += offset + index * 2 * word;
	make_value(p, word, tag, elf->big);
	make_value(p + word, word, value, elf->big);
}

/*
 * A plain program: text of @text bytes from the file's start on, data of @data bytes and @bss bytes
 * behind it, data directly after text in the file, and a PT_GNU_STACK of @stack bytes. The page
 * that holds the end of text and the start of data is in both segments, unless @page divides @text.
 * The sections are .text (aligned to 8) and .data (aligned to 4).
 */
static inline void make_plain(struct make_elf *elf, uint64_t text, uint64_t data, uint64_t bss,
	uint64_t stack, uint64_t page)
{
	elf->type = ET_EXEC;
	elf->phnum = 3;
	elf->phdr[0] = (struct make_phdr){PT_LOAD, PF_R | PF_X, 0, 0x10000, text, text, page};
	elf->phdr[1] = (struct make_phdr){
		PT_LOAD, PF_R | PF_W, text, 0x10000 + 16 * page + text, data, data + bss, page};
	elf->phdr[2] = (struct make_phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, stack, 8};
	elf->shnum = 2;
	elf->shdr[0] = (struct make_shdr){
		SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0x10200, 0x200, text - 0x200, 8};
	elf->shdr[1] = (struct make_shdr){
		SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0x10000 + 16 * page + text, text, data, 4};
	elf->size = text + data;
}

/* As make_plain, made an ARM FDPIC program. */
static inline void make_fdpic(struct make_elf *elf, uint64_t text, uint64_t data, uint64_t bss,
	uint64_t stack, uint64_t page)
{
	make_plain(elf, text, data, bss, stack, page);
	elf->machine = EM_ARM;
	elf->osabi = 65;
}

struct make_flat {
	uint32_t revision, entry, data_start, data_end, bss_end, stack_size;
	uint32_t reloc_start, reloc_count, flags;
};

/* Writes the 64 bytes of a bFLT header. */
static inline void make_flat(uint8_t *p, const struct make_flat *flat)
{
	const uint32_t fields[] = {flat->revision, flat->entry, flat->data_start, flat->data_end,
		flat->bss_end, flat->stack_size, flat->reloc_start, flat->reloc_count, flat->flags};

	memset(p, 0, 64);
	memcpy(p, "bFLT", 4);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		make_value(p + 4 + 4 * i, 4, fields[i], true);
}

#endif
