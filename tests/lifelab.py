# SPDX-License-Identifier: GPL-2.0
"""What the tests of a guest's life share: a hypervisor with a dom0 that can save
guests, guests with a disk and an interface, and work for them that notices when
something gets lost. Logs: build/results/life-<hypervisor>"""

import re
from contextlib import contextmanager

import pytest
from bootlab import KERNEL, Clean, wait_until
from devlab import EXTRA, GUEST, PROGRAMS, Devices, Held, unpacked
from smplab import WORKLOADS
from xenlab import INITRD, complaints

# {name in dom0: MiB}: the guest's disk; room for a saved guest (sparse).
DISKS = {"vda": 64, "vdb": 2048}
IMAGE = "/dev/vdb"
DISK = "/dev/xvda"
PORT = 5003
GO = "/tmp/go"

# Stressors that check what they do, for as long as they are left alone.
STRESS = ("--cpu 1 --switch 1 --futex 1 --fork 1 --exec 1 --sigq 1 --timer 1 --vm 1"
          " --vm-bytes 24m --mmap 1 --mmap-bytes 8m --mprotect 1 --pipe 1")
DISK_LOOP = (
    "s=1; while [ -e {go} ]; do /tests/pattern write $s 4 >{disk} && sync &&"
    " echo 3 >/proc/sys/vm/drop_caches && /tests/pattern check $s 4 <{disk} >/dev/null ||"
    " {{ echo wrong in round $s; break; }}; s=$((s + 1)); done; echo $s rounds")
LDT_LOOP = ("while [ -e {go} ]; do /tests/ldt_threads 1 >/dev/null ||"
            " echo wrong; done; echo over")


class Life(Devices):
    """A Lab with room to save guests in."""

    group = "life"

    def machine(self):
        self.make_disks(DISKS)
        return {
            "files": {
                "/guest/kernel": KERNEL,
                "/guest/initrd": unpacked(INITRD, EXTRA),
                "/guest/work": unpacked(INITRD, EXTRA, WORKLOADS),
                **{f"/tests/{path.name}": path for path in PROGRAMS.iterdir()},
            },
            "disks": list(self.images.values()),
            "memory": 3584,
            "dom0_mem": 1024,
        }

    def devices(self):
        return {"disks": ["phy:/dev/vda,xvda,w"], "vifs": ["mac=00:16:3e:00:00:01"]}

    def prepare(self, guest):
        # QEMU's network is out of it: it takes part in what is sent to a guest that
        # is not there at the moment, and ends its TCP connections.
        self.dom0.run("ip link set eth0 down")
        super().prepare(guest)

    def guest_with(self, name="guest", **keywords):
        """A guest of its own for a test, which it may end as it likes."""
        guest = self.dom0.create(name, **{**self.devices(), **keywords})
        self.prepare(guest)
        return guest


class Work:
    """Programs in the guest, and one in dom0 that talks to it, while the guest
    is saved, restored and moved."""

    def __init__(self, guest, dom0, disk=True, net=True, stress="", ldt=False):
        self.guest, self.dom0 = guest, dom0
        self.jobs = {"clockwatch": f"/tests/clockwatch {GO}"}
        if disk:
            self.jobs["disk"] = DISK_LOOP.format(go=GO, disk=DISK)
        if ldt:
            self.jobs["ldt"] = LDT_LOOP.format(go=GO)
        if stress:
            self.jobs["stress"] = (
                "cd /tmp && exec stress-ng --verify --temp-path /tmp --metrics-brief -t 0 "
                + stress)
        self.net = net
        guest.check(f"touch {GO}")
        for name, command in self.jobs.items():
            guest.check(f"({command}) >/tmp/{name}.out 2>&1 & echo $! >/tmp/{name}.pid")
        if net:
            guest.check(f"/tests/echo serve {PORT} >/tmp/serve.out 2>&1 &"
                        " echo $! >/tmp/serve.pid")
            wait_until(guest, f"netstat -tln | grep -q :{PORT}")
            dom0.check(f"touch {GO}; (/tests/echo ask {GUEST} {PORT} {GO}) >/tmp/ask.out 2>&1 &"
                       " echo $! >/tmp/ask.pid")

    def check_alive(self):
        """All of it still runs."""
        self.guest.check(
            f"(for n in {' '.join(self.jobs)}; do"
            " kill -0 $(cat /tmp/$n.pid) || { cat /tmp/$n.out; exit 1; }; done)", 60)
        if self.net:
            self.dom0.check("kill -0 $(cat /tmp/ask.pid) || { cat /tmp/ask.out; false; }")

    def stop(self):
        """{job: its last words}, each of them well."""
        said = {}
        if self.net:
            self.dom0.check(f"rm -f {GO}")
            wait_until(self.dom0, "! kill -0 $(cat /tmp/ask.pid) 2>/dev/null", 60)
            said["ask"] = self.dom0.check("cat /tmp/ask.out")
            assert re.search(r"\d+ answers", said["ask"]), said["ask"]
            self.guest.check("kill $(cat /tmp/serve.pid)")
        if "stress" in self.jobs:
            self.guest.check("kill -INT $(cat /tmp/stress.pid)")
        self.guest.check(f"rm -f {GO}")
        for name in self.jobs:
            wait_until(self.guest, f"! kill -0 $(cat /tmp/{name}.pid) 2>/dev/null", 120)
            said[name] = self.guest.check(f"cat /tmp/{name}.out")
        assert ", 0 back," in said["clockwatch"], said["clockwatch"]
        off = int(re.search(r"wall clock (\d+) ms off", said["clockwatch"]).group(1))
        assert off < 1000, said["clockwatch"]
        for name in "disk", "ldt":
            assert "wrong" not in said.get(name, ""), said[name]
        if "disk" in said:
            assert int(re.search(r"(\d+) rounds", said["disk"]).group(1)) > 1, said["disk"]
        if "stress" in said:
            assert "successful run completed" in said["stress"], said["stress"]
            assert not re.search(r"stress-ng: (?:fail|error):", said["stress"]), said["stress"]
        return said


@contextmanager
def working(guest, dom0, **keywords):
    """The guest works through the block, and has done all of it right."""
    work = Work(guest, dom0, **keywords)
    yield work
    work.check_alive()
    guest.said = work.stop()


def check_clock(guest, dom0):
    """The guest's wall clock is its host's."""
    def seconds(shell):
        return int(shell.check("date +%s"))

    before, there, after = seconds(dom0), seconds(guest), seconds(dom0)
    assert before - 1 <= there <= after + 1, (
        f"the guest's clock says {there}, dom0's {before} before and {after} after that")


def check_messages(guest, allowed=()):
    """The kernel has nothing to complain about."""
    found = complaints(guest.check("dmesg", 60), allowed)
    assert not found, "the guest's kernel complains:\n" + "\n".join(found)


MOVE_PORT = 4000


def move(guest, target=None, timeout=900):
    """`xl migrate` to another Dom0, or to the guest's own. The stream goes over
    plain TCP: what would have been ssh is nc."""
    source = guest.dom0
    if target in (None, source):
        command = "xl migrate-receive"
    else:
        target.check(f"nc -l -p {MOVE_PORT} -e /xen/bin/xl migrate-receive"
                     " >/tmp/receive.log 2>&1 &")
        wait_until(target, f"netstat -tln | grep -q :{MOVE_PORT}")
        command = f"nc {target.address} {MOVE_PORT}"
    source.check(f"xl migrate -s '' {guest.name} '{command}'", timeout)
    guest.follow(target)


@contextmanager
def kept(life, guest):
    """What the guest holds of Xen is the same after the block, and no log has a
    complaint."""
    clean = Clean(guest)
    # A disk keeps the grants of the most requests it has had at a time.
    guest.check(f"cat /dev/zero >{DISK} 2>/dev/null; sync; echo 3 >/proc/sys/vm/drop_caches;"
                f" cat {DISK} >/dev/null", 120)
    before = Held(life, guest)
    yield
    Held(life, guest).check_same(before)
    check_messages(guest)
    # What Xen said to grants_in_use().
    clean.check((r"\(XEN\) grant-table for remote d\d+ ",))


@pytest.fixture(scope="module")
def life():
    lab = Life("pv32")
    yield lab
    lab.close()
