#!/usr/bin/env python3
"""Does the commands of tools/ext2's scripts with Linux's own calls, and prints the same.

usage: names_host.py FOLDER SCRIPT

The folder becomes the root, which takes root's rights or a user name space of one's own.
"""
import errno
import os
import re
import stat
import sys
import zlib

HANDLES = 64
FLAGS = {"c": os.O_CREAT, "x": os.O_EXCL, "t": os.O_TRUNC, "a": os.O_APPEND, "s": os.O_SYNC, "d": os.O_DIRECTORY,
         "n": os.O_NOFOLLOW}
LETTERS = {stat.S_IFREG: "-", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}


def words_of(line: bytes) -> list[bytes]:
    """The words of a line; \\xHH stands for a byte, and \\x00 ends a word, as in C."""
    words = [re.sub(rb"\\x(..)", lambda match: bytes([int(match[1], 16)]), word) for word in line.split()]
    return [word.split(b"\0")[0] for word in words]


def quoted(name: bytes) -> str:
    return "".join(f"\\x{byte:02x}" if byte <= 32 or byte >= 127 or byte == 92 else chr(byte) for byte in name)


class Host:
    """One method for each command: its result is a number, None for 0, or an OSError."""

    def __init__(self):
        self.handles: list[tuple[bytes, int] | None] = [None] * HANDLES

    def handle(self, name: bytes) -> int:
        for handle in self.handles:
            if handle and handle[0] == name:
                return handle[1]
        raise OSError(errno.EBADF, "no such handle")

    def write_path(self, path: bytes, flags: int, data: bytes) -> int:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)
        try:
            return os.write(file, data[1:])
        finally:
            os.close(file)

    def put(self, data, path):
        return self.write_path(path, os.O_TRUNC, data)

    def append(self, path, data):
        return self.write_path(path, os.O_APPEND, data)

    def truncate(self, path, size):
        os.truncate(path, int(size))

    def mkdir(self, path, mode=b"755"):
        os.mkdir(path, int(mode, 8))

    def rmdir(self, path):
        os.rmdir(path)

    def rm(self, path):
        os.unlink(path)

    def mv(self, old, new):
        os.rename(old, new)

    def ln(self, *words):
        if words[0] == b"-s":
            os.symlink(words[1], words[2])
        else:
            os.link(words[0], words[1], follow_symlinks=False)

    def readlink(self, path):
        target = os.readlink(path)
        print(quoted(target))
        return len(target)

    def open(self, name, path, letters=b"r"):
        flags = (os.O_RDWR if b"r" in letters else os.O_WRONLY) if b"w" in letters else os.O_RDONLY
        for letter in letters.decode():
            flags |= FLAGS.get(letter, 0)
        if None not in self.handles:
            raise OSError(errno.EBADF, "no handle left")
        self.handles[self.handles.index(None)] = (name, os.open(path, flags, 0o644))

    def close(self, name):
        file = self.handle(name)
        self.handles[self.handles.index((name, file))] = None
        os.close(file)

    def hwrite(self, name, data):
        return os.write(self.handle(name), data[1:])

    def hread(self, name, length):
        data = os.read(self.handle(name), int(length))
        print(f"{zlib.crc32(data):08x}")
        return len(data)

    def hseek(self, name, offset):
        return os.lseek(self.handle(name), int(offset), os.SEEK_SET)

    def htruncate(self, name, size):
        os.ftruncate(self.handle(name), int(size))

    def fsync(self, name):
        # What is no handle is a path.
        known = any(handle and handle[0] == name for handle in self.handles)
        file = self.handle(name) if known else os.open(name, os.O_RDONLY)
        os.fsync(file)
        if not known:
            os.close(file)

    def remount(self):
        """What a mount forgets: open files."""
        for handle in filter(None, self.handles):
            os.close(handle[1])
        self.handles = [None] * HANDLES

    def tree(self, path=b""):
        names = sorted(os.listdir(path or b"/")) if stat.S_ISDIR(os.lstat(path or b"/").st_mode) else []
        if not path:
            self.line(b"", names)
        for name in names:
            self.line(path + b"/" + name, None)
            if stat.S_ISDIR(os.lstat(path + b"/" + name).st_mode):
                self.tree(path + b"/" + name)

    def line(self, path, names):
        status = os.lstat(path or b"/")
        kind = stat.S_IFMT(status.st_mode)
        links, rest, target = status.st_nlink, f"{status.st_size} -", ""
        if kind == stat.S_IFDIR:
            # Not every file system counts the ".." of subdirectories.
            links = 2 + sum(entry.is_dir(follow_symlinks=False) for entry in os.scandir(path or b"/"))
            rest = "- -"
        elif kind == stat.S_IFREG:
            with open(path, "rb") as file:
                rest = f"{status.st_size} {zlib.crc32(file.read()):08x}"
        else:
            target = " -> " + quoted(os.readlink(path))
        shown = quoted(path or b"/")
        print(f"{LETTERS[kind]} {stat.S_IMODE(status.st_mode):04o} {links} {rest} {shown}{target}")


def main() -> None:
    folder, script = sys.argv[1:]
    with open(script, "rb") as file:
        lines = file.read().splitlines()
    os.chroot(folder)
    os.chdir("/")
    os.umask(0)
    host = Host()
    for line in lines:
        command, *words = words_of(line)
        try:
            result = getattr(host, command.decode())(*words)
        except OSError as error:
            print(f"= {errno.errorcode[error.errno]}")
        else:
            print(f"= {result or 0}")


if __name__ == "__main__":
    main()
