"""The terminal as a person has it: keys of the keyboard and bytes of the serial line, seen on screen and line alike."""
import re
import time

import pytest

from tools.machine.errors import seconds

pytestmark = pytest.mark.chapters("09")

PROMPT = r"^/# $"
# The echo of a line tells nothing about its command: the shell's line editor may still have the terminal.
CAT, CAT_READS = "echo now; cat\r", r"cat\nnow\n$"
KEYS = {"\r": "ret", "\x7f": "backspace", "\x03": "ctrl-c", "\x04": "ctrl-d", "\x11": "ctrl-q", "\x13": "ctrl-s",
        "\x15": "ctrl-u", "\x17": "ctrl-w", "\x1a": "ctrl-z", "\x1c": "ctrl-backslash",
        "\t": "tab", "\x1b[A": "up", "\x1b[D": "left"}


def sender(machine, way: str):
    """A function that types a text, by serial line or keyboard."""
    if way == "serial":
        return machine.serial.send
    parts = re.compile("|".join([*map(re.escape, KEYS), "."]))
    return lambda text: machine.keys([KEYS.get(part, part) for part in parts.findall(text)])


@pytest.fixture(params=["serial", "keyboard"])
def type_text(machine, request):
    """Types at the shell's prompt, on one of the two ways in."""
    machine.serial.expect(PROMPT)
    return sender(machine, request.param)


def screen_lines(machine, condition) -> list[str]:
    """The screen's lines with text, once they meet the condition."""
    deadline = time.monotonic() + seconds(10)
    while True:
        lines = [line.rstrip() for line in machine.screen_text().splitlines() if line.strip()]
        if condition(lines) or time.monotonic() > deadline:
            return lines


# A command that says when it has begun: what is typed earlier is for the shell.
SLEEP = "sh -c 'echo begun; exec sleep 100'"

EDITS = {"hello\r": "hello", "helx\x7flo\r": "hello", "nothing\x15hello\r": "hello", "hello wor ld\x17\x17\r": "hello "}


def test_edit(machine, type_text):
    """A program that reads lines gets what is left after editing; line and screen show just that."""
    for keys, line in EDITS.items():
        type_text(CAT)
        machine.serial.expect(CAT_READS)
        type_text(keys)
        machine.serial.expect(rf"^{line}\n$")
        type_text("\x04")
        machine.serial.expect(PROMPT)
        shown = screen_lines(machine, lambda lines: lines[-1] == "/#")
        assert shown[-4:] == ["now", line.rstrip(), line.rstrip(), "/#"]


def test_type_ahead(machine):
    """What is typed before the program is there that reads it gets to it as lines, with their end."""
    machine.serial.expect(PROMPT)
    machine.serial.send("cat\rone\rtwx\x7fo\r\x04echo three\r")
    # The echo of what comes late may stand before a line of cat's; that of "two" has its erased letter in it.
    machine.serial.expect(r"^one\n(?s:.*)two\n(?s:.*)^three\n/# $")


def test_interrupt(machine, type_text):
    """Ctrl-C ends a command, and Ctrl-\\ too; the next one works."""
    for key, shown, status in (("\x03", "^C", 130), ("\x1c", "^\\\\", 131)):
        type_text(SLEEP + "\r")
        machine.serial.expect(r"^begun\n")
        type_text(key)
        machine.serial.expect(re.escape(shown[:2]))
        machine.serial.expect(PROMPT)
        type_text("echo $?\r")
        machine.serial.expect(rf"^{status}\n/# $")


@pytest.mark.chapters("10")
def test_suspend(machine, type_text):
    """Ctrl-Z stops a command, fg lets it go on; one in the background is stopped when it wants to read."""
    type_text(SLEEP + "\r")
    machine.serial.expect(r"^begun\n")
    type_text("\x1a")
    machine.serial.expect(r"\^Z")
    machine.serial.expect(rf"Stopped +{re.escape(SLEEP)}\n/# $")
    type_text("fg\r")
    machine.serial.expect(rf"^{re.escape(SLEEP)}\n$")
    machine.wait_halted()       # then the terminal is the job's, and the shell waits
    type_text("\x03")
    machine.serial.expect(PROMPT)
    type_text("cat &\r")
    machine.serial.expect(PROMPT)
    state = "Running"
    while state == "Running":
        type_text("jobs\r")
        state = machine.serial.expect(r"(\w+) +cat\n/# $")[1]
    assert state == "Stopped"


def test_flow_control(machine, type_text):
    """Ctrl-S stops what a command writes, Ctrl-Q lets it go on; nothing is lost."""
    type_text(CAT)
    machine.serial.expect(CAT_READS)
    type_text("\x13one\r")
    machine.serial.expect(r"one\n$")        # the echo alone
    machine.wait_halted()       # cat has read the line, and waits to write it
    assert machine.serial.text().count("one\n") == 1
    type_text("\x11")
    machine.serial.expect(r"^one\n$")
    type_text("\x04")
    machine.serial.expect(PROMPT)


def test_literal(machine):
    """Behind Ctrl-V a key is text, whatever else it does."""
    machine.serial.expect(PROMPT)
    machine.serial.send(CAT)
    machine.serial.expect(CAT_READS)
    machine.serial.send("x\x16")
    machine.serial.expect(r"^x")
    machine.serial.send("\x13")     # alone, as a key comes
    machine.serial.expect(r"\^S$")
    machine.serial.send("y\r")
    machine.serial.expect("^x\x13y\n$")


def test_cursor_request(machine):
    """The screen answers where its cursor is. The line does not see the request: its terminal would answer, too."""
    machine.serial.expect(PROMPT)
    machine.serial.send(CAT)
    machine.serial.expect(CAT_READS)
    machine.serial.send("a\x1b[6nb\r")
    machine.serial.expect(r"a\^\[\[6nb\n")
    machine.serial.expect(r"^a\^\[\[\d+;2Rb\n$")
    assert "\x1b[6n" not in machine.serial.text()


def test_long_output(machine):
    """A hundred kilobytes go over the line without a byte lost or a line feed without its return; the screen ends
    with the same lines."""
    machine.serial.expect(PROMPT)
    row = "".join(chr(ord("!") + n) for n in range(78))
    machine.serial.send("cat >/tmp/a\r")
    machine.serial.expect(r"cat >/tmp/a\n$")
    for n in range(8):
        machine.serial.send(f"{n}{row}\r")
        machine.serial.expect(rf"^{n}{re.escape(row)}\n$")
    machine.serial.send("\x04")
    machine.serial.expect(PROMPT)
    for name, parts in (("b", "/tmp/a " * 16), ("c", "/tmp/b " * 10)):
        machine.serial.send(f"cat {parts}>/tmp/{name}\r")
        machine.serial.expect(PROMPT)
    start = len(machine.serial.text())
    machine.serial.send("cat /tmp/c; echo the end\r")
    end = machine.serial.expect(r"^the end\n/# $", 60).start()
    text = machine.serial.text()[start:end]
    expected = "".join(f"{n}{row}\n" for n in range(8)) * 160
    assert text[text.index("\n") + 1:] == expected
    lines = screen_lines(machine, lambda lines: lines[-1] == "/#")
    assert lines[-10:-2] == [f"{n}{row}" for n in range(8)]


def test_bochs(boot):
    """In Bochs, whose transmitter takes as long as a real one, long output arrives whole."""
    machine = boot.bochs()
    machine.serial.expect(PROMPT)
    machine.serial.send("cat /proc/meminfo /proc/meminfo /proc/meminfo /proc/meminfo; echo the end\r")
    end = machine.serial.expect(r"^the end\n/# $", 60).start()
    text = machine.serial.text()[:end]
    names = re.findall(r"^(\w+): +\d+ kB$", text, re.MULTILINE)
    assert len(names) >= 8 and len(names) % 4 == 0
    assert names[:len(names) // 4] * 4 == names
