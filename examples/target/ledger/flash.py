#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where every byte of the flash of a board is, for a kernel that executes in place.

Parts and what is free, by what build.sh put into OUT/flash/map; the kernel by object file and kind,
from its map (CONFIG_VMLINUX_MAP); the root by file and kind, from what xipfs-dump says of its
extents. --against says what comes, goes, grows and shrinks from another build to this one.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys

import elf
import linkmap
import picture

KINDS = ["text", "read-only data", "unwind tables", "text and tables used at boot only", "data",
         "data used at boot only"]
SHORT = ["text", "rodata", "unwind", "init", "data", "init data"]
PART = re.compile(r"^0x([0-9a-f]+)  (\S+) +(\d+) (?:of +(\d+) )?bytes (.*)$")


class Kernel:
    """The kernel's image in flash: bytes by (object, kind)."""

    def __init__(self, out):
        folder = os.path.join(out, "kernel")
        self.size = os.path.getsize(os.path.join(folder, "kernel"))
        self.bytes = collections.defaultdict(collections.Counter)
        kinds = {s.name: elf.kind_of(s) for s in elf.File(os.path.join(folder, "vmlinux")).kept()}
        outputs = sorted((o for o in linkmap.read(os.path.join(folder, "vmlinux.map"))
                          if kinds.get(o.name, "bss") != "bss"), key=lambda o: o.load)
        if not outputs:
            raise ValueError(f"{folder}/vmlinux.map names no section of vmlinux")
        end = outputs[0].load
        for output in outputs:
            if output.load < end:
                raise ValueError(f"{folder}/vmlinux.map: {output.name} overlaps what is in front of it")
            kind = kinds[output.name]
            sizes, rest = linkmap.by_object(output)
            for name, size in sizes.items():
                self.bytes[name][kind] += size
            self.bytes["(alignment, tables of the linker)"][kind] += rest
            self.bytes["(alignment, tables of the linker)"]["text"] += output.load - end
            end = output.load + output.size
        if end - outputs[0].load != self.size:
            raise ValueError(f"{folder}/vmlinux.map: {end - outputs[0].load} bytes in sections, but "
                             f"{self.size} in the kernel: not one that executes in place?")

    def totals(self):
        """Bytes by object."""
        return collections.Counter({name: sum(row.values()) for name, row in self.bytes.items()})

    def kinds(self):
        """Bytes by kind."""
        sums = collections.Counter()
        for row in self.bytes.values():
            sums += row
        return sums

    def rows(self, names):
        """A line of all kinds for each object."""
        for name in names:
            row = self.bytes[name]
            yield f"  {sum(row.values()):8}" + "".join(f"{row[kind]:10}" for kind in KINDS) + f"  {name}"


def folders(sizes):
    """The same by the first two parts of the path."""
    result = collections.Counter()
    for name, size in sizes.items():
        parts = name.split("/")
        result["/".join(parts[:2]) if len(parts) > 2 else parts[0]] += size
    return result


def extents(out):
    """Bytes of the root by (file or '', kind)."""
    image = os.path.join(out, "image/root.cramfs")
    bins = os.environ.get("MKXIPFS_BIN")
    dump = os.path.join(bins, "xipfs-dump") if bins else "xipfs-dump"
    text = subprocess.run([dump, "--map", "--json", image], check=True, stdout=subprocess.PIPE).stdout
    result, size = collections.Counter(), os.path.getsize(image)
    for extent in json.loads(text)["extents"]:
        result[extent.get("owner") or "", extent["kind"]] += extent["length"]
    if sum(result.values()) != size:
        raise ValueError(f"{image}: {sum(result.values())} bytes in extents, but {size} in the file")
    return result


def by(root, which):
    """The same by kind (1), or by file (0), where what is of no file has a row too."""
    sizes = collections.Counter()
    for key, size in root.items():
        sizes[key[which] or "(super block, padding)"] += size
    return sizes


def chips_of(out):
    """The chips that build.sh writes: (address, part, bytes, bytes of its partition) by file."""
    chips = collections.defaultdict(list)
    with open(os.path.join(out, "flash/map"), encoding="ascii") as file:
        for line in file:
            match = PART.match(line)
            if not match:
                raise ValueError(f"{out}/flash/map: not a part: {line.strip()}")
            # "N bytes of flash free" behind the last part, "N of M bytes  FILE" else
            address, used, room = int(match[1], 16), int(match[3]), int(match[4] or 0)
            chip = "flash.bin" if match[2] == "end" else match[5].split()[-1]
            chips[chip].append((address, match[2], used, room))
    for parts in chips.values():
        address, name, _, room = parts[-1]
        if name != "end":  # the chip ends with its last partition
            parts.append((address + room, "end", 0, 0))
        for (first, _, used, _), (second, name, _, _) in zip(parts, parts[1:]):
            if second < first + used:
                raise ValueError(f"{out}/flash/map: {name} begins inside what is before it")
    return chips


def print_parts(out):
    """The chips part by part; each adds up to its size."""
    for chip, parts in chips_of(out).items():
        total, free, end = 0, 0, parts[0][0]
        print(f"{chip}, bytes from 0x{end:08x} on:")
        for address, name, used, room in parts:
            free += address - end  # in front of the part, or behind the one before in its partition
            end = address + used
            if name == "end":
                free += used
                continue
            total += used
            print(f"  {used:8}  {name}{f', of {room} in its partition' if room else ''}")
        print(f"  {free:8}  free: in partitions, between and behind them")
        print(f"  {total + free:8}  sum")


def print_ledger(out, count):
    """All of it for one build."""
    print_parts(out)
    kernel = Kernel(out)
    sums = kernel.kinds()
    print("kernel, by kind:")
    for kind in KINDS:
        print(f"  {sums[kind]:8}  {kind}{', its values at boot' if kind.startswith('data') else ''}")
    print(f"  {sum(sums.values()):8}  sum")

    sizes = kernel.totals()
    print("kernel, by folder:")
    ordered = folders(sizes).most_common()
    for name, size in ordered[:count]:
        print(f"  {size:8}  {name}")
    if ordered[count or len(ordered):]:
        print(f"  {sum(s for _, s in ordered[count:]):8}  in {len(ordered) - count} more folders")
    print(f"  {sum(sizes.values()):8}  sum")

    print("kernel, by object:")
    print(f"  {'sum':>8}" + "".join(f"{name:>10}" for name in SHORT))
    ordered = [name for name, _ in sizes.most_common()]
    print(*kernel.rows(ordered[:count]), sep="\n")
    rest = ordered[count or len(ordered):]
    if rest:
        for name in rest:
            kernel.bytes[f"in {len(rest)} more objects (--all)"] += kernel.bytes[name]
        print(*kernel.rows([f"in {len(rest)} more objects (--all)"]), sep="\n")
    kernel.bytes["sum"] = sums
    print(*kernel.rows(["sum"]), sep="\n")

    root = extents(out)
    for title, which in ("root, by kind:", 1), ("root, by file:", 0):
        print(title)
        sizes = by(root, which)
        for name, size in sizes.most_common():
            print(f"  {size:8}  {name}")
        print(f"  {sum(sizes.values()):8}  sum")


def picture_of(out):
    """The first chip as SVG: its parts, the kernel by kind, and what is free."""
    parts = next(iter(chips_of(out).values()))
    names = {"boot": "boot stub", "dtb": "device tree", "root": "root, executed in place"}
    rows, free, end = [], 0, parts[0][0]
    for address, name, used, _ in parts:
        free += address - end + (used if name == "end" else 0)
        end = address + used
        if name == "kernel":
            rows += [(name, f"kernel: {kind}", size) for kind, size in Kernel(out).kinds().most_common()]
        elif name != "end":
            rows.append((name, names[name], used))
    rows.append(("free", "free", free))
    total = sum(size for _, _, size in rows)
    return picture.draw(f"{total // 1024} KiB of flash from 0x{parts[0][0]:08x} on", rows)


def print_change(title, old, new, count):
    """What of `old` is not in `new`, or has another size, and what comes."""
    change = {name: new[name] - old[name] for name in old.keys() | new.keys() if new[name] != old[name]}
    print(f"{title}: {sum(old.values())} -> {sum(new.values())} bytes, "
          f"{sum(change.values()):+} in {len(change)}")
    ordered = sorted(change.items(), key=lambda item: (-abs(item[1]), item[0]))
    for name, size in ordered[:count]:
        what = "comes" if name not in old else "leaves" if name not in new else \
            "grows" if size > 0 else "shrinks"
        print(f"  {size:+8}  {what:7}  {name}")
    if ordered[count or len(ordered):]:
        print(f"  {sum(s for _, s in ordered[count:]):+8}  in {len(ordered) - count} more (--all)")


def print_changes(out, other, count):
    """From the build in `other` to the one in `out`."""
    old, new = Kernel(other), Kernel(out)
    print_change("kernel, by kind", old.kinds(), new.kinds(), count)
    print_change("kernel, by object", old.totals(), new.totals(), count)
    # A build of the kernel alone has no root.
    if all(os.path.exists(os.path.join(path, "image")) for path in (out, other)):
        print_change("root, by file", by(extents(other), 0), by(extents(out), 0), count)


def main():
    """Parse the options; one line for what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", help="where build.sh put its links")
    parser.add_argument("--against", metavar="OUT", help="what changes from that build to this one")
    parser.add_argument("--svg", metavar="FILE", help="draw the flash instead")
    parser.add_argument("--all", action="store_true", help="all rows instead of the 20 largest")
    args = parser.parse_args()
    count = None if args.all else 20
    try:
        if args.against:
            print_changes(args.out, args.against, count)
        elif args.svg:
            with open(args.svg, "w", encoding="ascii") as file:
                file.write(picture_of(args.out))
        else:
            print_ledger(args.out, count)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"flash.py: {error}")


if __name__ == "__main__":
    main()
