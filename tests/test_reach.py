# SPDX-License-Identifier: GPL-2.0
"""The stack on other trees: a series for each, which of them is taken, and where
what is built from it goes."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from conftest import HOOK, TOP, load_script, refused, run, snapshot, stack

pytestmark = pytest.mark.stack

OTHERS = [tree for tree in stack.trees() if tree != stack.DEFAULT_TREE]
MAKEFILE = "VERSION = {}\nPATCHLEVEL = {}\nSUBLEVEL = 3\n\nmrproper:\n"


def is_linux(playground, version):
    (playground.linux / "Makefile").write_text(MAKEFILE.format(*version.split(".")))


@pytest.fixture
def reaching(playground):
    """The playground with a second series, for 7.2: the hook's context is another
    there, and the last patch, which adds files, has another editing part."""
    setup = HOOK.replace("line 17 ", "line 17 of 7.2's ")
    playground.write(playground.repo / "patches/7.2/0001-hook.patch", setup)
    add = (playground.repo / "patches/0003-add.patch").read_text()
    playground.write(playground.repo / "patches/7.2/0003-add.patch",
                     add.replace("\tselect MORE\n", "\tselect MUCH_MORE\n"))
    playground.write(playground.repo / "series-7.2",
                     "7.2/0001-hook.patch\n0002-move.patch\n7.2/0003-add.patch\n")
    playground.refresh()
    return playground


def make_7_2(playground):
    is_linux(playground, "7.2")
    for name, old, new in (
        ("arch/x86/kernel/setup.c", "line 17 ", "line 17 of 7.2's "),
        ("arch/x86/Kconfig", "select MORE", "select MUCH_MORE"),
    ):
        path = playground.linux / name
        path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("tree", OTHERS)
def test_every_patch_of_a_tree_is_of_its_folder_or_common(tree):
    names = stack.series(TOP, tree)
    assert len(set(names)) == len(names)
    assert {n.rpartition("/")[0] for n in names} <= {"", tree}
    own = {p.name for p in (TOP / "patches" / tree).glob("*.patch")}
    assert own == {n.rpartition("/")[2] for n in names if "/" in n}


@pytest.mark.parametrize("tree", OTHERS)
def test_a_tree_has_the_stack_in_its_order(tree):
    """What it has in common with the first series comes in the same order, and
    what it leaves out is said to be, with the reason."""
    first = stack.series(TOP, stack.DEFAULT_TREE)
    bare = [n.rpartition("/")[2] for n in stack.series(TOP, tree)]
    common = [n for n in first if n in bare]
    assert [n for n in bare if n in first] == common
    text = stack.series_file(TOP, tree).read_text()
    for name in sorted(set(first) - set(common)):
        assert name.removesuffix(".patch") in text


@pytest.mark.parametrize("tree", OTHERS)
def test_a_patch_of_a_tree_keeps_the_subject(tree):
    for name in stack.series(TOP, tree):
        _, _, bare = name.rpartition("/")
        if name == bare or not (TOP / "patches" / bare).exists():
            continue
        subjects = [stack.read_patch(n)[0].splitlines()[0] for n in (name, bare)]
        assert subjects[0] == subjects[1]


@pytest.mark.parametrize("tree", stack.trees())
def test_a_tree_lists_its_pages(tree):
    """A patch that adds a page to Documentation has it in an index as well."""
    for name in stack.series(TOP, tree):
        _, changes = stack.read_patch(name)
        for change in changes:
            if change.creates and change.new.startswith("Documentation/"):
                entry = f"+   {Path(change.new).stem}\n"
                assert any(entry in other.text for other in changes), f"{name}: {change.new}"


@pytest.mark.parametrize(
    "version, nearest",
    [("6.12.5", "6.12"), ("6.1", "6.1"), ("5.15.9", "6.1"), ("6.6.1", "6.1"), ("6.7", "6.12"),
     ("6.16", "6.12"), ("7.0.1", "7.2"), ("7.2.40", "7.2"), ("8.3", "7.2")],
)
def test_the_nearest_tree(version, nearest):
    assert stack.nearest_tree(version) == nearest


def test_refresh_writes_the_same_files_for_each_series(reaching):
    (reaching.repo / "arch-i386-mach-xen/setup.c").write_text("int three;\n")
    refused_by = reaching.run("refresh", "--check")
    assert "patches/0003-add.patch differs" in refused_by.stderr
    assert "patches/7.2/0003-add.patch differs" in refused_by.stderr
    reaching.refresh()
    for name in ("0003-add.patch", "7.2/0003-add.patch"):
        assert "+int three;\n" in (reaching.repo / "patches" / name).read_text()
    assert "MUCH_MORE" in (reaching.repo / "patches/7.2/0003-add.patch").read_text()
    assert reaching.run("refresh", "--check").returncode == 0


def test_refresh_lets_a_tree_have_a_file_elsewhere(reaching):
    with open(reaching.repo / "patches/added-files", "a") as manifest:
        manifest.write("7.2/0003-add.patch: arch-i386-mach-xen/setup.c=arch/x86/elsewhere.c "
                       "arch-i386-mach-xen/Kconfig\n"
                       "7.2/0003-add.patch: arch-i386-mach-xen/xen_defconfig=arch/x86/xen_defconfig\n")
    reaching.refresh()
    assert "+++ b/arch/x86/elsewhere.c" in (reaching.repo / "patches/7.2/0003-add.patch").read_text()
    assert "elsewhere" not in (reaching.repo / "patches/0003-add.patch").read_text()


def test_refresh_misses_a_file_in_one_series(reaching):
    (reaching.repo / "series-7.2").write_text("7.2/0001-hook.patch\n0002-move.patch\n")
    (reaching.repo / "patches/7.2/0003-add.patch").unlink()
    refused(reaching.run("refresh", "--check"), "is in no patch of series-7.2")


def test_the_version_of_the_tree_chooses_the_series(reaching):
    make_7_2(reaching)
    result = reaching.run("tree")
    assert result.returncode == 0, result.stderr
    assert not reaching.tree.exists()
    files = snapshot(reaching.build / "7.2/linux")
    assert b"line 20 of setup.c, hooked" in files["arch/x86/kernel/setup.c"]
    assert b"MUCH_MORE\nsource" in files["arch/x86/Kconfig"]
    assert files["arch/x86/mach-xen/setup.c"] == b"int one;\nint two;\n"
    applied = (reaching.build / "7.2/linux/.pc/applied-patches").read_text().split()
    assert applied == stack.series(reaching.repo, "7.2")
    assert "is fresh" in reaching.run("tree", env={"TREE": "7.2"}).stdout


def test_both_trees_at_once(reaching):
    first = snapshot(reaching.make_tree())
    make_7_2(reaching)
    assert reaching.run("tree").returncode == 0
    assert snapshot(reaching.tree) == first
    assert (reaching.build / "7.2/linux.base").exists()


def test_unpatched_of_another_tree(reaching):
    make_7_2(reaching)
    assert reaching.run("tree", "--unpatched").returncode == 0
    assert snapshot(reaching.build / "7.2/orig/linux") == snapshot(reaching.linux)


@pytest.mark.parametrize("tree", ["7.3", "/a/folder", "7.2.1", "seven"])
def test_a_tree_that_there_is_no_series_for(reaching, tree):
    for script in ("tree", "kernel"):
        refused(reaching.run(script, env={"TREE": tree}), f"TREE={tree} is none of 6.12, 7.2",
                "TREEDIR=<dir>")
    assert not reaching.build.exists() or not list(reaching.build.glob("linux*"))


def test_tree_and_linux_that_contradict_each_other(reaching):
    refused(reaching.run("tree", env={"TREE": "7.2"}), "is Linux 6.12.99 and TREE=7.2",
            "leave TREE out")


@pytest.mark.parametrize("version", ["6.13", "6.9"])
def test_a_near_tree_that_the_stack_applies_to(reaching, version):
    is_linux(reaching, version)
    result = reaching.run("tree")
    assert result.returncode == 0, result.stderr
    assert f"Linux {version}.3 is not what the stack is for, but that for 6.12 applies" in result.stdout
    assert (reaching.tree / "arch/x86/mach-xen/setup.c").exists()


def test_a_near_tree_that_it_does_not_apply_to(reaching):
    is_linux(reaching, "7.1")  # with 6.12's context
    before = snapshot(reaching.linux)
    refused(reaching.run("tree"), "not for Linux 7.1.3", "7.2/0001-hook.patch does not apply",
            "give a 6.12.y or 7.2.y tree")
    assert snapshot(reaching.linux) == before
    assert not list(reaching.build.glob("**/linux*"))


def test_treedir_says_where(reaching, tmp_path):
    result = run("make", "-s", "-C", TOP, "-n", "tree", f"TREEDIR={tmp_path}/here")
    assert f'--output "{tmp_path}/here"' in result.stdout


def test_clean_keeps_the_trees_of_each_version(reaching):
    """And of each compiler."""
    reaching.make_tree()
    make_7_2(reaching)
    for by in {}, {"CC": "clang"}, {"LLVM": "1"}:
        assert reaching.run("tree", env=by).returncode == 0
    folders = [reaching.build, *(reaching.build / "7.2" / by for by in ("", "clang", "llvm"))]
    for folder in folders:
        reaching.write(folder / "kernel/vmlinux", "")
    subprocess.run([reaching.repo / "scripts/clean"], check=True,
                   env={"BUILD": str(reaching.build), "PATH": "/usr/bin:/bin"})
    assert not list(reaching.build.glob("**/vmlinux"))
    for folder in folders:
        assert (folder / "linux/Makefile").exists(), folder


def test_checkpatch_of_a_tree(reaching):
    """The waivers of the default tree hold, needed or not, and those of its own."""
    reaching.write(reaching.build / "7.2/linux/scripts/checkpatch.pl",
                   'print "$ARGV[-1]:1: WARNING:NEW: no\n"; exit 1;')
    reaching.write(reaching.repo / "patches/checkpatch-waivers", "* OLD why\n*.patch NEW why\n")
    result = reaching.run("checkpatch", env={"TREE": "7.2"})
    assert result.returncode == 1
    assert "arch-i386-mach-xen/setup.c:1: NEW: no" in result.stdout
    assert "hook.patch" not in result.stdout and "OLD" not in result.stdout
    own = reaching.repo / "patches/7.2/checkpatch-waivers"
    own.write_text("arch-i386-mach-xen/* NEW why\n*.patch OLD why\n")
    result = reaching.run("checkpatch", env={"TREE": "7.2"})
    assert result.stdout == ("patches/7.2/checkpatch-waivers:2: nothing needs the waiver"
                             " *.patch OLD; take it out\n")


def test_an_unknown_compiler(reaching):
    refused(reaching.run("kernel", env={"CC": "icc"}), "CC=icc", "CC=gcc, CC=clang or LLVM=1")


def test_an_unknown_xen(reaching):
    refused(reaching.run("lab-dom0", env={"XEN": "3.0"}), "XEN=3.0", "XEN=4.17 or XEN=4.20")


@pytest.fixture
def matrix():
    return load_script("matrix")


def test_a_row_is_what_its_name_says(matrix, monkeypatch):
    """And nothing that whoever calls has chosen for himself."""
    monkeypatch.setenv("CC", "clang")
    monkeypatch.setenv("TREEDIR", "/nowhere")
    rows = {row.name: row.environment() for row in matrix.ROWS}
    assert len(rows) == len(matrix.ROWS)
    chosen = {name: {key: env[key] for key in ("TREE", "XEN", "CC", "LLVM", "TREEDIR") if key in env}
              for name, env in rows.items()}
    assert chosen["default"] == {"TREE": stack.DEFAULT_TREE, "XEN": "4.17"}
    assert chosen["7.2"] == {"TREE": "7.2", "XEN": "4.17"}
    assert chosen["llvm"] == {"TREE": stack.DEFAULT_TREE, "XEN": "4.17", "LLVM": "1"}
    assert chosen["xen-4.20"]["XEN"] == "4.20"


def test_each_tree_has_a_row(matrix):
    assert {row.tree for row in matrix.ROWS} == set(stack.trees())


def test_an_unknown_row(matrix):
    refused(run(TOP / "scripts/matrix", "9.9"), "no row 9.9", "say one of default 7.2")


def test_the_table_on_its_page(matrix, monkeypatch, tmp_path):
    """A row that did not run now is there as it ran last, or as not run."""
    monkeypatch.setattr(matrix, "PAGE", tmp_path / "matrix.rst")
    matrix.PAGE.write_text("Head.\n\nOf yesterday::\n\n  old\n")
    result = matrix.Result(matrix.Row(tree="7.2"), version="7.2.13", day="2026-01-02",
                           kernel="1.0 min", boot="8 s", tests="3 passed")
    (tmp_path / "7.2.json").write_text(json.dumps(result.columns()))
    (tmp_path / "6.1.json").write_text("{")
    matrix.write_page(matrix.table(matrix.on_record(tmp_path)))
    text = matrix.PAGE.read_text()
    assert text.startswith("Head.\n\nOf ") and "old" not in text
    assert [line.split() for line in text.splitlines()
            if line.split()[:1] in (["7.2.13"], ["7.2"], ["6.1"])] == [
        "7.2.13 4.17 pv32 gcc 1.0 min 8 s 3 passed 2026-01-02".split(),
        "6.1 4.17 pv32 gcc not run".split(),
        "7.2 4.20 shim gcc not run".split(),
        "6.1 4.20 shim gcc not run".split()]


@pytest.fixture
def pretended(matrix, monkeypatch, tmp_path):
    """The matrix with scripts that do nothing; returns a way to give one a text."""
    def script(name, text="exit 0\n"):
        path = tmp_path / "scripts" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)

    monkeypatch.setattr(matrix.stack, "TOP", tmp_path)
    monkeypatch.setattr(matrix.stack, "tree_version", lambda tree: "7.2.13")
    for name in "kernel", "lab-hypervisor", "lab-dom0", "lab-guest-initrd", "check":
        script(name)
    return script


def test_a_row_whose_tests_say_what_they_counted(matrix, pretended, tmp_path):
    pretended("check", 'echo "$@"; echo "9 passed, 1 failed, 2 skipped"; exit 1\n')
    result = matrix.run(matrix.Row(tree="7.2"), tmp_path)
    assert (result.ok, result.counts) == (False, (9, 1, 2))
    assert result.tests.startswith("9 passed, 1 failed, 2 skipped, ")
    assert "7.2 | --group boot -k pv32 or not (pv32 or shim)\n" in matrix.last_words(tmp_path / "7.2.log")
    assert json.loads((tmp_path / "7.2.json").read_text())["tests"] == result.tests


@pytest.mark.parametrize("script, text, said", [
    ("kernel", "exit 1\n", "not built"),
    ("lab-dom0", "exit 1\n", "not built"),
    ("check", "exit 1\n", "did not run"),
    ("check", "exit 0\n", "did not run"),
    ("check", 'echo "0 passed, 0 failed, 7 skipped"\n', "0 passed, 0 failed, 7 skipped, 0 min"),
])
def test_a_row_that_comes_to_nothing_has_failed(matrix, pretended, tmp_path, script, text, said):
    pretended(script, text)
    result = matrix.run(matrix.Row(), tmp_path)
    assert (result.ok, result.tests) == (False, said)
    assert result.counts in ((0, 1, 0), (0, 0, 7))


def test_a_row_that_is_not_built_in_time_is_skipped(matrix, pretended, tmp_path):
    """With all that its script has started."""
    pretended("kernel", f"(sleep 5; touch {tmp_path}/late) & wait\n")
    pretended("check", f"touch {tmp_path}/tested\n")
    result = matrix.run(matrix.Row(), tmp_path, time.monotonic() + 0.5)
    assert (result.ok, result.counts, result.tests) == (True, (0, 0, 1), "no time left for kernel")
    time.sleep(6)
    assert not list(tmp_path.glob("late")) + list(tmp_path.glob("tested"))


def test_minutes_are_for_a_turn():
    refused(run(TOP / "scripts/matrix", "--minutes", "5", "7.2"), "--minutes is for --turn")
