# SPDX-License-Identifier: GPL-2.0-or-later
"""Where every page of a small no-MMU system's RAM is: a script for gdb-multiarch, attached to QEMU.

boot.sh --ledger runs it at the prompt, after boot.py at the beginning. It needs a vmlinux with
debugging information (tiny.config), and reads what the kernel itself keeps: mem_map, slab caches,
tasks, their mappings. Each page is claimed once, so the sum is the RAM, and what the kernel counts
itself must be the same. Writes to the file that LEDGER names.
"""

import collections
import json
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(os.path.expanduser(__file__))))

# pylint: disable=wrong-import-position
import elf  # noqa: E402
import guest  # noqa: E402
import processes  # noqa: E402
import slab  # noqa: E402

PAGE = guest.PAGE
BUDDY, SLAB, LARGE_KMALLOC = 0xF0, 0xF5, 0xF8  # enum pagetype, include/linux/page-flags.h

ORDER = ["reserved at boot", "per-CPU chunks", "interrupt stack", "kernel stacks", "slab",
         "large kmalloc", "page cache", "pipes", "processes", "stacks kept for processes", "other", "free, on per-CPU lists", "free"]

ROUNDING = "rounding to pages, alignment of sections"
UNSEEN = "reserved, but gdb has not seen by whom"

# What the functions that ask memblock are about.
ASKERS = {
    "arm_memblock_init": "kernel image",
    "memmap_alloc": "mem_map",
    "setup_arch": "device tree blob",
    "__unflatten_device_tree": "device tree, unpacked",
    "of_alias_scan": "device tree, aliases",
    "setup_command_line": "command line, two copies",
    "paging_init": "page of zeros",
    "setup_usemap": "page block flags",
    "request_standard_resources": "resource of the RAM",
    "setup_per_cpu_areas": "per-CPU area",
    "pcpu_alloc_first_chunk": "per-CPU area: its allocator",
    "pcpu_setup_first_chunk": "per-CPU area: its allocator",
    "dcache_init_early": "hash table of dentries",
    "inode_init_early": "hash table of inodes",
}


def claimed_by(request):
    """Who asked memblock: by function, where that is a helper the one that called it."""
    names = [name for name in request["by"] if name != "alloc_large_system_hash"]
    name = names[0] if names else "?"
    return f"{ASKERS[name]} ({name})" if name in ASKERS else name


class Ledger:
    """Pages by what they are used for; each has one use."""

    def __init__(self):
        node = guest.value("contig_page_data")
        self.first = int(node["node_start_pfn"])
        self.count = int(node["node_spanned_pages"])
        self.mem_map = node["node_mem_map"]
        self.use = [None] * self.count
        self.files = collections.Counter()
        self.slabs = slab.Slabs()

    def has(self, address):
        """Whether this is an address in RAM."""
        return self.first <= address // PAGE < self.first + self.count

    def claim(self, address, size, what):
        """These pages are used for that, and for nothing else."""
        for page in range(address // PAGE - self.first, -(-(address + size) // PAGE) - self.first):
            if self.use[page]:
                raise gdb.GdbError(f"page {(self.first + page) * PAGE:#x}: {self.use[page]} and {what}")
            self.use[page] = what

    def address_of(self, page):
        """Where the page is that a struct page * is for."""
        return (self.first + int(page - self.mem_map)) * PAGE

    def is_reserved(self, address):
        """Whether the page there never went to the page allocator."""
        page = self.mem_map + (address // PAGE - self.first)
        return guest.flags_of(page) >> guest.number("PG_reserved") & 1

    def pages(self, what):
        """How many pages are used for that."""
        return self.use.count(what)

    def fill_from_structures(self):
        """What only the kernel's own structures tell."""
        if guest.number("pcpu_nr_slots", 0):
            first = int(guest.value("pcpu_first_chunk"))
            size = guest.number("pcpu_unit_size")
            for slot in range(guest.number("pcpu_nr_slots")):
                for chunk in guest.entries(guest.value(f"pcpu_chunk_lists[{slot}]"), "struct pcpu_chunk", "list"):
                    if int(chunk.address) != first:  # that is reserved at boot
                        self.claim(int(chunk["base_addr"]), size, "per-CPU chunks")
        stack, size = guest.interrupt_stack()
        if stack and size >= PAGE and self.has(stack) and not self.is_reserved(stack):
            self.claim(stack, size, "interrupt stack")
        if guest.number("sizeof(stack_cache)", 0):
            for i in range(guest.number("sizeof(stack_cache) / sizeof(stack_cache[0])")):
                if guest.number(f"stack_cache[{i}]"):
                    self.claim(guest.number(f"stack_cache[{i}]"), 2 * PAGE, "stacks kept for processes")
        for page in guest.pipe_pages():
            self.claim(self.address_of(page), PAGE, "pipes")
        zones = guest.value("contig_page_data.node_zones")
        for zone in (zones[i] for i in range(zones.type.range()[1] + 1)):
            lists = zone["per_cpu_pageset"]["lists"]
            # The lists of a zone without memory are not set up.
            for i in range(lists.type.range()[1] + 1 if int(zone["present_pages"]) else 0):
                for page in guest.entries(lists[i], "struct page", "pcp_list"):
                    self.claim(self.address_of(page.address), PAGE, "free, on per-CPU lists")

    def fill_from_mem_map(self):
        """What each struct page says."""
        index = 0
        while index < self.count:
            page = (self.mem_map + index).dereference()
            kind, size, use = int(page["page_type"]) >> 24 & 0xFF, 1, None
            if kind == SLAB:
                size, use = self.slabs.account(page, (self.first + index) * PAGE), "slab"
            elif kind == BUDDY:
                size, use = 1 << int(page["private"]), "free"
            elif self.is_reserved((self.first + index) * PAGE):
                use = "reserved at boot"
            elif self.use[index] is None and int(page["mapping"]) and not int(page["mapping"]) & 3:
                size, use = guest.pages_of(page), "page cache"
                self.files[self.file_of(page)] += size
            elif self.use[index] is None:
                # 6.12 does not say what is kmalloc() without a slab: pages in one piece that are of nothing else.
                size = guest.pages_of(page)
                use = "large kmalloc" if size > 1 or kind == LARGE_KMALLOC else "other"
            if use:
                self.claim((self.first + index) * PAGE, size * PAGE, use)
            index += size

    @staticmethod
    def file_of(page):
        """The name of the file that a page of the page cache is of."""
        inode = page["mapping"]["host"].dereference()
        name, alias = f"inode {int(inode['i_ino'])}", inode["i_dentry"]["first"]
        if int(alias):
            name = guest.container(alias, "struct dentry", "d_u.d_alias")["d_name"]["name"].string()
        return f"{name} ({inode['i_sb']['s_type']['name'].string()})"


def overlap(pieces, start, end):
    """What of some pieces (start, end, label) is between two addresses."""
    for first, last, label in pieces:
        if max(first, start) < min(last, end):
            yield max(first, start), min(last, end), label


class Reserved:
    """Who has the memory that never went to the page allocator, in bytes."""

    def __init__(self, ledger, path, sections):
        with open(path, encoding="ascii") as file:
            boot = json.load(file)
        pieces = [(base, base + size, UNSEEN) for base, size in boot["reserved"]]
        for request in boot["requests"]:
            start, end = request["base"], request["base"] + request["size"]
            label = claimed_by(request)
            # The last request counts: what is requested again was freed before.
            pieces = [piece for old in pieces for piece in
                      ((old[0], min(old[1], start), old[2]), (max(old[0], end), old[1], old[2]))
                      if piece[0] < piece[1]]
            if label.startswith("kernel image"):
                inside = [(s.address, s.address + s.size, f"kernel image: {s.name}") for s in sections]
                pieces += overlap(inside, start, end)
            else:
                pieces.append((start, end, label))
        self.bytes, self.freed = collections.Counter(), collections.Counter()
        kept = [piece for base, size in boot["reserved"] for piece in overlap(pieces, base, base + size)]
        used = collections.Counter()
        for start, end, label in kept:
            for page in range(start // PAGE, -(-end // PAGE)):
                size = min(end, (page + 1) * PAGE) - max(start, page * PAGE)
                if not ledger.has(page * PAGE):
                    continue
                if ledger.use[page - ledger.first] == "reserved at boot":
                    self.bytes[label] += size
                    used[page] += size
                else:
                    self.freed[label] += size
        pages = [ledger.first + i for i, use in enumerate(ledger.use) if use == "reserved at boot"]
        self.bytes["reserved later, by a driver"] = sum(PAGE for page in pages if page not in used)
        self.bytes[ROUNDING] = sum(PAGE - used[page] for page in pages if page in used)


class Report:
    """The text, and what is wrong with the figures."""

    def __init__(self):
        self.lines, self.wrong = [], []

    def line(self, text):
        """One more line."""
        self.lines.append(text)

    def kib(self, size, text):
        """A row in KiB."""
        self.line(f"  {size // 1024:5} KiB  {text}")

    def bytes(self, size, text):
        """A row in bytes."""
        self.line(f"  {size:7}  {text}")

    def check(self, what, mine, kernels):
        """A figure must be the kernel's own."""
        self.line(f"  {mine:7}  {kernels:7}  {what}")
        if mine != kernels:
            self.wrong.append(f"{what}: {mine} here, {kernels} by the kernel's own count")


def in_data_ram(section, ledger):
    """Whether a section is in a RAM that has no pages (CONFIG_TINY_DATA_RAM)."""
    start = guest.number("(unsigned long)&_sdata")
    return not ledger.has(start) and start <= section.address < guest.number("(unsigned long)&_end")


def data_ram_size():
    """Its size, by the configuration beside vmlinux."""
    path = os.path.join(os.path.dirname(gdb.current_progspace().filename), "kernel.config")
    with open(path, encoding="ascii") as file:
        for line in file:
            if line.startswith("CONFIG_TINY_DATA_RAM_SIZE="):
                return int(line.split("=")[1], 0)
    raise gdb.GdbError(f"{path} does not tell how large the RAM of the kernel's data is")


def tell_data_ram(report, sections, ledger):
    """What the RAM is used for that only has the kernel's data; such as an STM32F4's CCM."""
    inside = [s for s in sections if in_data_ram(s, ledger)]
    if not inside:
        return
    size, stacks = data_ram_size(), guest.number("sizeof(stack_pool)")
    start = guest.number("(unsigned long)&_sdata")
    report.line(f"RAM of the kernel's data at {start:#x}, bytes (no pages, and not in the sums below):")
    pages = sum(s.size for s in inside if s.name == ".bss_pages")
    for section in inside:
        if section.name != ".bss_pages":
            report.bytes(section.size, section.name)
    report.bytes(stacks, f"kernel stacks, {stacks // guest.thread_size()} of {guest.thread_size()} bytes")
    if pages - stacks:  # else it is in swapper's
        report.bytes(pages - stacks, "interrupt stack")
    early = guest.number("data_ram_next", 0)
    if early:
        early -= guest.number("(unsigned long)&__data_ram_rest")
        report.bytes(early, "allocated before there were pages: device tree, mem_map and others")
    used, end = sum(s.size for s in inside) + early, guest.number("(unsigned long)&_end")
    report.bytes(end - start - used, "alignment of sections")
    report.bytes(start + size - end, "free")
    report.line(f"  {size:7}  sum")
    if pages - stacks not in (0, guest.thread_size()):
        report.wrong.append(".bss_pages has something else than stacks")


def tell_image(report, sections, ledger):
    """The kernel before it runs: what stays in flash, what RAM it takes."""
    sizes = collections.Counter()
    for section in sections:
        where = "" if ledger.has(section.address) else ", in flash"
        kind = elf.kind_of(section)
        if in_data_ram(section, ledger):
            where = (", in" if kind == "bss" else ", copied to") + " a RAM of its own"
        if not where and kind != "bss":
            where = ", copied to RAM" + (" and freed after boot" if "boot only" in kind else "")
        sizes[kind + where] += section.size
    image = guest.number("(unsigned long)&_edata_loc", 0) - guest.number("(unsigned long)&_xiprom", 0)
    if image:  # one that executes in place
        sizes["alignment of sections, in flash"] = \
            image - sum(size for name, size in sizes.items() if not name.startswith("bss"))
    report.line("the kernel, bytes:")
    for name, size in sizes.items():
        report.line(f"  {size:7}  {name}")
    report.line(f"  {sum(sizes.values()):7}  sum" + (f", {image} in its image" if image else ""))


def tell_counters(report, ledger):
    """The judge: the kernel counts these as well, for /proc/meminfo. In pages."""
    def node(name):
        return guest.number(f"vm_node_stat[{name}].counter")

    report.line("pages by the ledger, and by the kernel's own counters:")
    report.check("free", ledger.pages("free"), guest.number("vm_zone_stat[NR_FREE_PAGES].counter"))
    report.check("slab, large kmalloc", ledger.pages("slab") + ledger.pages("large kmalloc"),
                 node("NR_SLAB_RECLAIMABLE_B") + node("NR_SLAB_UNRECLAIMABLE_B"))
    if guest.thread_size() >= PAGE:  # else they are in slabs
        report.check("kernel stacks", ledger.pages("kernel stacks"),
                     node("NR_KERNEL_STACK_KB") * 1024 // PAGE)
    report.check("page cache", ledger.pages("page cache"), node("NR_FILE_PAGES"))
    report.check("not reserved", ledger.count - ledger.pages("reserved at boot"),
                 guest.number("_totalram_pages.counter"))


def tell(report):
    """All of the ledger."""
    ledger = Ledger()
    people = processes.Processes(ledger)
    people.collect()
    ledger.fill_from_structures()
    ledger.fill_from_mem_map()
    sections = elf.File(gdb.current_progspace().filename).kept()

    tell_image(report, sections, ledger)
    tell_data_ram(report, sections, ledger)
    report.line(f"RAM: {ledger.count} pages of {PAGE // 1024} KiB, {ledger.count * PAGE // 1024} KiB")
    for name in ORDER:
        if ledger.pages(name):
            report.kib(ledger.pages(name) * PAGE, name)
    total = sum(ledger.pages(name) for name in ORDER)
    report.kib(total * PAGE, "sum")
    if total != ledger.count:
        report.wrong.append(f"{total} pages accounted for of {ledger.count}")

    tell_reserved(report, ledger, sections)
    tell_uses(report, ledger, people)
    tell_counters(report, ledger)


def tell_reserved(report, ledger, sections):
    """What early boot took, in bytes."""
    reserved = Reserved(ledger, os.environ["MEMBLOCK"], sections)
    report.line("reserved at boot, bytes by who asked memblock:")
    for name, size in sorted(reserved.bytes.items(), key=lambda item: (item[0] == ROUNDING, -item[1])):
        if size:
            report.bytes(size, name)
    report.line(f"  {sum(reserved.bytes.values()):7}  sum")
    for name, size in reserved.freed.items():
        report.line(f"  {size:7}  {name}: was freed after boot, not in the sum")
    if sum(reserved.bytes.values()) != ledger.pages("reserved at boot") * PAGE:
        report.wrong.append("the reserved memory does not add up")


def tell_uses(report, ledger, people):
    """What the page allocator gave to whom."""
    report.line(ledger.slabs.title() + ":")
    tell_rows(report, ledger.slabs.rows(), ledger.pages("slab"), report.bytes)
    report.line("kernel stacks, by thread:")
    tell_rows(report, people.report_stacks(), ledger.pages("kernel stacks"))
    stack, size = guest.interrupt_stack()
    if stack:
        used = guest.deepest(stack, size)
        report.line("interrupt stack: " + ("depth unknown: not zeroed when allocated" if used is None
                                           else f"{used} of {size} bytes at its deepest"))
    if ledger.files:
        report.line("page cache, by file:")
        tell_rows(report, [(pages * PAGE, name) for name, pages in ledger.files.most_common()],
                  ledger.pages("page cache"))
    report.line("processes, by mapping:")
    tell_rows(report, people.lines, ledger.pages("processes"))
    if ledger.pages("other"):
        report.line("other:")
        for i, use in enumerate(ledger.use):
            if use == "other":
                report.kib(PAGE, f"at {(ledger.first + i) * PAGE:#x}, "
                           f"{int((ledger.mem_map + i)['_refcount']['counter'])} references")


def tell_rows(report, rows, pages, tell_row=None):
    """Rows (bytes, text) that must add up to the pages of the first table."""
    rows = list(rows)
    for size, text in rows:
        (tell_row or report.kib)(size, text)
    if sum(size for size, _ in rows) != pages * PAGE:
        report.wrong.append(f"{report.lines[-len(rows) - 1]} the rows are not {pages} pages")


def main():
    """Write what was found, also when it is wrong."""
    report = Report()
    tell(report)
    with open(os.environ["LEDGER"], "w", encoding="utf-8") as file:
        file.write("\n".join(report.lines) + "\n")
    if report.wrong:
        raise gdb.GdbError("the ledger is wrong: " + "; ".join(report.wrong))


guest.run(main)
