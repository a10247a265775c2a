"""What a file system must look like after a power cut: a model that does what the load (powercut_load.h) says it did.

The journal makes the names, sizes and link counts those of one moment, after some operation k: not before the last sync
or fsync that had returned, and not later than the operation that had begun. Data is written before the commit that refers
to it, so each sector of a file holds what the file had there after operation k, or what a later one has put there since.
"""
import array
import bisect
import dataclasses
import re
import stat
import sys

from .powercut_tree import Entry

LINE = re.compile(r"^(?:# )?op (\d+) (\w+) ?(.*)(?:\n(?:# )?= (-?\d+)$)?", re.MULTILINE)
SECTOR = 512
FILE_MODE, DIRECTORY_MODE, LINK_MODE = 0o100640, 0o040750, 0o120777
SAME_NAMES = ("write", "safewrite", "swrite", "pieces", "truncate", "struncate", "close", "sync", "fsync", "sfsync")
ROOT = 0


class Impossible(Exception):
    """An operation said to have succeeded which can't."""


class Violation(Exception):
    """A state of the disk that breaks a promise."""


def pattern(operation: int, offset: int, size: int) -> bytes:
    """What an operation writes at an offset."""
    words = array.array("Q", range(operation << 32 | offset // 8, (operation << 32 | (offset + size + 7) // 8)))
    if sys.byteorder == "big":
        words.byteswap()
    return words.tobytes()[offset % 8:offset % 8 + size]


@dataclasses.dataclass
class Node:
    """A file, directory or symbolic link from its creation on."""
    mode: int
    operations: list[int]           # that changed its content
    contents: list[bytes]           # what it was after each of them
    names: int = 0                  # links, counted anew for each listing

    def version(self, operation: int) -> int:
        """Index of the content after an operation."""
        return bisect.bisect_right(self.operations, operation) - 1

    @property
    def content(self) -> bytes:
        return self.contents[-1]


@dataclasses.dataclass(frozen=True)
class Names:
    """All names there are at one moment."""
    nodes: dict[str, int]           # node by path
    signature: tuple                # all that is the same before and after a reboot


def below(tree: dict[str, Entry], folder: str) -> dict[str, Entry]:
    """The part of a tree that is in a folder."""
    return {path[len(folder):]: entry for path, entry in tree.items() if f"{path}/".startswith(f"{folder}/")}


class Model:
    """All moments of one run of the load in a folder, from the tree it began with and the lines it printed."""

    def __init__(self, tree: dict[str, Entry], text: str, folder: str = ""):
        self.folder = folder
        tree = below(tree, folder)
        self.nodes: list[Node] = []
        self.directories: dict[int, dict[str, int]] = {}
        self._slots: dict[int, int] = {}
        self._take_over(tree)
        self.names = [self._listing()]
        self.lines = [""]
        self.written: list[int | None] = [None]         # the node whose data an operation writes
        self.syncs: list[int] = []
        self.ended = False
        for match in LINE.finditer(text):
            words = [word.removeprefix(folder) for word in match[3].split()]
            self._apply(int(match[1]), match[2], words, None if match[4] is None else int(match[4]))
            self.lines.append(f"{match[1]} {match[2]} {match[3]} = {match[4]}")

    @property
    def last(self) -> int:
        return len(self.names) - 1

    def _take_over(self, tree: dict[str, Entry]) -> None:
        by_inode: dict[int, int] = {}
        for path, entry in tree.items():
            if entry.number not in by_inode:
                by_inode[entry.number] = self._add(entry.mode, 0, entry.content)
            if path:
                self._parent_names(path)[path.rpartition("/")[2]] = by_inode[entry.number]

    def _add(self, mode: int, operation: int, content: bytes = b"") -> int:
        self.nodes.append(Node(mode, [operation], [content]))
        if stat.S_ISDIR(mode):
            self.directories[len(self.nodes) - 1] = {}
        return len(self.nodes) - 1

    def _listing(self) -> Names:
        nodes: dict[str, int] = {}

        def walk(path: str, number: int) -> None:
            nodes[path] = number
            if number in self.directories:
                self.nodes[number].names = 2 + sum(inner in self.directories
                                                   for inner in self.directories[number].values())
                for name, inner in self.directories[number].items():
                    walk(f"{path}/{name}", inner)

        walk("", ROOT)
        count: dict[int, int] = {}
        for number in nodes.values():
            count[number] = count.get(number, 0) + 1
        for number, names in count.items():
            if number not in self.directories:
                self.nodes[number].names = names
        return Names(nodes, signature({path: (number, self.nodes[number].mode, self.nodes[number].names,
                                              self.nodes[number].content) for path, number in nodes.items()}))

    # What an operation does

    def _find(self, path: str, follow: bool = False) -> int | None:
        number = ROOT
        for name in path.split("/")[1:]:
            if number not in self.directories:
                return None
            number = self.directories[number].get(name)
            if number is None:
                return None
        if follow and stat.S_ISLNK(self.nodes[number].mode):
            return self._find(self._target(path, number), True)
        return number

    def _target(self, path: str, number: int) -> str:
        return path.rpartition("/")[0] + "/" + self.nodes[number].content.decode("latin-1")

    def _parent_names(self, path: str) -> dict[str, int]:
        parent = self._find(path.rpartition("/")[0])
        if parent not in self.directories:
            raise Impossible(f"{path}: no such directory")
        return self.directories[parent]

    def _need(self, path: str, follow: bool = False) -> int:
        number = self._find(path, follow)
        if number is None:
            raise Impossible(f"{path} does not exist")
        return number

    def _insert(self, path: str, number: int) -> None:
        names = self._parent_names(path)
        name = path.rpartition("/")[2]
        if name in names:
            raise Impossible(f"{path} exists")
        names[name] = number

    def _remove(self, path: str, directory: bool) -> int:
        names = self._parent_names(path)
        name = path.rpartition("/")[2]
        number = names.get(name)
        if number is None or (number in self.directories) != directory:
            raise Impossible(f"{path} can't be removed")
        if directory and self.directories[number]:
            raise Impossible(f"{path} is not empty")
        del names[name]
        return number

    def _set(self, number: int, operation: int, content: bytes) -> None:
        if not stat.S_ISREG(self.nodes[number].mode):
            raise Impossible("not a file")
        if content != self.nodes[number].content:
            self.nodes[number].operations.append(operation)
            self.nodes[number].contents.append(content)

    def _write(self, number: int, operation: int, offset: int, size: int) -> None:
        old = self.nodes[number].content
        self._set(number, operation, old[:offset].ljust(offset, b"\0") + pattern(operation, offset, size) +
                  old[offset + size:])

    def _resize(self, number: int, operation: int, size: int) -> None:
        self._set(number, operation, self.nodes[number].content[:size].ljust(size, b"\0"))

    def _rename(self, old: str, new: str) -> None:
        number, target = self._need(old), self._find(new)
        if target == number:
            return
        if target is not None:
            if (target in self.directories) != (number in self.directories) or self.directories.get(target):
                raise Impossible(f"{new} can't be replaced by {old}")
            del self._parent_names(new)[new.rpartition("/")[2]]
        if number in self.directories and f"{new}/".startswith(f"{old}/"):
            raise Impossible(f"{old} can't move into itself")
        del self._parent_names(old)[old.rpartition("/")[2]]
        self._insert(new, number)

    def _open(self, path: str, operation: int) -> int:
        """With O_CREAT: a symbolic link to nothing gets its target."""
        number = self._find(path, True)
        if number is None:
            link = self._find(path)
            number = self._add(FILE_MODE, operation)
            self._insert(self._target(path, link) if link is not None else path, number)
        return number

    def _apply(self, operation: int, kind: str, words: list[str], result: int | None) -> None:
        """Without a result (the machine was killed meanwhile) it may have happened, if it could."""
        if operation != len(self.names):
            raise Impossible(f"operation {operation} follows {self.last}")
        self.written.append(None)
        if result is None or result >= 0:
            try:
                self._do(operation, kind, words, result)
            except Impossible as error:
                if result is not None:
                    raise Impossible(f"operation {operation} ({kind} {' '.join(words)}): {error}") from None
        same = kind in SAME_NAMES
        self.names.append(self.names[-1] if same or result is not None and result < 0 else self._listing())

    def _do(self, operation: int, kind: str, words: list[str], result: int | None) -> None:
        match kind, words:
            case "create", [path]:
                self._insert(path, self._add(FILE_MODE, operation))
            case "trunc", [path]:
                self._resize(self._open(path, operation), operation, 0)
            case "open", [slot, path]:
                self._slots[int(slot)] = self._open(path, operation)
            case ("write" | "safewrite" | "swrite"), [where, offset, size]:
                number = self._slots[int(where)] if kind == "swrite" else self._need(where, True)
                self._write(number, operation, int(offset), int(size) if result is None else result)
                self.written[-1] = number
                self.syncs += [operation] if kind == "safewrite" and result is not None else []
            case "pieces", [path, count, step, size]:
                number = self._need(path)
                pieces = (pattern(operation, index * int(step), int(size)) for index in range(int(count)))
                self._set(number, operation, b"".join(piece.ljust(int(step), b"\0") for piece in pieces)[
                    :(int(count) - 1) * int(step) + int(size)])
                self.written[-1] = number
            case "truncate", [path, size]:
                self._resize(self._need(path, True), operation, int(size))
            case "struncate", [slot, size]:
                self._resize(self._slots[int(slot)], operation, int(size))
            case "close", [slot]:
                del self._slots[int(slot)]
            case "mkdir", [path]:
                self._insert(path, self._add(DIRECTORY_MODE, operation))
            case "symlink", [target, path]:
                self._insert(path, self._add(LINK_MODE, operation, target.encode("latin-1")))
            case "link", [old, new]:
                if self._need(old) in self.directories:
                    raise Impossible("a directory")
                self._insert(new, self._need(old))
            case ("unlink" | "rmdir"), [path]:
                self._remove(path, kind == "rmdir")
            case "rename", [old, new]:
                self._rename(old, new)
            case "end", _:
                self.ended = True
            case ("sync" | "fsync" | "sfsync"), _:
                self.syncs += [operation] if result is not None else []
            case _:
                raise Impossible("no such operation")

    # Which moments a disk may show

    def durable(self, begun: int) -> int:
        """The last operation that must have survived when operation `begun` had begun."""
        return self.syncs[index - 1] if (index := bisect.bisect_left(self.syncs, begun)) else 0

    def check(self, tree: dict[str, Entry], begun: int, durable: int | None = None) -> int:
        """The moment (the first possible one) that a tree shows, from `durable` on if that is given; raises Violation
        when it breaks a promise."""
        tree = below(tree, self.folder)
        found = signature({path: (entry.number, entry.mode, entry.links, entry.content) for path, entry in tree.items()})
        begun = min(begun, self.last)
        durable = self.durable(begun) if durable is None else durable
        reasons = []
        for moment in range(durable, begun + 1):
            if self.names[moment].signature == found:
                try:
                    self._check_contents(tree, moment, begun)
                    return moment
                except Violation as error:
                    reasons.append(f"after operation {moment}: {error}")
        if reasons:
            raise Violation("the names are right, but\n  " + "\n  ".join(reasons[-5:]))
        raise Violation(self._explain(found, durable, begun))

    def _check_contents(self, tree: dict[str, Entry], moment: int, begun: int) -> None:
        seen = set()
        for path, number in self.names[moment].nodes.items():
            node = self.nodes[number]
            if stat.S_ISREG(node.mode) and number not in seen:
                seen.add(number)
                self._check_file(path, number, tree[path].content, moment, begun)

    def _check_file(self, path: str, number: int, found: bytes, moment: int, begun: int) -> None:
        node = self.nodes[number]
        first, last = node.version(moment), node.version(begun)
        expected = node.contents[first]
        if found == expected:
            return
        allowed = node.contents[first:last + 1]
        if len(found) != len(expected):
            # A long write may have happened in part.
            follows = moment < begun and self.written[moment + 1] == number
            longer = node.contents[node.version(moment + 1)] if follows else b""
            if not len(expected) < len(found) < len(longer):
                raise Violation(f"{path} has {len(found)} bytes, not {len(expected)}")
            allowed = allowed[1:]
        for offset in range(0, len(found), SECTOR):
            piece = found[offset:offset + SECTOR]
            if not any(content[offset:offset + SECTOR].ljust(len(piece), b"\0")[:len(piece)] == piece
                       for content in allowed or [expected]):
                raise Violation(f"{path} holds at {offset} what it never did: {describe(piece)}, not "
                                f"{describe(expected[offset:offset + SECTOR])}; of {len(found)} bytes")

    def _explain(self, found: tuple, durable: int, begun: int) -> str:
        text = f"the last sync was operation {durable}, the last begun {begun}: {self.lines[begun]}\n"
        same = [moment for moment, names in enumerate(self.names) if names.signature == found]
        if same:
            return text + f"the names are those after operations {same[0]} to {same[-1]}"
        # The nearest moment is the one with the fewest lines that differ.
        lines = set(found)
        nearest = min(range(durable, begun + 1),
                      key=lambda moment: len(lines ^ set(self.names[moment].signature)))
        wanted = set(self.names[nearest].signature)
        return text + f"the names were never so; nearest is operation {nearest} ({self.lines[nearest]}):\n" + "\n".join(
            [f"  found    {line}" for line in sorted(lines - wanted)][:8] +
            [f"  expected {line}" for line in sorted(wanted - lines)][:8])


def signature(tree: dict[str, tuple[int, int, int, bytes]]) -> tuple:
    """Names, kinds, rights, link counts and targets, from (identity, mode, links, content) by path."""
    first: dict[int, str] = {}
    lines = []
    for path in sorted(tree):
        number, mode, links, content = tree[path]
        same = first.setdefault(number, path)
        lines.append((path, mode, links, same, content.decode("latin-1") if stat.S_ISLNK(mode) else ""))
    return tuple(lines)


def describe(piece: bytes) -> str:
    """A sector in words: which operation wrote what it holds."""
    if not piece.strip(b"\0"):
        return "zeroes"
    if len(piece) < 16:
        return piece.hex()
    words = array.array("Q", piece[:len(piece) // 8 * 8])
    values = sorted({word >> 32 for word in words})
    offsets = f"{(words[0] & 0xFFFFFFFF) * 8:#x}"
    return f"data of operation {values[0]} for offset {offsets}" if len(values) == 1 else \
        f"data of operations {values[:4]}, {piece[:16].hex()}"
