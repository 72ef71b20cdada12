#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""For scripts/common.sh, prints the version of Linux that TREE and LINUX choose;
the argument is the name under which to complain. With --known, prints which
trees there is a series for, in words."""

import sys

sys.dont_write_bytecode = True  # no __pycache__ in the repository

import stack

try:
    if sys.argv[1:] == ["--known"]:
        *some, last = (f"{tree}.y" for tree in stack.trees())
        print(f"{', '.join(some)} or {last}" if some else last)
    else:
        print(stack.chosen_tree())
except stack.StackError as e:
    stack.die(e, *sys.argv[1:])
