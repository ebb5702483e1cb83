#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks without running it that a board's build is what its hardware expects.

    static.py BOARD OUT     (OUT: the folder of build.sh's links)
"""

import os
import re
import struct
import subprocess
import sys

# The chip's flash and the external RAM that the boot stub sets up, from the data sheets.
FLASH = {"stm32f429-disco": (0x08000000, 2 << 20), "stm32f469-disco": (0x08000000, 2 << 20),
         "stm32f746-disco": (0x08000000, 1 << 20), "stm32f769-disco": (0x08000000, 2 << 20)}
RAM = {"stm32f429-disco": (0x90000000, 8 << 20), "stm32f469-disco": (0x00000000, 16 << 20),
       "stm32f746-disco": (0xc0000000, 8 << 20), "stm32f769-disco": (0xc0000000, 16 << 20)}
# Where the boot stub looks for them.
DTB_AT, KERNEL_AT = 0x08004000, 0x0800c000
QSPI = (0x90000000, 16 << 20)


def fail(text):
    """End with the reason."""
    print(text)
    sys.exit(1)


def run(*command):
    """What a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read(path):
    """A file's bytes."""
    with open(path, "rb") as file:
        return file.read()


def inside(start, size, region):
    """Whether a range lies in (begin, bytes)."""
    return region[0] <= start and start + size <= region[0] + region[1]


def partitions(dtb):
    """(label, address, size) of every partition of an mtd-rom node, and all RAM."""
    found, memory = {}, []
    for node in run("fdtget", "-l", dtb, "/").split():
        if node.startswith("memory"):
            cells = [int(c) for c in run("fdtget", "-t", "u", dtb, "/" + node, "reg").split()]
            memory.append((cells[0], cells[1]))
        if not node.startswith("flash@"):
            continue
        if run("fdtget", dtb, "/" + node, "compatible").split() != ["mtd-rom"]:
            fail(f"{node} is not an mtd-rom device")
        base, size = (int(c) for c in run("fdtget", "-t", "u", dtb, "/" + node, "reg").split())
        if size & (size - 1):
            fail(f"{node} is {size:#x} bytes; the driver rounds that down to a power of two")
        for part in run("fdtget", "-l", dtb, f"/{node}/partitions").split():
            path = f"/{node}/partitions/{part}"
            offset, length = (int(c) for c in run("fdtget", "-t", "u", dtb, path, "reg").split())
            if offset + length > size:
                fail(f"partition {part} ends behind its flash")
            found[run("fdtget", dtb, path, "label").strip()] = (base + offset, length)
    return found, memory


def check_kernel(board, out):
    """Text and read-only data in the kernel's partition, data and bss in RAM, the entry where the
    kernel begins.
    """
    partition = partitions(os.path.join(out, "dtb", "board.dtb"))[0]["kernel"]
    vmlinux = os.path.join(out, "kernel", "vmlinux")
    sections = re.findall(r"\] (\S+) +(\S+) +([0-9a-f]{8}) [0-9a-f]{6} ([0-9a-f]{6}) \S+ +(\S+)",
                          run("readelf", "-SW", vmlinux))
    loaded = [(name, int(at, 16), int(size, 16), flags) for name, _, at, size, flags in sections
              if "A" in flags and int(size, 16)]
    names = {name for name, *_ in loaded}
    if not {".text", ".data", ".bss"} <= names:
        fail(f"the kernel has only the sections {sorted(names)}")
    for name, at, size, _ in loaded:
        if name in (".vectors", ".stubs"):  # linked to where they are copied, 0xffff0000
            continue
        if not inside(at, size, partition) and not inside(at, size, RAM[board]):
            fail(f"{name} at {at:#x}, {size:#x} bytes, is neither in the kernel's partition nor in RAM")
        if name in (".head.text", ".text", ".rodata") and not inside(at, size, partition):
            fail(f"{name} is at {at:#x}, not in the kernel's partition")
        if name in (".data", ".bss") and not inside(at, size, RAM[board]):
            fail(f"{name} is at {at:#x}, not in RAM")
    entry = int(re.search(r"Entry point address: +0x([0-9a-f]+)",
                          run("readelf", "-hW", vmlinux)).group(1), 16)
    if entry & ~1 != KERNEL_AT:
        fail(f"the kernel's entry is {entry:#x}, the boot stub jumps to {KERNEL_AT:#x}")


def check_drivers(out):
    """The kernel has a driver for clocks, pins, timer, console and flash of the device tree."""
    dtb = os.path.join(out, "dtb", "board.dtb")
    kernel = read(os.path.join(out, "kernel", "vmlinux"))
    console = run("fdtget", dtb, "/chosen", "stdout-path").split(":")[0]
    nodes = [run("fdtget", dtb, "/aliases", console).strip(), "/timer@e000e010", "/flash@8000000"]
    nodes += ["/soc/" + node for node in run("fdtget", "-l", dtb, "/soc").split()
              if node.startswith(("rcc@", "reset-clock-controller@", "pinctrl@"))]
    if len(nodes) != 5:
        fail(f"the device tree has not one each of clocks and pins: {nodes}")
    for node in nodes:
        # The first is the most specific; a generic driver for a later one would not do for clocks.
        name = run("fdtget", dtb, node, "compatible").split()[0]
        if name.encode() + b"\0" not in kernel:
            fail(f"the kernel has no driver for {name} ({node})")


def check_flash(board, out):
    """flash.bin has DTB, kernel and root where the device tree and the boot stub say."""
    dtb = os.path.join(out, "dtb", "board.dtb")
    parts, memory = partitions(dtb)
    if parts["dtb"][0] != DTB_AT or parts["kernel"][0] != KERNEL_AT:
        fail("the boot stub looks for DTB and kernel elsewhere")
    if len(memory) != 1 or memory[0] != RAM[board]:
        fail(f"the device tree has RAM {memory}")
    files = {"dtb": dtb, "kernel": os.path.join(out, "kernel", "kernel"),
             "root": os.path.join(out, "image", "root.cramfs")}
    main = read(os.path.join(out, "flash", "flash.bin"))
    for label, path in files.items():
        at, size = parts[label]
        data = read(path)
        if len(data) > size:
            fail(f"{label} is {len(data)} bytes, its partition {size}")
        if inside(at, size, FLASH[board]):
            flash, base = main, FLASH[board][0]
        elif board == "stm32f746-disco" and inside(at, size, QSPI):
            flash, base = read(os.path.join(out, "flash", f"flash-{QSPI[0]:08x}.bin")), QSPI[0]
        else:
            fail(f"partition {label} at {at:#x} is in no flash of the board")
        if flash[at - base:at - base + len(data)] != data:
            fail(f"{label} is not at {at:#x} in what is written to flash")
    stack, reset = struct.unpack_from("<II", main)  # the stub's vectors: a stack in SRAM, and Thumb code of its own
    if not 0x20000000 < stack < 0x20010000 or not inside(reset, 0, (FLASH[board][0], 0x4000)) or not reset & 1:
        fail(f"flash.bin begins with {stack:#x}, {reset:#x}, which is no boot stub")
    if "root=mtd:root" not in run("fdtget", dtb, "/chosen", "bootargs"):
        fail("the kernel is not told to mount the partition root")


def main():
    """All checks."""
    board, out = sys.argv[1:]
    check_kernel(board, out)
    check_drivers(out)
    check_flash(board, out)


if __name__ == "__main__":
    main()
