# SPDX-License-Identifier: GPL-2.0
"""scripts/bench: HV RUNS ONLY COUNTS. Measures, and has the report written."""

import sys
from statistics import median

import benchreport
import labbench
import stack
from xenlab import LabError

RESULTS = stack.tree_build() / "results/bench"
ROUNDS = 5


def say(text):
    print(f"bench: {text}", flush=True)


def measure(shell, operations, runs, result):
    """{operation: [median of the rounds, once a run]} into result["runs"]."""
    found = result.setdefault("runs", {})
    for run in range(runs):
        for number, operation in enumerate(operations, 1):
            say(f"{shell.name}: run {run + 1} of {runs},"
                f" {number} of {len(operations)}: {operation}")
            rounds = labbench.times(shell, operation, ROUNDS)
            found.setdefault(operation, []).append(median(rounds))
    result["kernel"] = shell.check("uname -srm")
    result["mitigations"] = shell.check(
        "cd /sys/devices/system/cpu/vulnerabilities && grep -v 'Not affected' * || :")
    result["clocksource"] = shell.read(
        "/sys/devices/system/clocksource/clocksource0/current_clocksource").strip()


def measure_whole(shell, runs, result):
    """{program: [nanoseconds, once a run]} into result["whole"]."""
    for number, (name, command) in enumerate(labbench.WHOLE.items(), 1):
        say(f"{shell.name}: {number} of {len(labbench.WHOLE)}: {name}")
        result.setdefault("whole", {})[name] = labbench.whole(shell, command, runs)


def main():
    hypervisor, runs, only, counts = sys.argv[1:]
    runs = int(runs)
    operations = [op for op in labbench.needed() if not only or op in only.split(",")]
    everything = not only
    systems = {"native": {}, **{name: {} for name in labbench.GUESTS}}
    say("starting the native kernel")
    with labbench.native(RESULTS) as shell:
        systems["native"]["in_use"] = labbench.in_use(shell)
        measure(shell, operations, runs, systems["native"])
    if everything:
        with labbench.native(RESULTS, work=True) as shell:
            measure_whole(shell, runs, systems["native"])
    say(f"starting Xen ({hypervisor})")
    with labbench.dom0(hypervisor, RESULTS, work=everything) as dom0:
        for name in labbench.GUESTS:
            say(f"starting {name}")
            with labbench.guest(dom0, name) as shell:
                systems[name]["in_use"] = labbench.in_use(shell)
                measure(shell, operations, runs, systems[name])
                if counts:
                    say(f"counting what {name} asks Xen for")
                    counter = labbench.Counter(dom0, shell)
                    systems[name]["counts"] = {op: counter.count(op) for op in operations}
                    counter.close()
            if not everything:
                continue
            with labbench.guest(dom0, name, work=True) as shell:
                measure_whole(shell, runs, systems[name])
            say(f"{name}: from xl create to init")
            systems[name]["to_init"] = [labbench.to_init(dom0, name) for _ in range(runs)]
        # The shim's own would be something else.
        floor = labbench.floor(dom0) if hypervisor != "shim" else {}
    print(benchreport.write({"hypervisor": hypervisor, "rounds": ROUNDS,
                             "floor": floor, "systems": systems}, RESULTS))


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"bench: error: {error}")
