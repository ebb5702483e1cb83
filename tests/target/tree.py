#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the torture tree: an archive to build an image of, and what a kernel must show of it.

    tree.py ROOT-TREE ROOT.TABLE READBACK SCRIPT IMAGE.TAR DATA.TAR EXPECTED

IMAGE.TAR holds the bootable root, the program and script that read the tree back, and /torture;
DATA.TAR is a second image, one page of nothing but
directories, whose last entry has just the 264 bytes behind it that the kernel always reads. EXPECTED has a line for every entry, in
the words of guest/readback.c; where a file's last page is full, a further hash says what read(2)
gives when that page reads as zeros. All content is made from fixed seeds.
"""

import hashlib
import io
import itertools
import os
import struct
import sys
import tarfile

PAGE = 4096


def noise(seed, size):
    """Bytes that do not compress, the same in every run."""
    out = bytearray()
    for counter in itertools.count():
        if len(out) >= size:
            return bytes(out[:size])
        out += hashlib.sha256(f"{seed}/{counter}".encode()).digest()


def text(seed, size):
    """Bytes that compress well and differ by seed."""
    line = f"line of {seed} "
    return "".join(f"{line}{i}\n" for i in range(size // len(line) + 1)).encode()[:size]


def fnv(data):
    """The hash that guest/readback.c prints."""
    value = 0xcbf29ce484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return f"{value:016x}"


def printable(name):
    """A name as guest/readback.c prints it."""
    return "".join(chr(b) if 32 < b < 127 and b != 0x5c else f"\\x{b:02x}" for b in name)


class Tree:
    """Entries for an archive, and for some of them what is expected of the kernel."""

    def __init__(self, path):
        self.tar = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)
        self.expected = []

    def add(self, path, kind, data=b"", mode=0o644, uid=0, gid=0, device=(0, 0)):
        """One entry; `path` is bytes without a leading slash."""
        info = tarfile.TarInfo(path.decode("utf-8", "surrogateescape"))
        info.mode, info.uid, info.gid = mode, uid, gid
        info.type = {"f": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE,
                     "c": tarfile.CHRTYPE, "b": tarfile.BLKTYPE, "p": tarfile.FIFOTYPE}[kind]
        if kind == "f":
            info.size = len(data)
        if kind == "l":
            info.linkname = data.decode("utf-8", "surrogateescape")
            info.mode = mode = 0o777
        info.devmajor, info.devminor = device
        self.tar.addfile(info, io.BytesIO(data) if kind == "f" else None)
        return kind, data, mode, uid, gid, device

    def expect(self, path, entry):
        """Expect that entry of the guest, under /PATH."""
        kind, data, mode, uid, gid, device = entry
        size = {"d": "-", "c": "%d:%d" % device, "b": "%d:%d" % device}.get(kind, str(len(data)))
        nothing = "0" * 16
        read = fnv(data) if kind in "fl" else nothing
        mapped = fnv(data) if kind == "f" else nothing
        words = [printable(b"/" + path), kind, f"{mode:04o}", str(uid), str(gid), size, read, mapped]
        if kind == "f" and data and len(data) % PAGE == 0:
            words.append(fnv(data[:-PAGE] + bytes(PAGE)))
        self.expected.append(" ".join(words))

    def put(self, path, kind, **words):
        """Add and expect."""
        self.expect(path, self.add(path, kind, **words))


def elf(size, start, end, loads=1):
    """An FDPIC program for ARM whose code is the file's bytes from `start` to `end`, of noise."""
    body = bytearray(noise(("elf", size, start, end), size))
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01\x41", 2, 40, 1,
                         0x10000 + start, 52, 0, 0x5000200, 52, 32, loads, 0, 0, 0)
    load = struct.pack("<8I", 1, start, 0x10000 + start, 0x10000 + start, end - start, end - start,
                       5, 4)
    body[:len(header) + len(load)] = header + load
    return bytes(body)


def flat(size):
    """A bFLT program of revision 4, all text, neither packed nor loaded to RAM."""
    body = bytearray(noise(("flat", size), size))
    body[:64] = struct.pack(">4s15I", b"bFLT", 4, 64, size, size, size, 4096, size, 0, 0, *[0] * 6)
    return bytes(body)


def add_sizes(tree, base):
    """Every size around block edges, of each kind of content."""
    tree.put(base + b"/sizes", "d", mode=0o755)
    sizes = {0, 1, 2, 3, 4, 5, 75, 76, 77, 511, 512}
    for pages in (1, 2, 3):
        sizes.update(range(pages * PAGE - 5, pages * PAGE + 6))
    for size in sorted(sizes):
        tree.put(base + b"/sizes/text-%d" % size, "f", data=text("sizes", size))
        tree.put(base + b"/sizes/noise-%d" % size, "f", data=noise("sizes", size))
        tree.put(base + b"/sizes/zero-%d" % size, "f", data=bytes(size))
    for size in (8 * PAGE - 1, 8 * PAGE, 8 * PAGE + 1, 31 * PAGE + 7):
        tree.put(base + b"/sizes/long-%d" % size, "f", data=text("long", size))
    tree.put(base + b"/sizes/noise-big", "f", data=noise("big", 20 * PAGE + 1))


def add_blocks(tree, base):
    """Holes, stored and compressed blocks in every order, then with a page of code among them."""
    tree.put(base + b"/blocks", "d", mode=0o755)
    kinds = {"h": bytes(PAGE), "t": text("block", PAGE), "n": noise("block", PAGE)}
    for order in itertools.product("htn", repeat=3):
        for tail in (0, 100):
            data = b"".join(kinds[k] for k in order) + text("tail", tail)
            tree.put(base + b"/blocks/%s-%d" % ("".join(order).encode(), tail), "f", data=data)
    for order in itertools.permutations("xhtn"):
        for tail in (0, 100):
            at = (order.index("x") + 1) * PAGE
            data = bytearray(elf(5 * PAGE + tail, at, at + PAGE))
            data[84:PAGE] = text("header", PAGE - 84)
            for i, kind in enumerate(order, 1):
                if kind != "x":
                    data[i * PAGE:(i + 1) * PAGE] = kinds[kind]
            name = base + b"/blocks/elf-%s-%d" % ("".join(order).encode(), tail)
            tree.put(name, "f", data=bytes(data), mode=0o755)


def add_programs(tree, base):
    """Programs whose size is a multiple of the page, or not, with the last page mapped or not."""
    tree.put(base + b"/programs", "d", mode=0o755)
    for pages in (1, 2, 4):
        for size in (pages * PAGE - 4, pages * PAGE, pages * PAGE + 4):
            name = base + b"/programs/elf-%d" % size
            tree.put(name, "f", data=elf(size, 0, size), mode=0o755)
            name = base + b"/programs/flat-%d" % size
            tree.put(name, "f", data=flat(size), mode=0o755)
    for pages in (2, 4):
        size = pages * PAGE
        name = base + b"/programs/elf-%d-head" % size
        tree.put(name, "f", data=elf(size, 0, size - PAGE), mode=0o755)


def add_copies(tree, base):
    """One content under every mode, owner and type: what may not share an inode."""
    tree.put(base + b"/copies", "d", mode=0o755)
    modes = (0o644, 0o600, 0o4755, 0o2755, 0o1777, 0o6711, 0o000, 0o7777)
    program = elf(3 * PAGE + 20, 0, 3 * PAGE + 20)
    for mode in modes:
        tree.put(base + b"/copies/mode-%04o" % mode, "f", data=text("copy", 5000), mode=mode)
        tree.put(base + b"/copies/elf-%04o" % mode, "f", data=program, mode=mode)
    for uid, gid in ((0, 0), (1000, 0), (0, 100), (65535, 255), (1, 1)):
        tree.put(base + b"/copies/owner-%d-%d" % (uid, gid), "f", data=text("copy", 5000), uid=uid,
                 gid=gid)
    target = b"/a/target/that/is/also/the/content/of/a/file"
    tree.put(base + b"/copies/link", "l", data=target)
    tree.put(base + b"/copies/link-again", "l", data=target)
    tree.put(base + b"/copies/file-of-link", "f", data=target, mode=0o777)


def add_names(tree, base):
    """Names of every kind, and one folder with very many."""
    tree.put(base + b"/names", "d", mode=0o755)
    names = [b"n" * length for length in (1, 2, 3, 4, 5, 251, 252)]
    names += ["grüße-ж-漢字-🙂".encode(), ("ü" * 126).encode(), b"two words", b"-dash", b".hidden",
              b"back\\slash", b"tab\there", b"new\nline", b"A", b"a", b"a.", b"a-b", b"aa", b"Z",
              b"\x01", b"\x7f", b"~"]
    for name in names:
        tree.put(base + b"/names/" + name, "f", data=b"name " + name)
    tree.put(base + b"/many", "d", mode=0o755)
    for i in range(1000):
        tree.put(base + b"/many/entry-%d" % i, "f", data=b"entry %d\n" % (i // 2))


def add_kinds(tree, base):
    """Devices, FIFOs, links, empty things, deep folders."""
    tree.put(base + b"/kinds", "d", mode=0o1777, uid=12, gid=34)
    for major, minor in ((0, 0), (1, 3), (4, 64), (255, 255), (31, 0)):
        tree.put(base + b"/kinds/c%d-%d" % (major, minor), "c", mode=0o620, device=(major, minor))
        tree.put(base + b"/kinds/b%d-%d" % (major, minor), "b", mode=0o660, device=(major, minor),
                 gid=6)
    tree.put(base + b"/kinds/fifo", "p", mode=0o666)
    tree.put(base + b"/kinds/empty", "d", mode=0o700)
    tree.put(base + b"/kinds/empty-file", "f", mode=0o4000)
    for size in (1, 4, 255, 4090, 4095):
        tree.put(base + b"/kinds/link-%d" % size, "l", data=(b"0123456789/" * 400)[:size])
    path = base + b"/deep"
    tree.put(path, "d", mode=0o755)
    for level in range(30):
        path += b"/level-%d" % level
        tree.put(path, "d", mode=0o755)
    tree.put(path + b"/bottom", "f", data=b"the bottom\n")


def add_root(tree, folder, table, readback, script):
    """The root that boots, owned by root, with its devices and the test programs."""
    for parent, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            path = os.path.join(parent, name)
            inside = os.path.relpath(path, folder).encode()
            mode = os.lstat(path).st_mode & 0o7777
            if os.path.islink(path):
                tree.add(inside, "l", data=os.readlink(path).encode())
            elif os.path.isdir(path):
                tree.add(inside, "d", mode=mode)
            else:
                with open(path, "rb") as file:
                    tree.add(inside, "f", data=file.read(), mode=mode)
    with open(table, encoding="ascii") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            path, kind, mode, uid, gid, major, minor = line.split()[:7]
            tree.add(path[1:].encode(), kind, mode=int(mode, 8), uid=int(uid), gid=int(gid),
                     device=(int(major), int(minor)))
    tree.add(b"test", "d", mode=0o755)
    for name, path in ((b"readback", readback), (b"script", script)):
        with open(path, "rb") as file:
            tree.add(b"test/" + name, "f", data=file.read(), mode=0o755)


def main():
    """Write all three files."""
    folder, table, readback, script, image, data, expected = sys.argv[1:]
    tree = Tree(image)
    add_root(tree, folder, table, readback, script)
    tree.put(b"torture", "d", mode=0o755)
    tree.expected.clear()  # readback lists what is below it
    for part in (add_sizes, add_blocks, add_programs, add_copies, add_names, add_kinds):
        part(tree, b"torture")
    tree.tar.close()

    tiny = Tree(data)
    entries = []
    for name in (b"a", b"b", b"b/c", b"b/c/last"):
        entries.append((name, tiny.add(name, "d", mode=0o751)))
    # 76 bytes of superblock and 234 entries of 16 bytes, three of them of 20: the next one is at
    # 4096 - 264.
    names = [b"%04d" % i for i in range(227)] + [b"long%d" % i for i in range(3)] + [b"zlast"]
    for name in names:
        entries.append((b"b/c/" + name, tiny.add(b"b/c/" + name, "f")))
    for name, entry in entries:
        tree.expect(b"mnt/" + name, entry)
    tiny.tar.close()

    with open(expected, "w", encoding="ascii") as file:
        file.write("\n".join(sorted(tree.expected)) + "\n")


if __name__ == "__main__":
    main()
