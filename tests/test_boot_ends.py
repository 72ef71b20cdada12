# SPDX-License-Identifier: GPL-2.0
"""How a domain ends is what the toolstack hears."""

import pytest
from bootlab import long_in_the_shim, pv32_only
from xenlab import LabError

pytestmark = pytest.mark.boot

PANIC = (
    r"Kernel panic",
    r"sysrq: Trigger a crash",
    r"Call Trace:",
    # Xen's and the shim's word about it.
    r"\(XEN\) .*[Cc]rash",
)


@pytest.mark.parametrize("lab, how", [
    ("pv32", "poweroff"), ("pv32", "reboot"), ("shim", "poweroff"),
    pytest.param("shim", "reboot", marks=pytest.mark.long)], indirect=["lab"])
def test_from_inside(lab, how):
    with lab.own(how) as guest:
        guest.send(f"{how}\n")
        assert guest.wait_for_end() == how


@pytest.mark.parametrize("how, reason", [("shutdown", "poweroff"), ("reboot", "reboot")])
@pv32_only
def test_asked_by_the_toolstack(lab, how, reason):
    with lab.own(f"xl-{how}") as guest:
        lab.dom0.check(f"xl {how} {guest.name}")
        assert guest.wait_for_end() == reason


@long_in_the_shim
def test_panic(lab):
    with lab.own("panic", allowed=PANIC) as guest:
        guest.send("echo c >/proc/sysrq-trigger\n")
        assert guest.wait_for_end() == "crash"
        assert "Kernel panic - not syncing: sysrq triggered crash" in guest.log_text()


@pv32_only
def test_process_1_dies(lab):
    with lab.own("no-init", allowed=PANIC, wait=False, cmdline="rdinit=/bin/true") as guest:
        assert guest.wait_for_end() == "crash"
        assert "Attempted to kill init! exitcode=0x00000000" in guest.log_text()


@pv32_only
def test_no_root_file_system(lab):
    """The panic before there is any process: the early console shows it."""
    with lab.own("no-root", allowed=PANIC + ("VFS: ",), wait=False, ramdisk=None) as guest:
        assert guest.wait_for_end() == "crash"
        assert "Kernel panic - not syncing: VFS: Unable to mount root fs" in guest.log_text()


@pv32_only
def test_a_crash_is_noticed_while_waiting(lab):
    """The driver says that the domain has crashed and does not wait for long."""
    with lab.own("crash", allowed=PANIC) as guest:
        with pytest.raises(LabError, match=r"the domain has ended \(crash\)"):
            guest.run("echo c >/proc/sysrq-trigger", 600)
