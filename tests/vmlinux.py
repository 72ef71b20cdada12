# SPDX-License-Identifier: GPL-2.0
"""What the guest's kernel consists of, for tests that look at or probe its instructions."""

import re

from bootlab import VMLINUX
from conftest import run


def disassembled(function):
    """[(address, instruction)]"""
    text = run("objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}", VMLINUX).stdout
    return [(int(at, 16), words)
            for at, words in re.findall(r"^\s*([0-9a-f]+):\s+(.*\S)", text, re.M)]
