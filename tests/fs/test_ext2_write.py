"""What the kernel's file system code writes, on the host: like the host's own file system, and right for e2fsck.

The operations come from --seed. To look at a failure: the image is kept, tools/ext2 and debugfs read it.
"""
import os
import pathlib
import random
import zlib

import pytest
from fs.ext2_operations import Operations, Step
from fs.ext2_tool import Script, amount, build, check, mke2fs, run, script
from fs.ext2_tree import canonical, fill_randomly, without

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

SCALE = int(os.environ.get("RUNG_EXT2_SCALE", "1"))
KINDS = {
    "1k": ("-b", "1024", "-j", "-J", "size=1", "-g", "2048"),
    "2k": ("-b", "2048", "-j", "-J", "size=2"),
    "4k": ("-b", "4096", "-j", "-J", "size=4"),
    "1k-plain": ("-b", "1024"),
    "inodes-128": ("-b", "1024", "-j", "-J", "size=1", "-I", "128"),
    "no-filetype": ("-b", "1024", "-j", "-J", "size=1", "-O", "^filetype"),
}


@pytest.fixture
def tool(builder, chapter) -> pathlib.Path:
    return build(builder, chapter, "san")


@pytest.fixture
def image(tmp_path) -> pathlib.Path:
    return tmp_path / "image"


def assert_host_reads(image: pathlib.Path, folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """debugfs reads from the image what the folder holds."""
    target = tmp_path / "rdump"
    target.mkdir()
    run("debugfs", "-R", f"rdump / {target}", image)
    found = canonical(target)
    # debugfs copies each name of a file by itself: no hard links.
    expected = [" ".join(["-", *(line.split(" ")[1:2]), "1", *line.split(" ")[3:]]) if line[0] == "-" else line
                for line in canonical(folder)]
    assert without([line if line[0] != "l" else plain(line) for line in found], "/lost+found") == \
        [line if line[0] != "l" else plain(line) for line in expected]


def plain(line: str) -> str:
    """A symbolic link's line without what debugfs does not set."""
    words = line.split(" ")
    return " ".join(["l", "-", "-", *words[3:]])


def assert_agree(done: Script, steps: list[Step], seed: int) -> None:
    """Each command answered as the host did."""
    assert len(done.results) == len(steps)
    for number, (step, output, result) in enumerate(zip(steps, done.output, done.results)):
        before = "\n".join(step.command for step in steps[max(0, number - 8):number])
        assert step.agrees(output, result), \
            f"seed {seed}, step {number}: {step.command}\nexpected {step.output} {step.result}, " \
            f"found {output} {result}; before it:\n{before}"


@pytest.mark.parametrize("part", range(SCALE))
@pytest.mark.parametrize("kind", KINDS)
def test_random_operations(tool, chapter, image, tmp_path, pytestconfig, kind, part):
    """Random operations answer as the host's own file system does and leave the same tree; e2fsck has nothing to say,
    and debugfs reads the same bytes."""
    folder = tmp_path / "tree"
    folder.mkdir()
    seed = pytestconfig.getoption("--seed") * 1_000_000 + part * 1000 + list(KINDS).index(kind)
    mke2fs(image, "40M", *KINDS[kind], "-N", "3000")
    steps = Operations(folder, tmp_path / "pool", seed).run(amount(chapter, 1200))
    done = script(tool, image, [step.command for step in steps], "-c", str(random.Random(seed).choice((0, 300, 1024))))
    assert_agree(done, steps, seed)
    check(image)
    assert without(run(tool, image, "tree").stdout.splitlines(), "/lost+found") == canonical(folder)
    assert_host_reads(image, folder, tmp_path)


def test_existing_tree(tool, chapter, image, tmp_path, pytestconfig):
    """Operations on a tree that mke2fs made, indexed directories among it."""
    folder = tmp_path / "tree"
    folder.mkdir()
    seed = pytestconfig.getoption("--seed")
    fill_randomly(folder, seed, 200, 50_000)
    (folder / "indexed").mkdir()
    for number in range(700):
        (folder / "indexed" / f"in an indexed directory {number}").write_bytes(b"")
    mke2fs(image, "40M", *KINDS["1k"], "-N", "3000", folder=folder)
    run("e2fsck", "-fyD", image, status=None)
    assert "0x1000" in run("debugfs", "-R", "stat /indexed", image).stdout
    steps = Operations(folder, tmp_path / "pool", seed).run(amount(chapter, 600))
    done = script(tool, image, [step.command for step in steps])
    assert_agree(done, steps, seed)
    check(image)
    assert without(run(tool, image, "tree").stdout.splitlines(), "/lost+found") == canonical(folder)


@pytest.mark.parametrize("block_size", [1024, 4096])
def test_large_offsets(tool, image, tmp_path, block_size):
    """Writes at all levels of indirection, up to the largest size; behind it -EFBIG; truncation gives all back."""
    mke2fs(image, "16M", "-b", str(block_size), "-j", "-J", f"size={block_size // 1024}")
    free = run(tool, image, "info").stdout.splitlines()[1]
    blocks = block_size // 4
    largest = (12 + blocks + blocks ** 2 + blocks ** 3) * block_size
    places = [11 * block_size, 12 * block_size, (12 + blocks) * block_size - 3,
              (12 + blocks + blocks ** 2) * block_size - 3, 4 << 30]
    data = random.Random(block_size).randbytes(9000)
    (tmp_path / "data").write_bytes(data)
    folder = tmp_path / "tree"
    folder.mkdir()
    with open(folder / "file", "wb") as file:
        for place in places:
            file.seek(place)
            file.write(data)
    done = script(tool, image, [f"write /file {place} @{tmp_path / 'data'}" for place in places])
    assert done.results == ["9000"] * len(places)
    check(image)
    reads = [f"read /file {place - 500} 10000" for place in places]
    done = script(tool, image, [*reads, f"write /file {1 << 43} =x", f"truncate /file {1 << 43}",
                                f"write /other {largest} =x" if block_size == 1024 else f"write /other {1 << 62} =x"])
    assert done.results[len(reads):] == ["EFBIG"] * 3
    with open(folder / "file", "rb") as file:
        for place, output in zip(places, done.output):
            file.seek(place - 500)
            assert output == [f"{zlib.crc32(file.read(10000)):08x}"]
    done = script(tool, image, [f"truncate /file {12 * block_size + 5}", "rm /other", "sync", "rm /file", "remount"])
    check(image)
    assert run(tool, image, "info").stdout.splitlines()[1] == free


def test_long_directory(tool, chapter, image):
    """3000 entries made, every other one removed and made again: all are found, e2fsck is content, nothing is lost."""
    mke2fs(image, "16M", "-b", "1024", "-j", "-J", "size=1", "-N", "4000")
    names = [f"/d/entry-{number:05d}-{'x' * (number % 60)}" for number in range(amount(chapter, 3000))]
    done = script(tool, image, ["mkdir /d", *(f"put =x {name}" for name in names), "remount",
                                *(f"rm {name}" for name in names[::2]), *(f"mkdir {name}" for name in names[::2])])
    assert set(done.results) <= {"0", "1"}
    check(image)
    listed = run(tool, image, "ls", "/d").stdout.splitlines()
    assert listed == sorted([".", "..", *(name[3:] for name in names)])
    done = script(tool, image, [*(f"rmdir {name}" for name in names[::2]), *(f"rm {name}" for name in names[1::2]),
                                "rmdir /d"])
    assert set(done.results) == {"0"}
    check(image)


def test_link_limit(tool, image):
    """65,000 links to a file or subdirectories of a directory, then -EMLINK."""
    mke2fs(image, "40M", "-b", "4096", "-j", "-J", "size=4", "-N", "1000")
    run("debugfs", "-w", "-f", "-", image, stdin="mkdir d\nwrite /dev/null f\nsif f links_count 64999\n"
        "sif d links_count 64999\n")
    done = script(tool, image, ["ln /f /1", "ln /f /2", "mkdir /d/1", "mkdir /d/2", "mkdir /e", "mv /e /d/e", "rm /1",
                                "ln /f /2", "rmdir /d/1", "mv /e /d/e"])
    assert done.results == ["0", "EMLINK", "0", "EMLINK", "0", "EMLINK", "0", "0", "0", "0"]
