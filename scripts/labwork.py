# SPDX-License-Identifier: GPL-2.0
"""Work for a guest, and for who talks to it, that notices when something gets lost
while the guest is saved, restored or moved. The programs are those of tests/devices
and tests/guest, in /tests of the guest and of who talks to it."""

import re
from contextlib import contextmanager

from labconsole import LabError

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


def listens(protocol, port):
    """A shell command that succeeds when somebody waits for that port."""
    state = "0A" if protocol == "tcp" else "07"
    return f"grep -q ':{port:04X} 00000000:0000 {state}' /proc/net/{protocol}"


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
            self._start(guest, name, command)
        if askers:
            self._start(guest, "serve", f"/tests/echo serve {PORT}")
            guest.wait_until(listens("tcp", PORT))
        for dom0 in askers:
            dom0.check(f"touch {self.go}")
            self._start(dom0, "ask", f"/tests/echo ask {address} {PORT} {self.go}")

    def _file(self, name):
        return f"/tmp/{self.guest.name}-{name}"

    def _start(self, shell, name, command):
        file = self._file(name)
        shell.check(f"({command}) >{file}.out 2>&1 & echo $! >{file}.pid")

    def _check_runs(self, shell, name):
        file = self._file(name)
        shell.check(f"kill -0 $(cat {file}.pid) || {{ cat {file}.out; false; }}", 60)

    def check_alive(self):
        """All of it still runs."""
        for name in self.jobs:
            self._check_runs(self.guest, name)
        for dom0 in self.askers:
            self._check_runs(dom0, "ask")

    def _last_words(self, shell, name):
        file = self._file(name)
        shell.wait_until(f"! kill -0 $(cat {file}.pid) 2>/dev/null", 120)
        return shell.check(f"cat {file}.out")

    def stop(self):
        """{job: its last words}, each of them well; an error otherwise."""
        said = {}
        for number, dom0 in enumerate(self.askers, 1):
            dom0.check(f"rm -f {self.go}")
            said[f"ask {number}"] = self._last_words(dom0, "ask")
            self._demand(said[f"ask {number}"], r"^\d+ answers")
        if self.askers:
            self.guest.check(f"kill $(cat {self._file('serve')}.pid)")
        if "stress" in self.jobs:
            self.guest.check(f"kill -INT $(cat {self._file('stress')}.pid)")
        self.guest.check(f"rm -f {self.go}")
        for name in self.jobs:
            said[name] = self._last_words(self.guest, name)
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
