# SPDX-License-Identifier: GPL-2.0
"""The Debian guest: the disk scripts/image has made, the two ways to boot it,
and its login.

    with Dom0("pv32", files=FILES, disks=[IMAGE], snapshot=True) as dom0:
        with create(dom0, "debian", loader="pvgrub") as guest:
            print(guest.run("systemctl is-system-running").output)
"""

import stack
from labconsole import SCALE, LabError
from xenlab import BUILD, KERNEL

IMAGE = stack.tree_build() / "image/debian.img"
PVGRUB = BUILD / "pvgrub/grub-i386-xen.bin"

#: for Dom0: what the ways to boot take
FILES = {"/guest/kernel": KERNEL, "/guest/pvgrub": PVGRUB}
#: how the kernel gets into the guest: from the lab, or from the guest's disk
LOADERS = ("xl", "pvgrub")
#: in MiB
MEMORY = 256
PROMPT = "root@debian:~# "

# For a command's output as it is, in one piece.
_ENVIRONMENT = "export SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 LC_ALL=C.UTF-8"


def missing():
    """What has to be made first: one line, or None."""
    for path, script in (IMAGE, "image"), (PVGRUB, "lab-pvgrub"):
        if not path.is_file():
            return f"no {path}; run scripts/{script}"
    return None


def create(dom0, name, loader="xl", disk="/dev/vda", disks=(), wait=True, **keywords):
    """Start it from a disk of dom0's; a Guest. disks: more of them. keywords: as
    Dom0.create()."""
    if loader not in LOADERS:
        raise LabError(f"unknown loader {loader!r}; choose from {', '.join(LOADERS)}")
    cmdline = keywords.pop("cmdline", "")
    if loader == "xl":
        how = {"cmdline": f"root=/dev/xvda1 ro {cmdline}".strip()}
    elif cmdline:
        raise LabError("with pvgrub the command line comes from the disk; leave it out")
    else:
        how = {"kernel": "/guest/pvgrub"}
    keywords.setdefault("memory", MEMORY)
    keywords.setdefault("vifs", [""])
    guest = dom0.create(name, ramdisk=None, disks=[f"phy:{disk},xvda,w", *disks],
                        wait=False, **how, **keywords)
    if wait:
        try:
            log_in(guest)
        except BaseException:
            guest.close()
            raise
    return guest


def log_in(guest):
    """As root, when the system has come up; from then on run() can be used."""
    guest.expect("debian login: ", 300 * guest.slowness, "the login prompt")
    guest.send("root\n")
    guest.login(PROMPT, 60 * guest.slowness)
    guest.check(_ENVIRONMENT)


def comes_back(guest):
    """After a reboot of a guest with on_reboot="restart": the domain has a new
    number and a new console, and one can log in again."""
    wait = 180 * SCALE * guest.slowness
    guest.dom0.check(
        f"n=0; until new=$(xl domid {guest.name}) && [ $new != {guest.domid} ]; do"
        f" n=$((n + 1)); [ $n -lt {wait:.0f} ] || exit 1; sleep 1; done", wait * 2 + 10)
    guest.domid = int(guest.dom0.check(f"xl domid {guest.name}"))
    guest.dom0.check(f"kill $(cat /run/{guest.port}.pid) 2>/dev/null; true")
    guest.attach()
    log_in(guest)
