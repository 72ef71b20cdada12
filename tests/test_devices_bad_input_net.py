# SPDX-License-Identifier: GPL-2.0
"""An interface's backend that is wrong, goes away or never comes: an error that
names the device, no harm to anything else, and the name can be used again."""

import struct
from contextlib import contextmanager

import pytest
from devlab import DOM0, Held, background
from fakebackend import CLOSED, CLOSING, CONNECTED, INIT_WAIT, INTERFACE, Fake, said
from test_devices_net import both_ways, interface

pytestmark = pytest.mark.devices

NUMBER = 7
MAC = "00:16:3e:00:02:07"


def fake_interface(devices, guest, mac=MAC, **back):
    return Fake(devices, guest, "vif", NUMBER, {**INTERFACE, **back}, {"mac": mac})


@contextmanager
def no_harm(devices, guest):
    """The rest of the guest works with what the block leaves and afterwards, and
    nothing is held for what failed."""
    before = Held(devices, guest)
    yield
    others_work(devices, guest)
    both_ways(devices, guest, 61, 1)
    Held(devices, guest).check_same(before)


def others_work(devices, guest):
    """The first interface, and one that comes and goes now."""
    guest.check(f"ping -c 1 {DOM0}")
    with interface(devices, guest, 6) as (_, here, _):
        guest.check(f"ping -c 1 {here}")


@pytest.mark.long
def test_never_connects(devices, devguest):
    """What belongs to it can be taken away, too, in whatever order."""
    with no_harm(devices, devguest):
        with fake_interface(devices, devguest) as fake:
            devguest.wait_until(f"[ -e /sys/bus/xen/devices/vif-{NUMBER} ]")
            others_work(devices, devguest)
            devices.dom0.check(f"xenstore-rm {fake.front}")
            others_work(devices, devguest)


def test_bad_address(devices, devguest):
    """Said, and the interface is closed."""
    with no_harm(devices, devguest):
        for mac, error in (None, 2), ("wrong", 2), ("0" * 2000, 2):
            devices.check()
            with fake_interface(devices, devguest, mac) as fake:
                fake.state(INIT_WAIT)
                said(devguest, f"{fake.name}: {error} parsing device/vif/{NUMBER}/mac")
                if mac is None:
                    # Even if the backend does not notice.
                    others_work(devices, devguest)
                fake.state(CLOSED)
                devguest.wait_until(f"[ ! -e /sys/bus/xen/devices/vif-{NUMBER} ]")


def test_removed_while_it_is_waited_for(devices, devguest):
    """Its driver is taken from an interface whose backend does not react, and then the
    interface away."""
    with no_harm(devices, devguest):
        with fake_interface(devices, devguest) as fake:
            fake.state(INIT_WAIT)
            fake.wait_for_front(CONNECTED)
            fake.state(CONNECTED)
            unbind = f"echo vif-{NUMBER} >/sys/bus/xen/drivers/vif/unbind"
            with background(devguest, "unbind", unbind):
                fake.wait_for_front(CLOSING)
                devices.dom0.check(f"xenstore-rm {fake.front}")
                others_work(devices, devguest)


@pytest.mark.long
def test_backend_without_copying(devices, devguest):
    """It cannot be used, and the guest says so."""
    with no_harm(devices, devguest):
        for value in None, "yes":
            devices.check()
            with fake_interface(devices, devguest, **{"feature-rx-copy": value}) as fake:
                fake.state(INIT_WAIT)
                said(devguest, f"{fake.name}: backend does not support copying receive path")


def tx_response(number, ident):
    """Commands for the ring that make this its Nth response."""
    return f"put {number} {struct.pack('<Hh', ident, 0).hex()} produce {number + 1}"


# What is said, and commands for the ring that follow from the first request.
GARBAGE = {
    r"Response has incorrect id \(300\)":
        lambda number, ident: tx_response(number, 300),
    "Response for inactive request":
        lambda number, ident: tx_response(number, (ident + 100) % 256),
    "Illegal number of responses 1000":
        lambda number, ident: f"produce {number + 1000}",
}


@pytest.mark.long
def test_garbage(devices, devguest):
    """The interface is not used further."""
    with no_harm(devices, devguest):
        for cause, response in GARBAGE.items():
            devices.check()
            with fake_interface(devices, devguest) as fake:
                fake.state(INIT_WAIT)
                fake.wait_for_front(CONNECTED)
                fake.state(CONNECTED)
                name = devguest.check(f"grep -l {MAC} /sys/class/net/*/address | cut -d / -f 5")
                devguest.check(f"ip addr add 203.0.113.2/24 dev {name}; ip link set {name} up")
                assert devguest.run("ping -c 1 -W 1 203.0.113.1").status != 0
                number, data = fake.ring("next 12", "tx").split()
                ident = struct.unpack_from("<H", bytes.fromhex(data), 8)[0]
                fake.ring(response(int(number), ident), "tx")
                said(devguest, f"net {name}: {cause}")
                said(devguest, f"net {name}: Disabled for further use")


@pytest.mark.long
def test_comes_back(devices, devguest):
    """The driver in dom0 is taken from an interface and given back."""
    with no_harm(devices, devguest):
        with interface(devices, devguest, 7) as (name, here, there):
            number = devguest.check(f"readlink /sys/class/net/{name}/device").split("-")[-1]
            vif = f"vif{devguest.domid}.{number}"
            driver = "/sys/bus/xen-backend/drivers/vif"
            device = f"vif-{devguest.domid}-{number}"
            devices.dom0.check(f"echo {device} >{driver}/unbind")
            assert devguest.run(f"ping -c 1 -W 2 {here}").status != 0
            both_ways(devices, devguest, 63, 1)
            devices.dom0.check(f"echo {device} >{driver}/bind")
            devices.dom0.wait_until(f"[ -e /sys/class/net/{vif} ]")
            devices.dom0.check(f"ip link set {vif} master test7 up")
            devguest.wait_until(f"ping -c 1 -W 2 {here} >/dev/null", 60)
            both_ways(devices, devguest, 64, 1, here, there)
