"""rung diff: what a chapter changes in the one before it, in an order to read it in.

A summary by file comes first, then the changes of files that were there before, then the new files, both in the order
of the Makefile. The output is a patch: `patch -p1` in a copy of the older chapter makes the newer one of it.
"""
import argparse
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

from .chapters import Chapter, LadderError, before, files, find
from .code import REWRITTEN, is_code, reading_order

BOLD, GREEN, RED, PLAIN = "\033[1m", "\033[32m", "\033[31m", "\033[m"


@dataclasses.dataclass(frozen=True)
class FileDiff:
    """One file's part: `status` is "new", "changed" or "gone"."""
    name: str
    status: str
    added: int
    deleted: int
    text: bytes         # unified diff without colours


def _same(old: pathlib.Path, new: pathlib.Path) -> bool:
    if old.is_symlink() or new.is_symlink():
        return old.is_symlink() and new.is_symlink() and os.readlink(old) == os.readlink(new)
    return old.read_bytes() == new.read_bytes() and \
        bool(old.stat().st_mode & 0o100) == bool(new.stat().st_mode & 0o100)


def file_diff(root: pathlib.Path, old: Chapter, new: Chapter, name: str, colour: bool = False) -> bytes:
    """The unified diff of one file, headed by its paths from the root."""
    def side(chapter: Chapter) -> str:
        path = chapter.path / name
        return f"{chapter.name}/{name}" if path.is_file() or path.is_symlink() else os.devnull
    # git also where there is no repository: it knows functions, modes and missing newlines.
    done = subprocess.run(["git", "-c", "core.quotePath=false", "diff", "--no-index", "--no-ext-diff", "--no-textconv",
                           "--no-renames", "--binary", "--diff-algorithm=histogram", "--src-prefix=", "--dst-prefix=",
                           f"--color={'always' if colour else 'never'}", "--", side(old), side(new)],
                          cwd=root, capture_output=True)
    if done.returncode not in (0, 1):
        raise LadderError(f"git diff: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _count(diff: bytes) -> tuple[int, int]:
    """Lines added and deleted in one file's diff."""
    hunks = diff.partition(b"\n@@")[2].splitlines()
    return sum(line.startswith(b"+") for line in hunks), sum(line.startswith(b"-") for line in hunks)


def compare(root: pathlib.Path, old: Chapter, new: Chapter, everything: bool = False) -> list[FileDiff]:
    """All changes of files, in the order to read them; without `everything` only those of code."""
    was, now = set(files(old)), set(files(new))
    wanted = {name for name in was | now if everything or is_code(name) and name != REWRITTEN}
    makefile = new.path / "Makefile"
    names = reading_order(makefile.read_text() if makefile.is_file() else "", sorted(wanted))
    result = []
    for name in names:
        if name in was and name in now and _same(old.path / name, new.path / name):
            continue
        status = "changed" if name in was and name in now else "new" if name in now else "gone"
        text = file_diff(root, old, new, name)
        result.append(FileDiff(name, status, *_count(text), text))
    return sorted(result, key=lambda change: ("gone", "changed", "new").index(change.status))


def summary(old: Chapter, new: Chapter, changes: list[FileDiff], colour: bool = False) -> str:
    """The list of files on top."""
    bold, green, red, plain = (BOLD, GREEN, RED, PLAIN) if colour else ("", "", "", "")
    width = max((len(change.name) for change in changes), default=0)
    lines = [f"{bold}{old.name} to {new.name}{plain}"]
    for change in changes:
        mark = {"new": "new", "gone": "gone", "changed": ""}[change.status]
        added = f"{green}{f'+{change.added}':>6}{plain}" if change.added else " " * 6
        deleted = f"{red}{f'-{change.deleted}':>6}{plain}" if change.deleted else " " * 6
        lines.append(f"  {change.name:{width}} {mark:>4} {added} {deleted}".rstrip())
    new_files = sum(change.status == "new" for change in changes)
    lines.append(f"  {len(changes)} files ({new_files} new), {sum(change.added for change in changes)} lines added, "
                 f"{sum(change.deleted for change in changes)} deleted, comments and blank lines included")
    return "\n".join(lines) + "\n\n"


def output(root: pathlib.Path, new: Chapter, everything: bool = False, colour: bool = False) -> bytes:
    """The whole text of `rung diff`."""
    old = before(root, new)
    if old is None:
        return f"{new.name} is the first chapter: everything in it is new.\n".encode()
    changes = compare(root, old, new, everything)
    texts = [file_diff(root, old, new, change.name, True) if colour else change.text for change in changes]
    return summary(old, new, changes, colour).encode() + b"".join(texts)


def show(text: bytes, paged: bool) -> None:
    """Write to standard output, through the pager where that is wanted and there is one."""
    pager = os.environ.get("PAGER") or ("less -R" if shutil.which("less") else "")
    if not paged or not pager:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
        return
    # F: no pager for what fits the screen; R: colours; X: leave the text on the screen.
    subprocess.run(pager, shell=True, input=text, env={"LESS": "FRX", **os.environ})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("chapter", help="compare this chapter with the one before it")
    parser.add_argument("--all", action="store_true", help=f"README.md, {REWRITTEN} and rootfs/ too, not only code")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto",
                        help="colours (default: on a terminal, unless NO_COLOR is set)")
    parser.add_argument("--no-pager", action="store_true", help="never through $PAGER")


def run(root: pathlib.Path, arguments: argparse.Namespace) -> int:
    terminal = sys.stdout.isatty()
    colour = arguments.color == "always" or \
        arguments.color == "auto" and terminal and not os.environ.get("NO_COLOR")
    show(output(root, find(root, arguments.chapter), arguments.all, colour), terminal and not arguments.no_pager)
    return 0
