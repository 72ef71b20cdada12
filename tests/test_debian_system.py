# SPDX-License-Identifier: GPL-2.0
"""A whole Debian i386 system in the guest: systemd, modules, network, apt, and
what its kernel has to say."""

import re

import labdebian
import pytest
from bootlab import measured
from conftest import TOP, run
from debianlab import DebianLab, release

pytestmark = pytest.mark.devices

# Of Debian's kernel packages' usual suspects: file systems, network, Xen's.
MODULES = ("dummy", "veth", "tun", "overlay", "fuse", "nfs", "9p", "xen_gntdev", "xt_MASQUERADE")

# What the kernel itself says at the level err or worse. Nothing.
ERRORS = ()


@pytest.fixture(scope="module")
def machine():
    machine = DebianLab("pv32")
    yield machine
    machine.close()


@pytest.fixture
def debian(machine):
    guest = machine.guest()
    yield guest
    machine.check()


def test_login_prompt_in_256_mib(machine, debian):
    """The fixture has logged in; this is how much memory that took."""
    listed = machine.dom0.check(f"xl list {debian.name}").splitlines()[-1].split()
    assert int(listed[2]) <= 256
    total = int(re.search(r"MemTotal: +(\d+) kB", debian.read("/proc/meminfo")).group(1))
    assert total <= 256 << 10
    assert "Out of memory" not in debian.log_text()


def test_our_kernel_and_a_32_bit_user_space(debian):
    assert debian.check("uname -rm") == f"{release()} i686"
    assert debian.check("dpkg --print-architecture") == "i386"


def test_systemd_is_content(debian):
    result = debian.run("systemctl is-system-running --wait", 300)
    failed = debian.run("systemctl --failed --no-legend --plain").output
    assert (result.output, failed) == ("running", "")


def test_systemd_misses_nothing_in_the_kernel(debian):
    said = debian.check("journalctl -b -o cat --no-pager _PID=1")
    missed = [
        line for line in said.splitlines()
        if re.search(r"unsupported|does not support|not supported|Failed to", line)
    ]
    assert not missed


def test_kernel_errors(debian):
    said = debian.check("journalctl -b -k -p err -o cat --no-pager")
    unexpected = [
        line for line in said.splitlines()
        if line.strip() and line != "-- No entries --"
        and not any(re.search(pattern, line) for pattern in ERRORS)
    ]
    assert not unexpected


def test_modules(debian):
    """Those of the package, found by name; they do something, and leave."""
    debian.check("modprobe -a " + " ".join(MODULES), 60)
    loaded = {line.split()[0] for line in debian.check("lsmod").splitlines()[1:]}
    assert set(MODULES) <= loaded
    debian.check("ip link add veth7 type veth && ip link del veth7 && modprobe -r veth")
    assert "veth" not in debian.check("cut -d ' ' -f 1 /proc/modules").splitlines()
    # An untainted kernel: none from elsewhere, none forced, no warning.
    assert debian.check("cat /proc/sys/kernel/tainted") == "0"


def test_network_by_dhcp(debian):
    said = debian.check("ip -4 -o addr show scope global")
    assert " dynamic " in said
    gateway = debian.check("ip -4 route show default").split()[2]
    debian.check(f"ping -c 3 -i 0.2 {gateway}")


def archive(debian):
    """This machine's archive and proxy, as the guest reaches them: what is on
    this machine's own loopback is behind the guest's gateway."""
    script = (
        f". {TOP}/scripts/common.sh; . {TOP}/scripts/apt.sh; this_suite; apt_archive $(this_suite);"
        " eval $(apt-config shell p Acquire::http::Proxy); echo ${p:-}"
    )
    result = run("bash", "-c", script)
    assert result.returncode == 0, result.stderr
    gateway = debian.check("ip -4 route show default").split()[2]
    text = re.sub(r"//(localhost|127\.0\.0\.1|\[::1\])(?=[:/])", f"//{gateway}", result.stdout)
    return text.split("\n")[:3]


def test_apt_get_install(debian):
    suite, uri, proxy = archive(debian)
    assert uri
    debian.check(f"echo 'deb {uri} {suite} main' >/etc/apt/sources.list")
    if proxy:
        debian.check(f"echo 'Acquire::http::Proxy \"{proxy}\";' >/etc/apt/apt.conf.d/50proxy")
    assert debian.run("hello").status == 127
    with measured("Debian: apt-get install hello"):
        # Into a file: on a terminal, one line of progress overwrites another.
        debian.check(
            "DEBIAN_FRONTEND=noninteractive apt-get install -y hello >/tmp/apt 2>&1 ||"
            " { cat /tmp/apt; false; }", 300)
    said = debian.read("/tmp/apt")
    assert re.search(r"^Get:1 \S+ .* hello", said, re.M), said
    assert debian.check("hello") == "Hello, world!"
    assert debian.check("dpkg -s hello").splitlines()[1] == "Status: install ok installed"


@pytest.mark.long
def test_update_grub(debian):
    """What installing a kernel calls finds the disk and our kernel."""
    debian.check("update-grub", 300)
    config = debian.read("/boot/grub/grub.cfg")
    assert f"/boot/vmlinuz-{release()} root=UUID=" in config
    assert f"/boot/initrd.img-{release()}" in config
    debian.check("sync")


@pytest.mark.long
def test_pvgrub_boots_the_same_disk(machine):
    """The kernel that is installed in the disk, with its initramfs, through
    Debian's boot loader for 32-bit PV guests."""
    machine.power_off()
    guest = machine.boot("pvgrub")
    assert guest.check("uname -r") == release()
    # As grub.cfg has it, the first one or update-grub's; xl's would have more.
    assert re.fullmatch(
        r"root=(/dev/xvda1|UUID=[0-9a-f-]{36}) ro console=hvc0\s*", guest.read("/proc/cmdline")
    )
    assert "Freeing initrd memory" in guest.check("dmesg")
    assert guest.run("systemctl is-system-running --wait", 300).output == "running"
    machine.power_off()


@pytest.mark.long
def test_reboot_from_inside(machine):
    machine.power_off()
    guest = machine.boot("xl", extra_config='on_reboot="restart"')
    first = guest.check("cat /proc/sys/kernel/random/boot_id")
    guest.check("date >/var/before; sync")
    guest.send("systemctl reboot\n")
    labdebian.comes_back(guest)
    assert guest.check("cat /proc/sys/kernel/random/boot_id") != first
    guest.check("test -s /var/before")
    assert guest.run("systemctl is-system-running --wait", 300).output == "running"
    machine.power_off()


@pytest.mark.long
@pytest.mark.parametrize("loader", labdebian.LOADERS)
def test_in_the_shim(loader):
    """Under Debian's own hypervisor, from the disk as it was made."""
    machine = DebianLab("shim")
    try:
        guest = machine.boot(loader)
        assert guest.check("uname -r") == release()
        assert guest.run("systemctl is-system-running --wait", 300).output == "running"
        machine.power_off()
    finally:
        machine.close()
