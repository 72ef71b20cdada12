# SPDX-License-Identifier: GPL-2.0
"""What cannot boot says so in one line."""

import pytest
from bootlab import KERNEL, NATIVE_KERNEL, RESULTS
from conftest import TOP, refused, run
from xenlab import Native

pytestmark = pytest.mark.boot

BOOT = TOP / "scripts/boot"


def last_line_only(result):
    """Progress goes to stderr, too; leave the one line of the error."""
    result.stderr = "".join(
        line
        for line in result.stderr.splitlines(True)
        if not line.startswith(("boot: starting", "boot: dom0 is up"))
    )
    return result


def test_no_kernel(tmp_path):
    refused(run(BOOT, "--kernel", tmp_path / "none"), "no kernel", str(tmp_path / "none"))


def test_kernel_not_built(tmp_path):
    refused(run(BOOT, env={"BUILD": str(tmp_path)}), "no kernel", "make kernel")


@pytest.mark.parametrize(
    "args, words",
    [
        (("--hv", "bochs"), ("bochs", "--help")),
        (("--memory", "lots"), ("lots", "--help")),
        (("--memory", "1"), ("16", "--help")),
        (("--no-such-thing",), ("--no-such-thing", "--help")),
    ],
)
def test_bad_argument(args, words):
    refused(run(BOOT, *args), *words)


def test_hypervisor_without_32_bit_pv():
    result = last_line_only(run(BOOT, "--hv", "stock"))
    refused(result, "not supported by xen", "--hv pv32 or --hv shim")


def test_native_kernel():
    result = last_line_only(run(BOOT, "--kernel", NATIVE_KERNEL))
    refused(result, "the domain builder refuses")


def test_no_kernel_at_all(tmp_path):
    (tmp_path / "kernel").write_text("nothing of the kind\n" * 1000)
    result = last_line_only(run(BOOT, "--kernel", tmp_path / "kernel"))
    refused(result, "the domain builder refuses")


def test_on_a_bare_machine():
    """A message on the serial port; no triple fault, which would end QEMU."""
    log = RESULTS / "boot-bare"
    with Native(KERNEL, log=log, wait=False) as machine:
        machine.expect(r"This kernel \(SUBARCH=xen\) runs as a Xen PV guest only:.*\n", 60)
        assert "xl create" in machine.log_text()
        assert machine.qemu.why_gone(2) is None
