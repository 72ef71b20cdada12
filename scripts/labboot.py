# SPDX-License-Identifier: GPL-2.0
"""scripts/boot: a guest, with the terminal connected to its console."""

import os
import select
import shlex
import sys
import termios
import time
import tty

import labdebian
import stack
from labcommand import Parser, clean_up_when_ended, whole_number
from xenlab import HYPERVISORS, KERNEL, CreateError, Dom0, LabError

ESCAPE = b"\x1d"    # Ctrl-]
NAME = "guest"


def say(text):
    """Progress goes to stderr: in a pipe, stdout is the guest's."""
    print(f"boot: {text}", file=sys.stderr, flush=True)


def _arguments():
    parser = Parser("boot")
    parser.add_argument("--hv", default="pv32", choices=HYPERVISORS)
    parser.add_argument("--kernel", default=KERNEL)
    parser.add_argument("--root", choices=["debian"])
    parser.add_argument("--loader", default="xl", choices=labdebian.LOADERS)
    parser.add_argument("--memory", type=whole_number(16))
    parser.add_argument("--vcpus", type=whole_number(1), default=1)
    parser.add_argument("--cmdline", default="")
    args = parser.parse_args()
    if not os.path.isfile(args.kernel):
        raise LabError(f"no kernel {args.kernel}; run make kernel"
                       if args.kernel == KERNEL else f"no kernel {args.kernel}")
    if args.loader != "xl" and not args.root:
        raise LabError(f"--loader {args.loader} needs a disk; add --root debian")
    if args.root and labdebian.missing():
        raise LabError(labdebian.missing())
    args.memory = args.memory or (labdebian.MEMORY if args.root else 128)
    return args


class Relay:
    """Between standard input and output and a guest's console."""

    def __init__(self, dom0, guest):
        self.dom0 = dom0
        self.guest = guest
        self.raw = sys.stdout.isatty()
        self.input = sys.stdin.fileno()
        self.pending = b""

    def show(self):
        """Pass on what the guest says; False at the end."""
        data = self.guest.receive()
        sys.stdout.buffer.write(data if self.raw else data.replace(b"\r", b""))
        sys.stdout.buffer.flush()
        return bool(data)

    def take(self, interactive):
        """Take input; False when the user leaves."""
        data = os.read(self.input, 4096)
        if interactive and ESCAPE in data:
            return False
        if not data:
            # The end of a pipe: of what reads in the guest, then of the shell
            # (a new one follows), and of the guest.
            self.input = None
            data = b"\n\x04\x04poweroff\n"
        self.pending += data
        return True

    def run(self, interactive):
        """Until the user leaves (False) or the guest ends (True)."""
        # The xl that watches over the domain writes this line; dom0's shell
        # has nothing else to say until then. In the background, so that it
        # hears of a user who leaves before.
        self.dom0.send("(until grep -q 'has shut down' "
                       f"/var/log/xen/xl-{NAME}.log; do usleep 200000; done;"
                       " echo; echo ended) </dev/null &\n")
        while True:
            inputs = [self.guest, self.dom0]
            if self.input is not None:
                inputs.append(self.input)
            readable, writable, _ = select.select(
                inputs, [self.guest] if self.pending else [], [])
            if self.guest in readable and not self.show():
                return True
            if self.input in readable and not self.take(interactive):
                return False
            if self.guest in writable:
                # In small pieces, so that this never blocks.
                self.guest.send_bytes(self.pending[:64])
                self.pending = self.pending[64:]
            if self.dom0 in readable:
                self.dom0.expect("ended", 10)
                self.finish()
                return True

    def finish(self):
        """Show what the guest said last."""
        total = self.guest.total_output()
        while (self.guest.received < total
               and select.select([self.guest], [], [], 10)[0] and self.show()):
            pass


def _interact(dom0, guest):
    relay = Relay(dom0, guest)
    if not sys.stdin.isatty():
        return relay.run(False)
    size = os.get_terminal_size(sys.stdin.fileno())
    term = shlex.quote(os.environ.get("TERM", "linux"))
    guest.handover(f"stty rows {size.lines} cols {size.columns}; export TERM={term}")
    print(guest.prompt, end="", flush=True)
    saved = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        return relay.run(True)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)
        print(flush=True)


def _files(args):
    files = {"/guest/kernel": args.kernel}
    return {**labdebian.FILES, **files} if args.root else files


def _create(dom0, args):
    settings = {"memory": args.memory, "vcpus": args.vcpus, "cmdline": args.cmdline}
    if not args.root:
        return dom0.create(NAME, **settings)
    return labdebian.create(dom0, NAME, args.loader, **settings)


def main():
    """Exit status 0, unless something failed or the guest crashed."""
    args = _arguments()
    clean_up_when_ended()
    logs = stack.tree_build() / "results" / "boot"
    start = time.monotonic()

    def after():
        return f"after {time.monotonic() - start:.0f} s"

    say(f"starting Xen ({args.hv})")
    # 768: dom0, Xen, the shim, and what they need for a guest of any size.
    with Dom0(args.hv, files=_files(args), log=logs, snapshot=True,
              disks=[labdebian.IMAGE] if args.root else (),
              memory=max(2048, args.memory + 768)) as dom0:
        say(f"dom0 is up {after()}, starting the guest")
        with _create(dom0, args) as guest:
            say(f"the guest is up {after()}; Ctrl-] or poweroff leaves it")
            if args.root:
                say("nothing of what is written to its disk is kept")
            print(guest.greeting, flush=True)
            if not _interact(dom0, guest):
                return 0
            reason = guest.wait_for_end()
    say(f"the guest has ended: {reason}")
    if reason in ("crash", "watchdog"):
        raise LabError(f"the guest crashed; see {os.path.relpath(guest.log)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CreateError as error:
        REMEDY = ("; use --hv pv32 or --hv shim"
                  if "not supported by xen" in error.cause else "")
        sys.exit(f"boot: error: the domain builder refuses: {error.cause}{REMEDY}")
    except LabError as error:
        sys.exit(f"boot: error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
