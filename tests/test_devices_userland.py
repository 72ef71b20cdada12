# SPDX-License-Identifier: GPL-2.0
"""What a program in the guest has of Xen: xenstore, event channels, grants,
hypercalls and frames, through /dev/xen and /proc/xen."""

import re
from contextlib import ExitStack

import pytest
from bootlab import MEMORY
from devlab import GRANT_LIST, MIB, Held, background

pytestmark = pytest.mark.devices

PATTERN = "/tests/pattern"
PRIVCMD = "/dev/xen/privcmd"
XENBUS = "/dev/xen/xenbus"
MODULES = "xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs"

PAGES = 600
BAD_PAGES = 8  # both as in tests/devices/privcmd.c

# The shim lets no guest map what another one has granted.
pv32_only = pytest.mark.parametrize("devices", ["pv32"], indirect=True)


def load(guest):
    guest.check(f"for m in {MODULES}; do modprobe $m || exit 1; done;"
                " grep -q xenfs /proc/mounts || mount -t xenfs xenfs /proc/xen")


def reload_privcmd(guest, parameters=""):
    """With other parameters; what has it open meanwhile goes first."""
    guest.check("umount /proc/xen; rmmod xenfs xen-privcmd;"
                f" modprobe xen-privcmd {parameters}; modprobe xenfs;"
                " mount -t xenfs xenfs /proc/xen")


@pytest.fixture
def user(devguest):
    """The shared guest with all of it loaded."""
    load(devguest)
    return devguest


@pytest.fixture
def unrestricted(user):
    """privcmd as it is where nothing tells it which domain it is to serve."""
    reload_privcmd(user, "unrestricted=1")
    yield user
    reload_privcmd(user)


def test_devices_are_there(user):
    assert sorted(user.check("ls /dev/xen").split()) == [
        "evtchn", "gntalloc", "gntdev", "hypercall", "privcmd", "xenbus"]
    assert user.run("find /dev/xen -not -type c -not -type d").output == ""


def test_xenfs(devices, user):
    """A domain like others has no capabilities, and no more files."""
    assert sorted(user.check("ls /proc/xen").split()) == ["capabilities", "privcmd", "xenbus"]
    assert user.read("/proc/xen/capabilities") == ""
    assert devices.dom0.read("/proc/xen/capabilities") == "control_d"


both_ways_in = pytest.mark.parametrize("device", [XENBUS, "/proc/xen/xenbus"])


@both_ways_in
def test_xenstore_shows_what_dom0_wrote(devices, user, device):
    """More of it than a message of xenstore's can hold, and a large value."""
    where = f"/local/domain/{user.domid}/test"
    values = {f"{n}-" + 40 * chr(97 + n % 26): f"value {n * n}" for n in range(40)}
    values["large"] = "x" * 2000
    try:
        devices.dom0.check("xenstore-write " + " ".join(
            f"{where}/{name} '{value}'" for name, value in values.items()))
        listed = user.check(f"env XENSTORED_PATH={device} xenstore-ls test")
        assert dict(re.findall(r'^(\S+) = "(.*)"$', listed, re.MULTILINE)) == values
    finally:
        devices.dom0.check(f"xenstore-rm {where}")


def test_xenstore_shows_what_the_guest_wrote(devices, user):
    where = f"/local/domain/{user.domid}/data"
    user.check("xenstore-write data/one 1 data/two 'with spaces' data/two/three 3")
    assert devices.dom0.check(f"xenstore-ls {where}") == (
        'one = "1"\ntwo = "with spaces"\n three = "3"')
    user.check("xenstore-rm data/one data/two")
    assert devices.dom0.check(f"xenstore-ls {where}") == ""


def test_xenstore_refuses(user):
    """What is not the guest's, and what is not there."""
    for command, why in {
        "xenstore-write /local/domain/0/mine 1": "could not write path",
        "xenstore-ls /local/domain/0/backend": "Permission denied|No such file",
        "xenstore-read data/not-there": "couldn't read path",
    }.items():
        result = user.run(command)
        assert result.status != 0
        assert re.search(why, result.output), result.output


@both_ways_in
def test_xenstore_watch(devices, user, device):
    """It fires once when it is set, and then for what dom0 does, below it too."""
    where = f"/local/domain/{user.domid}/test"
    devices.dom0.check(f"xenstore-write {where}/watched 1 {where}/beside 1")
    expected = ["test/watched"]
    try:
        with background(user, "watch",
                        f"XENSTORED_PATH={device} exec xenstore-watch -n 4 test/watched"):
            for command, fires in {
                None: None,
                f"xenstore-write {where}/watched 2": "test/watched",
                f"xenstore-write {where}/beside 2": None,
                f"xenstore-write {where}/watched/below 3": "test/watched/below",
                f"xenstore-rm {where}/watched": "test/watched",
            }.items():
                if command:
                    devices.dom0.check(command)
                if fires:
                    expected.append(fires)
                user.wait_until(f"[ $(wc -l </tmp/watch) -ge {len(expected)} ]")
                assert user.read("/tmp/watch").splitlines() == expected
            # It has seen as many as it was to see.
            user.wait_until("! kill -0 $(cat /tmp/watch.pid) 2>/dev/null")
    finally:
        devices.dom0.check(f"xenstore-rm {where}")


def test_event_channels(devices, user):
    """Hundreds of them, to the guest itself; all closed when the program ends."""
    before = Held(devices, user)
    assert user.check("/tests/evtchn /dev/xen/evtchn 300", 120) == "300 pairs"
    Held(devices, user).check_same(before)


def test_privcmd_is_restricted(user):
    """In a domain that serves no other one nothing gets through to Xen."""
    result = user.run(f"/tests/privcmd {PRIVCMD} version")
    assert result.status == 1 and "Operation not permitted" in result.output
    frame = user.check("xenstore-read console/ring-ref")
    result = user.run(f"/tests/privcmd {PRIVCMD} console {frame}")
    assert result.status == 1 and "map in a batch: Operation not permitted" in result.output


@pytest.mark.parametrize("device", [PRIVCMD, "/proc/xen/privcmd"])
def test_hypercall(devices, unrestricted, device):
    """A number as its result, and text that Xen writes to the program's memory."""
    info = devices.dom0.check("xl info")
    version = re.search(r"^xen_version\s*: (\S+)", info, re.MULTILINE)[1]
    assert unrestricted.check(f"/tests/privcmd {device} version") == version


def test_own_frames(unrestricted):
    """A frame of the domain's in many places at once. One that is none has an
    error of its own, is not there, and does not keep others from being mapped."""
    frame = unrestricted.check("xenstore-read console/ring-ref")
    output = unrestricted.check(f"/tests/privcmd {PRIVCMD} console {frame}", 60)
    assert output.splitlines()[-1] == f"mapped {PAGES - BAD_PAGES}, refused {BAD_PAGES}"


def test_foreign_frames_are_refused(devices, unrestricted):
    """Xen's own word, once the driver lets everything through: dom0's frames,
    another guest's, and those of a domain that is not there."""
    with devices.own("other", memory=MEMORY) as other:
        frame = devices.dom0.check(f"xenstore-read /local/domain/{other.domid}/console/ring-ref")
        for domain in 0, other.domid, other.domid + 100:
            output = unrestricted.check(f"/tests/privcmd {PRIVCMD} foreign {domain} {frame}")
            answers = dict(line.split(": ") for line in output.splitlines())
            assert sorted(answers) == ["batch", "map", "resource"]
            assert set(answers.values()) <= {"Operation not permitted", "No such process"}
        other.check("true")


@pytest.fixture(scope="module")
def peer(devices):
    with devices.own("peer", allowed=(GRANT_LIST,), memory=MEMORY) as guest:
        guest.check("dmesg -n 1")
        load(guest)
        yield guest


@pytest.mark.long
@pv32_only
@pytest.mark.parametrize("closing, ring", [("server", ""), ("client", "65536 65536")],
                         ids=["one-page", "many-pages"])
def test_vchan(devices, user, peer, closing, ring):
    """A stream each way between two guests, at the same time; when one end goes,
    the other one notices and ends, and nothing stays behind."""
    size = 1
    ends = {"server": user, "client": peer}
    seeds = {"server": 61, "client": 62}
    path = f"/local/domain/{user.domid}/data/vchan"
    before = {end: Held(devices, guest) for end, guest in ends.items()}
    with ExitStack() as stack:
        for end, guest in ends.items():
            other = peer if end == "server" else user
            guest.check("rm -f /tmp/hold; mkfifo /tmp/hold")
            stack.enter_context(background(
                guest, "vchan.err",
                f"({PATTERN} write {seeds[end]} {size}; cat /tmp/hold) | vchan-node {end}"
                f" {other.domid} {path} {ring if end == 'server' else ''} >/tmp/vchan"))
            if end == "server":
                guest.wait_until("xenstore-exists data/vchan/event-channel")
        for end, guest in ends.items():
            guest.wait_until(f"[ $(wc -c </tmp/vchan) = {size * MIB} ]", 60)
        # Its standard input ends.
        ends[closing].check(": >/tmp/hold")
        for end, guest in ends.items():
            guest.wait_until("! pidof vchan-node")
            if end != closing:
                guest.check(": >/tmp/hold")
            assert guest.read("/tmp/vchan.err") == ""
            other = "client" if end == "server" else "server"
            assert guest.check(f"{PATTERN} check {seeds[other]} {size} </tmp/vchan") == (
                f"same {size} MiB")
    user.check("xenstore-rm data/vchan; rm -f /tmp/vchan")
    peer.check("rm -f /tmp/vchan")
    for end, guest in ends.items():
        Held(devices, guest).check_same(before[end])
