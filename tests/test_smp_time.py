# SPDX-License-Identifier: GPL-2.0
"""Clocks that several CPUs read, and how much of the time a CPU is there."""

import pytest
from bootlab import MEASURED, MEMORY, RESULTS, no_complaint, uptime
from smplab import SYSFS, counting, stable_tsc
from xenlab import Dom0

pytestmark = pytest.mark.smp


def clock(guest, readings, limit):
    result = guest.run(f"/tests/clock {readings}", limit)
    assert result.status == 0, result.output
    lines = result.output.splitlines()
    assert [line.split(":")[0] for line in lines] == ["monotonic", "raw", "realtime", "boottime"]
    assert sum(int(line.split()[1]) for line in lines) >= readings


def test_no_clock_goes_back(smpguest):
    clock(smpguest, 400000, 120)


@pytest.mark.long
@stable_tsc
def test_no_clock_goes_back_in_10_million_readings(smpguest):
    clock(smpguest, 10**7, 1800)


def test_without_a_system_call():
    """Where Xen says that its clock is the same on all CPUs, programs read it
    themselves."""
    with Dom0("pv32-tsc", log=RESULTS / "smp-tsc") as dom0:
        with dom0.create("guest", vcpus=4, memory=MEMORY) as guest:
            source = guest.read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
            assert source == "xen"
            guest.check("dmesg -n 1")
            assert guest.check("/tests/vdso_time") == "clocks read without a system call"
            clock(guest, 400000, 120)
            assert not guest.complaints()


def test_with_one_where_the_clock_is_not_stable(smpguest):
    """The program of the last test can fail."""
    assert smpguest.run("/tests/vdso_time").status == 128 + 31  # SIGSYS


def wall_clock(shell):
    """In seconds, to a part of one."""
    return float(shell.check("adjtimex | awk '/time.tv_sec/ { s = $NF } /time.tv_usec/ { u = $NF }"
                             " END { printf \"%d.%06d\", s, u }'"))


def test_a_guest_that_waits_for_the_cpu(smp):
    """It has a quarter of one while it boots; its wall clock is right all the same."""
    with smp.dom0.create("waits", extra_config="cap=25", wait=False) as guest:
        guest.login("guest# ", 240)
        smp.dom0.check(f"xl sched-credit2 -d {guest.name} -c 0")
        before, there, after = map(wall_clock, (smp.dom0, guest, smp.dom0))
        # The shim adds whole seconds to whole seconds (Xen's get_wallclock_time()).
        behind = 2.5 if smp.hypervisor == "shim" else 0.5
        assert before - behind < there < after + 0.5
        no_complaint(guest.check("dmesg", 60))


def test_a_wall_clock_that_was_set(smp):
    """It goes on from there, as NTP wants it to; nobody else's clock is moved, and
    none of the guest's that count from its start."""
    with smp.own("set") as guest:
        for step in 3600, -7200:
            up = uptime(guest)
            old = wall_clock(guest) - wall_clock(smp.dom0)
            guest.check(f"date -s @$(($(date +%s) + {step})) >/dev/null; sleep 3")
            new = wall_clock(guest) - wall_clock(smp.dom0)
            # date sets whole seconds; and dom0 answers after the guest.
            assert abs(new - old - step) < 2.5
            assert 3 <= uptime(guest) - up < 60


# Timer interrupts of all CPUs and the uptime, before and after a time in which nobody
# talks to the guest: what it is told and says costs some.
IDLE = (f"count() {{ {counting('timer[0-9]*')}; cut -d ' ' -f 1 /proc/uptime; }};"
        " sleep 1; before=$(count); sleep 10; echo $before $(count)")


def test_an_idle_guest_sleeps(smpguest, smp):
    """Fewer than 20 wake-ups a second and vCPU. In the quietest of three times: who
    started the guest, and a host that keeps it waiting, only add to them."""
    rates = []
    for _ in range(3):
        before, start, after, end = map(float, smpguest.check(IDLE, 60).split())
        assert after > before
        rates.append((after - before) / (end - start) / smp.VCPUS)
    MEASURED[f"idle {smp.hypervisor} wake-ups a second and vCPU"] = round(min(rates), 1)
    assert min(rates) < 20, rates


def test_stolen_time_is_counted(smp, smpguest):
    """More vCPUs that want to run than there are CPUs: the rest is steal."""
    def steal():
        return int(smpguest.check("grep '^cpu ' /proc/stat").split()[8])

    before = steal()
    smpguest.check("for n in 1 2 3 4; do (timeout 3 sh -c 'while :; do :; done') & done; wait", 60)
    assert steal() > before


# How long the scheduler says that four loops, one on each CPU, have run, and the uptime,
# at the begin and at the end of three seconds.
BUSY = ("p=; for n in 0 1 2 3; do taskset -c $n sh -c 'while :; do :; done' & p=\"$p $!\"; done;"
        " count() { for q in $p; do cat /proc/$q/schedstat; done |"
        " awk '{ n += $1 / 1e9 } END { printf \"%.2f \", n }';"
        " cut -d ' ' -f 1 /proc/uptime; };"
        " sleep 1; count; sleep 3; count; kill $p")


def test_stolen_time_is_no_run_time(smp, smpguest):
    """The scheduler does not count it as that of the task that wanted to run."""
    before, after = [list(map(float, line.split()))
                     for line in smpguest.check(BUSY, 60).splitlines()]
    run, there = (b - a for a, b in zip(before, after))
    cpus = int(smp.dom0.check("xl info nr_cpus"))
    assert cpus < smp.VCPUS
    assert 0.5 * cpus < run / there < 1.15 * cpus


def test_time_unplugged_is_not_stolen(smpguest):
    """Nobody wanted that vCPU to run."""
    def steal():
        return int(smpguest.check("grep '^cpu3 ' /proc/stat").split()[8])

    before = steal()
    smpguest.check(f"echo 0 >{SYSFS}/cpu3/online; sleep 10; echo 1 >{SYSFS}/cpu3/online", 60)
    smpguest.check("taskset -c 3 sleep 2; taskset -c 3 /tests/forkexec 1", 60)
    assert (steal() - before) / 100 < 5
