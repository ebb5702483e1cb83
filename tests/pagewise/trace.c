/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCG plugin for QEMU 7.2: writes the file that its argument "out=FILE" names, a line for each
 * page that user space executed, "x HASH", or read, "r HASH". HASH is of the page's content at that
 * time, which tells what page of what file it is, wherever in RAM it lies.
 *
 * Code is translated when it is first executed. Of reads, a page is looked at again when its
 * address in user space is another one, or after 1024 of them. Debian does not package
 * qemu-plugin.h: what is used of it is declared here.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE    4096UL
#define EXPORT  __attribute__((visibility("default")))
#define TABLE   (1U << 20)
#define RECHECK 1024

struct qemu_plugin_tb;
struct qemu_plugin_insn;
/* As in QEMU's include/qemu/plugin-memory.h. */
struct qemu_plugin_hwaddr {
	bool is_io;
	bool is_store;
	void *host; /* unless is_io */
};
typedef void (*tb_callback)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*memory_callback)(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_callback callback);
void qemu_plugin_register_vcpu_mem_cb(
	struct qemu_plugin_insn *insn, memory_callback callback, int flags, int rw, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);

EXPORT int qemu_plugin_version = 1;

static FILE *out;
static uint64_t executed[TABLE], was_read[TABLE]; /* hashes, open addressing */

/* The last reads of pages of RAM. */
static struct {
	uintptr_t page;
	uint64_t vpage;
	unsigned int count;
} last_reads[TABLE];

/* Below the kernel of 32-bit ARM and its modules, or of 64-bit ARM. */
static bool is_user(uint64_t address)
{
	return address < 0xbf000000 || (address >> 32 && !(address >> 48));
}

static uint64_t hash_page(const unsigned char *page)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < PAGE; i += 8) {
		uint64_t word;

		memcpy(&word, page + i, 8);
		hash = (hash ^ word) * 0x100000001b3ULL;
		hash ^= hash >> 29;
	}
	return hash ? hash : 1;
}

static void on_page(char letter, uint64_t *table, const unsigned char *page)
{
	uint64_t hash = hash_page(page);
	size_t at = hash % TABLE;

	while (table[at] && table[at] != hash)
		at = (at + 1) % TABLE;
	if (!table[at])
		fprintf(out, "%c %016llx\n", letter, (unsigned long long)hash);
	table[at] = hash;
}

static void on_read(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data)
{
	const struct qemu_plugin_hwaddr *address;
	uintptr_t page;
	size_t at;

	(void)cpu;
	(void)data;
	if (!is_user(vaddr))
		return;
	address = qemu_plugin_get_hwaddr(info, vaddr);
	if (!address || address->is_io || address->is_store)
		return;
	page = (uintptr_t)address->host & ~(PAGE - 1);
	at = page / PAGE % TABLE;
	if (last_reads[at].page == page && last_reads[at].vpage == vaddr / PAGE &&
		++last_reads[at].count < RECHECK)
		return;
	last_reads[at].page = page;
	last_reads[at].vpage = vaddr / PAGE;
	last_reads[at].count = 0;
	on_page('r', was_read, (const unsigned char *)page);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	uintptr_t last = 0;

	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uintptr_t page = (uintptr_t)qemu_plugin_insn_haddr(insn) & ~(PAGE - 1);

		/* 3 is reads and writes: for reads alone QEMU 7.2 calls only for writes. */
		qemu_plugin_register_vcpu_mem_cb(insn, on_read, 0, 3, NULL);
		if (page && page != last && is_user(qemu_plugin_insn_vaddr(insn)))
			on_page('x', executed, (const unsigned char *)page);
		last = page;
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], "out=", 4) == 0)
			out = fopen(argv[i] + 4, "w");
	if (!out)
		return 1;
	setvbuf(out, NULL, _IOLBF, 0); /* QEMU may be ended by a signal */
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
