# SPDX-License-Identifier: GPL-2.0
"""The kernel's text changes while it runs: jump labels, ftrace, kprobes. What
is patched has to have its effect, and none any more when it is taken back."""

import pytest

pytestmark = pytest.mark.boot

TRACING = "/sys/kernel/tracing"
OPEN = "do_sys_openat2"
OPEN_10 = "for n in 1 2 3 4 5 6 7 8 9 10; do : </dev/null; done"


@pytest.fixture
def tracing(guest):
    guest.check(f"grep -q {TRACING} /proc/mounts || mount -t tracefs tracefs {TRACING}")
    guest.check(f"cd {TRACING}; echo 1 >tracing_on; echo >trace")
    yield guest
    guest.check(
        f"cd {TRACING}; echo nop >current_tracer; echo 0 >events/enable; echo >set_ftrace_filter;"
        " echo >kprobe_events; echo 1 >tracing_on; echo >trace; cd /",
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
    # All functions would keep an emulated machine busy with its timer alone.
    tracing.check(
        f"echo {OPEN} do_filp_open path_openat >set_ftrace_filter;"
        f" echo function_graph >current_tracer; {OPEN_10}; echo 0 >tracing_on",
        60,
    )
    # Entry and return: the return address was replaced and found again.
    for name in OPEN, "do_filp_open":
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
