"""Programs in user mode as a person meets them, on the console."""
import os
import pathlib
import re
import time

import pytest

from tools.machine import Qemu

HERE = pathlib.Path(__file__).resolve().parent
SCALE = float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
PROMPT = r"(?m)^/# \Z"

pytestmark = pytest.mark.chapters("10")


def test_fork_bomb(machine) -> None:
    """A fork bomb ends by Ctrl-C, whatever it has grown to, and the next command runs."""
    machine.serial.expect(PROMPT)
    machine.serial.send("f() { f | f; }; f\r")
    machine.serial.expect("Cannot fork", 60 * SCALE)
    machine.serial.send("\x03")
    machine.serial.expect(r"(?m)^/# ", 60 * SCALE)      # one that is just writing may do so behind it
    shells = 0
    deadline = time.monotonic() + 30 * SCALE
    while shells != 1:      # the last ones end when it is their turn
        machine.serial.send("echo al''ive; ps\r")
        machine.serial.expect("alive", 30 * SCALE)
        listing = machine.serial.expect(r"(?s)PID.*?\n/# ", 30 * SCALE).group()
        shells = len(re.findall(r" /bin/sh|\bf\b", listing))
        assert time.monotonic() < deadline, listing


def test_shell_starts_again(machine) -> None:
    """When the shell on the console ends or is killed, init starts another one."""
    for end in ("exit", "kill -9 $$", "exec /bin/false"):
        machine.serial.expect(PROMPT, 30 * SCALE)
        machine.serial.send(f"{end}\r")
    machine.serial.expect(PROMPT, 30 * SCALE)
    machine.serial.send("echo $((6 * 7))\r")
    machine.serial.expect(r"(?m)^42\s*$", 30 * SCALE)


@pytest.mark.parametrize("path, reason", [("/bin/none", "No such file or directory"), ("/etc", "Permission denied")])
def test_no_init(boot, path: str, reason: str) -> None:
    """Without a first program the kernel says which one is missing, and why."""
    machine = boot(cmdline=f"init={path}", panics=True)
    machine.serial.expect(re.escape(f"panic: init: {path}: {reason}"), 30 * SCALE)


def test_random_calls(builder, chapter, pytestconfig) -> None:
    """random.c from the shell, with this session's seed; RUNG_RANDOM_CALLS says how many (ten million in make soak)."""
    count = int(os.environ.get("RUNG_RANDOM_CALLS", "20000"))
    build = builder.build(chapter, USER_TESTS=HERE)
    with Qemu(build.image, symbols=build.kernel) as machine:
        machine.serial.fail = re.compile(r"^panic: ", re.MULTILINE)
        machine.serial.expect(PROMPT, 30 * SCALE)
        machine.serial.send(f"/test/random {count} {pytestconfig.getoption('--seed') + 1000}\r")
        machine.serial.expect(r"(?m)^ok random_calls\s*$", (60 + count / 2000) * SCALE)
        machine.serial.expect(PROMPT, 30 * SCALE)


def test_missing_calls(builder, chapter) -> None:
    """With the option `missing` a call that there isn't is named on the console, with who wanted it."""
    build = builder.build(chapter, USER_TESTS=HERE)
    for option, said in (("missing", True), ("nothing", False)):
        with Qemu(build.image, cmdline=f"init=/test/hostile {option}", symbols=build.kernel) as machine:
            machine.serial.expect(r"(?m)^ok numbers\s*$", 120 * SCALE)
            text = machine.serial.text()
            named = re.search(r"missing: system call 435 \(clone3\), wanted by process \d+ \(hostile\)", text)
            assert (named is not None) == said
            assert ("system call 512 (?)" in text) == said
