# SPDX-License-Identifier: GPL-2.0
"""What the SMP tests share: a hypervisor with its dom0, and guests with more
vCPUs than the machine has CPUs. All of them are long. Logs:
build/results/smp-<hypervisor>"""

import pytest
from bootlab import Lab, wait_until
from conftest import BUILD

# With scripts/smp.config.
KERNEL = BUILD / "kernel-smp/arch/x86/boot/bzImage"
SYSFS = "/sys/devices/system/cpu"


class Smp(Lab):
    """A Lab with room for larger guests; the shared one has VCPUS."""

    group = "smp"
    VCPUS = 4

    def machine(self):
        return {"files": {"/guest/kernel": KERNEL}, "memory": 3072}

    def devices(self):
        return {"vcpus": self.VCPUS}

    def guest(self):
        old = self._guest
        guest = super().guest()
        if guest is not old:
            # Messages must not get between a command and its output.
            guest.check("dmesg -n 1")
        return guest

    def set_vcpus(self, guest, count):
        """Even if there are fewer CPUs than that."""
        self.dom0.check(f"xl vcpu-set --ignore-host {guest.name} {count}", 60)


def online(guest):
    """How many CPUs the guest uses."""
    return len(guest.check(f"grep -h 1 {SYSFS}/cpu[0-9]*/online; echo 1").splitlines())


def wait_online(guest, count):
    """Until the guest has as many, and no more are there. One that comes is put
    to use by user space: by a rule of udev's, or here."""
    others = f"{SYSFS}/cpu[0-9]*/online"
    wait_until(guest, f"[ $(ls {others} 2>/dev/null | wc -l) = {count - 1} ]", 60)
    guest.check(f"for f in {others}; do [ ! -e $f ] || grep -q 1 $f || echo 1 >$f; done", 60)
    assert online(guest) == count


def interrupts(guest, name):
    """An interrupt's counters, by its name in /proc/interrupts, of all CPUs."""
    lines = guest.check(f"grep -w '{name}' /proc/interrupts").splitlines()
    assert lines, f"no interrupt {name}"
    return sum(int(word) for line in lines for word in line.split()[1:] if word.isdigit())


@pytest.fixture(scope="module", params=["pv32", "shim"])
def smp(request):
    lab = Smp(request.param)
    yield lab
    lab.dom0.close()


@pytest.fixture
def smpguest(smp):
    guest = smp.guest()
    yield guest
    smp.check()
