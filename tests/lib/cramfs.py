#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of cramfs images, for tests only: it shares no code with the programs it judges.

It does what Linux 6.12 fs/cramfs/inode.c does, function by function, with an exception where the
kernel would log an error.

usage: cramfs.py [-p PAGE_SIZE] list IMAGE        path mode uid gid size-or-device offset, one a line
       cramfs.py [-p PAGE_SIZE] cat IMAGE PATH    the content, as read(2) gives it
       cramfs.py [-p PAGE_SIZE] blocks IMAGE PATH start length kind, one block a line
       cramfs.py [-p PAGE_SIZE] map nommu|mmu|pages IMAGE PATH PAGE COUNT
                                                  pages mapped from flash, address of the first;
                                                  "pages": by a kernel that maps page by page
       cramfs.py [-p PAGE_SIZE] read IMAGE        reads all content; prints nothing when it is sound
       cramfs.py [-p PAGE_SIZE] compare IMAGE TREE
                                                  prints nothing when each regular file of the
                                                  folder TREE has the same content in the image
"""
import os
import sys
import zlib

UNCOMPRESSED = 1 << 31
DIRECT = 1 << 30


class Image:
    def __init__(self, path, page):
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.page = page
        for start in (0, 512):
            for order in ("little", "big"):
                if int.from_bytes(self.bytes[start:start + 4], order) == 0x28cd3d45:
                    self.start, self.order = start, order
                    self.size, self.flags = self.number(start + 4), self.number(start + 8)
                    if not self.flags & 1:
                        self.size = len(self.bytes)
                    self.root = self.inode(start + 64)
                    return
        raise ValueError("no super block")

    def take(self, offset, length):
        if offset < 0 or length < 0 or offset + length > len(self.bytes):
            raise ValueError("%d bytes at %d are outside the image" % (length, offset))
        return self.bytes[offset:offset + length]

    def number(self, offset, length=4):
        return int.from_bytes(self.take(offset, length), self.order)

    def inode(self, offset):
        words = [self.number(offset + i) for i in (0, 4, 8)]
        if self.order == "little":
            mode, uid = words[0] & 0xffff, words[0] >> 16
            size, gid = words[1] & 0xffffff, words[1] >> 24
            namelen, data = words[2] & 63, words[2] >> 6
        else:
            mode, uid = words[0] >> 16, words[0] & 0xffff
            size, gid = words[1] >> 8, words[1] & 0xff
            namelen, data = words[2] >> 26, words[2] & 0x3ffffff
        return dict(mode=mode, uid=uid, gid=gid, size=size, namelen=namelen * 4, offset=data * 4)

    def entries(self):
        """Yields (path, inode), parents first."""
        todo = [(b"", self.root)]
        while todo:
            path, inode = todo.pop()
            yield path or b"/", inode
            if inode["mode"] >> 12 != 4:
                continue
            position, last = inode["offset"], None
            children = []
            while position < inode["offset"] + inode["size"]:
                child = self.inode(position)
                name = self.take(position + 12, child["namelen"]).rstrip(b"\0")
                if not name or b"/" in name or b"\0" in name or name in (b".", b".."):
                    raise ValueError("bad name %r" % name)
                if self.flags & 2 and last is not None and name <= last:
                    raise ValueError("%r is not sorted" % name)
                self.take(position, 264)  # cramfs_readdir reads as much
                last = name
                children.append((path + b"/" + name, child))
                position += 12 + child["namelen"]
            todo.extend(reversed(children))

    def find(self, path):
        for name, inode in self.entries():
            if name == path:
                return inode
        raise ValueError("%r is not in the image" % path)

    def block(self, inode, index):
        """cramfs_read_folio() up to the block's place: (start, length, uncompressed, direct)"""
        count = -(-inode["size"] // self.page)
        table = inode["offset"] + index * 4
        pointer = self.number(table)
        uncompressed, direct = bool(pointer & UNCOMPRESSED), bool(pointer & DIRECT)
        if not self.flags & 0x800:
            uncompressed = direct = False
        else:
            pointer &= ~(UNCOMPRESSED | DIRECT)
        if direct:
            start = pointer << 2
            if uncompressed:
                length = self.page
                if index == count - 1:
                    length = inode["size"] % self.page
            else:
                length = self.number(start, 2)
                start += 2
            return start, length, uncompressed, True
        start = inode["offset"] + count * 4
        if index:
            start = self.number(table - 4)
            if self.flags & 0x800:
                if start & DIRECT:
                    before = start
                    start = (before & ~(UNCOMPRESSED | DIRECT)) << 2
                    if before & UNCOMPRESSED:
                        start += self.page
                    else:
                        start += 2 + self.number(start, 2)
                start &= ~(UNCOMPRESSED | DIRECT)
        return start, pointer - start, uncompressed, False

    def read(self, inode):
        """The content, as read(2) gives it."""
        blocks = []
        count = -(-inode["size"] // self.page)
        for index in range(count):
            start, length, uncompressed, _ = self.block(inode, index)
            want = min(self.page, inode["size"] - index * self.page)
            if length == 0:
                data = bytes(want)
            elif length < 0 or length > 2 * self.page or (uncompressed and length > self.page):
                raise ValueError("bad length %d of block %d" % (length, index))
            elif uncompressed:
                data = self.take(start, length)
            else:
                data = zlib.decompress(self.take(start, length))
            if len(data) != want:
                raise ValueError("block %d holds %d bytes, not %d" % (index, len(data), want))
            blocks.append(data)
        return b"".join(blocks)

    def direct_range(self, inode, first, pages):
        """cramfs_get_block_range(): address in the image, pages that are contiguous."""
        start = self.number(inode["offset"] + first * 4) & ~(UNCOMPRESSED | DIRECT)
        for i in range(pages):
            expect = start + i * (self.page >> 2) | UNCOMPRESSED | DIRECT
            if self.number(inode["offset"] + (first + i) * 4) != expect:
                return start << 2, i
        return start << 2, pages

    def map(self, mmu, inode, first, pages):
        """Pages mapped from flash, and where. Flash is at a page aligned address other than 0."""
        if not self.flags & 0x800:
            return 0, 0
        count = -(-inode["size"] // self.page)
        if not mmu:  # cramfs_physmem_get_unmapped_area()
            if first >= count or pages > count - first:
                raise ValueError("the range ends behind the file")
            start, direct = self.direct_range(inode, first, pages)
            return (pages, start) if direct == pages else (0, 0)
        if first >= count:  # cramfs_physmem_mmap()
            return 0, 0
        start, direct = self.direct_range(inode, first, min(pages, count - first))
        if not direct or start % self.page:
            return 0, 0
        partial = inode["size"] % self.page
        if first + direct == count and partial:  # cramfs_last_page_is_shared()
            last = (self.number(inode["offset"] + (count - 1) * 4) &
                    ~(UNCOMPRESSED | DIRECT)) << 2
            if any(self.take(last + partial, self.page - partial)):
                direct -= 1
        return (direct, start) if direct else (0, 0)

    def map_pages(self, inode, first, pages):
        """The same of a kernel that looks at each page by itself, as its patch describes it."""
        count = -(-inode["size"] // self.page)
        partial = inode["size"] % self.page
        found = []
        for index in range(first, min(first + pages, count)):
            pointer = self.number(inode["offset"] + index * 4)
            start = (pointer & ~(UNCOMPRESSED | DIRECT)) << 2
            if not self.flags & 0x800 or pointer >> 30 != 3 or start % self.page or \
                    start + self.page > self.size:
                continue
            if index == count - 1 and partial and \
                    any(self.take(start + partial, self.page - partial)):
                continue
            found.append(start)
        return len(found), found[0] if found else 0


def kind_of(length, uncompressed, direct):
    if length == 0:
        return "hole"
    if uncompressed:
        return "xip" if direct else "stored"
    return "direct" if direct else "compressed"


def compare(image, tree):
    entries, compared = dict(image.entries()), 0
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                if path[len(tree):] not in entries:
                    raise ValueError("%r is not in the image" % path)
                if image.read(entries[path[len(tree):]]) != file.read():
                    raise ValueError("%r differs" % path)
            compared += 1
    if not compared:
        raise ValueError("%r has no regular files" % tree)


def main(arguments):
    page = 4096
    if arguments[0] == "-p":
        page = int(arguments[1])
        arguments = arguments[2:]
    command, *rest = arguments
    out = sys.stdout.buffer
    if command == "map":
        image = Image(rest[1], page)
        which = image.find(rest[2].encode()), int(rest[3]), int(rest[4])
        print(*(image.map_pages(*which) if rest[0] == "pages" else
                image.map(rest[0] == "mmu", *which)))
        return
    image = Image(rest[0], page)
    if command == "list":
        for path, i in image.entries():
            size = 0 if i["mode"] >> 12 == 4 else i["size"]
            out.write(b"%s %o %d %d %d %d\n" % (path, i["mode"], i["uid"], i["gid"], size,
                                                i["offset"]))
    elif command == "cat":
        out.write(image.read(image.find(rest[1].encode())))
    elif command == "blocks":
        inode = image.find(rest[1].encode())
        for index in range(-(-inode["size"] // page)):
            start, length, uncompressed, direct = image.block(inode, index)
            print(start, length, kind_of(length, uncompressed, direct))
    elif command == "read":
        for path, inode in image.entries():
            if inode["mode"] >> 12 in (8, 10):
                try:
                    image.read(inode)
                except (ValueError, zlib.error) as error:
                    raise ValueError("%r: %s" % (path, error)) from error
    elif command == "compare":
        compare(image, rest[1].encode())
    else:
        raise ValueError("what is %s?" % command)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ValueError as error:
        sys.exit("cramfs.py: %s" % error)
