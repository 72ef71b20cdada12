# SPDX-License-Identifier: GPL-2.0
"""What the lab's commands have in common: their arguments, and an end that leaves
nothing behind."""

import argparse
import signal
import sys

from labconsole import LabError


class Parser(argparse.ArgumentParser):
    """For scripts/<name>, which says itself what its --help is: a wrong argument is
    a LabError."""

    def __init__(self, name):
        super().__init__(prog=name, add_help=False, allow_abbrev=False)

    def error(self, message):
        raise LabError(f"{message}; see scripts/{self.prog} --help")


def whole_number(low):
    """An argument's type: a number from `low` on."""
    def parse(text):
        if not text.isdigit() or int(text) < low:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not a whole number from {low} on")
        return int(text)
    return parse


def clean_up_when_ended():
    """Ended by a signal, what was started gets cleaned up all the same."""
    for number in signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
