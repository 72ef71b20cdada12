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


@pytest.fixture
def dom0_elsewhere(smp):
    """CPU 1 is for the guests alone."""
    smp.dom0.check("xl vcpu-pin Domain-0 all 0")
    yield
    smp.dom0.check("xl vcpu-pin Domain-0 all all")


@pytest.mark.long
def test_pinned(smp, dom0_elsewhere):
    """Two busy vCPUs on one CPU get one CPU's time, and are nowhere else."""
    with smp.own("pinned", vcpus=2) as guest:
        smp.dom0.check(f"xl vcpu-pin {guest.name} all 1")
        with burning(guest, 2):
            share, = shares(smp, [guest])
            listed = smp.dom0.check(f"xl vcpu-list {guest.name}").splitlines()[1:]
        assert 0.85 < share < 1.1
        assert [line.split()[3] for line in listed] == ["1", "1"]
        assert [line.split()[6] for line in listed] == ["1", "1"]


@pytest.mark.parametrize("cap", [pytest.param(25, marks=pytest.mark.long), 60])
def test_cap(smp, dom0_elsewhere, cap):
    with smp.own("capped") as guest:
        smp.dom0.check(f"xl vcpu-pin {guest.name} all 1")
        with burning(guest):
            without, = shares(smp, [guest], 4)
            smp.dom0.check(f"xl sched-credit2 -d {guest.name} -c {cap}")
            capped, = shares(smp, [guest])
        assert without > 0.85
        assert 0.7 * cap / 100 < capped < 1.2 * cap / 100


@pytest.mark.long
def test_weight(smp, dom0_elsewhere):
    """One has four times the other's weight on the CPU they share."""
    with ExitStack() as stack:
        guests = [stack.enter_context(smp.own(name)) for name in ("light", "heavy")]
        # Dom0 has 2048. Credit2 charges for time by the highest weight, and gives a
        # millisecond at least: of one much lower than that too much.
        for guest, weight in zip(guests, (512, 2048)):
            smp.dom0.check(f"xl vcpu-pin {guest.name} all 1")
            smp.dom0.check(f"xl sched-credit2 -d {guest.name} -w {weight}")
        for guest in guests:
            stack.enter_context(burning(guest))
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
            bad.check(f"({command}) >/dev/null 2>&1 & echo $! >/tmp/abuse")
            for _ in range(5):
                assert answers(good) < 10, what
            bad.check("while kill -0 $(cat /tmp/abuse) 2>/dev/null; do usleep 100000; done", 120)
        bad.send("echo c >/proc/sysrq-trigger\n")
        assert bad.wait_for_end() == "crash"
        assert answers(good) < 10
