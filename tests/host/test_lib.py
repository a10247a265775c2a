"""The chapter's lib/ and kernel/options.c on the host, under the address and the undefined behaviour sanitizer.

The tests are the CASEs of lib_cases.c, each a process of its own. By hand, with another seed or for longer:

    python3 -m pytest tests/host/test_lib.py -k printf --seed 7
    RUNG_FUZZ_RUNS=10000000 python3 -m pytest tests/host/test_lib.py -k fuzz
"""
import os
import pathlib
import re
import subprocess

import pytest
from support.session import once

HERE = pathlib.Path(__file__).resolve().parent
CASES = re.findall(r'^CASE\((\w+),\s*"([^"]*)"', (HERE / "lib_cases.c").read_text(), re.MULTILINE)
SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
# Where the names are libc's, ours get another one.
RENAMED = ["memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strnlen", "strcmp", "strncmp", "strchr",
           "strrchr", "strlcpy", "snprintf", "vsnprintf"]
FUZZ_RUNS = int(os.environ.get("RUNG_FUZZ_RUNS", "20000"))
TIMEOUT = 120 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))

pytestmark = [pytest.mark.chapters("03"), pytest.mark.ends]


def command(*arguments) -> list:
    done = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT)
    return [done.returncode, done.stdout]


def compile_program(chapter, name: str, folder: pathlib.Path, fuzz: bool) -> list:
    """Compile tests/host/NAME.c with the chapter's files into folder/NAME. Returns status and messages."""
    folder.mkdir(exist_ok=True)
    compiler = [f"clang{os.environ.get('LLVM', '')}", "-Wall", "-Wextra", "-Werror", *SANITIZE, f"-I{chapter.path}",
                f"-I{HERE}"]
    compiler += ["-fsanitize=fuzzer"] if fuzz else []
    objects = []
    for source in ("lib/string.c", "lib/printf.c", "kernel/options.c"):
        objects.append(folder / f"{source.replace('/', '-')}.o")
        status, messages = command(*compiler, "-std=c17", "-ffreestanding", *(f"-D{old}=rung_{old}" for old in RENAMED),
                                   "-c", chapter.path / source, "-o", objects[-1])
        if status:
            return [status, messages]
    # A format that is made up at run time is the point here.
    objects = objects[:2] if fuzz else objects
    return command(*compiler, "-std=gnu17", "-fno-builtin", "-Wno-format", HERE / f"{name}.c", *objects, "-o",
                   folder / name)


@pytest.fixture
def program(builder, chapter):
    """Builds a program once for all tests: `program("lib_cases")` is its path."""
    def build(name: str, fuzz: bool = False) -> pathlib.Path:
        folder = builder.shared / f"host-{name}-{chapter}"
        status, messages = once(builder.shared, folder.name, lambda: compile_program(chapter, name, folder, fuzz))
        assert status == 0, messages
        return folder / name
    return build


@pytest.mark.parametrize("case", [name for name, _ in CASES])
def test_case(program, pytestconfig, case: str) -> None:
    """What the CASE of this name in lib_cases.c claims."""
    status, output = command(program("lib_cases"), case, pytestconfig.getoption("--seed"))
    assert status == 0, output[-6000:]


def test_fuzz(program, pytestconfig, tmp_path) -> None:
    """libFuzzer chooses the formats, and finds nothing in a fixed number of runs."""
    status, output = command(program("lib_fuzz", fuzz=True), f"-runs={FUZZ_RUNS}", "-max_len=200",
                             f"-seed={pytestconfig.getoption('--seed')}", f"-artifact_prefix={tmp_path}/")
    assert status == 0, output[-6000:]
