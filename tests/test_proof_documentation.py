# SPDX-License-Identifier: GPL-2.0
"""The in-tree documentation: make htmldocs has nothing to say about it, the
subarchitecture has an entry in MAINTAINERS, the options have a help text."""

import re
import shutil
import subprocess

import pytest
import stack
from conftest import TOP, run

pytestmark = [pytest.mark.stack, pytest.mark.proof]

ADDED = [c.new for changes in stack.stack().values() for c in changes if c.creates]
PAGES = [name for name in ADDED if name.endswith(".rst")]


def packages(*names):
    result = run("bash", "-c", f". scripts/common.sh; need_packages {' '.join(names)}", cwd=TOP)
    assert result.returncode == 0, result.stderr


def htmldocs(tree, folder, output):
    """The warnings of make htmldocs for one folder of Documentation/."""
    packages("python3-sphinx", "graphviz", "make", "perl")
    result = run(
        "make", "-C", tree, "ARCH=i386", f"O={output}", f"SPHINXDIRS={folder}", "htmldocs",
        env={"MAKEFLAGS": "", "MAKELEVEL": ""},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return re.findall(r".*(?:WARNING|ERROR|warning:|error:).*", result.stdout + result.stderr)


def small_docs(tree, page, folder):
    """A tree whose Documentation/ has that page alone in one folder, for the
    folder it is in takes minutes."""
    documentation = folder / "Documentation"
    documentation.mkdir(parents=True)
    for entry in tree.iterdir():
        if entry.name not in ("Documentation", ".pc", ".config"):
            (folder / entry.name).symlink_to(entry)
    for entry in (tree / "Documentation").iterdir():
        (documentation / entry.name).symlink_to(entry)
    only = documentation / "only"
    only.mkdir()
    shutil.copy(tree / page, only)
    name = page.rsplit("/", 1)[1].removesuffix(".rst")
    (only / "index.rst").write_text(f"Only\n====\n\n.. toctree::\n\n   {name}\n")
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_htmldocs(patched_tree, tmp_path, page):
    tree = small_docs(patched_tree, page, tmp_path / "tree")
    assert htmldocs(tree, "only", tmp_path / "html") == []
    html = tmp_path / "html/Documentation/output/only" / page.rsplit("/", 1)[1].replace(".rst", ".html")
    assert "<h1" in html.read_text()


def test_a_fault_is_noticed(patched_tree, tmp_path):
    tree = small_docs(patched_tree, PAGES[0], tmp_path / "tree")
    page = tree / "Documentation/only" / PAGES[0].rsplit("/", 1)[1]
    page.write_text(page.read_text() + "\nA title\n=====\n\n:ref:`nowhere`\n")
    found = htmldocs(tree, "only", tmp_path / "html")
    for what in ("Title underline too short", "undefined label"):
        assert any(what in line for line in found), found


def test_the_index_has_each_page(patched_tree):
    for page in PAGES:
        folder, name = page.rsplit("/", 1)
        index = (patched_tree / folder / "index.rst").read_text()
        assert re.search(rf"^   {name.removesuffix('.rst')}$", index, re.M), page


def test_maintainers(patched_tree):
    """Each added file is in an entry with a list, and the entries are sorted."""
    text = (patched_tree / "MAINTAINERS").read_text()
    ours = re.search(r"^XEN I386 SUBARCHITECTURE .*\n(?:\w:\t.*\n)+", text, re.M)[0]
    assert "L:\txen-devel@lists.xenproject.org" in ours
    assert not re.search(r"^[MR]:", ours, re.M), "a name is for the poster to give"
    for pattern in re.findall(r"^F:\t(.*)$", ours, re.M):
        assert (patched_tree / pattern).exists(), pattern
    names = re.findall(r"^(XEN .*)\nM:|^(XEN .*)\nL:", text, re.M)
    names = [a or b for a, b in names]
    assert names == sorted(names) and len(names) > 8
    files = [name for name in ADDED if not name.endswith(".rst")]
    done = subprocess.run(
        ["perl", "scripts/get_maintainer.pl", "--no-git", "--no-git-fallback", "--no-rolestats",
         "--nom", "--nor", "-f", *files],
        cwd=patched_tree, stdout=subprocess.PIPE, text=True, check=True,
    )
    assert "xen-devel@lists.xenproject.org" in done.stdout.split()


def test_each_option_has_help():
    """A prompt without a help text says too little."""
    for path in [*TOP.glob("arch-i386-mach-xen/Kconfig"), *TOP.glob("drivers-xen-core/**/Kconfig")]:
        text = path.read_text()
        for entry in re.split(r"^(?=(?:menu)?config |choice|endchoice)", text, flags=re.M):
            if re.search(r'^\t(?:bool|tristate|prompt|int) "', entry, re.M):
                assert re.search(r"^\thelp\n\t  \S", entry, re.M), entry
