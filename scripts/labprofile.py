# SPDX-License-Identifier: GPL-2.0
"""scripts/profile: OPERATION SYSTEM HV LINES. Where the instructions of an operation
go, by function."""

import re
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

import labbench
import labqemu
import stack
from labsymbols import XEN, Symbols
from xenlab import XENBUILD, LabError

TOP = Path(__file__).resolve().parent.parent
FOLDER = stack.tree_build() / "results/profile"
BASE = FOLDER / "counts"
ROUNDS = 4
# An instruction's, by -icount shift=1.
NANOSECONDS = 2

KERNEL = 0xc0000000, 0x100000000
# Of a 64-bit kernel, dom0's.
DOM0 = 0xffffffff80000000, 1 << 64


@contextmanager
def machine(system, hypervisor):
    """The shell of the system to look at."""
    if system == "native":
        with labbench.native(FOLDER) as shell:
            yield shell
    else:
        with labbench.dom0(hypervisor, FOLDER) as dom0:
            with labbench.guest(dom0, system) as shell:
                yield shell


def counts():
    """{address: instructions} since the last time."""
    request, out = (BASE.with_suffix(suffix) for suffix in (".request", ".out"))
    request.touch()
    limit = time.monotonic() + 60
    while request.exists():
        if time.monotonic() > limit:
            raise LabError("QEMU's plugin does not answer")
        time.sleep(0.02)
    lines = (line.split() for line in out.read_text().splitlines())
    return Counter({int(address, 16): int(count) for address, count in lines})


def in_a_round(operation):
    """How often tests/bench/ops.c does it in a round."""
    table = (TOP / "tests/bench/ops.c").read_text()
    return int(re.search(rf'{{ "{operation}", (\d+), ', table).group(1))


def measure(system, hypervisor, operation):
    """(nanoseconds of one, {address: instructions} of ROUNDS more, the address of
    the kernel's _text)."""
    with machine(system, hypervisor) as shell:
        text = int(shell.check("grep -w _text /proc/kallsyms").split()[0], 16)
        labbench.times(shell, operation, 1)
        counts()
        labbench.times(shell, operation, ROUNDS)
        some = counts()
        nanoseconds = mean(labbench.times(shell, operation, 2 * ROUNDS))
        more = counts()
    # What is there however often it is done falls out.
    more.subtract(some)
    return nanoseconds, more, text


def by_function(found, kernel, xen, offset):
    """({part of the machine: instructions}, {(part, function): instructions})."""
    parts, functions = Counter(), Counter()
    for address, count in found.items():
        if XEN[0] <= address < XEN[1]:
            part, name = "Xen", xen.name(address)
        elif KERNEL[0] <= address < KERNEL[1]:
            part, name = "kernel", kernel.name(address - offset)
        elif DOM0[0] <= address < DOM0[1]:
            part, name = "dom0 and 64-bit kernels", ""
        else:
            part, name = "user space", ""
        parts[part] += count
        functions[part, name] += count
    return parts, functions


def main():
    operation, system, hypervisor, lines, plugin = sys.argv[1:]
    FOLDER.mkdir(parents=True, exist_ok=True)
    labqemu.ICOUNT += ["-plugin", f"{plugin},base={BASE}"]
    vmlinux = stack.tree_build() / ("native-same" if system == "native" else "kernel") / "vmlinux"
    kernel = Symbols(vmlinux, KERNEL)
    xen = Symbols(XENBUILD / "hypervisor/pv32/xen-syms", XEN)
    nanoseconds, found, text = measure(system, hypervisor, operation)
    parts, functions = by_function(found, kernel, xen, text - kernel.address("_text"))
    each = NANOSECONDS / (ROUNDS * in_a_round(operation))
    print(f"{operation}, {system}: {nanoseconds:,.0f} ns, and with what is done before and"
          f" after each round {each * sum(found.values()):,.0f} ns")
    for part, count in parts.most_common():
        print(f"{each * count:12,.0f}  {part}")
    print()
    for (part, name), count in functions.most_common(int(lines)):
        if name:
            print(f"{each * count:12,.0f}  {part}: {name}")


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"profile: error: {error}")
