#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ends an image too early: usage: cut.py IMAGE FILE TABLE

FILE has the last blocks of the image, direct: the image ends within its third last page. TABLE has eight
pages; of its block pointers the first four are the last words of the image, and the others behind it.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cramfs  # noqa: E402

PAGE = 4096


def main():
    """Change the size in the super block, move the pointers and change where the inode has them."""
    path, name, table = sys.argv[1:]
    image = cramfs.Image(path, PAGE)
    data = bytearray(image.bytes)
    inode = image.find(name.encode())
    assert inode["size"] % PAGE == 0
    last = image.block(inode, inode["size"] // PAGE - 1)
    assert last[0] + PAGE == image.size and last[2:] == (True, True), last
    end = image.size - 2 * PAGE - 400
    struct.pack_into("<I", data, 4, end)

    inode = image.find(table.encode())
    assert inode["size"] == 8 * PAGE
    pointers = data[inode["offset"]:inode["offset"] + 8 * 4]
    data[end - 4 * 4:end + 4 * 4] = pointers
    # The entry is found by its name; the last word of its inode, with the offset, stands before it.
    at = data.index(os.path.basename(table).encode() + b"\0\0\0") - 4
    word, = struct.unpack_from("<I", data, at)
    assert word >> 6 == inode["offset"] >> 2
    struct.pack_into("<I", data, at, word & 63 | end - 16 >> 2 << 6)
    with open(path, "wb") as file:
        file.write(data)


main()
