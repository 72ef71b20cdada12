# SPDX-License-Identifier: GPL-2.0
"""Two machines with Xen, for guests that move between them while they run.

    with Hosts(disks=[image]) as hosts:
        with hosts[0].create("guest", disks=["phy:/dev/vda,xvda,w"]) as guest:
            guest.migrate(hosts[1])
"""

import re
import socket
import time
from contextlib import contextmanager

from labconsole import LabError
from xenlab import Dom0

_PROBE_PORT = 5004


class Hosts:
    """Two Dom0s, hosts[0] and hosts[1], on a network of their own, with the same
    disks. Keywords: as for Dom0; log: a folder for both."""

    def __init__(self, hypervisor="pv32", log=None, **keywords):
        ends = socket.socketpair()
        self._hosts = []
        try:
            for number, end in enumerate(ends):
                self._hosts.append(Dom0(
                    hypervisor, link=end, number=number, shared=True,
                    log=log and log / f"host{number + 1}", **keywords))
        except BaseException:
            self.close()
            raise
        finally:
            # The machines have them now: what one does not get, the other one loses.
            for end in ends:
                end.close()

    def __getitem__(self, number):
        return self._hosts[number]

    def __iter__(self):
        return iter(self._hosts)

    def other(self, host):
        """The one that this one is not."""
        return self._hosts[1 - self._hosts.index(host)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Switch both off."""
        for host in self._hosts:
            host.close()


@contextmanager
def silence(guest, address, asker):
    """A dict that has, after the block, the longest time in ms that the guest did not
    answer `asker`, a dom0, in it. The guest needs answer_probes() before that."""
    found = {}
    go = f"/tmp/probe-{guest.name}"
    asker.check(f"touch {go}")
    asker.start(f"/tests/udp silence {address} {_PROBE_PORT} {go}", go)
    yield found
    # It has been heard of again, after the longest silence as well.
    asker.check(f"sleep 1; rm {go}")
    words = asker.outcome(go)
    match = re.match(r"(\d+) came back, longest silence (\d+) ms", words)
    if not match or match.group(1) == "0":
        raise LabError(f"{guest.name} never answered {asker.name}: {words}")
    found["ms"] = int(match.group(2))


def answer_probes(guest):
    """Start what silence() talks to."""
    guest.start(f"/tests/udp echo {_PROBE_PORT}", "/tmp/probe")
    guest.wait_for_listener(_PROBE_PORT, "udp")


def timed_migration(guest, address, target, asker):
    """Move the guest; (seconds it took, ms in which it did not answer `asker`)."""
    with silence(guest, address, asker) as found:
        start = time.monotonic()
        guest.migrate(target)
        seconds = time.monotonic() - start
    return seconds, found["ms"]
