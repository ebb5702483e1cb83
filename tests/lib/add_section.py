#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gives an ELF file, of either class and byte order, a section that no segment has.

    add_section.py FILE NAME SIZE

Its content is drawn from the file itself, so it compresses as the file does. The section lies behind
all that the file has, and behind it a new table of names and the section headers, as linkers put
them. A file without section headers gets a table of its own.
"""

import struct
import sys


def main():
    """Rewrite the file."""
    path, name, size = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
    with open(path, "rb") as file:
        data = bytearray(file.read())
    order = "<>"[data[5] - 1]
    wide = data[4] == 2
    # where e_shoff, e_shentsize and the two behind it lie; and a section header
    at_table, at_counts = (0x28, 0x3A) if wide else (0x20, 0x2E)
    offset_format = order + ("Q" if wide else "I")
    header = struct.Struct(order + ("IIQQQQIIQQ" if wide else "10I"))
    (table,) = struct.unpack_from(offset_format, data, at_table)
    _, count, names = struct.unpack_from(order + "3H", data, at_counts)
    sections = [list(header.unpack_from(data, table + i * header.size)) for i in range(count)]
    old = bytes(data)
    strings = b"\0"
    if sections:
        start, length = sections[names][4:6]
        strings = old[start:start + length]
    else:
        sections, names = [[0] * 10, [0, 3, 0, 0, 0, 0, 0, 0, 1, 0]], 1

    content = (old * (size // len(old) + 1))[:size]
    sections.append([len(strings), 1, 0, 0, len(data), size, 0, 0, 1, 0])
    data += content
    sections[names][4:6] = len(data), len(strings) + len(name) + 1
    data += strings + name + b"\0"
    data += bytes(-len(data) % 8)
    struct.pack_into(offset_format, data, at_table, len(data))
    struct.pack_into(order + "3H", data, at_counts, header.size, len(sections), names)
    for section in sections:
        data += header.pack(*section)
    with open(path, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
