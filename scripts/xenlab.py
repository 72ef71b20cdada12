# SPDX-License-Identifier: GPL-2.0
"""The lab: a Xen machine with its dom0, the guests in it, and a bare machine
with the same user space to compare them with.

    with Dom0("pv32", log=Path("build/results/mine")) as dom0:
        with dom0.create("guest", memory=64) as guest:
            print(guest.run("uname -m").output)
            guest.send("poweroff\\n")
            assert guest.wait_for_end() == "poweroff"

Everything that comes out of a console is in a file under `log`.
"""

import gzip
import os
import re
import time
from pathlib import Path

import stack
from labconsole import SCALE, LabError, LabTimeout, Result, Shell
from lablog import complaints, hypervisor_complaints
from labqemu import CPU, CPU_NESTED, CPU_STABLE_TSC, Qemu
from labstuck import look

__all__ = ["BUILD", "DOM0_BUILD", "KERNEL", "INITRD", "HYPERVISORS", "SCALE", "Dom0", "Guest",
           "Native", "CreateError", "LabError", "LabTimeout", "Result",
           "complaints", "hypervisor_complaints"]

BUILD = Path(os.environ.get("BUILD") or Path(__file__).resolve().parent.parent / "build")
# Where scripts/common.sh has what is made of the chosen Xen.
XEN = os.environ.get("XEN") or stack.DEFAULT_XEN
XENBUILD = BUILD if XEN == stack.DEFAULT_XEN else BUILD / f"xen-{XEN}"
DOM0_BUILD = XENBUILD / "dom0"
KERNEL = stack.tree_build() / "kernel/arch/x86/boot/bzImage"
INITRD = BUILD / "guest/initrd.gz"

# What to boot as Xen, on which CPU, and what kind of domain a guest is there.
HYPERVISORS = {
    "pv32": ("pv32", CPU, "pv"),
    "pv32-debug": ("pv32-debug", CPU, "pv"),
    # A machine whose TSC Xen can rely on.
    "pv32-tsc": ("pv32", CPU_STABLE_TSC, "pv"),
    "shim": ("stock", CPU_NESTED, "shim"),
    # 32-bit PV without the shim on Debian's hypervisor: it refuses.
    "stock": ("stock", CPU, "pv"),
}

_DOMAIN_TYPES = {
    "pv": 'type="pv"',
    # The shim is a Xen of its own: what it says comes out of the guest's
    # console. conswitch: see Dom0.
    "shim": 'type="pvh"\npvshim=1\n'
            'pvshim_cmdline="loglvl=info guest_loglvl=all conswitch=`"',
}

# On Xen's command line.
_XEN_ARGS = {"pv32-tsc": "clocksource=tsc tsc=stable:socket"}

_REASONS = {0: "poweroff", 1: "reboot", 2: "suspend", 3: "crash", 4: "watchdog"}

# Where a Dom0 takes a guest that another one sends.
MIGRATION_PORT = 4000
# Where xenconsoled writes what a domain of that name says.
CONSOLE_LOG = "/var/log/xen/console/guest-{}.log"

GUEST_PORTS = ("guest0", "guest1", "guest2", "guest3")


class CreateError(LabError):
    """`xl create` failed; `cause` is the one line that matters."""

    def __init__(self, cause, message):
        super().__init__(message)
        self.cause = cause


def cpio(files):
    """{path: contents} as a cpio archive (newc), folders included; all executable."""
    folders = sorted({str(parent) for path in files
                      for parent in Path(path.lstrip("/")).parents} - {"."})
    entries = [(name, 0o40755, b"") for name in folders]
    entries += [(path.lstrip("/"), 0o100755, data) for path, data in files.items()]
    entries.append(("TRAILER!!!", 0, b""))
    out = bytearray()
    for inode, (name, mode, data) in enumerate(entries, 1):
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields)
        out += name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4)
        out += data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def unpacked(*archives):
    """Compressed initramfs archives as one that is not: libxl unpacks what begins
    like a gzip file, and of several in a row it may give the guest the first one
    alone."""
    parts = (gzip.decompress(Path(path).read_bytes()) for path in archives)
    return b"".join(part + b"\0" * (-len(part) % 4) for part in parts)


def _existing(path, remedy):
    if not Path(path).is_file():
        raise LabError(f"no {path}; run {remedy}")
    return Path(path)


def _mended_qemu():
    return _existing(BUILD / "qemu/qemu-system-x86_64", "scripts/lab-qemu")


def _log_file(folder, name):
    folder = Path(folder) if folder else stack.tree_build() / "results" / "lab"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.log"
    path.write_text("")
    return path


class Dom0(Shell):
    """Xen under QEMU with its dom0, whose shell this is.

    hypervisor: a key of HYPERVISORS. files: {path in dom0: path here, or
    contents as bytes}, beside /guest/kernel and /guest/initrd, which create()
    uses by default. archives: initramfs archives here, unpacked over dom0's own.
    memory: the machine's, dom0_mem: dom0's part of it, in MiB.
    disks: raw files here, which are /dev/vda, vdb, ... in dom0. snapshot: they
    stay as they are, what is written to them goes elsewhere and is gone at the
    end. shared: they are those of another Dom0 too. link: one end of a socket
    pair; what has the other one is the network then (a Dom0, say, whose number
    must be another one: 192.0.2.10 + number is its address). icount: one CPU, and
    its time is the number of instructions. log: the folder for the logs. mended:
    on the QEMU of scripts/lab-qemu, as the shim is: Debian's own lets a guest's
    program crash Xen, and code that one CPU changes run as it was on another.
    """

    def __init__(self, hypervisor="pv32", files=None, archives=(), xen_args="",
                 dom0_mem=384, memory=2048, disks=(), snapshot=False,
                 shared=False, link=None, number=0, icount=False, log=None,
                 mended=False):
        if hypervisor not in HYPERVISORS:
            raise LabError(f"unknown hypervisor {hypervisor!r};"
                           f" choose from {', '.join(HYPERVISORS)}")
        flavour, cpu, self.domain_type = HYPERVISORS[hypervisor]
        xen_args = f"{_XEN_ARGS.get(hypervisor, '')} {xen_args}".strip()
        self.hypervisor = hypervisor
        self.folder = log
        self.free_ports = list(GUEST_PORTS)
        self._xen = _existing(XENBUILD / "hypervisor" / flavour / "xen",
                              f"scripts/lab-hypervisor {flavour}")
        built = _mended_qemu() if mended or self.domain_type == "shim" else None
        vmlinuz = _existing(DOM0_BUILD / "vmlinuz", "scripts/lab-dom0")
        archives = [_existing(DOM0_BUILD / "initrd.gz", "scripts/lab-dom0"),
                    *(_existing(path, f"scripts/lab-dom0-{Path(path).stem}")
                      for path in archives)]
        # The kernel takes archives one after the other, each 4-byte aligned.
        initrd = b""
        for data in *map(Path.read_bytes, archives), self._pack(files or {}):
            initrd += b"\0" * (-len(initrd) % 4) + data
        self.xen_log = _log_file(log, "xen")
        ports = ",".join(f"chardev{n}={port}"
                         for n, port in enumerate(GUEST_PORTS, 1))
        in_qemu = {"xen": self._xen, "vmlinuz": vmlinuz, "initrd": initrd,
                   "xen.log": self.xen_log}
        # Addresses that no network has which the host may be in (RFC 5737).
        network = (f"socket,id=net,fd={link.fileno()}" if link
                   else "user,id=net,net=192.0.2.0/24")
        devices = ["-netdev", network, "-device", "virtio-net-pci,netdev=net,"
                   f"romfile=,mac=52:54:00:12:34:{0x56 + number:02x}"]
        for index, disk in enumerate(disks):
            in_qemu[f"disk{index}"] = _existing(disk, "qemu-img create, or name another disk")
            # The host is not going to crash before the test is over.
            devices += ["-drive", f"id=disk{index},file=disk{index},if=none,"
                        "format=raw,cache=unsafe,discard=unmap"
                        + (",snapshot=on" if snapshot else "")
                        # Through one page cache, the host's: the same for both.
                        + (",file.locking=off" if shared else ""),
                        "-device", f"virtio-blk-pci,drive=disk{index}"]
        self.qemu = Qemu([
            "-smp", "1" if icount else "2", "-m", str(memory), "-cpu", cpu,
            "-kernel", "xen",
            # conswitch: no key sequence of a guest's user reaches Xen.
            "-append", "console=com1 com1=115200,8n1 loglvl=info guest_loglvl=all"
            f" dom0_mem={dom0_mem}M,max:{dom0_mem}M conswitch=` {xen_args}",
            "-initrd", "vmlinuz console=hvc0 quiet mitigations=off panic=-1"
            " 8250.nr_uarts=8,initrd",
            "-chardev", "file,id=xen,path=xen.log", "-serial", "chardev:xen",
            "-serial", "chardev:dom0", "-device", f"pci-serial-4x,{ports}",
        ] + devices, ("dom0",) + GUEST_PORTS, in_qemu, [link] if link else [], icount, built)
        try:
            super().__init__("dom0", self.qemu.sockets["dom0"],
                             _log_file(log, "dom0"), self._gone)
            self.login("dom0# ", 120)
            # It serves all guests; with their weight (256) it waits for each in turn.
            self.check("xl sched-credit2 -d Domain-0 -w 2048")
            self.address = f"192.0.2.{10 + number}"
            if number:
                self.check("ip addr del 192.0.2.10/24 dev xenbr0;"
                           f" ip addr add {self.address}/24 dev xenbr0")
        except BaseException:
            self.qemu.close()
            raise

    def _pack(self, files):
        contents = {}
        for path, source in {"/guest/initrd": INITRD, "/guest/kernel": KERNEL,
                             **files}.items():
            if isinstance(source, bytes):
                contents[path] = source
            elif Path(source).is_file():
                contents[path] = Path(source).read_bytes()
            elif path in files:
                raise LabError(f"no {source}, which was to be {path} in dom0")
        self.inside = frozenset(contents)
        return cpio(contents)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Switch the machine off."""
        self.drain()
        self.qemu.close()
        super().close()

    def _serial_log(self):
        return self.xen_log.read_text(errors="replace").replace("\r", "")

    def _gone(self):
        text = self._serial_log()
        # A panic's cause is in the line below, the registers are further up.
        found = re.search(r"^.*(?:Panic on CPU.*(?:\n.*)?|(?:Kernel panic|dom0: error:).*)$",
                          text, re.M)
        if not found:
            return self.qemu.gone()
        where = re.findall(r"RIP: .*", text[:found.start()])[-1:]
        return ", ".join([" ".join(found[0].split()), *where])

    def stuck(self):
        """Where the CPUs are, what Xen said last."""
        where = look(self.qemu, self.log.with_name("stuck.txt"),
                     self._xen.with_name("xen-syms"))
        xen = self._serial_log().splitlines()[-8:]
        return "\n".join(["", where, *("    " + line for line in xen)])

    def hypervisor_log(self):
        """Xen's messages since it started (text). Taken from its serial port,
        because the buffer behind `xl dmesg` forgets the oldest ones."""
        return "\n".join(line for line in self._serial_log().splitlines()
                         if "(XEN)" in line)

    def ask_xen(self, key, end):
        """What Xen says to `xl debug-keys`, before a line with `end` (text)."""
        before = self.hypervisor_log().count(end)
        self.check(f"xl debug-keys {key}")
        deadline = time.monotonic() + 60 * SCALE
        while self.hypervisor_log().count(end) == before:
            if time.monotonic() > deadline:
                raise LabError(f"Xen was asked by key {key} and does not say {end!r}")
            time.sleep(0.2)
        return self.hypervisor_log().split(end)[before]

    def guest_console_log(self, name):
        """All that domains of that name have written to their console, as xenconsoled
        saw it, whether or not anybody was attached."""
        return self.read(CONSOLE_LOG.format(name)).replace("\r", "")

    def forget_console_log(self, name):
        """Before a domain is created: xenconsoled begins anew."""
        self.check(f"rm -f {CONSOLE_LOG.format(name)}")

    def toolstack_log(self, name):
        """What the `xl` that watches over the domain has to say."""
        return self.read(f"/var/log/xen/xl-{name}.log")

    def create(self, name, kernel="/guest/kernel", ramdisk="/guest/initrd",
               memory=128, vcpus=1, cmdline="", disks=(), vifs=(),
               extra_config="", wait=60):
        """Start a domain and attach to its console; a Guest.

        kernel, ramdisk: paths in dom0 (ramdisk may be None). cmdline is added
        to "console=hvc0 earlyprintk=xen". disks, vifs: what stands in xl.cfg's
        `disk` and `vif`, as "phy:/dev/vda,xvda,w" and "" or "mac=..." (the
        bridge is dom0's xenbr0). extra_config: lines of xl.cfg, after ours. A
        domain that ends is kept for wait_for_end() to tell why, unless they say
        otherwise. wait: so many seconds for the shell of our initrd; False: for nothing.
        """
        for path in filter(None, (kernel, ramdisk)):
            if path.startswith("/guest/") and path not in self.inside:
                raise LabError({
                    "/guest/kernel": f"no {KERNEL}; run make kernel",
                    "/guest/initrd": f"no {INITRD}; run scripts/lab-guest-initrd",
                }.get(path, f"no {path} in dom0; name it in Dom0(files=...)"))
        if not self.free_ports:
            raise LabError(f"{len(GUEST_PORTS)} guests at a time at most")
        lines = [
            f'name="{name}"', f'kernel="{kernel}"', f"memory={memory}",
            f"vcpus={vcpus}", _DOMAIN_TYPES[self.domain_type],
            f'extra="console=hvc0 earlyprintk=xen {cmdline}"'.replace(' "', '"'),
            'on_poweroff="preserve"', 'on_reboot="preserve"',
            'on_crash="preserve"', 'on_watchdog="preserve"']
        if ramdisk:
            lines.append(f'ramdisk="{ramdisk}"')
        # A string's quotes are Python's as well as xl.cfg's.
        lines += [f"disk={list(disks)}", f"vif={list(vifs)}"]
        config = "\n".join(lines + [extra_config])
        self.check(f"cat >/guest/{name}.cfg <<'EOF'\n{config}\nEOF")
        # Paused until the console is attached: nothing of it gets lost.
        result = self.run(f"xl create -p /guest/{name}.cfg", 120)
        if result.status:
            raise self._create_error(name, result.output)
        return Guest(self, name, wait)

    def _create_error(self, name, output):
        lines = [line for line in output.splitlines() if line.strip()]
        for pattern in r"not supported", r"xc: error", r"error", r"":
            cause = next((line for line in lines if re.search(pattern, line)),
                         "xl said nothing")
            if re.search(pattern, cause):
                break
        # What a backend driver had to say, and what it is at if it says nothing.
        lines += self.run("uptime; dmesg | tail -n 20; cat /proc/$(pidof xenwatch)/stack;"
                          " ls /sys/bus/xen-backend/devices").output.splitlines()
        return CreateError(cause, f"xl create {name} failed: {cause}\n"
                           + "\n".join("    " + line for line in lines))

    def end_of(self, name):
        """How the domain ended: poweroff, reboot, suspend, crash, watchdog;
        destroyed if there is no such domain; None while it runs."""
        result = self.run(f"xl list -v {name}")
        if result.status:
            return "destroyed"
        # Name ID Mem VCPUs State Time(s) UUID Reason-Code Security-Label
        code = re.search(r"^\S+ .* [0-9a-f]+(?:-[0-9a-f]+){4}\s+(\S+)",
                         result.output, re.MULTILINE)
        if not code:
            raise LabError(f"no reason code in `xl list -v`: {result.output}")
        code = code.group(1)
        return None if code == "-" else _REASONS.get(int(code), code)


class Guest(Shell):
    """A domain; its console, with the shell of our initrd on it."""

    def __init__(self, dom0, name, wait):
        self.dom0 = dom0
        self.port = dom0.free_ports.pop(0)
        self.domid = int(dom0.check(f"xl domid {name}"))
        super().__init__(name, dom0.qemu.sockets[self.port],
                         _log_file(dom0.folder, name), self._gone)
        # A nested hypervisor in an emulated machine.
        self.slowness = 5 if dom0.domain_type == "shim" else 1
        try:
            self.attach()
            dom0.check(f"xl unpause {name}")
            if wait:
                self.login("guest# ", wait * self.slowness)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def complaints(self, allowed=()):
        """What the guest's kernel complains about, in its console's output."""
        return complaints(self.log_text(), allowed)

    def hypervisor_complaints(self, allowed=()):
        """What Xen, and the shim if there is one, complain about this guest."""
        text = self.dom0.hypervisor_log() + "\n"
        if self.dom0.domain_type == "shim":
            text += self.log_text()
        return hypervisor_complaints(text, self.domid, allowed)

    def stuck(self):
        """Where its vCPUs are, if dom0 answers."""
        return "".join("\n    " + line for line in self.dom0.run(
            f"/xen/bin/xenctx -C {self.domid} | grep -iE '^vcpu|ip:'; xl vcpu-list {self.name}"
        ).output.splitlines())

    def attach(self):
        """Start `xl console` on the serial port that we are at the end of."""
        self.dom0.check(f"setsid xl console {self.name} <>/dev/{self.port}"
                        f" >&0 2>&1 & echo $! >/run/{self.port}.pid")

    def detach(self):
        """Leave `xl console` by its escape key, as a user does; attach() comes
        back."""
        self.send("\x1d")
        self._console_ended()

    def _console_ended(self):
        self.dom0.check(f"while kill -0 $(cat /run/{self.port}.pid) 2>/dev/null;"
                        " do sleep 0.1; done")

    def save(self, path, checkpoint=False, timeout=120):
        """`xl save` to a file or disk in dom0. The domain is gone then, until
        restore(); with checkpoint it goes on."""
        self.drain()
        self.dom0.check(f"xl save {'-c ' * checkpoint}{self.name} {path}",
                        timeout * self.slowness)
        if not checkpoint:
            self._console_ended()

    def restore(self, path, timeout=120, config=""):
        """`xl restore` of what save() has saved, on the same console; config: with
        another configuration than the saved one."""
        # Paused until the console is attached, as create() does.
        self.dom0.check(f"xl restore -p {config} {path}", timeout * self.slowness)
        self.follow()
        self.dom0.check(f"xl unpause {self.name}")

    def migrate(self, target=None, timeout=900):
        """`xl migrate` while it runs, to another Dom0 or to its own."""
        command = self.migration(target)
        self.drain()
        self.dom0.check(command, timeout * self.slowness)
        self.follow(target)

    def migration(self, target=None):
        """The command for the dom0 it is on; the other one waits for it from now on.
        The stream goes over plain TCP: what would have been ssh is netcat."""
        if target in (None, self.dom0):
            receive = "xl migrate-receive"
        else:
            target.check(f"nc -l -p {MIGRATION_PORT} -e /xen/bin/xl migrate-receive"
                         " >/tmp/receive.log 2>&1 &")
            target.wait_for_listener(MIGRATION_PORT)
            receive = f"nc.openbsd -N {target.address} {MIGRATION_PORT}"
        return f"xl migrate -s '' {self.name} '{receive}'"

    def follow(self, dom0=None):
        """The domain is another one now, and maybe another dom0's: attach to it
        there. What it has written meanwhile comes first."""
        if dom0 and dom0 is not self.dom0:
            self._console_ended()
            self.drain()
            self.dom0.free_ports.append(self.port)
            self.dom0 = dom0
            self.port = dom0.free_ports.pop(0)
            self.plug(dom0.qemu.sockets[self.port])
        self.domid = int(self.dom0.check(f"xl domid {self.name}"))
        self.attach()

    def state(self):
        """The state letters of `xl list`, such as r, b or c, sorted, without
        the dashes; empty when just runnable; None without such a domain."""
        result = self.dom0.run(f"xl list {self.name}")
        if result.status:
            return None
        return result.output.splitlines()[-1].split()[4].replace("-", "")

    def _gone(self):
        if self.dom0.qemu.gone():
            return self.dom0.qemu.gone()
        end = self.dom0.end_of(self.name)
        if end is None:
            return None
        xen = self.hypervisor_complaints()
        if any("Dumping" in line for line in xen):
            # Xen's own words, of the shim's registers, say.
            xen = self.dom0.hypervisor_log().splitlines()[-22:]
        if end == "crash":
            # Where it was: the registers, into dom0's log and the message.
            xen += self.dom0.run(
                f"/xen/bin/xenctx {self.domid} 0").output.splitlines()[:8]
        return f"the domain has ended ({end})" + "".join(
            "\n    " + line for line in xen[-30:])

    def total_output(self):
        """How many bytes the domain has written to its console, once it has
        ended: xenconsoled's log has them all before they all got here."""
        count, last = -1, None
        while count != last:
            last = count
            count = int(self.dom0.check(
                f"usleep 100000; wc -c <{CONSOLE_LOG.format(self.name)}"))
        return count

    def wait_for_end(self, timeout=60):
        """Wait until the domain ends; see Dom0.end_of() for what is returned."""
        end = time.monotonic() + timeout * self.slowness * SCALE
        while True:
            self.drain()
            reason = self.dom0.end_of(self.name)
            if reason:
                total = self.total_output()
                patience = time.monotonic() + 10 * SCALE
                while self.received < total and time.monotonic() < patience:
                    self.drain()
                return reason
            if time.monotonic() >= end:
                raise LabTimeout(self.explain(
                    "the domain's end", f"still running after {timeout} s") + self.stuck())

    def destroy(self):
        """End it, whatever it does."""
        self.dom0.run(f"xl destroy {self.name}")

    def close(self):
        """Destroy the domain and give its console's port back."""
        if self.port in self.dom0.free_ports:
            return
        self.drain()
        try:
            self.destroy()
            self.dom0.run(f"kill $(cat /run/{self.port}.pid) 2>/dev/null")
        except LabError as error:
            # Nothing more to be destroyed, and the caller's error says more.
            self.note(str(error))
        self.drain()
        self.dom0.free_ports.append(self.port)
        # The socket is dom0's machine's, and the next guest's.
        self.close_log()


class Native(Shell):
    """A native i386 kernel (bzImage) with the guest's initrd on bare QEMU: the
    reference for what programs ought to do. wait, mended: as for a Dom0's."""

    def __init__(self, kernel, initrd=None, cmdline="", memory=128, vcpus=1,
                 icount=False, log=None, name="native", wait=90, mended=False):
        kernel = _existing(kernel, "scripts/kernel --native-same")
        initrd = _existing(initrd or INITRD, "scripts/lab-guest-initrd")
        self.qemu = Qemu([
            "-smp", str(vcpus), "-m", str(memory), "-cpu", CPU,
            "-kernel", "kernel", "-initrd", "initrd",
            "-append", f"console=ttyS0 {cmdline}".strip(),
            "-serial", "chardev:console",
        ], ("console",), {"kernel": kernel, "initrd": initrd}, icount=icount,
            built=_mended_qemu() if mended else None)
        try:
            super().__init__(name, self.qemu.sockets["console"],
                             _log_file(log, name), self.qemu.gone)
            if wait:
                self.login("guest# ", wait)
        except BaseException:
            self.qemu.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def stuck(self):
        """Where the CPUs are."""
        return "\n" + look(self.qemu, self.log.with_name("stuck.txt"))

    def wait_for_end(self, timeout=60):
        """Wait until the machine is off: poweroff or reboot."""
        reason = self.qemu.why_gone(timeout * SCALE)
        if reason is None:
            raise LabTimeout(self.explain(
                "the machine's end", f"still running after {timeout} s") + self.stuck())
        self.drain()
        return {"guest-shutdown": "poweroff",
                "guest-reset": "reboot"}.get(reason, reason)

    def close(self):
        """Switch it off."""
        self.drain()
        self.qemu.close()
        super().close()
