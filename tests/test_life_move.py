# SPDX-License-Identifier: GPL-2.0
"""A guest moves while it runs: to the machine it is on, which is to the toolstack
as to any other."""

import time

import pytest
from bootlab import MEASURED
from lifelab import check_clock, check_messages, kept, working

pytestmark = [pytest.mark.life, pytest.mark.long]


def test_to_the_same_host(life):
    with life.guest_with() as guest:
        with kept(life, guest), working(guest, life.dom0) as work:
            start = time.monotonic()
            guest.migrate()
            MEASURED["life: migration to the same host, s"] = round(time.monotonic() - start, 1)
            work.check_alive()
        check_clock(guest, life.dom0)


def test_memory_that_comes_meanwhile(life):
    """Pages in highmem that the guest gets back when others have been sent: wherever it
    is in the end, it has them."""
    with life.guest_with(memory=832) as guest:
        low = int(guest.check("awk '/LowTotal/ { print $2 }' /proc/meminfo"))
        total = "awk '/MemTotal:/ { print $2 }' /proc/meminfo"
        full = int(guest.check(total))
        assert full - low > 64 << 10, "it has no highmem to speak of"
        life.dom0.check("xl mem-set guest 768")
        guest.wait_until(f"[ $({total}) -le {full - (60 << 10)} ]", 60)
        guest.drain()
        receive = "(dd bs=64k count=6000; touch /tmp/half; sleep 20; cat) | xl migrate-receive"
        life.dom0.start(f"xl migrate -s '' guest '{receive}'; echo ended with $?", "/tmp/migrate")
        life.dom0.wait_until("[ -e /tmp/half ]", 300)
        life.dom0.check("xl mem-set guest 832")
        # Xen gives the new domain no more than it was to have at first, so that it
        # fails; not so if nobody sees that there is more.
        if "ended with 0" in life.dom0.outcome("/tmp/migrate", 300):
            guest.follow()
        guest.wait_until(f"[ $({total}) -ge {full - 4096} ]", 60)
        guest.check("mkdir -p /tmp/all; mount -t tmpfs -o size=85% tmpfs /tmp/all")
        guest.run("dd if=/dev/zero of=/tmp/all/zero bs=1M", 300)
        guest.check("umount /tmp/all")
        check_messages(guest)


def test_into_nothing(life):
    """A target that takes the guest and dies: the guest goes on where it was."""
    with life.guest_with() as guest:
        with kept(life, guest), working(guest, life.dom0) as work:
            domid = guest.domid
            result = life.dom0.run(
                "xl migrate -s '' guest 'head -c 20000000 >/dev/null'", 600)
            assert result.status != 0
            assert guest.state() is not None
            assert life.dom0.check("xl domid guest") == str(domid)
            work.check_alive()
        check_clock(guest, life.dom0)
