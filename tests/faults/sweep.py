#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets one thing after the other fail in a command, and looks at what comes of it.

usage: sweep.py memory|calls POINTS PROGRAM ARGUMENT...

memory: allocation 1, 2, 3... to the last; calls: each system call of the program, by strace.
At most POINTS of them, evenly spread, when POINTS is not 0. The command runs in the current
directory; what it makes there has names that begin with "out.". Each failure must end

- as if nothing had happened: status, output, messages and files of an undisturbed run, or
- with status 8 and one line of the program on standard error ("out of memory" when that was it),
  a beginning of the right text on standard output, and every "out." as it was before.

What a library does by itself when it gets no memory, whoever calls it, is listed in KNOWN.
"""
import collections
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

# A function or a library, in which an allocation failed, and the lines that then come on standard
# error. There still has to be status 8 and no output.
KNOWN = (
    # glibc's newlocale() tells of some of its allocations as ENOENT, and takes the locale for one
    # that does not exist from then on.
    (r"newlocale", r"mkxipfs: \S+( layer \S+)? cannot read archives without the locale C\.UTF-8"),
    # libarchive's archive_entry.c and archive_string.c end the process by __archive_errx(), which
    # writes a line of its own to descriptor 2 before mkxipfs is asked: where a reader of any format
    # notes a name, the target of a link or an extended attribute.
    (r"archive_\w+|libarchive\.so\.\d+",
     "Fatal Internal Error in libarchive: (No|Out of) memory\nmkxipfs: out of memory"),
    # libxml2, which reads the table of contents of xar, tells of it in its own words.
    (r"xml\w+|libxml2\.so\.\d+", r"(.*\n)+mkxipfs: out of memory"),
)

# libarchive 3.6 crashes here when a filter (lz4, lzma, xz and others) gets no memory to begin with:
# it closes what was never opened. There still has to be no output.
CRASHES = "archive_read_open1"

# A plausible error for each call. Those that are not here cannot fail (exit_group), or fail only
# for reasons that no user meets (munmap); of brk() a failure is no error number.
ERRORS = {
    "access": "EACCES", "clone3": "EAGAIN", "close": "EIO", "dup": "EMFILE",
    "fadvise64": "EIO", "fchdir": "EACCES", "fchmod": "EPERM", "fchown": "EPERM",
    "fchownat": "EPERM", "fcntl": "EMFILE", "fsync": "EIO", "ftruncate": "EFBIG",
    "getdents64": "EIO", "ioctl": "ENOTTY", "linkat": "EMLINK", "lseek": "EIO", "mkdir": "EACCES",
    "mkdirat": "EACCES", "mmap": "ENOMEM", "mremap": "ENOMEM", "newfstatat": "EIO", "open": "EMFILE",
    "mknodat": "ENOSPC", "openat": "EMFILE", "pread64": "EIO", "pwrite64": "ENOSPC", "read": "EIO",
    "readlink": "EIO", "readlinkat": "EIO", "rename": "EACCES", "renameat": "EACCES",
    "sched_getaffinity": "EINVAL", "statx": "EIO", "symlinkat": "EACCES", "write": "ENOSPC",
    "writev": "ENOSPC", "getrandom": "ENOSYS", "fstat": "EIO", "statfs": "EIO", "fstatfs": "EIO",
}
OLD = b"an old output\n"
Outcome = collections.namedtuple("Outcome", "status out err files")


def outputs():
    return sorted(name for name in os.listdir(".") if name.startswith("out."))


def clear():
    for name in outputs():
        shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)


def content(name):
    if os.path.isdir(name):
        return sorted(os.path.join(top, each) for top, dirs, files in os.walk(name)
                      for each in dirs + files)
    with open(name, "rb") as file:
        return file.read()


def run(command, old, environment):
    """Runs it with outputs OLD that are there already."""
    clear()
    for name, data in old.items():
        with open(name, "wb") as file:
            file.write(data)
    before = set(os.listdir("."))
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, env={**os.environ, **environment})
    left = set(os.listdir(".")) - before - set(outputs())
    if left:
        raise SystemExit(f"left behind: {left}")
    return Outcome(done.returncode, done.stdout, done.stderr,
                   {name: content(name) for name in outputs()})


def messages(outcome):
    """The lines on standard error, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", outcome.err.decode(errors="replace")).splitlines()


def inside(where, program):
    """Those of the functions WHERE that a library called, or the names of libraries."""
    return list(itertools.takewhile(lambda name: name != program, where))


def is_known(where, new, program):
    """Whether functions WHERE failed, innermost first, in a way that has to be put up with."""
    return any(re.fullmatch(lines, "\n".join(new)) and
               any(re.fullmatch(function, name) for name in inside(where, program))
               for function, lines in KNOWN)


def fault(point, got, good, old, program, where):
    """What is wrong with an outcome; None: nothing. WHERE: see is_known(); None for calls."""
    memory = where is not None
    if got == good:
        return None
    crash = memory and got.status == -signal.SIGSEGV and CRASHES in inside(where, program)
    if got.status != 8 and not crash:
        return f"status {got.status}"
    lines, usual = messages(got), messages(good)
    new = [line for line in lines if line not in usual]
    if crash or memory and is_known(where, new, program):
        new = [program + ": out of memory"]
    if len(new) != 1 or not new[0].startswith(program + ": "):
        return f"not one line on standard error: {lines}"
    if memory and new[0] != program + ": out of memory":
        return f"another message: {new[0]}"
    # One failed write leaves a gap, which a full disk would not; then status and message must do.
    if not good.out.startswith(got.out) and not re.match(r"write \d+ \(1,", point):
        return f"wrong text on standard output: {got.out[-300:]!r}"
    # Of an image and its report the image is renamed first: without the report it is still good.
    if re.match(r"rename \d+ \(.out\.(json|txt)", point):
        return None
    if {k: v for k, v in got.files.items() if isinstance(v, bytes)} != old:
        return f"outputs are {sorted(got.files)}"
    return None


def memory_points(command, preload, where):
    preloaded = {"LD_PRELOAD": preload, "FAIL_WHERE": where}
    run(command, {}, {**preloaded, "FAIL_COUNT": os.path.abspath("out.count")})
    with open("out.count", encoding="ascii") as file:
        count = int(file.read())
    return [(f"allocation {n}", command, {**preloaded, "FAIL_AT": str(n)})
            for n in range(1, count + 1)]


def call_points(command):
    """Each call behind the first of main(), which asks whether standard input is open."""
    run(["strace", "-f", "-o", "out.trace"] + command, {}, {})
    with open("out.trace", errors="replace", encoding="utf-8") as file:
        calls = re.findall(r"^\d+ +(\w+)\((.*)", file.read(), re.M)
    seen, begun, points = collections.Counter(), False, []
    for name, arguments in calls:
        seen[name] += 1
        begun |= name == "fcntl" and arguments.startswith("0, F_GETFD")
        # When a message cannot be written, nothing can tell of it.
        if begun and name in ERRORS and not (name == "write" and arguments.startswith("2,")):
            points.append((f"{name} {seen[name]} ({arguments[:60]}): {ERRORS[name]}",
                           ["strace", "-f", "-o", "/dev/null", "-e", "inject="
                            f"{name}:error={ERRORS[name]}:when={seen[name]}"] + command, {}))
    return points


def main():
    what, most, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    program = os.path.basename(command[0])
    good = run(command, {}, {})
    if good.status in (8, 16):
        sys.exit(f"FAIL: it fails undisturbed: {good.err.decode(errors='replace')}")
    memory = what == "memory"
    where = tempfile.NamedTemporaryFile("r")
    points = memory_points(command, os.environ["FAILING_MALLOC"], where.name) if memory else \
        call_points(command)
    chosen = points
    if most and len(points) > most:
        chosen = [points[i * len(points) // most] for i in range(most)]
    # Every other time the outputs are there already.
    old = {name: OLD for name, data in good.files.items() if isinstance(data, bytes)}
    faults = 0
    for number, (point, disturbed, environment) in enumerate(chosen):
        before = old if number % 2 else {}
        got = run(disturbed, before, environment)
        where.seek(0)
        functions = where.read().split() if memory else None
        wrong = fault(point, got, good, before, program, functions)
        if wrong:
            faults += 1
            print(f"{point}: {wrong}")
            if functions:
                print("  in " + " ".join(functions))
    clear()
    print(f"{len(chosen)} of {len(points)} failures, {faults} faults")
    if faults or not chosen:
        sys.exit(f"FAIL: {faults} of {len(chosen)} failures end badly")


main()
