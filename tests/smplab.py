# SPDX-License-Identifier: GPL-2.0
"""What the SMP tests share: a hypervisor with its dom0, and guests with more
vCPUs than the machine has CPUs. Logs: build/results/smp-<hypervisor>"""

import re
from contextlib import contextmanager

import pytest
from bootlab import KERNEL, KUNIT_KERNELS, SHIM_IS_LONG, Lab, no_complaint
from conftest import BUILD, BUILT
from labwork import EXTRA, PROGRAMS
from xenlab import DOM0_BUILD, INITRD, cpio, unpacked

# Configurations of scripts/*.config, which the long tests make, and the 64-bit guest.
KERNELS = {name: BUILT / f"kernel-{name}/arch/x86/boot/bzImage" for name in ("up", "debug-locks")}
KERNELS["amd64"] = KUNIT_KERNELS["amd64"]
SMALL = BUILD / "guest/small.gz"
WORKLOADS = BUILD / "workloads/guest.gz"
# For create(): a guest with stress-ng, hackbench and cc1 in its initrd.
WORK = {"ramdisk": "/guest/work", "memory": 512}
DISK_SIZE = 256 << 20

# Where Xen does not emulate the TSC: otherwise that is most of what is done where all
# programs read the time again and again; and the periodic ticks that 32 vCPUs have
# until the clocksource is chosen are all that two emulated CPUs have time for.
stable_tsc = pytest.mark.parametrize("smp", ["pv32-tsc"], indirect=True)

SYSFS = "/sys/devices/system/cpu"


def with_pattern(initrd):
    """And the program that fills memory, or a disk, and checks it."""
    return unpacked(initrd) + cpio({"/tests/pattern": (PROGRAMS / "pattern").read_bytes()})


def work_initrd():
    """That of WORK: the lab's, with what stress-ng and others need."""
    return unpacked(INITRD, EXTRA, WORKLOADS)


class Smp(Lab):
    """A Lab with room for larger guests; the shared one has VCPUS."""

    group = "smp"
    VCPUS = 4

    def machine(self):
        self.disk = self.folder / "disk.img"
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.disk, "wb") as image:
            image.truncate(DISK_SIZE)
        return {
            "files": {
                "/guest/kernel": KERNEL,
                "/guest/kernel64": DOM0_BUILD / "vmlinuz",
                "/guest/initrd64": DOM0_BUILD / "guest64.gz",
                "/guest/initrd": with_pattern(INITRD),
                "/guest/small": with_pattern(SMALL),
                "/guest/work": work_initrd(),
                "/guest/work64": unpacked(DOM0_BUILD / "guest64.gz", EXTRA, WORKLOADS),
                **{f"/guest/kernel-{name}": kernel for name, kernel in KERNELS.items()
                   if kernel.is_file()},
            },
            "disks": [self.disk],
            # More than 4 GiB, and those above that are taken first: most hosts are so.
            "memory": 6144,
            "dom0_mem": 1024,
            # stress-ng executes opcodes at random.
            "mended": True,
        }

    def close(self):
        self.dom0.close()
        self.disk.unlink()

    def devices(self):
        return {"vcpus": self.VCPUS}

    @contextmanager
    def own(self, name, allowed=(), **keywords):
        with super().own(name, allowed, **keywords) as guest:
            self.prepare(guest)
            yield guest
            no_complaint(guest.check("dmesg", 60), allowed)

    def has_high_memory_left(self):
        """So no guest has memory below 4 GiB: Xen takes from there last."""
        # A zone is as large as all before it, and the first one is a page.
        heap = self.dom0.ask_xen("H", "[zone=40]")
        zones = re.findall(r"\[zone=(\d+)\] -> (\d+) pages", heap)
        return any(int(zone) > 20 and int(pages) for zone, pages in zones)

    def set_vcpus(self, guest, count):
        """Even if there are fewer CPUs than that."""
        self.dom0.check(f"xl vcpu-set --ignore-host {guest.name} {count}", 60)


def online(guest):
    """How many CPUs the guest uses."""
    ranges = guest.read(f"{SYSFS}/online").split(",")
    ends = [(part.split("-")[0], part.split("-")[-1]) for part in ranges]
    return sum(int(last) - int(first) + 1 for first, last in ends)


def wait_online(guest, count):
    """Until the guest has as many, and no more are there. One that comes is put
    to use by user space: by a rule of udev's, or here."""
    others = f"{SYSFS}/cpu[0-9]*/online"
    guest.wait_until(f"[ $(ls {others} 2>/dev/null | wc -l) = {count - 1} ]", 60)
    guest.check(f"for f in {others}; do [ ! -e $f ] || grep -q 1 $f || echo 1 >$f; done", 60)
    assert online(guest) == count


def counting(name):
    """The command for interrupts(), where it is to be part of a longer one."""
    return (f"awk '$NF ~ /^{name}$/ {{ for (i = 2; i <= NF; i++) n += $i }} END {{ print n }}'"
            " /proc/interrupts")


def interrupts(guest, name):
    """An interrupt's counters, by its name in /proc/interrupts, of all CPUs."""
    count = guest.check(counting(name))
    assert count, f"no interrupt {name}"
    return int(count)


# One after the other, each for all the files: it takes more than half a minute to start.
@pytest.fixture(scope="session", params=SHIM_IS_LONG)
def smp(request):
    lab = Smp(request.param)
    yield lab
    lab.close()


@pytest.fixture
def smpguest(smp):
    guest = smp.guest()
    yield guest
    smp.check()


@pytest.fixture
def dom0_elsewhere(smp):
    """CPU 1 is for the guests alone."""
    smp.dom0.check("xl vcpu-pin Domain-0 all 0")
    yield
    smp.dom0.check("xl vcpu-pin Domain-0 all all")
