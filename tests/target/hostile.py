#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a sound image hostile: pointers and tables that leave it. usage: hostile.py IMAGE

The entries are named for what becomes of them: "far" has its direct blocks 128 MiB further on, so has
the program "prog"; "packed" ends its first block there; "table" has its pointers behind the image.
Others stay as they are.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cramfs  # noqa: E402

AWAY = 0x08000000


def main():
    """Change the entries by name; all must be there."""
    path = sys.argv[1]
    image = cramfs.Image(path, 4096)
    data = bytearray(image.bytes)
    names = {os.path.basename(name): inode for name, inode in image.entries()}

    for name in (b"far", b"prog"):
        inode, moved = names[name], 0
        for at in range(inode["offset"], inode["offset"] + -(-inode["size"] // 4096) * 4, 4):
            pointer, = struct.unpack_from("<I", data, at)
            if pointer & cramfs.DIRECT:
                struct.pack_into("<I", data, at, pointer + (AWAY >> 2))
                moved += 1
        assert moved, name
    at = names[b"packed"]["offset"]
    pointer, = struct.unpack_from("<I", data, at)
    assert not pointer >> 30
    struct.pack_into("<I", data, at, pointer + AWAY)
    # The entry is found by its name; the inode stands before it: its last word has the offset.
    at = data.index(b"table\0\0\0") - 4
    word, = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, word & 63 | (image.size + AWAY) >> 2 << 6)
    with open(path, "wb") as file:
        file.write(data)


main()
