"""The small file systems of the power-cut tests."""
import dataclasses
import pathlib
import random

from .powercut_check import CORRECTED, run
from .powercut_log import SECTOR

SPARE_SECTORS = 64                  # behind the file system; the first takes the load's marks
UUID = "52756e67-0000-4000-8000-706f77657263"
HASH_SEED = "52756e67-0000-4000-8000-706f77657264"


@dataclasses.dataclass(frozen=True)
class Shape:
    """How a file system is made."""
    block_size: int
    mebibytes: int
    blocks_per_group: int
    filler: int = 0                 # bytes of a file that only takes room
    journal: bool = True

    @property
    def sectors(self) -> int:
        return (self.mebibytes << 20) // SECTOR


SHAPES = {"1k": Shape(1024, 6, 2048), "2k": Shape(2048, 8, 2048), "4k": Shape(4096, 10, 1024),
          "full": Shape(1024, 4, 1024, 1_900_000)}
PLAIN = Shape(1024, 4, 2048, journal=False)


def make_tree(folder: pathlib.Path, seed: int) -> None:
    """What the file system holds before the load: files that it never touches, and some that it does."""
    choose = random.Random(seed)
    (folder / "still" / "inner").mkdir(parents=True)
    for number in range(8):
        content = choose.randbytes(choose.choice((0, 1, 1024, 5000, 20000)))
        (folder / "still" / ("inner" if number % 2 else ".") / f"s{number}").write_bytes(content)
    (folder / "still" / "big").write_bytes(choose.randbytes(300000))
    (folder / "still" / "link").symlink_to("inner/s1")
    for name in ("d0", "d1", "d0/d1", "d3", "p0", "p1", "p2", "p3"):
        (folder / name).mkdir()
    for number in range(50):        # so many that e2fsck gives the directory an index
        (folder / "d3" / f"{number}{'y' * 80}").touch()
    for name in ("f0", "f1", "d0/f0", "d1/f2"):
        (folder / name).write_bytes(choose.randbytes(choose.randrange(30000)))


def make(image: pathlib.Path, shape: Shape, folder: pathlib.Path, seed: int) -> None:
    """Make a file system, with a journal of 1024 blocks, from a folder that does not exist yet."""
    make_tree(folder, seed)
    (folder / "still" / "filler").write_bytes(bytes(range(256)) * (shape.filler // 256))
    with open(image, "wb") as file:
        file.truncate(shape.sectors * SECTOR)
    journal = ["-t", "ext3", "-J", f"size={shape.block_size // 1024}"] if shape.journal else ["-t", "ext2"]
    status, output = run("mke2fs", "-q", "-F", *journal, "-b", str(shape.block_size), "-g", str(shape.blocks_per_group),
                         "-N", "512", "-U", UUID, "-E", f"hash_seed={HASH_SEED},root_owner=0:0", "-d", folder, image)
    if status:
        raise RuntimeError(f"mke2fs ends with {status}: {output}")
    status, output = run("e2fsck", "-fyD", image)
    if status > CORRECTED or "indexing" not in output.lower() and "optimizing" not in output.lower():
        raise RuntimeError(f"e2fsck -D ends with {status}: {output}")
