"""What was written is on the disk five seconds later at most, and syncing is cheap where nothing was."""
import shutil
import subprocess

import pytest

from tools.machine import Qemu

from .test_sched import measure

PARTITION = 1 << 20     # where the root file system begins

pytestmark = [pytest.mark.chapters("08"), pytest.mark.ends]


def kept_after(builder, chapter, tmp_path, wait_ms: int) -> str:
    """The file that the test kernel wrote, if the power goes off so long afterwards: what a replay finds."""
    build = builder.build(chapter, TEST=1)
    disk = tmp_path / "root.img"
    with Qemu(build.image, icount=True, cmdline=f"tests=writeback_file wait_ms={wait_ms}",
              symbols=build.kernel) as machine:
        machine.wait_exit(60)
        assert "\nok 1 writeback_file" in machine.com2.text()
        with open(machine.image, "rb") as image, open(disk, "wb") as root:
            image.seek(PARTITION)
            shutil.copyfileobj(image, root)
    replayed = subprocess.run(["e2fsck", "-fy", disk], capture_output=True, text=True)
    assert replayed.returncode <= 1, replayed.stdout
    return subprocess.run(["debugfs", "-R", "cat /etc/late", disk], capture_output=True, text=True).stdout


def test_in_time(builder, chapter, tmp_path):
    """Five seconds after a write the file is there; right after it, it is not: nobody had asked for it."""
    assert kept_after(builder, chapter, tmp_path, 0) == ""
    assert kept_after(builder, chapter, tmp_path, 5000) == "kept by writeback\n"


def test_clean(builder, chapter):
    """A sync with nothing to do takes a few hundred instructions."""
    assert measure(builder, chapter, "writeback_clean")["sync_clean"] < 2000
