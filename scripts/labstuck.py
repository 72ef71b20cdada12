# SPDX-License-Identifier: GPL-2.0
"""Where the CPUs of a machine are that does not answer any more."""

import bisect
import re
import subprocess
import time

SAMPLES = 3


def _symbols(file):
    """Sorted addresses, and the names at them, of an ELF file."""
    listing = subprocess.run(["nm", "-n", file], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^([0-9a-f]{8,16}) [tT] (\S+)$", listing, re.M)
    return [int(address, 16) for address, _ in found], [name for _, name in found]


def _name(address, symbols):
    addresses, names = symbols
    index = bisect.bisect_right(addresses, address) - 1
    if index < 0 or address - addresses[index] > 0x10000:
        return f"{address:x}"
    return f"{names[index]}+{address - addresses[index]:#x}"


def cpus(registers, symbols=((), ())):
    """What `info registers -a` of QEMU's monitor says in short, a line a CPU."""
    lines = []
    for number, text in re.findall(r"CPU#(\d+)\s(.*?)(?=CPU#|\Z)", registers, re.S):
        at = re.search(r"[RE]IP=([0-9a-f]+) [RE]FL=([0-9a-f]+) .*CPL=(\d) .*HLT=(\d)", text)
        lines.append(f"CPU {number}: {_name(int(at[1], 16), symbols)}, ring {at[3]}"
                     + ", interrupts off" * (not int(at[2], 16) & 0x200)
                     + ", halted" * (at[4] == "1"))
    return lines


def look(qemu, file, elf=None):
    """Where a Qemu's CPUs are, a few times in a row, as text; all registers go to
    `file`. elf: what has the names of the addresses, if it is there."""
    symbols = _symbols(elf) if elf and elf.exists() else ((), ())
    samples = []
    for sample in range(SAMPLES):
        if sample:
            time.sleep(1)
        samples.append(qemu.monitor("info registers -a"))
    file.write_text("\n".join(samples))
    return "\n".join("    " + line for text in samples for line in cpus(text, symbols))
