"""What a program has written through a mapping of a file, and then synced, outlives a power cut."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from tools.machine import Qemu

HERE = pathlib.Path(__file__).parent
WAYS = re.findall(r"^TEST\((\w+),", (HERE / "kept.c").read_text(), re.MULTILINE)
PARTITION = 1 << 20
SCALE = float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))

pytestmark = pytest.mark.chapters("10")


@pytest.mark.parametrize("way", WAYS)
def test_kept(builder, chapter, tmp_path, way: str) -> None:
    """The file has the bytes that the mapping had, whichever call it was."""
    build = builder.build(chapter, USER_TESTS=HERE)
    with Qemu(build.image, symbols=build.kernel) as machine:
        machine.serial.fail = re.compile(r"^(panic: |not ok )", re.MULTILINE)
        machine.serial.expect(r"(?m)^/# \Z", 60 * SCALE)
        machine.serial.send(f"/test/kept {way}\r")
        machine.serial.expect(rf"(?m)^ok {way}$", 60 * SCALE)
        machine.stop()      # what has not been written yet never will be
        disk = tmp_path / "root.img"
        with open(machine.image, "rb") as source, open(disk, "wb") as copy:
            source.seek(PARTITION)
            shutil.copyfileobj(source, copy, 1 << 20)
    assert subprocess.run(["e2fsck", "-fp", disk], stdout=subprocess.PIPE, check=False).returncode <= 1
    kept = tmp_path / "kept"
    subprocess.run(["debugfs", "-R", f"dump /kept {kept}", disk], check=True, stderr=subprocess.PIPE)
    assert kept.read_bytes() == bytes(ord("a") + i % 26 for i in range(10000))
