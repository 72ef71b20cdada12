# SPDX-License-Identifier: GPL-2.0
"""QEMU as the lab uses it: one process group, consoles on socket pairs, gone
when its starter is gone."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from labconsole import LabError

# -smap: dom0 takes a page fault at once in a SMAP corner of TCG.
# -xsave: TCG does not honour CR0.TS for XSAVE, so FPU state that Xen switches
# lazily leaks from one guest into another. A fault of the lab, not of a kernel,
# and cured here for all of them: without xsave, Xen and the guests use FXSAVE.
# -smep: Xen has it off while a 32-bit PV guest runs, whose kernel is in ring 1, and
# on while it runs itself. So each way in and out writes CR4, and TCG's TLB is empty
# after each of these writes. On a real machine that is Xen's smep=hvm.
CPU = "max,-smap,-smep,-xsave"
# For the shim: nested SVM, in a family that Xen's AMD code accepts. With MWAIT
# on offer Xen dies idling. -rdtscp: Xen 4.20 intercepts it and does not find out how
# long the instruction is ("SVM Insn len emulation failed (1): ... -> 0f 01 f9").
CPU_NESTED = CPU + ",family=23,model=49,-monitor,-rdtscp"

# TCG's TSC is one clock for all CPUs and never stops; QEMU does not let it say so
# unasked.
CPU_STABLE_TSC = CPU + ",+invtsc,x-force-features=on"

# Where Debian's packages of QEMU and of the firmware it starts have that.
FIRMWARE = "/usr/share/qemu", "/usr/share/seabios"

# How instructions get executed: as fast as the host can, or so that the machine's
# time is the number of instructions of its one CPU, 2 ns each.
FAST = ["-accel", "tcg,thread=multi"]
ICOUNT = ["-accel", "tcg,thread=single", "-icount", "shift=1,sleep=off"]


def _program(built):
    """The command that is QEMU: the machine's own, or one built of the same version,
    with the firmware that the machine's has."""
    if not shutil.which("qemu-system-x86_64"):
        raise LabError("no qemu-system-x86_64 here;"
                       " as root: apt-get install qemu-system-x86")
    if not built:
        return ["qemu-system-x86_64"]
    return [str(Path(built).absolute()), *(word for folder in FIRMWARE for word in ("-L", folder))]


class Qemu:
    """A running QEMU.

    args: arguments. ports: names of chardevs, the other ends of which are in
    self.sockets. files: {name: path or contents}, put into QEMU's working
    directory, so that no path can upset its option parser. inherit: sockets that
    args name by their numbers. icount: time is the number of instructions.
    built: a QEMU to run instead of the machine's own, as scripts/lab-qemu makes it.
    """

    def __init__(self, args, ports=(), files=None, inherit=(), icount=False, built=None):
        self.sockets = {}
        self._process = None
        self._qmp = None
        self._events = b""
        program = _program(built)
        self._run_dir = Path(tempfile.mkdtemp(prefix="xenlab-"))
        theirs = []
        try:
            for name, source in (files or {}).items():
                if isinstance(source, bytes):
                    (self._run_dir / name).write_bytes(source)
                else:
                    (self._run_dir / name).symlink_to(Path(source).resolve())
            chardevs = []
            for name in ports:
                mine, other = socket.socketpair()
                self.sockets[name] = mine
                theirs.append(other)
                chardevs += ["-chardev", f"socket,id={name},fd={other.fileno()}"]
            mine, other = socket.socketpair()
            self._qmp = mine
            theirs.append(other)
            command = [
                # Not even a killed test run leaves a QEMU behind.
                "setpriv", "--pdeathsig", "KILL",
                *program, *(ICOUNT if icount else FAST),
                "-display", "none", "-vga", "none", "-net", "none",
                "-no-reboot", "-monitor", "none", "-nodefaults",
                "-chardev", f"socket,id=qmp,fd={other.fileno()}",
                "-mon", "chardev=qmp,mode=control",
            ] + chardevs + list(args)
            self._errors = open(self._run_dir / "stderr", "w+", encoding="utf-8")
            self._process = subprocess.Popen(
                command, cwd=self._run_dir, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=self._errors,
                stderr=self._errors,
                pass_fds=[sock.fileno() for sock in (*theirs, *inherit)])
            self._qmp.sendall(b'{"execute": "qmp_capabilities"}\n')
        except BaseException:
            self.close()
            raise
        finally:
            for sock in theirs:
                sock.close()

    def gone(self):
        """None while it runs, else one line that says how it ended."""
        status = self._process.poll()
        if status is None:
            return None
        self._errors.seek(0)
        said = self._errors.read().strip().splitlines()
        return f"QEMU ended with status {status}" + (f": {said[-1]}" if said else "")

    def monitor(self, command, timeout=10):
        """What QEMU's monitor answers to a command for people; "" if it does not."""
        request = {"execute": "human-monitor-command", "id": "monitor",
                   "arguments": {"command-line": command}}
        data = b""
        self._qmp.settimeout(timeout)
        try:
            self._qmp.sendall(json.dumps(request).encode() + b"\n")
            while True:
                data += self._qmp.recv(65536) or b'{"id": "monitor", "return": ""}\n'
                *lines, data = data.split(b"\n")
                for line in lines:
                    answer = json.loads(line)
                    if answer.get("id") == "monitor":
                        return answer.get("return", "")
                    # For why_gone().
                    self._events += line + b"\n"
        except OSError:
            return ""

    def why_gone(self, timeout):
        """Wait for the machine's end; the reason in QEMU's words, such as
        guest-shutdown or guest-reset."""
        data = self._events
        self._qmp.settimeout(timeout)
        try:
            while True:
                more = self._qmp.recv(4096)
                if not more:
                    break
                data += more
        except socket.timeout:
            return None
        for line in data.splitlines():
            event = json.loads(line)
            if event.get("event") == "SHUTDOWN":
                return event["data"]["reason"]
        return "unknown"

    def kill(self):
        """End it as if it had lost its power; close() is still to come."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self):
        """End it, with all its processes, and remove what it needed."""
        if self._process:
            for sig in signal.SIGTERM, signal.SIGKILL:
                try:
                    os.killpg(self._process.pid, sig)
                    self._process.wait(5)
                    break
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
            self._process.wait()
            self._errors.close()
            self._process = None
        for sock in self.sockets.values():
            sock.close()
        if self._qmp:
            self._qmp.close()
        shutil.rmtree(self._run_dir, ignore_errors=True)
