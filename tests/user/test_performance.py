"""What system calls and what they do may cost, in executed instructions."""
import pathlib
import re

import pytest

from tools.machine import Qemu

pytestmark = pytest.mark.chapters("10")

HERE = pathlib.Path(__file__).resolve().parent
# Instructions of one round of each operation in performance.c.
MOST = {"getpid": 80, "pipe_byte": 700, "ping_pong": 2500, "fork_exit_wait": 30000, "fork_exec_wait": 45000,
        "create_64k": 16 * 5000, "read_64k": 16 * 1000, "heap_256_pages": 256 * 1500}


def test_costs(builder, chapter) -> None:
    """None of the operations costs more than it may; 512 MiB, QEMU counting instructions."""
    build = builder.build(chapter, USER_TESTS=HERE)
    with Qemu(build.image, memory="512M", cmdline="init=/test/performance", icount=True, symbols=build.kernel) as machine:
        machine.serial.expect(r"(?m)^done\n", 120)
        figures = {name: int(value) for name, value in re.findall(r"(?m)^(\w+) (\d+)$", machine.serial.text())}
    assert figures.keys() >= MOST.keys()
    print(figures)
    too_much = {name: figure for name, figure in figures.items() if figure > MOST.get(name, figure)}
    assert not too_much, f"{too_much}, at most {MOST}"
