"""Reads the tree of an ext2 or ext3 file system from the bytes of its image, without our kernel and without libext2fs."""
import dataclasses
import stat
import struct

SUPER = 1024                        # where the superblock is, in bytes
READ_ONLY_FEATURES = 100            # s_feature_ro_compat in it
RECOVER = 0x4
ROOT, JOURNAL = 2, 8
DIRECT = 12


class BadTree(Exception):
    """The image makes no sense."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One name's inode."""
    number: int
    mode: int
    links: int
    size: int
    modified: int
    content: bytes                  # of a file; the target of a symbolic link; nothing for a directory


class Image:
    """A file system in memory."""

    def __init__(self, data: bytes):
        self.data = data
        (self.inodes, self.blocks) = struct.unpack_from("<II", data, SUPER)
        self.first_block, log_size = struct.unpack_from("<II", data, SUPER + 20)
        self.block_size = 1024 << log_size
        (self.inodes_per_group,) = struct.unpack_from("<I", data, SUPER + 40)
        (self.inode_size,) = struct.unpack_from("<H", data, SUPER + 88)
        (self.incompatible,) = struct.unpack_from("<I", data, SUPER + 96)
        (self.last_orphan,) = struct.unpack_from("<I", data, SUPER + 0xE8)
        if struct.unpack_from("<H", data, SUPER + 56)[0] != 0xEF53:
            raise BadTree("no superblock")

    @property
    def needs_recovery(self) -> bool:
        return bool(self.incompatible & RECOVER)

    def superblock_sectors(self) -> set[int]:
        """The sectors of the file system's superblock and of the journal's, which decide on everything."""
        journal = self.map(self.inode(JOURNAL))[0] * self.block_size // 512
        return {SUPER // 512, SUPER // 512 + 1, journal, journal + 1}

    def block(self, number: int) -> bytes:
        if not number:
            return bytes(self.block_size)
        if not self.first_block <= number < self.blocks:
            raise BadTree(f"block {number}")
        return self.data[number * self.block_size:(number + 1) * self.block_size]

    def inode(self, number: int) -> bytes:
        if not 1 <= number <= self.inodes:
            raise BadTree(f"inode {number}")
        group, index = divmod(number - 1, self.inodes_per_group)
        (table,) = struct.unpack_from("<I", self.data, (self.first_block + 1) * self.block_size + 32 * group + 8)
        start = table * self.block_size + index * self.inode_size
        return self.data[start:start + 128]

    def map(self, inode: bytes) -> list[int]:
        """The block numbers of a file, 0 for a hole."""
        size = self._size(inode)
        count = -(-size // self.block_size)
        words = struct.unpack_from("<15I", inode, 40)
        result = list(words[:min(DIRECT, count)])
        for level, word in enumerate(words[DIRECT:], 1):
            if len(result) < count:
                self._add_level(word, level, count, result)
        return result

    def _add_level(self, word: int, level: int, count: int, result: list[int]) -> None:
        per_block = self.block_size // 4
        if not word:
            result += [0] * min(per_block ** level, count - len(result))
            return
        for inner in struct.unpack(f"<{per_block}I", self.block(word)):
            if len(result) >= count:
                return
            if level == 1:
                result.append(inner)
            else:
                self._add_level(inner, level - 1, count, result)

    @staticmethod
    def _size(inode: bytes) -> int:
        (mode,) = struct.unpack_from("<H", inode, 0)
        low, high = struct.unpack_from("<I", inode, 4)[0], struct.unpack_from("<I", inode, 108)[0]
        return low | high << 32 if stat.S_ISREG(mode) else low

    def read(self, inode: bytes) -> bytes:
        """A file's bytes."""
        size = self._size(inode)
        return b"".join(map(self.block, self.map(inode)))[:size]

    def entry(self, number: int) -> Entry:
        inode = self.inode(number)
        (mode,) = struct.unpack_from("<H", inode, 0)
        (modified,) = struct.unpack_from("<I", inode, 16)
        (links,) = struct.unpack_from("<H", inode, 26)
        size = self._size(inode)
        content = b""
        if stat.S_ISREG(mode):
            content = self.read(inode)
        elif stat.S_ISLNK(mode):
            content = inode[40:40 + size] if size < 60 else self.read(inode)
        return Entry(number, mode, links, 0 if stat.S_ISDIR(mode) else size, modified, content)

    def names(self, number: int) -> dict[str, int]:
        """A directory's names, but for "." and ".."."""
        data = self.read(self.inode(number))
        result, position = {}, 0
        while position < len(data):
            inode, length, name_length, _ = struct.unpack_from("<IHBB", data, position)
            if length < 8:
                raise BadTree(f"directory {number}: an entry of {length} bytes")
            name = data[position + 8:position + 8 + name_length].decode("latin-1")
            if inode and name not in (".", ".."):
                if name in result:
                    raise BadTree(f"directory {number}: two entries {name}")
                result[name] = inode
            position += length
        return result

    def tree(self) -> dict[str, Entry]:
        """Everything, by path; the root is ""."""
        result: dict[str, Entry] = {}
        known: dict[int, Entry] = {}

        def walk(path: str, number: int) -> None:
            if number not in known:
                known[number] = self.entry(number)
            elif stat.S_ISDIR(known[number].mode):
                raise BadTree(f"directory {number} has two names")
            result[path] = known[number]
            if stat.S_ISDIR(known[number].mode):
                for name, inner in self.names(number).items():
                    walk(f"{path}/{name}", inner)

        walk("", ROOT)
        return result
