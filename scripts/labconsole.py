# SPDX-License-Identifier: GPL-2.0
"""A console of a virtual machine, and a shell at its other end.

A Console logs all it reads to a file, and says in its errors what was being
waited for and what came last. A Shell runs commands there: echo and prompt are
switched off, and each command ends with a marker line of its own that carries
the exit status, so nothing depends on timing or on what a command prints.
"""

import base64
import os
import re
import select
import time
from collections import namedtuple

import pexpect
from pexpect.spawnbase import SpawnBase

# Time limits are for an idle machine of two cores without KVM.
SCALE = float(os.environ.get("LAB_TIMEOUT_SCALE", "1"))

Result = namedtuple("Result", "status output")

# The exit status that ends the loop of Shell.login().
LEAVE = 99

# A line sent to a terminal in canonical mode must stay below 4096 bytes, and
# busybox's line editor takes fewer.
CHUNK = 700


class LabError(Exception):
    """Something did not happen; the message says what and shows the console."""


class LabTimeout(LabError):
    """It did not happen within its time limit."""


class _Log:
    """A log file without carriage returns, complete at any moment."""

    def __init__(self, path):
        self._file = open(path, "a", encoding="utf-8")

    def write(self, text):
        self._file.write(text.replace("\r", ""))

    def flush(self):
        self._file.flush()

    def close(self):
        self._file.close()


class _Spawn(SpawnBase):
    """pexpect on a socket, counting what has come."""

    def __init__(self, sock):
        super().__init__(encoding="utf-8", codec_errors="replace",
                         searchwindowsize=4096)
        self.sock = sock
        self.received = 0

    def recv(self, size):
        """The next bytes; empty at the end."""
        try:
            data = self.sock.recv(size)
        except ConnectionError:
            data = b""
        self.received += len(data)
        return data

    def read_nonblocking(self, size=1, timeout=None):
        """What pexpect's expect() reads by."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        if not poll.poll(max(0, timeout or 0) * 1000):
            raise pexpect.TIMEOUT("")
        data = self.recv(size)
        if not data:
            self.flag_eof = True
            raise pexpect.EOF("")
        text = self._decoder.decode(data, final=False)
        self._log(text, "read")
        return text


class Console:
    """What comes out of `sock` and what goes in.

    `alive` is asked while waiting, a few times a minute: it returns None, or
    one line that says why there is nothing left to wait for.
    """

    def __init__(self, name, sock, log, alive=None):
        self.name = name
        self.log = log
        self._alive = alive or (lambda: None)
        self._logfile = _Log(log)
        self._child = _Spawn(sock)
        self._child.logfile_read = self._logfile

    def plug(self, sock):
        """The console is at another socket from now on."""
        self._child.sock = sock

    def fileno(self):
        """For select()."""
        return self._child.sock.fileno()

    def send(self, text):
        """Type `text`; a line needs its newline."""
        self.send_bytes(text.encode())

    def send_bytes(self, data):
        """Type bytes."""
        try:
            self._child.sock.sendall(data)
        except OSError:
            raise LabError(self.explain(
                "somebody to type to", self._alive() or "the machine is gone")) from None

    def receive(self):
        """What is there to be read, as bytes, for a terminal; logged as well.
        Empty at the end."""
        data = self._child.recv(65536)
        self._logfile.write(data.decode(errors="replace"))
        self._logfile.flush()
        return data

    @property
    def received(self):
        """How many bytes have come."""
        return self._child.received

    def log_text(self):
        """All that came out so far."""
        self.drain()
        return self.log.read_text(errors="replace")

    def note(self, text):
        """A line of the driver's own, into the log."""
        self._logfile.write(f"\n[lab] {text}\n")
        self._logfile.flush()

    def expect(self, pattern, timeout=30, what=None):
        """Wait for the regular expression `pattern`; return the match. What
        came before it is in `self.before`."""
        what = what or f"/{pattern}/"
        end = time.monotonic() + timeout * SCALE
        while True:
            slice_ = min(5, max(0, end - time.monotonic()))
            try:
                self._child.expect(pattern, timeout=slice_)
                return self._child.match
            except pexpect.TIMEOUT:
                gone = self._alive()
                if gone:
                    # What it said last may still be on its way.
                    if self._expect_now(pattern):
                        return self._child.match
                    raise LabError(self.explain(what, gone)) from None
                if time.monotonic() >= end:
                    raise LabTimeout(self.explain(
                        what, f"nothing of it within {timeout * SCALE:.0f} s"
                        " (LAB_TIMEOUT_SCALE=2 doubles the limits)") + self.stuck()) from None
            except (pexpect.EOF, OSError):
                raise LabError(self.explain(
                    what, self._alive() or "the machine is gone")) from None

    def _expect_now(self, pattern):
        try:
            self._child.expect(pattern, timeout=0.5)
        except (pexpect.TIMEOUT, pexpect.EOF, OSError):
            return False
        return True

    @property
    def before(self):
        """The text before the last match, lines ended by newline alone."""
        return self._child.before.replace("\r", "")

    def drain(self):
        """Put into the log what has arrived meanwhile."""
        self._expect_now(r"(?!)")

    def tail(self, lines=15):
        """The last lines of the log."""
        text = self.log.read_text(errors="replace")
        return "\n".join("    " + line for line in text.splitlines()[-lines:])

    def explain(self, what, cause):
        """An error message: cause, what was waited for, what came last."""
        return (f"{self.name}: {cause}, while waiting for {what};"
                f" last lines of {self.log}:\n{self.tail()}")

    def stuck(self):
        """What can be said of a machine that does not answer, as more lines of the
        error message."""
        return ""

    def close_log(self):
        """Nothing more to be logged."""
        self._child.logfile_read = None
        self._logfile.close()

    def close(self):
        """Done with it."""
        self.close_log()
        self._child.sock.close()


class Shell(Console):
    """A Console with a POSIX shell on it."""

    #: multiplies the time limit of every command: slow kinds of machines
    slowness = 1

    def login(self, prompt, timeout):
        """Wait for the prompt; from then on run() can be used."""
        self._marks = 0
        self.prompt = prompt
        self.expect(re.escape(prompt), timeout, f"the prompt {prompt!r}")
        lines = re.findall(r"^Linux .*", self.before, re.MULTILINE)
        #: what /init says when the machine is up: its uname -a
        self.greeting = lines[-1] if lines else ""
        # Commands are read by a shell that is not interactive: without echo,
        # busybox's interactive one takes the end of a background job for the
        # end of its input. A syntax error or an exit ends it, so there is a
        # loop around it, and the status goes on to the next one.
        # Of the kernel's messages, warnings and worse still come through.
        self._line("stty -echo; dmesg -n 5 2>/dev/null; unset _died; while :; do"
                   f" sh /dev/tty; _died=$?; [ $_died != {LEAVE} ] || break;"
                   " export _died; done")
        self._marker(30, "the shell's first answer")

    def handover(self, setup=":"):
        """Undo login: echo and prompt are back, for a person to go on."""
        for line in f"exit {LEAVE}", f"{setup}; stty echo":
            self._line(line)
            self.expect(re.escape(self.prompt), 10, "the prompt")

    def _line(self, text):
        self.send(text + "\n")

    def _marker(self, timeout, what):
        self._marks += 1
        mark = f"{os.getpid()}.{self._marks}"
        self._line(f"printf '\\n<%s=%d>\\n' {mark} ${{_died-$?}}; unset _died")
        return self.expect(r"\r?\n<" + re.escape(mark) + r"=(\d+)>\r?\n",
                           timeout * self.slowness, what)

    def run(self, command, timeout=30):
        """Run shell text (one line or many) with standard input from
        /dev/null; return Result(status, output). Variables and the working
        directory last until a command says `exit`, or has a syntax error."""
        self.note(f"$ {command}")
        # Encoded, so that quotes and newlines, and syntax errors, cannot get
        # between the command and its marker.
        code = base64.b64encode(command.encode()).decode()
        if len(code) <= CHUNK:
            text = f"echo {code}"
        else:
            self._line("_c=")
            for start in range(0, len(code), CHUNK):
                self._line(f'_c="$_c {code[start:start + CHUNK]}"')
            text = "printf '%s\\n' $_c"
        self._line(f'eval "$({text} | base64 -d)" </dev/null')
        match = self._marker(timeout, f"the end of `{command}`")
        return Result(int(match.group(1)), self.before.strip("\n"))

    def check(self, command, timeout=30):
        """run(), and an error unless the exit status is 0; return the output."""
        result = self.run(command, timeout)
        if result.status:
            raise LabError(f"{self.name}: `{command}` ended with status"
                           f" {result.status}: {result.output[-2000:]}")
        return result.output

    def read(self, path):
        """The contents of a file."""
        return self.check(f"cat '{path}'")

    def start(self, command, file):
        """Start a command that goes on while others run. What it says is in FILE.out."""
        self.check(f"({command}) >{file}.out 2>&1 & echo $! >{file}.pid")

    def check_runs(self, *files):
        """What start() has started has not ended, none of it. One command for all:
        a machine at work takes a second for each."""
        self.check(" && ".join(
            f"{{ kill -0 $(cat {file}.pid) || {{ cat {file}.out; false; }}; }}"
            for file in files), 60 * len(files))

    def outcome(self, file, timeout=30):
        """Wait for the end of what start() has started; what it said."""
        self.wait_until(f"! kill -0 $(cat {file}.pid) 2>/dev/null", timeout)
        return self.check(f"cat {file}.out")

    def wait_for_listener(self, port, protocol="tcp"):
        """Wait until somebody takes what comes to that port. Debian has no netstat."""
        state = {"tcp": "0A", "udp": "07"}[protocol]
        self.wait_until(f"grep -Eqs ':{port:04X} 0+:0000 {state}'"
                        f" /proc/net/{protocol} /proc/net/{protocol}6")

    def wait_until(self, condition, timeout=30):
        """Wait until a command succeeds; an error if it never does in that time."""
        result = self.run(
            f"n=0; until {condition}; do n=$((n + 1)); [ $n -lt {int(timeout * SCALE * 10)} ] ||"
            " exit 1; sleep 0.1; done", timeout * SCALE * 2 + 10)
        if result.status:
            raise LabError(f"{self.name}: within {timeout} s never: {condition}")
