# SPDX-License-Identifier: GPL-2.0
"""What in a log is a complaint: of a kernel about itself, of Xen about a
guest."""

import re

_KERNEL = re.compile("|".join((
    r"WARNING: ", r"\bBUG: ", r"kernel BUG at", r"\bOops\b", r"Call Trace:",
    r"Kernel panic", r"general protection", r"[Uu]nable to handle",
    r"invalid opcode: ", r"stack segment: ", r"double fault: ",
    r"segment not present: ", r"divide error: ", r"int3: ",
    r"kernel stack overflow", r"Bad page (state|map)", r"bad pmd", r"bad pgd",
    r"soft lockup", r"hard LOCKUP", r"rcu.* stall", r"blocked for more than",
    r"scheduling while atomic", r"sleeping function called from invalid",
    r"suspicious RCU usage", r"possible (circular|recursive) locking",
    r"unexpected IRQ trap", r"nobody cared", r"\b(KASAN|UBSAN|KCSAN|KFENCE): ",
    r"Checked W\+X mappings: FAILED", r"hypercall.* (failed|error)",
    r"Tainted: (?!G +O\b)",
)))

# "(XEN) mm.c:1234:d5v0 ...", "(XEN) d5v0 ...", "(XEN) Domain 5 (vcpu#0) ...",
# "(XEN) *** Dumping Dom5 vcpu#0 state: ***"
_DOMAIN = re.compile(r"\(XEN\).*?(?:\bd(\d+)(?:v\d+)?\b|\bDom(?:ain )?(\d+)\b)")
_SOURCE = re.compile(r"\(XEN\).*\b(mm|traps|emul-[\w-]+|descriptor-tables|"
                     r"domain_page|grant_table|event_channel|iret|callback)\.c:\d+")
_XEN = re.compile(r"\(XEN\).*(Xen BUG|Xen WARN|Assertion .* failed|Panic on CPU)")
# What guest_loglvl=all adds about guests that do nothing wrong.
_HARMLESS = re.compile(r"\(XEN\) (HVM ?d?\d+(v\d+)? (save|restore): |HVM (save|restore) d\d+(v\d+)?: "
                       r"|d\d+v\d+: upcall vector |d\d+: L1TF"
                       r"|Dom\d+ has maximum \d+ VCPUs)")


def complaints(guest_log, allowed=()):
    """The lines of a guest's log (text) in which its kernel complains.
    `allowed`: regular expressions of lines to let pass."""
    return [line for line in guest_log.splitlines()
            if _KERNEL.search(line) and "(XEN)" not in line
            and not any(re.search(pattern, line) for pattern in allowed)]


def hypervisor_complaints(xen_log, domid=None, allowed=()):
    """The lines of Xen's log (text) that are about domain `domid`, or about any
    but domain 0, and Xen's own failures. A guest that behaves has none."""
    found = []
    for line in xen_log.splitlines():
        if _HARMLESS.search(line) or any(re.search(pattern, line)
                                         for pattern in allowed):
            continue
        match = _DOMAIN.search(line)
        about = int(match.group(1) or match.group(2)) if match else None
        if (_XEN.search(line)
                or (about if domid is None else about == domid)
                or (about is None and _SOURCE.search(line))):
            found.append(line)
    return found
