"""The chapters of a tree: found by their folders' names, never listed."""
import dataclasses
import pathlib
import re
import subprocess

BUILD_FOLDER = "build"


class LadderError(Exception):
    """Something that the person at the keyboard has to put right; the message says what."""


@dataclasses.dataclass(frozen=True, order=True)
class Chapter:
    """One chapter's folder."""
    number: int
    path: pathlib.Path

    def __str__(self) -> str:
        return f"ch{self.number:02}"

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def ready(self) -> str:
        """A regular expression for the line that ends its boot."""
        return rf"^{self}: ready$"


def discover(root: pathlib.Path) -> list[Chapter]:
    """All chapters of a tree, in order."""
    return sorted(Chapter(int(path.name[2:4]), path) for path in root.glob("ch[0-9][0-9]-*") if path.is_dir())


def parse_number(text: str) -> int:
    """The number in "5", "05", "ch05", "ch05-paging" or "ch05-paging/"."""
    match = re.fullmatch(r"(?:ch)?(\d{1,2})(?:-[^/]*)?/?", text)
    if not match:
        raise LadderError(f"not a chapter: {text!r} (say 05, ch05 or the folder's name)")
    return int(match[1])


def find(root: pathlib.Path, text: str) -> Chapter:
    """The chapter that a person names."""
    number = parse_number(text)
    for chapter in discover(root):
        if chapter.number == number:
            return chapter
    raise LadderError(f"there is no chapter {number:02} in {root}")


def before(root: pathlib.Path, chapter: Chapter) -> Chapter | None:
    """The chapter before, or None for the first."""
    earlier = [other for other in discover(root) if other.number < chapter.number]
    return earlier[-1] if earlier else None


def files(chapter: Chapter) -> list[str]:
    """The chapter's files, by paths relative to its folder: what git tracks or would add; without git, everything that
    is not built."""
    listing = subprocess.run(["git", "-C", str(chapter.path), "ls-files", "-z", "--cached", "--others",
                              "--exclude-standard", "."], capture_output=True)
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
    else:
        names = [str(path.relative_to(chapter.path)) for path in chapter.path.rglob("*")]
    return sorted({name for name in names if name and not name.startswith(BUILD_FOLDER + "/")
                   and ((chapter.path / name).is_file() or (chapter.path / name).is_symlink())})
