# SPDX-License-Identifier: GPL-2.0
"""What is left of a guest that has crashed, and of one that runs: its memory,
which gdb reads with the kernel's vmlinux."""

import re
import shutil
import subprocess

import pytest
from bootlab import VMLINUX
from conftest import TOP, refused, run
from devlab import MIB
from lifelab import IMAGE

# Long ones until they have been seen to pass.
pytestmark = [pytest.mark.life, pytest.mark.long]

CORE = TOP / "scripts/gdb-core"


@pytest.fixture
def dump(life, tmp_path):
    """A function: the dump that `xl dump-core` writes of a domain, here."""
    def take(name):
        life.dom0.check(f"xl dump-core {name} {IMAGE}", 120)
        path = tmp_path / "guest.dump"
        # A little more than it is: what comes behind has been there before.
        with open(life.images["vdb"], "rb") as image, open(path, "wb") as out:
            shutil.copyfileobj(image, out, MIB)
            out.truncate(400 * MIB)
        return path

    return take


def backtraces(core):
    """{thread: [function names]}, the innermost first."""
    result = subprocess.run(
        ["gdb", "-q", "-batch", "-nx", "-ex", "set pagination off",
         "-x", TOP / "scripts/gdb-frames.py", "-ex", "thread apply all backtrace",
         VMLINUX, core],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    threads = {}
    for block in re.split(r"^Thread ", result.stdout, flags=re.MULTILINE)[1:]:
        threads[int(block.split()[0])] = re.findall(
            r"^#\d+ +(?:0x[0-9a-f]+ in )?(\w+)", block, re.MULTILINE)
    assert threads, result.stdout + result.stderr
    return threads


def in_order(names, wanted):
    """Whether the wanted ones are among the names, in this order."""
    names = iter(names)
    return all(name in names for name in wanted)


def test_of_a_crashed_guest(life, dump, tmp_path):
    with life.guest_with("crash", vcpus=2) as guest:
        guest.send("taskset -c 1 sh -c 'echo c >/proc/sysrq-trigger'\n")
        assert guest.wait_for_end() == "crash"
        assert "Kernel panic - not syncing: sysrq triggered crash" in guest.log_text()
        core = tmp_path / "core"
        assert run(CORE, dump("crash"), core).returncode == 0
        threads = backtraces(core)
        assert len(threads) == 2
        assert in_order(threads[2], ("panic", "sysrq_handle_crash", "write_sysrq_trigger",
                                     "vfs_write", "ksys_write")), threads
        # Whatever the other one was at when it was told to stop.
        assert in_order(threads[1], ("stop_self", "xen_hypervisor_callback")), threads
        assert not in_order(threads[1], ("panic",)), threads


def test_of_a_running_guest(life, dump, tmp_path):
    """It goes on afterwards."""
    with life.guest_with() as guest:
        guest.check("sleep 1")
        path = dump("guest")
        assert guest.check("echo here") == "here"
        core = tmp_path / "core"
        assert run(CORE, path, core).returncode == 0
        threads = backtraces(core)
        assert in_order(threads[1], ("default_idle", "do_idle", "cpu_startup_entry",
                                     "start_kernel", "mach_xen_start")), threads
        # Its memory: the banner is where the symbol says.
        banner = subprocess.run(
            ["gdb", "-q", "-batch", "-nx", "-ex", "x/s &linux_banner", VMLINUX, core],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
        assert guest.check("uname -r") in banner


def test_a_dump_that_is_none(tmp_path):
    bad = tmp_path / "bad"
    for data, words in (
        (b"", "is empty"),
        (b"hello", "is no ELF file"),
        (VMLINUX.read_bytes()[: 1 << 20], "is cut off"),
        (VMLINUX.read_bytes(), "no section"),
    ):
        bad.write_bytes(data)
        refused(run(CORE, bad, tmp_path / "core"), str(bad), words)
    assert not (tmp_path / "core").exists()


def test_a_dump_cut_off(life, dump, tmp_path):
    with life.guest_with():
        path = dump("guest")
        with open(path, "r+b") as file:
            file.truncate(64 * MIB)
        refused(run(CORE, path, tmp_path / "core"), "is cut off", "no room")


def test_no_kdump(life):
    """A second kernel cannot be loaded, and the kernel says that it does not know
    what to do with memory reserved for one."""
    with life.guest_with(cmdline="crashkernel=32M") as guest:
        text = guest.check("dmesg")
        assert re.search(r"Unknown kernel command line parameters.*crashkernel=32M", text)
        assert "not set" in guest.check(
            "zcat /proc/config.gz 2>/dev/null | grep KEXEC_CORE || echo not set")
