# SPDX-License-Identifier: GPL-2.0
"""Form: shellcheck, checkpatch, licence lines, no names of machines, help."""

import os
import re
import subprocess

import pytest
from conftest import TOP, run, stack

pytestmark = pytest.mark.stack


def tracked():
    """Files git knows or would add; of a copy without .git, all."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={TOP}", "ls-files", "-co", "--exclude-standard"],
        cwd=TOP,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        names = listed.stdout.split("\n")
    else:
        names = [str(p.relative_to(TOP)) for p in TOP.rglob("*")]
    return [
        TOP / n
        for n in sorted(names)
        if n and (TOP / n).is_file() and not n.startswith((".git/", "build/"))
    ]


def first_line(path):
    with open(path, errors="replace") as file:
        return file.readline()


FILES = tracked()
IN_SCRIPTS = [p for p in FILES if p.parent in (TOP / "scripts", TOP / ".ci")]
BASH = [p for p in IN_SCRIPTS if re.match(r"#!/bin/(ba)?sh", first_line(p))]
# What runs in the lab's machines, as /init or by libxl, has no command line.
SCRIPTS = [
    p
    for p in IN_SCRIPTS
    if p.parent.name == "scripts"
    and first_line(p).startswith("#!")
    and not p.name.endswith(("-init", "-hotplug"))
]


def short(path):
    return str(path.relative_to(TOP))


@pytest.mark.parametrize("path", BASH, ids=short)
def test_shellcheck(path):
    result = run("shellcheck", "-x", "-P", "SCRIPTDIR", path, cwd=TOP)
    assert result.returncode == 0, result.stdout


def test_shellcheck_finds_something(tmp_path):
    bad = tmp_path / "bad"
    bad.write_text("#!/bin/bash\nrm $1\n")
    assert run("shellcheck", bad).returncode != 0


def test_checkpatch(patched_tree):
    result = run(TOP / "scripts/checkpatch", env={"TREEDIR": str(patched_tree)}, keep=stack.CHOICES)
    assert result.returncode == 0, result.stdout + result.stderr


def fake_checkpatch(playground, *complaints):
    """A checkpatch.pl that says the same about every file."""
    lines = "".join(f'print "$f:1: {c}\\n";' for c in complaints)
    playground.write(
        playground.build / "linux/scripts/checkpatch.pl",
        f"my $f = $ARGV[-1]; {lines} exit {int(bool(complaints))};",
    )


def test_checkpatch_waivers(playground):
    waivers = playground.repo / "patches/checkpatch-waivers"
    fake_checkpatch(playground)
    assert playground.run("checkpatch").returncode == 0

    fake_checkpatch(playground, "WARNING:LONG_LINE: too long")
    result = playground.run("checkpatch")
    assert result.returncode == 1
    assert "0001-hook.patch:1: LONG_LINE: too long" in result.stdout
    assert "arch-i386-mach-xen/setup.c:1: LONG_LINE" in result.stdout

    waivers.write_text("# why\n*.patch LONG_LINE a table\n")
    result = playground.run("checkpatch")
    assert result.returncode == 1
    assert "hook.patch" not in result.stdout
    waivers.write_text("* LONG_LINE a table\n")
    assert playground.run("checkpatch").returncode == 0

    fake_checkpatch(playground)
    result = playground.run("checkpatch")
    assert result.returncode == 1
    assert "nothing needs the waiver" in result.stdout
    waivers.write_text("* LONG_LINE\n")
    assert "GLOB TYPE reason" in playground.run("checkpatch").stderr


def test_licence_line():
    # Diffs carry those of the files they add; these three cannot or need not.
    without = [
        short(p)
        for p in FILES
        if p.suffix != ".patch"
        and p.name not in ("COPYING", ".gitignore")
        and not re.search(r"_?defconfig$|\.config$", p.name)
        and "SPDX-License-Identifier:" not in "".join(p.read_text().splitlines(True)[:4])
    ]
    assert not without


def test_no_names_of_machines():
    """No path of somebody's machine, no package registry's host."""
    # Spelt so that this file does not find itself.
    words = re.compile(
        r"(?<![\w}])(?<!\w\")/(?:work|home|root|Users)" + r"/\w|\b(?:deb|ftp|security|snapshot)\." + r"(?:\w+\.)?debian\."
        + r"|\bpypi\.|registry\.npm|\b(?:10|172\.16|192\.168)" + r"\.\d+\.\d+"
    )
    found = [
        f"{short(p)}: {line.strip()}"
        for p in FILES
        for line in p.read_text(errors="replace").splitlines()
        if words.search(line)
    ]
    assert not found
    assert words.search("http://deb" + ".debian.org") and words.search("/home/" + "me")


@pytest.mark.parametrize("path", SCRIPTS, ids=short)
def test_help(path):
    assert os.access(path, os.X_OK)
    result = run(path, "--help", cwd=TOP)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) > 2
    text = path.read_text()
    options = set(re.findall(r"^\s*(?:-\w \| )?(--[a-z-]+)(?: \| .*)?\)", text, re.M))
    options |= set(re.findall(r"^\s*(?:--[a-z-]+ \| )(--[a-z-]+).*\)", text, re.M))
    options |= set(re.findall(r"add_argument\(\s*\"(--[a-z-]+)\"", text))
    missing = [o for o in options - {"--help", "--"} if o not in result.stdout]
    assert not missing


def test_make_help_lists_every_target():
    makefile = (TOP / "Makefile").read_text()
    targets = set(" ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.M)).split())
    shown = run("make", "-s", "help", cwd=TOP).stdout
    assert targets
    assert targets == set(re.findall(r"^  ([a-z-]+) +\S", shown, re.M)) & targets
    assert not [t for t in targets if not (re.search(rf"^{t}:.*## \S", makefile, re.M))]
