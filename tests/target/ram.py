#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what xipfs-dump --ram --json foretold with the maps that a guest printed.

    ram.py LOG RAM.JSON TITLE=PROGRAM...

TITLE is a part of the log (a line "@TITLE" begins it) that holds /proc/PID/maps of a process that
runs PROGRAM. Every line of a file must be foretold, with its length, permissions, offset and, as
far as it is known, address, and every line foretold must be there. Prints what is wrong and ends
with 1, or prints nothing and ends with 0.
"""

import json
import re
import sys

from check import Bad, parts


def observed(lines):
    """(start, length, permissions, offset, name) of each mapping, in address order.

    Not those without any access, which take no memory: between segments that are aligned to more
    than a page the C library's loader leaves such holes.
    """
    found = []
    for line in lines:
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{3})\S ([0-9a-f]+) \S+ +\d+ *(.*)$", line)
        if match and match.group(3) != "---":
            start, end, permissions, offset, name = match.groups()
            found.append((int(start, 16), int(end, 16) - int(start, 16), permissions,
                          int(offset, 16), name))
    return found


def show(lines):
    """Lines of a comparison, for people."""
    return "\n".join("  " + " ".join(str(word) for word in line) for line in lines)


def check_named(title, path, want, found):
    """All lines of one file, in address order within each kind of memory."""
    have = sorted((line[1], line[2], line[3]) for line in found if line[4] == path)
    foretold = sorted((line["length"], line["permissions"][:3], line["offset"])
                      for line in want if line["named"])
    if have != foretold:
        raise Bad(f"{title}: {path} is mapped as\n{show(have)}\nforetold was\n{show(foretold)}")


def check_addresses(title, path, want, found, flash):
    """Where the lines of one file are, if that could be known."""
    bases = set()
    for line in want:
        if not line["named"]:
            continue
        starts = [have[0] for have in found if have[4] == path and
                  (have[1], have[2], have[3]) ==
                  (line["length"], line["permissions"][:3], line["offset"])]
        if line["place"] == "ram":
            if any(start in flash for start in starts):
                raise Bad(f"{title}: {path} is in flash at {starts[0]:#x}, foretold was RAM")
        elif line["place"] == "relative":
            bases.add(starts[0] - line["address"])
        elif line["address"] not in starts:
            raise Bad(f"{title}: {path} is at {starts[0]:#x}, foretold {line['address']:#x}")
    if len(bases) > 1:
        raise Bad(f"{title}: the segments of {path} are at odd distances")


def check_anonymous(title, kernel, program, found):
    """Memory of no file: bss, data read to RAM and the stack. Each line foretold once."""
    left = [(have[1], have[2]) for have in found if not have[4].startswith("/")]
    want = [(line["length"], line["permissions"][:3]) for item in program["objects"]
            for line in item["lines"] if not line["named"]]
    if kernel == "mmu":
        # The heap may grow out of the bss, so only the least length is known.
        for length, permissions in want:
            if not any(have[0] >= length and have[1] == permissions for have in left):
                raise Bad(f"{title}: no anonymous memory of {length} bytes")
        return
    for line in want + [(program["stack"], "rw-")]:
        if line not in left:
            raise Bad(f"{title}: no anonymous memory of {line}; there is\n{show(left)}")
        left.remove(line)


def check_program(title, report, path, lines):
    """One process."""
    found = observed(lines)
    programs = [p for p in report["programs"] if p["path"] == path]
    if not found or not programs:
        raise Bad(f"{title}: no maps" if not found else f"nothing is foretold of {path}")
    program = programs[0]
    flash = range(report["flash_address"], report["flash_address"] + report["size"])
    if program["missing"] or not program["loadable"]:
        raise Bad(f"{path} was foretold not to run")
    for item in program["objects"]:
        check_named(title, item["path"], item["lines"], found)
        check_addresses(title, item["path"], item["lines"], found, flash)
    check_anonymous(title, report["kernel"], program, found)


def main():
    """Check every process that is named."""
    log, report, *pairs = sys.argv[1:]
    with open(report, encoding="utf-8") as file:
        report = json.load(file)
    sections = parts(log)
    try:
        if not pairs:
            raise Bad("no process was named")
        for pair in pairs:
            title, path = pair.split("=", 1)
            check_program(title, report, path, sections.get(title, []))
    except Bad as bad:
        print(bad)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
