"""kernel/dev/acpi.c on the host, under the address and the undefined behaviour sanitizer: the firmware's tables, right
and hostile. The tests are the CASEs of acpi_cases.c."""
import os
import pathlib
import re
import subprocess

import pytest
from support.session import once

HERE = pathlib.Path(__file__).resolve().parent
CASES = re.findall(r'^CASE\((\w+),\s*"([^"]*)"', (HERE / "acpi_cases.c").read_text(), re.MULTILINE)
TIMEOUT = 120 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]


def command(*arguments) -> list:
    done = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT)
    return [done.returncode, done.stdout]


@pytest.fixture
def program(builder, chapter) -> pathlib.Path:
    """acpi_cases, compiled once."""
    target = builder.shared / f"acpi-cases-{chapter}"
    status, messages = once(builder.shared, target.name, lambda: command(
        f"clang{os.environ.get('LLVM', '')}", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-g", "-O1",
        "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
        f"-I{chapter.path}", HERE / "acpi_cases.c", "-o", target))
    assert status == 0, messages
    return target


@pytest.mark.parametrize("case", [name for name, _ in CASES])
def test_acpi(program, pytestconfig, case: str) -> None:
    """What the CASE of this name in acpi_cases.c claims."""
    status, output = command(program, case, pytestconfig.getoption("--seed"))
    assert status == 0, output[-6000:]
