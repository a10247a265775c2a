"""Random operations on a tree, done on the host's own file system first: what that answers, we must answer too."""
import dataclasses
import errno
import os
import pathlib
import random
import re
import zlib
from collections.abc import Callable

from .ext2_tree import escaped

POOL_SIZE = 1 << 20
FLAGS = {"r": os.O_RDONLY, "w": os.O_WRONLY, "rw": os.O_RDWR, "c": os.O_CREAT, "x": os.O_EXCL, "t": os.O_TRUNC,
         "a": os.O_APPEND, "d": os.O_DIRECTORY, "n": os.O_NOFOLLOW}


@dataclasses.dataclass
class Step:
    """A command of tools/ext2, with what it must print and the result, or several that are right."""
    command: str
    output: list[str]
    result: str | tuple[str, ...]

    def agrees(self, output: list[str], result: str) -> bool:
        return output == self.output and (result in self.result if isinstance(self.result, tuple) else
                                          result == self.result)


class Operations:
    """Chooses operations from a seed, does them in `folder`, and notes them as steps.

    pool        a file of random bytes, for the contents of all files (made here)
    offset_max  how far into files writes go; holes are left before
    """

    def __init__(self, folder: pathlib.Path, pool: pathlib.Path, seed: int, offset_max: int = 300_000):
        self.folder, self.offset_max = os.path.realpath(os.fsencode(folder)), offset_max
        self.choose = random.Random(seed)
        self.pool, self.pool_path = self.choose.randbytes(POOL_SIZE), pool
        pool.write_bytes(self.pool)
        self.handles: dict[str, int] = {}
        self.steps: list[Step] = []
        self.names = [b"a", b"b", b"c", b"d", b"file", b"x y", b"n" * 200, b"\xff\\", b"e.txt", b"longer-name-%d"]

    # What to do it to

    def inside(self, path: bytes) -> bool:
        """Whether a path, and what it leads to, stays within the folder: nothing outside is ever touched."""
        return all(os.path.realpath(place) == self.folder or os.path.realpath(place).startswith(self.folder + b"/")
                   for place in (self.folder + path, os.path.dirname(self.folder + path.rstrip(b"/"))))

    def path(self) -> bytes:
        """A path of a few names, most likely one that makes sense."""
        while not self.inside(path := self.any_path()):
            pass
        return path

    def any_path(self) -> bytes:
        path = b""
        for _ in range(4):
            there = sorted(os.listdir(self.folder + path))
            inner = [name for name in there if self.inside(path + b"/" + name)
                     and os.path.isdir(self.folder + path + b"/" + name)]
            if not inner or self.choose.random() < 0.3:
                break
            path += b"/" + self.choose.choice(inner)
        if there and self.choose.random() < 0.65:
            path += b"/" + self.choose.choice(there)
        else:
            path += b"/" + self.choose.choice(self.names).replace(b"%d", b"%d" % self.choose.randrange(200))
        return path + self.choose.choice((*[b""] * 20, b"/a", b"/", b"/.", b"/.."))

    def data(self) -> tuple[bytes, str]:
        """Bytes to write, and the word for them."""
        length = self.choose.choice((0, 1, 50, 1000, 1024, 4096, 5000, 20_000, self.choose.randrange(100_000)))
        offset = self.choose.randrange(POOL_SIZE - length)
        return self.pool[offset:offset + length], f"@{self.pool_path}:{offset}:{length}"

    def offset(self) -> int:
        return self.choose.choice((0, 0, 1, 1024, 4096, 12 * 1024, self.choose.randrange(self.offset_max)))

    # Doing it

    def step(self, command: str, action: Callable[[], tuple[list[str], int]]) -> None:
        """Do it on the host and note what happened."""
        try:
            output, result = action()
            self.steps.append(Step(command, output, str(result)))
        except OSError as error:
            result = errno.errorcode[error.errno]
            # Linux answers EISDIR to all attempts to create something with a slash behind its name.
            slash = result == "EISDIR" and re.search("/( |$)", command)
            self.steps.append(Step(command, [], ("EISDIR", "ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG") if slash else result))

    def real(self, path: bytes) -> bytes:
        assert self.inside(path), path
        return self.folder + path

    def write_path(self, path: bytes, flags: int, offset: int, data: bytes) -> tuple[list[str], int]:
        handle = os.open(self.real(path), os.O_WRONLY | os.O_CREAT | flags, 0o644)
        try:
            os.lseek(handle, offset, os.SEEK_SET)
            return [], os.write(handle, data) if data else 0
        finally:
            os.close(handle)

    def read_path(self, path: bytes, offset: int, length: int) -> tuple[list[str], int]:
        handle = os.open(self.real(path), os.O_RDONLY)
        try:
            os.lseek(handle, offset, os.SEEK_SET)
            data = os.read(handle, length)
            return [f"{zlib.crc32(data):08x}"], len(data)
        finally:
            os.close(handle)

    def nothing(self, action: Callable[[], object]) -> Callable[[], tuple[list[str], int]]:
        """An action that answers 0."""
        def run() -> tuple[list[str], int]:
            action()
            return [], 0
        return run

    def one(self) -> None:
        """One operation on paths."""
        choose, path = self.choose, self.path()
        word = escaped(path)
        match choose.choice(("put", "put", "write", "write", "append", "truncate", "mkdir", "mkdir", "rm", "rmdir", "mv",
                             "mv", "ln", "symlink", "read", "readlink", "fsync", "sync", "remount", "handle", "handle",
                             "handle")):
            case "put":
                data, source = self.data()
                self.step(f"put {source} {word}", lambda: self.write_path(path, os.O_TRUNC, 0, data))
            case "write":
                data, source = self.data()
                offset = self.offset()
                self.step(f"write {word} {offset} {source}", lambda: self.write_path(path, 0, offset, data))
            case "append":
                data, source = self.data()
                self.step(f"append {word} {source}", lambda: self.write_path(path, os.O_APPEND, 0, data))
            case "truncate":
                size = self.offset()
                self.step(f"truncate {word} {size}", self.nothing(lambda: os.truncate(self.real(path), size)))
            case "mkdir":
                self.step(f"mkdir {word}", self.nothing(lambda: os.mkdir(self.real(path), 0o755)))
            case "rm":
                self.step(f"rm {word}", self.nothing(lambda: os.unlink(self.real(path))))
            case "rmdir":
                self.step(f"rmdir {word}", self.nothing(lambda: os.rmdir(self.real(path))))
            case "mv":
                # With "." at the end of one path and another error in the other, either may be the answer.
                path, new = (re.sub(rb"/\.+$", b"", name) or b"/a" for name in (path, self.path()))
                self.step(f"mv {escaped(path)} {escaped(new)}",
                          self.nothing(lambda: os.rename(self.real(path), self.real(new))))
            case "ln":
                new = self.path()
                self.step(f"ln {word} {escaped(new)}",
                          self.nothing(lambda: os.link(self.real(path), self.real(new), follow_symlinks=False)))
            case "symlink":
                target = choose.choice((b"a", b"b", b"a/b", b"./file", b"t" * choose.choice((59, 60, 61, 900))))
                self.step(f"ln -s {escaped(target)} {word}",
                          self.nothing(lambda: os.symlink(target, self.real(path))))
            case "read":
                offset, length = self.offset(), choose.randrange(50_000)
                self.step(f"read {word} {offset} {length}", lambda: self.read_path(path, offset, length))
            case "readlink":
                def readlink() -> tuple[list[str], int]:
                    target = os.readlink(self.real(path))
                    return [escaped(target)], len(target)
                self.step(f"readlink {word}", readlink)
            case "fsync":
                self.step(f"fsync {word}", self.nothing(lambda: os.close(os.open(self.real(path), os.O_RDONLY))))
            case "sync":
                self.steps.append(Step("sync", [], "0"))
            case "remount" if choose.random() < 0.3:
                for handle in self.handles.values():
                    os.close(handle)
                self.handles.clear()
                self.steps.append(Step("remount", [], "0"))
            case "handle":
                self.handle(path)

    def handle(self, path: bytes) -> None:
        """Open a file and keep it open, or do something with one that is."""
        choose = self.choose
        if not self.handles or (len(self.handles) < 6 and choose.random() < 0.4):
            letters = choose.choice(("r", "w", "rw", "rwc", "rwct", "wca", "rwcx", "rd", "rn", "rwn"))
            flags = FLAGS["rw"] if letters.startswith("rw") else FLAGS[letters[0]]
            for letter in letters.lstrip("rw"):
                flags |= FLAGS[letter]
            name = f"h{len(self.steps)}"

            def open_it() -> tuple[list[str], int]:
                self.handles[name] = os.open(self.real(path), flags, 0o644)
                return [], 0
            self.step(f"open {name} {escaped(path)} {letters}", open_it)
            return
        name = choose.choice(sorted(self.handles))
        handle = self.handles[name]
        match choose.choice(("write", "write", "read", "seek", "truncate", "sync", "close", "remove")):
            case "write":
                data, source = self.data()
                if data:
                    self.step(f"hwrite {name} {source}", lambda: ([], os.write(handle, data)))
            case "read":
                length = choose.randrange(1, 50_000)

                def read() -> tuple[list[str], int]:
                    data = os.read(handle, length)
                    return [f"{zlib.crc32(data):08x}"], len(data)
                self.step(f"hread {name} {length}", read)
            case "seek":
                offset = self.offset()
                self.step(f"hseek {name} {offset}", lambda: ([], os.lseek(handle, offset, os.SEEK_SET)))
            case "truncate":
                size = self.offset()
                self.step(f"htruncate {name} {size}", self.nothing(lambda: os.ftruncate(handle, size)))
            case "sync":
                self.steps.append(Step(f"fsync {name}", [], "0"))
            case "close":
                os.close(self.handles.pop(name))
                self.steps.append(Step(f"close {name}", [], "0"))
            case "remove":
                # Take away the name of an open file, which lives on.
                self.step(f"rm {escaped(path)}", self.nothing(lambda: os.unlink(self.real(path))))

    def run(self, count: int) -> list[Step]:
        """Choose and do so many operations."""
        mask = os.umask(0)
        try:
            while len(self.steps) < count:
                self.one()
        finally:
            os.umask(mask)
            for handle in self.handles.values():
                os.close(handle)
        return self.steps
