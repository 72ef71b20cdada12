# SPDX-License-Identifier: GPL-2.0
"""That a complaint in a log would be noticed: of the guest's kernel, and of
Xen about the guest."""

import re

import pytest
from bootlab import ALLOWED, Clean, pv32_only
from xenlab import complaints, hypervisor_complaints

pytestmark = pytest.mark.boot

KERNEL = """\
[    1.000000] WARNING: CPU: 0 PID: 1 at x.c:1 y+0x1/0x2
[    1.000000] BUG: kernel NULL pointer dereference, address: 00000074
[    1.000000] kernel BUG at mm/slub.c:1!
[    1.000000] Oops: Oops: 0000 [#1] PREEMPT
[    1.000000] Call Trace:
[    1.000000] Kernel panic - not syncing: sysrq triggered crash
[    1.000000] Oops: general protection fault: 0000 [#1]
[    1.000000] BUG: unable to handle page fault for address: f5800000
[    1.000000] Bad page state in process sh  pfn:01234
[    1.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:1]
[    1.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
[    1.000000] rcu: INFO: rcu_sched self-detected stall on CPU
[    1.000000] INFO: task sh:1 blocked for more than 120 seconds.
[    1.000000] BUG: scheduling while atomic: sh/1/0x00000002
[    1.000000] BUG: sleeping function called from invalid context at x.c:1
[    1.000000] irq 16: nobody cared (try booting with the "irqpoll" option)
[    1.000000] x86/mm: Checked W+X mappings: FAILED, 3 W+X pages found.
[    1.000000] Tainted: [D]=DIE
"""

KERNEL_HARMLESS = """\
[    1.000000] Linux version 6.12.0 (mach-xen@mach-xen) (gcc (Debian 12.2.0)) #1
[    1.000000] x86/mm: Checked W+X mappings: passed, no W+X pages found.
[    1.000000] traps: faults[208] general protection fault ip:804aba7 sp:bffe109c error:0 in faults
[    1.000000] mmap_protect[2038]: segfault at bfacc9a0 ip 0804c046 sp bfacc9a0 error 6 in mmap
[    1.000000] xen: registering gsi 9 triggering 0 polarity 0
[    1.000000] Speculative Return Stack Overflow: WARNING: kernel not compiled with MITIGATION_SRSO.
"""

XEN = """\
(XEN) mm.c:2229:d5v0 Bad L1 flags 800000
(XEN) d5v0 Unhandled invalid opcode fault/trap [#6, ec=0000]
(XEN) d5v0 Unhandled: vec 14, #PF[0000]
(XEN) domain_crash called from arch/x86/pv/traps.c:90 d5
(XEN) Domain 5 (vcpu#0) crashed on cpu#1:
(XEN) Domain 5 crashed: hypercall to nowhere
(XEN) *** Dumping Dom5 vcpu#0 state: ***
(XEN) traps.c:1234: GPF (0000): ffff82d0402e5b3a
(XEN) d5: Forcing write emulation on MFNs 1-2
(XEN) arch/x86/mm.c:1234: d5: refused
"""

XEN_ITSELF = """\
(XEN) Xen BUG at mm.c:123
(XEN) Xen WARN at mm.c:123
(XEN) Assertion 'x' failed at mm.c:123
(XEN) Panic on CPU 0:
"""

XEN_HARMLESS = """\
(XEN) Dom5 has maximum 1 VCPUs
(XEN) HVM restore d5: MTRR 0
(XEN) HVM5 restore: CPU 0
(XEN) Scrubbing Free RAM in background
(XEN) *** Serial input to DOM0 (type 'CTRL-a' three times to switch input)
(XEN) d0v0: something of dom0's
"""


def first_words(line):
    return "-".join(re.findall(r"[A-Za-z]\w+", line)[:4])


@pytest.mark.parametrize("line", KERNEL.splitlines(), ids=first_words)
def test_line_of_the_guest(line):
    text = KERNEL_HARMLESS + line + "\r\n" + KERNEL_HARMLESS
    assert [found.strip() for found in complaints(text, ALLOWED)] == [line]
    # What is allowed is that alone.
    assert not complaints(text, ALLOWED + (r"^\[    1\.000000\] ",))


def test_harmless_lines_of_the_guest():
    assert complaints(KERNEL_HARMLESS, ALLOWED) == []


@pytest.mark.parametrize("line", XEN.splitlines() + XEN_ITSELF.splitlines(), ids=first_words)
def test_line_of_xen(line):
    text = XEN_HARMLESS + line + "\n" + XEN_HARMLESS
    assert hypervisor_complaints(text, 5) == [line]
    assert hypervisor_complaints(text) == [line]


def test_xen_about_other_domains():
    assert hypervisor_complaints(XEN.replace("d5", "d6").replace("Dom5", "Dom6"), 5) == [
        line for line in XEN.splitlines() if "ain 5" in line or line.startswith("(XEN) traps.c")
    ]
    assert hypervisor_complaints(XEN_HARMLESS) == []


def test_a_warning_makes_a_test_fail(lab):
    """What every test's guest goes through at its end."""
    warn = "echo '<4>WARNING: CPU: 0 PID: 1 at x.c:1 y' >/dev/kmsg"
    with pytest.raises(AssertionError, match="WARNING: CPU: 0 PID: 1 at x.c:1 y"):
        with lab.own("warns") as guest:
            clean = Clean(guest)
            clean.check()
            guest.check(warn)
            with pytest.raises(AssertionError, match="WARNING: CPU: 0 PID: 1 at x.c:1 y"):
                clean.check()
            clean.check()  # each line is told once


@pv32_only
def test_what_xen_says_makes_a_test_fail(lab):
    """Xen's log is really looked at, and the line is about this guest."""
    with pytest.raises(AssertionError, match="said by the test"):
        with lab.own("noted") as guest:
            with open(lab.dom0.xen_log, "a", encoding="utf-8") as log:
                log.write(f"(XEN) mm.c:1234:d{guest.domid}v0 said by the test\n")
