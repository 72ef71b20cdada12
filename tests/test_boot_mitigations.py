# SPDX-License-Identifier: GPL-2.0
"""What the kernel's image has against flaws of CPUs that the lab's CPU has not."""

import re
import struct

import pytest
from bootlab import VMLINUX
from conftest import BUILT, run
from vmlinux import disassembled

pytestmark = pytest.mark.boot

HEADERS = BUILT / "linux/arch/x86/include/asm"
CPUFEATURES = HEADERS / "cpufeatures.h"


def record():
    """struct alt_instr: two distances from where they stand, the feature, which is the
    lower half of a word with flags in trees that have such, two lengths."""
    flags = "ft_flags" in (HEADERS / "alternative.h").read_text()
    return struct.Struct("<iiIBB" if flags else "<iiHBB")


def alternatives(feature, folder):
    """Where the image has room for an instruction that CPUs with the feature need."""
    word, bit = re.search(rf"X86_FEATURE_{feature}\s+\( *(\d+)\*32 *\+ *(\d+)\)",
                          CPUFEATURES.read_text()).groups()
    section = folder / "alternatives"
    run("objcopy", "-O", "binary", "-j", ".altinstructions", VMLINUX, section)
    start = int(re.search(r" \.altinstructions +\w+ +(\w+)",
                          run("objdump", "-h", VMLINUX).stdout).group(1), 16)
    layout = record()
    return [start + at * layout.size + distance
            for at, (distance, _, number, *_) in enumerate(layout.iter_unpack(section.read_bytes()))
            if number & 0xffff == int(word) * 32 + int(bit)]


def test_buffers_cleared_before_user_mode(tmp_path):
    """Xen does it at its own returns to a guest's programs, but the iret there is the
    guest's (MDS, TAA, MMIO stale data, RFDS)."""
    code = disassembled("entry_INT80_32")
    to_user = next(at for at, words in code if words.startswith("iret"))
    places = [at for at in alternatives("CLEAR_CPU_BUF", tmp_path) if code[0][0] <= at < to_user]
    assert len(places) == 1
    # Nothing between there and the iret touches memory but the stack, or leads away; in
    # some trees the verw itself is there, and the alternative is a jump past it.
    between = [words for at, words in code
               if places[0] < at < to_user and not re.match(r".*nop|verw +%cs:", words)]
    assert all(re.match(r"(mov|lea) +(0x8)?\(%esp\),|lea +0x0\(", words) for words in between), between
