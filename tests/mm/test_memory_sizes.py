"""All memory of the machine is found and usable, whatever its size: holes and memory above 4 GiB included."""
import pathlib
import re

import pytest
from support.ktap import parse
from support.session import locked

from tools.machine import Qemu

KIB = 1024
RUN_TIMEOUT = 300
# What the BIOS keeps of the memory that QEMU's -m gives a `pc`: 640 KiB to 1 MiB, its data and tables; and page 0.
BIOS_KIB = 1024

pytestmark = [pytest.mark.chapters("05"), pytest.mark.ends]


def run_test(build, name: str, memory: str) -> dict[str, int]:
    """Run one kernel test in a machine of that size; its notes "# NAME NUMBER" as a dictionary."""
    with Qemu(build.image, memory=memory, cmdline=f"tests={name}", symbols=build.kernel,
              fault_log=False) as machine:
        machine.serial.fail = re.compile(r"^panic: ", re.MULTILINE)
        end = machine.wait_exit(RUN_TIMEOUT)
        report = parse(machine.com2.text())
        assert end.kind == "debug-exit" and name in report.results, machine.describe()
    result = report.results[name]
    assert result.passed, "\n".join(result.messages)
    return {key: int(value) for key, value in (re.fullmatch(r"(\w+) (\d+)", note).groups() for note in result.messages)}


def available_mebibytes() -> int | None:
    """What the host can give, None where it does not say."""
    try:
        return int(re.search(r"MemAvailable: +(\d+) kB", pathlib.Path("/proc/meminfo").read_text())[1]) // KIB
    except (OSError, TypeError):
        return None


@pytest.mark.parametrize("mebibytes", [16, 128, 3584, 6144])
def test_every_page(builder, chapter, mebibytes: int) -> None:
    """Each page is allocated, filled with its own address and read back; their sum is the host's -m."""
    build = builder.build(chapter, TEST=1)
    with locked(builder.shared / "memory.lock"):        # two large machines at a time might be too much for the host
        available = available_mebibytes()
        if available is not None and available < mebibytes + 256:
            pytest.skip(f"needs {mebibytes} MiB of the host's memory, {available} are there")
        notes = run_test(build, "pmm_every_page", f"{mebibytes}M")
    assert 0 <= mebibytes * KIB - notes["usable_kib"] <= BIOS_KIB
    # The kernel itself takes its image, 32 bytes for each page and a few tables, of the 3.5 GiB hole's pages too.
    kernel_kib = notes["usable_kib"] - notes["filled_kib"]
    assert kernel_kib <= 1024 + (mebibytes + 1024) * KIB // 100


@pytest.mark.parametrize("name", ["pmm_alignment", "pmm_coalesces", "pmm_kernel_pages"])
def test_both_zones(builder, chapter, name: str) -> None:
    """What holds in 128 MiB holds with memory above 4 GiB."""
    run_test(builder.build(chapter, TEST=1), name, "6G")
