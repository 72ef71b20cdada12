# SPDX-License-Identifier: GPL-2.0
"""Disks: what is written is there, on both sides, and what the two drivers have
agreed on is really used."""

import re
import subprocess

import pytest
from devlab import DISKS, MIB, PARTITIONS, Held, host_pattern, vbd_number

pytestmark = pytest.mark.devices

PATTERN = "/tests/pattern"


def on_host(image, seed, size):
    """What the pattern program says about a disk image here."""
    with open(image, "rb") as data:
        return subprocess.run(
            [host_pattern(), "check", str(seed), str(size)],
            stdin=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        ).stdout.strip()


def write_and_compare(devices, guest, front, back, seed, size):
    """Written, synced, read back from the disk, and compared here and in dom0."""
    limit = 60 + size
    guest.check(f"{PATTERN} write {seed} {size} >/dev/{front} && sync", limit)
    guest.check("echo 3 >/proc/sys/vm/drop_caches")
    same = f"same {size} MiB"
    assert guest.check(f"{PATTERN} check {seed} {size} </dev/{front}", limit) == same
    assert devices.dom0.check(f"{PATTERN} check {seed} {size} </dev/{back}", limit) == same
    assert on_host(devices.images[back], seed, size) == same


def requests(devices, guest, front):
    """blkback's counters of a disk."""
    folder = f"{devices.vbd(guest, vbd_number(front))}/statistics"
    text = devices.dom0.check(f"cd {folder}; for f in *; do echo $f $(cat $f); done")
    return {name: int(value) for name, value in map(str.split, text.splitlines())}


def io_of(devices, name):
    """The kernel's counters of a disk in dom0: see Documentation/block/stat.rst"""
    numbers = devices.dom0.check(f"cat /sys/block/{name}/stat").split()
    return dict(zip(
        "reads rmerged rsectors rticks writes wmerged wsectors wticks inflight ticks queue"
        " discards dmerged dsectors dticks flushes fticks".split(), map(int, numbers)))


def test_sizes(devguest):
    """Each disk and partition is there, as large as it is."""
    table = {name: int(blocks) for _, _, blocks, name in
             map(str.split, devguest.check("grep xvd /proc/partitions").splitlines())}
    wanted = {f"xv{name[1:]}": DISKS[name] * 1024 for name in ("vda", "vdb", "vdc")}
    wanted |= {f"xvdb{n}": size // 2 for n, (_, size) in enumerate(PARTITIONS, 1)}
    assert table == wanted


def test_written_and_read_back(devices, devguest):
    write_and_compare(devices, devguest, "xvda", "vda", 1, 64)


def test_a_wrong_byte_would_be_noticed(devices, devguest):
    """The comparison of the other tests can fail."""
    devguest.check(f"{PATTERN} write 2 4 >/dev/xvda && sync")
    devguest.check("printf x | dd of=/dev/xvda bs=1 seek=1234567 conv=notrunc,fsync 2>/dev/null")
    assert on_host(devices.images["vda"], 2, 4) == "pattern: different at byte 1234567 of 4194304"
    result = devguest.run(f"{PATTERN} check 2 4 </dev/xvda")
    assert result.status == 1 and "different at byte 1234567" in result.output


def test_partitions(devices, devguest):
    """Each is where the table says, and nothing is written beside it."""
    image = devices.images["vdb"]
    before = image.read_bytes()
    for number, _ in enumerate(PARTITIONS, 1):
        devguest.check(f"{PATTERN} write {number} 1 >/dev/xvdb{number} && sync")
    after = bytearray(image.read_bytes())
    for number, (start, _) in enumerate(PARTITIONS, 1):
        part = slice(start * 512, start * 512 + MIB)
        wanted = subprocess.run([host_pattern(), "write", str(number), "1"],
                                check=True, stdout=subprocess.PIPE).stdout
        assert after[part] == wanted
        after[part] = before[part]
    assert after == before


def test_file_system(devguest):
    """A file system on a partition, unmounted and mounted again."""
    devguest.check("mke2fs /dev/xvdb2 >/dev/null && mkdir -p /tmp/m && mount /dev/xvdb2 /tmp/m"
                   f" && {PATTERN} write 3 2 >/tmp/m/file && umount /tmp/m", 60)
    devguest.check("mount /dev/xvdb2 /tmp/m")
    assert devguest.check(f"{PATTERN} check 3 2 </tmp/m/file") == "same 2 MiB"
    devguest.check("umount /tmp/m")


def test_read_only(devices, devguest):
    """It can be read, and a write is refused."""
    image = devices.images["vdc"]
    assert devguest.read("/sys/block/xvdc/ro") == "1"
    result = devguest.run("dd if=/dev/zero of=/dev/xvdc bs=4096 count=1 conv=notrunc,fsync")
    assert result.status == 1
    assert re.search("Operation not permitted|Read-only", result.output)
    assert devguest.check("md5sum </dev/xvdc") == devices.dom0.check("md5sum </dev/vdc")
    assert set(image.read_bytes()) == {0}


def test_large_requests(devices, devguest):
    """A request has more than the 11 pages that fit without indirect
    descriptors."""
    before = requests(devices, devguest, "xvda")
    devguest.check("dd if=/dev/xvda of=/dev/null bs=1M count=8 iflag=direct 2>/dev/null")
    after = requests(devices, devguest, "xvda")
    sectors = after["rd_sect"] - before["rd_sect"]
    count = after["rd_req"] - before["rd_req"]
    assert sectors == 8 * MIB // 512
    assert sectors / count > 11 * 8, f"{count} requests for {sectors} sectors"


def test_persistent_grants(devices, devguest):
    """blkback keeps the pages of a ring mapped, and maps no new ones for more of
    the same."""
    front = f"/local/domain/{devguest.domid}/device/vbd/51712"
    for end in front, f"$(xenstore-read {front}/backend)":
        assert devices.dom0.check(f"xenstore-read {end}/feature-persistent") == "1"
    devguest.check("dd if=/dev/xvda of=/dev/null bs=1M count=8 iflag=direct 2>/dev/null")
    idle = devices.grants_in_use(devguest)
    devguest.check("dd if=/dev/xvda of=/dev/null bs=1M count=16 iflag=direct 2>/dev/null")
    # 256 pages at least: they are still mapped. What has not been used for a
    # minute is given back.
    assert idle > 256
    assert devices.grants_in_use(devguest) <= idle


def test_flush(devices, devguest):
    """fsync reaches the disk in dom0, once for each."""
    assert devguest.read("/sys/block/xvda/queue/write_cache") == "write back"
    before = io_of(devices, "vda"), requests(devices, devguest, "xvda")
    devguest.check("for n in 1 2 3; do"
                   " dd if=/dev/zero of=/dev/xvda bs=4096 count=1 conv=notrunc,fsync 2>/dev/null;"
                   " done")
    after = io_of(devices, "vda"), requests(devices, devguest, "xvda")
    assert after[1]["f_req"] - before[1]["f_req"] == 3
    assert after[0]["flushes"] - before[0]["flushes"] == 3


def test_discard(devices, devguest):
    """What is discarded takes no space on this side, and the rest is still there."""
    image = devices.images["vda"]
    devguest.check(f"{PATTERN} write 4 16 >/dev/xvda && sync", 60)
    used = image.stat().st_blocks * 512
    before = requests(devices, devguest, "xvda")["ds_req"]
    devguest.check(f"blkdiscard -o {4 * MIB} -l {8 * MIB} /dev/xvda")
    assert requests(devices, devguest, "xvda")["ds_req"] > before
    assert used - image.stat().st_blocks * 512 == 8 * MIB
    devguest.check("echo 3 >/proc/sys/vm/drop_caches")
    assert devguest.check(f"{PATTERN} check 4 4 </dev/xvda") == "same 4 MiB"
    data = image.read_bytes()
    assert not any(data[4 * MIB : 12 * MIB]) and any(data[12 * MIB : 16 * MIB])


def test_disks_at_the_same_time(devices, devguest):
    """Written and read side by side, none has anything of another's."""
    with devices.disk(devguest, "vdd", "xvdd"):
        jobs = {"xvda": ("vda", 5, 8), "xvdb1": (None, 6, 2), "xvdb2": (None, 7, 4),
                "xvdd": ("vdd", 8, 8)}
        for verb, sign in ("write", ">"), ("check", "<"):
            devguest.check("".join(
                f"{PATTERN} {verb} {seed} {size} {sign}/dev/{front}"
                f"{'' if verb == 'write' else f' >/tmp/{front} 2>&1'} & "
                for front, (_, seed, size) in jobs.items()) + "wait; sync;"
                " echo 3 >/proc/sys/vm/drop_caches", 120)
        for front, (back, seed, size) in jobs.items():
            assert devguest.check(f"cat /tmp/{front}; rm /tmp/{front}") == f"same {size} MiB"
            if back:
                assert on_host(devices.images[back], seed, size) == f"same {size} MiB"


def test_plugged_and_unplugged(devices, devguest):
    """All that a disk holds is given back when it goes, and while it is there
    the counters see it."""
    before = Held(devices, devguest)
    for seed in 9, 10:
        with devices.disk(devguest, "vdd", "xvdd"):
            write_and_compare(devices, devguest, "xvdd", "vdd", seed, 8)
            during = Held(devices, devguest)
        after = Held(devices, devguest)
        during.check_more(before, after, 1)
        after.check_same(before)


def test_unplugged_while_in_use(devices, devguest):
    """Who reads gets an error or the data, not a hang; the disk can come back."""
    before = Held(devices, devguest)
    devices.attach(devguest, "phy:/dev/vdd,xvdd,w", "xvdd")
    devguest.check("(while dd if=/dev/xvdd of=/dev/null bs=64k iflag=direct; do :; done"
                   " >/dev/null 2>/tmp/reader; echo gone >>/tmp/reader) & "
                   "(while dd if=/dev/zero of=/dev/xvdd bs=64k count=64 conv=notrunc; do :; done"
                   " >/dev/null 2>/tmp/writer; echo gone >>/tmp/writer) &")
    devguest.wait_until("[ $(grep -c 'records in' /tmp/reader) -ge 2 ]")
    devices.detach(devguest, "xvdd")
    for who in "reader", "writer":
        devguest.wait_until(f"grep -q gone /tmp/{who}", 60)
    Held(devices, devguest).check_same(before)
    with devices.disk(devguest, "vdd", "xvdd"):
        write_and_compare(devices, devguest, "xvdd", "vdd", 11, 8)
    Held(devices, devguest).check_same(before)


@pytest.mark.long
def test_a_gibibyte_twice(devices, devguest):
    """Also after the disk has been away."""
    before = Held(devices, devguest)
    for seed in 12, 13:
        with devices.disk(devguest, "vde", "xvde"):
            write_and_compare(devices, devguest, "xvde", "vde", seed, 1024)
    Held(devices, devguest).check_same(before)
