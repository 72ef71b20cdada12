# SPDX-License-Identifier: GPL-2.0
"""The frame buffer and its keyboard: what is drawn in the guest is on the
screen, what is typed there reaches the guest. The screen is QEMU's in dom0."""

import struct
import time
from hashlib import md5

import pytest
from bootlab import MEMORY
from devlab import GRANT_LIST, Held, background
from xenlab import SCALE

pytestmark = [pytest.mark.devices, pytest.mark.long]

WIDTH, HEIGHT = 800, 600
MONITOR = "127.0.0.1 4444"
KEYS = {"a": 30, "f10": 68, "kp_7": 71}
EV_KEY = 1


def picture(seed, dots=()):
    """As tests/devices/fb.c draws it, in the form of a PPM file."""
    points = [(seed + 7 * x + 1031 * y) & 0xFFFFFF for y in range(HEIGHT) for x in range(WIDTH)]
    for x, y, colour in dots:
        points[y * WIDTH + x] = colour
    return b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + b"".join(
        point.to_bytes(3, "big") for point in points)


@pytest.fixture(scope="module")
def screen(devices):
    with devices.own(
        "screen", allowed=(GRANT_LIST,), memory=MEMORY,
        extra_config='vfb=["vnc=1,vnclisten=127.0.0.1,vncunused=1"]\ndevice_model_args_pv='
        '["-monitor","tcp:{},server=on,wait=off"]'.format(MONITOR.replace(" ", ":")),
    ) as guest:
        guest.check("dmesg -n 1; chmod +x /tests/*; modprobe evdev;"
                    " modprobe xen-kbdfront; modprobe xen-fbfront")
        guest.wait_until("[ -c /dev/fb0 ]")
        yield guest


def monitor(devices, command):
    devices.dom0.check(f"echo '{command}' | nc {MONITOR} >/dev/null")


def check_screen(devices, expected):
    """It gets there in a moment."""
    wanted = md5(expected).hexdigest()
    end = time.monotonic() + 20 * SCALE
    while True:
        devices.dom0.check("rm -f /tmp/screen")
        monitor(devices, "screendump /tmp/screen")
        devices.dom0.wait_until(f"[ $(wc -c </tmp/screen) = {len(expected)} ]")
        shown = devices.dom0.check("md5sum </tmp/screen").split()[0]
        if shown == wanted or time.monotonic() > end:
            assert shown == wanted
            return


def draw(guest, *what):
    assert guest.check("/tests/fb " + " ".join(map(str, what))) == f"{WIDTH} {HEIGHT} 32"


def test_drawn_by_write(devices, screen):
    draw(screen, "write", 1)
    check_screen(devices, picture(1))


def test_drawn_through_a_mapping(devices, screen):
    """All of it, and then single points: the driver has to see which pages were
    written, each time anew."""
    draw(screen, "map", 2)
    check_screen(devices, picture(2))
    dots = []
    for dot in (0, 0, 0xFFFFFF), (799, 599, 0xFF0000), (400, 300, 0x0000FF), (0, 1, 0x00FF00):
        draw(screen, "dot", *dot)
        dots.append(dot)
        check_screen(devices, picture(2, dots))


def keyboard(guest):
    return guest.check("grep -l 'Xen Virtual Keyboard' /sys/class/input/event*/device/name"
                       " | cut -d / -f 5")


def test_keys(devices, screen):
    """Each is pressed and let go, in the order typed."""
    name = keyboard(screen)
    keys = [(code, value) for code in KEYS.values() for value in (1, 0)]
    with background(screen, "keys", f"exec cat /dev/input/{name}"):
        screen.wait_until(f"ls -l /proc/$(cat /tmp/keys.pid)/fd | grep -q {name}")
        for key in KEYS:
            monitor(devices, f"sendkey {key}")
        # Two events each, with a report behind.
        size = len(keys) * 2 * 16
        screen.wait_until(f"[ $(wc -c </tmp/keys) -ge {size} ]")
        data = bytes.fromhex(screen.check("hexdump -ve '1/1 \"%02x\"' /tmp/keys"))
    events = [event[2:] for event in struct.iter_unpack("<IIHHi", data)]
    assert [(code, value) for kind, code, value in events if kind == EV_KEY] == keys


def test_unbound_and_unloaded(devices, screen):
    """The frame buffer's event channel is given back. A driver of a xenbus device
    cannot be unloaded while it is bound to one. Last, for the
    device does not connect again afterwards (not looked into yet)."""
    before = Held(devices, screen)
    assert screen.run("rmmod xen-fbfront").status != 0
    screen.check("echo vfb-0 >/sys/bus/xen/drivers/vfb/unbind")
    screen.wait_until("[ ! -e /dev/fb0 ]")
    # No grants: the backend is told frames.
    gone = Held(devices, screen)
    assert gone.channels == before.channels - 1
    assert len(gone.interrupts) == len(before.interrupts) - 1
    screen.check("rmmod xen-fbfront")
