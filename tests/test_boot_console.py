# SPDX-License-Identifier: GPL-2.0
"""What is typed arrives, and the terminal is one: a person sits there."""

import hashlib
import re

import pytest

pytestmark = pytest.mark.boot

PROMPT = r"\nguest# "
# After a key that ended something it may stand behind its echo, as ^C.
KEY_PROMPT = "guest# "


@pytest.fixture
def person(lab, guest):
    """The guest's console with echo and prompt."""
    greeting = guest.greeting
    guest.handover()
    yield guest
    guest.send("\n")
    guest.login("guest# ", 30)
    lab.prepare(guest)
    guest.greeting = greeting


def type_line(person, line, timeout=30):
    """Type it, and what came between its echo and the next prompt."""
    person.send(line + "\n")
    person.expect(PROMPT, timeout)
    return person.before


def test_special_characters(person):
    shown = r"""a'b"c\d`e$f g&h|i;j<k>l*m?n[o]p{q}r~s!t#u%v^w(x)y=z+-_,./:@0"""
    # Given in two halves, for the echo not to be taken for the answer.
    half = len(shown) // 2
    quoted = ["'" + part.replace("'", "'\\''") + "'" for part in (shown[:half], shown[half:])]
    output = type_line(person, f"printf '<%s%s>\\n' {quoted[0]} {quoted[1]}")
    assert f"\n<{shown}>" in output


def test_long_line(person):
    """Nearly as much as the shell's line editor takes."""
    text = "".join(chr(ord("a") + n * n % 26) for n in range(900))
    output = type_line(person, f"echo {text} | md5sum")
    assert hashlib.md5(text.encode() + b"\n").hexdigest() in output


def test_more_than_the_ring_holds(person):
    """The ring to the guest has 1,024 bytes, a terminal's line 4,095."""
    text = "".join(chr(ord("a") + n * n % 26) for n in range(4000))
    person.send("md5sum\n")
    person.expect("md5sum\r?\n")
    person.send(text + "\n\x04")
    person.expect(PROMPT, 60)
    assert hashlib.md5(text.encode() + b"\n").hexdigest() in person.before


@pytest.fixture
def start(person):
    """Start a command that keeps the terminal. What is typed before it is
    there may still be the line editor's."""

    def start(command):
        person.send(f"sh -c 'echo sta\"\"rted; exec {command}'\n")
        person.expect("\nstarted\r?\n")

    return start


def test_ctrl_c(person, start):
    start("sleep 1000")
    person.send("\x03")
    person.expect(KEY_PROMPT, 10)
    assert re.search(r"^status 130\r?$", type_line(person, "echo status $?"), re.M)


def test_job_control(person, start):
    """cat answers when it is in the foreground, and only then."""

    def answers(word):
        person.send(f"{word}\n")
        person.expect(f"{word}\r?\n{word}\r?\n", 10)

    start("cat")
    answers("first")
    person.send("\x1a")
    person.expect(KEY_PROMPT, 10)
    assert "Stopped" in type_line(person, "jobs")
    person.send("fg\n")
    person.expect("exec cat.*\n", 10)
    answers("second")
    person.send("\x03")
    person.expect(KEY_PROMPT, 10)
    assert "Stopped" not in type_line(person, "jobs")


def test_background_job(person):
    """It runs on while the shell takes commands, and may not read."""
    type_line(person, "sleep 1000 &")
    assert "Running" in type_line(person, "jobs")
    type_line(person, "kill %1; wait")
    assert "Running" not in type_line(person, "jobs")
    type_line(person, "cat &")
    assert "Stopped (tty input)" in type_line(
        person, "until jobs | grep Stopped; do usleep 100000; done"
    )
    type_line(person, "kill -9 %1; wait")


@pytest.mark.parametrize("lab, last", [
    ("pv32", 4000), ("shim", 1000), pytest.param("shim", 4000, marks=pytest.mark.long)],
    indirect=["lab"])
def test_much_output(guest, last):
    """Far more than the ring from the guest, 2,048 bytes, holds."""
    numbers = guest.check(f"seq 1 {last}", 60).splitlines()
    assert numbers == [str(n) for n in range(1, last + 1)]
