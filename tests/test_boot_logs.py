# SPDX-License-Identifier: GPL-2.0
"""After all the other tests under a hypervisor: the logs are clean. Each test
looks at what it has added to the console; here is all of it, and the
messages that do not go to the console."""

import pytest
from bootlab import ALLOWED
from xenlab import complaints

pytestmark = pytest.mark.boot


def test_console(guest):
    assert complaints(guest.log_text(), ALLOWED) == []


def test_messages(lab, guest):
    lab.messages()
    text = lab.said.read_text()
    assert "Linux version " in text
    assert complaints(text, ALLOWED) == []


def test_not_tainted(guest):
    assert guest.read("/proc/sys/kernel/tainted") == "0"


def test_xen(guest):
    assert guest.hypervisor_complaints() == []
