# SPDX-License-Identifier: GPL-2.0
"""The stack as data: the series, and what each patch does to which file."""

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


class StackError(Exception):
    """A fault in the series, a patch or the manifest; the text is one line."""


def die(message, name=None):
    """The Python scripts' way to fail: one line, exit status 1."""
    sys.exit(f"{name or Path(sys.argv[0]).name}: error: {message}")


def build_dir():
    return Path(os.environ.get("BUILD") or TOP / "build").absolute()


DEFAULT_TREE = "6.12"
DEFAULT_COMPILER = "gcc"
DEFAULT_XEN = "4.17"

# The variables by which make's caller chooses what is built, and of what.
CHOICES = ("LINUX", "CONFIG", "TREE", "TREEDIR", "CC", "LLVM", "XEN")


def trees(top=TOP):
    """The versions of Linux that there is a series for, oldest first."""
    others = [path.name.removeprefix("series-") for path in top.glob("series-*.*[0-9]")]
    return sorted({DEFAULT_TREE, *others}, key=place)


def place(version):
    """Of a version, in the row of releases: 6.19 was followed by 7.0."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if not found:
        raise StackError(f"{version} is no version of Linux")
    return 20 * int(found[1]) + int(found[2])


def nearest_tree(version, top=TOP):
    """The known version that is nearest to a tree's, the older of two."""
    return min(trees(top), key=lambda known: abs(place(known) - place(version)))


def chosen_tree(top=TOP):
    """What TREE says; without it, what is nearest to LINUX's tree if there is one."""
    tree, linux = (os.environ.get(name, "") for name in ("TREE", "LINUX"))
    if tree and tree not in trees(top):
        raise StackError(
            f"TREE={tree} is none of {', '.join(trees(top))}; TREE takes one of these "
            "versions, and TREEDIR=<dir> says where the patched tree is made"
        )
    if tree or not linux:
        return tree or DEFAULT_TREE
    try:
        return nearest_tree(tree_version(Path(linux)), top)
    except StackError:
        return DEFAULT_TREE  # scripts/tree says what is wrong with it


def compiler():
    """The kernel's, as scripts/common.sh chooses it."""
    if os.environ.get("LLVM") == "1":
        return "llvm"
    return "clang" if os.environ.get("CC") == "clang" else DEFAULT_COMPILER


def tree_build(tree=None, by=None):
    """The folder of what a compiler builds from a tree: the chosen ones, if not told."""
    chosen = {tree or chosen_tree(): DEFAULT_TREE, by or compiler(): DEFAULT_COMPILER}
    return build_dir().joinpath(*(name for name, default in chosen.items() if name != default))


def tree_dir():
    """The chosen tree with the stack applied."""
    return Path(os.environ.get("TREEDIR") or tree_build() / "linux").absolute()


def series_file(top=TOP, tree=None):
    tree = tree or chosen_tree(top)
    return top / ("series" if tree == DEFAULT_TREE else f"series-{tree}")


def series(top=TOP, tree=None):
    """The patches' names, in order. quilt allows comments and options."""
    path = series_file(top, tree)
    try:
        lines = path.read_text().splitlines()
    except OSError as e:
        raise StackError(f"cannot read {path}: {e.strerror}") from None
    names = [line.split("#")[0].split() for line in lines]
    return [words[0] for words in names if words]


@dataclass
class Change:
    """What one patch does to one file."""

    text: str
    old: str  # path before, "" when the patch creates the file
    new: str  # path after, "" when the patch deletes it
    added: int
    removed: int

    @property
    def path(self):
        return self.new or self.old

    @property
    def creates(self):
        return not self.old

    @property
    def renames(self):
        return bool(self.old and self.new and self.old != self.new)


def split_patch(text):
    """(header, [Change]): the header is the commit message, without the
    `---` line and the diffstat below it."""
    match = re.search(r"^(?:---$|diff --git |Index: |--- )", text, re.M)
    if not match:
        return text, []
    return text[: match.start()], list(_changes(text[match.start() :]))


def _changes(text):
    """Walks the diffs by the hunks' line counts, so that a removed line
    beginning with `-- ` is not taken for the next file's header."""
    lines = text.splitlines(keepends=True)
    i = 0
    while i < len(lines):
        if not lines[i].startswith(("diff --git ", "--- ")) or lines[i] == "---\n":
            i += 1
            continue
        start, old, new, added, removed = i, None, None, 0, 0
        if match := re.match(r"diff --git a/(\S+) b/(\S+)$", lines[i].rstrip("\n")):
            old, new = match.groups()
            i += 1
        in_hunks = False
        while i < len(lines):
            line = lines[i]
            if hunk := re.match(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", line):
                in_hunks = True
                i, plus, minus = _hunk(lines, i + 1, int(hunk[1] or 1), int(hunk[2] or 1))
                added += plus
                removed += minus
                continue
            if in_hunks or not HEADER_LINE.match(line):
                break
            if line.startswith("new file mode"):
                old = ""
            elif line.startswith("deleted file mode"):
                new = ""
            elif line.startswith("--- "):
                old = _plain_name(line)
            elif line.startswith("+++ "):
                new = _plain_name(line)
            i += 1
        yield Change("".join(lines[start:i]), old or "", new or "", added, removed)


HEADER_LINE = re.compile(
    r"(index|old mode|new mode|new file|deleted file|similarity|rename|copy|---|\+\+\+) "
)


def _hunk(lines, i, left, right):
    """(index behind the hunk, lines added, lines removed)"""
    added = removed = 0
    while left > 0 or right > 0:
        if i >= len(lines):
            raise StackError("the last hunk is cut short")
        kind = lines[i][0]
        added += kind == "+"
        removed += kind == "-"
        left -= kind in "- \n"
        right -= kind in "+ \n"
        i += 1
        if i < len(lines) and lines[i][0] == "\\":  # "\ No newline at end of file"
            i += 1
    return i, added, removed


def _plain_name(line):
    name = line[4:].split("\t")[0].strip()
    return "" if name == "/dev/null" else name.split("/", 1)[-1]


def read_patch(name, top=TOP):
    path = top / "patches" / name
    try:
        header, changes = split_patch(path.read_text())
    except OSError as e:
        raise StackError(f"the series names {name}: {e.strerror} ({path})") from None
    except (StackError, IndexError) as e:
        raise StackError(f"{path}: {e}") from None
    return header, changes


def stack(top=TOP):
    """{patch name: [Change]} of the whole series."""
    return {name: read_patch(name, top)[1] for name in series(top)}


def touched(patches):
    """Every path the patches name, before or after."""
    return sorted(
        {p for changes in patches.values() for c in changes for p in (c.old, c.new) if p}
    )


def stack_id(top=TOP):
    """What identifies the patches as they are; 12 hexadecimal digits."""
    whole = hashlib.sha256()
    for name in series(top):
        whole.update((top / "patches" / name).read_bytes())
    return whole.hexdigest()[:12]


def tree_version(tree):
    """What a kernel tree's Makefile says: 6.12.117."""
    try:
        text = (tree / "Makefile").read_text()
    except OSError as e:
        raise StackError(f"{tree} is no Linux tree: {e.strerror}; run make tree") from None
    fields = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) *= *(\d+)", text, re.M))
    return ".".join(fields.get(n, "?") for n in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))


def record(check, line, version=""):
    """Keep a check's closing line for the cover letter; returns it."""
    folder = tree_build() / "results/claims"
    folder.mkdir(parents=True, exist_ok=True)
    claim = {"stack": stack_id(), "version": version, "date": str(date.today()), "line": line}
    (folder / f"{check}.json").write_text(json.dumps(claim, indent=1) + "\n")
    return line


def recorded(check):
    """The closing line of a check's last run on the stack as it is, or None."""
    try:
        claim = json.loads((tree_build() / "results/claims" / f"{check}.json").read_text())
    except (OSError, ValueError):
        return None
    return claim["line"] if claim["stack"] == stack_id() else None
