# SPDX-License-Identifier: GPL-2.0
"""What the tests of the tree's own selftests share: tests/selftests/programs,
what a program's output says, and the two machines that run it, a guest and a
native one. Logs: build/results/selftests-<hypervisor>, selftests-native"""

import re
from collections import namedtuple

from bootlab import RESULTS, Lab, answers
from conftest import BUILD, BUILT, TOP
from devlab import unpacked
from differences import lines_of, unexplained
from xenlab import SCALE, Native

# With scripts/selftests.config.
KERNEL = BUILT / "kernel-selftests/arch/x86/boot/bzImage"
NATIVE = BUILT / "native-same-selftests/arch/x86/boot/bzImage"
SMALL = BUILD / "guest/small.gz"
EXTRA = BUILT / "selftests/guest.gz"
PROGRAMS_BUILT = BUILT / "selftests/built"
LIST = TOP / "tests/selftests/expected-differences"
PROGRAMS = TOP / "tests/selftests/programs"
MEMORY = 512
VCPUS = 2
LIMIT = 240
HUGE_PAGES = 32
PID_MAX = 1500

# What kselftest's runner takes for done and for left out.
STATUS = {0: "ok", 4: "skip"}
KILLED = 128 + 9

Program = namedtuple("Program", "line name native when reason")


def read_programs(text=None):
    """The entries; see the head of the file for their form."""
    entries = []
    for line, fields in lines_of(PROGRAMS.read_text() if text is None else text):
        if not 3 <= len(fields) <= 4 or not all(fields):
            raise ValueError(f"not PROGRAM | NATIVE | WHEN [| REASON]: {line}")
        program, native, when, reason = (fields + [""])[:4]
        if native not in ("pass", "skip", "fail", "unstable", "helper", "absent"):
            raise ValueError(f"what does {native} mean: {line}")
        if when not in ("short", "long", "never"):
            raise ValueError(f"when is {when}: {line}")
        if (native != "pass" or when == "never") and not reason:
            raise ValueError(f"no reason: {line}")
        entries.append(Program(program, program.split()[0], native, when, reason))
    return entries


def parse(output, status):
    """{check: result}, where result is `ok`, `skip` or `not ok`, one after the
    other where a check has more; the program itself is the check `exit`. Numbers
    are taken out of names: they are addresses, times and process numbers."""
    found = {}
    for line in output.splitlines():
        # TAP; its subtests are indented, or behind a #.
        if match := re.match(r"[#\s]*(not ok|ok)\b[\s\d]*(?:- )?(.*)$", line):
            what, name = match.groups()
            if re.search(r"# *SKIP\b", name, re.I):
                what = "skip"
            name = name.split(" #")[0]
        # What the tests of x86 do.
        elif match := re.match(r"\s*\[(OK|PASS|FAIL|SKIP)\]:?\s*(.*)$", line):
            what = {"FAIL": "not ok", "SKIP": "skip"}.get(match[1], "ok")
            name = match[2]
        else:
            continue
        name = re.sub(r"(0x)+[0-9a-f]+|\b[0-9a-f]{8}\b|-?\d+(\.\d+)?", "N", name, flags=re.I)
        name = " ".join(name.split()) or "-"
        found[name] = f"{found[name]}; {what}" if name in found else what
    found["exit"] = STATUS.get(status, f"not ok ({'killed' if status == KILLED else status})")
    return found


def passes(result):
    return all(what == "ok" for what in result.split("; "))


def fails(result):
    return "not ok" in result


def worse(was, now):
    """What a native kernel passes and the guest does not, or fails alone."""
    return passes(was) and not passes(now) or fails(now) and not fails(was)


def compare(line, native, guest, entries):
    """([difference that nobody expects], [entry that nothing needs]): what a
    native kernel passes the guest passes, and it fails nothing else."""
    native, guest = ({f"{line}: {name}": what for name, what in found.items()}
                     for found in (native, guest))
    entries = [entry for entry in entries if entry.name.split(": ")[0] == line]
    return unexplained(native, guest, entries, "guest", worse)


def run_program(shell, line, folder):
    """What it said, and its status; KILLED when it has not ended in time."""
    program, *arguments = line.split(" ", 1)
    group, name = program.rsplit("/", 1)
    words = " ".join([f"./{name}", *arguments])
    limit = int(LIMIT * SCALE)
    # What it has started is not to disturb the next one. busybox's setsid waits for
    # nothing if it leads a group already.
    inner = f"echo \\$\\$ >/tmp/group; exec timeout -s KILL {limit} {words}"
    result = shell.run(
        f"cd /selftests/{group} && sh -c 'setsid sh -c \"{inner}\"; exit $?'"
        " >/tmp/output 2>&1; status=$?;"
        " kill -s KILL -- -$(cat /tmp/group) 2>/dev/null; (exit $status)",
        LIMIT + 60,
    )
    output = shell.check("tail -c 100000 /tmp/output; rm -f /tmp/output; cd /", 60)
    path = folder / "programs" / line.replace("/", "-").replace(" ", "_")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{output}\nstatus {result.status}\n")
    return output, result.status


def set_up(machine):
    """File systems that the tests expect, huge pages where there are any, and so few
    process numbers that one comes again soon."""
    machine.check(
        "mkdir -p /dev/shm /dev/mqueue /etc; mount -t tmpfs none /dev/shm;"
        " mount -t mqueue none /dev/mqueue; mount -t debugfs none /sys/kernel/debug;"
        " echo root:x:0:0::/:/bin/sh >/etc/passwd;"
        f" echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages || :;"
        f" echo {PID_MAX} >/proc/sys/kernel/pid_max; test -x /selftests/x86/sigreturn_32"
    )


class Guest(Lab):
    """The guest, and its dom0."""

    group = "selftests"

    def machine(self):
        return {
            "files": {"/guest/kernel": KERNEL, "/guest/initrd": unpacked(SMALL, EXTRA)},
            "dom0_mem": 512,
            "mended": True,
        }

    def devices(self):
        return {"memory": MEMORY, "vcpus": VCPUS}

    def prepare(self, guest):
        super().prepare(guest)
        set_up(guest)


class Bare:
    """The native machine, a new one if a program has spoilt it."""

    def __init__(self):
        self.folder = RESULTS / "selftests-native"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.initrd = self.folder / "initrd"
        self.initrd.write_bytes(unpacked(SMALL, EXTRA))
        self.machine = None

    def shell(self):
        if self.machine:
            if answers(self.machine):
                return self.machine
            self.machine.close()
        self.machine = Native(
            NATIVE, initrd=self.initrd, memory=MEMORY, vcpus=VCPUS,
            cmdline="quiet loglevel=1", log=self.folder, mended=True,
        )
        self.machine.check("dmesg -n 1")
        set_up(self.machine)
        return self.machine

    def close(self):
        if self.machine:
            self.machine.close()
        self.initrd.unlink()
