# SPDX-License-Identifier: GPL-2.0-or-later
"""Who asks memblock for memory while a kernel boots: a script for gdb-multiarch, attached to a QEMU
that has not begun yet (-S). boot.sh --ledger runs it before ram.py.

It writes the requests, and what was reserved in the end, to the file that MEMBLOCK names: most
kernels forget both after boot.
"""

import json
import os
import re
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(os.path.expanduser(__file__))))

import guest  # noqa: E402 pylint: disable=wrong-import-position

OWN = re.compile(r"_?_?memblock|early_init_dt_alloc_memory|dt_alloc_memory")


class Request(gdb.Breakpoint):
    """Every request ends in memblock_reserve, which Linux 7.3 has under another name."""

    def __init__(self):
        names = ("__memblock_reserve", "memblock_reserve")
        super().__init__(next(filter(gdb.lookup_global_symbol, names)), internal=True)
        self.seen = []

    def stop(self):
        """Note base, size and the first function that is not memblock's own; go on."""
        frame = gdb.selected_frame()
        base, size = (int(frame.read_var(name)) for name in ("base", "size"))
        # The functions from the request outwards, as far as one sees them.
        names = []
        while frame and frame.is_valid() and len(names) < 8:
            name = frame.name() or "?"
            if not OWN.match(name):
                names.append(name)
            frame = frame.older()
        self.seen.append({"base": base, "size": size, "by": names})
        return False


def reserved():
    """The regions that memblock keeps back from the page allocator."""
    array = gdb.parse_and_eval("memblock.reserved")
    for i in range(int(array["cnt"])):
        region = (array["regions"] + i).dereference()
        yield int(region["base"]), int(region["size"])


def main():
    """Run the guest from its first instruction until memory is handed to the page allocator."""
    gdb.execute("set pagination off")
    if gdb.lookup_global_symbol("memblock") is None:
        raise gdb.GdbError("this vmlinux has no debugging information, see tiny.config")
    requests = Request()
    gdb.Breakpoint("memblock_free_all", internal=True, temporary=True)
    gdb.execute("continue", to_string=True)
    if gdb.selected_frame().name() != "memblock_free_all":
        raise gdb.GdbError(f"the guest stopped in {gdb.selected_frame().name()} and not where boot memory ends")
    result = {"requests": requests.seen, "reserved": list(reserved())}
    with open(os.environ["MEMBLOCK"], "w", encoding="ascii") as file:
        json.dump(result, file)
    requests.delete()
    gdb.execute("detach", to_string=True)


guest.run(main)
