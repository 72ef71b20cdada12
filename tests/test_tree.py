# SPDX-License-Identifier: GPL-2.0
"""scripts/tree, tried on a small tree with a small stack."""

import json

import pytest
from conftest import HOOK, snapshot

pytestmark = pytest.mark.stack


def times(tree):
    return {p: p.stat().st_mtime_ns for p in tree.rglob("*") if p.is_file() and ".pc" not in p.parts}


def newer(tree, before):
    """The files that are new, or not of the time they had before."""
    after = times(tree)
    return {str(p.relative_to(tree)) for p in after if after[p] != before.get(p)}


def test_makes_the_patched_tree(playground):
    before = snapshot(playground.linux)
    tree = playground.make_tree()
    files = snapshot(tree)
    assert b"line 20 of setup.c, hooked" in files["arch/x86/kernel/setup.c"]
    assert files["arch/x86/mach-xen/setup.c"] == b"int one;\nint two;\n"
    assert files["arch/x86/configs/xen_defconfig"] == b"CONFIG_XEN=y\nCONFIG_X86_PAE=y\n"
    assert files["drivers/xen/core/features.c"] == b"features\n"
    assert "drivers/xen/features.c" not in files
    assert snapshot(playground.linux) == before
    assert not playground.build.joinpath("linux.new").exists()


def test_unpatched_is_as_given(playground):
    assert playground.run("tree", "--unpatched").returncode == 0
    assert snapshot(playground.build / "orig/linux") == snapshot(playground.linux)


def test_output_goes_where_it_is_told(playground, tmp_path):
    assert playground.run("tree", "--output", tmp_path / "else/where").returncode == 0
    assert (tmp_path / "else/where/arch/x86/mach-xen/setup.c").exists()
    assert not playground.tree.exists()


def test_second_run_finds_it_fresh(playground):
    tree = playground.make_tree()
    before = times(tree)
    result = playground.run("tree")
    assert "is fresh" in result.stdout
    assert times(tree) == before


def test_a_changed_stack_touches_only_what_changed(playground):
    tree = playground.make_tree()
    before = times(tree)
    source = playground.repo / "arch-i386-mach-xen/setup.c"
    source.write_text("int three;\n")
    playground.refresh()
    playground.make_tree()
    assert newer(tree, before) == {"arch/x86/mach-xen/setup.c"}
    assert (tree / "arch/x86/mach-xen/setup.c").read_text() == "int three;\n"


def test_a_patch_taken_out_leaves_nothing(playground):
    tree = playground.make_tree()
    (playground.repo / "series").write_text("0001-hook.patch\n")
    (playground.repo / "patches/added-files").write_text("")
    for name in ("patches/0002-move.patch", "patches/0003-add.patch"):
        (playground.repo / name).unlink()
    for path in (playground.repo / "arch-i386-mach-xen").iterdir():
        path.unlink()
    playground.make_tree()
    assert sorted(snapshot(tree)) == sorted(snapshot(playground.linux))
    assert not (tree / "arch/x86/mach-xen").exists()
    assert (tree / ".pc/applied-patches").read_text() == "0001-hook.patch\n"


def test_a_changed_tree_is_copied_again(playground):
    tree = playground.make_tree()
    before = times(tree)
    changed = playground.linux / "drivers/xen/features.c"
    changed.write_text("more features\n")
    playground.make_tree()
    assert (tree / "drivers/xen/core/features.c").read_text() == "more features\n"
    assert newer(tree, before) == {"drivers/xen/core/features.c"}


def test_what_was_built_in_the_users_tree_stays_behind(playground):
    playground.write(playground.linux / "kernel/fork.o", "an object")
    playground.write(playground.linux / ".pc/applied-patches", "theirs.patch\n")
    tree = playground.make_tree()
    assert not (tree / "kernel/fork.o").exists()
    assert "theirs" not in (tree / ".pc/applied-patches").read_text()


def test_an_edit_in_the_tree_is_not_overwritten(playground):
    tree = playground.make_tree()
    edited = tree / "arch/x86/mach-xen/setup.c"
    edited.write_text("int mine;\n")
    (playground.repo / "arch-i386-mach-xen/setup.c").write_text("int three;\n")
    playground.refresh()
    result = playground.run("tree")
    assert result.returncode == 1
    assert "mach-xen/setup.c was edited" in result.stderr
    assert edited.read_text() == "int mine;\n"
    # Nor when the whole tree would be made anew.
    (playground.linux / "drivers/xen/features.c").write_text("more features\n")
    result = playground.run("tree")
    assert result.returncode == 1
    assert edited.read_text() == "int mine;\n"


def test_a_popped_tree_is_not_fresh(playground):
    tree = playground.make_tree()
    applied = tree / ".pc/applied-patches"
    applied.write_text("0001-hook.patch\n")
    result = playground.run("tree")
    assert result.returncode == 1
    assert "1 of 3 patches" in result.stderr


def test_an_interrupted_update_is_finished(playground):
    """State as it is when the copying was cut off: some files new, some old."""
    tree = playground.make_tree()
    following = tree.with_name("linux.next")
    new = HOOK.replace("line 20 of setup.c, hooked", "line 20, hooked better")
    (playground.repo / "patches/0001-hook.patch").write_text(new)
    assert playground.run("tree", "--output", playground.build / "other").returncode == 0
    other = playground.build / "other"
    files = json.loads((playground.build / "other.files").read_text())["files"]
    for name, there in files.items():
        if there:
            playground.write(following / "tree" / name, (other / name).read_text())
    (other / ".pc").rename(following / "tree/.pc")
    (following / "state.json").write_text((playground.build / "other.files").read_text())
    (following / "ready").touch()
    (tree / "arch/x86/kernel/setup.c").unlink()
    playground.make_tree()
    assert snapshot(tree) == snapshot(other)
    assert not following.exists()


def test_an_interrupted_unpacking_is_not_trusted(playground):
    playground.write(playground.build / "linux.new/Makefile", "half of it")
    tree = playground.make_tree()
    assert (tree / "Makefile").read_text().startswith("VERSION = 6")
