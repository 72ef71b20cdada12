# SPDX-License-Identifier: GPL-2.0
"""scripts/migrate: a Debian guest moves between two machines while it works, beside
a 64-bit guest."""

import io
import shutil
import sys
import tarfile
import time
from contextlib import ExitStack
from statistics import median

import labdebian
import stack
from labcommand import Parser, clean_up_when_ended, whole_number
from labconsole import LabError
from labhosts import Hosts, answer_probes, timed_migration
from labwork import EXTRA, PROGRAMS, Work, dom0_programs
from xenlab import DOM0_BUILD, complaints, unpacked

FOLDER = stack.tree_build() / "migrate"
LOGS = stack.tree_build() / "results/migrate"
INITRD64 = DOM0_BUILD / "guest64.gz"
#: in MiB
DISK = 64
ADDRESSES = {"debian": "192.0.2.50", "amd64": "192.0.2.51"}


def say(text):
    print(f"migrate: {text}", flush=True)


def _arguments():
    parser = Parser("migrate")
    parser.add_argument("--rounds", type=whole_number(1), default=4)
    parser.add_argument("--vcpus", type=whole_number(1), default=1)
    args = parser.parse_args()
    for path, remedy in ((labdebian.IMAGE, "scripts/image"), (EXTRA, "scripts/lab-devices"),
                         (INITRD64, "scripts/lab-dom0")):
        if not path.is_file():
            raise LabError(f"no {path}; run {remedy}")
    return args


def _programs():
    """The tests' programs as a disk: a tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path in PROGRAMS.iterdir():
            tar.add(path, path.name)
    return out.getvalue()


def _disks():
    """Debian's, one for it to write and one for the 64-bit guest, and the programs."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    disks = [FOLDER / name for name in ("debian.img", "work.img", "work64.img", "programs.tar")]
    # What is written to it is for this run alone, and both machines have to see it.
    shutil.copyfile(labdebian.IMAGE, disks[0])
    for disk in disks[1:3]:
        with open(disk, "wb") as file:
            file.truncate(DISK << 20)
    disks[3].write_bytes(_programs())
    return disks


def _start(hosts, args, exits):
    """{name: guest}, both with an address and the programs."""
    debian = exits.enter_context(labdebian.create(
        hosts[0], "debian", vcpus=args.vcpus, vifs=["mac=00:16:3e:00:00:01"],
        disks=["phy:/dev/vdb,xvdb,w", "phy:/dev/vdd,xvdd,r"]))
    # It would wait for an address that nobody gives out here.
    debian.check("systemctl stop systemd-networkd.socket systemd-networkd", 60)
    debian.check("mkdir /tests && tar -C /tests -xf /dev/xvdd")
    amd64 = exits.enter_context(hosts[0].create(
        "amd64", kernel="/guest/kernel64", ramdisk="/guest/initrd64", vcpus=args.vcpus,
        memory=labdebian.MEMORY, vifs=["mac=00:16:3e:00:00:02"],
        disks=["phy:/dev/vdc,xvdb,w"]))
    guests = {"debian": debian, "amd64": amd64}
    for name, guest in guests.items():
        # eth0, or what udev calls it.
        guest.check("dmesg -n 1; dev=$(ls /sys/class/net | grep -m 1 -vx lo);"
                    f" ip addr add {ADDRESSES[name]}/24 dev $dev;"
                    " ip link set $dev up")
        answer_probes(guest)
    return guests


def _move(hosts, guests, works, rounds):
    """{name: [ms of silence of each round]}"""
    found = {name: [] for name in guests}
    for number in range(1, rounds + 1):
        for name, guest in guests.items():
            target = hosts.other(guest.dom0)
            way = "2 to 1" if target is hosts[0] else "1 to 2"
            seconds, silent = timed_migration(guest, ADDRESSES[name], target, hosts[0])
            works[name].check_alive()
            found[name].append(silent)
            say(f"round {number}, host {way}, {name}: {seconds:.1f} s,"
                f" silent for {silent} ms of them")
    return found


def main():
    args = _arguments()
    clean_up_when_ended()
    with ExitStack() as exits:
        exits.callback(shutil.rmtree, FOLDER, ignore_errors=True)
        say("starting two machines")
        hosts = exits.enter_context(Hosts(
            disks=_disks(), memory=2048, dom0_mem=512, mended=True, log=LOGS,
            files={**labdebian.FILES, "/guest/kernel64": DOM0_BUILD / "vmlinuz",
                   "/guest/initrd64": unpacked(INITRD64, EXTRA),
                   **dom0_programs()}))
        say("both are up; starting Debian and, to compare with, a 64-bit guest")
        guests = _start(hosts, args, exits)
        works = {name: Work(guest, *hosts, address=ADDRESSES[name], disk="/dev/xvdb")
                 for name, guest in guests.items()}
        say("they serve TCP connections from both hosts, write and read a disk, and"
            " watch their clocks")
        time.sleep(2)
        found = _move(hosts, guests, works, args.rounds)
        for name, work in works.items():
            for job, words in work.stop().items():
                say(f"{name}: {job}: {words}")
        wrong = complaints(guests["debian"].check("dmesg", 60))
        if wrong:
            raise LabError("Debian's kernel complains:\n" + "\n".join(wrong))
    for name, silent in found.items():
        say(f"{name}: {args.rounds} times moved, silent for {median(silent):.0f} ms"
            f" (median), {max(silent)} ms at most")


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"migrate: error: {error}")
    except OSError as error:
        sys.exit(f"migrate: error: {error.strerror}: {error.filename}")
    except KeyboardInterrupt:
        sys.exit(130)
