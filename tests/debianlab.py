# SPDX-License-Identifier: GPL-2.0
"""What the tests of the Debian guest share: a machine with its disk, of which
every run sees the first state, and a guest that lasts from test to test. Logs:
build/results/debian-<hypervisor>."""

import labdebian
from bootlab import RESULTS, Clean, measured, no_complaint
from conftest import BUILT
from xenlab import Dom0

RELEASE_FILE = BUILT / "kernel/include/config/kernel.release"


def release():
    """What uname -r says in a guest that runs our kernel."""
    return RELEASE_FILE.read_text().strip()


class DebianLab:
    """A hypervisor with its dom0, the disk, and one guest at a time on it."""

    def __init__(self, hypervisor):
        self.hypervisor = hypervisor
        self.dom0 = Dom0(
            hypervisor,
            files=labdebian.FILES,
            disks=[labdebian.IMAGE],
            snapshot=True,
            log=RESULTS / f"debian-{hypervisor}",
        )
        self._guest = None
        self._clean = None

    def boot(self, loader, **keywords):
        """A guest booted this way; the one before has to be down."""
        assert not self._guest, "one guest at a time: they have the same disk"
        with measured(f"{self.hypervisor}: Debian's login prompt, {loader}"):
            self._guest = labdebian.create(self.dom0, f"debian-{loader}", loader, **keywords)
        self._clean = Clean(self._guest)
        # None of its messages gets between a command and its output.
        self._guest.check("dmesg -n 1")
        return self._guest

    def guest(self):
        """The running guest, whichever way it was booted."""
        return self._guest or self.boot("xl")

    def power_off(self):
        """As its user does it; nothing of the file system gets lost."""
        if self._guest:
            self.check()
            guest, self._guest = self._guest, None
            guest.send("systemctl poweroff\n")
            try:
                assert guest.wait_for_end(180) == "poweroff"
                self._clean.check()
            finally:
                guest.close()

    def check(self):
        if self._guest:
            no_complaint(self._guest.check("dmesg", 60))
            self._clean.check()

    def close(self):
        if self._guest:
            self._guest.close()
        self.dom0.close()
