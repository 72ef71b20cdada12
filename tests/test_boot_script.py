# SPDX-License-Identifier: GPL-2.0
"""scripts/boot as its user has it: in a pipe, on a terminal."""

import os
import subprocess
import sys

import pexpect
import pytest
from bootlab import MEASURED, measured
from conftest import BUILT, TOP
from xenlab import SCALE

pytestmark = pytest.mark.boot

# On the hypervisor that make was told, as `make boot`.
BOOT = TOP / "scripts/boot", "--hv", os.environ.get("HV") or "pv32"


def boot(text, *args):
    return subprocess.run(
        [*BOOT, *args],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300 * SCALE,
    )


def test_pipe():
    with measured("scripts/boot, whole run"):
        result = boot("uname -m; poweroff\n")
    assert result.returncode == 0, result.stderr
    assert "i686" in result.stdout.splitlines()
    assert "the guest has ended: poweroff" in result.stderr


@pytest.mark.long
def test_pipe_that_ends():
    """The end of the input is the end of the guest."""
    result = boot("echo $((6 * 7))\n", "--cmdline", "some.thing=1", "--memory", "96")
    assert result.returncode == 0, result.stderr
    assert "42" in result.stdout.splitlines()


def test_crash_in_a_pipe():
    result = boot("echo c >/proc/sysrq-trigger\n")
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("boot: error: the guest crashed; see ")
    assert "Kernel panic - not syncing: sysrq triggered crash" in result.stdout


@pytest.fixture
def terminal():
    child = pexpect.spawn(
        str(BOOT[0]), list(BOOT[1:]), encoding="utf-8", timeout=120 * SCALE, dimensions=(33, 99), logfile=sys.stdout
    )
    yield child
    child.close(force=True)


def ends_well(terminal):
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_ctrl_bracket_leaves(terminal):
    terminal.expect("guest# ")
    terminal.send("uname -m\r")
    terminal.expect("\ni686\r\n")
    terminal.expect("guest# ")
    terminal.send("stty size\r")
    terminal.expect("\n33 99\r\n")
    terminal.send("\x1d")
    ends_well(terminal)


def test_poweroff_leaves(terminal):
    terminal.expect("guest# ")
    # Ctrl-C is for the guest, and does not end the lab.
    terminal.send("sh -c 'echo sta\"\"rted; exec sleep 1000'\r")
    terminal.expect("\nstarted")
    terminal.send("\x03")
    terminal.expect("guest# ")
    terminal.send("poweroff\r")
    terminal.expect("the guest has ended: poweroff")
    ends_well(terminal)


@pytest.mark.long
def test_make_boot_again():
    """`make boot` with everything fresh: within 40 s from the prompt to the
    guest's end."""
    assert (BUILT / "kernel.stamp").exists(), "scripts/kernel has not made the kernel"
    with measured("make boot, everything fresh"):
        result = subprocess.run(
            ["make", "-C", TOP, "boot"],
            input="poweroff\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stdout
    assert "kernel is fresh" in result.stdout
    assert MEASURED["make boot, everything fresh"] < 40 * SCALE
