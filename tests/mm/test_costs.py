"""What the allocators cost, in guest instructions: under -icount the time stamp counter counts them."""
import re

import pytest
from support.ktap import parse

from tools.machine import Qemu

PAGE_SIZE = 4096
RUN_TIMEOUT = 60

pytestmark = [pytest.mark.chapters("05"), pytest.mark.ends]


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


def measure(builder, chapter, name: str) -> dict[str, int]:
    """Run a kernel test on a machine that counts instructions; its notes "# NAME NUMBER"."""
    build = builder.build(chapter, TEST=1)
    with Qemu(build.image, icount=True, cmdline=f"tests={name}", symbols=build.kernel) as machine:
        machine.wait_exit(RUN_TIMEOUT)
        result = parse(machine.com2.text()).results[name]
    assert result.passed, "\n".join(result.messages)
    costs = {key: int(value) for key, value in
             (re.fullmatch(r"(\w+) (\d+)", note).groups() for note in result.messages)}
    print(costs)
    return costs


def test_pairs(builder, chapter) -> None:
    """Allocating and freeing take some hundred instructions on average."""
    costs = measure(builder, chapter, "costs_pairs")
    assert costs["pmm_alloc"] + costs["pmm_free"] <= 500
    assert costs["kmalloc_64_alloc"] + costs["kmalloc_64_free"] <= 350
    assert costs["kmalloc_2048_alloc"] + costs["kmalloc_2048_free"] <= 450


def test_string(builder, chapter) -> None:
    """A page is copied or filled in one instruction for each word of eight bytes, and few around them."""
    costs = measure(builder, chapter, "costs_string")
    assert costs["memcpy_page"] <= PAGE_SIZE / 8 + 40
    assert costs["memset_page"] <= PAGE_SIZE / 8 + 40


def test_stacks(builder, chapter) -> None:
    """A stack that was freed not long ago is as cheap as a page, and no cost grows with the stacks in use."""
    costs = measure(builder, chapter, "costs_stacks")
    assert costs["stack_few_alloc"] + costs["stack_few_free"] <= 500
    assert costs["stack_many_alloc"] + costs["stack_many_free"] <= 500
    assert costs["stack_new_alloc"] + costs["stack_new_free"] <= 8000
