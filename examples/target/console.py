#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs QEMU on a script of console events instead of a person: boot.sh --run and the tests.

It waits for what the guest prints, never for time to pass, and types a command one character at a
time, each after the echo of the one before: small UARTs have no FIFO.
"""

import argparse
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROMPT = re.compile(rb"(?:^|\n)[^\n]{0,40}[#$] (?:\x1b\[6n)?$")
DEAD = re.compile(rb"Kernel panic|---\[ end trace|Attempted to kill init|Internal error:|BUG:|"
                  rb"Unhandled exception:")


class Failure(Exception):
    """The guest did not do what was expected of it."""


class Guest:
    """A QEMU process, its console and its monitor."""

    def __init__(self, command, log, deadline, silence=None, stopped=False):
        self.log = log
        self.deadline = deadline
        self.silence = silence
        self.heard = time.monotonic()
        self.text = b""
        self.folder = tempfile.TemporaryDirectory(prefix="mkxipfs-")
        self.monitor_path = os.path.join(self.folder.name, "monitor")
        self.gdb_path = os.path.join(self.folder.name, "gdb")
        self.qemu = subprocess.Popen(
            command[:1] + ["-display", "none", "-serial", "stdio", "-no-reboot",
                           "-monitor", f"unix:{self.monitor_path},server=on,wait=off",
                           "-gdb", f"unix:{self.gdb_path},server=on,wait=off"] + ["-S"] * stopped + command[1:],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def read(self):
        """Add what the guest has printed since; fail at the deadline or when QEMU is gone."""
        now = time.monotonic()
        left = self.deadline - now
        if left <= 0:
            raise Failure("time-out")
        if self.silence and now - self.heard > self.silence:
            raise Failure(f"the guest has said nothing for {self.silence:g} seconds")
        if not select.select([self.qemu.stdout], [], [], min(left, 1.0))[0]:
            return
        data = os.read(self.qemu.stdout.fileno(), 65536)
        if not data:
            raise Failure("QEMU ended")
        self.heard = time.monotonic()
        self.text += data
        self.log.write(data.replace(b"\r", b""))
        self.log.flush()

    def wait(self, pattern, start=0):
        """Wait until `pattern` matches what was printed from byte `start` on."""
        while True:
            match = pattern.search(self.text, start)
            if match:
                return match
            dead = DEAD.search(self.text)
            if dead:
                self.settle()
                raise Failure(f"the kernel died: {dead.group().decode()}")
            self.read()

    def settle(self):
        """Let the end of a crash report reach the log."""
        self.deadline = min(self.deadline, time.monotonic() + 2)
        try:
            while True:
                self.read()
        except Failure:
            pass

    def type(self, line):
        """Type a line, each character after the echo of the one before; where the last echo is."""
        for byte in line.encode() + b"\n":
            start = len(self.text)
            self.qemu.stdin.write(bytes([byte]))
            echo = self.wait(re.compile(re.escape(bytes([byte]))), start)
        return echo.start()

    def run(self, line):
        """Run a shell command at the prompt; return what it printed. A ^C at the end stops it."""
        self.wait(PROMPT)
        # The answer may have come together with the echo.
        start = self.type(line.removesuffix("\x03"))
        if line.endswith("\x03"):
            time.sleep(1)  # nothing tells that the command has begun
            self.qemu.stdin.write(b"\x03")
        self.wait(PROMPT, start)
        return self.text[start:]

    def host(self, command):
        """Run a command of this machine when the prompt is there; it must succeed."""
        self.wait(PROMPT)
        with subprocess.Popen(command, shell=True, stdin=subprocess.DEVNULL,
                              start_new_session=True) as process:
            try:
                while process.poll() is None:
                    self.read()
                    if DEAD.search(self.text):
                        raise Failure("the kernel died meanwhile")
            finally:
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            raise Failure(f"{command}: status {process.returncode}")
        # Behind the prompt may be what the kernel said meanwhile.
        start = len(self.text)
        self.qemu.stdin.write(b"\n")
        self.wait(PROMPT, start)

    def flood(self, count, line):
        """Run a command, and send so many characters at full speed while it runs, as short comments.

        A small UART has no FIFO and QEMU waits for it, so none is lost on the way to the driver. An
        XOFF stops the flood until there is an XON, as it would a real terminal.
        """
        self.wait(PROMPT)
        start = self.type(line)
        time.sleep(1)  # nothing tells that the command has begun
        text = b"#23456789abcdef\n" * (count // 16) + b"#" * (count % 16)
        while text:
            stopped = self.text.rfind(b"\x13", start) > self.text.rfind(b"\x11", start)
            _, writable, _ = select.select([], [self.qemu.stdin], [], 0.1)
            if writable and not stopped:
                text = text[os.write(self.qemu.stdin.fileno(), text[:64]):]
            if stopped or select.select([self.qemu.stdout], [], [], 0)[0]:
                self.read()
        # What nobody else has read is read by the shell: wait until it has nothing to say any more.
        self.wait(PROMPT, start)
        heard = 0
        while heard < len(self.text):
            heard = len(self.text)
            if select.select([self.qemu.stdout], [], [], 2.0)[0]:
                self.read()
        self.qemu.stdin.write(b"\n")
        self.wait(PROMPT, heard)

    def save_memory(self, address, size, path):
        """Write guest physical memory to a file, by the monitor."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(60)
            monitor.connect(self.monitor_path)
            stream = monitor.makefile("rwb", buffering=0)
            stream.write(b'pmemsave %#x %#x "%s"\ninfo version\n'
                         % (address, size, os.path.abspath(path).encode()))
            answer = b""
            while not re.search(rb"info version.*\n\(qemu\) $", answer, re.S):
                data = stream.read(4096)
                if not data:
                    raise Failure("the monitor went away")
                answer += data
        if not os.path.exists(path) or os.path.getsize(path) != size:
            raise Failure("pmemsave failed: " + answer.decode(errors="replace"))

    def ledger(self, vmlinux):
        """Print where the RAM is when the prompt is there."""
        self.wait(PROMPT)
        self.debug("ram.py", vmlinux)

    def debug(self, script, vmlinux):
        """Run one of the ledger's gdb scripts on the stopped guest, which goes on when it ends."""
        script = os.path.join(os.path.dirname(os.path.realpath(__file__)), "ledger", script)
        names = {name: os.path.join(self.folder.name, name) for name in ("MEMBLOCK", "LEDGER")}
        if os.path.exists(names["LEDGER"]):  # of the last time
            os.remove(names["LEDGER"])
        try:
            gdb = subprocess.run(
                ["gdb-multiarch", "-nx", "-batch", "-ex", "set confirm off",
                 "-ex", f"target remote {self.gdb_path}", "-x", script, vmlinux],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                env={**os.environ, **names}, timeout=max(1, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failure(f"gdb: {os.path.basename(script)} did not come to its end in time") from None
        if os.path.exists(names["LEDGER"]):
            with open(names["LEDGER"], encoding="utf-8") as ledger:
                print(ledger.read(), end="", flush=True)
        if gdb.returncode:
            # In front of the last line gdb complains of sources it does not find.
            lines = gdb.stderr.decode(errors="replace").strip().split("\n")
            raise Failure(f"gdb, {os.path.basename(script)}: {lines[-1]}")

    def end(self):
        """End this QEMU."""
        self.qemu.kill()
        self.qemu.wait()
        self.folder.cleanup()


def main():
    """Boot, do what the options say in their order, end QEMU."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", help="write the console here (default: standard output)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for all of it")
    parser.add_argument("--silence", type=float, help="seconds without a word that are a failure")
    parser.add_argument("--run", action="append", default=[], type=lambda line: (Guest.run, line),
                        help="type this at the prompt")
    parser.add_argument("--host", action="append", dest="run", metavar="COMMAND",
                        type=lambda command: (Guest.host, command),
                        help="in the order of --run, run this on this machine instead")
    parser.add_argument("--flood", action="append", default=[], metavar="COUNT:COMMAND",
                        help="after that, run this and send so many characters meanwhile")
    parser.add_argument("--until", help="wait for this regular expression first")
    parser.add_argument("--save", metavar="ADDRESS:SIZE:FILE",
                        help="at the end, write this part of guest memory to a file")
    parser.add_argument("--ledger", action="append", dest="run", metavar="VMLINUX",
                        type=lambda vmlinux: (Guest.ledger, vmlinux),
                        help="in the order of --run, print where the RAM is")
    parser.add_argument("qemu", nargs="+")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    vmlinux = next((words for do, words in args.run if do == Guest.ledger), None)

    with open(args.log, "wb") if args.log else os.fdopen(os.dup(1), "wb") as log:
        guest = Guest(args.qemu, log, time.monotonic() + args.timeout, args.silence,
                      stopped=bool(vmlinux))
        try:
            if vmlinux:
                guest.debug("boot.py", vmlinux)
            if args.until:
                guest.wait(re.compile(args.until.encode()))
            for do, command in args.run:
                do(guest, command)
            for flood in args.flood:
                count, line = flood.split(":", 1)
                guest.flood(int(count), line)
            if args.save:
                address, size, path = args.save.split(":", 2)
                guest.save_memory(int(address, 0), int(size, 0), path)
        except Failure as failure:
            if args.log:
                end = guest.text.decode(errors="replace").replace("\r", "").split("\n")[-25:]
                print("the end of the console:", *end, sep="\n", file=sys.stderr)
            print(f"console.py: {failure}", file=sys.stderr)
            return 1
        finally:
            guest.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
