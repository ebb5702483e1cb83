# SPDX-License-Identifier: GPL-2.0-or-later
"""Where every page of a small no-MMU system's RAM is: a script for gdb-multiarch, attached to QEMU.

boot.sh --ledger runs it. It needs a vmlinux with debugging information (tiny.config), and reads what
the kernel itself keeps: mem_map, slab caches, tasks, the tree of no-MMU regions. All pages are
counted once, so the sum is the RAM.
"""

import collections

import gdb

PAGE = 4096
BUDDY, SLAB = 0xF0, 0xF5  # enum pagetype, include/linux/page-flags.h


def value(expression):
    """The value of a C expression in the kernel."""
    return gdb.parse_and_eval(expression)


def field_offset(struct, name):
    """The offset of a member, in bytes."""
    return next(f.bitpos for f in gdb.lookup_type(struct).fields() if f.name == name) // 8


def container(pointer, struct, member):
    """container_of()."""
    address = int(pointer) - field_offset(struct, member)
    return gdb.Value(address).cast(gdb.lookup_type(struct).pointer()).dereference()


def tasks():
    """All processes and kernel threads."""
    head = value("&init_task.tasks")
    node = head
    while True:
        yield container(node, "struct task_struct", "tasks")
        node = node.dereference()["next"]
        if node == head:
            return


def regions():
    """The memory that processes have mapped, as (first page, end, region)."""
    stack = [value("nommu_region_tree.rb_node")]
    while stack:
        node = stack.pop()
        if int(node) == 0:
            continue
        region = container(node, "struct vm_region", "vm_rb")
        yield int(region["vm_start"]) // PAGE, -(-int(region["vm_top"]) // PAGE), region
        stack += [node["rb_left"], node["rb_right"]]


def symbols_of(section):
    """Bytes between two symbols of the linker script."""
    first, last = section
    return int(value(f"(unsigned long)&{last}")) - int(value(f"(unsigned long)&{first}"))


class Ledger:
    """Pages by what they are used for."""

    def __init__(self):
        self.pages = collections.Counter()
        self.slabs = {}

    def slab(self, page):
        """Count a slab; returns its number of pages."""
        slab = page.address.cast(gdb.lookup_type("struct slab").pointer()).dereference()
        cache = slab["slab_cache"].dereference()
        name = cache["name"].string()
        order = int(cache["oo"]["x"]) >> 16
        row = self.slabs.setdefault(name, [0, int(cache["size"]), 0, 0])
        row[0] += 1 << order
        row[2] += int(slab["inuse"])
        row[3] += int(slab["objects"])
        self.pages["slab"] += 1 << order
        return 1 << order

    def fill(self):
        """Look at each page of mem_map."""
        base = int(value("(unsigned long)&_sdata")) & ~0xFFFFF
        first = base // PAGE
        count = int(value("max_pfn")) - first
        mem_map = value("mem_map")
        stacks = {int(t["stack"]) // PAGE for t in tasks() if int(t["pid"])}
        mapped = {page for start, end, _ in regions() for page in range(start, end)}
        reserved = 1 << int(value("PG_reserved"))
        index = 0
        while index < count:
            page = (mem_map + index).dereference()
            kind = (int(page["page_type"]) >> 24) & 0xFF
            size = 1
            if first + index in stacks:
                self.pages["kernel stacks"] += 1
            elif first + index in mapped:
                self.pages["processes"] += 1
            elif kind == SLAB:
                size = self.slab(page)
            elif kind == BUDDY:
                size = 1 << int(page["private"])
                self.pages["free"] += size
            elif int(page["flags"]) & reserved:
                self.pages["reserved at boot"] += 1
            elif int(page["mapping"]) & ~3:
                self.pages["page cache"] += 1
            else:
                self.pages["other"] += 1
            index += size
        return count


def report():
    """Print the ledger."""
    ledger = Ledger()
    count = ledger.fill()
    cache = 0
    try:
        cached = value("stack_cache")
        low, high = cached.type.range()
        cache = sum(2 for i in range(low, high + 1) if int(cached[i]))
    except gdb.error:
        pass
    ledger.pages["other"] -= cache
    ledger.pages["stacks kept for processes"] += cache

    print(f"RAM: {count} pages of {PAGE // 1024} KiB, {count * PAGE // 1024} KiB")
    order = ["reserved at boot", "slab", "kernel stacks", "processes", "stacks kept for processes",
             "page cache", "other", "free"]
    for name in order:
        if ledger.pages[name]:
            print(f"  {ledger.pages[name] * PAGE // 1024:5} KiB  {name}")
    total = sum(ledger.pages.values())
    print(f"  {total * PAGE // 1024:5} KiB  sum")
    if total != count:
        raise gdb.GdbError("the ledger does not add up")

    print("reserved at boot, bytes (whole pages; the rest: mem_map, per-CPU area, device tree, ...):")
    print(f"  {symbols_of(('_sdata', '_edata')):6}  .data")
    print(f"  {symbols_of(('__bss_start', '__bss_stop')):6}  .bss")
    print(f"  {int(value('sizeof(struct page)')) * count:6}  mem_map")
    print("slab, by cache:")
    for name, (pages, size, used, objects) in sorted(
            ledger.slabs.items(), key=lambda item: (-item[1][0], item[0])):
        print(f"  {pages * PAGE // 1024:5} KiB  {used:4} of {objects:4} objects of {size:5} bytes  {name}")
    print("processes and threads:")
    for task in tasks():
        kind = "process" if int(task["mm"]) else "kernel thread"
        print(f"  {int(task['pid']):5}  {kind:13}  {task['comm'].string()}")


report()
