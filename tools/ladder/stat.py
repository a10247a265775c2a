"""rung stat: how many code lines each chapter adds and alters.

A code line is neither blank nor comment. Lines of the chapter before that are deleted or changed count as altered, and
so do all lines of a file that is gone. README.md, rootfs/ and kernel/demo.c, which each chapter may rewrite, stay out.
"""
import argparse
import dataclasses
import difflib
import pathlib

from .chapters import Chapter, LadderError, before, discover, files, find
from .code import REWRITTEN, code_lines, is_code, purpose, reading_order

MOST_ALTERED = 10               # percent of a step's lines
MOST_ALTERED_CHAPTER_2 = 20     # its step starts from tiny files
TABLE_BEGIN = "<!-- what changed: written by `tools/rung stat --write`, checked by the tests -->"
TABLE_END = "<!-- end of what changed -->"


@dataclasses.dataclass(frozen=True)
class FileChange:
    """What a step does to one file, in code lines."""
    name: str
    added: int
    altered: int
    new: bool = False
    gone: bool = False
    purpose: str = ""


@dataclasses.dataclass(frozen=True)
class Step:
    """What a chapter does to the one before it."""
    chapter: Chapter
    lines: int                      # of the whole chapter
    changes: list[FileChange]       # in reading order, kernel/demo.c included

    def _counted(self) -> list[FileChange]:
        return [change for change in self.changes if change.name != REWRITTEN]

    @property
    def added(self) -> int:
        return sum(change.added for change in self._counted())

    @property
    def altered(self) -> int:
        return sum(change.altered for change in self._counted())

    @property
    def share(self) -> float:
        """Altered lines in percent of all lines that the step touches."""
        return 100 * self.altered / (self.added + self.altered) if self.added + self.altered else 0.0

    @property
    def gone(self) -> list[str]:
        return [change.name for change in self._counted() if change.gone]


def compare(old: list[str], new: list[str]) -> tuple[int, int]:
    """Lines added, and lines of `old` deleted or altered."""
    added = altered = 0
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            altered += i2 - i1
            added += max(0, (j2 - j1) - (i2 - i1))
    return added, altered


def _code(chapter: Chapter | None) -> dict[str, str]:
    if chapter is None:
        return {}
    return {name: (chapter.path / name).read_text(errors="replace") for name in files(chapter) if is_code(name)}


def step(previous: Chapter | None, chapter: Chapter) -> Step:
    """Compare a chapter with the one before (None: with nothing)."""
    old, new = _code(previous), _code(chapter)
    changes = []
    for name in reading_order(new.get("Makefile", ""), sorted(set(old) | set(new))):
        added, altered = compare(code_lines(name, old.get(name, "")), code_lines(name, new.get(name, "")))
        if added or altered or (name in old) != (name in new):
            # A source without a head comment of its own is described by its header.
            text = purpose(name, new.get(name, "")) or purpose(name, new.get(name.rpartition(".")[0] + ".h", ""))
            changes.append(FileChange(name, added, altered, name not in old, name not in new, text))
    lines = sum(len(code_lines(name, text)) for name, text in new.items() if name != REWRITTEN)
    return Step(chapter, lines, changes)


def steps(root: pathlib.Path) -> list[Step]:
    """All steps of a tree."""
    chapters = discover(root)
    return [step(previous, chapter) for previous, chapter in zip([None, *chapters], chapters)]


def violations(root: pathlib.Path) -> list[str]:
    """What breaks the ladder's rules: too much altered, files gone, a README's table that is out of date."""
    found = []
    for one in steps(root):
        limit = MOST_ALTERED_CHAPTER_2 if one.chapter.number == 2 else MOST_ALTERED
        if one.share > limit:
            found.append(f"{one.chapter}: {one.share:.1f}% of its lines alter the chapter before, at most {limit}% may")
        found += [f"{one.chapter}: {name} is gone or has moved" for name in one.gone]
        readme = one.chapter.path / "README.md"
        text = readme.read_text() if readme.exists() else ""
        if TABLE_BEGIN in text and with_table(text, one) != text:
            found.append(f"{one.chapter}: README.md has an old table of changes: tools/rung stat --write {one.chapter}")
    return found


def markdown(one: Step) -> str:
    """The table "What changed" of a chapter's README."""
    rows = ["| file | code lines | what it is |", "|---|---|---|"]
    for change in one.changes:
        if change.gone:
            count = "gone"
        elif change.new:
            count = f"new, {change.added}"
        else:
            count = " ".join(filter(None, [f"+{change.added}" if change.added else "",
                                           f"{change.altered} altered" if change.altered else ""]))
        rows.append(f"| `{change.name}` | {count} | {change.purpose.replace('|', chr(92) + '|')} |")
    rows += ["", f"{one.added} code lines added, {one.altered} altered ({one.share:.0f}%), `{REWRITTEN}` left out."
             if any(change.name == REWRITTEN for change in one.changes) else
             f"{one.added} code lines added, {one.altered} altered ({one.share:.0f}%)."]
    return "\n".join(rows) + "\n"


def with_table(readme: str, one: Step) -> str:
    """A README's text with its table brought up to date."""
    start, end = readme.find(TABLE_BEGIN), readme.find(TABLE_END)
    if not 0 <= start < end:
        raise LadderError(f"{one.chapter}: README.md has no place for the table; add the lines\n"
                          f"{TABLE_BEGIN}\n{TABLE_END}")
    return f"{readme[:start]}{TABLE_BEGIN}\n{markdown(one)}{readme[end:]}"


def _print_steps(all_steps: list[Step]) -> None:
    print(f"{'chapter':24}{'code':>7}{'added':>7}{'altered':>9}{'share':>7}  gone")
    for one in all_steps:
        print(f"{one.chapter.name:24}{one.lines:7}{one.added:7}{one.altered:9}{one.share:6.1f}%  "
              + (" ".join(one.gone) or "-"))


def _print_files(one: Step) -> None:
    print(f"{one.chapter.name}: {one.added} code lines added, {one.altered} altered ({one.share:.1f}%)")
    for change in one.changes:
        kind = "new" if change.new else "gone" if change.gone else ""
        note = " (not counted)" if change.name == REWRITTEN else ""
        print(f"  {change.name:36}{kind:>5}{change.added:+7}{-change.altered if change.altered else '':>6}{note}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("chapter", nargs="?", help="show this chapter file by file (default: one line per chapter)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--check", action="store_true",
                      help=f"fail when a chapter alters more than {MOST_ALTERED}%% ({MOST_ALTERED_CHAPTER_2}%% in "
                           "chapter 2) of the lines it touches, when a file is gone, or a README's table is old")
    kind.add_argument("--markdown", metavar="CHAPTER", help="print the table of changes for a chapter's README")
    kind.add_argument("--write", metavar="CHAPTER", help="put that table into the chapter's README.md")


def run(root: pathlib.Path, arguments: argparse.Namespace) -> int:
    if arguments.check:
        found = violations(root)
        print("\n".join(found) or "the ladder's rules hold")
        return 1 if found else 0
    if named := arguments.markdown or arguments.write or arguments.chapter:
        chapter = find(root, named)
        one = step(before(root, chapter), chapter)
        if arguments.write:
            readme = chapter.path / "README.md"
            readme.write_text(with_table(readme.read_text(), one))
        elif arguments.markdown:
            print(markdown(one), end="")
        else:
            _print_files(one)
    else:
        _print_steps(steps(root))
    return 0
