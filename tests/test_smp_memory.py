# SPDX-License-Identifier: GPL-2.0
"""Page tables that several CPUs use and change at once."""

import pytest

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


@pytest.mark.parametrize("program", ["forkexec", "mmap_protect", "ldt", "signals"])
def test_programs_side_by_side(smpguest, smp, program):
    """Each CPU runs the program of the boot tests, moved about freely."""
    copies = 2 * smp.VCPUS
    smpguest.check(f"for n in $(seq {copies}); do /tests/{program} 2 >/tmp/p$n 2>&1 & done; wait",
                   600)
    last = smpguest.check("for f in /tmp/p*; do tail -n 1 $f; done; rm /tmp/p*").splitlines()
    assert len(last) == copies
    assert not [line for line in last if not line.endswith(" 0 failed")]
