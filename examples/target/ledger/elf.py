# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections and symbols of a 32-bit little-endian vmlinux: shared by the ledgers."""

import collections
import re
import struct

Section = collections.namedtuple("Section", "name type flags address offset size link")
Symbol = collections.namedtuple("Symbol", "name address size section type")

NOBITS, SYMTAB = 8, 2
WRITE, ALLOC, EXEC = 1, 2, 4

# What is used at boot only. In an XIP kernel its text stays in flash for ever, its data is freed.
INIT = re.compile(r"\.(init|exit)\.|\.vectors|\.stubs")


def text_at(data, offset):
    """A string that ends with a zero."""
    return data[offset:data.index(b"\0", offset)].decode()


class File:
    """What the headers of an ELF file say."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:6] != b"\x7fELF\x01\x01":
            raise ValueError(f"{path}: not a 32-bit little-endian ELF file")
        offset, = struct.unpack_from("<I", self.data, 32)
        _, count, names = struct.unpack_from("<HHH", self.data, 46)
        rows = [struct.unpack_from("<10I", self.data, offset + 40 * i) for i in range(count)]
        self.sections = [Section(text_at(self.data, rows[names][4] + row[0]), *row[1:7])
                         for row in rows]

    def kept(self):
        """The sections that a running kernel has, in the order of their addresses."""
        return sorted((s for s in self.sections if s.flags & ALLOC and s.size),
                      key=lambda s: s.address)

    def symbols(self):
        """All symbols that have a section."""
        for table in self.sections:
            if table.type != SYMTAB:
                continue
            strings = self.sections[table.link].offset
            for offset in range(table.offset, table.offset + table.size, 16):
                name, address, size, info, _, index = struct.unpack_from("<IIIBBH", self.data, offset)
                if 0 < index < len(self.sections):
                    yield Symbol(text_at(self.data, strings + name), address, size,
                                 self.sections[index].name, info & 15)


def kind_of(section):
    """What a section of the kernel is, for a reader of the ledger."""
    if section.flags & WRITE and not section.name.startswith((".rodata", ".init.rodata")):
        if section.type == NOBITS:
            return "bss"
        return "data used at boot only" if INIT.match(section.name) else "data"
    if ".ARM.ex" in section.name or ".ARM.unwind" in section.name:
        return "unwind tables"
    if INIT.match(section.name):
        return "text and tables used at boot only"
    return "text" if section.flags & EXEC else "read-only data"
