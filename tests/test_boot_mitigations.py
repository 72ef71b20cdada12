# SPDX-License-Identifier: GPL-2.0
"""What the kernel's image has against flaws of CPUs that the lab's CPU has not."""

import re
import struct

import pytest
from bootlab import VMLINUX
from conftest import BUILT, run
from vmlinux import disassembled

pytestmark = pytest.mark.boot

CPUFEATURES = BUILT / "linux/arch/x86/include/asm/cpufeatures.h"
# struct alt_instr: two distances from where they stand, the feature in the lower half
# of the next word, two lengths.
RECORD = struct.Struct("<iiIBB")


def alternatives(feature, folder):
    """Where the image has room for an instruction that CPUs with the feature need."""
    word, bit = re.search(rf"X86_FEATURE_{feature}\s+\( *(\d+)\*32 *\+ *(\d+)\)",
                          CPUFEATURES.read_text()).groups()
    section = folder / "alternatives"
    run("objcopy", "-O", "binary", "-j", ".altinstructions", VMLINUX, section)
    start = int(re.search(r" \.altinstructions +\w+ +(\w+)",
                          run("objdump", "-h", VMLINUX).stdout).group(1), 16)
    return [start + at * RECORD.size + distance
            for at, (distance, _, number, *_) in enumerate(RECORD.iter_unpack(section.read_bytes()))
            if number & 0xffff == int(word) * 32 + int(bit)]


def test_buffers_cleared_before_user_mode(tmp_path):
    """Xen does it at its own returns to a guest's programs, but the iret there is the
    guest's (MDS, TAA, MMIO stale data, RFDS)."""
    code = disassembled("entry_INT80_32")
    to_user = next(at for at, words in code if words.startswith("iret"))
    places = [at for at in alternatives("CLEAR_CPU_BUF", tmp_path) if code[0][0] <= at < to_user]
    assert len(places) == 1
    # Nothing between there and the iret touches memory but the stack, or leads away.
    between = [words for at, words in code if places[0] < at < to_user and "nop" not in words]
    assert all(re.match(r"(mov|lea) +(0x8)?\(%esp\),|lea +0x0\(", words) for words in between), between
