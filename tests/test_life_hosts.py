# SPDX-License-Identifier: GPL-2.0
"""A guest moves between two machines while it runs, and stays where it is when
that fails. How long it does not answer, beside a 64-bit guest: scripts/migrate."""

from contextlib import closing
from statistics import median

import pytest
from bootlab import MEASURED
from devlab import GUEST
from labhosts import Hosts, answer_probes, timed_migration
from labwork import STRESS
from lifelab import Life, check_clock, kept, working
from smplab import online

pytestmark = [pytest.mark.life, pytest.mark.long]


class TwoHosts(Life):
    """hosts[0] is the dom0 that the tests ask."""

    def start(self, **machine):
        self.hosts = Hosts(self.hypervisor, log=self.folder / "hosts",
                           **{**machine, "memory": 2048, "dom0_mem": 768})
        return self.hosts[0]

    def prepare(self, guest):
        super().prepare(guest)
        # There is nothing but the other host in this network.
        self.dom0.check("ip link set eth0 up")
        answer_probes(guest)

    def close(self):
        self.hosts[1].close()
        super().close()


@pytest.fixture(scope="module")
def twohosts():
    with closing(TwoHosts("pv32")) as lab:
        yield lab


@pytest.fixture
def ownhosts():
    """For a test that leaves a host in no state to go on."""
    with closing(TwoHosts("pv32")) as lab:
        yield lab


# A whole number of times there and back, 100 in all.
@pytest.mark.parametrize("vcpus, rounds", [(1, 34), (2, 34), (4, 32)])
def test_to_and_fro(twohosts, vcpus, rounds):
    """With all that it does: two TCP connections, a disk, clocks, an LDT and
    programs on each CPU that check themselves."""
    hosts = twohosts.hosts
    with twohosts.guest_with(vcpus=vcpus, ramdisk="/guest/work", memory=160) as guest:
        silent = []
        with kept(twohosts, guest), working(guest, *hosts, stress=STRESS, ldt=True) as work:
            for _ in range(rounds):
                target = hosts.other(guest.dom0)
                silent.append(timed_migration(guest, GUEST, target, hosts[0])[1])
                work.check_alive()
            assert online(guest) == vcpus
        check_clock(guest, hosts[0])
    what = f"life: {vcpus} vCPUs moved, silent for"
    MEASURED[f"{what}, ms, median"] = median(silent)
    MEASURED[f"{what}, ms, longest"] = max(silent)


def fails_in_the_middle(guest, target, fault):
    """Start to move it, let fault() happen when the other side has a part of it, and
    end the connection, as ssh would for want of an answer."""
    source = guest.dom0
    domid = guest.domid
    source.start(f"{guest.migration(target)}; echo ended with $?", "/tmp/migrate")
    target.wait_until(f"xl domid {guest.name}--incoming")
    fault()
    source.check("sleep 2")
    source.check_runs("/tmp/migrate")
    source.check("killall nc.openbsd")
    assert "ended with 0" not in source.outcome("/tmp/migrate", 120)
    assert source.check(f"xl domid {guest.name}") == str(domid)


def test_target_dies(ownhosts):
    here, there = ownhosts.hosts
    with ownhosts.guest_with(memory=256) as guest:
        with kept(ownhosts, guest), working(guest, here) as work:
            fails_in_the_middle(guest, there, there.qemu.kill)
            work.check_alive()
        check_clock(guest, here)


def test_link_cut(twohosts):
    """It moves when the link is there again."""
    here, there = twohosts.hosts
    with twohosts.guest_with(memory=256) as guest:
        with kept(twohosts, guest), working(guest, here) as work:
            fails_in_the_middle(guest, there, lambda: here.check("ip link set eth0 down"))
            work.check_alive()
            here.check("ip link set eth0 up")
            # What has come of it there is for its owner to remove, unless the end of
            # the connection has reached it by now.
            there.run(f"killall nc; xl destroy {guest.name}--incoming")
            there.wait_until(f"! xl domid {guest.name}--incoming")
            for target in there, here:
                guest.migrate(target)
                work.check_alive()
        check_clock(guest, here)
