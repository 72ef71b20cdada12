# SPDX-License-Identifier: GPL-2.0
"""A guest is saved and restored, or only looked at, and goes on as if nothing
had been, but for the time."""

from contextlib import contextmanager

import pytest
from devlab import vbd_number
from fakebackend import INITIALISED
from labwork import STRESS
from lifelab import DISK, IMAGE, check_clock, check_messages, free_memory, kept, working
from smplab import SYSFS, online

pytestmark = pytest.mark.life

HZ = 100  # of /proc/stat
SEVERAL = {"ramdisk": "/guest/work", "memory": 160}


def save_and_restore(guest, rounds=1):
    for _ in range(rounds):
        before = guest.domid
        guest.save(IMAGE)
        guest.restore(IMAGE)
        assert guest.domid > before


def test_idle(life):
    with life.guest_with() as guest:
        with kept(life, guest):
            save_and_restore(guest, 3)
            check_clock(guest, life.dom0)
            assert "xenbus_dev_suspend" not in guest.check("dmesg")


def test_no_memory_is_lost(life):
    """An interface with two queues has 2 MiB of pages for what it receives, and they are
    others after each round."""
    with life.guest_with(vcpus=2, disks=[]) as guest:
        save_and_restore(guest)
        before = free_memory(guest)
        save_and_restore(guest, 3)
        assert free_memory(guest) > before - 1024


def test_a_vcpu_that_was_down(life):
    """What passes on the next host before it comes up is not stolen from it: no more
    is than there is time, and a program that keeps it busy is seen to."""
    def number(command):
        return float(guest.check(command))

    with life.guest_with(extra_config="maxvcpus=2") as guest:
        save_and_restore(guest)
        guest.check("sleep 5")
        up = number("cut -d ' ' -f 1 /proc/uptime")
        life.dom0.check("xl vcpu-set guest 2")
        guest.check(f"echo 1 >{SYSFS}/cpu1/online 2>/dev/null; true")
        guest.wait_until(f"[ $(cat {SYSFS}/online) = 0-1 ]")
        guest.run("timeout 3 taskset 2 sh -c 'while :; do :; done'", 60)
        words = guest.check("grep ^cpu1 /proc/stat").split()
        passed = (number("cut -d ' ' -f 1 /proc/uptime") - up) * HZ
        assert int(words[8]) < passed, words
        assert int(words[1]) > 20, words
        check_messages(guest)


@contextmanager
def writing_back(life, guest):
    """The guest's kernel writes to a slow disk meanwhile, and no program waits for it:
    one that does could not be frozen. All of it has got there afterwards."""
    def bytes_per_second(limit):
        assert life.dom0.qemu.monitor(f"block_set_io_throttle disk0 {limit} 0 0 0 0 0") == ""

    guest.check("echo 60 >/proc/sys/vm/dirty_ratio")
    bytes_per_second(1 << 20)
    try:
        # As long as it is open somewhere, what closes it does not wait.
        guest.check(f"exec 9<>{DISK}; /tests/pattern write 5 48 >{DISK}")
        yield
    finally:
        bytes_per_second(0)
    guest.check("sync; echo 3 >/proc/sys/vm/drop_caches", 120)
    guest.check(f"/tests/pattern check 5 48 <{DISK}; exec 9<&-", 60)


@pytest.mark.long
@pytest.mark.parametrize("queues", [(2, 1), (1, 2)], ids=["less", "more"])
def test_another_number_of_queues(life, queues):
    """The next host's backend has more of them for a disk, or less."""
    offered = "/sys/module/xen_blkback/parameters/max_queues"
    normal = life.dom0.check(f"cat {offered}")

    def offer(count):
        life.dom0.check(f"echo {count} >{offered}")

    try:
        offer(queues[0])
        with life.guest_with(vcpus=2, memory=256) as guest:
            assert guest.check("ls /sys/block/xvda/mq | wc -l") == str(queues[0])
            with writing_back(life, guest):
                offer(queues[1])
                save_and_restore(guest)
            check_messages(guest)
    finally:
        offer(normal)


@pytest.mark.long
def test_saved_before_its_disk_is_there(life):
    """What was on its way to the disk the first time gets there after the second."""
    with life.guest_with(memory=256) as guest:
        with writing_back(life, guest):
            guest.save(IMAGE)
            life.dom0.check(f"xl restore -p {IMAGE}", 120)
            guest.follow()
            # Its backend is there, and does not connect.
            number = vbd_number("xvda")
            backend = life.vbd(guest, number)
            life.dom0.check(f"basename {backend} >{backend}/driver/unbind")
            life.dom0.check("xl unpause guest")
            state = f"/local/domain/{guest.domid}/device/vbd/{number}/state"
            life.dom0.wait_until(f"[ $(xenstore-read {state}) = {INITIALISED} ]")
            save_and_restore(guest)
        check_messages(guest)


@pytest.mark.long
def test_a_clock_that_was_set(life):
    """It is as much ahead of Xen's afterwards as it was before."""
    with life.guest_with() as guest:
        guest.check("date -s @$(($(date +%s) + 3600))")
        check_clock(guest, life.dom0, 3600)
        save_and_restore(guest)
        check_clock(guest, life.dom0, 3600)


@pytest.mark.long
def test_at_work(life):
    """The disk, a TCP connection and the clocks all through it."""
    with life.guest_with() as guest:
        with kept(life, guest), working(guest, life.dom0, ldt=True) as work:
            for _ in range(3):
                save_and_restore(guest)
                work.check_alive()
                guest.check("sleep 3")
        check_clock(guest, life.dom0)


@pytest.mark.long
@pytest.mark.parametrize("vcpus, rounds", [(1, 40), (2, 30), (4, 30)])
def test_several_cpus(life, vcpus, rounds):
    """All of them busy, with programs that check what they do."""
    with life.guest_with(vcpus=vcpus, **SEVERAL) as guest:
        with kept(life, guest), working(guest, life.dom0, stress=STRESS, ldt=True) as work:
            for _ in range(rounds):
                save_and_restore(guest)
                work.check_alive()
                guest.check("sleep 3", 60)
            assert online(guest) == vcpus


@pytest.mark.long
def test_no_room(life):
    """Saving fails for want of space: the guest goes on where it was."""
    with life.guest_with() as guest:
        life.dom0.check("mkdir -p /small; mount -t tmpfs -o size=16m tmpfs /small")
        try:
            with kept(life, guest), working(guest, life.dom0):
                domid = life.dom0.check("xl domid guest")
                result = life.dom0.run("xl save guest /small/image", 120)
                assert result.status != 0
                assert "No space left on device" in result.output
                assert life.dom0.check("xl domid guest") == domid
        finally:
            life.dom0.run("umount /small")


@pytest.mark.long
def test_an_image_cut_off(life):
    """xl says so, and there is no domain afterwards; the whole image still works."""
    with life.guest_with() as guest:
        guest.check("echo here >/tmp/where")
        guest.save("/tmp/image")
        life.dom0.check("head -c 40000000 /tmp/image >/tmp/part")
        result = life.dom0.run("xl restore -p /tmp/part", 120)
        assert result.status != 0
        assert "error" in result.output
        assert life.dom0.run("xl domid guest").status != 0
        guest.restore("/tmp/image")
        assert guest.check("cat /tmp/where") == "here"
        life.dom0.check("rm /tmp/image /tmp/part")


@pytest.mark.long
def test_the_kernel_is_the_saved_one(life):
    """What the configuration has for one when it is restored is not looked at; and
    the guest tells which it is."""
    with life.guest_with() as guest:
        version = guest.check("uname -rv")
        life.dom0.check("sed 's,^kernel=.*,kernel=\"/guest/initrd\",' /guest/guest.cfg"
                        " >/guest/other.cfg")
        guest.save(IMAGE)
        guest.restore(IMAGE, config="/guest/other.cfg")
        assert guest.check("uname -rv") == version
        check_messages(guest)


@pytest.mark.long
def test_checkpoint(life):
    """The guest goes on where it was, beside what was saved of it; and what was
    saved can be gone back to."""
    with life.guest_with() as guest:
        with kept(life, guest):
            guest.check("echo before >/tmp/when")
            with working(guest, life.dom0, ldt=True):
                guest.save(IMAGE, checkpoint=True)
                guest.check("sleep 3")
                guest.save(IMAGE, checkpoint=True)
            guest.check("echo after >/tmp/when")
            domid = guest.domid
            assert guest.check("cat /tmp/when") == "after"
        guest.destroy()
        guest.restore(IMAGE)
        assert guest.domid > domid
        assert guest.check("cat /tmp/when") == "before"
        check_messages(guest)
