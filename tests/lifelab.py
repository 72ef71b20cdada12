# SPDX-License-Identifier: GPL-2.0
"""What the tests of a guest's life share: a hypervisor with a dom0 that can save
guests, guests with a disk and an interface, and work for them that notices when
something gets lost. Logs: build/results/life-<hypervisor>"""

from contextlib import contextmanager

import labwork
import pytest
from bootlab import KERNEL, Clean
from devlab import GUEST, Devices, Held
from labwork import EXTRA
from xenlab import BUILD, INITRD, complaints, unpacked

# {name in dom0: MiB}: the guest's disk; room for a saved guest (sparse).
DISKS = {"vda": 64, "vdb": 2048}
IMAGE = "/dev/vdb"
DISK = "/dev/xvda"


class Life(Devices):
    """A Lab with room to save guests in."""

    group = "life"

    def machine(self):
        self.make_disks(DISKS)
        return {
            "files": {
                "/guest/kernel": KERNEL,
                "/guest/initrd": unpacked(INITRD, EXTRA),
                "/guest/work": unpacked(INITRD, EXTRA, BUILD / "workloads/stress.gz"),
                **labwork.dom0_programs(),
            },
            "disks": list(self.images.values()),
            "memory": 3584,
            "dom0_mem": 1024,
            # Suspending and resuming changes the kernel's text, with all vCPUs busy.
            "mended": True,
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


def working(guest, *askers, disk=DISK, **keywords):
    """labwork's, with the guest's disk and address."""
    return labwork.working(guest, *askers, address=GUEST, disk=disk, **keywords)


def check_clock(guest, dom0, ahead=0):
    """The guest's wall clock is its host's, or as many seconds ahead of it."""
    def seconds(shell):
        return int(shell.check("date +%s"))

    before, there, after = seconds(dom0), seconds(guest), seconds(dom0)
    assert before - 1 <= there - ahead <= after + 1, (
        f"the guest's clock says {there}, dom0's {before} before and {after} after that")


def check_nmi(guest, dom0):
    """One that the toolstack sends arrives, and is counted by the first vCPU."""
    count = "awk '/NMI:/ { print $2 }' /proc/interrupts"
    before = int(guest.check(count))
    dom0.check(f"xl trigger {guest.name} nmi")
    guest.wait_until(f"[ $({count}) -gt {before} ]")


def free_memory(guest):
    """KiB, without what can be had by dropping caches."""
    return int(guest.check("echo 3 >/proc/sys/vm/drop_caches; sleep 1;"
                           " awk '/^MemFree:/ { print $2 }' /proc/meminfo", 60))


def check_messages(guest, allowed=()):
    """The kernel has nothing to complain about."""
    found = complaints(guest.check("dmesg", 60), allowed)
    assert not found, "the guest's kernel complains:\n" + "\n".join(found)


def held_with_new_disk(life, guest):
    """What the guest holds when its disk is new. One that has been used keeps the
    grants of the most requests that it has had at a time, and how many those were
    is chance."""
    [disk] = life.devices()["disks"]
    life.detach(guest, "xvda")
    life.attach(guest, disk, "xvda")
    return Held(life, guest)


@contextmanager
def kept(life, guest):
    """What the guest holds of Xen is the same after the block, and no log has a
    complaint."""
    clean = Clean(guest)
    before = held_with_new_disk(life, guest)
    yield
    held_with_new_disk(life, guest).check_same(before)
    check_messages(guest)
    # What Xen said to grants_in_use().
    clean.check((r"\(XEN\) grant-table for remote d\d+ ",))


@pytest.fixture(scope="module")
def life():
    lab = Life("pv32")
    yield lab
    lab.close()
