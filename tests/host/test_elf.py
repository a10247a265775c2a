"""kernel/proc/elf.c on the host, under the address and the undefined behaviour sanitizer: programs, right and hostile.

The tests are the CASEs of elf_cases.c. By hand, with another seed or for longer:

    python3 -m pytest tests/host/test_elf.py -k malformed --seed 7
    RUNG_FUZZ_RUNS=10000000 python3 -m pytest tests/host/test_elf.py -k fuzz
"""
import os
import pathlib
import re
import subprocess

import pytest
from support.session import once

HERE = pathlib.Path(__file__).resolve().parent
CASES = re.findall(r'^CASE\((\w+),\s*"([^"]*)"', (HERE / "elf_cases.c").read_text(), re.MULTILINE)
FUZZ_RUNS = int(os.environ.get("RUNG_FUZZ_RUNS", "300000"))
TIMEOUT = 120 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))

pytestmark = [pytest.mark.chapters("10"), pytest.mark.ends]


def command(*arguments) -> list:
    done = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT)
    return [done.returncode, done.stdout]


@pytest.fixture
def program(builder, chapter):
    """Compiles a program once for all tests: `program("elf_cases")` is its path."""
    def build(name: str, *flags: str) -> pathlib.Path:
        target = builder.shared / f"host-{name}-{chapter}"
        status, messages = once(builder.shared, target.name, lambda: command(
            f"clang{os.environ.get('LLVM', '')}", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-g", "-O1",
            "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", *flags,
            f"-I{chapter.path}", f"-I{HERE}", HERE / f"{name}.c", "-o", target))
        assert status == 0, messages
        return target
    return build


@pytest.mark.parametrize("case", [name for name, _ in CASES])
def test_elf(program, pytestconfig, case: str) -> None:
    """What the CASE of this name in elf_cases.c claims."""
    status, output = command(program("elf_cases"), case, pytestconfig.getoption("--seed"))
    assert status == 0, output[-6000:]


def test_elf_fuzz(program, pytestconfig, tmp_path) -> None:
    """libFuzzer starts from a program, changes it, and finds nothing in a fixed number of runs."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    made = subprocess.run([program("elf_cases"), "make"], stdout=subprocess.PIPE, timeout=TIMEOUT, check=True)
    (corpus / "program").write_bytes(made.stdout)
    status, output = command(program("elf_fuzz", "-fsanitize=fuzzer"), f"-runs={FUZZ_RUNS}", "-max_len=9000",
                             f"-seed={pytestconfig.getoption('--seed')}", f"-artifact_prefix={tmp_path}/", corpus)
    assert status == 0, output[-6000:]
