# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a stopped kernel with gdb: its types, lists, trees, tasks and memory."""

import sys
import traceback

import gdb

PAGE = 4096


def value(expression):
    """The value of a C expression in the kernel."""
    return gdb.parse_and_eval(expression)


def number(expression, default=None):
    """The same as a number, or the default where this kernel has no such thing."""
    try:
        return int(value(expression))
    except gdb.error:
        if default is None:
            raise
        return default


def at(address, struct):
    """What is at an address."""
    return gdb.Value(int(address)).cast(gdb.lookup_type(struct).pointer()).dereference()


def container(pointer, struct, member):
    """container_of()."""
    return at(int(pointer) - number(f"(unsigned long)&(({struct} *)0)->{member}"), struct)


def flags_of(page):
    """The flags of a struct page, a struct of their own in Linux 7.3."""
    flags = page["flags"]
    return int(flags["f"] if flags.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else flags)


def pages_of(page):
    """How many pages were allocated in one piece with this first one, as far as they know it."""
    if not flags_of(page) >> number("PG_head") & 1:
        return 1
    return 1 << (flags_of((page.address + 1).dereference()) & 0xFF)


def entries(head, struct, member):
    """The members of a struct list_head."""
    node = head["next"]
    while int(node) != int(head.address):
        yield container(node, struct, member)
        node = node.dereference()["next"]


def words(address, size):
    """Memory of the guest, as 32-bit words."""
    return gdb.selected_inferior().read_memory(address, size).cast("B").cast("I")


def tasks():
    """All processes, with all their threads, and kernel threads."""
    for leader in [value("init_task")] + list(entries(value("init_task.tasks"), "struct task_struct", "tasks")):
        if int(leader["pid"]) == 0:
            yield leader  # its list of threads has others' in it
            continue
        yield from entries(leader["signal"]["thread_head"], "struct task_struct", "thread_node")


def maple_entries(tree):
    """The entries of a maple tree (lib/maple_tree.c), which holds the mappings of a process."""
    root = int(tree["ma_root"])
    if root & 3 != 2 or root <= 4096:
        if root:
            yield root
        return
    stack = [root]
    while stack:
        node = stack.pop()
        address, kind = node & ~0xFF, (node >> 3) & 0xF
        if kind == 3:  # maple_arange_64, an inner node
            inner = at(address, "struct maple_arange_64")
            end = int(inner["meta"]["end"])
        elif kind in (1, 2):  # maple_leaf_64, maple_range_64
            inner = at(address, "struct maple_range_64")
            last = int(inner["pivot"][inner["pivot"].type.range()[1]])
            end = int(inner["meta"]["end"])
            if last:
                end = inner["slot"].type.range()[1] - (last == 0xFFFFFFFF)
        else:
            raise gdb.GdbError(f"maple tree: node of an unknown kind {kind}")
        slots = [int(inner["slot"][i]) for i in range(end + 1)]
        if kind == 1:
            yield from (slot for slot in slots if slot)
        else:
            stack += [slot for slot in slots if slot]


def mappings(mm):
    """The mappings of a process; all of them, or an error."""
    found = [at(entry, "struct vm_area_struct") for entry in maple_entries(mm["mm_mt"])]
    if len(found) != int(mm["map_count"]):
        raise gdb.GdbError(f"{len(found)} mappings found of {int(mm['map_count'])}")
    return sorted(found, key=lambda vma: int(vma["vm_start"]))


def regions():
    """The memory that is mapped on a system without an MMU, each piece once."""
    stack = [value("nommu_region_tree.rb_node")]
    while stack:
        node = stack.pop()
        if int(node):
            yield container(node, "struct vm_region", "vm_rb")
            stack += [node["rb_left"], node["rb_right"]]


def open_files():
    """The open files of all tasks, each once."""
    seen = set()
    for task in tasks():
        if not int(task["files"]):
            continue
        table = task["files"]["fdt"]
        for i in range(int(table["max_fds"])):
            file = table["fd"][i]
            if int(file) and int(file) not in seen:
                seen.add(int(file))
                yield file.dereference()


def pipe_pages():
    """The pages of all open pipes: with what nobody has read yet, and one kept for what comes."""
    kinds = [number(f"(unsigned long)&{kind}_fops", 0) for kind in ("pipefifo", "pipeanon")]
    pipes = {int(file["private_data"]) for file in open_files() if int(file["f_op"]) in kinds}
    for pipe in (at(address, "struct pipe_inode_info") for address in pipes):
        full = [pipe["bufs"][i & (int(pipe["ring_size"]) - 1)]["page"]
                for i in range(int(pipe["tail"]), int(pipe["head"]))]
        kept = pipe["tmp_page"]
        if kept.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
            full += [kept[i] for i in range(kept.type.range()[1] + 1)]
        else:
            full.append(kept)
        yield from (page for page in full if int(page))


def deepest(bottom, size):
    """Bytes of a stack that were ever used, if it was all zeros in the beginning; else None.

    Its lowest word may be STACK_END_MAGIC, and the task's own mark is no use of the stack.
    """
    memory = words(bottom, size)
    start = 1 if memory[0] == 0x57AC6E9D else 0
    first = next((i for i in range(start, len(memory)) if memory[i]), len(memory))
    return None if first == start else size - 4 * first


def thread_size():
    """Bytes of a kernel stack."""
    return number("(unsigned long)&__end_init_stack") - number("(unsigned long)&__start_init_stack")


def interrupt_stack():
    """Its lowest address, or 0, and its size: with TINY_IRQ_STACK it is the lower half of swapper's stack."""
    top, size, swapper = number("irq_stack_ptr", 0), thread_size(), number("(unsigned long)&__start_init_stack")
    if not top:
        return 0, 0
    if swapper < top < swapper + size:
        size = top - swapper
    return top - size, size


def run(function):
    """Call it; an error ends gdb with a status that says so, which gdb does not do by itself."""
    try:
        function()
    except (gdb.error, gdb.GdbError) as error:
        print(error, file=sys.stderr)
        gdb.execute("quit 1")
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
        gdb.execute("quit 1")
