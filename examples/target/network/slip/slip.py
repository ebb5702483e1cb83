#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The other end of a serial line with IP (SLIP, RFC 1055), for a guest in QEMU, without any rights of root.

usage: slip.py LINE OWN HUB

LINE is the socket of the guest's serial port, HUB that of a hub in QEMU, which has frames of Ethernet, one a
datagram; OWN is made for the hub to answer to. A line has two ends and no addresses, so packets go to
everybody at the hub, and who asks there for the guest gets an answer. It ends with QEMU.
"""

import select
import socket
import struct
import sys
import time

END, ESC, ESC_END, ESC_ESC = b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"
GUEST = socket.inet_aton("10.0.2.15")
OWN_MAC = b"\x52\x54\x00\x00\x00\x15"
EVERYBODY = b"\xff" * 6
IP, ARP = 0x0800, 0x0806
LONGEST = 1500   # bytes a packet
WAITING = 16384  # bytes of packets on their way to the guest; more are lost, as with any router


def connected(path):
    """The guest's line; QEMU may not have begun yet."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    for _ in range(300):
        try:
            line.connect(path)
            return line
        except OSError:
            time.sleep(0.1)
    sys.exit(f"slip.py: {path}: QEMU does not begin")


class Bridge:
    """Packets between a line and a hub."""

    def __init__(self, line, own, hub):
        self.line = connected(line)
        self.line.setblocking(False)
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)  # what waits, waits in self.leaving
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.wire.bind(own)
        self.hub = hub
        self.arriving = b""
        self.leaving = b""

    def frame(self, kind, payload, destination=EVERYBODY):
        """To the hub. It may be full, as a network may be."""
        frame = destination + OWN_MAC + struct.pack("!H", kind) + payload
        try:
            self.wire.sendto(frame.ljust(60, b"\0"), socket.MSG_DONTWAIT, self.hub)
        except OSError:
            pass

    def from_line(self, data):
        """What is between two END is a packet; what is longer than any, or is none, is noise."""
        *packets, self.arriving = (self.arriving + data).split(END)
        self.arriving = self.arriving[-2 * LONGEST:]
        for packet in packets:
            packet = packet.replace(ESC_END, END).replace(ESC_ESC, ESC)
            if 20 <= len(packet) <= LONGEST and packet[0] >> 4 == 4:
                self.frame(IP, packet)

    def from_hub(self, frame):
        """A packet for the guest goes down the line; a question who that is gets an answer."""
        kind, payload = struct.unpack("!H", frame[12:14])[0], frame[14:]
        if kind == ARP and payload[6:8] == b"\0\1" and payload[24:28] == GUEST:
            self.frame(ARP, payload[:6] + b"\0\2" + OWN_MAC + GUEST + payload[8:18], frame[6:12])
        elif kind == IP and payload[16:20] == GUEST:
            packet = payload[:struct.unpack("!H", payload[2:4])[0]]  # without what fills a frame
            if len(self.leaving) + len(packet) <= WAITING:
                self.leaving += END + packet.replace(ESC, ESC_ESC).replace(END, ESC_END) + END

    def run(self):
        """Until QEMU ends."""
        while True:
            readable, writable, _ = select.select([self.line, self.wire], [self.line] if self.leaving else [], [])
            if self.line in readable:
                data = self.line.recv(4096)
                if not data:
                    return
                self.from_line(data)
            if self.wire in readable:
                self.from_hub(self.wire.recv(65536))
            if writable:
                self.leaving = self.leaving[self.line.send(self.leaving[:512]):]


def main():
    """The arguments are sockets."""
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    line, own, hub = sys.argv[1:]
    try:
        Bridge(line, own, hub).run()
    except ConnectionError:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
