#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges what a guest printed (tests/target/guest/script) against what the host knows.

    check.py maps LOG DUMP.JSON mmu|nommu PROGRAM...
    check.py tree LOG EXPECTED [WARNINGS]
    check.py complaints LOG
    check.py memory LOG PART
    check.py same LOG KIND...

Each prints what is wrong and ends with 1, or prints nothing (memory: its figures) and ends with 0.
WARNINGS is what mkxipfs said; with it, the kernel is one without the cramfs patches, and exactly
the files it warned of must read as zeros in their last page.
"""

import json
import re
import sys

PAGE = 4096
COMPLAINT = re.compile(r"BUG|WARNING:|Oops|Unable to handle|[Pp]oison|[Cc]orrupt|Redzone|"
                       r"Object already free|page allocation failure|Out of memory|"
                       r"bad data blocksize|Error -?\d+ while decompressing|@error|"
                       r"unaligned|Bad page|scheduling while atomic|inconsistent")


class Bad(Exception):
    """What the guest did wrong."""


def parts(path):
    """The log cut at its lines that begin with @; the text of each part by its title."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().replace("\r", "").split("\n")
    result, title = {}, ""
    for line in lines:
        if line.startswith("@") and not line.startswith("@r "):
            title = line[1:]
            result[title] = []
        else:
            result.setdefault(title, []).append(line)
    return result


def mappings(lines):
    """(start, end, permissions, offset, path) of each line of a maps file."""
    found = []
    for line in lines:
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ +\d+ +(/\S+)$", line)
        if match:
            start, end, permissions, offset, path = match.groups()
            found.append((int(start, 16), int(end, 16), permissions, int(offset, 16), path))
    return found


def predicted(dump, kind, path):
    """Flash address and bytes of the executable mapping that xipfs-dump foretold."""
    for program in dump["programs"]:
        if program["path"] != path:
            continue
        for mapping in program[kind]["mappings"]:
            if mapping["exec"] and mapping["direct"]:
                return mapping["address"], mapping["page_count"] * PAGE
    raise Bad(f"xipfs-dump does not say that {path} executes in place")


def check_text(found, kind, path, address, size, title):
    """One program's text in one process is where it was foretold to be."""
    text = [m for m in found if m[4] == path and "x" in m[2]]
    if len(text) != 1:
        raise Bad(f"{title}: {path} has {len(text)} executable mappings")
    start, end, permissions, offset, _ = text[0]
    at = start if kind == "nommu" else offset
    if "w" in permissions:
        raise Bad(f"{title}: the text of {path} is writable")
    # A no-MMU kernel shows the bytes asked for, not whole pages.
    if at != address or not size - PAGE < end - start <= size:
        raise Bad(f"{title}: the text of {path} is at {at:#x}, {end - start:#x} bytes; "
                  f"foretold {address:#x}, {size:#x} bytes")


def check_maps(log, dump, kind, paths):
    """Text in flash at the address foretold, in every process; data in RAM."""
    with open(dump, encoding="utf-8") as file:
        dump = json.load(file)
    flash = range(dump["flash_address"], dump["flash_address"] + dump["size"])
    sections = parts(log)
    for title in ("maps self", "maps first", "maps second"):
        found = mappings(sections.get(title, []))
        for path in paths:
            check_text(found, kind, path, *predicted(dump, kind, path), title)
        for start, _, permissions, offset, path in found:
            at = start if kind == "nommu" else offset
            if "w" in permissions and at in flash:
                raise Bad(f"{title}: writable data of {path} in flash at {at:#x}")
    writable = [m[0] for title in ("maps first", "maps second")
                for m in mappings(sections[title]) if "w" in m[2]]
    if not writable:
        raise Bad("no process has writable data")
    if kind == "nommu" and len(set(writable)) != len(writable):
        raise Bad("two processes share writable data")
    if kind == "mmu":
        check_rss(sections.get("smaps", []), paths)


def check_rss(lines, paths):
    """With an MMU, no page of RAM holds text: the mapping's Rss is 0."""
    path, seen = "", set()
    for line in lines:
        found = mappings([line])
        if found:
            path = found[0][4] if "x" in found[0][2] else ""
        rss = re.match(r"Rss: +(\d+) kB", line)
        if rss and path in paths:
            seen.add(path)
            if rss.group(1) != "0":
                raise Bad(f"Rss of the text of {path} is {rss.group(1)} KiB")
    if seen != set(paths):
        raise Bad(f"smaps shows only {sorted(seen)} of {sorted(paths)}")


def zero_tail(path, want, got):
    """Whether read(2) gave zeros for the last page, and all else is right.

    In /torture/blocks other pages of the file are not in place; a mapping of the whole file is then
    filled by reading.
    """
    mapped = want[7] if "/blocks/" in path else want[6]
    return len(want) == 8 and got == want[:5] + [want[7], mapped]


def check_tree(log, expected, warnings):
    """Every entry as the source has it, no entry more, and each once."""
    with open(expected, encoding="ascii") as file:
        want = dict(line.rstrip("\n").split(" ", 1) for line in file)
    got = {}
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file.read().replace("\r", "").split("\n"):
            if not line.startswith("@r "):
                continue
            path, rest = line[3:].split(" ", 1)
            if path in got:
                raise Bad(f"{path} is listed twice")
            got[path] = rest
    for missing in sorted(set(want) - set(got)):
        raise Bad(f"{missing} is missing (and {len(set(want) - set(got)) - 1} more)")
    for extra in sorted(set(got) - set(want)):
        raise Bad(f"{extra} is not in the source")
    want = {path: rest.split(" ") for path, rest in want.items()}
    differ = sorted(path for path in want if want[path][:7] != got[path].split(" "))
    allowed = set()
    if warnings:
        with open(warnings, encoding="utf-8") as file:
            allowed = set(re.findall(r"mkxipfs: (\S+): warning: its last page is full", file.read()))
        if not allowed:
            raise Bad("mkxipfs warned of no file")
        for path in sorted(allowed):
            if path not in differ:
                raise Bad(f"{path} reads right, though mkxipfs warned of it")
    for path in differ:
        if path not in allowed or not zero_tail(path, want[path], got[path].split(" ")):
            raise Bad(f"{path}: the guest has {got[path]}, the source {' '.join(want[path])} "
                      f"({len(differ)} entries differ)")


def check_complaints(log):
    """The kernel complained of nothing."""
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            if not line.startswith("@r ") and COMPLAINT.search(line):
                raise Bad(line.strip())


def check_same(log, kinds):
    """What was stripped says the same as what was not: /test/cut-KIND and /test/kept-KIND."""
    sections = parts(log)
    for kind in kinds:
        kept = sections.get(f"run /test/kept-{kind}", [])
        cut = sections.get(f"run /test/cut-{kind}", [])
        if not any(line.startswith("text data bss ") for line in kept):
            raise Bad(f"/test/kept-{kind} says {kept}")
        if cut != kept:
            raise Bad(f"/test/cut-{kind} says {cut}, not {kept}")


def print_memory(log, part):
    """MemFree, Cached, MmapCopy and what is used, in KiB, of one part of the log."""
    lines = "\n".join(parts(log).get(part, []))
    values = dict(re.findall(r"^(\w+): +(\d+) kB", lines, re.M))
    print(int(values["MemTotal"]) - int(values["MemFree"]), values["MemFree"], values["Cached"],
          values.get("MmapCopy", "-"))


def main():
    """Run the check that is named."""
    command, log, *rest = sys.argv[1:]
    try:
        if command == "maps":
            check_maps(log, rest[0], rest[1], rest[2:])
        elif command == "tree":
            check_tree(log, rest[0], rest[1] if len(rest) > 1 else None)
        elif command == "complaints":
            check_complaints(log)
        elif command == "same":
            check_same(log, rest)
        elif command == "memory":
            print_memory(log, rest[0])
        else:
            sys.exit(__doc__)
    except Bad as bad:
        print(bad)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
