# SPDX-License-Identifier: GPL-2.0
"""A disk's backend that is wrong, goes away or never comes: an error that names
the device, no harm to anything else, and the disk is usable once the backend is."""

import itertools
from contextlib import contextmanager

import pytest
from devlab import Held, vbd_number
from fakebackend import (
    BLKIF_OP_READ,
    BLKIF_OP_WRITE,
    CLOSED,
    CLOSING,
    CONNECTED,
    DISK,
    INIT_WAIT,
    INITIALISED,
    Fake,
    blk_request,
    blk_response,
    said,
)
from test_devices_block import PATTERN, on_host

pytestmark = pytest.mark.devices

FRONT = "xvdf"
NUMBER = vbd_number(FRONT)


def fake_disk(devices, guest, **back):
    return Fake(devices, guest, "vbd", NUMBER, {**DISK, **back})


SEEDS = itertools.count(50)


def write_and_compare(devices, guest, front, back, size):
    """Something new, written, read back and compared here."""
    seed = next(SEEDS)
    # Not sync, which waits for every disk: also for one whose partitions are
    # being read.
    guest.check(f"{PATTERN} write {seed} {size} | dd of=/dev/{front} bs=64k conv=notrunc,fsync"
                " 2>/dev/null && echo 3 >/proc/sys/vm/drop_caches", 60)
    same = f"same {size} MiB"
    assert guest.check(f"{PATTERN} check {seed} {size} </dev/{front}", 60) == same
    assert on_host(devices.images[back], seed, size) == same


@contextmanager
def no_harm(devices, guest):
    """The rest of the guest works with what the block leaves, the disk works
    afterwards, and nothing is held for what failed."""
    # As many persistent grants as the first disk can have.
    write_and_compare(devices, guest, "xvda", "vda", 16)
    before = Held(devices, guest)
    yield
    with devices.disk(guest, "vdd", FRONT):
        write_and_compare(devices, guest, FRONT, "vdd", 1)
    Held(devices, guest).check_same(before)


def others_work(devices, guest):
    """The first disk, and one that comes and goes now."""
    write_and_compare(devices, guest, "xvda", "vda", 1)
    with devices.disk(guest, "vde", "xvde"):
        pass


@pytest.mark.long
def test_never_connects(devices, devguest):
    """Neither before the guest has set up its ring, nor after. It is said, once."""
    with no_harm(devices, devguest):
        with fake_disk(devices, devguest) as fake:
            devguest.wait_until(f"[ -e /sys/bus/xen/devices/vbd-{NUMBER} ]")
            others_work(devices, devguest)
            fake.state(INIT_WAIT)
            fake.wait_for_front(INITIALISED)
            others_work(devices, devguest)
            assert devguest.read(f"/sys/bus/xen/devices/vbd-{NUMBER}/state") == "Initialised"
            said(devguest, f"Timeout connecting to device: device/vbd/{NUMBER} ", 60)


# (node, value, number in errno.h and what is said)
BAD_VALUES = (
    ("sectors", None, "2 reading sectors"),
    ("sectors", "many", "22 reading sectors"),
    ("sectors", "9" * 3000, "34 reading sectors"),
    ("info", "", "22 reading info"),
    ("sector-size", "66048", "34 reading sector-size"),
    ("sector-size", "768", "22 xlvbd_add"),
)


@pytest.mark.long
def test_bad_values(devices, devguest):
    """Said, and the disk is closed."""
    with no_harm(devices, devguest):
        for node, value, error in BAD_VALUES:
            devices.check()
            with fake_disk(devices, devguest, **{node: value}) as fake:
                fake.state(INIT_WAIT)
                fake.wait_for_front(INITIALISED)
                fake.state(CONNECTED)
                said(devguest, f"{fake.name}: {error} at {fake.back}$")
                fake.wait_for_front(CLOSING)
                fake.state(CLOSED)
                fake.wait_for_front(CLOSED)
                others_work(devices, devguest)


def test_connected_again(devices, devguest):
    """Which stands for another size of a disk that works, and for nothing of one that is
    being closed or has been."""
    with no_harm(devices, devguest):
        with fake_disk(devices, devguest, sectors="many") as fake:
            fake.state(INIT_WAIT)
            fake.wait_for_front(INITIALISED)
            fake.state(CONNECTED)
            fake.wait_for_front(CLOSING)
            fake.state(CONNECTED)
            others_work(devices, devguest)
            fake.state(CLOSED)
            fake.wait_for_front(CLOSED)
            fake.state(CONNECTED)
            others_work(devices, devguest)


def test_size_0(devices, devguest):
    """There is nothing to read and no room to write."""
    with no_harm(devices, devguest):
        with fake_disk(devices, devguest, sectors="0") as fake:
            fake.state(INIT_WAIT)
            fake.wait_for_front(INITIALISED)
            fake.state(CONNECTED)
            said(devguest, f"{fake.name}: disk of size 0 at {fake.back}$")
            devguest.wait_until(f"[ -b /dev/{FRONT} ]")
            assert devguest.check(f"wc -c </dev/{FRONT}") == "0"
            assert "No space left" in devguest.run(f"echo >/dev/{FRONT}").output
            others_work(devices, devguest)


@contextmanager
def in_use(devices, guest):
    """A disk of ours at work, by which everything gets an error but the last read:
    that one waits."""
    with fake_disk(devices, guest) as fake:
        fake.state(INIT_WAIT)
        fake.wait_for_front(INITIALISED)
        with fake.refusing():
            fake.state(CONNECTED)
            guest.wait_until(f"dd if=/dev/{FRONT} of=/dev/null count=1 2>&1 | grep -q error")
            # After this the guest is through with what it does for a new disk.
            others_work(devices, guest)
        guest.check(f"(dd if=/dev/{FRONT} of=/dev/null bs=512 count=1 iflag=direct;"
                    " echo status $?) >/tmp/reader 2>&1 &")
        yield fake


# What is said, and commands for the ring that follow from the first request.
GARBAGE = {
    r"response has incorrect id \(1000\)":
        lambda number, ident, operation: blk_response(number, 1000, operation),
    "response references no pending request":
        lambda number, ident, operation: blk_response(number, (ident + 1) % 32, operation),
    r"response has wrong operation \(1 instead of 0\)":
        lambda number, ident, operation: blk_response(number, ident, BLKIF_OP_WRITE),
    "illegal number of responses 1000":
        lambda number, ident, operation: f"produce {number + 1000}",
}


@pytest.mark.long
def test_garbage(devices, devguest):
    """The disk is not used further, and who reads gets an error."""
    with no_harm(devices, devguest):
        for cause, response in GARBAGE.items():
            devices.check()
            with in_use(devices, devguest) as fake:
                number, ident, operation = blk_request(fake)
                assert operation == BLKIF_OP_READ
                fake.ring(response(number, ident, operation))
                said(devguest, f"{FRONT}: {cause}")
                said(devguest, f"{FRONT} disabled for further use")
                devguest.wait_until("grep -q 'status 1' /tmp/reader")
                assert "error" in devguest.run(f"head -c 512 /dev/{FRONT}").output


@pytest.mark.long
@pytest.mark.parametrize("what", ["garbage", "nothing"])
def test_wrong_from_the_first_request_on(devices, devguest, what):
    """The first request is the kernel's own, for the partition table: whatever
    becomes of it, xenbus goes on."""
    with no_harm(devices, devguest):
        with fake_disk(devices, devguest) as fake:
            fake.state(INIT_WAIT)
            fake.wait_for_front(INITIALISED)
            fake.state(CONNECTED)
            number, _, operation = blk_request(fake)
            if what == "garbage":
                fake.ring(blk_response(number, 1000, operation))
                said(devguest, f"{FRONT} disabled for further use")
            others_work(devices, devguest)


@pytest.mark.parametrize("how", ["closes", "vanishes"])
def test_goes_away(devices, devguest, how):
    """In the middle of a read: who reads gets nothing, by an error or, from a disk
    that has no size any more, as its end."""
    with no_harm(devices, devguest):
        with in_use(devices, devguest) as fake:
            blk_request(fake)
            if how == "closes":
                fake.state(CLOSED)
                fake.wait_for_front(CLOSED)
            else:
                devices.dom0.check(f"xenstore-rm {fake.back}")
                said(devguest, f"{fake.name}: backend {fake.back} is gone$")
            devguest.wait_until("grep -q status /tmp/reader")
            assert "\n1+0 records in" not in "\n" + devguest.read("/tmp/reader")
            others_work(devices, devguest)


@pytest.mark.long
def test_comes_back(devices, devguest):
    """The driver in dom0 is taken from a disk and given back: what is written
    meanwhile waits and gets there."""
    with no_harm(devices, devguest):
        with devices.disk(devguest, "vdd", FRONT):
            driver = "/sys/bus/xen-backend/drivers/vbd"
            name = f"vbd-{devguest.domid}-{NUMBER}"
            devices.dom0.check(f"echo {name} >{driver}/unbind")
            devguest.check(f"({PATTERN} write 1 4 >/dev/{FRONT} && sync; echo status $?)"
                           " >/tmp/writer 2>&1 &")
            others_work(devices, devguest)
            assert "status" not in devguest.read("/tmp/writer")
            devices.dom0.check(f"echo {name} >{driver}/bind")
            devguest.wait_until("grep -q 'status 0' /tmp/writer", 60)
            assert on_host(devices.images["vdd"], 1, 4) == "same 4 MiB"
            write_and_compare(devices, devguest, FRONT, "vdd", 8)
