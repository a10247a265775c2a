"""What the allocators cost, in guest instructions: under -icount the time stamp counter counts them."""
import re

import pytest
from support.ktap import parse

from tools.machine import Qemu

PAGE_SIZE = 4096
RUN_TIMEOUT = 60

pytestmark = pytest.mark.chapters("05")


@pytest.mark.parametrize("mebibytes", [16, 128, 6144])
def test_setup(builder, chapter, mebibytes: int) -> None:
    """Setting up the buddy system takes at most ten instructions for each page."""
    build = builder.build(chapter, TEST=1)
    with Qemu(build.image, memory=f"{mebibytes}M", icount=True, cmdline="tests=costs_setup",
              symbols=build.kernel) as machine:
        match = machine.serial.expect(r"^panic: pmm_init: (\d+) pages, (\d+) counts", RUN_TIMEOUT)
    pages, instructions = map(int, match.groups())
    assert pages * PAGE_SIZE >= (mebibytes - 1) << 20
    print(f"{pages} pages: {instructions / pages:.2f} instructions for each")
    assert instructions <= 10 * pages


def test_pairs(builder, chapter) -> None:
    """Allocating and freeing take some hundred instructions on average."""
    build = builder.build(chapter, TEST=1)
    with Qemu(build.image, icount=True, cmdline="tests=costs_pairs", symbols=build.kernel) as machine:
        machine.wait_exit(RUN_TIMEOUT)
        result = parse(machine.com2.text()).results["costs_pairs"]
    costs = {key: int(value) for key, value in (re.fullmatch(r"(\w+) (\d+)", note).groups() for note in result.messages)}
    print(costs)
    assert costs["pmm_alloc"] + costs["pmm_free"] <= 500
    assert costs["kmalloc_64_alloc"] + costs["kmalloc_64_free"] <= 350
    assert costs["kmalloc_2048_alloc"] + costs["kmalloc_2048_free"] <= 450
