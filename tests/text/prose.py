"""Reads a chapter's text: fenced blocks, prose, links, terms. Markdown as far as our texts use it."""
import dataclasses
import pathlib
import re

FENCE = re.compile(r"^\s*```(.*)$")
TERM = re.compile(r"(?<![*\w])\*(?!\s)([^*\n]+?)\*(?![*\w])")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
GLOSSARY_ENTRY = re.compile(r"^\*\*(.+?)\*\*", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    """One fenced block: `info` is what follows the opening fence."""
    line: int               # of the opening fence, from 1
    info: str
    lines: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.info.partition(" ")[0]

    @property
    def file(self) -> str:
        """The file that a quote or a change is about, "" for other blocks."""
        return self.info.partition(" ")[2]


@dataclasses.dataclass(frozen=True)
class Text:
    """A Markdown file, its blocks apart from the rest; in `rest` a block's lines are empty, so that numbers stay."""
    path: pathlib.Path
    blocks: tuple[Block, ...]
    rest: str

    @property
    def headings(self) -> list[str]:
        return re.findall(r"^#+ +(.*)$", self.rest, re.MULTILINE)

    @property
    def links(self) -> list[str]:
        return LINK.findall(self.rest)

    @property
    def terms(self) -> list[str]:
        """What stands in italics: each term where it is first used."""
        return [" ".join(term.split()) for term in TERM.findall(re.sub(r"`[^`]*`", "", self.rest))]

    @property
    def words(self) -> int:
        """The prose: without blocks, tables and comments; a link counts as its text."""
        prose = COMMENT.sub("", self.rest)
        prose = "\n".join(line for line in prose.splitlines() if not line.startswith("|"))
        prose = re.sub(r"\]\([^)]*\)", "]", prose)
        return len(re.findall(r"\w[\w'’./-]*", prose))


def read(path: pathlib.Path) -> Text:
    """Take a file apart."""
    blocks, rest, block = [], [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = FENCE.match(line)
        if block is None and not match:
            rest.append(line)
            continue
        rest.append("")
        if block is None:
            indent = len(line) - len(line.lstrip())
            block = (number, match[1].strip(), [])
        elif match:
            blocks.append(Block(block[0], block[1], tuple(block[2])))
            block = None
        else:
            block[2].append(line[indent:] if not line[:indent].strip() else line)
    assert block is None, f"{path.name}:{block[0]}: the block that begins here has no end"
    return Text(path, tuple(blocks), "\n".join(rest))


def anchor(heading: str) -> str:
    """The fragment by which a heading is linked to."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def has_lines(text: str, lines: tuple[str, ...]) -> int:
    """How often these consecutive lines stand in a text."""
    return ("\n" + text).count("\n" + "\n".join(lines) + "\n")


def change(lines: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The two sides of a diff block: what stands there, and what is to."""
    old = tuple(line[1:] for line in lines if line[:1] in ("-", " ", ""))
    new = tuple(line[1:] for line in lines if line[:1] in ("+", " ", ""))
    return old, new


# A number of which the compiler, the machine or the clock decides: the text has one, the run another.
_NUMBER = re.compile(r"(?<!\w)(?:0x)?(?=[0-9a-f]*[0-9])[0-9a-f]{2,}\b")


def pattern(line: str) -> str:
    """The regular expression of what a line in a console block stands for: "..." is anything, a number of two digits
    or more is any number, blanks are any blanks."""
    if line.strip() == "...":
        return r"(?:[^\n]*\n)*?"
    result = []
    for piece in re.split(r"(\.\.\.+|\s+)", line.rstrip()):
        if piece.startswith("..."):
            result.append(r"[^\n]*")
        elif piece.isspace():
            result.append(r"[ \t]+")
        else:
            position = 0
            for number in _NUMBER.finditer(piece):
                result.append(re.escape(piece[position:number.start()]) + "(?:0x)?[0-9a-f]+")
                position = number.end()
            result.append(re.escape(piece[position:]))
    return "".join(result) + r"[ \t]*\n"
