"""How fast a file is read, against nothing but requests for the same sectors in the same boot."""
import re

import pytest
from fs.disk_jobs import THROTTLED

from tools.machine import Qemu

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]
WANTED = 70     # percent of the bare loop
BOOTS = 4


def figures(image, **options) -> dict[str, int]:
    """One boot's measurements, as tests/kernel/07-throughput.c notes them: bare_us, bare_idle, file_us, file_idle (in
    percent of the time), cached_us."""
    with Qemu(image, cmdline="tests=throughput_read throughput", fault_log=False, **options) as machine:
        assert machine.wait_exit(60).status == 0
        return {name: int(value) for name, value in re.findall(r"^# throughput (\w+) (\d+)$", machine.com2.text(),
                                                               re.MULTILINE)}


def test_file_keeps_the_disk_busy(builder, chapter):
    """A file is read with at least 70 % of the speed of bare requests, and meanwhile the processor halts more often
    than not. On a busy host the emulated processor may get too little of the real one: one boot of a few must do."""
    image = builder.build(chapter, TEST=1).image
    found = []
    for _ in range(BOOTS):
        found.append(figures(image, drive=THROTTLED))
        if found[-1]["bare_us"] * 100 >= found[-1]["file_us"] * WANTED and \
                found[-1]["bare_idle"] >= 50 and found[-1]["file_idle"] >= 50:
            return
    pytest.fail("\n".join(map(str, found)))
