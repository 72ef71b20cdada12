# SPDX-License-Identifier: GPL-2.0
"""A guest moves while it runs: to the machine it is on, which is to the toolstack
as to any other."""

import time

import pytest
from bootlab import MEASURED
from lifelab import check_clock, kept, working

pytestmark = [pytest.mark.life, pytest.mark.long]


def test_to_the_same_host(life):
    with life.guest_with() as guest:
        with kept(life, guest), working(guest, life.dom0) as work:
            start = time.monotonic()
            guest.migrate()
            MEASURED["life: migration to the same host, s"] = round(time.monotonic() - start, 1)
            work.check_alive()
        check_clock(guest, life.dom0)


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
