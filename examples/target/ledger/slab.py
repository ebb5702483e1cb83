# SPDX-License-Identifier: GPL-2.0-or-later
"""Slab pages by cache or, where all caches share pages (CONFIG_TINY_PACKED_SLAB), by size of objects."""

import collections

import gdb

import guest

UNIT = 16  # mm/slab_packed.c
HEADER = 2 * guest.PAGE // UNIT // 8


class Slabs:
    """What slab pages hold: bytes and number of objects, by a name or a size."""

    def __init__(self):
        self.pages = collections.Counter()
        self.used = collections.Counter()
        self.room = collections.Counter()
        self.size = {}
        self.free = 0
        self.packed = bool(guest.number("sizeof(packed_slabs)", 0))

    def account(self, page, address):
        """Count the slab that begins with `page`, at that address; returns its number of pages."""
        pages = guest.pages_of(page)
        if self.packed:
            self.account_packed(address)
            return pages
        slab = page.address.cast(gdb.lookup_type("struct slab").pointer()).dereference()
        cache = slab["slab_cache"].dereference()
        name = cache["name"].string()
        self.size[name] = int(cache["size"])
        self.pages[name] += pages
        self.used[name] += int(slab["inuse"])
        self.room[name] += int(slab["objects"])
        return pages

    def account_packed(self, address):
        """Objects by the two bits of each unit: in use, and first of an object. The first unit of one that is freed
        after a grace period is not in use; its second one is.
        """
        data = gdb.selected_inferior().read_memory(address, HEADER).tobytes()
        used, first = (int.from_bytes(half, "little") for half in (data[:HEADER // 2], data[HEADER // 2:]))
        units = guest.PAGE // UNIT
        if (first & ~used) << 1 & ~(used & ~first):
            raise gdb.GdbError(f"slab page {address:#x}: an object begins in a unit that is free")
        starts = [unit for unit in range(units) if first >> unit & 1] + [units]
        for unit, following in zip(starts, starts[1:]):
            end = unit + 1
            while end < following and used >> end & 1:
                end += 1
            self.free += (following - end) * UNIT
            self.used[(end - unit) * UNIT if unit else 0] += 1
        self.pages[""] += 1

    def rows(self):
        """Rows (bytes, text), together all slab pages."""
        if not self.packed:
            for name, pages in sorted(self.pages.items(), key=lambda item: (-item[1], item[0])):
                yield pages * guest.PAGE, (f"{self.used[name]:4} of {self.room[name]:4} objects of "
                                           f"{self.size[name]:5} bytes  {name}")
            return
        names = self.names_by_size()
        for size, count in sorted(self.used.items(), key=lambda item: -item[0] * item[1]):
            if size:
                yield size * count, f"{count:4} of {size:5} bytes: {', '.join(names.get(size, []) + ['kmalloc'])}"
        yield self.used[0] * HEADER, "headers of the pages"
        yield self.free, "free"

    @staticmethod
    def names_by_size():
        """The caches of each size; what kmalloc() gives may have the same."""
        names = collections.defaultdict(list)
        for cache in guest.entries(guest.value("slab_caches"), "struct kmem_cache", "list"):
            names[-(-int(cache["size"]) // UNIT) * UNIT].append(cache["name"].string())
        return names

    def title(self):
        """What is above them."""
        if self.packed:
            objects = sum(size * count for size, count in self.used.items())
            return f"slab, bytes by size of objects and the caches that have it ({objects} bytes are in objects)"
        used = sum(self.size[name] * count for name, count in self.used.items())
        return f"slab, bytes by cache ({used} bytes are in objects)"
