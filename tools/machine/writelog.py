"""The log of a disk's writes and flushes, in the format of Linux's dm-log-writes: QEMU's blklogwrites and tools/ext2 make
it. A superblock, then each entry in a sector of its own, with its data behind it."""
import dataclasses
import itertools
import pathlib
import struct
from collections.abc import Iterator

SECTOR = 512
MAGIC = 0x6A736677736872
SUPERBLOCK = struct.Struct("<QQQI")
ENTRY = struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


class BadLog(Exception):
    """The log makes no sense."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A write, a flush (no data) or a mark (no data) in a log."""
    number: int
    sector: int
    flags: int
    data: bytes

    @property
    def count(self) -> int:
        return len(self.data) // SECTOR

    @property
    def end(self) -> int:
        return self.sector + self.count

    def __str__(self) -> str:
        if self.flags & (FLUSH | MARK):
            return f"{self.number:6} {'flush' if self.flags & FLUSH else 'mark'}"
        return f"{self.number:6} write {self.sector} {self.count}"


def entries(path: pathlib.Path) -> Iterator[Entry]:
    """The entries to the end of the file: the superblock's count is renewed by flushes only. What was cut off at the end
    never was."""
    data = path.read_bytes()
    if len(data) < SECTOR:
        raise BadLog("no superblock")
    magic, version, _, size = SUPERBLOCK.unpack_from(data)
    if magic != MAGIC or version != 1 or size != SECTOR:
        raise BadLog(f"magic {magic:#x}, version {version}, sectors of {size} bytes")
    position = SECTOR
    for number in itertools.count():
        if position + SECTOR > len(data):
            return
        sector, sectors, flags, _ = ENTRY.unpack_from(data, position)
        position += SECTOR
        if flags & ~(FLUSH | MARK) or flags and sectors:
            raise BadLog(f"entry {number}: flags {flags:#x} with {sectors} sectors")
        content = data[position:position + sectors * SECTOR]
        position += sectors * SECTOR
        if len(content) == sectors * SECTOR:
            yield Entry(number, sector, flags, content)
