# SPDX-License-Identifier: GPL-2.0
"""A kernel that watches over itself (scripts/debug.config) finds nothing, its
self-tests pass, and what LKDTM breaks on purpose ends as on a native kernel of
the same configuration."""

import re

import pytest
from bootlab import RESULTS, Lab
from conftest import BUILT, TOP
from smplab import online
from xenlab import Native

pytestmark = [pytest.mark.proof, pytest.mark.long]

KERNEL = BUILT / "kernel-debug/arch/x86/boot/bzImage"
NATIVE = BUILT / "native-same-debug/arch/x86/boot/bzImage"
CASES = BUILT / "linux/tools/testing/selftests/lkdtm/tests.txt"
TRIGGER = "/sys/kernel/debug/provoke-crash/DIRECT"
MEMORY = 512
VCPUS = 2
# ftrace's self-tests change all functions several times, which an emulator has to
# translate anew each time.
BOOT = 900
PROGRAMS = sorted(path.stem for path in (TOP / "tests/guest").glob("*.c"))

# {case: why it ends in another way than natively}
DIFFERENT = {
    "DOUBLE_FAULT": "loads SS with a selector of RPL 0, which is a #GP in ring 1 and an oops;"
                    " natively QEMU, which knows no segment limits, goes on",
}
# i386 has no VMAP_STACK, so what is beside a stack is another page of the kernel's. With
# DEBUG_PAGEALLOC it faults if that page happens to be free.
BY_CHANCE = ("STACK_GUARD_PAGE_LEADING", "STACK_GUARD_PAGE_TRAILING")


class Debug(Lab):
    """A Lab with that kernel."""

    group = "debug"

    def machine(self):
        return {"files": {"/guest/kernel": KERNEL}, "mended": True}

    def devices(self):
        return {"memory": MEMORY, "vcpus": VCPUS, "wait": BOOT}

    def prepare(self, guest):
        super().prepare(guest)
        guest.check("mount -t debugfs debugfs /sys/kernel/debug", 60)

    def forget(self):
        """What was said and broken on purpose."""
        self.messages()
        self._clean.new()


def cases():
    """{name: what run.sh looks for in the kernel's messages}, without those that
    end the whole system and those of another architecture."""
    lines = CASES.read_text().splitlines() if CASES.exists() else []
    pairs = [line.partition(" ")[::2] for line in lines
             if line and not line.startswith(("#", "PPC_"))]
    return {name: re.sub(r"^repeat:\d+ ", "", expected) or "call trace:"
            for name, expected in pairs}


@pytest.fixture(scope="module")
def debug():
    # The tracer of calls reads the clock twice a function, and an emulated TSC is slow.
    lab = Debug("pv32-tsc")
    lab.guest()
    yield lab
    lab.dom0.close()


@pytest.fixture(scope="module")
def native_debug():
    with Native(NATIVE, memory=MEMORY, vcpus=VCPUS, log=RESULTS / "debug-native",
                cmdline="quiet loglevel=1", wait=BOOT, mended=True) as machine:
        machine.check("dmesg -n 1; mount -t debugfs debugfs /sys/kernel/debug", 60)
        yield machine


def test_boots_without_a_complaint(debug):
    guest = debug.guest()
    assert online(guest) == VCPUS
    log = guest.check("dmesg", 60)
    debug.check()
    for said in ("Lock dependency validator", "kfence: initialized",
                 "Checked W+X mappings: passed, no W+X pages found"):
        assert said in log, f"'{said}' is not in the kernel's messages"
    for test in ("tracer function", "dynamic ftrace", "ftrace regs", "tracer function_graph"):
        # Others' messages may come between its name and its result.
        end = re.search("PASSED|Testing", log.partition(f"Testing {test}: ")[2])
        assert end and end[0] == "PASSED", f"'Testing {test}' has not passed"
    assert "FAILED" not in log
    suite = re.search(r"^\[[^]]*\] (ok|not ok) \d+ kprobes_test$", log, re.MULTILINE)
    assert suite and suite[1] == "ok"


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(debug, program):
    """They have their own tests; here nothing may be found wrong meanwhile."""
    result = debug.guest().run(f"/tests/{program} 10 >/tmp/output 2>&1; tail -n 1 /tmp/output", 600)
    assert re.fullmatch(rf"{program}: \d+ ok, \d+ failed", result.output), result.output
    debug.check()


def test_allocations_that_fail(debug):
    """fork, exec, mmap and modify_ldt without memory give an error, and all that
    was begun is undone."""
    guest = debug.guest()
    guest.check("cd /sys/kernel/debug; for f in failslab fail_page_alloc; do"
                " echo 1 >$f/task-filter; echo 7 >$f/interval; echo 100 >$f/probability;"
                " echo -1 >$f/times; echo 0 >$f/verbose; done;"
                " echo 0 >failslab/ignore-gfp-wait; echo 0 >fail_page_alloc/ignore-gfp-wait;"
                " echo 0 >fail_page_alloc/min-order; cd /")
    failed = 0
    for round_ in range(8):
        for program in ("forkexec", "mmap_protect", "ldt"):
            result = guest.run(f"sh -c 'echo 1 >/proc/self/make-it-fail;"
                               f" exec /tests/{program} 1' >/dev/null 2>&1", 120)
            failed += result.status != 0
    assert failed, "no allocation has failed"
    guest.check("for f in failslab fail_page_alloc; do"
                " echo 0 >/sys/kernel/debug/$f/probability; done")
    guest.check("/tests/forkexec 1 >/dev/null && /tests/ldt_threads >/dev/null", 120)
    debug.check()


def test_lockdep_is_still_on(debug):
    """It switches itself off at what it finds."""
    assert re.search(r"debug_locks: +1$", debug.guest().read("/proc/lockdep_stats"), re.MULTILINE)


def end_of(shell, case, expected):
    """How a case ends: whether the kernel says what it should, and the status of
    the process."""
    shell.check("dmesg -c >/dev/null", 60)
    result = shell.run(f"sh -c 'echo {case} | cat >{TRIGGER}' >/dev/null 2>&1", 60)
    said = shell.check("dmesg", 60)
    if re.search("XFAIL|Recompile|FAIL: .*CONFIG_", said):
        what = "not in this kernel"
    else:
        what = "caught" if re.search(expected, said, re.IGNORECASE) else "not caught"
    return what, result.status


@pytest.mark.parametrize("case", cases())
def test_broken_on_purpose(debug, native_debug, case):
    if not native_debug.run(f"grep -qx {case} {TRIGGER}").status == 0:
        pytest.fail(f"no {case} in the native kernel's LKDTM")
    expected = cases()[case]
    reference = end_of(native_debug, case, expected)
    ours = end_of(debug.guest(), case, expected)
    debug.forget()
    if case in BY_CHANCE:
        for what, status in (reference, ours):
            assert (what, status != 0) in (("caught", True), ("not caught", False))
    elif case in DIFFERENT:
        assert ours != reference, f"{case} is as on a native kernel: take it off the list"
    else:
        assert ours == reference
