"""Programs of tests in user mode, linked with the chapter's own libc: tests/user/NAME.c becomes /test/NAME and runs as
process 1. The tests are the TESTs of these files. They are POSIX alone, so on a Linux host this shows whether a
test is right:

    clang -D_GNU_SOURCE -I. tests/user/signals.c -o signals && ./signals
"""
import os
import pathlib
import re

import pytest
from support.session import once

from tools.machine import Qemu

HERE = pathlib.Path(__file__).resolve().parent
SCALE = float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
TESTS = [(file.stem, name) for file in sorted(HERE.glob("*.c"))
         for name in re.findall(r'^TEST\((\w+),', file.read_text(), re.MULTILINE)]

pytestmark = pytest.mark.chapters("10")


def run(builder, chapter, program: str, memory: str = "128M") -> list:
    """Boots with the program as process 1 until it turns the machine off. Returns its output, and what went wrong."""
    build = builder.build(chapter, USER_TESTS=HERE)
    with Qemu(build.image, memory=memory, cmdline=f"init=/test/{program}", symbols=build.kernel) as machine:
        machine.serial.fail = re.compile(r"^panic: ", re.MULTILINE)
        try:
            machine.serial.expect(r"(?m)^done\s*$", 600 * SCALE)
            machine.wait_exit(30 * SCALE)
            return [machine.serial.text(), ""]
        except Exception as error:  # each test of the program says it
            return [machine.serial.text(), f"{error}\n{machine.describe()}"]


@pytest.mark.parametrize("program, test", TESTS)
def test_program(builder, chapter, program: str, test: str) -> None:
    """What the TEST of this name claims."""
    output, error = once(builder.shared, f"user {chapter} {program}", lambda: run(builder, chapter, program))
    lines = [line.rstrip() for line in output.splitlines()]
    assert f"ok {test}" in lines, next((line for line in lines if line.startswith(f"not ok {test}:")),
                                       f"{test} did not end; {error}\n" + "\n".join(lines[-20:]))
