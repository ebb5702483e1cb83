#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gives each page of a file in an image a place of its own choice, as no planner would.

usage: mix.py IMAGE PATH LAYOUT

LAYOUT has a letter for each page: c compressed, d direct at a page boundary of the image, behind the
page before it where that is a d as well, j the same elsewhere, u direct at no page boundary, s direct
with other data behind the end of the file in its page, x direct beyond the image. The blocks are appended to the image.
"""
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cramfs  # noqa: E402

PAGE = 4096


def main():
    """Append the blocks in an order that tears runs apart, then the size."""
    path, name, layout = sys.argv[1:]
    image = cramfs.Image(path, PAGE)
    inode = image.find(name.encode())
    content = image.read(inode)
    assert len(layout) == -(-len(content) // PAGE), "a letter for each page"
    data = bytearray(image.bytes[:image.size])
    table = []
    for index, letter in enumerate(layout):
        page = content[index * PAGE:(index + 1) * PAGE]
        data += bytes(-len(data) % 4)
        if letter == "c":
            block = zlib.compress(page)
            table.append(len(data) >> 2 | cramfs.DIRECT)
            data += struct.pack("<H", len(block)) + block
            continue
        if letter == "x":
            table.append(0x04000000 | cramfs.DIRECT | cramfs.UNCOMPRESSED)
            continue
        data += bytes(-len(data) % PAGE)
        if letter == "j":
            data += b"\xff" * PAGE
        elif letter == "u":
            data += b"\xff" * 64
        table.append(len(data) >> 2 | cramfs.DIRECT | cramfs.UNCOMPRESSED)
        data += page + (b"\xff" if letter == "s" else b"\0") * (-len(page) % PAGE)
    data += bytes(-len(data) % PAGE)
    struct.pack_into(f"<{len(table)}I", data, inode["offset"], *table)
    struct.pack_into("<I", data, 4, len(data))
    with open(path, "wb") as file:
        file.write(data)


main()
