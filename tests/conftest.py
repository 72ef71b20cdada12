# SPDX-License-Identifier: GPL-2.0
"""What the tests share: the --long option, the closing line, and a small
repository with a small stack and a small kernel tree to try scripts on."""

import os
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BUILD") or TOP / "build").absolute()
sys.path.insert(0, str(TOP / "scripts"))
sys.dont_write_bytecode = True

import stack  # noqa: E402

# What is built from the tree that TREE chooses.
BUILT = stack.tree_build()

GROUPS = {
    "boot": "the kernel boots under both hypervisors and behaves as a native one",
    "devices": "disks, network and the other devices, under both hypervisors",
    "life": "saved, restored, moved, crashed: a guest and the toolstack",
    "proof": "what a maintainer asks for: the mails, static checks, each patch by itself",
    "smp": "many vCPUs, memory and time",
    "speed": "how many hypercalls an operation makes",
    "stack": "the patches, the sources and the scripts that handle them",
}


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the long tests too")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; only with --long")
    for name, what in GROUPS.items():
        config.addinivalue_line("markers", f"{name}: {what}")
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        # pytest's own last line leaves out what is nought.
        reporter.summary_stats = lambda: closing_line(reporter)
        config.pluginmanager.register(Times(reporter))


class Times:
    """Shows beside its dot what a slow test has taken, with its part of what it shares:
    for who waits, and in the log of a run that has not come to its end."""

    SLOW = 20

    def __init__(self, reporter):
        self.reporter = reporter
        self.seconds = 0

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.when == "setup":
            self.seconds = 0
        self.seconds += report.duration
        if report.when == "teardown" and self.seconds >= self.SLOW:
            self.reporter.write(f"({self.seconds:.0f} s)")


def closing_line(reporter):
    write_timings(reporter)

    def count(*kinds):
        return sum(len(reporter.stats.get(kind, [])) for kind in kinds)

    line = (
        f"{count('passed', 'xpassed')} passed, {count('failed', 'error')} failed, "
        f"{count('skipped', 'xfailed')} skipped"
    )
    reporter.write_line(line)
    # Set by scripts/check for a whole run, which the cover letter may quote.
    if claim := os.environ.get("CLAIM"):
        stack.record(claim, line)


def turn(item):
    """One hypervisor after the other, each booted once; the look at all the
    logs of one is the last thing done with it."""
    hypervisor = getattr(item, "callspec", None) and item.callspec.params.get("lab")
    return hypervisor or "", item.path.name == "test_boot_logs.py"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    items.sort(key=turn)
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="long; make check-all runs it"))


# For all test files; here, for it needs the names above.
from bootlab import guest, lab, native, write_timings  # noqa: E402, F401
from devlab import devguest, devices  # noqa: E402, F401
from lifelab import life  # noqa: E402, F401
from smplab import dom0_elsewhere, smp, smpguest  # noqa: E402, F401


def load_script(name):
    """A Python script without .py as a module."""
    loader = SourceFileLoader(name.replace("-", "_"), str(TOP / "scripts" / name))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def run(*command, **keywords):
    """A command with its output kept, standard input closed. What whoever runs the tests
    has chosen to build is not for a script under test: of stack.CHOICES it has those in
    keep, and what env says."""
    keep = keywords.pop("keep", ())
    env = {name: value for name, value in os.environ.items()
           if name in keep or name not in stack.CHOICES}
    env.update(keywords.pop("env", {}))
    return subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
        env=env,
        **keywords,
    )


def refused(result, *words):
    """One line that names cause and remedy, and a status that is not 0."""
    lines = result.stderr.splitlines()
    assert result.returncode != 0, result.stdout
    assert len(lines) == 1, result.stderr
    assert ": error: " in lines[0]
    for word in words:
        assert word in lines[0]


SETUP_C = "".join(f"line {n} of setup.c\n" for n in range(1, 41))

HOOK = """\
From: A Tester <tester@localhost>
Subject: x86: a hook

Why it is there.
---
 arch/x86/kernel/setup.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/arch/x86/kernel/setup.c b/arch/x86/kernel/setup.c
--- a/arch/x86/kernel/setup.c
+++ b/arch/x86/kernel/setup.c
@@ -17,7 +17,7 @@
 line 17 of setup.c
 line 18 of setup.c
 line 19 of setup.c
-line 20 of setup.c
+line 20 of setup.c, hooked
 line 21 of setup.c
 line 22 of setup.c
 line 23 of setup.c
"""

MOVE = """\
From: A Tester <tester@localhost>
Subject: xen: move features.c

Every Xen architecture needs it.
---
 drivers/xen/{features.c => core/features.c} | 0
 1 file changed, 0 insertions(+), 0 deletions(-)

diff --git a/drivers/xen/features.c b/drivers/xen/core/features.c
similarity index 100%
rename from drivers/xen/features.c
rename to drivers/xen/core/features.c
"""

ADD = """\
From: A Tester <tester@localhost>
Subject: x86: mach-xen

What it is.
---
diff --git a/arch/x86/Kconfig b/arch/x86/Kconfig
--- a/arch/x86/Kconfig
+++ b/arch/x86/Kconfig
@@ -1,3 +1,4 @@
 config X86
 \tdef_bool y
 \tselect MORE
+source "arch/x86/mach-xen/Kconfig"
"""


class Playground:
    """A repository with three patches and a kernel tree with four files."""

    def __init__(self, folder):
        self.repo = folder / "repo"
        self.linux = folder / "linux-user"
        self.build = folder / "build"
        for name, text in {
            "series": "# hooks\n0001-hook.patch\n# core\n0002-move.patch\n\n0003-add.patch\n",
            "patches/0001-hook.patch": HOOK,
            "patches/0002-move.patch": MOVE,
            "patches/0003-add.patch": ADD,
            "patches/added-files": "0003-add.patch: arch-i386-mach-xen/setup.c "
            "arch-i386-mach-xen/Kconfig\n"
            "0003-add.patch: arch-i386-mach-xen/xen_defconfig=arch/x86/configs/xen_defconfig\n",
            "arch-i386-mach-xen/setup.c": "int one;\nint two;\n",
            "arch-i386-mach-xen/Kconfig": "config X86_MACH_XEN\n",
            "arch-i386-mach-xen/xen_defconfig": "CONFIG_XEN=y\nCONFIG_X86_PAE=y\n",
        }.items():
            self.write(self.repo / name, text)
        shutil.copytree(
            TOP / "scripts", self.repo / "scripts", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name, text in {
            "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 99\n\nmrproper:\n",
            "arch/x86/Kconfig": "config X86\n\tdef_bool y\n\tselect MORE\n",
            "arch/x86/kernel/setup.c": SETUP_C,
            "drivers/xen/features.c": "features\n",
        }.items():
            self.write(self.linux / name, text)
            os.utime(self.linux / name, (1e9, 1e9))

    @staticmethod
    def write(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, script, *args, **keywords):
        env = {"BUILD": str(self.build), "LINUX": str(self.linux), **keywords.pop("env", {})}
        env = {k: v for k, v in env.items() if v is not None}
        return run(
            *keywords.pop("before", ()), self.repo / "scripts" / script, *args, env=env, **keywords
        )

    def refresh(self):
        result = self.run("refresh")
        assert result.returncode == 0, result.stderr

    @property
    def tree(self):
        return self.build / "linux"

    def make_tree(self, *args):
        result = self.run("tree", *args)
        assert result.returncode == 0, result.stdout + result.stderr
        return self.tree


@pytest.fixture
def playground(tmp_path, monkeypatch):
    for name in stack.CHOICES:  # It has not what they name.
        monkeypatch.delenv(name, raising=False)
    small = Playground(tmp_path)
    small.refresh()
    return small


def snapshot(folder, without=(".pc",)):
    """{path: contents} of all files below a folder."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.relative_to(folder).parts[0] not in without
    }


@pytest.fixture(scope="session")
def patched_tree():
    """build/linux, made or found fresh."""
    result = run(TOP / "scripts/tree", env={"BUILD": str(BUILD)}, keep=stack.CHOICES)
    assert result.returncode == 0, result.stderr
    return BUILT / "linux"
