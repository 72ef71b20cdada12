#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Brings a kernel tree to the stack as it is now, looking only at files that
the old or the new stack touches; a file whose content stays keeps its time, so
that the next build is short.

The new state is computed in a folder beside the tree (TREE.next), from the
originals quilt keeps below .pc. Only when it is complete is it copied into the
tree. A run that is interrupted while copying is finished by the next one.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ in the repository

import stack
from stack import TOP, StackError, die


def digest(path):
    """None for a file that is not there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


def same(a, b):
    return a.stat().st_size == b.stat().st_size and a.read_bytes() == b.read_bytes()


def applied(tree):
    try:
        return (tree / ".pc/applied-patches").read_text().split()
    except FileNotFoundError:
        return []


def originals(tree):
    """{path: file with its content before the applied patches, or None}.
    quilt keeps an empty file for one that was not there."""
    found = {}
    for patch in applied(tree):
        kept = tree / ".pc" / patch
        for path in kept.rglob("*"):
            name = str(path.relative_to(kept))
            if path.is_file() and name != ".timestamp":
                found.setdefault(name, path if path.stat().st_size else None)
    return found


def populate(scratch, tree, names, before):
    for name in names:
        source = before.get(name, tree / name)
        if source is not None and source.is_file():
            target = scratch / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def refuse_if_carried(scratch, patches, shown):
    """Raises when the tree under `scratch` has a patch of ours already. An
    editing patch is in when it comes off without fuzz."""
    for name, changes in patches.items():
        for change in changes:
            if change.creates and (scratch / change.path).exists():
                raise StackError(
                    f"{shown} already carries the stack or a part of it: {name} adds "
                    f"{change.path}, which is there; give a tree without it"
                )
    for name, changes in patches.items():
        if not any(c.added or c.removed for c in changes if not c.creates):
            continue
        with open(TOP / "patches" / name, "rb") as diff:
            off = subprocess.run(
                ["patch", "-R", "-p1", "-F0", "-s", "-f", "--dry-run", "-d", scratch],
                stdin=diff,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        if off.returncode == 0:
            raise StackError(
                f"{shown} already carries a part of the stack: {name} is in; "
                "give a tree without it"
            )


def push(scratch, log):
    """quilt push -a; the name of the patch that does not apply, or None."""
    env = dict(os.environ, QUILT_PATCHES=str(TOP / "patches"), QUILT_SERIES=str(stack.series_file()))
    with open(log, "w") as out:
        done = subprocess.run(
            ["quilt", "--quiltrc=-", "push", "-a", "--fuzz=0"],
            cwd=scratch,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    names, got = stack.series(), applied(scratch)
    return None if done.returncode == 0 or got == names else names[len(got)]


def compute(source, following, record, args):
    """Fills `following` with the touched files in their new state."""
    if record and applied(source) not in (record["series"], stack.series()):
        raise StackError(
            f"{source} has {len(applied(source))} of {len(record['series'])} patches "
            "applied; run `quilt push -a` there, or remove it"
        )
    scratch = following / "tree"
    scratch.mkdir(parents=True)
    patches = stack.stack()
    before = {} if args.ignore_quilt else originals(source)
    names = sorted(set(before) | set(stack.touched(patches)))
    populate(scratch, source, names, before)
    bad = push(scratch, args.log) if patches else None
    if bad:
        shutil.rmtree(scratch)
        scratch.mkdir()
        populate(scratch, source, names, before)
        refuse_if_carried(scratch, patches, args.name)
        raise StackError(
            f"{bad} does not apply to {args.name} ({args.version}); "
            f"quilt's words are in {args.log}"
        )
    if record:
        refuse_if_edited(source, scratch, names, record)
    state = {"series": list(patches), "files": {n: digest(scratch / n) for n in names}}
    (following / "state.json").write_text(json.dumps(state, indent=1))


def refuse_if_edited(tree, scratch, names, record):
    """Work done in the tree and not yet in a patch must not get lost."""
    for name in names:
        now = digest(tree / name)
        if now not in (digest(scratch / name), record["files"].get(name, now)):
            raise StackError(
                f"{tree}/{name} was edited and is in no patch; run `quilt refresh` "
                "there, or remove the file's change"
            )


def refuse_if_differs(tree, files_json):
    """As refuse_if_edited(), for a tree about to be replaced."""
    for name, kept in json.loads(files_json.read_text())["files"].items():
        if tree.is_dir() and digest(tree / name) != kept:
            raise StackError(
                f"{tree}/{name} was edited and {tree} is to be made anew; "
                "put the change into a patch, or move the tree away"
            )


def install(following, tree, files_json):
    """Copies `following` into the tree. Can be run again from any point."""
    scratch = following / "tree"
    for name, wanted in json.loads((following / "state.json").read_text())["files"].items():
        target = tree / name
        if wanted is None:
            target.unlink(missing_ok=True)
            for parent in target.parents:
                if parent == tree or not parent.is_dir() or any(parent.iterdir()):
                    break
                parent.rmdir()
        elif digest(target) != wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            half = target.with_name(target.name + ".new~")
            shutil.copy(scratch / name, half)  # not its time: make must see it
            half.replace(target)
    if (scratch / ".pc").exists():
        shutil.rmtree(tree / ".pc", ignore_errors=True)
        # quilt takes files newer than this for edited ones.
        for mark in (scratch / ".pc").glob("**/.timestamp"):
            mark.touch()
        (scratch / ".pc").rename(tree / ".pc")
    elif not json.loads((following / "state.json").read_text())["series"]:
        shutil.rmtree(tree / ".pc", ignore_errors=True)
    shutil.copy(following / "state.json", files_json)
    (following / "ready").unlink()
    shutil.rmtree(following)


def keep_times(old, new):
    """Files of `new` that are as they were in `old` take their time from it,
    the others are newer than any object built from `old`."""
    for folder, _, names in os.walk(new):
        for name in names:
            path = Path(folder, name)
            before = old / path.relative_to(new)
            if path.is_symlink():
                continue
            if before.is_file() and same(before, path):
                os.utime(path, ns=(path.stat().st_atime_ns, before.stat().st_mtime_ns))
            else:
                os.utime(path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, help="the tree to change")
    parser.add_argument("--log", help="where quilt's words go")
    parser.add_argument("--name", help="what messages call the tree")
    parser.add_argument("--version", default="", help="its kernel version, for messages")
    parser.add_argument("--try", dest="trial", action="store_true", help="compute, change nothing")
    parser.add_argument(
        "--ignore-quilt", action="store_true", help="somebody else's .pc does not count"
    )
    parser.add_argument("--finish", action="store_true", help="only end an interrupted run")
    parser.add_argument("--keep-times", type=Path, metavar="OLD", help="only take times from OLD")
    parser.add_argument(
        "--unedited", action="store_true", help="only refuse when a touched file was edited"
    )
    args = parser.parse_args()
    tree = args.tree
    if args.keep_times:
        keep_times(args.keep_times, tree)
        return
    # A trial's tree may be the user's: nothing is written beside that one.
    beside = Path(args.log).parent / "trial" if args.trial else tree
    following = beside.with_name(beside.name + ".next")
    files_json = tree.with_name(tree.name + ".files")
    if (following / "ready").exists() and not args.trial:
        install(following, tree, files_json)
    if args.finish:
        return
    if args.unedited:
        try:
            refuse_if_differs(tree, files_json)
        except StackError as e:
            die(e, "tree")
        return
    shutil.rmtree(following, ignore_errors=True)
    args.name = args.name or str(tree)
    try:
        record = None
        if not args.trial and files_json.exists():
            record = json.loads(files_json.read_text())
        compute(tree, following, record, args)
    except StackError as e:
        shutil.rmtree(following, ignore_errors=True)
        die(e, "tree")
    if args.trial:
        shutil.rmtree(following)
        return
    (following / "ready").touch()
    install(following, tree, files_json)


if __name__ == "__main__":
    main()
