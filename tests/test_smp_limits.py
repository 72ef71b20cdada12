# SPDX-License-Identifier: GPL-2.0
"""What the toolstack gives a guest of the CPUs, and that no more than that is
taken from the others."""

import time
from contextlib import ExitStack, contextmanager

import pytest
from bootlab import MEMORY
from smplab import WORK

pytestmark = [pytest.mark.smp, pytest.mark.parametrize("smp", ["pv32"], indirect=True)]

BURN = "while :; do :; done"
SECONDS = 10


def cpu_seconds(smp, guest):
    """How long the domain's vCPUs have run until now."""
    return float(smp.dom0.check(f"xl list {guest.name}").split()[-1])


def shares(smp, guests, seconds=SECONDS):
    """How much of one CPU each has got from now on, all counted at the same time."""
    def count():
        return [cpu_seconds(smp, guest) for guest in guests], time.monotonic()

    before, start = count()
    time.sleep(seconds)
    after, end = count()
    return [(b - a) / (end - start) for a, b in zip(before, after)]


@contextmanager
def burning(guest, loops=1):
    """So many loops that take all the time they get."""
    for number in range(loops):
        guest.check(f"sh -c '{BURN}' & echo $! >/tmp/burn{number}")
    try:
        yield
    finally:
        guest.check("kill $(cat /tmp/burn*); rm /tmp/burn*", 120)


@contextmanager
def two(smp, *names, **keywords):
    with ExitStack() as stack:
        yield [stack.enter_context(smp.own(name, **keywords)) for name in names]


@pytest.mark.long
def test_pinned(smp, dom0_elsewhere):
    """Two busy vCPUs on one CPU get one CPU's time, and are nowhere else, as the
    other guest's are."""
    with two(smp, "pinned", "other", vcpus=2) as guests:
        for guest, cpu in zip(guests, "10"):
            smp.dom0.check(f"xl vcpu-pin {guest.name} all {cpu}")
        with burning(guests[0], 2), burning(guests[1], 2):
            share, other = shares(smp, guests)
            listed = [smp.dom0.check(f"xl vcpu-list {guest.name}").splitlines()[1:]
                      for guest in guests]
        assert 0.85 < share < 1.1
        assert 0.3 < other < 1.1, "dom0 is there, too"
        for lines, cpu in zip(listed, "10"):
            assert [line.split()[3] for line in lines] == [cpu, cpu]
            assert [line.split()[6] for line in lines] == [cpu, cpu]


CAPS = 25, 60


def test_cap(smp, dom0_elsewhere):
    """Of two on one CPU each has its own, and what is left nobody gets."""
    with two(smp, "low", "high") as guests:
        for guest in guests:
            smp.dom0.check(f"xl vcpu-pin {guest.name} all 1")
        with burning(guests[0]), burning(guests[1]):
            assert sum(shares(smp, guests, 4)) > 0.9
            for guest, cap in zip(guests, CAPS):
                smp.dom0.check(f"xl sched-credit2 -d {guest.name} -c {cap}")
            found = shares(smp, guests)
        for share, cap in zip(found, CAPS):
            assert 0.7 * cap / 100 < share < 1.2 * cap / 100, found


@pytest.mark.long
def test_weight(smp, dom0_elsewhere):
    """One has four times the other's weight on the CPU they share."""
    with two(smp, "light", "heavy") as guests:
        # Dom0 has 2048. Credit2 charges for time by the highest weight, and gives a
        # millisecond at least: of one much lower than that too much.
        for guest, weight in zip(guests, (512, 2048)):
            smp.dom0.check(f"xl vcpu-pin {guest.name} all 1")
            smp.dom0.check(f"xl sched-credit2 -d {guest.name} -w {weight}")
        with burning(guests[0]), burning(guests[1]):
            light, heavy = shares(smp, guests, 2 * SECONDS)
        assert light + heavy > 0.85
        assert 2.8 < heavy / light < 5.6


ABUSES = {
    "burns": f"for n in 1 2 3 4; do timeout 8 sh -c '{BURN}' & done; wait",
    "forks": "stress-ng --fork 8 --fork-max 64 --clone 4 -t 8s -q",
    "takes memory": "tail /dev/zero; tail /dev/zero",
}


def answers(guests):
    """Each of them, soon; how long the slowest took."""
    slowest = 0
    for guest in guests:
        start = time.monotonic()
        assert guest.check("echo $((6 * 7))", 30) == "42"
        slowest = max(slowest, time.monotonic() - start)
    return slowest


@pytest.mark.long
def test_isolated(smp):
    """Two of ours and a 64-bit one. What one does the others hardly notice, and
    they are left when it has panicked."""
    with ExitStack() as stack:
        bad = stack.enter_context(smp.dom0.create("bad", vcpus=4, **WORK))
        good = [
            stack.enter_context(smp.own("good", vcpus=2, memory=MEMORY)),
            stack.enter_context(smp.dom0.create(
                "good64", vcpus=2, memory=256, kernel="/guest/kernel64",
                ramdisk="/guest/initrd64")),
        ]
        for guest in (bad, *good):
            guest.check("dmesg -n 1")
        for what, command in ABUSES.items():
            bad.start(command, "/tmp/abuse")
            for _ in range(5):
                assert answers(good) < 10, what
            bad.outcome("/tmp/abuse", 120)
        bad.send("echo c >/proc/sysrq-trigger\n")
        assert bad.wait_for_end() == "crash"
        assert answers(good) < 10
