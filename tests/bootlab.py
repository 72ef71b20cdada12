# SPDX-License-Identifier: GPL-2.0
"""What the boot tests share: a hypervisor with its dom0, a guest there that
lasts from test to test, a native machine, and the rule that no test may leave
a complaint in a log. Logs: build/results/boot-<hypervisor>, boot-native, ..."""

import json
import os
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from conftest import BUILT
from xenlab import Dom0, LabError, Native, complaints

RESULTS = BUILT / "results"
KERNEL = BUILT / "kernel/arch/x86/boot/bzImage"
VMLINUX = BUILT / "kernel/vmlinux"
# Kernels that run the tests of drivers/xen/core, by the name they have in dom0.
KUNIT_KERNELS = {name: BUILT / name / "arch/x86/boot/bzImage" for name in ("kunit", "amd64")}
NATIVE_KERNEL = Path(
    os.environ.get("NATIVE_KERNEL") or BUILT / "native-same/arch/x86/boot/bzImage"
).absolute()

MEMORY = 128
MARKER = "boot.test=1"

ALLOWED = (
    # A program's own fault, told about it as by any kernel.
    r"traps: \S+\[\d+\] ",
    # The CPU the shim needs is one of a family with this flaw; a remark about
    # the configuration.
    r"Speculative Return Stack Overflow: WARNING: ",
)

# {what: number}, for build/results/measured.json
MEASURED = {}


@contextmanager
def measured(what):
    """Note how many seconds the block took."""
    start = time.monotonic()
    yield
    MEASURED[what] = round(time.monotonic() - start, 1)


def no_complaint(messages, allowed=()):
    """The kernel complains of nothing in these messages of its."""
    found = complaints(messages, ALLOWED + tuple(allowed))
    assert not found, "the guest's kernel complains:\n" + "\n".join(found)


class Clean:
    """Looks at a guest's logs; from one look to the next, each line once."""

    def __init__(self, guest):
        self.guest = guest
        self.seen = 0
        self.seen_xen = 0

    def new(self, allowed=()):
        """The complaints since the last time, of the guest and of Xen."""
        text = self.guest.log_text()
        # A line that is not complete yet is for the next time.
        end = text.rfind("\n") + 1
        found = complaints(text[self.seen : end], ALLOWED + tuple(allowed))
        self.seen = end
        # The guest's messages may have been on their way when Xen's were read.
        xen = self.guest.hypervisor_complaints(tuple(allowed))
        found += xen[self.seen_xen :]
        self.seen_xen = len(xen)
        return found

    def check(self, allowed=()):
        found = self.new(allowed)
        assert not found, f"complaints in {self.guest.log} or Xen's log:\n" + "\n".join(found)


def answers(shell):
    """Whether the last test has left it in order."""
    try:
        shell.run("true", 20)
    except LabError:
        return False
    return True


def uptime(shell):
    """In seconds, since its kernel has started."""
    return float(shell.check("read -r up idle </proc/uptime; echo $up"))


class Lab:
    """A hypervisor with its dom0, and the guest that the tests share."""

    group = "boot"

    def __init__(self, hypervisor):
        self.hypervisor = hypervisor
        self.folder = RESULTS / f"{self.group}-{hypervisor}"
        self.folder.mkdir(parents=True, exist_ok=True)
        #: all kernel messages of the shared guests
        self.said = self.folder / "dmesg"
        self.said.write_text("")
        with measured(f"{self.group} {hypervisor}: dom0 up"):
            self.dom0 = self.start(**self.machine())
        self._guest = None
        self._clean = None

    def start(self, **machine):
        """The dom0, with what machine() says."""
        return Dom0(self.hypervisor, log=self.folder, **machine)

    def machine(self):
        """Keywords for Dom0."""
        files = {"/guest/kernel": KERNEL}
        for name, kernel in KUNIT_KERNELS.items():
            # Only its own tests need it.
            if kernel.is_file():
                files[f"/guest/{name}"] = kernel
        if self.hypervisor == "pv32":
            files["/guest/vmlinux"] = VMLINUX
        return {"files": files}

    def devices(self):
        """Keywords for create(): what the shared guest has."""
        return {}

    def guest(self):
        """The shared guest, a new one if the last test has spoilt it."""
        if self._guest:
            if answers(self._guest):
                return self._guest
            self._guest.close()
            self._guest = None
        with measured(f"{self.group} {self.hypervisor}: guest up"):
            self._guest = self.dom0.create(
                "guest", **{"memory": MEMORY, "cmdline": MARKER, **self.devices()})
        self._clean = Clean(self._guest)
        self.prepare(self._guest)
        return self._guest

    def prepare(self, guest):
        """What a new shared guest needs before its first test: its kernel's
        messages do not get between a command and its output."""
        guest.check("dmesg -n 1")

    def messages(self):
        """The shared guest's kernel messages since the last time."""
        text = self._guest.check("dmesg -c", 60)
        with open(self.said, "a", encoding="utf-8") as log:
            log.write(text + "\n")
        return text

    def check(self, allowed=()):
        no_complaint(self.messages(), allowed)
        self._clean.check(allowed)

    @contextmanager
    def own(self, name, allowed=(), **keywords):
        """A guest for one test; its logs have to be clean, too."""
        with self.dom0.create(name, **keywords) as guest:
            clean = Clean(guest)
            yield guest
            clean.check(allowed)


# Keywords for create(): our guest, and Debian's 64-bit kernel where dom0 has it.
GUESTS = {"i386": {}, "amd64": {"kernel": "/guest/kernel64", "ramdisk": "/guest/initrd64"}}


@contextmanager
def side_by_side(dom0, guests):
    """{name: guest}: our kernel and Debian's 64-bit one, from {"i386": keywords for
    create(), "amd64": keywords}."""
    with ExitStack() as stack:
        made = {name: stack.enter_context(dom0.create(name, **words))
                for name, words in guests.items()}
        for guest in made.values():
            guest.check("dmesg -n 1")
        assert "i686" in made["i386"].check("uname -m")
        assert "x86_64" in made["amd64"].check("uname -m")
        yield made


# For params: what TCG makes of the shim, where nested paging is emulated, takes too long
# for the short tests.
SHIM_IS_LONG = ["pv32", pytest.param("shim", marks=pytest.mark.long)]


@pytest.fixture(scope="session", params=["pv32", "shim"])
def lab(request):
    lab = Lab(request.param)
    yield lab
    lab.dom0.close()


@pytest.fixture
def guest(lab):
    guest = lab.guest()
    yield guest
    lab.check()


pv32_only = pytest.mark.parametrize("lab", ["pv32"], indirect=True)
long_in_the_shim = pytest.mark.parametrize("lab", SHIM_IS_LONG, indirect=True)


@pytest.fixture(scope="session")
def native():
    """A native kernel of the same tree and configuration, with the same user space."""
    with Native(
        NATIVE_KERNEL, cmdline="quiet loglevel=1", log=RESULTS / "boot-native"
    ) as machine:
        machine.run("dmesg -n 1")
        yield machine


def write_timings(reporter):
    """build/results/timings, a line a test, and what the tests measured."""
    seconds = {}
    for reports in reporter.stats.values():
        for report in reports:
            if hasattr(report, "duration") and hasattr(report, "nodeid"):
                name = report.nodeid
                seconds[name] = seconds.get(name, 0) + report.duration
    if not seconds:
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    lines = sorted(seconds.items(), key=lambda item: -item[1])
    (RESULTS / "timings").write_text("".join(f"{s:8.2f} s  {n}\n" for n, s in lines))
    if MEASURED:
        (RESULTS / "measured.json").write_text(json.dumps(MEASURED, indent=1) + "\n")
    for what, value in MEASURED.items():
        if what.endswith(" ratio"):
            reporter.write_line(f"{what} {value}")
