# SPDX-License-Identifier: GPL-2.0
"""The output of a program of tests/guest under Xen against a native kernel's,
and tests/guest/expected-differences, which lists what may differ."""

import operator
import re
from collections import namedtuple
from fnmatch import fnmatchcase

from conftest import TOP

LIST = TOP / "tests/guest/expected-differences"

# The absence of a line, in the list.
ABSENT = "absent"

Expected = namedtuple("Expected", "hypervisors name native guest reason")


def lines_of(text):
    """(line, [what is between its bars]) of a list, comments left out."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line, [field.strip() for field in line.split(" | ")]


def read_list(text=None):
    """The entries; see the head of the file for their form."""
    entries = []
    for line, fields in lines_of(LIST.read_text() if text is None else text):
        if len(fields) != 5 or not all(fields):
            raise ValueError(f"not HYPERVISORS | NAME | NATIVE | GUEST | REASON: {line}")
        entries.append(Expected(frozenset(fields[0].split(",")), *fields[1:]))
    return entries


def parse(output):
    """{name: what}, a value's name with an = behind it; what is `ok`, `not ok
    ...` or the value."""
    found = {}
    for line in output.splitlines():
        if match := re.match(r"value ([^=]+=)(.*)$", line):
            name, what = match.groups()
        elif match := re.match(r"(ok) (\S+)$", line):
            what, name = match.groups()
        elif match := re.match(r"not ok ([^:]+)(:.*)$", line):
            name, what = match[1], "not ok" + match[2]
        elif re.match(r"\w+: \d+ ok, \d+ failed$", line):
            continue
        else:
            raise ValueError(f"not a line of a test program: {line!r}")
        # The same name more than once: one after the other.
        found[name] = f"{found[name]}; {what}" if name in found else what
    return found


def compare(native, guest, hypervisor, entries):
    """([difference that nobody expects], [entry that nothing needs])."""
    program = next(iter(native)).split(".")[0]
    entries = [
        entry
        for entry in entries
        if hypervisor in entry.hypervisors and entry.name.split(".")[0] == program
    ]
    return unexplained(native, guest, entries, hypervisor)


def unexplained(native, guest, entries, label, matters=operator.ne):
    """compare() with the entries that are for this program: what differs in a way
    that matters(native's, guest's). label: the guest's in what is said."""
    unused = list(entries)
    unexpected = []
    for name in list(native) + [name for name in guest if name not in native]:
        was, now = native.get(name, ABSENT), guest.get(name, ABSENT)
        if not matters(was, now):
            continue
        matching = [
            entry
            for entry in entries
            if fnmatchcase(name, entry.name)
            and fnmatchcase(was, entry.native)
            and fnmatchcase(now, entry.guest)
        ]
        if not matching:
            unexpected.append(f"{name}\n    native: {was}\n    {label}: {now}")
        unused = [entry for entry in unused if entry not in matching]
    return unexpected, unused
