#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Shows how far a command is, from its output on standard input: every line
that matches PATTERN counts as STEP of TOTAL. All lines go to the log. On a
terminal one line is updated, elsewhere a line appears every ten seconds."""

import argparse
import re
import signal
import sys
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--label", required=True, help="text before the numbers")
    parser.add_argument("--unit", default="", help="text behind the numbers")
    parser.add_argument("--total", type=int, required=True, help="0 when not known")
    parser.add_argument("--step", type=int, default=1, help="what a line counts")
    parser.add_argument("--pattern", required=True, help="lines that count")
    parser.add_argument("--log", default="/dev/null", help="file for every line")
    parser.add_argument("--every", type=float, default=10, help="seconds between lines (10)")
    args = parser.parse_args()

    # Ctrl-C is for the command; this end stops when the command's output does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    counts = re.compile(args.pattern)
    terminal = sys.stdout.isatty()
    every = 0.2 if terminal else args.every
    done, shown, width = 0, time.monotonic(), 0

    def show(end):
        nonlocal width
        total = f" of {max(args.total, done)}" if args.total else ""
        text = f"{args.label}: {done}{total} {args.unit}".rstrip()
        print(("\r" if terminal else "") + text.ljust(width), end=end, flush=True)
        width = len(text)

    with open(args.log, "w", errors="replace") as log:
        for raw in sys.stdin.buffer:
            line = raw.decode(errors="replace")
            log.write(line)
            log.flush()
            if counts.search(line):
                done += args.step
            if time.monotonic() - shown >= every:
                shown = time.monotonic()
                show("" if terminal else "\n")
    if terminal and width:
        show("\n")


if __name__ == "__main__":
    main()
