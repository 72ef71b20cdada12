# SPDX-License-Identifier: GPL-2.0
"""A grant table that is full: what is attached then fails and says why, what is
there works, and what failed works once there are grants again."""

import pytest
from devlab import DOM0, GRANTS_A_FRAME, grants_taken, vbd_number
from fakebackend import said
from test_devices_bad_input import write_and_compare

pytestmark = pytest.mark.devices

FRAMES = 4
FRONT = "xvdf"


@pytest.fixture
def small(devices):
    """A guest with a small grant table and a disk."""
    with devices.own("small", memory=96, disks=["phy:/dev/vde,xvda,w"],
                     vifs=["mac=00:16:3e:00:00:03"],
                     extra_config=f"max_grant_frames={FRAMES}") as guest:
        guest.check("dmesg -n 1; ip addr add 192.0.2.51/24 dev eth0; ip link set eth0 up;"
                    " modprobe xen-gntalloc limit=1000000")
        yield guest


def take_all(guest):
    """A program takes them; how many it got."""
    guest.check("/tests/grants 0 >/tmp/grants & echo $! >/tmp/grants.pid")
    guest.wait_until("grep -q grants /tmp/grants", 60)
    return int(guest.read("/tmp/grants").split()[0])


def give_back(guest):
    guest.check("kill $(cat /tmp/grants.pid); wait $(cat /tmp/grants.pid); true")


def test_full(devices, small):
    """A disk and an interface fail when they are attached, with a reason."""
    # Grants that the first disk keeps.
    write_and_compare(devices, small, "xvda", "vde", 8)
    before = grants_taken(small)
    count = take_all(small)
    assert count == FRAMES * GRANTS_A_FRAME - before
    devices.dom0.check(f"xl block-attach small 'phy:/dev/vdd,{FRONT},w'", 60)
    said(small, f"vbd vbd-{vbd_number(FRONT)}: 28 granting access to 1 ring pages")
    devices.dom0.check("xl network-attach small mac=00:16:3e:00:00:04", 60)
    said(small, "can.t alloc tx grant refs")
    said(small, "vif vif-1: only created 0 queues")
    write_and_compare(devices, small, "xvda", "vde", 1)
    small.check(f"ping -c 1 {DOM0}")
    devices.dom0.check(f"xl network-detach small 1; xl block-detach small {FRONT}", 120)
    give_back(small)
    with devices.disk(small, "vdd", FRONT):
        write_and_compare(devices, small, FRONT, "vdd", 2)
    assert grants_taken(small) <= before
