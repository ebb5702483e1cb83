#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges the ledgers of RAM (boot.sh --ledger) in a file: after each round no more may be in use than before the first.

In use is what nobody else can have: pages, and of those of the slab the bytes that are in objects. What is free in a page
of the slab is no leak, nor are stacks that are kept and pages of files, which the kernel gives back.
"""

import collections
import re
import sys

BACK = {"sum", "free", "free, on per-CPU lists", "slab", "page cache", "stacks kept for processes"}


def ledgers(text):
    """Bytes in use, of each ledger: in pages by what they are for, in objects by their size."""
    found = []
    for part in re.split(r"^RAM: ", text, flags=re.M)[1:]:
        uses = collections.Counter()
        table = part.split("\nreserved at boot, bytes", 1)[0]
        for kib, use in re.findall(r"^ +(\d+) KiB  (.*)$", table, re.M):
            if use not in BACK:
                uses[use] += int(kib) * 1024
        slab = re.search(r"\((\d+) bytes are in objects\):\n(.*?)headers of the pages", part, re.S)
        rows = re.findall(r"^ +(\d+) +\d+ of +(\d+) bytes: ", slab[2], re.M)
        if sum(int(size) for size, _ in rows) != int(slab[1]):
            sys.exit(f"leak: the rows are not {slab[1]} bytes in objects")
        for size, of in rows:
            uses[f"objects of {of} bytes"] += int(size)
        found.append(uses)
    return found


def main():
    """leak.py FILE BYTES: so many more are allowed."""
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        before, *rounds = ledgers(file.read())
    if not rounds:
        sys.exit("leak: one ledger tells nothing")
    used = [sum(uses.values()) for uses in (before, *rounds)]
    worst = rounds[used.index(max(used[1:]), 1) - 1]
    for use in sorted(before.keys() | worst.keys(), key=lambda use: before[use] - worst[use]):
        if worst[use] > before[use]:
            print(f"leak: {worst[use] - before[use]:+6}  {use}, {before[use]} before")
    print("leak: bytes in use before and after each round:", *used)
    return max(used) > used[0] + int(sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
