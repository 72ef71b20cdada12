# SPDX-License-Identifier: GPL-2.0
"""Network: what is sent arrives, both ways, whatever is done in one piece by
the other side."""

from contextlib import contextmanager

import pytest
from devlab import DOM0, GUEST, Held, background

pytestmark = pytest.mark.devices

PATTERN = "/tests/pattern"
ALL_ON = "rx=1 tx=1 sg=1 tso=1 gso=1 gro=1"


def tcp(sender, receiver, address, seed, size, port=5001):
    """So many MiB from one to the other, compared where they arrive."""
    limit = 60 + size * 2
    with background(receiver, "tcp", f"/tests/tcp listen {port} | {PATTERN} check {seed} {size}"):
        receiver.wait_for_listener(port)
        sender.check(f"{PATTERN} write {seed} {size} | /tests/tcp connect {address} {port}", limit)
        receiver.wait_until("grep -q . /tmp/tcp", limit)
        assert receiver.check("cat /tmp/tcp") == f"same {size} MiB"


def both_ways(devices, guest, seed, size, here=DOM0, there=GUEST):
    tcp(guest, devices.dom0, here, seed, size)
    tcp(devices.dom0, guest, there, seed + 1, size)


def udp(asker, answerer, address, count=200):
    """Datagrams come back as they were sent."""
    with background(answerer, "udp", "exec /tests/udp echo 5002"):
        answerer.wait_for_listener(5002, "udp")
        assert asker.check(f"/tests/udp ask {address} 5002 {count}", 120) == (
            f"{count} of {count} came back"
        )


def counters(guest, interface="eth0"):
    """What has gone through an interface."""
    folder = f"/sys/class/net/{interface}/statistics"
    text = guest.check(f"cd {folder}; for f in *; do echo $f $(cat $f); done")
    return {name: int(value) for name, value in map(str.split, text.splitlines())}


def test_tcp_both_ways(devices, devguest):
    both_ways(devices, devguest, 21, 16)


def test_udp_both_ways(devices, devguest):
    udp(devguest, devices.dom0, DOM0)
    udp(devices.dom0, devguest, GUEST)


def test_no_errors_counted(devguest):
    """After all that."""
    now = counters(devguest)
    assert now["rx_bytes"] > 1 << 20 and now["tx_bytes"] > 1 << 20
    wrong = {name: value for name, value in now.items()
             if value and ("error" in name or name in ("collisions", "tx_dropped"))}
    assert not wrong


def test_offloads_are_on(devguest):
    assert devguest.check("/tests/offload eth0") == ALL_ON


def packets_for(devices, guest, size):
    """How many packets the guest sends for so many MiB."""
    before = counters(guest)
    tcp(guest, devices.dom0, DOM0, 23, size)
    after = counters(guest)
    assert after["tx_bytes"] - before["tx_bytes"] > size << 20
    return after["tx_packets"] - before["tx_packets"]


def test_segmentation_offload(devices, devguest):
    """With it a packet is larger than the network takes; without it none is."""
    size = 4
    frames = (size << 20) / 1448
    assert packets_for(devices, devguest, size) < frames / 2
    try:
        devguest.check("/tests/offload eth0 tso=0 gso=0")
        assert packets_for(devices, devguest, size) >= frames
        tcp(devices.dom0, devguest, GUEST, 24, size)
    finally:
        assert devguest.check("/tests/offload eth0 tso=1 gso=1") == ALL_ON


def test_offloads_off(devices, devguest):
    """Everything in pieces that fit, and checksums in what comes from dom0. In
    what goes there they are always left to the other side, and what comes from
    there is always taken as right: netfront has no choice. Scatter-gather stays
    on in the guest: without it netfront drops every packet that crosses the
    border of a page, as small ones do that come out of a slab."""
    vif = f"vif{devguest.domid}.0"
    try:
        assert devguest.check("/tests/offload eth0 tso=0 gso=0 gro=0") == (
            "rx=1 tx=1 sg=1 tso=0 gso=0 gro=0")
        assert " tx=0 sg=0 tso=0 gso=0" in devices.dom0.check(
            f"/tests/offload {vif} tso=0 gso=0 sg=0 tx=0")
        both_ways(devices, devguest, 25, 4)
        udp(devguest, devices.dom0, DOM0, 50)
    finally:
        # In an order in which each has what it needs.
        devices.dom0.check(f"/tests/offload {vif} tx=1 sg=1 tso=1 gso=1")
        assert devguest.check("/tests/offload eth0 tso=1 gso=1 gro=1") == ALL_ON


def fragments(guest):
    """How many pieces of packets the guest has made."""
    return int(guest.check(
        "awk '/^Ip:/ { if (n) print $n; for (i = 1; i <= NF; i++) if ($i == \"FragCreates\") n = i }'"
        " /proc/net/snmp"))


@pytest.mark.parametrize("mtu", [9000, 576])
def test_mtu(devices, devguest, mtu):
    """The largest packet that fits goes through in one piece, one byte more does
    not, and streams arrive."""
    vif = f"vif{devguest.domid}.0"
    try:
        devices.dom0.check(f"ip link set {vif} mtu {mtu}; ip link set xenbr0 mtu {mtu}")
        devguest.check(f"ip link set eth0 mtu {mtu}")
        for size, pieces in (mtu - 28, 0), (mtu - 27, 2):
            before = fragments(devguest)
            devguest.check(f"ping -c 1 -s {size} {DOM0}")
            assert fragments(devguest) - before == pieces
        both_ways(devices, devguest, 27, 4)
    finally:
        devices.dom0.check(f"ip link set {vif} mtu 1500; ip link set xenbr0 mtu 1500")
        devguest.check("ip link set eth0 mtu 1500")


def test_dhcp(devguest):
    """From the network behind the bridge."""
    output = devguest.check("udhcpc -i eth0 -n -q -f -s /bin/true 2>&1", 60)
    assert "lease of 192.0.2." in output


@contextmanager
def interface(devices, guest, number):
    """One more interface, on a bridge and in a network of its own."""
    bridge = f"test{number}"
    here, there = (f"198.51.100.{number * 16 + host}" for host in (1, 2))
    mac = f"00:16:3e:00:01:{number:02x}"
    devices.dom0.check(f"ip link add {bridge} type bridge; ip link set {bridge} up;"
                       f" ip addr add {here}/28 dev {bridge}")
    devices.dom0.check(f"xl network-attach {guest.name} mac={mac} bridge={bridge}", 60)
    find = f"grep -l {mac} /sys/class/net/*/address | cut -d / -f 5"
    guest.wait_until(f"[ -n \"$({find})\" ]")
    name = guest.check(find)
    try:
        guest.check(f"ip addr add {there}/28 dev {name}; ip link set {name} up")
        guest.wait_until(f"[ $(cat /sys/class/net/{name}/carrier) = 1 ]")
        yield name, here, there
    finally:
        devices.dom0.check(f"xl network-detach {guest.name} {mac}", 60)
        guest.wait_until(f"[ ! -e /sys/class/net/{name} ]")
        path = f"/local/domain/0/backend/vif/{guest.domid}"
        devices.dom0.wait_until(f"! xenstore-ls {path} | grep -q {mac}")
        devices.dom0.check(f"ip link del {bridge}")


def test_several_interfaces(devices, devguest):
    """Each in a network of its own, all at work."""
    with interface(devices, devguest, 1) as one, interface(devices, devguest, 2) as two:
        for name, here, there in one, two:
            before = counters(devguest, name)
            both_ways(devices, devguest, 29, 2, here, there)
            after = counters(devguest, name)
            for way in "rx_bytes", "tx_bytes":
                assert after[way] - before[way] > 2 << 20


def test_plugged_and_unplugged(devices, devguest):
    """All that an interface holds is given back when it goes."""
    before = Held(devices, devguest)
    for seed in 31, 33:
        with interface(devices, devguest, 3) as (_, here, there):
            both_ways(devices, devguest, seed, 2, here, there)
            during = Held(devices, devguest)
        after = Held(devices, devguest)
        during.check_more(before, after, 2)
        after.check_same(before)


def test_unplugged_while_in_use(devices, devguest):
    """Who sends is not stuck in the kernel; another interface works."""
    before = Held(devices, devguest)
    with interface(devices, devguest, 4) as (_, here, _):
        with background(devices.dom0, "sink", "exec /tests/tcp listen 5003 >/dev/null"):
            devguest.check(f"({PATTERN} write 35 4096 | /tests/tcp connect {here} 5003) >/dev/null 2>&1 &"
                           " echo $! >/tmp/sender")
            name = devguest.check("ls /sys/class/net | grep eth | tail -n 1")
            devguest.wait_until(f"[ $(cat /sys/class/net/{name}/statistics/tx_bytes) -gt 2000000 ]")
    devguest.check("kill $(cat /tmp/sender); killall pattern tcp; true")
    devguest.wait_until("! pidof tcp")
    Held(devices, devguest).check_same(before)
    both_ways(devices, devguest, 37, 2)


def test_link_down_and_up(devices, devguest):
    """Nothing gets through meanwhile, and everything afterwards."""
    for command in ("ip link set eth0 {}", None):
        shell = devguest if command else devices.dom0
        command = command or f"ip link set vif{devguest.domid}.0 {{}}"
        shell.check(command.format("down"))
        assert devguest.run(f"ping -c 1 -W 2 {DOM0}").status != 0
        shell.check(command.format("up"))
        devguest.wait_until(f"ping -c 1 -W 2 {DOM0} >/dev/null", 60)
        both_ways(devices, devguest, 39, 1)


@pytest.mark.long
def test_a_gibibyte_each_way(devices, devguest):
    """Also after the interface has been away."""
    before = Held(devices, devguest)
    for seed in 41, 43:
        with interface(devices, devguest, 5) as (_, here, there):
            both_ways(devices, devguest, seed, 1024, here, there)
    Held(devices, devguest).check_same(before)
