# SPDX-License-Identifier: GPL-2.0
"""What the toolstack can do with a guest in the PV shim. It need not be all that it
can do with one beside it: what fails is the shim's limit if a 64-bit guest fails in
the same way. What works, and what each failure said: build/results/life-shim/operations."""

from contextlib import closing

import pytest
from bootlab import GUESTS
from lifelab import IMAGE, Life, check_nmi
from xenlab import DOM0_BUILD, LabError, unpacked

pytestmark = [pytest.mark.life, pytest.mark.long]

MEMORY = 256


class Shim(Life):
    """A Life whose guests may be 64-bit ones."""

    def machine(self):
        words = super().machine()
        words["files"]["/guest/kernel64"] = DOM0_BUILD / "vmlinuz"
        words["files"]["/guest/initrd64"] = unpacked(DOM0_BUILD / "guest64.gz")
        return words


@pytest.fixture(scope="module")
def shim():
    with closing(Shim("shim")) as lab:
        (lab.folder / "operations").write_text("")
        yield lab


def answers(guest):
    assert guest.check("echo $((6 * 7))", 60) == "42"


def pause(dom0, guest):
    dom0.check("xl pause guest")
    assert "p" in guest.state()
    dom0.check("xl unpause guest")
    answers(guest)


def rename(dom0, guest):
    dom0.check("xl rename guest other")
    assert dom0.check("xl domid other") == str(guest.domid)
    dom0.check("xl rename other guest")
    answers(guest)


def sysrq(dom0, guest):
    dom0.check("xl sysrq guest h")
    guest.wait_until("dmesg | grep -q 'sysrq: HELP'")


def nmi(dom0, guest):
    check_nmi(guest, dom0)


def memory(dom0, guest):
    """Down and up."""
    total = "awk '/MemTotal:/ { print $2 }' /proc/meminfo"
    full = int(guest.check(total))
    dom0.check(f"xl mem-set guest {MEMORY - 64}")
    guest.wait_until(f"[ $({total}) -le {full - 48 * 1024} ]")
    dom0.check(f"xl mem-set guest {MEMORY}")
    guest.wait_until(f"[ $({total}) -ge {full - 4 * 1024} ]")


def vcpus(dom0, guest):
    """One of two less."""
    dom0.check("xl vcpu-set guest 1")
    guest.wait_until("[ ! -e /sys/devices/system/cpu/cpu1/online ] ||"
                     " grep -q 0 /sys/devices/system/cpu/cpu1/online")
    answers(guest)


def dump(dom0, guest):
    dom0.check(f"xl dump-core guest {IMAGE}", 300)
    answers(guest)


def checkpoint(_dom0, guest):
    guest.save(IMAGE, checkpoint=True)
    answers(guest)


def save(_dom0, guest):
    guest.check("echo here >/tmp/where")
    guest.save(IMAGE)
    guest.restore(IMAGE)
    assert guest.check("cat /tmp/where", 60) == "here"


def migrate(_dom0, guest):
    guest.check("echo here >/tmp/where")
    guest.migrate(timeout=200)
    assert guest.check("cat /tmp/where", 60) == "here"


def shutdown(dom0, guest):
    dom0.check("xl shutdown guest")
    assert guest.wait_for_end() == "poweroff"


def reboot(dom0, guest):
    dom0.check("xl reboot guest")
    assert guest.wait_for_end() == "reboot"


def crash(_dom0, guest):
    guest.send("echo c >/proc/sysrq-trigger\n")
    assert guest.wait_for_end() == "crash"


def destroy(dom0, guest):
    dom0.check("xl destroy guest")
    assert guest.state() is None


OPERATIONS = (pause, rename, sysrq, nmi, memory, vcpus, dump, checkpoint, save, migrate,
              shutdown, reboot, crash, destroy)


def outcome(shim, operation, **kind):
    """"works", or what failed."""
    with shim.dom0.create("guest", memory=MEMORY, vcpus=2, **kind) as guest:
        try:
            operation(shim.dom0, guest)
        except (LabError, AssertionError) as error:
            return str(error).splitlines()[0]
        finally:
            shim.dom0.run("xl destroy guest--incoming 2>/dev/null")
    return "works"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_as_much_as_a_64_bit_guest(shim, operation):
    found = {name: outcome(shim, operation, **kind) for name, kind in GUESTS.items()}
    with open(shim.folder / "operations", "a", encoding="utf-8") as file:
        file.writelines(f"{operation.__name__}, {name}: {said}\n" for name, said in found.items())
    assert found["i386"] == "works" or found["amd64"] != "works"
