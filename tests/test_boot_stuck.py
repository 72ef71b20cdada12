# SPDX-License-Identifier: GPL-2.0
"""What the lab says of a machine that does not answer: where its CPUs are."""

import re

import pytest
from bootlab import pv32_only
from labconsole import LabTimeout

pytestmark = pytest.mark.boot


@pv32_only
def test_where_the_cpus_are(lab):
    with pytest.raises(LabTimeout) as raised:
        lab.dom0.run("sleep 5", 1)
    text = str(raised.value)
    # Nobody has anything to do: three looks at two CPUs, most of them in Xen's idle loop.
    cpus = re.findall(r"^    CPU (\d): (\S+), ring (\d)(?:, interrupts off)?(, halted)?$", text, re.M)
    assert [cpu for cpu, *_ in cpus] == ["0", "1"] * 3
    assert any(re.match(r"[a-z_]*idle[a-z_]*\+0x", where) and ring == "0" and halted
               for _, where, ring, halted in cpus), text
    assert "RAX=" in (lab.folder / "stuck.txt").read_text()
    assert lab.dom0.run("echo still here").output.endswith("still here")


@pv32_only
def test_where_the_vcpus_are(lab, guest):
    with pytest.raises(LabTimeout, match=r"cs:eip: 0061:[0-9a-f]{8}"):
        guest.run("sleep 5", 1)
    assert guest.run("echo still here").output.endswith("still here")
