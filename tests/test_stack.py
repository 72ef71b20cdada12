# SPDX-License-Identifier: GPL-2.0
"""The stack applies with zero fuzz, comes off cleanly, and in every way a
person or a tool would apply it. Only the files it touches are looked at."""

import os
import re
import shutil
import subprocess

import pytest
import stack
from conftest import BUILD, TOP, run, snapshot

pytestmark = pytest.mark.stack

PATCHES = stack.stack() if stack.series_file().exists() else {}
BY_ENVIRONMENT = {"QUILT_PATCHES": str(TOP / "patches"), "QUILT_SERIES": str(stack.series_file())}


def taken_from_the_tree():
    """The touched files a pristine tree has to have: those the stack changes
    before it creates or renames anything by their name."""
    ours, wanted = set(), set()
    for changes in PATCHES.values():
        for change in changes:
            if change.old and change.old not in ours:
                wanted.add(change.old)
            if change.creates or change.renames:
                ours.add(change.new)
    return sorted(wanted)


def take(tree, folder):
    for name in taken_from_the_tree():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / name, folder / name)


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    """The touched files as Debian's source of the chosen tree has them."""
    folder = tmp_path_factory.mktemp("debian")
    if stack.chosen_tree() != stack.DEFAULT_TREE:
        result = run(TOP / "scripts/tree", "--unpatched", keep=stack.CHOICES)
        assert result.returncode == 0, result.stderr
        take(stack.tree_build() / "orig/linux", folder)
        return folder
    tarball = "/usr/src/linux-source-6.12.tar.xz"
    if not os.path.exists(tarball):
        install = ". scripts/common.sh; need_packages linux-source-6.12"
        assert run("bash", "-c", install, cwd=TOP).returncode == 0
    names = "".join(f"linux-source-6.12/{n}\n" for n in taken_from_the_tree())
    subprocess.run(
        ["tar", "-xf", tarball, "-C", folder, "--strip-components=1", "-T", "-"],
        input=names,
        text=True,
        check=True,
    )
    return folder


@pytest.fixture(scope="session")
def upstream(tmp_path_factory):
    """The same without Debian's patches."""
    if stack.chosen_tree() != stack.DEFAULT_TREE:
        pytest.skip("scripts/orig-tarball has the upstream tree of 6.12 alone")
    result = run(TOP / "scripts/orig-tarball")
    assert result.returncode == 0, result.stderr
    folder = tmp_path_factory.mktemp("upstream")
    take(BUILD / "linux-upstream", folder)
    return folder


@pytest.fixture(params=["debian", "upstream"])
def pristine(request, tmp_path):
    """A fresh copy of either."""
    shutil.copytree(request.getfixturevalue(request.param), tmp_path / request.param)
    return tmp_path / request.param


def quilt(tree, *args, env=None):
    return run("quilt", "--quiltrc=-", *args, cwd=tree, env=env or {})


def test_there_is_a_stack():
    assert PATCHES
    assert all(PATCHES.values()), "a patch without a change"


def test_applies_with_zero_fuzz_and_comes_off(pristine):
    before = snapshot(pristine)
    pushed = quilt(pristine, "push", "-a", "--fuzz=0", "-v", env=BY_ENVIRONMENT)
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr
    assert "fuzz" not in pushed.stdout
    if pristine.name == "debian":
        moved = [text.split()[0] for text in pushed.stdout.split("Applying patch ")[1:]
                 if re.search(r"\(offset ", text)]
        # A patch that all trees have in common can have the lines of one alone.
        if stack.chosen_tree() != stack.DEFAULT_TREE:
            moved = [name for name in moved if "/" in name.removeprefix("patches/")]
        assert not moved, "the stack needs a quilt refresh"
    assert (pristine / ".pc/applied-patches").read_text().split() == list(PATCHES)
    after = snapshot(pristine)
    assert not [n for n in after if n.endswith((".orig", ".rej"))]
    assert after != before

    popped = quilt(pristine, "pop", "-a", env=BY_ENVIRONMENT)
    assert popped.returncode == 0, popped.stdout + popped.stderr
    assert snapshot(pristine) == before


def test_two_symbolic_links_and_a_bare_quilt(debian, tmp_path):
    by_links, by_environment = (tmp_path / n for n in ("links", "environment"))
    for tree in (by_links, by_environment):
        shutil.copytree(debian, tree)
    (by_links / "patches").symlink_to(TOP / "patches")
    (by_links / "series").symlink_to(stack.series_file())
    assert quilt(by_links, "push", "-a", "--fuzz=0").returncode == 0
    assert quilt(by_environment, "push", "-a", "--fuzz=0", env=BY_ENVIRONMENT).returncode == 0
    (by_links / "series").unlink()
    (by_links / "patches").unlink()
    assert snapshot(by_links) == snapshot(by_environment)


def test_every_patch_is_one_git_takes(debian, tmp_path):
    tree = tmp_path / "git"
    shutil.copytree(debian, tree)
    for name in PATCHES:
        result = run("git", "apply", TOP / "patches" / name, cwd=tree)
        assert result.returncode == 0, f"{name}: {result.stderr}"
    reference = tmp_path / "quilt"
    shutil.copytree(debian, reference)
    assert quilt(reference, "push", "-a", env=BY_ENVIRONMENT).returncode == 0
    assert snapshot(tree) == snapshot(reference)


def test_fuzz_is_noticed(debian, tmp_path):
    """A line of context that differs makes the push fail."""
    tree = tmp_path / "fuzzy"
    shutil.copytree(debian, tree)
    change, context = next(
        (c, match[1])
        for changes in PATCHES.values()
        for c in changes
        if not c.creates and (match := re.search(r"^ (.*\w.*)$", c.text, re.M))
    )
    file = tree / change.old
    text = file.read_text()
    assert context + "\n" in text
    file.write_text(text.replace(context + "\n", context + " spoilt\n"))
    assert quilt(tree, "push", "-a", "--fuzz=0", env=BY_ENVIRONMENT).returncode != 0


def test_patches_have_a_message():
    for name in PATCHES:
        header, _ = stack.read_patch(name)
        assert re.search(r"^Subject: \S", header, re.M), f"{name} has no Subject:"
        # The name is that of the person who posts the series.
        assert not re.search(r"^(From|Signed-off-by): ", header, re.M), name


@pytest.mark.long
def test_whole_upstream_tree(tmp_path):
    """scripts/tree takes the unmodified upstream tree as LINUX=<dir>."""
    assert run(TOP / "scripts/orig-tarball").returncode == 0
    result = run(
        TOP / "scripts/tree",
        "--output",
        tmp_path / "linux",
        env={"LINUX": str(BUILD / "linux-upstream")},
    )
    assert result.returncode == 0, result.stderr
    for changes in PATCHES.values():
        for change in changes:
            if change.creates:
                assert (tmp_path / "linux" / change.new).exists()
    shutil.rmtree(tmp_path / "linux")
