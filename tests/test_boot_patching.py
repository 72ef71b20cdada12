# SPDX-License-Identifier: GPL-2.0
"""The kernel's text changes while it runs: jump labels, ftrace, kprobes. What
is patched has to have its effect, and none any more when it is taken back."""

import re

import pytest
from bootlab import VMLINUX, long_in_the_shim
from conftest import run
from vmlinux import disassembled

pytestmark = [pytest.mark.boot, long_in_the_shim]

TRACING = "/sys/kernel/tracing"
# A breakpoint becomes a jump after a while, unless this is 0.
OPTIMIZATION = "/proc/sys/debug/kprobes-optimization"
OPEN = "do_sys_openat2"
OPEN_10 = "for n in 1 2 3 4 5 6 7 8 9 10; do : </dev/null; done"


@pytest.fixture
def tracing(guest):
    guest.check(f"grep -q {TRACING} /proc/mounts || mount -t tracefs tracefs {TRACING}")
    guest.check(f"cd {TRACING}; echo 1 >tracing_on; echo >trace")
    yield guest
    guest.check(
        f"cd {TRACING}; echo nop >current_tracer; echo 0 >events/enable; echo >set_ftrace_filter;"
        f" echo >kprobe_events; echo 1 >{OPTIMIZATION}; echo 1 >tracing_on; echo >trace; cd /",
        60,
    )


def lines(guest):
    """How many events the trace has."""
    return int(guest.check(f"grep -vc '^#' {TRACING}/trace || :"))


def test_jump_label(guest):
    """/proc/schedstat counts while a static key is on."""
    switch = "/proc/sys/kernel/sched_schedstats"

    def counted():
        count = "awk '/^cpu0/ { print $4 }' /proc/schedstat"
        before = int(guest.check(count))
        guest.check("for n in 1 2 3 4 5 6 7 8 9 10; do (usleep 1000); done")
        return int(guest.check(count)) - before

    assert guest.read(switch) == "0"
    for _ in range(3):
        assert counted() == 0
        guest.check(f"echo 1 >{switch}")
        assert counted() >= 10
        guest.check(f"echo 0 >{switch}")
    assert counted() == 0
    # Often, while it is being executed.
    guest.check(
        "(while :; do usleep 1; done) & busy=$!;"
        " for n in $(seq 50); do"
        f" echo 1 >{switch}; echo 0 >{switch}; done; kill $busy",
        60,
    )
    assert counted() == 0


def test_function_tracer(tracing):
    assert "function" in tracing.read(f"{TRACING}/available_tracers").split()
    assert lines(tracing) == 0
    tracing.check(f"echo function >current_tracer; {OPEN_10}; echo 0 >tracing_on", 60)
    assert lines(tracing) > 1000
    assert int(tracing.check(f"grep -c ' {OPEN} <-' trace")) >= 10
    tracing.check("echo nop >current_tracer; echo 1 >tracing_on; echo >trace")
    tracing.check(OPEN_10)
    assert lines(tracing) == 0


def test_one_function(tracing):
    tracing.check(f"echo {OPEN} >set_ftrace_filter; echo function >current_tracer; echo >trace")
    tracing.check(f"{OPEN_10}; echo 0 >tracing_on")
    count = lines(tracing)
    assert count >= 10
    assert int(tracing.check(f"grep -c ' {OPEN} <-' trace")) == count


def test_function_graph(tracing):
    if "function_graph" not in tracing.read(f"{TRACING}/available_tracers").split():
        pytest.skip("the kernel has no function_graph")
    # What OPEN calls; it has another name in some trees.
    middle = tracing.check("grep -x -e do_filp_open -e do_file_open available_filter_functions")
    # All functions would keep an emulated machine busy with its timer alone.
    tracing.check(
        f"echo {OPEN} {middle} path_openat >set_ftrace_filter &&"
        f" echo function_graph >current_tracer; {OPEN_10}; echo 0 >tracing_on",
        60,
    )
    # Entry and return: the return address was replaced and found again.
    for name in OPEN, middle:
        assert int(tracing.check(f"grep -c ' {name}() {{' trace")) >= 10
    assert int(tracing.check("grep -c ' us .* path_openat();' trace")) >= 10
    assert int(tracing.check("grep -c ' us .*|  *}' trace")) >= 20


@pytest.mark.parametrize(
    "probe",
    [
        f"p:mx/probe {OPEN}",
        # Behind the five bytes that ftrace has: a breakpoint of its own.
        f"p:mx/probe {OPEN}+5",
        f"r:mx/probe {OPEN} $retval",
    ],
    ids=["entry", "inside", "return"],
)
def test_kprobe(tracing, probe):
    tracing.check(f"echo '{probe}' >kprobe_events; echo >trace")
    tracing.check(OPEN_10)
    assert lines(tracing) == 0
    for _ in range(3):
        tracing.check("echo >trace; echo 1 >events/mx/probe/enable")
        tracing.check(OPEN_10)
        tracing.check("echo 0 >events/mx/probe/enable")
        hits = lines(tracing)
        # Ten for the loop, some for the commands around it.
        assert 10 <= hits < 100
        tracing.check(OPEN_10)
        assert lines(tracing) == hits
    name, count, missed = tracing.read(f"{TRACING}/kprobe_profile").split()
    assert name == "probe" and int(count) >= 30 and missed == "0"
    tracing.check("echo >kprobe_events")
    assert tracing.read(f"{TRACING}/kprobe_events") == ""
    tracing.check(f"[ ! -e events/mx/probe ]; {OPEN_10}")


# {what: (function, its instruction, interrupts on behind it)}
FLAG = {
    "read": ("_raw_spin_lock_irqsave", "movzbl MASK,%e", None),
    "off": ("_raw_spin_lock_irq", "movb   $0x1,MASK", False),
    "on": ("_raw_spin_unlock_irq", "movb   $0x0,MASK", True),
}


def code_of(function):
    """[(offset, instruction)], MASK for the vCPU's upcall mask."""
    address, = re.findall(r"^(\w+) \w xen_vcpu_info$", run("nm", VMLINUX).stdout, re.M)
    mask = f"%fs:{int(address, 16) + 1:#x}"
    code = disassembled(function)
    return [(at - code[0][0], words.replace(mask, "MASK")) for at, words in code]


@pytest.mark.parametrize("what", FLAG)
def test_kprobe_on_interrupts(tracing, what):
    """Interrupts are on or off by a byte in memory, and a probe on what reads or writes
    it is none on any other move: its copy is not executed with the same value there."""
    function, wanted, on = FLAG[what]
    code = code_of(function)
    index, = [n for n, (_, words) in enumerate(code) if words.startswith(wanted)]
    register = code[index][1][-2:] if what == "read" else "ax"
    tracing.check(f"echo 0 >{OPTIMIZATION}")
    tracing.check(f"echo 'p:mx/probe {function}+{code[index][0]}' >kprobe_events")
    tracing.check(f"echo 'p:mx/next {function}+{code[index + 1][0]} flags=%flags"
                  f" value=%{register}' >>kprobe_events")
    tracing.check(f"echo >trace; echo 1 >events/mx/enable; {OPEN_10}; usleep 100000;"
                  " echo 0 >events/mx/enable", 60)
    found = tracing.check("sed -n 's/.* next: .* flags=\\(.*\\) value=\\(.*\\)/\\1 \\2/p' trace"
                          " | sort | uniq -c", 60)
    seen = {(bool(int(flags, 16) & 0x200), int(value, 16))
            for _, flags, value in map(str.split, found.splitlines())}
    assert int(tracing.check("grep -c ' probe: ' trace")) >= 10
    if what == "read":
        assert (True, 0) in seen
        assert seen <= {(True, 0), (False, 1)}
    else:
        assert {flag for flag, _ in seen} == {on}
