# SPDX-License-Identifier: GPL-2.0
"""Clocks: the guest's against dom0's. Each reading of the one lies between two
of the other, so the machine's load does not matter."""

import pytest
from bootlab import uptime

pytestmark = pytest.mark.boot


def test_clocksource(guest):
    folder = "/sys/devices/system/clocksource/clocksource0"
    assert guest.read(f"{folder}/current_clocksource") in ("xen", "tsc")
    assert "xen" in guest.read(f"{folder}/available_clocksource").split()


def test_rate(lab, guest):
    around = [uptime(lab.dom0)]
    start = uptime(guest)
    within = [uptime(lab.dom0)]
    guest.check("sleep 5")
    within.append(uptime(lab.dom0))
    end = uptime(guest)
    around.append(uptime(lab.dom0))

    shortest, longest = within[1] - within[0], around[1] - around[0]
    assert shortest >= 5
    assert shortest * 0.99 - 0.05 <= end - start <= longest * 1.01 + 0.05


def test_sleep_is_as_long_as_asked(lab, guest):
    for seconds in 0.2, 1, 3:
        before = uptime(lab.dom0)
        start = uptime(guest)
        guest.check(f"usleep {int(seconds * 1e6)}")
        end = uptime(guest)
        after = uptime(lab.dom0)
        assert end - start >= seconds - 0.02
        assert after - before >= seconds - 0.02


def test_wall_clock(lab, guest):
    before = int(lab.dom0.check("date +%s"))
    now = int(guest.check("date +%s"))
    after = int(lab.dom0.check("date +%s"))
    assert before - 2 <= now <= after + 2


def test_timer_interrupts_stop_when_idle(guest):
    """Tickless: an idle guest does not take 250 interrupts a second."""

    def ticks():
        line = guest.check("grep timer /proc/interrupts")
        return int(line.split()[1])

    first, start = ticks(), uptime(guest)
    guest.check("sleep 4")
    rate = (ticks() - first) / (uptime(guest) - start)
    assert 0 < rate < 125
