"""Directories: large ones, those that Linux has indexed, and those whose blocks make no sense."""
import os
import pathlib
import random
import re
import struct

import pytest
from fs.ext2_tool import build, check, mke2fs, run, script

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

BLOCK = 1024
FILES = 10000
INDEXED = "Flags: 0x1000"


@pytest.fixture
def ext2(builder, chapter) -> pathlib.Path:
    """tools/ext2 with the chapter's file system, under the sanitizers."""
    return build(builder, chapter, "san")


def names_in(lines: list[str]) -> list[str]:
    """What `ls` printed, without the dots."""
    return [line for line in lines if line not in (".", "..")]


def size_of(lines: list[str]) -> int:
    """What `stat` printed."""
    return int(re.search(r" size (\d+)", lines[0])[1])


def linux_says(image: pathlib.Path, path: str) -> str:
    return run("debugfs", "-R", f"stat {path}", image).stdout


@pytest.fixture(scope="session")
def many_files(tmp_path_factory) -> pathlib.Path:
    """An image with 10,000 files in one directory, which has an index."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "tree" / "many").mkdir(parents=True)
    pick = random.Random(1)
    for number in range(FILES):
        (folder / "tree" / "many" / f"{number}-{'n' * pick.randrange(40)}").write_text(str(number))
    mke2fs(folder / "image", "32M", "-b", str(BLOCK), "-N", "12000", folder=folder / "tree", kind="ext3")
    run("e2fsck", "-fyD", folder / "image", status=None)
    assert INDEXED in linux_says(folder / "image", "/many")
    return folder


def test_indexed(ext2, many_files, tmp_path):
    """A hashed directory of 10,000 files is read as a plain one, and a change makes it one that e2fsck accepts."""
    image = tmp_path / "image"
    image.write_bytes((many_files / "image").read_bytes())
    names = sorted(os.listdir(many_files / "tree" / "many"))
    assert names_in(script(ext2, image, ["ls /many"]).output[0]) == names
    assert INDEXED in linux_says(image, "/many")

    gone = random.Random(2).sample(names, 300)
    new = [f"new-{number}-{'m' * (number % 60)}" for number in range(300)]
    done = script(ext2, image, [f"rm /many/{name}" for name in gone] + [f"put =x /many/{name}" for name in new] +
                  [f"mv /many/{new[0]} /many/renamed", "ls /many"])
    assert done.results == ["0"] * 300 + ["1"] * 300 + ["0"] * 2
    assert names_in(done.output[-1]) == sorted(set(names) - set(gone) | set(new[1:]) | {"renamed"})
    check(image)
    assert "Flags: 0x0" in linux_says(image, "/many")


def test_index_is_reused(ext2, many_files, tmp_path):
    """The blocks of a former index take names."""
    image = tmp_path / "image"
    image.write_bytes((many_files / "image").read_bytes())
    done = script(ext2, image, ["stat /many", *[f"put =x /many/x{number}{'y' * 200}" for number in range(4)], "stat /many"])
    assert done.results == ["0"] + ["1"] * 4 + ["0"]
    assert size_of(done.output[0]) == size_of(done.output[-1])
    check(image)


def test_growing_and_emptying(ext2, tmp_path):
    """A directory grows as far as its names need, and what is taken out makes room for others."""
    image = tmp_path / "image"
    mke2fs(image, "24M", "-b", str(BLOCK), "-N", "4000", kind="ext3")
    pick = random.Random(3)
    names, lines = [], ["put =x /f", "mkdir /d"]
    for _ in range(3000):
        if names and pick.random() < 0.3:
            lines.append(f"rm /d/{names.pop(pick.randrange(len(names)))}")
        else:
            names.append(f"{len(lines)}-{'n' * pick.randrange(100)}")
            lines.append(f"ln /f /d/{names[-1]}")
    done = script(ext2, image, [*lines, "stat /d", "ls /d"])
    assert set(done.results[1:]) == {"0"}
    assert names_in(done.output[-1]) == sorted(names)
    size, needed = size_of(done.output[-2]), sum((8 + len(name) + 3) // 4 * 4 for name in names)
    assert needed < size < needed * 1.4
    check(image)
    # As many again: into the same blocks.
    again = [f"again-{number}-{name}"[:len(name)] + f"-{number}" for number, name in enumerate(names)]
    done = script(ext2, image, [f"rm /d/{name}" for name in names] + [f"ln /f /d/{name}" for name in again] + ["stat /d"])
    assert set(done.results) == {"0"}
    assert size_of(done.output[-1]) < size * 1.2
    check(image)


def test_number_again(ext2, tmp_path):
    """A new directory with the number of a large one that is gone starts from its beginning."""
    image = tmp_path / "image"
    mke2fs(image, "4M", "-b", str(BLOCK), kind="ext3")
    names = [f"/d/{number}{'n' * 240}" for number in range(20)]
    done = script(ext2, image, ["put =x /f", "mkdir /d", *[f"ln /f {name}" for name in names], "stat /d",
                                *[f"rm {name}" for name in names], "rmdir /d", "mkdir /d", "ln /f /d/new", "stat /d", "ls /d"])
    assert set(done.results[1:]) == {"0"}
    large, small = done.output[22], done.output[-2]
    assert large[0].split()[1] == small[0].split()[1]
    assert size_of(large) > BLOCK and size_of(small) == BLOCK
    assert names_in(done.output[-1]) == ["new"]
    check(image)


# What can be wrong with the block of a directory, as bytes to be written at an offset. It holds "." at 0, ".." at 12,
# "aaaa" (12 bytes) at 24, "bbbb" at 36, "cccc" (to the end) at 48.
WRONG = {
    "length 0": (36 + 4, struct.pack("<H", 0)),
    "length 4": (36 + 4, struct.pack("<H", 4)),
    "length not aligned": (36 + 4, struct.pack("<H", 13)),
    "length beyond the block": (36 + 4, struct.pack("<H", 2000)),
    "length over the next block": (48 + 4, struct.pack("<H", BLOCK - 48 + 4)),
    "end of the block too near": (48 + 4, struct.pack("<H", BLOCK - 48 - 4)),
    "name longer than the entry": (36 + 6, struct.pack("<B", 5)),
    "name longer than the block": (48 + 4, struct.pack("<HB", 12, 255)),
    "no .": (6, b"\2"),
    "no ..": (12 + 6, b"\1"),
    ". elsewhere": (0, struct.pack("<I", 2)),
    ". too long": (4, struct.pack("<H", BLOCK)),
    ". not aligned": (4, struct.pack("<H", 13)),
}


@pytest.fixture
def directory(ext2, tmp_path) -> tuple[pathlib.Path, int, int]:
    """An image with /d, where its block starts, and its inode."""
    image = tmp_path / "image"
    mke2fs(image, "4M", "-b", str(BLOCK), kind="ext3")
    files = [f"put =text /d/{letter * 4}" for letter in "abc"]
    done = script(ext2, image, ["mkdir /d", *files, "mkdir /other", "put =text /other/x", "map /d", "stat /d"])
    return image, int(done.output[-2][0].split()[-1]) * BLOCK, int(done.output[-1][0].split()[1])


def answers(ext2: pathlib.Path, image: pathlib.Path, *commands: str) -> list[str]:
    return script(ext2, image, list(commands), "-q").results


def poke(image: pathlib.Path, offset: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.mark.parametrize("what", WRONG)
def test_wrong_entries(ext2, directory, what):
    """Entries that make no sense are answered with EUCLEAN, and nothing in their block is changed."""
    image, start, _ = directory
    offset, data = WRONG[what]
    poke(image, start + offset, data)
    before = image.read_bytes()[start:start + BLOCK]
    found = answers(ext2, image, "ls /d", "put =x /d/none", "mkdir /d/none", "rm /d/none", "mv /d/none /d/x",
                    "mv /other/x /d/none", "ln /other/x /d/none", "stat /d/none", "stat /d/cccc", "put =more /other/y",
                    "rm /other/x", "ls /other")
    last = "0" if what.startswith("end of the block") else "EUCLEAN"    # who finds it need not look behind it
    assert found == ["EUCLEAN"] * 8 + [last, "4", "0", "0"]
    assert image.read_bytes()[start:start + BLOCK] == before


@pytest.mark.parametrize("number", [0xffffffff, 8, 1], ids=hex)
def test_wrong_inodes(ext2, directory, number):
    """A name of an inode that cannot be is EUCLEAN, also for who reads the directory or changes it."""
    image, start, _ = directory
    poke(image, start + 36, struct.pack("<I", number))
    found = answers(ext2, image, "ls /d", "stat /d/bbbb", "rm /d/bbbb", "mv /d/bbbb /other/b", "mv /other/x /d/bbbb",
                    "put =x /d/new", "stat /d/none", "read /d/aaaa 0 9")
    assert found == ["EUCLEAN"] * 6 + ["ENOENT", "4"]


def test_no_name(ext2, directory):
    """An entry without a name is EUCLEAN for who reads the directory or changes it."""
    image, start, _ = directory
    poke(image, start + 36 + 6, b"\0")
    assert answers(ext2, image, "ls /d", "put =x /d/new", "stat /d/bbbb", "read /d/aaaa 0 9") == \
        ["EUCLEAN", "EUCLEAN", "ENOENT", "4"]


@pytest.mark.parametrize("name", [b"a/aa", b"a\0aa"])
def test_wrong_names(ext2, directory, name):
    """A name that no path can have is not given to readers of the directory."""
    image, start, _ = directory
    poke(image, start + 24 + 8, name)
    assert answers(ext2, image, "ls /d", "read /d/bbbb 0 9") == ["EUCLEAN", "4"]


def test_free_inode(ext2, directory):
    """A name of an inode that is free is EUCLEAN; its neighbours can be used."""
    image, start, _ = directory
    poke(image, start + 36, struct.pack("<I", 200))
    assert answers(ext2, image, "stat /d/bbbb", "rm /d/bbbb", "mv /d/bbbb /d/x", "ln /d/bbbb /d/x", "read /d/cccc 0 9",
                   "rm /d/cccc") == ["EUCLEAN"] * 4 + ["4", "0"]


def test_directory_in_itself(ext2, directory):
    """Directories that lie in each other, or in themselves, can be walked into but never moved: no loop is endless."""
    image, start, number = directory
    poke(image, start + 36, struct.pack("<I", number))          # /d/bbbb is /d
    poke(image, start + 12, struct.pack("<I", number))          # and so is /d/..
    found = answers(ext2, image, "stat /d/bbbb/bbbb/bbbb/cccc", "rmdir /d/bbbb", "mkdir /d/m", "mv /other /d/o",
                    "mv /d/m /other/m", "rm /d/bbbb", "mv /d/bbbb /d/cccc", "ln /d/bbbb /d/x")
    assert found[:3] == ["0", "ENOTEMPTY", "0"]
    assert found[3] == "EUCLEAN"
    assert found[4] in ("0", "EUCLEAN")
    assert found[5:] == ["EISDIR", "ENOTDIR", "EPERM"]


def test_root_has_another_name(ext2, directory):
    """A wrong name of the root directory takes nothing away with it."""
    image, start, _ = directory
    poke(image, start + 36, struct.pack("<I", 2))
    assert answers(ext2, image, "rmdir /d/bbbb", "mv /d/bbbb /d/x", "mv /other /d/bbbb", "stat /d/bbbb/d/aaaa") == \
        ["EBUSY", "EBUSY", "ENOTEMPTY", "0"]


@pytest.mark.parametrize("size", [0, 1, BLOCK + 1, BLOCK * 2, 1 << 30, 0xfffffc00])
def test_wrong_sizes(ext2, directory, size):
    """A directory without blocks, with holes, or larger than the disk is EUCLEAN."""
    image, _, number = directory
    run("debugfs", "-w", "-R", f"set_inode_field <{number}> size {size}", image)
    found = answers(ext2, image, "ls /d", "stat /d/none", "put =x /d/none", "put =x /other/y")
    assert found == ["EUCLEAN"] * 3 + ["1"]
