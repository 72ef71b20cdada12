#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Prints the version of Linux that TREE and LINUX choose, for scripts/common.sh."""

import argparse
import sys

sys.dont_write_bytecode = True  # no __pycache__ in the repository

import stack

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("name", nargs="?", help="under which to complain")
parser.add_argument("--known", action="store_true",
                    help="print which trees there is a series for, in words, instead")
args = parser.parse_args()
try:
    if args.known:
        *some, last = (f"{tree}.y" for tree in stack.trees())
        print(f"{', '.join(some)} or {last}" if some else last)
    else:
        print(stack.chosen_tree())
except stack.StackError as e:
    stack.die(e, args.name)
