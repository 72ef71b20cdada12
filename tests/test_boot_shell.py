# SPDX-License-Identifier: GPL-2.0
"""The guest comes up, and is what it says it is."""

import re

import pytest
from bootlab import MARKER, MEMORY, measured, pv32_only

pytestmark = pytest.mark.boot


def test_machine(guest):
    assert guest.check("uname -m") == "i686"
    assert guest.check("cat /sys/hypervisor/type") == "xen"
    assert guest.check("cat /sys/hypervisor/guest_type") == "PV"


def test_command_line(guest):
    assert guest.read("/proc/cmdline") == f"console=hvc0 earlyprintk=xen {MARKER}"


def test_console_is_hvc0(guest):
    assert guest.read("/sys/class/tty/console/active").split()[-1] == "hvc0"
    assert re.search(r"^hvc0 .*\(E\w* ", guest.read("/proc/consoles").replace("EC", "E"), re.M)
    assert guest.check("readlink /proc/self/fd/1").endswith("/hvc0")


def test_memory(lab, guest):
    """What the domain was given is there; the kernel takes its part, and so
    does the shim."""
    part = 0.65 if lab.hypervisor == "shim" else 0.75
    total = int(re.search(r"MemTotal: +(\d+) kB", guest.read("/proc/meminfo"))[1])
    assert MEMORY * 1024 * part < total < MEMORY * 1024
    managed = int(re.search(r"Memory: \d+K/(\d+)K available", guest.log_text())[1])
    missing = 24 if lab.hypervisor == "shim" else 1
    assert abs(managed - MEMORY * 1024) <= missing * 1024


def test_no_page_is_writable_and_executable(guest):
    assert "Checked W+X mappings: passed, no W+X pages found." in guest.log_text()


@pv32_only
def test_64_megabytes(lab):
    with measured("pv32: guest of 64 MB up"), lab.own("small", memory=64) as guest:
        assert guest.check("uname -m") == "i686"
        assert guest.check("/tests/forkexec 1").splitlines()[-1].endswith(" 0 failed")


@pv32_only
def test_vmlinux(lab):
    with lab.own("vmlinux", kernel="/guest/vmlinux") as guest:
        assert guest.check("uname -m") == "i686"
        assert guest.greeting == lab.guest().greeting
