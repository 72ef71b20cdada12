# SPDX-License-Identifier: GPL-2.0
"""Reads the symbol names a kernel carries for its own use, as scripts/kallsyms.c
of the kernel packs them."""

import re
import struct
import subprocess

# A number of the compiler's behind a local name, and in the name of an initcall
# __COUNTER__ and its line.
NUMBERS = re.compile(r"(?<=\.)\d+\b|(?<=__)\d+_\d+(?=_)")


def addresses(path):
    """{kallsyms_names, ...: address} of a vmlinux; empty if it has no such table."""
    text = subprocess.run(["nm", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {
        name: int(address, 16)
        for address, name in re.findall(r"^([0-9a-f]+) \w (kallsyms_\w+)$", text, re.M)
    }


def names(section, at):
    """([type and name of each symbol], offset, end) of kallsyms_names in the section
    that holds it; at: of addresses(). ValueError for a table that is none."""

    def offset(symbol):
        found = at.get(f"kallsyms_{symbol}", -1) - section.address
        if not 0 <= found < section.size:
            raise ValueError(f"no kallsyms_{symbol} in {section.name}")
        return found

    try:
        start, index, table = (offset(n) for n in ("names", "token_index", "token_table"))
        tokens = []
        for (begin,) in struct.iter_unpack("<H", section.data[index : index + 512]):
            begin += table
            tokens.append(section.data[begin : section.data.index(b"\0", begin)])
        (count,) = struct.unpack_from("<I", section.data, offset("num_syms"))
        found, place = [], start
        for _ in range(count):
            length = section.data[place]
            place += 1
            if length & 0x80:  # a name of more than 127 tokens
                length = length & 0x7F | section.data[place] << 7
                place += 1
            packed = section.data[place : place + length]
            found.append(b"".join(tokens[t] for t in packed).decode())
            place += length
    except (IndexError, struct.error) as error:
        raise ValueError(f"{section.name} ends within kallsyms_names") from error
    return found, start, place


def without_numbers(found):
    return [NUMBERS.sub("", name) for name in found]
