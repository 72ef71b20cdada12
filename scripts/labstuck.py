# SPDX-License-Identifier: GPL-2.0
"""Where the CPUs of a machine are that does not answer any more."""

import re
import time

from labsymbols import XEN, Symbols

SAMPLES = 3


def _place(address, symbols):
    return symbols.place(address) if symbols and XEN[0] <= address < XEN[1] else f"{address:x}"


def cpus(registers, symbols=None):
    """What `info registers -a` of QEMU's monitor says in short, a line a CPU."""
    lines = []
    for number, text in re.findall(r"CPU#(\d+)\s(.*?)(?=CPU#|\Z)", registers, re.S):
        at = re.search(r"[RE]IP=([0-9a-f]+) [RE]FL=([0-9a-f]+) .*CPL=(\d) .*HLT=(\d)", text)
        lines.append(f"CPU {number}: {_place(int(at[1], 16), symbols)}, ring {at[3]}"
                     + ", interrupts off" * (not int(at[2], 16) & 0x200)
                     + ", halted" * (at[4] == "1"))
    return lines


def look(qemu, file, xen=None):
    """Where a Qemu's CPUs are, a few times in a row, as text; all registers go to
    `file`. xen: the ELF file with the names of Xen's functions, if it is there."""
    symbols = Symbols(xen, XEN) if xen and xen.exists() else None
    samples = []
    for sample in range(SAMPLES):
        if sample:
            time.sleep(1)
        samples.append(qemu.monitor("info registers -a"))
    file.write_text("\n".join(samples))
    return "\n".join("    " + line for text in samples for line in cpus(text, symbols))
