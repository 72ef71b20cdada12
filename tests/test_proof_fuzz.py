# SPDX-License-Identifier: GPL-2.0
"""Programs that ask the kernel at random for what makes no sense, through each
interface that a Xen guest has its own code for: the guest lives, its kernel and Xen
have nothing to say, and what ran before runs after that."""

import re
import subprocess
import time

import pytest
from bootlab import KERNEL, MEASURED, SHIM_IS_LONG, Lab
from conftest import BUILD, TOP
from xenlab import INITRD, cpio, unpacked

pytestmark = pytest.mark.proof

FOLDER = BUILD / "fuzz"
PROGRAMS = sorted(path.stem for path in (TOP / "tests/fuzz").glob("*.c"))
NOBODY = 65534
# Ports are root's, to begin with.
RUNS = [(program, NOBODY) for program in PROGRAMS] + [("ports", 0)]
# An hour in all.
SECONDS = 3600 // len(RUNS)
# Does no harm but to its own process, and is told about.
ALLOWED = (r"traps: ", r"process '\S+' (?:started with executable stack|launched)")


class Fuzz(Lab):
    """A guest of two vCPUs with the programs."""

    group = "fuzz"

    def machine(self):
        subprocess.run(["make", "-s", "-C", TOP / "tests/fuzz", f"O={FOLDER}"], check=True)
        programs = {f"/fuzz/{name}": (FOLDER / name).read_bytes() for name in PROGRAMS}
        return {"files": {"/guest/kernel": KERNEL,
                          "/guest/initrd": unpacked(INITRD) + cpio(programs)},
                "dom0_mem": 512, "mended": True}

    def devices(self):
        return {"memory": 256, "vcpus": 2}

    def check(self, allowed=()):
        super().check(ALLOWED + tuple(allowed))


@pytest.fixture(scope="module", params=SHIM_IS_LONG)
def fuzzed(request):
    lab = Fuzz(request.param)
    yield lab
    lab.dom0.close()


def fuzz(lab, program, user, seconds):
    guest = lab.guest()
    seed = int(time.time())
    result = guest.run(f"/fuzz/{program} {seed} {seconds} {user or ''}", seconds * 2 + 120)
    assert result.status == 0, f"seed {seed}: {result.output}"
    rounds = int(re.search(rf"{program}: (\d+) rounds", result.output).group(1))
    MEASURED[f"fuzz: {program}, {user}, {lab.hypervisor}, seed {seed}: rounds"] = rounds
    assert rounds > 1, result.output
    guest.check("/tests/forkexec 1 && /tests/ldt_threads 1", 120)
    lab.check()


@pytest.mark.parametrize("fuzzed", ["pv32"], indirect=True)
@pytest.mark.parametrize("program, user", RUNS)
def test_for_some_seconds(fuzzed, program, user):
    fuzz(fuzzed, program, user, 3)


@pytest.mark.long
@pytest.mark.parametrize("program, user", RUNS)
def test_for_an_hour_in_all(fuzzed, program, user):
    """In the shim, a tenth of that."""
    fuzz(fuzzed, program, user, SECONDS if fuzzed.hypervisor == "pv32" else SECONDS // 10)
