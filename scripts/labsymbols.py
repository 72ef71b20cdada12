# SPDX-License-Identifier: GPL-2.0
"""The names of addresses: which function they are in."""

import bisect
import subprocess

# Where Xen's functions are.
XEN = 0xffff82d040000000, 0xffff82d080000000


class Symbols:
    """The functions of an ELF file between two addresses."""

    def __init__(self, path, limits):
        listed = subprocess.run(["nm", "-n", path], check=True, capture_output=True, text=True)
        found = [line.split() for line in listed.stdout.splitlines()]
        found = [(int(words[0], 16), words[2]) for words in found
                 if len(words) == 3 and words[1] in "tTwW"]
        found = [(address, name) for address, name in found
                 if limits[0] <= address < limits[1]]
        self._addresses = [address for address, _ in found]
        self._names = [name for _, name in found]

    def address(self, name):
        return self._addresses[self._names.index(name)]

    def _index(self, address):
        return bisect.bisect(self._addresses, address) - 1

    def name(self, address):
        """Of the function that this is in."""
        return self._names[self._index(address)]

    def place(self, address):
        """The function and how far in it."""
        return f"{self.name(address)}+{address - self._addresses[self._index(address)]:#x}"
