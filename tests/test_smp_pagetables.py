# SPDX-License-Identifier: GPL-2.0
"""Page tables that several CPUs use and change at once."""

import re

import pytest
from differences import read_list

pytestmark = pytest.mark.smp


def test_no_stale_translation(smpguest):
    """What one CPU has unmapped or protected no other one still uses."""
    result = smpguest.run("/tests/shootdown 3000", 300)
    assert result.status == 0, result.output
    rounds, cpus, reads, stores, refused, stale = map(
        int, [word for word in result.output.split() if word.isdigit()])
    assert (rounds, cpus, stale) == (3000, 4, 0)
    # The other CPUs were there, and were kept out.
    assert reads > rounds and stores and refused


def test_no_stale_translation_of_a_copied_page(smpguest):
    """A process that moves between CPUs sees its own copy of a page on each."""
    result = smpguest.run("/tests/copies_move 1000", 300)
    assert result.status == 0, result.output
    assert result.output.split() == "1000 rounds on 4 CPUs, 0 stale, 0 mixed".split()


def test_ldt_replaced_while_in_use(smpguest):
    result = smpguest.run("/tests/ldt_threads 20", 300)
    assert result.status == 0, result.output
    writes, reads, wrong = map(int, re.findall(r"\d+", result.output))
    assert writes > 100 and reads > 100 and wrong == 0


# The shim's own memory is not that much.
@pytest.mark.parametrize("smp", ["pv32"], indirect=True)
@pytest.mark.parametrize("how", ["looked", pytest.param("touched", marks=pytest.mark.long)])
def test_gigabyte_empties_while_in_use(smpguest, smp, how):
    """A page comes and goes that is the only one of a gigabyte, and of a table of PMDs,
    while another thread has the kernel look it up without a lock, or fault it in. It
    matters where a frame number is that of more than 4 GiB."""
    assert smp.has_high_memory_left(), "the guest may have memory below 4 GiB"
    result = smpguest.run(f"/tests/empty_gigabyte 20 {how}", 300)
    assert result.status == 0, result.output
    rounds, found, missed, wrong = map(int, re.findall(r"\d+", result.output))
    assert rounds > 100 and found and missed and wrong == 0


def test_kept_page_tables_are_given_back(smpguest, smp):
    """While processes take page tables that others have left, and leave theirs, all
    that are kept are freed again and again."""
    smpguest.check("(while :; do echo 2 >/proc/sys/vm/drop_caches; echo >>/tmp/drops; done) &"
                   " echo $! >/tmp/dropper")
    try:
        copies = 2 * smp.VCPUS
        output = smpguest.check(f"for n in $(seq {copies}); do /tests/forkexec 2 & done >/tmp/forks"
                                f" 2>&1; while pidof forkexec >/tmp/pids; do sleep 1; done;"
                                " cat /tmp/forks", 600)
    finally:
        drops = int(smpguest.check("kill $(cat /tmp/dropper); wc -l </tmp/drops; rm /tmp/drops"))
    assert len(re.findall(r"^forkexec: \d+ ok, 0 failed$", output, re.M)) == copies, output
    assert drops > 20
    # Interrupted at any place, it has left nothing that the next ones stumble over.
    smpguest.check("/tests/forkexec 2", 300)


@pytest.mark.parametrize("program", [
    "forkexec", *(pytest.param(name, marks=pytest.mark.long)
                  for name in ("mmap_protect", "ldt", "signals"))])
def test_programs_side_by_side(smpguest, smp, program):
    """Each CPU runs the program of the boot tests, moved about freely."""
    copies = 2 * smp.VCPUS
    smpguest.check(f"for n in $(seq {copies}); do /tests/{program} 2 >/tmp/p$n 2>&1 & done; wait",
                   600)
    output = smpguest.check("cat /tmp/p*; rm /tmp/p*", 60)
    assert len(re.findall(rf"^{program}: \d+ ok, \d+ failed$", output, re.M)) == copies
    # What is so with one CPU, too, is in the list.
    known = [entry.name for entry in read_list() if smp.hypervisor in entry.hypervisors]
    failed = set(re.findall(r"^not ok ([^:\n]*)", output, re.M))
    assert not failed - set(known)
