# SPDX-License-Identifier: GPL-2.0-or-later
"""Slab pages by cache."""

import collections

import gdb

import guest


class Cache:
    """What a slab cache has."""

    def __init__(self, size):
        self.size, self.pages, self.used, self.objects = size, 0, 0, 0


def account(page, caches):
    """Count the slab that begins with `page` in `caches`, by name; returns its number of pages.

    An allocator that does not keep caches apart (no slab_cache, no oo) has one row for all its pages.
    """
    if "slab_cache" not in guest.fields("struct slab") or "oo" not in guest.fields("struct kmem_cache"):
        caches.setdefault("", Cache(0)).pages += 1
        return 1
    slab = page.address.cast(gdb.lookup_type("struct slab").pointer()).dereference()
    cache = slab["slab_cache"].dereference()
    row = caches.setdefault(cache["name"].string(), Cache(int(cache["size"])))
    pages = guest.pages_of(page)
    row.pages += pages
    row.used += int(slab["inuse"])
    row.objects += int(slab["objects"])
    return pages


def report(caches):
    """Lines for the ledger, and their sum in pages."""
    for name, row in sorted(caches.items(), key=lambda item: (-item[1].pages, item[0])):
        if row.objects:
            yield row.pages, f"{row.used:4} of {row.objects:4} objects of {row.size:5} bytes  {name}"
        else:
            yield row.pages, "of an allocator that does not keep caches apart"
    total = collections.Counter()
    for row in caches.values():
        total["used"] += row.used * row.size
        total["all"] += row.pages * guest.PAGE
    if total["used"]:
        yield 0, f"{total['used']} of {total['all']} bytes are in use"
