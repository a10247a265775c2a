"""The chapters' texts: what they quote is in the files, what they show is what comes, what they name is explained.

In a README.md, by the first words of a fenced block:

    ```c kernel/main.c          quote: these lines stand in that file, one after the other
    ```diff kernel/main.c       an experiment: this change can be made there
    ```console                  what comes, in the chapter as it is or as the diff before it has changed it
    ```                         a drawing: nothing is checked
"""
import pathlib
import re
import shutil

import pytest

from tools.ladder import stat
from tools.ladder.chapters import before

from text import console, prose

WORDS = range(600, 1201)        # of prose in a chapter's first text
COLUMNS = 120
SECTIONS = ["Run it", "Ideas", "The code, in reading order", "Break it", "What changed", "Further reading"]
QUOTED = {"c", "nasm", "ld", "make", "sh"}
EXPERIMENTS = range(2, 5)


def text_of(chapter) -> prose.Text:
    return prose.read(chapter.path / "README.md")


def texts(root: pathlib.Path) -> list[prose.Text]:
    """All prose of the tree."""
    return [prose.read(path) for path in sorted([*root.glob("*.md"), *root.glob("ch[0-9][0-9]-*/README.md")])]


def experiments(text: prose.Text) -> list[tuple[prose.Block | None, list[prose.Block]]]:
    """The runs that the text shows: the change to make, and the console blocks that follow it."""
    result = []
    for block in text.blocks:
        if block.kind == "diff":
            result.append((block, []))
        elif block.kind == "console":
            if not result:
                result.append((None, []))
            result[-1][1].append(block)
    return result


def glossary(root: pathlib.Path) -> list[str]:
    """All terms that GLOSSARY.md explains, as it writes them."""
    return [term for entry in prose.GLOSSARY_ENTRY.findall((root / "GLOSSARY.md").read_text())
            for term in entry.split(", ")]


def plain(term: str) -> str:
    """A term without capitals and plural, so that what differs in nothing else is the same."""
    return re.sub(r"ies$", "y", term.lower().removesuffix("s") if not term.endswith("ies") else term.lower())


# One chapter's text

def test_quotes(chapter):
    """Every quote stands verbatim in the chapter's file that it names; every block says what it is."""
    wrong = []
    for block in text_of(chapter).blocks:
        if block.kind in QUOTED or block.kind == "diff":
            path = chapter.path / block.file
            if not block.file or not path.is_file():
                wrong.append(f"README.md:{block.line}: there is no file {block.file!r}")
                continue
            lines = prose.change(block.lines)[0] if block.kind == "diff" else block.lines
            count = prose.has_lines(path.read_text(), lines)
            if count == 0 or block.kind == "diff" and count > 1:
                wrong.append(f"README.md:{block.line}: stands {count} times in {block.file}:\n" + "\n".join(lines))
        elif block.info not in ("", "console"):
            wrong.append(f"README.md:{block.line}: what is a block of {block.info!r}?")
    assert not wrong, "\n".join(wrong)


def test_sections(chapter, all_chapters):
    """A title that counts the chapter, then the sections in their order; a few experiments; the way on at the end."""
    text = text_of(chapter)
    wanted = [name for name in SECTIONS if chapter.number > 1 or name != "What changed"]
    assert text.headings[0].startswith(f"Chapter {chapter.number}: ")
    assert [name for name in text.headings[1:] if name in SECTIONS] == wanted
    assert sum(block.kind == "diff" for block in text.blocks) in EXPERIMENTS
    assert any(block.info == "" for block in text.blocks), "there is no drawing"
    if chapter == all_chapters[-1] and chapter.number == 10:
        return      # there is no way on
    assert f"chapter {chapter.number + 1}" in text.path.read_text().rstrip().splitlines()[-1].lower()


def test_length(chapter):
    """A first text is read in ten minutes."""
    words = text_of(chapter).words
    assert words in WORDS, f"{words} words"


def test_table_of_changes(chapter, root):
    """The table "What changed" is what `tools/rung stat` counts."""
    previous = before(root, chapter)
    readme = (chapter.path / "README.md").read_text()
    assert (stat.TABLE_BEGIN in readme) == (previous is not None)
    if previous:
        assert stat.with_table(readme, stat.step(previous, chapter)) == readme, \
            f"tools/rung stat --write {chapter}"


def test_terms_are_explained(chapter, root):
    """A term stands in italics where it is first used, and GLOSSARY.md explains it."""
    known = {plain(term) for term in glossary(root)}
    missing = [term for term in text_of(chapter).terms if plain(term) not in known]
    assert not missing, f"not in GLOSSARY.md: {', '.join(missing)}"


def test_new_files_are_mentioned(chapter, root):
    """The tour passes by every source file that is new in the chapter (a header goes with its source, a program with
    the folder of programs)."""
    previous = before(root, chapter)
    text = (chapter.path / "README.md").read_text()
    old = {change.name for change in stat.step(None, previous).changes} if previous else set()
    linked = set(prose.LINK.findall(text))
    missing = [change.name for change in stat.step(None, chapter).changes
               if change.name not in old | {"Makefile"} and change.name not in linked
               and not (change.name.startswith("user/") and change.name.rsplit("/", 1)[0] + "/" in linked)
               and not change.name.endswith(".h")]
    assert not missing, f"no link to {', '.join(missing)}"


def test_runs(chapter, builder, tmp_path):
    """Every console block shows what comes, in the chapter as it is, or with the change before it made."""
    folder = tmp_path / chapter.path.name
    shutil.copyfile(builder.copy(chapter).parent / "common.mk", tmp_path / "common.mk")
    wrong = []
    for change, blocks in experiments(text_of(chapter)):
        shutil.rmtree(folder, ignore_errors=True)
        builder.copy_built(chapter, folder)
        if change:
            path = folder / change.file
            old, new = ("\n".join(lines) for lines in prose.change(change.lines))
            path.write_text(path.read_text().replace(old, new, 1))
        for block in blocks:
            try:
                console.check(block.lines, folder)
            except console.Differs as difference:
                wrong.append(f"README.md:{block.line}: {difference}")
    assert not wrong, "\n\n".join(wrong)


# All texts

def test_links(root):
    """Relative links lead to files that are there, and to headings that are in them."""
    wrong = []
    for text in texts(root):
        for link in text.links:
            if re.match(r"[a-z]+:", link):
                continue
            name, _, fragment = link.partition("#")
            target = text.path.parent / name if name else text.path
            if not target.exists():
                wrong.append(f"{text.path.relative_to(root)}: {link}")
            elif fragment and fragment not in map(prose.anchor, prose.read(target).headings):
                wrong.append(f"{text.path.relative_to(root)}: {link} (no such heading)")
    assert not wrong, "\n".join(wrong)


def test_plain_style(root):
    """Lines of at most 120 columns (tables aside), no tabs or trailing blanks, and no long dashes."""
    wrong = []
    for text in texts(root):
        for number, line in enumerate(text.path.read_text().splitlines(), 1):
            place = f"{text.path.relative_to(root)}:{number}"
            if len(line) > COLUMNS and not line.startswith("|"):
                wrong.append(f"{place}: {len(line)} columns")
            if "\t" in line or line != line.rstrip():
                wrong.append(f"{place}: tab or trailing blank")
            if "\u2014" in line or "\u2013" in line:
                wrong.append(f"{place}: a long dash")
    assert not wrong, "\n".join(wrong)


def test_glossary(root, all_chapters):
    """GLOSSARY.md is in alphabetical order, explains no term twice, and each entry links to the chapter that
    introduces the term, in italics."""
    content = (root / "GLOSSARY.md").read_text()
    entries = re.findall(r"^\*\*(.+?)\*\* \(\[(\d+)\]\(([^)]+)\)\): .+", content, re.MULTILINE)
    names = [name for name, _, _ in entries]
    assert names == prose.GLOSSARY_ENTRY.findall(content), "an entry is written **term** ([N](folder/)): text"
    order = [name.lower() for name in names]
    assert order == sorted(order)
    assert len(set(map(plain, glossary(root)))) == len(glossary(root))
    introduced = {chapter.number: {plain(term) for term in text_of(chapter).terms} for chapter in all_chapters}
    folders = {chapter.number: chapter.name + "/" for chapter in all_chapters}
    wrong = [f"{name}: not in italics in chapter {number}" for name, number, folder in entries
             if folders.get(int(number)) != folder
             or not any(plain(term) in introduced[int(number)] for term in name.split(", "))]
    assert not wrong, "\n".join(wrong)


# The tests' own tools

@pytest.mark.parametrize("line, output, same", [
    ("RIP ffffffff8010228a  put_glyph at ...", "RIP ffffffff80103300   put_glyph at /x/vga.c:84\n", True),
    ("ch05: ready", "ch04: ready\n", False),
    ("boot sector: 408 of 440 bytes", "boot sector: 399 of 440 bytes\n", True),
    ("kernel: 20496 bytes", "kernel: no bytes\n", False),
    ("vector 0eh, page fault", "vector 0dh, page fault\n", False),
])
def test_pattern(line, output, same):
    """Numbers that the compiler decides may differ, words and names may not."""
    assert bool(re.fullmatch(prose.pattern(line), output)) == same
