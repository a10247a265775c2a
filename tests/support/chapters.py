"""The chapters of the tree under test."""
import os
import pathlib

from tools.ladder.chapters import Chapter, discover, parse_number

# Another tree can be tested with this suite: RUNG_ROOT=/somewhere/else.
ROOT = pathlib.Path(os.environ.get("RUNG_ROOT") or pathlib.Path(os.path.abspath(__file__)).parents[2])


def in_range(number: int, first: str, last: str | None = None) -> bool:
    """True when a chapter's number is in `first` to `last` (None: to the newest)."""
    return int(first) <= number and (last is None or number <= int(last))


__all__ = ["ROOT", "Chapter", "discover", "in_range", "parse_number"]
