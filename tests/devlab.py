# SPDX-License-Identifier: GPL-2.0
"""What the device tests share: a hypervisor with a dom0 that has disks and a
network, a guest with some of them, and ways to count what a device holds.
Logs: build/results/devices-<hypervisor>"""

import functools
import re
import struct
import subprocess
from contextlib import contextmanager

import pytest
from bootlab import KERNEL, SHIM_IS_LONG, Lab
from conftest import BUILT, TOP
from labwork import EXTRA, dom0_programs
from xenlab import DOM0_BUILD, INITRD, unpacked

TRACING = "/sys/kernel/tracing"
MIB = 1 << 20

# What grants_in_use() asks for.
GRANT_LIST = r"\(XEN\) grant-table for remote d\d+ "

DOM0 = "192.0.2.10"
GUEST = "192.0.2.50"

# {name in dom0: MiB}. The last one is for the long tests and sparse.
DISKS = {"vda": 96, "vdb": 8, "vdc": 4, "vdd": 8, "vde": 1100}

# (first sector, sectors) of vdb's partitions.
PARTITIONS = ((64, 4096), (4160, 8192))


def partition_table():
    """A master boot record with PARTITIONS."""
    entries = b"".join(
        struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", *part)
        for part in PARTITIONS
    )
    return b"\0" * 446 + entries.ljust(64, b"\0") + b"\x55\xaa"


@functools.cache
def host_pattern():
    """The pattern program for this machine, which need not run 32-bit ones."""
    folder = BUILT / "devices/host"
    subprocess.run(["make", "-s", "-C", TOP / "tests/devices", f"O={folder}",
                    "CFLAGS=-O2 -std=gnu11 -Wall", folder / "pattern"], check=True)
    return folder / "pattern"


class Devices(Lab):
    """A Lab whose dom0 has disks and whose guest has the first three of them
    and an interface."""

    group = "devices"

    def machine(self):
        self.make_disks(DISKS)
        with open(self.images["vdb"], "r+b") as image:
            image.write(partition_table())
        return {
            "files": {
                "/guest/kernel": KERNEL,
                "/guest/initrd": unpacked(INITRD, EXTRA),
                # Debian's kernel as a guest, to compare with.
                "/guest/kernel64": DOM0_BUILD / "vmlinuz",
                "/guest/initrd64": unpacked(DOM0_BUILD / "guest64.gz", EXTRA),
                **dom0_programs(),
            },
            "disks": list(self.images.values()),
            "archives": [DOM0_BUILD / "qemu.gz"],
            "dom0_mem": 512,
        }

    def make_disks(self, sizes):
        """self.images, empty ones, of {name in dom0: MiB}."""
        folder = self.folder / "disks"
        folder.mkdir(parents=True, exist_ok=True)
        self.images = {name: folder / f"{name}.img" for name in sizes}
        for name, size in sizes.items():
            with open(self.images[name], "wb") as image:
                image.truncate(size * MIB)

    def close(self):
        self.dom0.close()
        for image in self.images.values():
            image.unlink()

    def devices(self):
        return {
            "disks": [
                "phy:/dev/vda,xvda,w",
                "phy:/dev/vdb,xvdb,w",
                "phy:/dev/vdc,xvdc,r",
            ],
            "vifs": ["mac=00:16:3e:00:00:01"],
        }

    def prepare(self, guest):
        super().prepare(guest)
        guest.check(f"ip link set lo up; ip addr add {GUEST}/24 dev eth0;"
                    " ip link set eth0 up")

    def check(self, allowed=()):
        super().check(tuple(allowed) + (GRANT_LIST,))

    def vbd(self, guest, number):
        """The path in dom0's sysfs of the backend of a disk."""
        return f"/sys/bus/xen-backend/devices/vbd-{guest.domid}-{number}"

    @contextmanager
    def disk(self, guest, name, front, mode="w"):
        """Disk `name` of dom0 is `front` in the guest."""
        self.attach(guest, f"phy:/dev/{name},{front},{mode}", front)
        try:
            yield f"/dev/{front}"
        finally:
            self.detach(guest, front)

    def attach(self, guest, spec, front):
        self.dom0.check(f"xl block-attach {guest.name} '{spec}'", 60)
        guest.wait_until(f"[ -b /dev/{front} ] && [ $(cat /sys/block/{front}/size) != 0 ]")

    def detach(self, guest, front):
        """Ask for it, and wait until all of it is gone on both sides."""
        number = vbd_number(front)
        self.dom0.check(f"xl block-detach {guest.name} {front}", 60)
        guest.wait_until(f"[ ! -e /sys/block/{front} ]")
        self.dom0.wait_until(f"[ ! -e {self.vbd(guest, number)} ]")

    def grants_in_use(self, guest):
        """How many of the guest's grants somebody has mapped, in Xen's words."""
        text = self.dom0.ask_xen("g", "gnttab_usage_print_all ] done")
        part = text.split(f"grant-table for remote d{guest.domid} ")[1]
        return len(re.findall(r"\(XEN\) \[0x", part.split("grant-table for remote")[0]))

    def channels(self, guest):
        """The guest's event channels in use, in Xen's words."""
        return len(self.dom0.check(f"lsevtchn {guest.domid}").splitlines())


@contextmanager
def background(shell, name, command):
    """A command that runs meanwhile, its output in /tmp/<name>; ended at the
    end of the block if it has not come to an end."""
    shell.check(f"({command}) >/tmp/{name} 2>&1 & echo $! >/tmp/{name}.pid")
    try:
        yield
    finally:
        shell.run(f"kill $(cat /tmp/{name}.pid); rm -f /tmp/{name} /tmp/{name}.pid")


def vbd_number(front):
    """A disk's number in xenstore: xvda is 51712."""
    return (202 << 8) + 16 * (ord(front[3]) - ord("a"))


GRANTS_A_FRAME = 512


def grants_taken(guest):
    """How many grant references the guest's drivers have taken: variables of
    its kernel, read by a probe on something that does happen."""
    frames, free = guest.check(
        f"grep -q {TRACING} /proc/mounts || mount -t tracefs tracefs {TRACING}; cd {TRACING};"
        " echo 'p:grants do_sys_openat2 frames=@nr_grant_frames:u32 free=@gnttab_free_count:u32'"
        " >kprobe_events && echo 1 >events/kprobes/grants/enable && : </dev/null &&"
        " echo 0 >events/kprobes/grants/enable &&"
        " sed -n 's/.*frames=\\(.*\\) free=/\\1 /p' trace | tail -n 1;"
        " echo >kprobe_events; echo >trace; cd /",
        # A probe goes away when every CPU has been idle once.
        120,
    ).split()
    return int(frames) * GRANTS_A_FRAME - int(free)


def interrupts(guest):
    """The guest's interrupts that belong to devices."""
    return guest.check("awk '/xen-dyn/ { print $NF }' /proc/interrupts").split()


class Held:
    """What the guest's devices hold, in its kernel's words and in Xen's."""

    def __init__(self, devices, guest):
        self.taken = grants_taken(guest)
        self.mapped = devices.grants_in_use(guest)
        self.interrupts = sorted(interrupts(guest))
        self.channels = devices.channels(guest)

    def check_same(self, before):
        """As before. Grants may have become fewer: a disk that is not used gives
        them back after a minute."""
        assert (self.taken <= before.taken and self.mapped <= before.mapped
                and self.interrupts == before.interrupts
                and self.channels == before.channels), f"held before: {before}, now: {self}"

    def __str__(self):
        return (f"{self.taken} grants, {self.mapped} of them mapped,"
                f" {self.channels} event channels, interrupts {' '.join(self.interrupts)}")

    def check_more(self, before, after, interrupts_more):
        """A device more than before and after, so interrupts and channels more, and
        more grants than after it. Not more than before: the disks that were there
        all the time may have given back more meanwhile."""
        assert self.taken > after.taken
        assert len(self.interrupts) == len(before.interrupts) + interrupts_more
        assert self.channels == before.channels + interrupts_more


@pytest.fixture(scope="session", params=SHIM_IS_LONG)
def devices(request):
    lab = Devices(request.param)
    yield lab
    lab.close()


@pytest.fixture
def devguest(devices):
    guest = devices.guest()
    yield guest
    devices.check()
