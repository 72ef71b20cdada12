# SPDX-License-Identifier: GPL-2.0
"""What `make bench` has measured, as bench.json, as a table and as a picture."""

import json
from html import escape
from math import exp, log
from statistics import median

import labbench

# More than this between the runs of an operation, and it does not repeat.
REPEATS = 0.02

OURS, OTHERS = labbench.GUESTS


class System:
    """One kernel's results, by the rows of the table."""

    def __init__(self, name, found):
        self.name = name
        runs = found["runs"]
        number = min(map(len, runs.values()), default=0)
        by_run = [labbench.rows({op: values[run] for op, values in runs.items()})
                  for run in range(number)]
        self.time = {row: median(run[row] for run in by_run) for row in by_run[0]}
        self.spread = {
            row: (max(run[row] for run in by_run) - min(run[row] for run in by_run))
            / abs(self.time[row]) for row in self.time}
        self.whole = {name: median(times) for name, times in found.get("whole", {}).items()}
        self.spread.update({name: (max(times) - min(times)) / median(times)
                            for name, times in found.get("whole", {}).items()})
        self.in_use = found.get("in_use")
        self.to_init = median(found["to_init"]) if "to_init" in found else None
        counts = found.get("counts", {})
        names = sorted({name for count in counts.values() for name in count})
        by_name = {name: labbench.rows({op: count.get(name, 0)
                                        for op, count in counts.items()})
                   for name in names}
        self.counts = {row: {name: by_name[name][row] for name in names}
                       for row in self.time if counts}

    def hypercalls(self, row):
        """How many hypercalls; None if nobody has counted."""
        return labbench.hypercalls(self.counts[row]) if self.counts else None


def ratios(system, native):
    """{row: how many times native's time}"""
    return {row: system.time[row] / native.time[row]
            for row in system.time if native.time.get(row)}


def mean(values):
    """The geometric one."""
    values = list(values)
    return exp(sum(map(log, values)) / len(values)) if values else float("nan")


def number(value):
    """Four digits of it, at least."""
    return "" if value is None else f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def count(value):
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def by_name(counts):
    """Everything an operation asks for, the most frequent first."""
    shown = sorted(((value, name) for name, value in counts.items() if value >= 0.05),
                   key=lambda item: (-item[0], item[1]))
    return ", ".join(f"{name.removeprefix('hypercall.')} {count(value)}"
                     for value, name in shown)


def columns(lines):
    """Lines of words, the first left and the others right, under each other."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [" ".join(word.ljust(width) if i == 0 else word.rjust(width)
                     for i, (word, width) in enumerate(zip(line, widths))).rstrip()
            for line in lines]


def whole_table(native, others):
    """What is not one operation: programs, the way to init, memory."""
    lines = []
    for name in native.whole:
        lines.append([f"{name}, ms", number(native.whole[name] / 1e6)])
        for other in others:
            lines[-1] += [number(other.whole[name] / 1e6),
                          f"{other.whole[name] / native.whole[name]:.2f}"]
    if all(other.to_init for other in others):
        lines.append(["xl create to init, ms", ""])
        for other in others:
            lines[-1] += [number(other.to_init / 1e6), ""]
    if all(system.in_use for system in (native, *others)):
        lines.append(["memory in use at a shell, KiB", number(native.in_use)])
        for other in others:
            lines[-1] += [number(other.in_use), f"{other.in_use / native.in_use:.2f}"]
    return ["", *columns(lines)] if lines else []


def with_xens_part(data, systems):
    """{row: the native time and what Xen takes at least}; nothing where that has not
    been measured."""
    counts = systems[OURS].counts
    if not data.get("floor") or not counts:
        return {}
    return labbench.with_xens_part(systems["native"].time, data["floor"], counts)


def above_half(systems, with_xen):
    """Lines: where our guest takes more than half of what the 64-bit one does, and
    whether the native kernel with Xen's part would."""
    shown = {OURS: systems[OURS].time}
    if with_xen:
        shown["native+Xen"] = with_xen
    lines = [["  of the 64-bit guest's time", *shown]]
    for row, other in systems[OTHERS].time.items():
        if row != labbench.USER and shown[OURS][row] > other / 2:
            lines.append([f"  {row}", *(f"{times[row] / other:.2f}" for times in shown.values())])
    return columns(lines) if lines[1:] else ["  nowhere"]


def table(data):
    """The text of it."""
    systems = {name: System(name, found) for name, found in data["systems"].items()}
    native, others = systems["native"], [s for n, s in systems.items() if n != "native"]
    head = ["ns, 2 ns an instruction", "native"]
    for other in others:
        head += [other.name, "/native"]
    head += [f"{other.name} calls" for other in others if other.counts]
    with_xen = with_xens_part(data, systems)
    head += ["native+Xen", "/native"] if with_xen else []
    lines = [head]
    for row in native.time:
        line = [row, number(native.time[row])]
        for other in others:
            line += [number(other.time[row]), f"{ratios(other, native)[row]:.2f}"]
        line += [count(o.hypercalls(row)) for o in others if o.counts]
        if with_xen:
            line += ([number(with_xen[row]), f"{with_xen[row] / native.time[row]:.2f}"]
                     if row in with_xen else ["", ""])
        lines.append(line)
    line = ["geometric mean, user space left out", ""]
    for other in others:
        kernels = [r for row, r in ratios(other, native).items() if row != labbench.USER]
        line += ["", f"{mean(kernels):.2f}"]
    line += ["" for other in others if other.counts]
    if with_xen:
        line += ["", f"{mean(with_xen[row] / native.time[row] for row in with_xen):.2f}"]
    lines.append(line)
    text = columns(lines) + whole_table(native, others)
    text += ["", "More than half of what the 64-bit guest takes:", *above_half(systems, with_xen)]
    for other in others:
        if other.counts:
            text += ["", f"{other.name}: hypercalls by name (+: in a multicall), and what"
                     " else comes from or goes through Xen, an operation"]
            text += [f"  {row}: {by_name(counts)}" for row, counts in other.counts.items()]
    text += ["", f"Runs apart by more than {REPEATS:.0%}:"]
    unsteady = [f"  {system.name}, {row}: {spread:.1%}" for system in systems.values()
                for row, spread in system.spread.items() if spread > REPEATS]
    text += unsteady or ["  none"]
    if data.get("floor"):
        text += ["", "The floor, ns: what Xen takes, by a guest that does nothing else"]
        text += columns([[f"  {what}", number(value)]
                         for what, value in data["floor"].items()])
    text += ["", f"Hypervisor: {data['hypervisor']}"]
    text += [f"{name}: {found['kernel']}, clock {found['clocksource']}"
             for name, found in data["systems"].items()]
    return "\n".join(text) + "\n"


COLOURS = {"mach-xen": "#1f77b4", "amd64": "#ff7f0e"}


def picture(data):
    """Bars: how many times native's time, on a logarithmic scale."""
    native = System("native", data["systems"]["native"])
    bars = {name: ratios(System(name, found), native)
            for name, found in data["systems"].items() if name != "native"}
    rows = [row for row in native.time if row != labbench.USER]
    left, width, step, top = 210, 560, 26, 40
    largest = max(max(values.values()) for values in bars.values())
    scale = width / log(max(largest, 2) * 2)
    height = top + step * len(rows) + 40

    def x(value):
        return left + max(0, log(value * 2)) * scale

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}"'
           f' height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="{left}" y="16">time, times native i386 (logarithmic)</text>']
    for index, name in enumerate(bars):
        out.append(f'<text x="{left + 260 + 110 * index}" y="16"'
                   f' fill="{COLOURS[name]}">{escape(name)}</text>')
    tick = 1
    while tick <= largest:
        out.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top - 6}"'
                   f' y2="{height - 30}" stroke="{"black" if tick == 1 else "#ccc"}"/>'
                   f'<text x="{x(tick):.1f}" y="{height - 14}"'
                   f' text-anchor="middle">{tick}</text>')
        tick *= 2
    for index, row in enumerate(rows):
        y = top + step * index
        out.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(row)}</text>')
        for place, (name, values) in enumerate(bars.items()):
            start, end = sorted((x(1), x(values[row])))
            out.append(f'<rect x="{start:.1f}" width="{max(end - start, 1):.1f}"'
                       f' y="{y + 2 + 10 * place}" height="9" fill="{COLOURS[name]}"/>'
                       f'<text x="{x(max(values[row], 1)) + 4:.1f}" y="{y + 10 + 10 * place}"'
                       f' font-size="9">{values[row]:.2f}</text>')
    return "\n".join(out + ["</svg>", ""])


def write(data, folder):
    """All three into the folder; the table is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(data, indent=1) + "\n")
    text = table(data)
    (folder / "table.txt").write_text(text)
    (folder / "bench.svg").write_text(picture(data))
    return text
