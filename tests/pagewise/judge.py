#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares a profile with QEMU's own trace: usage: judge.py TREE PROFILE TRACE

TRACE is what trace.c wrote of the run that was recorded, on an image of TREE. Counts pages of read-only
segments only: of others nothing is executed in place.
"""
import csv
import os
import struct
import sys

PAGE = 4096
MASK = (1 << 64) - 1


def hash_page(page):
    """As hash_page() of trace.c."""
    value = 0xcbf29ce484222325
    for word in struct.unpack("<512Q", page):
        value = ((value ^ word) * 0x100000001b3) & MASK
        value ^= value >> 29
    return value or 1


def read_only_pages(data):
    """Pages of the file that read-only segments have."""
    bits = 64 if data[4] == 2 else 32
    offset, = struct.unpack_from("<Q" if bits == 64 else "<I", data, 32 if bits == 64 else 28)
    size, count = struct.unpack_from("<HH", data, 54 if bits == 64 else 42)
    pages = set()
    for at in range(offset, offset + size * count, size):
        if bits == 64:
            kind, flags, start, _, _, length = struct.unpack_from("<IIQQQQ", data, at)
        else:
            kind, start, _, _, length, _, flags = struct.unpack_from("<7I", data, at)
        if kind == 1 and not flags & 2 and length:
            pages.update(range(start // PAGE, (start + length - 1) // PAGE + 1))
    return pages


def programs(tree):
    """(path, the first of its hard links, content) of each ELF file."""
    known = {}
    for folder, folders, names in os.walk(tree):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            status = os.stat(path)
            with open(path, "rb") as file:
                data = file.read()
            if data[:4] == b"\x7fELF":
                yield path[len(tree):], known.setdefault(status.st_ino, path[len(tree):]), data


def lines(path, letter):
    """What stands behind a letter in a trace."""
    with open(path, encoding="ascii") as file:
        return {line.split()[1] for line in file if line[0] == letter}


def main():
    """Print both shares; fail when one is not good enough."""
    tree, profile, trace = sys.argv[1:]
    executed, touched = lines(trace, "x"), set()
    hashes, eligible, names = {}, set(), {}
    for path, first, data in programs(tree):
        names[path] = first
        if path != first or os.path.basename(path) == "xipfs-profile":  # which leaves itself out
            continue
        for page in read_only_pages(data):
            content = data[page * PAGE:(page + 1) * PAGE].ljust(PAGE, b"\0")
            eligible.add((path, page))
            hashes.setdefault(f"{hash_page(content):016x}", set()).add((path, page))
    with open(profile, encoding="utf-8") as file:
        recorded = {(names[row["path"]], int(row["page"])) for row in csv.DictReader(file)}
    recorded &= eligible
    found = missed = 0
    for value in executed & hashes.keys():
        if hashes[value] & recorded:
            found += 1
        else:
            missed += 1
            print("missed:", *sorted(hashes[value]))
    for value in (executed | lines(trace, "r")) & hashes.keys():
        touched |= hashes[value]
    useless = recorded - touched
    for key in sorted(useless):
        print("never touched:", *key)
    print(f"executed {found + missed} found {found} recorded {len(recorded)} "
          f"never touched {len(useless)}")
    return not found or found < 99 * (found + missed) / 100 or len(useless) > len(recorded) / 10


sys.exit(main())
