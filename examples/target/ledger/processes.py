# SPDX-License-Identifier: GPL-2.0-or-later
"""The memory of processes on a system without an MMU, and the kernel stacks of all threads."""

import gdb

import guest

WRITE, EXEC, MAPPED_COPY = 0x2, 0x4, 0x01000000  # VM_*, include/linux/mm.h


def file_name(file):
    """The last part of an open file's name."""
    return file["f_path"]["dentry"]["d_name"]["name"].string() if int(file) else ""


def kind_of(vma, region):
    """What a mapping is for, and how deep a stack was used."""
    start, end = int(region["vm_start"]), int(region["vm_top"])
    if start < int(vma["vm_mm"]["start_stack"]) <= end:
        used = guest.deepest(start, int(region["vm_end"]) - start)
        size = int(region["vm_end"]) - start
        return "stack" if used is None else f"stack, {used} of {size} bytes at its deepest"
    name = file_name(vma["vm_file"])
    if not name:
        return "heap or other anonymous memory"
    flags = int(vma["vm_flags"])
    what = "data and bss" if flags & WRITE else "text" if flags & EXEC else "read-only data"
    return f"{what} of {name}"


class Processes:
    """Regions of RAM, each claimed once, and a line for each mapping."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.lines = []
        self.stacks = []
        self.first_user = {}
        self.uses = {}

    def mapping(self, pid, name, vma):
        """Claim the memory behind a mapping unless another has it too and came first."""
        region = vma["vm_region"].dereference()
        start, end, top = (int(region[field]) for field in ("vm_start", "vm_end", "vm_top"))
        address = int(region.address)
        self.uses[address] = self.uses.get(address, 0) + 1
        what, size = kind_of(vma, region), 0
        if not self.ledger.has(start):
            what += f": {end - start} bytes in place, in flash"
        elif address in self.first_user:
            what += f": shared with {self.first_user[address]}"
        elif int(region["vm_flags"]) & MAPPED_COPY:
            size = -(-top // guest.PAGE) * guest.PAGE - start
            self.ledger.claim(start, size, "processes")
        else:
            what += f": {end - start} bytes in the page cache"
        self.first_user.setdefault(address, pid)
        self.lines.append((size, f"{pid:5}  {name:8}  {what}"))

    def collect(self):
        """Look at all tasks."""
        spaces = {}
        interrupts, below = guest.interrupt_stack()
        for task in guest.tasks():
            pid, name, mm = int(task["pid"]), task["comm"].string(), int(task["mm"])
            stack, size = int(task["stack"]), guest.thread_size()
            if stack == interrupts:
                stack, size = stack + below, size - below
            # swapper's is in .data, small ones are in slabs, with TINY_DATA_RAM they are in no page
            own = size if pid and size >= guest.PAGE and self.ledger.has(stack) else 0
            where = ", in .data" if pid == 0 else "" if self.ledger.has(stack) else ", beside .data"
            if own:
                self.ledger.claim(stack, size, "kernel stacks")
            kind = "kernel thread" if not mm else "process" if int(task["tgid"]) == pid else "thread"
            self.stacks.append((own, pid, kind, name, guest.deepest(stack, size), size, where))
            if not mm:
                continue
            if mm in spaces:
                self.lines.append((0, f"{pid:5}  {name:8}  all memory is that of {spaces[mm]}"))
                continue
            spaces[mm] = pid
            for vma in guest.mappings(task["mm"].dereference()):
                self.mapping(pid, name, vma)
        for region in guest.regions():
            seen = self.uses.get(int(region.address), 0)
            if seen != int(region["vm_usage"]):
                raise gdb.GdbError(f"region at {int(region['vm_start']):#x}: {seen} mappings found of "
                                   f"{int(region['vm_usage'])}")

    def report_stacks(self):
        """A line for each kernel stack."""
        for own, pid, kind, name, used, size, where in self.stacks:
            depth = "depth unknown: not zeroed when allocated" if used is None else \
                f"{used:4} of {size} bytes at its deepest"
            yield own, f"{pid:5}  {kind:13}  {name:12}  {depth}{where}"
