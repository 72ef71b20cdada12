# SPDX-License-Identifier: GPL-2.0
"""How much our guest's disk and network take, beside the same of Debian's 64-bit
kernel as a guest of the same dom0. There is no goal: the numbers are printed and
kept in build/results/measured.json."""

from statistics import median

import pytest
from bootlab import GUESTS, MEASURED, MEMORY, side_by_side
from devlab import DOM0, background

pytestmark = [pytest.mark.devices, pytest.mark.long]

ROUNDS = 3
MIB = 16
PORT = 5009
ADDRESSES = {"i386": "192.0.2.51", "amd64": "192.0.2.52"}


def amount(text):
    """How many bytes a nanosecond, from what tests/devices/speed.c says."""
    mib, nanoseconds = map(int, text.split())
    assert mib == MIB and nanoseconds > 0
    return mib * (1 << 20) / nanoseconds


def disk_read(_, guest, __):
    return guest.check(f"/tests/speed read /dev/xvda {MIB}", 120)


def disk_write(_, guest, __):
    return guest.check(f"/tests/speed write /dev/xvda {MIB}", 120)


def net_send(dom0, guest, _):
    with background(dom0, "speed", f"exec /tests/speed take {PORT} {MIB}"):
        dom0.wait_for_listener(PORT)
        return guest.check(f"/tests/speed send {DOM0} {PORT} {MIB}", 120)


def net_take(dom0, guest, address):
    """Measured by who sends, who is told when all of it has been taken."""
    with background(guest, "speed", f"exec /tests/speed take {PORT} {MIB}"):
        guest.wait_for_listener(PORT)
        return dom0.check(f"/tests/speed send {address} {PORT} {MIB}", 120)


# By the counters of both kernels, in the unit they count in.
COUNTED = {
    disk_read: "awk '{ print $3 * 512 }' /sys/block/xvda/stat",
    disk_write: "awk '{ print $7 * 512 }' /sys/block/xvda/stat",
    net_send: "cat /sys/class/net/eth0/statistics/tx_bytes",
    net_take: "cat /sys/class/net/eth0/statistics/rx_bytes",
}


@pytest.fixture(scope="module")
def pair(devices):
    """Both, idle, with the same disk, one after the other at work."""
    common = {"memory": MEMORY, "disks": ["phy:/dev/vde,xvda,w"], "vifs": [""]}
    with side_by_side(devices.dom0, {name: {**common, **words}
                                     for name, words in GUESTS.items()}) as guests:
        for name, guest in guests.items():
            guest.check("chmod +x /tests/*; ip link set lo up;"
                        f" ip addr add {ADDRESSES[name]}/24 dev eth0; ip link set eth0 up")
            guest.wait_until(f"ping -c 1 -W 1 {DOM0} >/dev/null")
        yield guests


@pytest.mark.parametrize("what", COUNTED, ids=lambda what: what.__name__)
def test_speed(devices, pair, what):
    """In turns, so that what else the host does meets both."""
    found = {name: [] for name in pair}
    before = {name: int(guest.check(COUNTED[what])) for name, guest in pair.items()}
    for _ in range(ROUNDS):
        for name, guest in pair.items():
            found[name].append(amount(what(devices.dom0, guest, ADDRESSES[name])))
    for name, guest in pair.items():
        moved = int(guest.check(COUNTED[what])) - before[name]
        assert moved >= ROUNDS * MIB << 20
        MEASURED[f"{what.__name__} {devices.hypervisor} {name} MB/s"] = round(
            median(found[name]) * 1000, 1)
    ratio = median(found["i386"]) / median(found["amd64"])
    assert 0 < ratio < 1000
    MEASURED[f"{what.__name__} {devices.hypervisor} i386/amd64 ratio"] = round(ratio, 2)
