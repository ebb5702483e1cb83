# SPDX-License-Identifier: GPL-2.0-or-later
"""Slab pages by cache."""

import gdb

import guest


class Cache:
    """What a slab cache has."""

    def __init__(self, size):
        self.size, self.pages, self.used, self.objects = size, 0, 0, 0


def keeps_caches():
    """Whether a slab says whose it is, as SLUB's do."""
    try:
        return "slab_cache" in guest.fields("struct slab") and "oo" in guest.fields("struct kmem_cache")
    except gdb.error:
        return False


def account(page, caches):
    """Count the slab that begins with `page` in `caches`, by name; returns its number of pages."""
    pages = guest.pages_of(page)
    if not keeps_caches():
        caches.setdefault("", Cache(0)).pages += pages
        return pages
    slab = page.address.cast(gdb.lookup_type("struct slab").pointer()).dereference()
    cache = slab["slab_cache"].dereference()
    row = caches.setdefault(cache["name"].string(), Cache(int(cache["size"])))
    row.pages += pages
    row.used += int(slab["inuse"])
    row.objects += int(slab["objects"])
    return pages


def report(caches):
    """Rows (pages, text) for the ledger."""
    for name, row in sorted(caches.items(), key=lambda item: (-item[1].pages, item[0])):
        if row.objects:
            yield row.pages, f"{row.used:4} of {row.objects:4} objects of {row.size:5} bytes  {name}"
        else:
            yield row.pages, "of an allocator that does not keep caches apart"


def title(caches):
    """What is above them."""
    used = sum(row.used * row.size for row in caches.values())
    return "slab, by cache" + (f" ({used} bytes are in objects)" if used else "")
