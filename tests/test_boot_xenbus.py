# SPDX-License-Identifier: GPL-2.0
"""Xenbus and what lives by it: the balloon, the toolstack's requests."""

import re

import pytest
from bootlab import MEMORY

pytestmark = pytest.mark.boot

INFO = "/sys/devices/system/xen_memory/xen_memory0/info/current_kb"


def mem_total(guest):
    return int(re.search(r"MemTotal: +(\d+) kB", guest.read("/proc/meminfo"))[1])


def test_the_guest_answers_in_xenstore(lab, guest):
    """These the guest's own kernel has written."""
    where = f"/local/domain/{guest.domid}/control"
    assert lab.dom0.check(f"xenstore-read {where}/feature-poweroff") == "1"
    assert lab.dom0.check(f"xenstore-read {where}/feature-reboot") == "1"


def test_balloon(lab, guest):
    full = mem_total(guest)
    # The last word: a message of the kernel may come in between.
    held = int(guest.check(f"cat {INFO}").split()[-1])
    guest.check("dd if=/dev/urandom of=/tmp/kept bs=1M count=8 2>/dev/null")
    checksum = guest.check("md5sum /tmp/kept")
    lab.dom0.check(f"xl mem-set guest {MEMORY - 32}")
    guest.wait_until(f"[ $(cat {INFO}) -le {(MEMORY - 32) * 1024 + 1024} ]")
    # Three quarters at least, some pages may be in use for a while. The shim
    # has taken its part of what the domain may have before.
    least = 4 if lab.hypervisor == "shim" else 24
    assert least * 1024 <= full - mem_total(guest) <= 40 * 1024
    listed = int(lab.dom0.check("xl list guest | tail -n 1").split()[2])
    if lab.hypervisor != "shim":  # the domain there is the shim with its own memory
        assert listed <= MEMORY - 31

    lab.dom0.check(f"xl mem-set guest {MEMORY}")
    guest.wait_until(f"[ $(cat {INFO}) -ge {held - 1024} ]")
    assert abs(full - mem_total(guest)) <= 1024
    assert guest.check("md5sum /tmp/kept; rm /tmp/kept") == checksum
    # All of it is usable again.
    assert guest.run("/tests/mmap_protect 5 >/dev/null", 60).status == 0


def test_sysrq_through_xenstore(lab, guest):
    lab.dom0.check("xl sysrq guest h")
    guest.wait_until("dmesg | grep -q 'sysrq: HELP'")
