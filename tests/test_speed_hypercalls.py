# SPDX-License-Identifier: GPL-2.0
"""How many hypercalls an operation makes, by Xen's trace. Not how long it takes:
`make bench` tells. The limits are what an operation needs, not what was seen."""

import labbench
import pytest
from bootlab import MEASURED
from conftest import BUILT
from labbench import hypercalls

pytestmark = pytest.mark.speed

# Ticks of the clock, a few hypercalls each, are counted with whatever they interrupt.
TICKS = 0.1
TABLES = 32
# A child has four tables of PMDs, and PTEs for its program, libraries and stack.
SMALL_TABLES = 7
# What a fork, an exit and a wait ask for that does not depend on the page tables.
REST = 32


@pytest.fixture(scope="module")
def count():
    """What one operation of our guest asks Xen for."""
    with labbench.dom0("pv32", BUILT / "results/speed") as dom0:
        with labbench.guest(dom0, "mach-xen") as shell:
            counter = labbench.Counter(dom0, shell)
            yield counter.count
            counter.close()


def test_the_trace_sees_calls_and_faults(count):
    """A limit holds of anything if nothing is counted."""
    found = count("mmap-64-pages")
    assert found["page_fault"] == pytest.approx(64, abs=1)
    assert hypercalls(found) > 1
    found = count("user")
    assert hypercalls(found) < 1


def test_no_hypercall_in_a_system_call(count):
    assert hypercalls(count("null")) <= TICKS


def test_one_hypercall_a_context_switch(count):
    """The batch of a switch has one stack_switch, and there is nothing beside it. Xen
    leaves the old page directory to a continuation, which its trace has as a second
    multicall: the guest's instruction is executed once more."""
    switch, alone = count("ring-2-0"), count("ring-1-0")
    made = {name: switch[name] - alone.get(name, 0) for name in switch}
    MEASURED["context switch hypercalls"] = round(made["+stack_switch"], 2)
    assert made["+stack_switch"] == pytest.approx(1, abs=TICKS)
    assert made["hypercall.multicall"] <= 2 * made["+stack_switch"] + TICKS
    assert hypercalls(made) - made["hypercall.multicall"] <= TICKS


def test_one_hypercall_a_page_fault(count):
    found = count("page-fault-anonymous")
    assert found["page_fault"] == pytest.approx(1, abs=0.01)
    MEASURED["page fault hypercalls"] = round(hypercalls(found), 2)
    assert hypercalls(found) <= 1 + TICKS


def test_hypercalls_of_a_fork(count):
    """Of a large process no more than one for a page table that it has more. Those of a
    small one are hooked in, filled, emptied and unhooked by themselves at most, which takes
    less than to have them validated."""
    small, large = (hypercalls(count(name)) for name in ("fork-exit", "fork-exit-32-tables"))
    MEASURED["fork and exit hypercalls"] = round(small, 1)
    MEASURED["fork and exit hypercalls, 32 page tables more"] = round(large, 1)
    print(f"fork and exit: {small:.1f} hypercalls, with {TABLES} page tables more {large:.1f}")
    assert small <= 4 * SMALL_TABLES + REST
    assert large <= SMALL_TABLES + TABLES + REST
    assert (large - small) / TABLES <= 1 + TICKS


def test_no_page_table_is_validated_in_a_fork(count):
    """A page that becomes a page table or stops being one changes its protection, which
    is an update_va_mapping in a batch. Those of a small process stay what they are."""
    found = count("fork-exit")
    changed = found.get("+update_va_mapping", 0)
    MEASURED["fork and exit, pages that change to or from page tables"] = round(changed, 2)
    assert changed < 1, found
    # Those of a large one do not, and are seen.
    assert count("fork-exit-32-tables").get("+update_va_mapping", 0) > TABLES
