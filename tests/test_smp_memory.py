# SPDX-License-Identifier: GPL-2.0
"""Little memory, much memory, and memory that comes and goes."""

import pytest
from bootlab import MEMORY, RESULTS
from smplab import SMALL, with_pattern
from xenlab import Dom0

pytestmark = pytest.mark.smp

BALLOON = "/sys/devices/system/xen_memory/xen_memory0"
OOM = r"Out of memory: |invoked oom-killer|oom-kill:|oom_reaper: |Mem-Info:|Call Trace:"


def meminfo(guest):
    """/proc/meminfo, in KiB."""
    lines = guest.read("/proc/meminfo").splitlines()
    return {name.rstrip(":"): int(number) for name, number, *_ in map(str.split, lines)}


def fill(guest, mib):
    """So much memory with what can be told from anything else."""
    guest.check(f"rm -f /tmp/fill; mount -o remount,size={mib + 1}m /tmp"
                f" && /tests/pattern write {mib} {mib} >/tmp/fill", 60 + mib)


def check_filled(guest, mib):
    assert guest.check(f"/tests/pattern check {mib} {mib} </tmp/fill", 60 + mib) == f"same {mib} MiB"


def set_memory(guest, mib, seconds=60):
    """Ask for it, and wait until it is so; in Xen's words as well."""
    guest.dom0.check(f"xl mem-set {guest.name} {mib}m")
    guest.wait_until(f"[ $(($(cat {BALLOON}/info/current_kb) / 1024)) = {mib} ]", seconds)
    listed = int(guest.dom0.check(f"xl list {guest.name}").splitlines()[-1].split()[2])
    assert listed == mib


def check_size(guest, memory):
    """All of it is there, and can be used."""
    total = meminfo(guest)["MemTotal"] / 1024
    # Without the kernel, and a 64th for what it notes on each page.
    assert memory * 63 / 64 - 24 < total < memory
    size = int(meminfo(guest)["MemAvailable"] / 1024 * 0.8)
    assert size > memory / 8
    fill(guest, size)
    check_filled(guest, size)


@pytest.mark.parametrize("memory", [
    32, pytest.param(1024, marks=pytest.mark.long), pytest.param(2048, marks=pytest.mark.long)])
@pytest.mark.parametrize("smp", ["pv32"], indirect=True)
def test_sizes(smp, memory):
    with smp.own("sized", memory=memory, ramdisk="/guest/small") as guest:
        check_size(guest, memory)


@pytest.mark.long
@pytest.mark.parametrize("memory", [6144, 1024])
def test_6_gibibytes(memory):
    """At once, or given to it later. Half of it are machine frames above 4 GiB at least:
    there are no more below."""
    with Dom0("pv32", files={"/guest/small": with_pattern(SMALL)}, memory=9728,
              log=RESULTS / "smp-6gib") as dom0:
        with dom0.create("large", memory=memory, vcpus=2, ramdisk="/guest/small",
                         extra_config="maxmem=6144") as guest:
            guest.check("dmesg -n 1")
            if memory < 6144:
                set_memory(guest, 6144, 120)
            check_size(guest, 6144)
            info = meminfo(guest)
            assert info["HighTotal"] > 5 << 20
            assert not guest.complaints()


def test_meminfo_adds_up(smpguest):
    info = meminfo(smpguest)
    assert info["LowTotal"] + info["HighTotal"] == info["MemTotal"]
    assert abs(info["LowFree"] + info["HighFree"] - info["MemFree"]) < 2048
    used = ("MemFree", "Buffers", "Cached", "SwapCached", "AnonPages", "Slab", "KernelStack",
            "PageTables", "SecPageTables", "Percpu")
    assert 0.93 < sum(info[name] for name in used) / info["MemTotal"] < 1.01


def test_no_huge_pages(smpguest):
    """A PV guest has none, and says so."""
    assert " pse " not in smpguest.check("grep -m 1 ^flags /proc/cpuinfo") + " "
    assert smpguest.run("[ -e /sys/kernel/mm/transparent_hugepage/enabled ]").status != 0
    assert meminfo(smpguest).get("AnonHugePages", 0) == 0


def test_maxmem_above_memory(smp):
    """What the domain has not got at first can be given to it."""
    with smp.own("grows", memory=128, extra_config="maxmem=384") as guest:
        before = meminfo(guest)["MemTotal"]
        set_memory(guest, 384)
        assert meminfo(guest)["MemTotal"] - before == 256 << 10
        fill(guest, 256)
        check_filled(guest, 256)
        assert smp.dom0.run(f"xl mem-set {guest.name} 512m").status != 0
        fill(guest, 16)
        check_filled(guest, 16)


@pytest.mark.parametrize("rounds", [2, pytest.param(64, marks=pytest.mark.long)])
def test_less_and_more(smp, rounds):
    """Between a quarter of the memory and all of it, while programs take and give
    some and check what they have. Nothing is lost on the way."""
    whole = 512
    checker = ("/tests/pattern write 3 8 >/tmp/part$n && /tests/pattern check 3 8 </tmp/part$n"
               " && rm /tmp/part$n")
    with smp.own("rounds", memory=whole, vcpus=2, ramdisk="/guest/small") as guest:
        total = meminfo(guest)["MemTotal"]
        fill(guest, 8)
        guest.check("mount -o remount,size=64m /tmp")
        guest.start(f"for n in 1 2; do while [ ! -e /tmp/enough ] && {checker}; do"
                    " echo >>/tmp/times; done & done; wait", "/tmp/checked")
        for _ in range(rounds):
            set_memory(guest, whole // 4)
            set_memory(guest, whole)
        guest.check_runs("/tmp/checked")
        guest.check("touch /tmp/enough")
        # None has stopped before, and nothing was found but what was written.
        said = guest.outcome("/tmp/checked", 60).splitlines()
        assert set(said) == {"same 8 MiB"}
        assert len(said) == int(guest.check("wc -l </tmp/times")) > rounds
        check_filled(guest, 8)
        assert meminfo(guest)["MemTotal"] == total


def test_less_than_it_needs(smp):
    """It gives what it can, says so once, and lives."""
    with smp.own("needs") as guest:
        smp.dom0.run(f"xl mem-set {guest.name} 2m")
        guest.wait_until("dmesg | grep -q 'xen:balloon: Target .* in use'")
        assert guest.check("dmesg | grep -c 'xen:balloon: Target .* in use'") == "1"
        guest.check("/tests/forkexec 1", 60)
        set_memory(guest, MEMORY)
        fill(guest, MEMORY // 2)
        check_filled(guest, MEMORY // 2)


def test_out_of_memory(smp):
    """A process has to go, not the guest."""
    with smp.own("oom", allowed=(OOM,), vcpus=2) as guest:
        guest.check("sleep 1000 & echo $! >/tmp/pid")
        # It keeps all it reads, looking for the end of the line.
        result = guest.run("tail /dev/zero", 120)
        assert result.status == 128 + 9
        assert "Out of memory: Killed process" in guest.check("dmesg")
        guest.check("kill $(cat /tmp/pid) && /tests/forkexec 1", 60)


@pytest.mark.long
def test_swap(smp):
    """More than there is memory for."""
    with smp.own("swap", disks=["phy:/dev/vda,xvda,w"], vcpus=2) as guest:
        guest.check("mkswap /dev/xvda && swapon /dev/xvda", 60)
        size = MEMORY + MEMORY // 2
        fill(guest, size)
        check_filled(guest, size)
        assert int(guest.check("awk '/^pswpin/ { print $2 }' /proc/vmstat")) > 0
        assert int(guest.check("awk '/^pswpout/ { print $2 }' /proc/vmstat")) > 0
        guest.check("rm /tmp/fill; swapoff /dev/xvda", 60)
        assert meminfo(guest)["SwapTotal"] == 0
