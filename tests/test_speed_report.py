# SPDX-License-Identifier: GPL-2.0
"""scripts/benchreport.py: the table says what was measured, by numbers that can be
reckoned in one's head."""

import re

import benchreport
import labbench
import pytest

pytestmark = pytest.mark.speed

FLOOR = {"syscall and a plain iret": 50, "page fault and a plain iret": 90,
         "update_va_mapping, no flush": 10, "page directory and stack_switch": 20, "rdtsc": 30}


def system(null, fault, user=1000, counts=None):
    found = {"kernel": "Linux", "clocksource": "xen", "counts": counts or {}}
    found["runs"] = {"null": null, "page-fault-anonymous": fault, "user": [user] * len(null)}
    return found


@pytest.fixture
def data():
    """Native 100 and 200 ns; ours 200 and 800; the 64-bit guest's 400 and 1000."""
    counts = {"null": {"page_fault": 0, "hypercall.iret": 0.5},
              "page-fault-anonymous": {"page_fault": 1, "hypercall.mmu_update": 1, "requests": 3},
              "user": {"page_fault": 0}}
    return {"hypervisor": "pv32", "floor": FLOOR, "systems": {
        "native": system([100, 100, 100], [200, 200, 200]),
        "mach-xen": system([200, 190, 300], [800, 800, 800], counts=counts),
        "amd64": system([400, 400, 404], [1000, 1000, 1000])}}


def row(text, name):
    (line,) = re.findall(rf"^{re.escape(name)}  +(.*)$", text, re.M)
    return line.split()


def test_a_row_has_medians_ratios_calls_and_xens_part(data):
    text = benchreport.table(data)
    # A system call is the native time and Xen's trap: 100 + 50.
    assert row(text, "null") == ["100.0", "200.0", "2.00", "400.0", "4.00", "0.5",
                                 "150.0", "1.50"]
    # A fault is 200 + 90 + 10; requests are no hypercalls.
    assert row(text, "page fault, anonymous") == ["200.0", "800.0", "4.00", "1,000", "5.00", "1",
                                                  "300.0", "1.50"]


def test_the_mean_is_geometric_and_leaves_user_space_out(data):
    # Of 2 and 4, of 4 and 5, of 1.5 twice.
    mean = row(benchreport.table(data), "geometric mean, user space left out")
    assert mean == ["2.83", "4.47", "1.50"]


def test_what_takes_more_than_half(data):
    text = benchreport.table(data)
    begin = text.index("More than half of what the 64-bit guest takes:")
    shown = text[begin:text.index("mach-xen: hypercalls by name")]
    # 800 of 1000, and 300 of it would be native+Xen; 200 of 400 is half.
    assert row(shown, "  page fault, anonymous") == ["0.80", "0.30"]
    assert "null" not in shown


def test_xens_part_has_switches_and_readings_as_counted():
    native = {"null": 100, "pipe, there and back": 500, "clock_gettime": 40}
    counts = {"null": {"page_fault": 0},
              "pipe, there and back": {"page_fault": 0, "+stack_switch": 2.5, "emulated_privop": 3},
              "clock_gettime": {"page_fault": 0, "emulated_privop": 1}}
    found = labbench.with_xens_part(native, FLOOR, counts)
    # Four system calls, 2.5 switches, three readings; a reading and a null call more.
    assert found == {"null": 150, "pipe, there and back": 500 + 200 + 50 + 90,
                     "clock_gettime": 40 + 30 + 150}
    # Alone, as with scripts/bench --only.
    assert labbench.with_xens_part({"clock_gettime": 40}, FLOOR, counts) == {
        "clock_gettime": 40 + 30 + 50}
    counts["clock_gettime"] = {"page_fault": 0, "emulated_privop": 0}
    assert labbench.with_xens_part(native, FLOOR, counts)["clock_gettime"] == 40


def test_what_does_not_repeat_is_named(data):
    text = benchreport.table(data)
    unsteady = text[text.index("Runs apart by more than 2%:"):text.index("The floor, ns")]
    assert "  mach-xen, null: 55.0%" in unsteady and unsteady.count("%") == 2
    data["systems"]["mach-xen"]["runs"]["null"] = [200, 202, 200]
    text = benchreport.table(data)
    assert "  none" in text[text.index("Runs apart by more than 2%:"):]


def test_nothing_of_xen_where_it_was_not_measured(data):
    data["floor"] = {}
    text = benchreport.table(data)
    assert "native+Xen" not in text and "The floor" not in text
    assert row(text, "null") == ["100.0", "200.0", "2.00", "400.0", "4.00", "0.5"]


def test_all_three_files(data, tmp_path):
    assert benchreport.write(data, tmp_path) == (tmp_path / "table.txt").read_text()
    assert '"pv32"' in (tmp_path / "bench.json").read_text()
    picture = (tmp_path / "bench.svg").read_text()
    assert picture.count(">4.00</text>") == 2 and picture.rstrip().endswith("</svg>")
