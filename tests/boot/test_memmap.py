"""The memory map: from the BIOS in any order, out of the loader sorted, merged and without overlaps."""
import os
import pathlib
import re
import subprocess

import pytest
from support.session import once

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1 << 20
LINE = re.compile(r"^memory: ([0-9a-f]{16})-([0-9a-f]{16}) (usable|reserved|ACPI tables|ACPI NVS|defective)$",
                  re.MULTILINE)
CASES = re.findall(r"^CASE\((\w+)\)", (HERE / "memmap_cases.c").read_text(), re.MULTILINE)

pytestmark = pytest.mark.chapters("02", "03")


def printed_map(text: str) -> list[tuple[int, int, str]]:
    """The ranges that the loader printed: start, end, type."""
    return [(int(start, 16), int(last, 16) + 1, kind) for start, last, kind in LINE.findall(text)]


def check_order(ranges) -> None:
    """Sorted, without overlaps, neighbours merged."""
    for (_, end, kind), (start, _, following) in zip(ranges, ranges[1:]):
        assert end < start or (end == start and kind != following)


@pytest.mark.parametrize("memory", [16, 128, 3584, 6144])
def test_all_memory_is_found(boot, memory):
    """The usable ranges hold the machine's memory, but for what the BIOS keeps. From 3.5 GiB on, QEMU's pc has a part
    of it above 4 GiB."""
    ranges = printed_map(boot(memory=f"{memory}M").serial.text())
    check_order(ranges)
    usable = sum(end - start for start, end, kind in ranges if kind == "usable")
    assert memory * MIB - MIB < usable < memory * MIB
    assert any(start == MIB and kind == "usable" for start, _, kind in ranges)
    assert any(start >= 4096 * MIB and kind == "usable" for start, _, kind in ranges) == (memory >= 3584)


def test_bochs(boot):
    """Bochs' BIOS has entries of 20 bytes and memory with ACPI tables."""
    ranges = printed_map(boot.bochs(memory=64).serial.text())
    check_order(ranges)
    usable = sum(end - start for start, end, kind in ranges if kind == "usable")
    assert 63 * MIB < usable < 64 * MIB
    assert any(kind == "ACPI tables" for _, _, kind in ranges)


# On the host, with a BIOS that the test plays

@pytest.fixture
def program(builder, chapter) -> pathlib.Path:
    """memmap_cases.c with the chapter's memmap.c, under both sanitizers."""
    target = builder.shared / f"memmap-cases-{chapter}"

    def compile_it() -> list:
        done = subprocess.run(
            [f"clang{os.environ.get('LLVM', '')}", "-std=c17", "-g", "-O1", "-Wall", "-Wextra", "-Werror",
             "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{chapter.path}",
             str(HERE / "memmap_cases.c"), str(chapter.path / "boot/memmap.c"), "-o", str(target)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return [done.returncode, done.stdout]

    status, messages = once(builder.shared, target.name, compile_it)
    assert status == 0, messages
    return target


@pytest.mark.parametrize("case", CASES)
def test_case(program, pytestconfig, case):
    """What the CASE of this name in memmap_cases.c claims."""
    done = subprocess.run([str(program), case, str(pytestconfig.getoption("--seed"))], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:]
