# SPDX-License-Identifier: GPL-2.0
"""scripts/check-native --arch: an object the stack does not edit is the same, under
its old name or its new one; of one it edits the functions that differ are told."""

import pytest
from conftest import load_script
from test_native_identity import SOURCE, assemble

pytestmark = [pytest.mark.stack, pytest.mark.proof]
native = load_script("check-native")

HOOKED = "arch/x86/kernel/setup.o"  # the playground's stack edits its source,
OLD, NEW = "drivers/xen/features.o", "drivers/xen/core/features.o"  # moves this one's,
ADDED = "arch/x86/mach-xen/setup.o"  # and adds this one's


@pytest.fixture
def compare(playground, tmp_path, monkeypatch, capsys):
    """What is said of two folders of objects, {name: assembler text} each."""
    patches = native.stack.stack(playground.repo)
    monkeypatch.setattr(native.stack, "stack", lambda: patches)

    def compare(orig, patched):
        for folder, objects in (("orig", orig), ("patched", patched)):
            for name, text in objects.items():
                path = tmp_path / folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                assemble(path, text)
        good, total = native.compare_objects(tmp_path / "orig", tmp_path / "patched")
        return good, total, capsys.readouterr().out

    return compare


CALL = SOURCE.replace("mov $2, %eax", "mov $2, %eax; call elsewhere")


def test_same_by_either_name(compare):
    good, total, said = compare({HOOKED: SOURCE, OLD: CALL}, {HOOKED: SOURCE, NEW: CALL})
    assert (good, said) == (True, "")
    assert total == "2 the same, 0 but for line numbers, 0 edited"


def test_code_of_a_moved_file(compare):
    good, _, said = compare({OLD: SOURCE}, {NEW: SOURCE.replace("$2", "$3")})
    assert not good
    assert f"{OLD}: DIFFERENT: .text: DIFFERENT: 1 of" in said
    assert "two: `mov    $0x2,%eax` became `mov    $0x3,%eax`" in said


def test_another_callee(compare):
    """The bytes of the sections are the same; the relocation is not."""
    good, _, said = compare({OLD: CALL}, {NEW: CALL.replace("elsewhere", "nowhere12")})
    assert not good
    assert "only symbols or relocations differ" in said


def test_an_edited_file_and_an_added_one(compare):
    good, total, said = compare(
        {HOOKED: CALL}, {HOOKED: CALL.replace("$1", "$7"), ADDED: SOURCE}
    )
    assert good
    assert f"{HOOKED}: edited by the stack" in said
    assert "one: `mov    $0x1,%eax` became `mov    $0x7,%eax`" in said
    assert f"{ADDED}: edited by the stack; only in the patched build" in said
    assert total == "0 the same, 0 but for line numbers, 2 edited"


def test_a_header_of_xen(tmp_path):
    """Of the headers an object is made from, those of Xen that are edited."""
    (tmp_path / ".one.o.cmd").write_text(
        "deps_one.o := ../linux/one.c ../linux/include/xen/xenbus.h \\\n"
        "  ../linux/include/xen/xen.h ../linux/arch/x86/include/asm/desc.h\n")
    edited = {"include/xen/xenbus.h", "include/xen/page.h", "arch/x86/include/asm/desc.h"}
    assert native.edited_headers(tmp_path / "one.o", edited) == ["include/xen/xenbus.h"]
    assert native.edited_headers(tmp_path / "two.o", edited) == []


def test_line_numbers(compare):
    other = "kernel/fork.o"
    good, total, _ = compare({other: SOURCE}, {other: SOURCE.replace(".short 77", ".short 78")})
    assert good
    assert total == "0 the same, 1 but for line numbers, 0 edited"


@pytest.mark.parametrize("left, right", [({}, {"kernel/fork.o": SOURCE}), ({OLD: SOURCE}, {})])
def test_an_object_more_or_less(compare, left, right):
    good, _, said = compare(left, right)
    assert not good
    assert "DIFFERENT: only in the" in said
