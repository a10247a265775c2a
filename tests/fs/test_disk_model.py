"""The ATA driver on the host, against drives and controllers that do not what they should (ata/model.c), under the
address and the undefined behaviour sanitizer. By hand, with other seeds or for longer:

    python3 -m pytest tests/fs/test_disk_model.py -k hostile --seed 5000
    RUNG_DISK_RUNS=100000 python3 -m pytest tests/fs/test_disk_model.py -k hostile
"""
import os
import pathlib
import subprocess

import pytest
from support.chapters import ROOT
from support.session import once

HERE = pathlib.Path(__file__).resolve().parent / "ata"
SOURCES = [f"kernel/dev/{name}.c" for name in ("ata", "ata_pio", "ata_dma", "pci")] + ["kernel/fs/block.c"]
SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
TIMEOUT = 300 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
HOSTILE_RUNS = int(os.environ.get("RUNG_DISK_RUNS", "500"))

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]


@pytest.fixture
def program(builder, chapter) -> pathlib.Path:
    """The driver with the model around it."""
    target = builder.shared / f"ata-model-{chapter}"

    def compile_model() -> list:
        command = [f"clang{os.environ.get('LLVM', '')}", "-std=gnu17", "-Wall", "-Wextra", "-Werror", *SANITIZE,
                   f"-I{HERE / 'include'}", f"-I{ROOT / 'tools/ext2/include'}", f"-I{HERE}", f"-I{chapter.path}",
                   str(HERE / "model.c"), str(HERE / "cases.c"), *(str(chapter.path / name) for name in SOURCES),
                   "-o", str(target)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return [done.returncode, done.stdout]

    status, messages = once(builder.shared, target.name, compile_model)
    assert status == 0, messages
    return target


@pytest.mark.parametrize("case, runs", [
    ("honest", 100),        # every kind of controller and disk, every request right at the first try
    ("hostile", HOSTILE_RUNS),  # everything goes wrong now and then: no hang, no wrong data, and well again after it
    ("identity", 200),      # whatever a drive says of itself, no disk is larger than what commands can address
    ("errors", 28),         # one fault, every time: -EIO, and the next request goes well
    ("dma_broken", 20),     # where only PIO works, PIO is used
    ("storm", 8),           # a drive that interrupts without end is cut off
    ("flush", 8),           # a failed flush is not asked for again; drives without a cache need none
    ("gone", 8),            # a drive that is gone costs time once
    ("packet", 8),          # CD-ROM drives are left alone, and what is behind them is found
    ("no_line", 8),         # a controller without an interrupt line is used all the same
    ("slow", 4),            # the time of a command is for all of its sectors together
    ("one_channel", 2),     # DMA that only one channel at a time can do is not used
])
def test_model(program, pytestconfig, case: str, runs: int) -> None:
    """What the case in ata/cases.c says."""
    seed = pytestconfig.getoption("--seed")
    done = subprocess.run([str(program), case, str(seed), str(runs)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=TIMEOUT)
    if done.returncode:
        pytest.fail(f"{case}:\n{done.stdout[-6000:]}", pytrace=False)
