"""Chapter 6's prompt: editing a line, the same on the serial port and on the screen; time as the prompt tells it."""
import re
import time

import pytest

from tools.machine.errors import seconds

pytestmark = pytest.mark.chapters("06", "06")   # later chapters have another prompt

LINE_MAX = 71


@pytest.fixture(params=["serial", "keyboard"])
def type_text(machine, request):
    """Types at the prompt, on one of the two ways in."""
    machine.serial.expect("^> ")
    if request.param == "serial":
        return lambda text: machine.serial.send(text)
    names = {"\r": "ret", "\x7f": "backspace", "\x15": "ctrl-u", "\x03": "ctrl-c", "\x1b[D": "left", "\x1b[A": "up"}
    parts = re.compile("|".join([*map(re.escape, names), "."]))
    return lambda text: machine.keys([names.get(part, part) for part in parts.findall(text)])


def last_lines(machine) -> list[str]:
    """The screen from the last prompt with a line on, once there is an empty prompt below it."""
    deadline = time.monotonic() + seconds(10)       # the screen gets each piece after the serial port
    while True:
        lines = [line for line in machine.screen_text().splitlines() if line]
        if lines[-1] == ">" or time.monotonic() > deadline:
            return lines[max(i for i, line in enumerate(lines) if line.startswith("> ")):]


EDITS = [
    ("plain", "help me\r", "help me"),
    ("backspace", "helx\x7fp mexx\x7f\x7f\r", "help me"),
    ("backspace at the start", "\x7f\x7fhelp me\r", "help me"),
    ("backspace to the start", "abc\x7f\x7f\x7f\x7fhelp me\r", "help me"),
    ("start again", "panic\x15help me\r", "help me"),
    ("another line", "panic\x03help me\r", "help me"),
    ("arrows", "he\x1b[Dlp\x1b[A me\r", "help me"),
    ("too long", "help " + "x" * 100 + "\r", "help " + "x" * (LINE_MAX - 5)),
]


@pytest.mark.parametrize("keys, line", [edit[1:] for edit in EDITS], ids=[edit[0] for edit in EDITS])
def test_edit(machine, type_text, keys, line):
    """What is typed is echoed and edited; the screen shows the line as it ends up being."""
    type_text(keys)
    machine.serial.expect(r"^  overflow .*\n> $")       # the last word of the list
    shown = last_lines(machine)
    assert shown[-1] == ">"
    assert shown[0] == f"> {line}"
    assert f"\n{line}? These are the words:\n" in machine.serial.text()
    if "\x03" in keys:
        assert "> panic^C\n" in machine.serial.text()


def test_echo_erases(machine):
    """A backspace takes the character off a terminal too: back, blank, back."""
    machine.serial.expect("^> ")
    machine.serial.send("ab\x7f")
    machine.serial.expect("ab\b \b$")


def test_sleep(boot):
    """A second's sleep takes a second by the kernel's clock, and a thousand ticks."""
    machine = boot(icount=True)     # where no busy host makes ticks late
    machine.serial.send("sleep\r")
    first = machine.serial.expect(r"^up (\d+)\.(\d{6}) s, (\d+) ticks$")
    second = machine.serial.expect(r"^up (\d+)\.(\d{6}) s, (\d+) ticks$")
    assert 1_000_000 <= int(second[1] + second[2]) - int(first[1] + first[2]) <= 1_002_000
    assert 999 <= int(second[3]) - int(first[3]) <= 1003


def frequency(machine) -> float:
    """What the kernel takes the time stamp counter's frequency for, in MHz."""
    return float(machine.serial.expect(r"^tsc: (\d+\.\d{3}) MHz$")[1])


def test_calibration_stalls(boot):
    """When the PIT's counter runs out during the measurement, twice, it is measured again and none the worse."""
    expected = frequency(boot(ready=False))
    machine = boot(ready=False, gdb=True, stopped=True)
    gdb = machine.gdb()
    for function in ("clock_init", "clock_idle"):       # a while before each look at the counter
        gdb.run_to(machine.symbols.address(function))
        for port, value in ((0x43, 0xB0), (0x42, 1), (0x42, 0)):
            machine.monitor(f"o /b {port:#x} {value:#x}")
    gdb.resume()
    assert 0.9 * expected <= frequency(machine) <= 1.1 * expected


def test_calibration(boot):
    """The time stamp counter's frequency is measured to one percent: under icount it is 1 GHz."""
    machine = boot(icount=True, ready=False)
    assert 990 <= frequency(machine) <= 1010
