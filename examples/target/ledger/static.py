#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The largest static symbols of a kernel that stay in RAM: static.py VMLINUX [HOW-MANY]."""

import subprocess
import sys


def main():
    """Sort what nm says of data and bss; what is freed after boot does not count."""
    rows, marks = [], {}
    for line in subprocess.run(["arm-linux-gnueabi-nm", "-S", sys.argv[1]], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.splitlines():
        part = line.split()
        marks[part[-1]] = int(part[0], 16)
        if len(part) == 4:
            rows.append((int(part[1], 16), int(part[0], 16), part[3]))
    kept = [row for row in rows if row[1] >= marks["_sdata"]
            and not marks["__init_begin"] <= row[1] < marks["__init_end"]]
    for size, _, name in sorted(kept, reverse=True)[:int(sys.argv[2]) if len(sys.argv) > 2 else 30]:
        print(f"{size:8}  {name}")
    print(f"{sum(row[0] for row in kept):8}  in {len(kept)} symbols")


main()
