# SPDX-License-Identifier: GPL-2.0
"""Work for a guest, and for who talks to it, that notices when something gets lost
while the guest is saved, restored or moved. The programs are those of tests/devices
and tests/guest, in /tests of the guest and of who talks to it."""

import re
from contextlib import contextmanager

import stack
from labconsole import LabError

# What scripts/lab-devices makes: the programs, and with more an initramfs of its own.
PROGRAMS = stack.tree_build() / "devices/programs"
EXTRA = stack.tree_build() / "devices/guest.gz"

PORT = 5003

# Stressors that check what they do, for as long as they are left alone.
STRESS = ("--cpu 1 --switch 1 --futex 1 --fork 1 --exec 1 --sigq 1 --timer 1 --vm 1"
          " --vm-bytes 24m --mmap 1 --mmap-bytes 8m --mprotect 1 --pipe 1")
_DISK_LOOP = (
    "s=1; while [ -e {go} ]; do /tests/pattern write $s 4 >{disk} && sync &&"
    " echo 3 >/proc/sys/vm/drop_caches && /tests/pattern check $s 4 <{disk} >/dev/null ||"
    " {{ echo wrong in round $s; break; }}; s=$((s + 1)); done; echo $s rounds")
_LDT_LOOP = ("while [ -e {go} ]; do /tests/ldt_threads 1 >/dev/null ||"
             " echo wrong; done; echo over")


def dom0_programs():
    """For Dom0(files=...): those that ask the guest."""
    return {f"/tests/{path.name}": path for path in PROGRAMS.iterdir()}


class Work:
    """Programs in the guest, and one in each of `askers`, dom0s, that has a TCP
    connection to the guest's `address`.

    disk: a disk in the guest to be written and read, or None. stress: stress-ng's
    arguments. ldt: threads that replace the LDT they use.
    """

    def __init__(self, guest, *askers, address, disk=None, stress="", ldt=False):
        self.guest, self.askers = guest, askers
        # While this file is there, they go on.
        self.go = f"/tmp/go-{guest.name}"
        self.jobs = {"clockwatch": f"/tests/clockwatch {self.go}"}
        if disk:
            self.jobs["disk"] = _DISK_LOOP.format(go=self.go, disk=disk)
        if ldt:
            self.jobs["ldt"] = _LDT_LOOP.format(go=self.go)
        if stress:
            self.jobs["stress"] = (
                "cd /tmp && exec stress-ng --verify --temp-path /tmp --metrics-brief -t 0 "
                + stress)
        guest.check(f"touch {self.go}")
        for name, command in self.jobs.items():
            guest.start(command, self._file(name))
        if askers:
            guest.start(f"exec /tests/echo serve {PORT}", self._file("serve"))
            guest.wait_for_listener(PORT)
        for dom0 in askers:
            dom0.check(f"touch {self.go}")
            dom0.start(f"/tests/echo ask {address} {PORT} {self.go}", self._file("ask"))

    def _file(self, name):
        return f"/tmp/{self.guest.name}-{name}"

    def check_alive(self):
        """All of it still runs."""
        self.guest.check_runs(*map(self._file, self.jobs))
        for dom0 in self.askers:
            dom0.check_runs(self._file("ask"))

    def stop(self):
        """{job: its last words}, each of them well; an error otherwise."""
        said = {}
        for number, dom0 in enumerate(self.askers, 1):
            dom0.check(f"rm -f {self.go}")
            said[f"ask {number}"] = dom0.outcome(self._file("ask"), 120)
            self._demand(said[f"ask {number}"], r"^\d+ answers")
        if self.askers:
            self.guest.check(f"kill $(cat {self._file('serve')}.pid)")
        if "stress" in self.jobs:
            self.guest.check(f"kill -INT $(cat {self._file('stress')}.pid)")
        self.guest.check(f"rm -f {self.go}")
        for name in self.jobs:
            said[name] = self.guest.outcome(self._file(name), 120)
        # The wall clock goes as the others do, to a second.
        self._demand(said["clockwatch"], r", 0 back, .* wall clock \d{1,3} ms off$")
        if "ldt" in said:
            self._demand(said["ldt"], r"^over$")
        if "disk" in said:
            self._demand(said["disk"], r"^(?:[2-9]|\d\d+) rounds$")
        if "stress" in said:
            self._demand(said["stress"], r"successful run completed")
            self._demand(said["stress"], r"\A(?![\s\S]*stress-ng: (?:fail|error):)")
        return said

    def _demand(self, words, pattern):
        if not re.search(pattern, words):
            raise LabError(f"{self.guest.name}: a program at work there says: {words}")


@contextmanager
def working(guest, *askers, **keywords):
    """The guest works through the block, and has done all of it right: guest.said."""
    work = Work(guest, *askers, **keywords)
    yield work
    work.check_alive()
    guest.said = work.stop()
