"""In the real kernel, as a sample of what tools/ext2 does on the host: a second disk that mke2fs made is read whole."""
import pathlib
import re
import shutil

import pytest
from fs.ext2_tool import mke2fs
from fs.ext2_tree import canonical, fill_randomly, without

from tools.machine import Qemu

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]


def guest_tree(build, image: pathlib.Path) -> list[str]:
    """The lines that the guest tells of a second disk, sorted by paths."""
    with Qemu(build.image, cmdline="tests=image_tree tree", disks=[image], symbols=build.kernel) as machine:
        machine.serial.fail = re.compile(r"^panic: ", re.MULTILINE)
        assert machine.wait_exit(60).status == 0, machine.com2.text()[-3000:]
        return re.findall(r"^# tree (.*)$", machine.com2.text().replace("\r", ""), re.MULTILINE)


@pytest.mark.parametrize("options", [("-b", "1024"), ("-b", "2048", "-j"), ("-b", "4096", "-I", "128", "-O", "^filetype")],
                         ids=["1k", "2k-journal", "4k-no-filetype"])
def test_random_tree(builder, chapter, tmp_path, pytestconfig, options):
    """A random tree, and a directory of 300 names."""
    folder = tmp_path / "tree"
    folder.mkdir()
    fill_randomly(folder, pytestconfig.getoption("--seed"), 150)
    (folder / "many").mkdir()
    for number in range(300):
        (folder / "many" / f"file {number}").write_text(str(number))
    image = tmp_path / "image"
    mke2fs(image, "24M", *options, "-N", "2000", folder=folder)
    found = without(guest_tree(builder.build(chapter, TEST=1), image), "/lost+found")
    assert sorted(found) == sorted(canonical(folder))
    shutil.rmtree(tmp_path)


def test_large_files(builder, chapter, tmp_path):
    """40 MiB of data, and a file of 100 MB that is nearly all hole."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "large").write_bytes(bytes(range(251)) * 167_000)
    with open(folder / "holes", "wb") as file:
        for place in (100, 70_000_000, 99_999_990):
            file.seek(place)
            file.write(b"data")
    image = tmp_path / "image"
    mke2fs(image, "60M", "-b", "1024", folder=folder)
    found = without(guest_tree(builder.build(chapter, TEST=1), image), "/lost+found")
    assert sorted(found) == sorted(canonical(folder))
    shutil.rmtree(tmp_path)
