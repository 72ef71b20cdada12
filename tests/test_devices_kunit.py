# SPDX-License-Identifier: GPL-2.0
"""The kernel's own tests of drivers/xen/core, in our guest and in a 64-bit one
of the same tree. What they say is read by the kernel's own parser."""

import contextlib
import io
import re
import sys

import pytest
from bootlab import MEMORY, long_in_the_shim, pv32_only
from conftest import TOP, patched_tree, stack  # noqa: F401

pytestmark = pytest.mark.devices

DEBUGFS = "/sys/kernel/debug"

# {suite: [case]} as the sources have them: a case that is not run is missed.
CASES = {
    re.search(r'\.name = "(\w+)",\s*(?:\.suite_|\.init)', text).group(1): re.findall(
        r"KUNIT_CASE(?:_SLOW)?\((\w+)\)", text
    )
    for text in (p.read_text() for p in sorted((TOP / "drivers-xen-core/tests").glob("*_kunit.c")))
}
ALL = [(suite, case) for suite, cases in CASES.items() for case in cases]

# The shim does not let the guest map or copy what it has granted itself.
NEED_MAPS = {
    ("xen_grant_table", case)
    for case in (
        "map_shares_the_page",
        "map_is_refused",
        "ring_of_pages",
        "copy_both_ways",
        "revoke_while_mapped",
        "deferred_list",
    )
}
# Once the table has grown to its limit, which the last case makes it do.
NEED_GROWTH = {
    ("xen_grant_table", case)
    for case in ("sequence_from_a_new_frame", "growth_after_a_sequence")
}


def parser(tree):
    path = str(tree / "tools/testing/kunit")
    if path not in sys.path:
        sys.path.insert(0, path)
    import kunit_parser

    return kunit_parser


def parse(tree, text):
    """{case: (status, log)} of one suite's results."""
    kunit = parser(tree)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        # Of later trees it prints with what it is given.
        printer = [kunit.Printer(output=printed)] if hasattr(kunit, "Printer") else []
        result = kunit.parse_run_tests(text.splitlines(), *printer)
    assert len(result.subtests) == 1, printed.getvalue()
    suite = result.subtests[0]
    assert suite.counts.errors == 0, f"no valid KTAP:\n{text}"
    return {case.name: (case.status.name, "\n".join(case.log)) for case in suite.subtests}


def read_results(tree, guest):
    """{(suite, case): (status, log)}"""
    results = {}
    for suite in CASES:
        text = guest.check(f"cat {DEBUGFS}/kunit/{suite}/results", 60)
        for case, result in parse(tree, text).items():
            results[suite, case] = result
    return results


def run_suites(tree, lab, kernel, **keywords):
    """Boot a kernel that runs the suites, then run them a second time: None from 6.1, whose
    KUnit has no file to run a suite by."""
    with lab.own(
        kernel,
        kernel=f"/guest/{kernel}",
        cmdline="kunit.enable=1",
        memory=MEMORY,
        wait=False,
        **keywords,
    ) as guest:
        guest.login("guest# ", 240)
        guest.check(f"mount -t debugfs debugfs {DEBUGFS}")
        first = read_results(tree, guest)
        if stack.chosen_tree() == "6.1":
            return first, None
        for suite in CASES:
            guest.check(f"echo 1 >{DEBUGFS}/kunit/{suite}/run", 240)
        return first, read_results(tree, guest)


_done = {}


def results(tree, lab, kernel):
    """The results of both runs of one kernel under one hypervisor. Kept, also
    that there are none."""
    key = lab.hypervisor, kernel
    if key not in _done:
        _done[key] = None
        _done[key] = run_suites(tree, lab, kernel, vcpus=2 if kernel == "amd64" else 1)
    assert _done[key], f"{kernel} did not boot and run its tests, see the first failure"
    return _done[key]


def check(results, expected_skips, suite, case):
    assert (suite, case) in results, f"{suite}.{case} was not run; it ran {sorted(results)}"
    status, log = results[suite, case]
    expected = "SKIPPED" if (suite, case) in expected_skips else "SUCCESS"
    assert status == expected, f"{suite}.{case}: {status}, not {expected}\n{log}"


def check_again(results, expected_skips):
    if results is None:
        pytest.skip("KUnit of 6.1 has no file to run a suite by")
    assert set(results) == set(ALL)
    for suite, case in ALL:
        check(results, expected_skips | NEED_GROWTH, suite, case)


each_case = pytest.mark.parametrize("suite, case", ALL, ids=[".".join(c) for c in ALL])


def skips(lab):
    return NEED_MAPS if lab.hypervisor == "shim" else set()


@long_in_the_shim
@each_case
def test_case(lab, patched_tree, suite, case):  # noqa: F811
    check(results(patched_tree, lab, "kunit")[0], skips(lab), suite, case)


@long_in_the_shim
def test_again(lab, patched_tree):  # noqa: F811
    """What a run leaves behind would be in the way of the next one."""
    check_again(results(patched_tree, lab, "kunit")[1], skips(lab))


@pv32_only
@each_case
def test_case_64_bit(lab, patched_tree, suite, case):  # noqa: F811
    check(results(patched_tree, lab, "amd64")[0], skips(lab), suite, case)


@pv32_only
def test_again_64_bit(lab, patched_tree):  # noqa: F811
    check_again(results(patched_tree, lab, "amd64")[1], skips(lab))


@pv32_only
def test_grant_table_of_one_frame(lab):
    """The suites have the usual limit, which is even; 1 is odd, and the least."""
    with lab.own(
        "one-frame", kernel="/guest/kunit", memory=MEMORY, extra_config="max_grant_frames=1"
    ) as guest:
        assert "Grant table initialized" in guest.check("dmesg")


FAILED = """\
KTAP version 1
1..1
    KTAP version 1
    # Subtest: xenbus
    1..2
    # first: EXPECTATION FAILED at x.c:1
    Expected a == b
    not ok 1 first
    ok 2 second # SKIP not here
not ok 1 xenbus
"""


def test_a_failure_is_seen(patched_tree):  # noqa: F811
    """What the parser makes of one reaches the assertion, with its cause."""
    results = {
        ("xenbus", case): result for case, result in parse(patched_tree, FAILED).items()
    }
    with pytest.raises(AssertionError, match="(?s)xenbus.first: FAILURE.*Expected a == b"):
        check(results, (), "xenbus", "first")
    with pytest.raises(AssertionError, match="xenbus.second: SKIPPED, not SUCCESS"):
        check(results, (), "xenbus", "second")
    with pytest.raises(AssertionError, match="xenbus.third was not run"):
        check(results, (), "xenbus", "third")
