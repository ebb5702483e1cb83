#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest's web server meets on the network, all of it on 127.0.0.1: clients, and somebody who means ill.

Clients come by a port that QEMU's user network forwards. The other one is on the guest's Ethernet: QEMU exchanges
its frames as UDP datagrams. Every loop ends after a number of rounds or at a time.
"""

import argparse
import concurrent.futures
import os
import random
import socket
import struct
import sys
import time

GUEST = socket.inet_aton("10.0.2.15")
OWN_MAC = b"\x52\x54\x00\x00\x00\x99"


def pages(folder):
    """The pages that the guest serves, by name."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def make_pages(folder):
    """Pages of 1 byte to 64 KiB, with other contents each."""
    os.makedirs(folder, exist_ok=True)
    for size in (1, 100, 1000, 1460, 2048, 4095, 4096, 4097, 10000, 32768, 65536):
        with open(os.path.join(folder, f"{size}"), "wb") as file:
            file.write(random.Random(size).randbytes(size))


class Silence(Exception):
    """A connection that ended without a word."""


def get(port, name, content, limit, again):
    """One request, and as many more when there is no answer at all; what was wrong, or nothing."""
    for left in reversed(range(again + 1)):
        try:
            return get_once(port, name, content, limit)
        except Silence:
            print(f"client: {name}: no answer, {left} times more", flush=True)
    return f"{name}: no answer"


def get_once(port, name, content, limit):
    """One request; what was wrong, or nothing."""
    began = time.monotonic()
    answer = bytearray()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=limit) as client:
            client.sendall(f"GET /test/{name} HTTP/1.0\r\nHost: guest\r\n\r\n".encode())
            while data := client.recv(65536):
                answer += data
                if time.monotonic() > began + limit:
                    break
    except ConnectionResetError as error:
        if answer:
            return f"{name}: {error} after {len(answer)} bytes"
    except OSError as error:
        return f"{name}: {error}"
    if time.monotonic() > began + limit:
        return f"{name}: not complete in {limit} s"
    if not answer:
        raise Silence
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    if not head.startswith((b"HTTP/1.0 200 ", b"HTTP/1.1 200 ")):
        return f"{name}: {head[:80]!r}"
    if body != content:
        return f"{name}: {len(body)} bytes, not those {len(content)}"
    return None


def request(args):
    """Many requests, some at a time; each has the right answer."""
    all_pages = pages(args.pages)
    chance = random.Random(args.seed)
    names = [chance.choice(list(all_pages)) for _ in range(args.count)]
    if args.count == len(all_pages):
        names = list(all_pages)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(args.parallel) as pool:
        wrong = [said for said in pool.map(lambda name: get(args.port, name, all_pages[name], args.within, args.again),
                                          names) if said]
    for said in wrong[:5]:
        print("client:", said)
    print(f"client: {len(names) - len(wrong)} of {len(names)} requests right, "
          f"{args.parallel} at a time, {time.monotonic() - began:.1f} s", flush=True)
    return bool(wrong)


def checksum(data):
    """That of IP."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Peer:
    """A machine on the guest's Ethernet with as many addresses as it likes."""

    def __init__(self, own, guest):
        self.wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.wire.bind(("127.0.0.1", own))
        self.wire.connect(("127.0.0.1", guest))
        self.guest_mac = None
        self.answered = {"arp": 0, "syn-ack": 0, "reset": 0}

    def send(self, kind, payload, destination=None):
        """One frame; the port may be full, or QEMU not there any more."""
        frame = (destination or self.guest_mac or b"\xff" * 6) + OWN_MAC + struct.pack("!H", kind) + payload
        self.wire.send(frame.ljust(60, b"\0"))

    def ip(self, source, protocol, payload, fragment=0, ident=0, ttl=64):
        """An IP packet to the guest."""
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, ttl, protocol, 0, source, GUEST)
        self.send(0x0800, head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload)

    def tcp(self, source, port, flags, sequence, target=80):
        """A TCP segment without data to the guest."""
        head = struct.pack("!HHIIBBHHH", port, target, sequence, 0, 0x50, flags, 8192, 0, 0)
        pseudo = source + GUEST + struct.pack("!BBH", 0, 6, len(head))
        self.ip(source, 6, head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:])

    def arp(self, operation, sender, target_mac, target):
        """An ARP packet to the guest."""
        self.send(0x0806, struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, OWN_MAC, sender, target_mac, target))

    def listen(self, seconds):
        """For so long, answer ARP for 10.0.2.100 to 199, and count what the guest says."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.wire.settimeout(left)
            try:
                frame = self.wire.recv(2048)
            except (TimeoutError, ConnectionRefusedError):
                return
            kind, payload = frame[12:14], frame[14:]
            if kind == b"\x08\x06" and payload[14:18] == GUEST:
                self.guest_mac = frame[6:12]
                if payload[6:8] == b"\0\1" and payload[24:27] == GUEST[:3] and 100 <= payload[27] < 200:
                    self.answered["arp"] += 1
                    self.arp(2, payload[24:28], frame[6:12], GUEST)
            elif kind == b"\x08\0" and payload[9] == 6:
                flags = payload[33]
                self.answered["syn-ack"] += flags & 0x12 == 0x12
                self.answered["reset"] += bool(flags & 4)

    def meet(self):
        """Learn the guest's address on the wire."""
        for _ in range(60):
            self.arp(1, socket.inet_aton("10.0.2.100"), b"\0" * 6, GUEST)
            self.listen(0.5)
            if self.guest_mac:
                return
        sys.exit("client: the guest does not answer ARP")


def half_open(args):
    """Connections that are begun and never finished, from a hundred addresses."""
    peer = Peer(args.own, args.guest)
    peer.meet()
    chance = random.Random(args.seed)
    for number in range(args.count):
        source = GUEST[:3] + bytes([100 + number % 100])
        peer.tcp(source, 1024 + number, 2, chance.getrandbits(32))
        peer.listen(0.005)
    peer.listen(1)
    print(f"client: {args.count} connections half open, answers {peer.answered}", flush=True)
    return peer.answered["syn-ack"] == 0


def garbage(args):
    """Frames that nobody needs: noise, broken headers, pieces of packets, questions from everywhere."""
    peer = Peer(args.own, args.guest)
    peer.meet()
    chance = random.Random(args.seed)
    for number in range(args.count):
        source = GUEST[:3] + bytes([100 + chance.randrange(100)])
        anybody = chance.randbytes(4)
        noise = chance.randbytes(chance.choice((0, 1, 20, 46, 500, 1480)))
        kind = number % 8
        if kind == 0:
            peer.send(chance.getrandbits(16), noise)
        elif kind == 1:
            peer.send(chance.choice((0x0800, 0x0806, 0x86dd, 0x8100)), noise, b"\xff" * 6)
        elif kind == 2:  # an IP packet whose header is noise
            peer.send(0x0800, b"\x45" + noise)
        elif kind == 3:  # the first piece of a packet, or one in the middle
            peer.ip(source, 17, (noise + b"\0" * 8)[:1400], 0x2000 | chance.randrange(0, 0x400, 64), chance.getrandbits(16))
        elif kind == 4:
            peer.arp(1, GUEST[:3] + bytes([chance.randrange(20, 250)]), b"\0" * 6, GUEST)
        elif kind == 5:
            peer.tcp(source, chance.getrandbits(16), chance.getrandbits(8), chance.getrandbits(32),
                     chance.choice((80, chance.getrandbits(16))))
        elif kind == 6:
            peer.ip(source, chance.choice((1, 17)), noise)
        else:  # from addresses that are nowhere near
            peer.ip(anybody, chance.getrandbits(8), noise)
        peer.listen(0.002)
    peer.listen(1)
    print(f"client: {args.count} frames of garbage, answers {peer.answered}", flush=True)
    return 0


def ports(_):
    """Three ports that are free now: one for TCP, two for UDP."""
    sockets = [socket.socket(socket.AF_INET, kind)
               for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_DGRAM)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    print(*(one.getsockname()[1] for one in sockets))
    return 0


def main():
    """What the first argument names."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("make-pages")
    command.add_argument("folder")
    command.set_defaults(run=lambda args: make_pages(args.folder))
    commands.add_parser("ports").set_defaults(run=ports)
    command = commands.add_parser("request")
    command.add_argument("port", type=int)
    command.add_argument("pages")
    command.add_argument("count", type=int)
    command.add_argument("parallel", type=int)
    command.add_argument("seed", type=int)
    command.add_argument("--within", type=int, default=180, metavar="SECONDS", help="for each request")
    command.add_argument("--again", type=int, default=0, metavar="TIMES", help="for a request that nobody answered")
    command.set_defaults(run=request)
    for name, run in (("half-open", half_open), ("garbage", garbage)):
        command = commands.add_parser(name)
        command.add_argument("own", type=int)
        command.add_argument("guest", type=int)
        command.add_argument("count", type=int)
        command.add_argument("seed", type=int)
        command.set_defaults(run=run)
    args = parser.parse_args()
    return args.run(args) or 0


if __name__ == "__main__":
    sys.exit(main())
