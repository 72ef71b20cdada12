# SPDX-License-Identifier: GPL-2.0
"""Compares two ELF files section by section, byte by byte."""

import re
import struct
import subprocess
from dataclasses import dataclass

import kallsyms

SHT_NOBITS = 8
SHF_ALLOC, SHF_EXECINSTR = 2, 4


@dataclass
class Section:
    name: str
    address: int
    size: int
    code: bool
    data: bytes  # empty for what takes no room in the file


def sections(path):
    """{name: Section} of what gets loaded; 32-bit and 64-bit little-endian."""
    blob = path.read_bytes()
    if blob[:4] != b"\x7fELF" or blob[5] != 1:
        raise ValueError(f"{path} is not a little-endian ELF file")
    if blob[4] == 1:
        (offset,) = struct.unpack_from("<I", blob, 0x20)
        entry, count, names = struct.unpack_from("<HHH", blob, 0x2E)
        layout = "<IIIIII"
    else:
        (offset,) = struct.unpack_from("<Q", blob, 0x28)
        entry, count, names = struct.unpack_from("<HHH", blob, 0x3A)
        layout = "<IIQQQQ"
    heads = [struct.unpack_from(layout, blob, offset + i * entry) for i in range(count)]
    strings = heads[names][4]
    found = {}
    for name, kind, flags, address, start, size in heads:
        if not flags & SHF_ALLOC:
            continue
        begin = strings + name
        text = blob[begin : blob.index(b"\0", begin)].decode()
        data = b"" if kind == SHT_NOBITS else blob[start : start + size]
        found[text] = Section(text, address, size, bool(flags & SHF_EXECINSTR), data)
    return found


def places_moved(a, b):
    """How many entries of two 32-bit __bug_tables differ; None when one does in
    more than its line number. An entry is s32 address, s32 file name, u16 line,
    u16 flags."""
    if len(a) != len(b) or len(a) % 12:
        return None
    entries = [(a[i : i + 12], b[i : i + 12]) for i in range(0, len(a), 12)]
    moved = [(x, y) for x, y in entries if x != y]
    if any(x[:8] + x[10:] != y[:8] + y[10:] for x, y in moved):
        return None
    return len(moved)


def only_numbers_in_names(a, b, at_a, at_b):
    """Two sections differ in nothing but the kernel's table of its symbols, and there
    in the numbers of names. at_a, at_b: of kallsyms.addresses()."""
    if at_a != at_b or not at_a:
        return False
    try:
        (one, start, end), (other, *rest) = (kallsyms.names(s, at_a) for s in (a, b))
    except ValueError:
        return False
    return (
        kallsyms.without_numbers(one) == kallsyms.without_numbers(other)
        and [start, end] == rest
        and a.data[:start] + a.data[end:] == b.data[:start] + b.data[end:]
    )


def verdict(a, b, at_a, at_b):
    """What became of a section: "same", "explained: why" or "DIFFERENT: how".
    at_a, at_b: of kallsyms.addresses(), empty where there is no such table."""
    if a is None or b is None:
        return f"DIFFERENT: only in the {'patched' if a is None else 'unpatched'} build"
    if (a.address, a.size, a.code) != (b.address, b.size, b.code):
        return f"DIFFERENT: {a.size} bytes at {a.address:#x}, {b.size} at {b.address:#x}"
    if a.data == b.data:
        return "same"
    count = sum(x != y for x, y in zip(a.data, b.data))
    moved = places_moved(a.data, b.data) if a.name == "__bug_table" else None
    if moved:
        return f"explained: line numbers of {moved} WARN and BUG places"
    if a.name == ".notes" and not a.code:
        return "explained: the build id"
    if not a.code and only_numbers_in_names(a, b, at_a, at_b):
        return f"explained: {count} bytes of line and other numbers in symbol names"
    return f"DIFFERENT: {count} of {a.size} bytes"


def compare(left, right, kernels=False):
    """[(name, code, size, verdict)] for every section either file loads.
    kernels: they are linked, and may have the table of their own symbols."""
    a, b = sections(left), sections(right)
    symbols = [kallsyms.addresses(path) if kernels else {} for path in (left, right)]
    names = list(a) + [n for n in b if n not in a]
    rows = []
    for name in names:
        one = a.get(name) or b[name]
        rows.append((name, one.code, one.size, verdict(a.get(name), b.get(name), *symbols)))
    return rows


def functions(path, section, objdump="objdump"):
    """{function: its instructions, addresses taken out} by objdump."""
    text = subprocess.run(
        [objdump, "-dr", "--no-show-raw-insn", "-j", section, path],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    found, name = {}, None
    for line in text.splitlines():
        if head := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            name = head[1]
            found.setdefault(name, [])  # static ones may share a name
        elif name and "\t" in line:
            code = line.split("\t", 1)[1]
            # A relocation stands on a line of its own, behind its place.
            code = re.sub(r"^\s*[0-9a-f]+: (?=R_)", "", code)
            # A target's name says more than its address; an address alone is kept.
            found[name].append(re.sub(r"\b(0x)?[0-9a-f]+ (?=<)", "", code).strip())
    return found


def differing_functions(left, right, section, objdump="objdump"):
    """[(name, reason)] of what differs in a section of code."""
    a, b = (functions(path, section, objdump) for path in (left, right))
    out = [(n, "only in the unpatched build") for n in a if n not in b]
    out += [(n, "only in the patched build") for n in b if n not in a]
    for name in a:
        if name in b and a[name] != b[name]:
            first = next((x, y) for x, y in zip(a[name] + [""], b[name] + [""]) if x != y)
            out.append((name, f"`{first[0]}` became `{first[1]}`"))
    return out
