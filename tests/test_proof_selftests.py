# SPDX-License-Identifier: GPL-2.0
"""The kernel's own tests of user space, tools/testing/selftests: the guest
passes what a native kernel of the same tree passes."""

import pytest
from conftest import TOP, run
from differences import read_list
from selftestlab import (
    LIST,
    PROGRAMS_BUILT,
    Bare,
    Guest,
    compare,
    parse,
    passes,
    read_programs,
    run_program,
)

pytestmark = pytest.mark.proof

ENTRIES = read_programs()
RUN = [entry for entry in ENTRIES if entry.when != "never"]


@pytest.fixture(scope="module")
def bare():
    machine = Bare()
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def xen():
    lab = Guest("pv32")
    yield lab
    lab.dom0.close()


@pytest.mark.parametrize("entry", [
    pytest.param(entry, id=entry.line,
                 marks=[pytest.mark.long] if entry.when == "long" else [])
    for entry in RUN
])
def test_as_on_native(bare, xen, entry):
    native = parse(*run_program(bare.shell(), entry.line, bare.folder))
    guest = xen.guest()
    ours = parse(*run_program(guest, entry.line, xen.folder))
    xen.check()
    found = {"ok": "pass", "skip": "skip"}.get(native["exit"], "fail")
    assert entry.native in (found, "unstable"), (
        f"tests/selftests/programs says {entry.native}, the native kernel {native['exit']}"
    )
    if entry.native == "unstable":
        assert "killed" not in ours["exit"], f"{entry.line} has not ended in time"
        return
    unexpected, unused = compare(entry.line, native, ours, read_list(LIST.read_text()))
    assert not unexpected, "not as on a native kernel:\n" + "\n".join(unexpected)
    assert not unused, "in expected-differences and no longer needed:\n" + "\n".join(
        str(entry) for entry in unused
    )


@pytest.mark.long
def test_all_that_is_built_is_listed():
    """No program is left out unseen; no entry names one that is not there."""
    built = set(PROGRAMS_BUILT.read_text().split())
    assert built - {entry.name for entry in ENTRIES} == set()
    assert {e.name for e in ENTRIES if e.native not in ("absent", "helper")} - built == set()
    assert not built & {entry.name for entry in ENTRIES if entry.native == "absent"}


def test_each_group_has_programs_that_pass():
    """A native kernel that passes nothing would make every comparison hold."""
    passing = [entry.name.rsplit("/", 1)[0] for entry in RUN if entry.native == "pass"]
    for group, least in GROUPS.items():
        assert passing.count(group) >= least, group


# How many runs at least a native kernel passes.
GROUPS = {
    "breakpoints": 1, "futex/functional": 8, "mm": 12, "ptrace": 3, "seccomp": 1,
    "sigaltstack": 1, "timers": 3, "vDSO": 4, "x86": 12,
}

PASSED = parse("TAP version 13\n1..3\nok 1 one 0x12\n# ok 2 - two\nok 3 four # SKIP no\n"
               "[OK]\tthree\n[FAIL]\tfive\n", 0)


def test_results_are_found():
    assert PASSED == {"one N": "ok", "two": "ok", "four": "skip", "three": "ok",
                      "five": "not ok", "exit": "ok"}
    again = parse("ok 1 pid 77\nnot ok 2 pid 78\n[PASS]\tall\n[SKIP]\tx\n", 4)
    assert again == {"pid N": "ok; not ok", "all": "ok", "x": "skip", "exit": "skip"}
    assert not passes("ok; not ok") and not passes("ok; skip") and passes("ok; ok")
    assert parse("", 137) == {"exit": "not ok (killed)"}
    assert parse("ok 1 all\n", 139) == {"all": "ok", "exit": "not ok (139)"}


def test_a_difference_is_noticed():
    assert compare("g/p", PASSED, PASSED, []) == ([], [])
    for name in ("one N", "three", "exit"):
        for worse in ("not ok", "skip", None):
            ours = {**PASSED, name: worse}
            if worse is None:
                del ours[name]
            unexpected, _ = compare("g/p", PASSED, ours, [])
            assert len(unexpected) == 1 and unexpected[0].startswith(f"g/p: {name}\n")
    # Fails what native leaves out, or has not got.
    assert len(compare("g/p", PASSED, {**PASSED, "four": "not ok"}, [])[0]) == 1
    assert len(compare("g/p", PASSED, {**PASSED, "six": "not ok"}, [])[0]) == 1
    # What native fails is not judged.
    assert compare("g/p", PASSED, {**PASSED, "five": "ok"}, []) == ([], [])


def test_the_list_is_used():
    entries = read_list("pv32 | g/p: three | ok | not ok | the ABI\n"
                        "pv32 | g/q: three | ok | not ok | the ABI\n")
    ours = {**PASSED, "three": "not ok"}
    assert compare("g/p", PASSED, ours, entries) == ([], [])
    assert compare("g/p", PASSED, PASSED, entries) == ([], entries[:1])
    assert len(compare("g/p -a", PASSED, ours, entries)[0]) == 1
    assert len(compare("g/p", PASSED, {**PASSED, "three": "absent"}, entries)[0]) == 1


@pytest.mark.parametrize("line", [
    "x86/a_32 | pass",
    "x86/a_32 | fail | short",
    "x86/a_32 | maybe | short | why",
    "x86/a_32 | pass | sometimes",
    "x86/a_32 | pass | never",
])
def test_a_wrong_entry_is_refused(line):
    with pytest.raises(ValueError):
        read_programs(line)
    assert read_programs("# a comment\nx86/a_32 -x | pass | short\n")[0].name == "x86/a_32"


def test_needs_a_tree(tmp_path):
    result = run(TOP / "scripts/lab-selftests", env={"BUILD": str(tmp_path)})
    assert result.returncode == 1
    assert "no kernel tree in" in result.stderr and "run scripts/tree" in result.stderr
