# SPDX-License-Identifier: GPL-2.0
"""As many vCPUs as the domain has, and as many as it has at the moment."""

import pytest
from bootlab import MEMORY
from conftest import stack
from smplab import SYSFS, interrupts, online, stable_tsc, wait_online

pytestmark = pytest.mark.smp


def check_all_come_up(smp, vcpus):
    with smp.own(f"cpus{vcpus}", vcpus=vcpus, memory=MEMORY + 8 * vcpus) as guest:
        assert online(guest) == vcpus
        listed = smp.dom0.check(f"xl vcpu-list {guest.name}").splitlines()[1:]
        assert len(listed) == vcpus and not [line for line in listed if "--p" in line]
        # Each one does something, and nothing gets lost on the way.
        guest.check(f"for n in $(seq 0 {vcpus - 1}); do"
                    " taskset -c $n /tests/forkexec 1 >/tmp/$n & done; wait", 300)
        assert guest.check("cat /tmp/[0-9]* | grep -c '^forkexec: .* 0 failed'") == str(vcpus)


@pytest.mark.parametrize("vcpus", [1, 2, 8])
def test_all_come_up(smp, vcpus):
    check_all_come_up(smp, vcpus)


@pytest.mark.parametrize("option, count", [("nosmp", 1), ("maxcpus=2", 2), ("nr_cpus=3", 3)])
def test_fewer_when_asked(smp, option, count):
    with smp.own("fewer", vcpus=4, cmdline=option) as guest:
        assert online(guest) == count


@pytest.mark.long
def test_kernel_for_one(smp):
    """Without CONFIG_SMP the others are not there."""
    with smp.own("up", vcpus=4, kernel="/guest/kernel-up") as guest:
        assert "SMP" not in guest.check("uname -v")
        assert guest.check("grep -c ^processor /proc/cpuinfo") == "1"
        listed = smp.dom0.check(f"xl vcpu-list {guest.name}").splitlines()[1:]
        assert len([line for line in listed if "--p" in line]) == 3
        guest.check("/tests/forkexec 5 >/dev/null", 60)


def test_each_is_a_cpu_of_its_own(smpguest, smp):
    """No cores, no threads: Xen moves a vCPU as it likes."""
    ids = smpguest.check("grep '^apicid' /proc/cpuinfo | sed 's/.*: //'").split()
    # 6.1 asks CPUID, which is Xen's and says 0 to each.
    expected = [0] * smp.VCPUS if stack.chosen_tree() == "6.1" else list(range(smp.VCPUS))
    assert [int(number) for number in ids] == expected
    for cpu in range(smp.VCPUS):
        assert smpguest.read(f"{SYSFS}/cpu{cpu}/topology/thread_siblings_list") == str(cpu)


def check_own_state(guest, vcpus, ioperm):
    result = guest.run("/tests/cpu_state", 60)
    expected = f"cpu_state: {vcpus} CPUs, {ioperm} ioperm(), good"
    assert result.output.splitlines()[-1] == expected, result.output


def test_each_has_its_own_state(smpguest, smp):
    check_own_state(smpguest, smp.VCPUS, "without")


def test_each_has_its_own_state_64_bit(smp):
    """What cpu_bringup() does for both: there, programs have ioperm()."""
    with smp.own("state", vcpus=2, kernel="/guest/kernel-amd64") as guest:
        assert guest.check("uname -m") == "x86_64"
        check_own_state(guest, 2, "with")


def test_each_shows_its_stack(smpguest, smp):
    """An interrupt that cannot be masked, as an event channel can be."""
    smpguest.check("dmesg -c >/dev/null; echo l >/proc/sysrq-trigger", 60)
    smpguest.wait_until(f"[ $(dmesg | grep -c 'NMI backtrace for cpu') = {smp.VCPUS} ]")
    assert "is not implemented" not in smpguest.check("dmesg")
    smp.check(allowed=("Call Trace:",))


def test_they_interrupt_each_other(smpguest):
    """Event channels for what is an IPI on a PC: each kind is used."""
    names = "resched", "callfuncsingle"
    for name in names:
        smpguest.check(f"grep -q {name}3 /proc/interrupts")
    before = {name: interrupts(smpguest, f"{name}[0-9]*") for name in names}
    # A task that is moved at once, and wake-ups across CPUs.
    smpguest.check("for n in 1 2 3 0; do taskset -cp $n $$ >/dev/null; done;"
                   " dd if=/dev/zero bs=4096 count=2000 2>/dev/null | taskset -c 2 md5sum >/dev/null")
    after = {name: interrupts(smpguest, f"{name}[0-9]*") for name in names}
    assert [name for name in names if after[name] <= before[name]] == []


def test_one_goes_and_comes_by_sysfs(smpguest, smp):
    for round_ in range(3):
        for cpu in (1, 3):
            smpguest.check(f"echo 0 >{SYSFS}/cpu{cpu}/online", 60)
        assert online(smpguest) == smp.VCPUS - 2
        smp.dom0.wait_until(f"[ $(xl vcpu-list {smpguest.name} | grep -c -e '--p') = 2 ]")
        smpguest.check("/tests/forkexec 1 >/dev/null", 60)
        for cpu in (3, 1):
            smpguest.check(f"echo 1 >{SYSFS}/cpu{cpu}/online", 60)
        assert online(smpguest) == smp.VCPUS, f"round {round_}"
        smpguest.check("taskset -c 3 /tests/forkexec 1 >/dev/null", 60)


def test_a_program_sleeps_while_its_cpu_is_gone(smp):
    """What is in the registers then is not taken for its FPU state. No other program
    may have used them when it wakes: all are on the first CPU."""
    with smp.own("sleeps", vcpus=2) as guest:
        found = guest.check("(/tests/fpu_kept 1 10 >/tmp/fpu 2>&1 &); taskset -cp 0 $$ >/dev/null;"
                            f" sleep 1; cd {SYSFS}/cpu1; echo 0 >online; echo 1 >online;"
                            " pidof fpu_kept >/dev/null && sleep 10; cat /tmp/fpu", 60)
        assert found == "fpu_kept: good"


def test_the_first_one_stays(smpguest):
    assert smpguest.run(f"[ -w {SYSFS}/cpu0/online ]").status != 0


def test_the_toolstack_takes_and_gives(smpguest, smp):
    for count in (2, 1, smp.VCPUS):
        smp.set_vcpus(smpguest, count)
        wait_online(smpguest, count)


def test_vcpu_set_0_is_refused(smpguest, smp):
    before = online(smpguest)
    result = smp.dom0.run(f"xl vcpu-set {smpguest.name} 0")
    assert result.status != 0 and result.output
    assert online(smpguest) == before


def test_start_with_fewer_than_there_may_be(smp):
    with smp.own("later", vcpus=1, extra_config="maxvcpus=4") as guest:
        assert online(guest) == 1
        smp.set_vcpus(guest, 3)
        if smp.hypervisor != "shim":
            wait_online(guest, 3)
            return
        # It does not know the CPUs that its own domain has not got at first. One that it
        # refuses costs the guest nothing else.
        said = guest.check("dmesg | grep 'Xen does not start vCPU'").splitlines()
        assert {line.split("vCPU ")[1] for line in said} == {f"{cpu}: -22" for cpu in (1, 2, 3)}
        guest.check("sleep 2")
        assert online(guest) == 1


def check_40_vcpus(smp, option, count):
    """33 and more stay down, and a line says so, however many of the others are
    wanted."""
    with smp.own("many", vcpus=40, memory=MEMORY + 256, cmdline=option) as guest:
        assert online(guest) == count
        assert guest.read(f"{SYSFS}/possible") == f"0-{count - 1}"
        listed = smp.dom0.check(f"xl vcpu-list {guest.name}").splitlines()[1:]
        assert len(listed) == 40
        assert len([line for line in listed if "--p" not in line]) == count
        said = guest.check("dmesg | grep 'more vCPUs' || :").splitlines()
        if smp.hypervisor == "shim":
            assert "Detected 32 vCPUS" in guest.check("dmesg"), "it shows its guest no more"
            assert not said
        else:
            assert len(said) == 1 and said[0].endswith("room for; 32 and up stay down")


def test_more_than_the_kernel_takes(smp):
    check_40_vcpus(smp, "maxcpus=2", 2)


@pytest.mark.long
@stable_tsc
def test_32_come_up(smp):
    check_all_come_up(smp, 32)


@pytest.mark.long
@stable_tsc
def test_more_than_the_kernel_takes_and_32_of_them_up(smp):
    check_40_vcpus(smp, "", 32)
