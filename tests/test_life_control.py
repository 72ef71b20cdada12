# SPDX-License-Identifier: GPL-2.0
"""What the toolstack does to a running guest, and what it does when one ends, as
the domain's configuration says. How a guest ends by itself: test_boot_ends.py."""

import time

import pytest
from bootlab import uptime
from lifelab import check_clock, check_nmi, kept, working
from xenlab import SCALE

# Long ones until they have been seen to pass.
pytestmark = [pytest.mark.life, pytest.mark.long]


def last_restart(life, name, domid):
    """Wait until the toolstack has made the domain anew."""
    life.dom0.wait_until(f"d=$(xl domid {name} 2>/dev/null) && [ $d -gt {domid} ]", 60)


def test_paused(life):
    """It does nothing meanwhile, and its clock is right afterwards."""
    with life.guest_with() as guest:
        with kept(life, guest), working(guest, life.dom0):
            life.dom0.check("xl pause guest")
            assert "p" in guest.state()
            count = "xl list guest | awk 'NR == 2 { print $6 }'"
            spent = life.dom0.check(count)
            life.dom0.check("sleep 3")
            assert life.dom0.check(count) == spent
            life.dom0.check("xl unpause guest")
            assert "p" not in guest.state()
        check_clock(guest, life.dom0)


def test_renamed(life):
    """The name is the toolstack's; the guest does not notice."""
    with life.guest_with("old") as guest:
        with working(guest, life.dom0, disk=None):
            life.dom0.check("xl rename old new")
            assert life.dom0.check("xl domid new") == str(guest.domid)
            assert life.dom0.run("xl domid old").status != 0
        assert life.dom0.check("xenstore-read "
                               f"/local/domain/{guest.domid}/name") == "new"
        guest.name = "new"


def test_sysrq(life):
    """By both of the toolstack's ways; h, the help, does no harm."""
    with life.guest_with() as guest:
        for command in "xl sysrq guest h", "xl sysrq guest m":
            guest.check("dmesg -c >/dev/null")
            life.dom0.check(command)
            guest.wait_until("dmesg | grep -q 'sysrq: '")
        assert "Mem-Info" in guest.check("dmesg")


def test_nmi(life):
    """`xl trigger` sends one to the first vCPU, which counts it."""
    with life.guest_with() as guest:
        check_nmi(guest, life.dom0)


@pytest.mark.parametrize("who", ["guest", "toolstack"])
def test_rebooted(life, who):
    """With on_reboot="restart" it comes up again as another domain."""
    with life.guest_with("again", extra_config='on_reboot="restart"') as guest:
        domid = guest.domid
        if who == "guest":
            guest.send("reboot\n")
        else:
            life.dom0.check("xl reboot again")
        last_restart(life, "again", domid)
        life.dom0.run(f"kill $(cat /run/{guest.port}.pid) 2>/dev/null")
        guest.follow()
        guest.login("guest# ", 60)
        assert uptime(guest) < 60 * SCALE


@pytest.mark.parametrize("action", ["destroy", "restart", "rename-restart"])
def test_crashed(life, action):
    with life.guest_with("crash", extra_config=f'on_crash="{action}"') as guest:
        domid = guest.domid
        guest.send("echo c >/proc/sysrq-trigger\n")
        if action == "destroy":
            life.dom0.wait_until("! xl domid crash 2>/dev/null", 60)
            return
        last_restart(life, "crash", domid)
        renamed = life.dom0.run(f"xl list {domid}")
        assert (renamed.status == 0) == (action == "rename-restart")
        if action == "rename-restart":
            assert f"crash-{domid}" in renamed.output or "crash-" in renamed.output
            life.dom0.check(f"xl destroy {domid}")


def test_destroyed(life):
    """In the middle of its work: all of it is gone, with its devices."""
    guest = life.guest_with("doomed")
    try:
        domid = guest.domid
        guest.check("(while :; do cat /dev/zero >/dev/xvda; done) 2>/dev/null &")
        start = time.monotonic()
        life.dom0.check("xl destroy doomed", 60)
        assert time.monotonic() - start < 60 * SCALE
        life.dom0.wait_until("! xl domid doomed 2>/dev/null")
        life.dom0.wait_until(f"! ls -d /sys/bus/xen-backend/devices/*-{domid}-* 2>/dev/null")
        assert life.dom0.run(f"xl list {domid}").status != 0
    finally:
        guest.close()
