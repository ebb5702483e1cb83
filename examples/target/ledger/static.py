#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The static symbols of a kernel that stay in RAM, the largest first.

What the article does with System.map and sort. Per section the symbols and what alignment takes
add up to the section; with --objects they are grouped by object file, from vmlinux.map beside vmlinux.
"""

import argparse
import collections
import os
import sys

import elf
import linkmap

OBJECT, FUNCTION = 1, 2  # STT_


def sized(symbols, section):
    """(symbol, bytes of its own): of symbols that overlap, the bytes count for the first."""
    rows = sorted((s for s in symbols if s.section == section.name and s.size
                   and s.type in (OBJECT, FUNCTION)), key=lambda s: (s.address, -s.size))
    end = section.address
    for row in rows:
        own = row.address + row.size - max(row.address, end)
        if own > 0:
            yield row, own
            end = row.address + row.size


def report(args):
    """Print symbols or objects, then the sums."""
    file = elf.File(args.vmlinux)
    kept = [s for s in file.kept() if elf.kind_of(s) in ("data", "bss")]
    rows, sums = collections.Counter(), collections.Counter()
    symbols = list(file.symbols())
    if args.objects:
        for output in linkmap.read(os.path.join(os.path.dirname(args.vmlinux), "vmlinux.map")):
            if output.name in [s.name for s in kept]:
                sizes, _ = linkmap.by_object(output)
                rows += sizes
                sums[output.name] = sum(sizes.values())
    else:
        for section in kept:
            own = list(sized(symbols, section))
            for symbol, size in own:
                rows[symbol.name, symbol.address, section.name] += size
            sums[section.name] = sum(size for _, size in own)
    # The linker script makes it, without a symbol that has a size.
    marks = {s.name: s for s in symbols}
    if "__end_init_stack" in marks:
        start, end = marks["__start_init_stack"], marks["__end_init_stack"]
        rows["stack of swapper" if args.objects else ("init_stack", 0, start.section)] = \
            end.address - start.address
        sums[start.section] += end.address - start.address
    ordered = rows.most_common()
    for key, size in ordered[:None if args.all else args.count]:
        print(f"{size:8}  {key if args.objects else f'{key[2]}  {key[0]}'}")
    rest = ordered[len(ordered) if args.all else args.count:]
    if rest:
        print(f"{sum(size for _, size in rest):8}  in {len(rest)} more (--all)")
    what = "objects" if args.objects else "symbols"
    for section in kept:
        gap = section.size - sums[section.name]
        if gap < 0:
            raise ValueError(f"{section.name}: its {what} are {-gap} bytes larger than it is")
        print(f"{section.size:8}  {section.name}: {section.size - gap} in {what}, {gap} in alignment and "
              f"{'tables of the linker' if args.objects else 'what has no symbol'}")
    print(f"{sum(s.size for s in kept):8}  sum")


def main():
    """Parse the options; one line for what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vmlinux")
    parser.add_argument("count", type=int, nargs="?", default=30, help="how many rows (30)")
    parser.add_argument("--all", action="store_true", help="all rows")
    parser.add_argument("--objects", action="store_true", help="by object file instead of symbol")
    try:
        report(parser.parse_args())
    except (OSError, ValueError) as error:
        sys.exit(f"static.py: {error}")


if __name__ == "__main__":
    main()
