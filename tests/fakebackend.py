# SPDX-License-Identifier: GPL-2.0
"""A backend that does wrong: nodes in xenstore of a type that dom0's kernel has no
driver for, and a program at its end of the ring (tests/devices/dom0-ring.c)."""

import shlex
import struct
from contextlib import contextmanager


INITIALISING, INIT_WAIT, INITIALISED, CONNECTED, CLOSING, CLOSED = range(1, 7)

# Bytes of an entry of the ring of a 32-bit frontend: see xen/interface/io.
SLOTS = {"ring": 108, "tx": 12, "rx": 8}

# What a backend tells about a good disk.
DISK = {"sectors": "2048", "info": "0", "sector-size": "512"}
BLKIF_OP_READ, BLKIF_OP_WRITE = 0, 1

INTERFACE = {"feature-rx-copy": "1"}


class Fake:
    """Device `number` of the guest's, `kind` vbd or vif, with our backend. back and
    front: what is in xenstore beside states and addresses; a value of None leaves
    a node out."""

    def __init__(self, devices, guest, kind, number, back, front=None):
        self.dom0, self.guest, self.kind, self.number = devices.dom0, guest, kind, number
        domain = f"/local/domain/{guest.domid}"
        self.front = f"{domain}/device/{kind}/{number}"
        self.back = f"/local/domain/0/backend/fake{kind}/{guest.domid}/{number}"
        # What the guest's kernel calls it.
        self.name = f"{kind} {kind}-{number}"
        # A node gets the permissions of its folder, and an empty folder is not
        # yet a device.
        for path, modes in ((self.back, f"n0 r{guest.domid}"), (self.front, f"n{guest.domid} r0")):
            self.dom0.check(f"xenstore write {path} '' && xenstore chmod {path} {modes}")
        self.write(self.back, {
            "frontend": self.front, "frontend-id": guest.domid, "state": INITIALISING, **back})
        self.write(self.front, {
            "backend": self.back, "backend-id": 0, "state": INITIALISING, "handle": number,
            "virtual-device": number, **(front or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def write(self, folder, values):
        """All in one transaction."""
        words = [word for name, value in values.items() if value is not None
                 for word in (f"{folder}/{name}", str(value))]
        self.dom0.check("xenstore-write " + shlex.join(words))

    def state(self, state):
        """The backend is in a state from now on."""
        self.write(self.back, {"state": state})

    def wait_for_front(self, state):
        """Until the guest's driver has said so."""
        self.dom0.wait_until(f"[ $(xenstore-read {self.front}/state) = {state} ]")

    def remove(self):
        """As a toolstack does, and until the guest has forgotten it."""
        self.dom0.check(f"xenstore-rm {self.back} {self.front}")
        self.guest.wait_until(f"[ ! -e /sys/bus/xen/devices/{self.kind}-{self.number} ]")

    def ring_program(self, commands, ring="ring"):
        """The shell command that handles a ring of ours."""
        prefix = "" if ring == "ring" else f"{ring}-"
        read = f"xenstore-read {self.front}"
        return (f"/tests/dom0-ring {self.guest.domid} $({read}/{prefix}ring-ref)"
                f" $({read}/event-channel) {SLOTS[ring]} {commands}")

    def ring(self, commands, ring="ring"):
        """Do something to a ring; what comes out."""
        return self.dom0.check(self.ring_program(commands, ring), 90)

    @contextmanager
    def refusing(self):
        """Every request of a disk gets an error meanwhile."""
        self.dom0.check(f"{self.ring_program('refuse')} & echo $! >/tmp/refuse.pid")
        try:
            yield
        finally:
            self.dom0.check("kill $(cat /tmp/refuse.pid); wait $(cat /tmp/refuse.pid); true")


def said(guest, pattern, timeout=30):
    """The guest's kernel says it, before that time."""
    guest.wait_until(f"dmesg | grep -Eq '{pattern}'", timeout)


def blk_request(fake):
    """(number, id, operation) of the first request of a disk without a response."""
    number, data = fake.ring("next 12").split()
    operation, ident = struct.unpack("<BxxxQ", bytes.fromhex(data))
    return int(number), ident, operation


def blk_response(number, ident, operation, status=0):
    """Commands for the ring that make this its Nth response."""
    data = struct.pack("<QBxh", ident, operation, status).hex()
    return f"put {number} {data} produce {number + 1}"
