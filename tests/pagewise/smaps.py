#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares a program's smaps with what was foretold: usage: smaps.py LOG RAM PROGRAM

LOG is a console on which PROGRAM printed its /proc/self/smaps, RAM what xipfs-dump --json --ram=pagewise
says of the image. Each mapping of a file must have as many pages in place as foretold.
"""
import json
import re
import sys


def mappings(log, program):
    """(path, length, KiB in place) of each mapping of a file, from where the program's own is."""
    found, current = [], None
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(/\S*)?", line)
            if head:
                current = [head[4], int(head[2], 16) - int(head[1], 16), None]
                found.append(current)
            elif line.startswith("InPlace:") and current:
                current[2] = int(line.split()[1])
    names = [item[0] for item in found]
    if program not in names:
        sys.exit(f"the console has no mappings of {program}")
    return [tuple(item) for item in found if item[0]]


def main():
    """Each mapping foretold is there, and nothing else is in place."""
    log, ram, program = sys.argv[1:]
    with open(ram, encoding="utf-8") as file:
        report = json.load(file)
    found = mappings(log, program)
    described = [item for item in report["programs"] if item["path"] == program]
    want = [(part["path"], line["length"], 4 * line["mapped_in_place_pages"])
            for part in described[0]["objects"] for line in part["lines"]
            if line["named"] and line["permissions"].startswith("r-x")]
    for path, length, in_place in want:
        same = [item[2] for item in found if item[0].split("/")[-1] == path.split("/")[-1] and
                item[1] == length]
        if in_place not in same:
            sys.exit(f"{path}, {length} bytes: {same} KiB in place, foretold {in_place}")
        print(path, length, in_place)
    if sum(item[2] or 0 for item in found) != sum(item[2] for item in want) or not want:
        sys.exit(f"other mappings are in place: {found}")


main()
