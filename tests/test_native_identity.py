# SPDX-License-Identifier: GPL-2.0
"""scripts/check-native: the native kernel is not changed by the stack, and a
change of one byte would be noticed."""

import shutil
import subprocess

import elfdiff
import pytest
from conftest import BUILT, TOP, run

pytestmark = pytest.mark.stack

SOURCE = """
.text
.globl one
.type one, @function
one:    mov $1, %eax
        ret
.size one, . - one
.globl two
.type two, @function
two:    mov $2, %eax
        call one
        ret
.size two, . - two
.section .rodata, "a"
        .long 42
.section __bug_table, "aw"
        .long 0x100
        .long 0x200
        .short 77
        .short 5
.section .notes, "a"
        .long 0xabcdef
.section .comment
        .long 1
"""


def assemble(output, text):
    subprocess.run(["as", "--32", "-o", output], input=text, text=True, check=True)


def build(folder, *replace):
    """An ELF file the way vmlinux is one, from SOURCE with replacements."""
    folder.mkdir()
    text = SOURCE
    for old, new in replace:
        assert old in text
        text = text.replace(old, new)
    assemble(folder / "a.o", text)
    subprocess.run(
        ["ld", "-m", "elf_i386", "-e", "one", "-o", folder / "vmlinux", folder / "a.o"], check=True
    )
    boot = folder / "arch/x86/boot/compressed"
    boot.mkdir(parents=True)
    for name in ("../header.o", "../pm.o", "piggy.o", "misc.o"):
        assemble(boot / name, SOURCE)
    return folder


def verdicts(a, b):
    rows = elfdiff.compare(a / "vmlinux", b / "vmlinux", kernels=True)
    return {name: verdict for name, _, _, verdict in rows if verdict != "same"}


def check(a, b):
    return run(TOP / "scripts/check-native", a, b)


def test_same(tmp_path):
    a, b = build(tmp_path / "a"), build(tmp_path / "b")
    assert verdicts(a, b) == {}
    result = check(a, b)
    assert result.returncode == 0, result.stdout + result.stderr
    assert ".text" in result.stdout and ".comment" not in result.stdout


def test_one_byte_of_code(tmp_path):
    a = build(tmp_path / "a")
    b = build(tmp_path / "b", ("mov $2, %eax", "mov $3, %eax"))
    assert verdicts(a, b)[".text"] == "DIFFERENT: 1 of 17 bytes"
    result = check(a, b)
    assert result.returncode == 1
    assert "two: `mov    $0x2,%eax` became `mov    $0x3,%eax`" in result.stdout
    assert "one:" not in result.stdout


def test_a_longer_function(tmp_path):
    """What merely moves behind it is not called different."""
    a = build(tmp_path / "a")
    b = build(tmp_path / "b", ("mov $1, %eax", "nop; mov $1, %eax"))
    found = elfdiff.differing_functions(a / "vmlinux", b / "vmlinux", ".text")
    assert [name for name, _ in found] == ["one"]
    assert check(a, b).returncode == 1


@pytest.mark.parametrize("old, new, section", [(".long 42", ".long 43", ".rodata")])
def test_one_byte_of_data(tmp_path, old, new, section):
    a, b = build(tmp_path / "a"), build(tmp_path / "b", (old, new))
    assert verdicts(a, b) == {section: "DIFFERENT: 1 of 4 bytes"}
    assert check(a, b).returncode == 1


def test_a_section_more(tmp_path):
    a = build(tmp_path / "a")
    b = build(tmp_path / "b", (".section .comment", '.section .extra, "a"\n.long 1\n.section .comment'))
    assert verdicts(a, b)[".extra"] == "DIFFERENT: only in the patched build"
    assert check(a, b).returncode == 1


def test_line_numbers_and_build_id_are_explained(tmp_path):
    # Three places, of which two have other numbers: one in its low byte, one in both.
    table, tables = ".section __bug_table, \"aw\"\n", []
    for lines in (70, 255, 9), (70, 256, 8):
        tables.append(table + "".join(f".long 1, 2\n.short {n}, 5\n" for n in lines))
    a = build(tmp_path / "a", (table, tables[0]))
    b = build(tmp_path / "b", (table, tables[1]), ("0xabcdef", "0xabcdee"))
    assert verdicts(a, b) == {
        "__bug_table": "explained: line numbers of 2 WARN and BUG places",
        ".notes": "explained: the build id",
    }
    assert check(a, b).returncode == 0


def test_other_fields_of_the_bug_table_are_not(tmp_path):
    a = build(tmp_path / "a")
    b = build(tmp_path / "b", (".short 5", ".short 6"))
    assert verdicts(a, b) == {"__bug_table": "DIFFERENT: 1 of 12 bytes"}


def kallsyms_table(*names, behind=1):
    """The .rodata of a kernel with these symbols: each character is a token."""
    index = ", ".join(str(2 * i) for i in range(256))
    packed = ""
    for name in names:
        # The length is ULEB128; none here has more than two bytes of it.
        low, high = len(name) & 0x7F, len(name) >> 7
        packed += f".byte {low | 0x80}, {high}\n" if high else f".byte {low}\n"
        packed += f'.ascii "{name}"\n'
    return f"""
.globl kallsyms_num_syms, kallsyms_names, kallsyms_token_table, kallsyms_token_index
kallsyms_num_syms: .long {len(names)}
kallsyms_names: {packed}
kallsyms_token_table:
.rept 256
        .byte (. - kallsyms_token_table) / 2, 0
.endr
kallsyms_token_index: .short {index}
        .long {behind}
"""


INITCALL = "d__initcall__kmod_amd__372_1396_print_reason7"


@pytest.mark.parametrize(
    "name, behind, how",
    [
        (INITCALL.replace("1396", "1401"), 1, "explained: 3 bytes of line and other numbers in symbol names"),
        (INITCALL.replace("reason7", "reason6"), 1, "DIFFERENT: 1 of"),
        (INITCALL.replace("1396", "1401"), 2, "DIFFERENT: 4 of"),
        ("D" + INITCALL[1:], 1, "DIFFERENT: 1 of"),
    ],
)
def test_numbers_in_the_names_of_symbols(tmp_path, name, behind, how):
    tables = [
        kallsyms_table("tstart", "dCSWTCH.523", INITCALL, "t" + "x" * 200),
        kallsyms_table("tstart", "dCSWTCH.523", name, "t" + "x" * 200, behind=behind),
    ]
    a, b = (build(tmp_path / n, (".long 42", t)) for n, t in zip("ab", tables))
    assert {k: v[: len(how)] for k, v in verdicts(a, b).items()} == {".rodata": how}
    assert check(a, b).returncode == how.startswith("DIFFERENT")


def test_a_table_of_symbols_that_is_none(tmp_path):
    """One that says it has more names than it holds explains nothing."""
    tables = [kallsyms_table("tone").replace("num_syms: .long 1", f"num_syms: .long {n}") for n in (90000, 90001)]
    a, b = (build(tmp_path / n, (".long 42", t)) for n, t in zip("ab", tables))
    assert verdicts(a, b)[".rodata"].startswith("DIFFERENT")


@pytest.mark.parametrize(
    "name, status", [("misc.o", 1), ("../pm.o", 1), ("piggy.o", 0), ("../header.o", 0)]
)
def test_an_object_of_the_boot_code(tmp_path, name, status):
    """vmlinux is the same in both; only what holds its compressed form may differ."""
    a, b = build(tmp_path / "a"), build(tmp_path / "b")
    c = build(tmp_path / "c", ("mov $1, %eax", "mov $7, %eax"))
    shutil.copy(c / "a.o", b / "arch/x86/boot/compressed" / name)
    result = check(a, b)
    assert result.returncode == status, result.stdout
    assert "3 others" in result.stdout


def test_an_object_less(tmp_path):
    a, b = build(tmp_path / "a"), build(tmp_path / "b")
    (b / "arch/x86/boot/pm.o").unlink()
    result = check(a, b)
    assert result.returncode == 1
    assert "DIFFERENT: only in one build" in result.stdout


def test_a_missing_kernel(tmp_path):
    result = check(tmp_path, tmp_path)
    assert result.returncode == 1
    assert "has no vmlinux" in result.stderr


@pytest.mark.long
def test_native_kernel_is_the_same():
    result = run(TOP / "scripts/check-native")
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.long
def test_a_byte_changed_in_the_real_kernel(tmp_path):
    """The first byte of a function in the middle of .text."""
    result = run(TOP / "scripts/check-native")
    assert result.returncode == 0, result.stderr
    orig = BUILT / "orig/native/vmlinux"
    text = elfdiff.sections(orig)[".text"]
    blob = bytearray(orig.read_bytes())
    place = blob.index(text.data) + text.size // 2
    blob[place] ^= 1
    (tmp_path / "vmlinux").write_bytes(blob)
    rows = elfdiff.compare(orig, tmp_path / "vmlinux")
    assert [(n, v) for n, _, _, v in rows if v != "same"] == [
        (".text", f"DIFFERENT: 1 of {text.size} bytes")
    ]
