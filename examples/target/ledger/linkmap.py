# SPDX-License-Identifier: GPL-2.0-or-later
"""What the linker put where, from vmlinux.map (CONFIG_VMLINUX_MAP): shared by the ledgers."""

import collections
import re

Row = collections.namedtuple("Row", "address size object")
Output = collections.namedtuple("Output", "name address size load rows")

OUTPUT = re.compile(r"^(\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?: load address 0x([0-9a-f]+))?$")
INPUT = re.compile(r"^ (\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")
OBJECT = re.compile(r"^(?:.*/build-[^/]*/)?(?:.*\.a\()?([^()]*?)\)?$")

NOT_LOADED = re.compile(r"\.debug|\.comment|\.ARM\.attributes|\.stab|\.symtab|\.strtab|\.shstrtab|/DISCARD/")


def clip(output):
    """No byte counts twice: a string that was merged with another's has a row, but no place."""
    rows = sorted(output.rows, key=lambda row: row.address)
    ends = [row.address for row in rows[1:]] + [output.address + output.size]
    output.rows[:] = [row._replace(size=min(row.size, end - row.address))
                      for row, end in zip(rows, ends) if end > row.address]


def read(path):
    """The output sections that are loaded, each with the rows of its input sections."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file; CONFIG_VMLINUX_MAP=y makes it") from None
    # The kernel is linked more than once; what counts is the last time.
    title = text.rfind("Linker script and memory map")
    if title < 0:
        raise ValueError(f"{path}: not a map of the linker")
    text = text[title:]
    text = re.sub(r"\n( ?\S+)\n +0x", r"\n\1 0x", text)  # a long name has a line of its own
    outputs, current = [], None
    for line in text.split("\n"):
        match = OUTPUT.match(line)
        if match:
            address, size = int(match[2], 16), int(match[3], 16)
            if current:
                clip(current)
            current = Output(match[1], address, size, int(match[4], 16) if match[4] else address, [])
            if size and not NOT_LOADED.match(match[1]):
                outputs.append(current)
            continue
        match = INPUT.match(line)
        if match and current and not match[1].startswith("*") and int(match[3], 16):
            current.rows.append(Row(int(match[2], 16), int(match[3], 16), OBJECT.match(match[4])[1]))
    if current:
        clip(current)
    return outputs


def by_object(output):
    """Bytes of an output section by object file, and what is left: alignment and linker tables."""
    sizes = collections.Counter()
    for row in output.rows:
        sizes[row.object] += row.size
    return sizes, output.size - sum(sizes.values())
