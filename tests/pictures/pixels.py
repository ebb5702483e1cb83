#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pixels.py FILE.png: "count #rrggbb" for each colour of a screenshot (8 bit RGB or RGBA)."""
import struct
import sys
import zlib
from collections import Counter


def unfilter(kind, line, above, step):
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        up = above[i]
        corner = above[i - step] if i >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        elif kind == 4:
            p = left + up - corner
            guess = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
        else:
            guess = 0
        line[i] = (line[i] + guess) & 255


def main():
    png = open(sys.argv[1], "rb").read()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and colour in (2, 6) and not interlaced
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    step = 3 if colour == 2 else 4
    raw = zlib.decompress(packed)
    above = bytearray(width * step)
    counts = Counter()
    for y in range(height):
        begin = y * (width * step + 1)
        line = bytearray(raw[begin + 1:begin + 1 + width * step])
        unfilter(raw[begin], line, above, step)
        counts.update(line[i:i + 3].hex() for i in range(0, len(line), step))
        above = line
    for colour, count in counts.most_common():
        print(count, "#" + colour)


main()
