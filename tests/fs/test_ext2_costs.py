"""What reading and writing cost, in instructions of the guest."""
import re

import pytest

from tools.machine import Qemu

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]


def test_costs(builder, chapter):
    """4 KiB that are in the cache are read in 1,000 instructions, of which the copy takes half; 4 KiB of a new file are
    written in 5,000."""
    image = builder.build(chapter, TEST=1).image
    with Qemu(image, icount=True, cmdline="tests=ext2_costs", fault_log=False) as machine:
        assert machine.wait_exit(60).status == 0
        costs = {name: int(value) for name, value in re.findall(r"^# ext2 (\w+) (\d+)$", machine.com2.text(),
                                                                re.MULTILINE)}
    print(costs)
    # A tick while the host lets the disk wait is no cost of the file system's (see test_processor_halts).
    costs = {name: cost - costs.get(f"{name}_idle", 0) // 4000 for name, cost in costs.items()}
    assert costs["read"] <= 1000
    assert costs["read_random"] <= 1500
    assert costs["write_new"] <= 5000 and costs["write_again"] <= 2700
    assert costs["truncate"] <= 1000
