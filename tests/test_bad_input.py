# SPDX-License-Identifier: GPL-2.0
"""What bad input gets: one line with cause and remedy, a status that is not 0,
nothing changed."""

import os
import shutil
import subprocess

import pytest
from conftest import TOP, refused, run, snapshot

pytestmark = pytest.mark.stack


def nothing_made(playground):
    made = {p.name for p in playground.build.glob("*")} if playground.build.exists() else set()
    assert not {n for n in made if n.startswith(("linux", "kernel"))}, made


@pytest.mark.parametrize(
    "makefile, words",
    [
        ("all:\n", "unknown version"),
        ("VERSION = 6\nPATCHLEVEL =\nSUBLEVEL = 1\n", "unknown version"),
    ],
)
def test_a_tree_of_no_version(playground, makefile, words):
    (playground.linux / "Makefile").write_text(makefile)
    before = snapshot(playground.linux)
    refused(playground.run("tree"), words, "6.12", "give a 6.12.y tree")
    assert snapshot(playground.linux) == before
    nothing_made(playground)


def test_no_tree_at_all(playground, tmp_path):
    env = {"LINUX": str(tmp_path / "nowhere")}
    refused(playground.run("tree", env=env), "nowhere", "set it to")
    (tmp_path / "nowhere").mkdir()
    refused(playground.run("tree", env=env), "not a Linux source tree")
    nothing_made(playground)


def apply(playground, *names):
    for name in names:
        subprocess.run(
            ["patch", "-p1", "-s", "-i", playground.repo / "patches" / name],
            cwd=playground.linux,
            check=True,
        )


@pytest.mark.parametrize(
    "names",
    [
        ("0001-hook.patch", "0002-move.patch", "0003-add.patch"),
        ("0001-hook.patch",),
        ("0003-add.patch",),
    ],
)
def test_a_tree_that_carries_the_stack_or_a_part(playground, names):
    apply(playground, *names)
    before = snapshot(playground.linux)
    refused(playground.run("tree"), "already carries", names[-1], "give a tree without it")
    assert snapshot(playground.linux) == before
    nothing_made(playground)


def test_a_patch_that_does_not_apply(playground):
    setup = playground.linux / "arch/x86/kernel/setup.c"
    # One line of context differs: with fuzz it would apply.
    setup.write_text(setup.read_text().replace("line 17 ", "line seventeen "))
    result = playground.run("tree")
    refused(result, "0001-hook.patch does not apply", "6.12.99", "quilt.log")
    assert "FAILED" in (playground.build / "logs/quilt.log").read_text()
    nothing_made(playground)


def test_no_space(playground, tmp_path):
    """A file system of a few MiB, or what says so when one cannot be mounted."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", small],
        stderr=subprocess.DEVNULL,
        check=False,
    )
    env = {"BUILD": str(small / "build")}
    if mounted.returncode:
        fake = tmp_path / "bin/stat"
        playground.write(fake, "#!/bin/sh\necho '100 * 4096'\n")
        fake.chmod(0o755)
        env["PATH"] = f"{fake.parent}:{os.environ['PATH']}"
    try:
        refused(playground.run("tree", env=env), "MiB free", "are needed", "BUILD=<dir>")
        assert not list((small / "build").glob("linux*"))
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", small], check=True)


def test_not_root_and_a_package_missing(playground, tmp_path):
    """As nobody, with a dpkg-query that does not know quilt."""
    fake = tmp_path / "bin/dpkg-query"
    real = shutil.which("dpkg-query")
    playground.write(fake, f'#!/bin/sh\ncase "$*" in *quilt*) exit 1 ;; esac\nexec {real} "$@"\n')
    fake.chmod(0o755)
    env = {"PATH": f"{fake.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    before = ()
    if os.getuid() == 0:
        before = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        for folder in [*tmp_path.parents, tmp_path]:
            if str(folder).startswith(str(tmp_path.parents[1])):
                folder.chmod(0o755)
        shutil.chown(tmp_path, 65534)
    refused(
        playground.run("tree", env=env, before=before),
        "packages missing: quilt",
        "as root: apt-get install quilt",
    )
    nothing_made(playground)


FETCH = """. scripts/common.sh; . scripts/apt.sh; apt_conf=apt.conf
fetch_source xen $build/work $build/log "have HV=shim"; touch $build/went-on"""


@pytest.mark.parametrize(
    "words, said",
    [
        ("E: Failed to fetch xen.dsc  404  Not Found", "source xen=4.20 that its own lists name"),
        ("E: Could not resolve archive", "build/logs/apt.log, then try again"),
    ],
)
def test_the_archive_has_no_source(tmp_path, words, said):
    """What apt's lists name, the archive need not have."""
    for name, text in (("apt-get", f'case "$*" in *source*) echo "{words}"; exit 100 ;; esac'),
                       ("apt-cache", "echo Package: xen; echo Version: 4.20")):
        fake = tmp_path / "bin" / name
        fake.parent.mkdir(exist_ok=True)
        fake.write_text(f"#!/bin/sh\n{text}\n")
        fake.chmod(0o755)
    build = tmp_path / "build"
    result = run("bash", "-c", FETCH, cwd=TOP, env={
        "BUILD": str(build), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    refused(result, said)
    assert ("or have HV=shim" in result.stderr) == ("404" in words)
    assert not (build / "went-on").exists()


GOOD = "CONFIG_X86_32=y\nCONFIG_X86_MACH_XEN=y\nCONFIG_X86_PAE=y\nCONFIG_XEN=y\nCONFIG_HVC_XEN=y\n"


@pytest.mark.parametrize(
    "line, becomes, words",
    [
        ("CONFIG_X86_MACH_XEN=y", "", "lacks CONFIG_X86_MACH_XEN=y"),
        ("CONFIG_X86_PAE=y", "# CONFIG_X86_PAE is not set", "lacks CONFIG_X86_PAE=y"),
        ("CONFIG_XEN=y", "", "lacks CONFIG_XEN=y"),
        ("CONFIG_HVC_XEN=y", "CONFIG_HVC_XEN=m", "lacks CONFIG_HVC_XEN=y"),
        ("CONFIG_X86_32=y", "CONFIG_64BIT=y", "is 32-bit"),
    ],
)
def test_a_config_without_what_mach_xen_needs(playground, tmp_path, line, becomes, words):
    config = tmp_path / "my.config"
    config.write_text(GOOD.replace(line + "\n", becomes + "\n"))
    refused(
        playground.run("kernel", env={"CONFIG": str(config)}),
        words,
        "make ARCH=i386 SUBARCH=xen defconfig",
    )
    nothing_made(playground)


def test_no_config_file(playground, tmp_path):
    refused(playground.run("kernel", env={"CONFIG": str(tmp_path / "none")}), "is no file")
    refused(playground.run("kernel", "--config", tmp_path / "none"), "needs a file")


@pytest.mark.parametrize("script", ["tree", "kernel", "clean", "orig-tarball"])
def test_an_unknown_argument(playground, script):
    refused(playground.run(script, "--no-such-thing"), "--no-such-thing", "--help")
    nothing_made(playground)


def test_a_tree_inside_the_users_tree(playground):
    env = {"BUILD": str(playground.linux / "build")}
    result = playground.run("tree", env=env)
    refused(result, "inside LINUX", "BUILD=<dir>")


def test_sources_that_are_not_in_the_patches(playground):
    (playground.repo / "arch-i386-mach-xen/setup.c").write_text("int three;\n")
    refused(playground.run("tree"), "make refresh")
    nothing_made(playground)


def test_clean_keeps_off_what_is_not_a_build_folder(playground, tmp_path):
    playground.write(tmp_path / "home/letter", "dear")
    for args in ((), ("--all",)):
        refused(
            playground.run("clean", *args, env={"BUILD": str(tmp_path / "home")}),
            "no build folder",
        )
    assert (tmp_path / "home/letter").exists()


def test_clean_keeps_trees(playground):
    tree = playground.make_tree()
    playground.write(playground.build / "kernel/vmlinux", "")
    assert playground.run("clean").returncode == 0
    assert (tree / "Makefile").exists()
    assert not (playground.build / "kernel").exists()
    assert playground.run("clean", "--all").returncode == 0
    assert not playground.build.exists()
