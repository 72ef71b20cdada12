# SPDX-License-Identifier: GPL-2.0
"""The programs of tests/guest do under Xen what they do on a native kernel."""

import re
import time

import pytest
from bootlab import MEASURED, RESULTS
from conftest import TOP
from differences import compare, parse, read_list

pytestmark = pytest.mark.boot

PROGRAMS = sorted(path.stem for path in (TOP / "tests/guest").glob("*.c"))
# How much of the work: nested paging is emulated under the shim.
PERCENT = {"pv32": 100, "shim": 10}
OUTPUT = "/tmp/output"


def output_of(shell, program, percent, folder):
    """The program's lines, and that it came to its end."""
    start = time.monotonic()
    result = shell.run(f"/tests/{program} {percent} >{OUTPUT} 2>&1", 300)
    MEASURED[f"{folder.parent.name}: {program} {percent}"] = round(time.monotonic() - start, 1)
    output = shell.check(f"cat {OUTPUT}; rm {OUTPUT}", 60)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{program}-{percent}").write_text(output + "\n")
    last = output.splitlines()[-1] if output else ""
    assert re.fullmatch(rf"{program}: \d+ ok, \d+ failed", last), (
        f"{program} ended with status {result.status} on {shell.name}: {output[-500:]}"
    )
    assert result.status == (0 if last.endswith(" 0 failed") else 1)
    return parse(output)


@pytest.mark.parametrize("program", PROGRAMS)
def test_same_as_native(lab, guest, native, program, request):
    long = request.config.getoption("--long")
    if lab.hypervisor == "shim" and program == "hostile_sigreturn" and not long:
        pytest.skip("long under the shim; make check-all runs it")
    percent = PERCENT[lab.hypervisor]
    reference = output_of(native, program, percent, RESULTS / "boot-native/programs")
    assert not [line for line in reference.values() if line.startswith("not ok")], (
        "the program is wrong, or the emulator"
    )
    ours = output_of(guest, program, percent, lab.folder / "programs")

    unexpected, unused = compare(reference, ours, lab.hypervisor, read_list())
    assert not unexpected, "not as on a native kernel:\n" + "\n".join(unexpected)
    assert not unused, "in expected-differences and no longer needed:\n" + "\n".join(
        str(entry) for entry in unused
    )


def test_a_thousand_programs_started(native):
    """The amount of work is what it is meant to be."""
    output = output_of(native, "forkexec", 100, RESULTS / "boot-native/programs")
    assert output["forkexec.rounds="] == "1000"


NATIVE = parse("ok p.one\nvalue p.two=2\nok p.three\np: 2 ok, 0 failed\n")
ENTRIES = read_list(
    "# comment\n"
    "pv32,shim | p.two= | 2 | 3* | the ABI says so\n"
    "shim | p.three | ok | absent | that too\n"
    "pv32 | q.one | ok | not ok* | another program's\n"
)


def test_a_difference_is_noticed():
    for line in ("not ok p.one: broken", ""):
        guest = parse(f"{line}\nvalue p.two=3\nok p.three\n".lstrip())
        unexpected, unused = compare(NATIVE, guest, "pv32", ENTRIES)
        assert len(unexpected) == 1 and unexpected[0].startswith("p.one\n")
        assert not unused
    # Not the difference that is expected, and one line more.
    guest = parse("ok p.one\nvalue p.two=4\nok p.three\nvalue p.four=4\n")
    unexpected, unused = compare(NATIVE, guest, "pv32", ENTRIES)
    assert [line.split("\n")[0] for line in unexpected] == ["p.two=", "p.four="]
    assert [entry.name for entry in unused] == ["p.two="]


def test_an_unused_entry_is_noticed():
    assert compare(NATIVE, NATIVE, "pv32", ENTRIES) == ([], ENTRIES[:1])
    assert compare(NATIVE, NATIVE, "shim", ENTRIES) == ([], ENTRIES[:2])
    guest = parse("ok p.one\nvalue p.two=33\n")
    assert compare(NATIVE, guest, "shim", ENTRIES) == ([], [])


def test_output_that_is_none_is_noticed():
    with pytest.raises(ValueError):
        parse("ok p.one\nSegmentation fault\n")
    with pytest.raises(ValueError):
        read_list("pv32 | p.one | ok | not ok*\n")
