"""The chapter's pmm, slab and kmalloc on the host, under the address and the undefined behaviour sanitizer.

The tests are the CASEs of memory_cases.c, each a process of its own. By hand, with another seed or for longer:

    python3 -m pytest tests/host/test_memory.py -k pages_small --seed 7
    RUNG_FUZZ_RUNS=10000000 python3 -m pytest tests/host/test_memory.py -k fuzz
"""
import os
import pathlib
import re
import subprocess

import pytest
from host.memory_build import compile_program
from support.session import once

HERE = pathlib.Path(__file__).resolve().parent
CASES = re.findall(r'^CASE\((\w+),\s*"([^"]*)"', (HERE / "memory_cases.c").read_text(), re.MULTILINE)
TRACES = {"pages_small", "kmalloc_small"}       # those of at least a million operations
SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
FUZZ_RUNS = int(os.environ.get("RUNG_FUZZ_RUNS", "5000"))
TIMEOUT = 120 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))

pytestmark = [pytest.mark.chapters("05"), pytest.mark.ends]


@pytest.fixture
def program(builder, chapter):
    """Builds a program once for all tests: `program("memory_cases", flags)` is its path."""
    def build(name: str, flags: list[str]) -> pathlib.Path:
        label = f"host-{name}-{chapter}{'-san' if '-DSAN' in flags else ''}"
        target = builder.shared / label
        status, messages = once(builder.shared, label, lambda: compile_program(chapter, name, target, flags))
        assert status == 0, messages
        return target
    return build


def run(arguments: list[str], cwd: pathlib.Path | None = None) -> str:
    """Run a program; a violation or a failed check is a failed test with its output."""
    done = subprocess.run(arguments, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=TIMEOUT)
    if done.returncode:
        pytest.fail(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-6000:]}", pytrace=False)
    return done.stdout


@pytest.mark.parametrize("poisoned", [False, True], ids=["plain", "san"])
@pytest.mark.parametrize("case", [name for name, _ in CASES])
def test_case(program, pytestconfig, case: str, poisoned: bool) -> None:
    """What the CASE of this name in memory_cases.c claims, with and without SAN=1."""
    path = program("memory_cases", SANITIZE + (["-DSAN"] if poisoned else []))
    output = run([str(path), case, str(pytestconfig.getoption("--seed"))])
    print(output)
    if case in TRACES:
        assert sum(map(int, re.findall(r"^operations (\d+):", output, re.MULTILINE))) >= 1_000_000


def test_fuzz(program, pytestconfig, tmp_path) -> None:
    """libFuzzer chooses the operations, and finds nothing in a fixed number of runs."""
    path = program("memory_fuzz", [*SANITIZE, "-fsanitize=fuzzer"])
    run([str(path), f"-runs={FUZZ_RUNS}", f"-seed={pytestconfig.getoption('--seed')}", "-max_len=4096",
         "-print_final_stats=1"], cwd=tmp_path)


def test_benchmark(program) -> None:
    """The benchmark runs and has a figure for each of its four measurements."""
    path = program("memory_bench", ["-O2"])
    figures = dict(line.split() for line in run([str(path)]).splitlines())
    assert set(figures) == {"pmm_pairs", "pmm_random", "kmalloc_pairs", "kmalloc_random"}
    assert all(int(figure) > 0 for figure in figures.values())
