# SPDX-License-Identifier: GPL-2.0
"""The watchdog is Xen's: the domain ends when nobody feeds it, and only then."""

import pytest
from bootlab import MEMORY

pytestmark = pytest.mark.devices

TIMEOUT = 4
# A domain that ends in time would have ended by then.
WAIT = f"sleep {2 * TIMEOUT}"


@pytest.fixture
def watched(devices):
    with devices.own("watched", memory=MEMORY) as guest:
        guest.check("dmesg -n 1; modprobe xen_wdt")
        yield guest


def test_fed_closed_and_left(devices, watched):
    """Fed it lives; closed with the magic letter it needs no more food; when who
    feeds it dies, it dies too."""
    feed = f"watchdog -T {TIMEOUT} -t 1 /dev/watchdog"
    watched.check(f"{feed}; {WAIT}", 60)
    # busybox writes the letter when it is asked to end.
    watched.check(f"killall watchdog; while pidof watchdog; do usleep 100000; done; {WAIT}", 60)
    assert devices.dom0.end_of("watched") is None
    watched.check(feed)
    watched.send("killall -9 watchdog\n")
    assert watched.wait_for_end(TIMEOUT * 5) == "watchdog"


@pytest.mark.long
def test_unloaded_and_closed_without_the_letter(devices, watched):
    """The driver stops it when it goes; a program that just ends does not."""
    watched.check(f"watchdog -T {TIMEOUT} -t 1 /dev/watchdog; killall watchdog;"
                  f" while ! rmmod xen_wdt 2>/dev/null; do usleep 100000; done; {WAIT}", 60)
    assert devices.dom0.end_of("watched") is None
    watched.check(f"modprobe xen_wdt timeout={TIMEOUT}")
    watched.send("echo x >/dev/watchdog\n")
    assert watched.wait_for_end(TIMEOUT * 5) == "watchdog"
