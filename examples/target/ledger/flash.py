#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where every byte of the flash of a board is: flash.py OUT-FOLDER.

Parts by flash/map; the kernel by folder of its source, from vmlinux.map (CONFIG_VMLINUX_MAP); the
root by what xipfs-dump says of its extents.
"""

import collections
import json
import os
import re
import subprocess
import sys

ROW = re.compile(r"^(?: (\S+))?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?: (\S+))?$")


def kernel_rows(path, limit):
    """Yield (object file, bytes) of what lies in flash: below `limit`, in the file's last map."""
    text = open(path, encoding="ascii", errors="replace").read()
    text = text[text.rindex("Linker script and memory map"):]
    text = re.sub(r"\n (\S+)\n +0x", r"\n \1 0x", text)  # a long name has a line of its own
    for line in text.split("\n"):
        match = ROW.match(line)
        if match and match[4] and match[4].endswith((".o", ".a", ")")):
            address, size = int(match[2], 16), int(match[3], 16)
            if size and address < limit and not (match[1] or "").startswith((".debug", ".comment")):
                yield match[4], size


def folder_of(name):
    """The first two parts of the path of a kernel object."""
    name = re.sub(r"^.*/build-[^/]*/", "", name)
    parts = name.split("(")[0].split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def main():
    """Print the ledger."""
    out = sys.argv[1]
    print("parts:")
    with open(os.path.join(out, "flash/map"), encoding="ascii") as parts:
        sys.stdout.write(parts.read())

    image = os.path.getsize(os.path.join(out, "kernel/kernel"))
    sizes = collections.Counter()
    for name, size in kernel_rows(os.path.join(out, "kernel/vmlinux.map"), 0x20000000):
        sizes[folder_of(name)] += size
    print("kernel, by folder:")
    for name, size in sizes.most_common():
        if size >= 4096:
            print(f"  {size:8}  {name}")
    small = sum(size for size in sizes.values() if size < 4096)
    print(f"  {small:8}  in {sum(size < 4096 for size in sizes.values())} folders of less than 4096 bytes")
    print(f"  {image - sum(sizes.values()):8}  initial data, alignment, tables made by the linker")
    print(f"  {image:8}  sum")

    extents = json.loads(subprocess.run(
        ["xipfs-dump", "--map", "--json", os.path.join(out, "image/root.cramfs")],
        check=True, stdout=subprocess.PIPE).stdout)["extents"]
    kinds = collections.Counter()
    files = collections.Counter()
    for extent in extents:
        kinds[extent["kind"]] += extent["length"]
        if extent.get("owner"):
            files[extent["owner"]] += extent["length"]
    print("root, by kind:")
    for name, size in kinds.most_common():
        print(f"  {size:8}  {name}")
    print(f"  {sum(kinds.values()):8}  sum")
    print("root, by file:")
    for name, size in files.most_common(10):
        print(f"  {size:8}  {name}")


main()
