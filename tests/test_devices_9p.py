# SPDX-License-Identifier: GPL-2.0
"""A folder of dom0's in the guest, by 9pfs; the backend is QEMU."""

import pytest
from bootlab import MEMORY
from devlab import GRANT_LIST, Held

pytestmark = [pytest.mark.devices, pytest.mark.long]

PATTERN = "/tests/pattern"
MOUNT = "mount -t 9p -o trans=xen,version=9p2000.L share /tmp/share"
FILES = 30


@pytest.fixture(scope="module")
def shared(devices):
    devices.dom0.check("mkdir -p /share")
    with devices.own(
        "shared", allowed=(GRANT_LIST,), memory=MEMORY,
        extra_config='p9=["tag=share,path=/share,security_model=none"]',
    ) as guest:
        guest.check("dmesg -n 1; modprobe 9p; modprobe 9pnet_xen; mkdir /tmp/share")
        yield guest


@pytest.fixture
def share(devices, shared):
    """The guest, with the folder empty and mounted on /tmp/share."""
    devices.dom0.check("rm -rf /share/*")
    shared.check(MOUNT)
    yield shared
    shared.check("umount /tmp/share")


def test_files_both_ways(devices, share):
    """8 MiB from either side are on the other one."""
    size = 8
    share.check(f"{PATTERN} write 71 {size} >/tmp/share/up", 60)
    assert devices.dom0.check(f"{PATTERN} check 71 {size} </share/up") == f"same {size} MiB"
    devices.dom0.check(f"{PATTERN} write 72 {size} >/share/down")
    assert share.check(f"{PATTERN} check 72 {size} </tmp/share/down", 60) == f"same {size} MiB"


def test_a_wrong_byte_would_be_noticed(devices, share):
    share.check(f"{PATTERN} write 73 1 >/tmp/share/file")
    devices.dom0.check("printf x | dd of=/share/file bs=1 seek=12345 conv=notrunc 2>/dev/null")
    result = share.run(f"{PATTERN} check 73 1 </tmp/share/file")
    assert result.status == 1 and "different at byte 12345" in result.output


def test_many_files(devices, share):
    """Each is there with its contents, on both sides, and gone when it is removed."""
    share.check("mkdir /tmp/share/many; cd /tmp/share/many; n=0;"
                f" while [ $n -lt {FILES} ]; do echo content $n >file$n; n=$((n + 1)); done; cd /",
                120)
    for shell, folder in (share, "/tmp/share/many"), (devices.dom0, "/share/many"):
        text = shell.check(f"cd {folder}; for f in *; do echo $f $(cat $f); done; cd /", 60)
        assert sorted(text.splitlines()) == sorted(
            f"file{n} content {n}" for n in range(FILES))
    devices.dom0.check("rm /share/many/file1*")
    left = sorted(f"file{n}" for n in range(FILES) if not str(n).startswith("1"))
    assert sorted(share.check("ls /tmp/share/many").split()) == left
    share.check("rm -r /tmp/share/many", 60)
    assert devices.dom0.check("ls /share") == ""


def test_names_and_modes(devices, share):
    """Links, modes, sizes and times are the same on both sides, errors are what
    they are on any file system."""
    share.check("cd /tmp/share; echo text >one; ln one two; ln -s one three; chmod 640 one;"
                " mkdir four; mkfifo four/five; mv two four/two; cd /")
    ask = "cd {}; stat -c '%n %f %s %h %Y' one three four/two four/five; readlink three; cd /"
    here = share.check(ask.format("/tmp/share"))
    assert here == devices.dom0.check(ask.format("/share"))
    assert here.startswith("one 81a0 5 2 ")
    for command, why in {
        "cat /tmp/share/nothing": "No such file or directory",
        "rmdir /tmp/share/four": "Directory not empty",
        "mkdir /tmp/share/four": "File exists",
        "ls /tmp/share/one/below": "Not a directory",
    }.items():
        result = share.run(command)
        assert result.status != 0 and why in result.output


def test_a_program_from_there(devices, share):
    """The kernel maps its pages from the share."""
    devices.dom0.check("cp /tests/pattern /share/program; chmod +x /share/program")
    assert share.check("/tmp/share/program write 74 1 | md5sum") == devices.dom0.check(
        "/tests/pattern write 74 1 | md5sum")


def test_mounted_once(share):
    """The ring has one user."""
    result = share.run("mkdir -p /tmp/second; " + MOUNT.replace("/tmp/share", "/tmp/second"))
    assert result.status != 0 and "busy" in result.output


def test_mounted_again(devices, shared):
    """What was written is there, and what one mount has taken another one does
    not take again."""
    shared.check(f"{MOUNT} && echo kept >/tmp/share/kept; umount /tmp/share")
    before = Held(devices, shared)
    for _ in range(3):
        shared.check(MOUNT)
        assert shared.read("/tmp/share/kept") == "kept"
        shared.check("umount /tmp/share")
    shared.wait_until("! grep -q 9p /proc/mounts")
    Held(devices, shared).check_same(before)
    devices.dom0.check("rm /share/kept")
