"""The chapters of the tree: found by their folders' names, never listed."""
import dataclasses
import os
import pathlib
import re

# Another tree can be tested with this suite: RUNG_ROOT=/somewhere/else.
ROOT = pathlib.Path(os.environ.get("RUNG_ROOT") or pathlib.Path(os.path.abspath(__file__)).parents[2])

FIRST_KERNEL = 3        # below, there is only a loader
FIRST_64_BIT = 4


@dataclasses.dataclass(frozen=True, order=True)
class Chapter:
    """One chapter's folder."""
    number: int
    path: pathlib.Path

    def __str__(self) -> str:
        return f"ch{self.number:02}"

    @property
    def ready(self) -> str:
        """A regular expression for the last line of its boot."""
        return rf"^{self}: ready$"

    @property
    def has_kernel(self) -> bool:
        """True where there is a kernel.elf."""
        return self.number >= FIRST_KERNEL


def discover(root: pathlib.Path = ROOT) -> list[Chapter]:
    """All chapters of a tree, in order."""
    return sorted(Chapter(int(path.name[2:4]), path) for path in root.glob("ch[0-9][0-9]-*")
                  if (path / "Makefile").is_file())


def parse_number(text: str) -> int:
    """The number in "5", "05", "ch05" or "ch05-paging"."""
    match = re.fullmatch(r"(?:ch)?(\d{1,2})(?:-.*)?/?", text)
    if not match:
        raise ValueError(f"not a chapter: {text!r}")
    return int(match[1])


def in_range(number: int, first: str, last: str | None = None) -> bool:
    """True when a chapter's number is in `first` to `last` (None: to the newest)."""
    return int(first) <= number and (last is None or number <= int(last))
