"""Corrupt file systems: an error and no crash, hang, leak or sanitizer report.

By hand, with other seeds, for longer, and one image to look at (number 1234 of a failed run):

    RUNG_EXT2_SCALE=100 python3 -m pytest tests/fs/test_ext2_corrupt.py --seed 7
    ext2_corrupt 7 1234 1 corrupt.img IMAGE...
"""
import os
import pathlib
import random
import re
import struct
import subprocess

import pytest
from fs.ext2_tool import ENVIRONMENT, amount, build, mke2fs, run, script
from support.session import once

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

SCALE = int(os.environ.get("RUNG_EXT2_SCALE", "1"))
IMAGES = 10_400 * SCALE
PARTS = 4
FUZZ_RUNS = 1500 * SCALE
TIMEOUT = 300 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))


def fill(folder: pathlib.Path) -> None:
    """The tree whose names ext2_exercise.c knows."""
    choose = random.Random(1)
    (folder / "dir" / "inner").mkdir(parents=True)
    (folder / "file").write_bytes(choose.randbytes(20_000))
    (folder / "dir" / "file").write_bytes(b"text")
    (folder / "dir" / "inner" / "x").write_bytes(choose.randbytes(300_000))
    with open(folder / "sparse", "wb") as file:
        file.seek(70_000_000)
        file.write(b"far away")
    os.link(folder / "file", folder / "hard")
    (folder / "link").symlink_to("dir/file")
    (folder / "long").symlink_to("./" * 100 + "dir")
    (folder / "indexed").mkdir()
    for number in range(60):
        (folder / "indexed" / f"name {number}").write_bytes(b"")


def make_images(folder: pathlib.Path, tool: pathlib.Path) -> list[str]:
    """File systems to corrupt: of several kinds, with a journal that has to be replayed, with orphans."""
    tree = folder / "tree"
    tree.mkdir()
    fill(tree)
    journal = ("-j", "-J", "size=1", "-b", "1024")
    kinds = {"plain": ("-b", "1024"), "large": ("-b", "4096", "-I", "128"), "journal": journal, "replay": journal,
             "orphans": journal, "groups": ("-b", "1024", "-g", "512", "-O", "^resize_inode", "-I", "128"),
             "torn": journal}
    for name, options in kinds.items():
        mke2fs(folder / name, "3M" if "-j" in options else "2M", *options, "-N", "256", folder=tree)
    # What happens to it is in the journal and nowhere else: the power is cut before the checkpoint.
    work = ["mkdir /a", "put 0:9000 /a/b", "mv /dir/file /a/c", "sync", "rm /hard", "truncate /dir/inner/x 5000",
            "rm /indexed/name\\x203", "sync", "write /sparse 0 0:30000", "mkdir /dir/d", "open h /a/b rw", "rm /a/b",
            "fsync h", "crash"]
    script(tool, folder / "replay", work, "-q", status=3)
    script(tool, folder / "orphans", ["open h /dir/inner/x rw", "open i /sparse r", "rm /dir/inner/x", "rm /sparse",
                                      "put =x /y", "sync", "crash"], "-q", status=3)
    script(tool, folder / "torn", work, "-q", "-k", "25", status=3)
    assert "needs_recovery" in run("dumpe2fs", "-h", folder / "replay").stdout
    return [str(folder / name) for name in kinds]


@pytest.fixture(scope="session")
def images(builder, pytestconfig) -> list[str]:
    """Paths of the images, made once."""
    newest = [chapter for chapter in pytestconfig.rung_chapters if chapter.number >= 7][0]
    folder = builder.shared / "ext2-corrupt"

    def make() -> list[str]:
        folder.mkdir()
        return make_images(folder, build(builder, newest))

    return once(builder.shared, "ext2-corrupt images", make)


@pytest.mark.parametrize("part", range(PARTS))
def test_corrupt_images(builder, chapter, images, pytestconfig, part):
    """At least 10,000 file systems with wild numbers in all kinds of metadata, flipped bits, blocks that are another
    block's: each is mounted, read, changed and unmounted within bounded time."""
    program = build(builder, chapter, "san", "ext2_corrupt.c", "ext2_exercise.c")
    count = amount(chapter, IMAGES) // PARTS
    done = run(program, str(pytestconfig.getoption("--seed")), str(part * count), str(count), "-", *images,
               timeout=TIMEOUT)
    mounted = int(re.search(r"mounted (\d+)", done.stdout)[1])
    assert count // 2 < mounted < count         # most get past the superblock, and some corruptions are noticed there


def corpus(images: list[str], folder: pathlib.Path) -> None:
    """Inputs for the fuzzer: each writes into an image what is there already, at the places that matter."""
    folder.mkdir()
    for index, path in enumerate(images):
        data = pathlib.Path(path).read_bytes()
        block_size = 1024 << struct.unpack_from("<I", data, 1024 + 24)[0]
        pieces = [1024, 1024 + 80, max(2048, block_size)]
        places = run("debugfs", "-f", "-", path, stdin="blocks /dir\nblocks /indexed\nblocks /sparse\nblocks <8>\n"
                     "imap <2>\nimap <12>\nimap <14>\n").stdout
        for block in re.findall(r"block (\d+)", places) + re.findall(r"(?<![\w/<>])(\d+)", places)[:60:4]:
            pieces.append(int(block) * block_size)
        for number, offset in enumerate(pieces):
            if offset + 96 <= len(data):
                header = bytes([index]) + number.to_bytes(8, "little")
                (folder / f"{index}-{number}").write_bytes(
                    header + offset.to_bytes(3, "little") + bytes([96]) + data[offset:offset + 96])


def test_fuzz(builder, chapter, images, pytestconfig, tmp_path):
    """libFuzzer, from a corpus made of the metadata of these images, finds nothing in a fixed number of runs."""
    program = build(builder, chapter, "fuzz", "ext2_fuzz.c", "ext2_exercise.c")
    corpus(images, tmp_path / "corpus")
    done = subprocess.run([program, f"-runs={amount(chapter, FUZZ_RUNS)}", f"-seed={pytestconfig.getoption('--seed')}", "-max_len=2000",
                           "-timeout=20", "-print_final_stats=1", tmp_path / "corpus"], cwd=tmp_path,
                          env={**ENVIRONMENT, "RUNG_EXT2_IMAGES": ":".join(images)}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT)
    assert done.returncode == 0, done.stdout[-5000:]
