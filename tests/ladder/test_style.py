"""How the sources look."""
import difflib
import pathlib
import re
import shutil
import subprocess

import pytest

from tools.ladder.chapters import before

COLUMNS = 100
LINES_MAX = 500
SOURCES = {".c", ".h", ".asm", ".ld"}

# What clang-format is not asked about: macros, enums and initialisers are laid out by hand.
BY_HAND = re.compile(r"""
      ^\#define\ (?:.*\\\n)*.*\n                        # a macro with its continuation lines
    | ^enum\ \w+\ \{\n(?:(?!\}).*\n)*\};\n              # an enum
    | ^[^#/\n]*=\ \{(?!.*\};).*\n(?:.*\n)*?.*\};\n      # an initialiser of several lines
    """, re.MULTILINE | re.VERBOSE)
OFF, ON = "// clang-format off\n", "// clang-format on\n"


def sources(chapter, *suffixes) -> list[pathlib.Path]:
    """The chapter's source files, without what is built."""
    return [path for path in sorted(chapter.path.rglob("*"))
            if path.suffix in (suffixes or SOURCES) and path.is_file()
            and path.relative_to(chapter.path).parts[0] != "build"]


def clang_format() -> str | None:
    """A clang-format of version 14: others lay out some lines differently."""
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name) and " 14." in subprocess.run([name, "--version"], capture_output=True, text=True).stdout:
            return name
    return None


def formatted(program: str, root: pathlib.Path, text: str) -> str:
    """The text as clang-format wants it, but for what is laid out by hand."""
    guarded = BY_HAND.sub(lambda match: OFF + match[0] + ON, text)
    done = subprocess.run([program, f"--style=file:{root / '.clang-format'}", "--assume-filename=x.c"], input=guarded,
                          capture_output=True, text=True, check=True)
    return re.sub(r"^ *// clang-format (off|on)\n", "", done.stdout, flags=re.MULTILINE)


def differing_lines(text: str, wanted: str) -> list[str]:
    return [line for line in difflib.unified_diff(text.splitlines(), wanted.splitlines(), "is", "should be", n=0,
                                                  lineterm="")][2:]


def check_format(root: pathlib.Path, files: list[pathlib.Path]) -> None:
    program = clang_format()
    if program is None:
        pytest.skip("clang-format 14 is not installed")
    wrong = []
    for path in files:
        text = path.read_text()
        wanted = formatted(program, root, text)
        if wanted != text:
            wrong += [str(path.relative_to(root)), *differing_lines(text, wanted)]
    assert not wrong, "not as .clang-format wants it:\n" + "\n".join(wrong)


def test_clang_format(chapter, root, pytestconfig):
    """C code is laid out as .clang-format says. What the chapter before has is looked at there, if all are."""
    previous = None if pytestconfig.getoption("--chapter") else before(root, chapter)

    def is_new(path: pathlib.Path) -> bool:
        old = previous.path / path.relative_to(chapter.path) if previous else None
        return not old or not old.exists() or old.read_bytes() != path.read_bytes()

    check_format(root, [path for path in sources(chapter, ".c", ".h") if is_new(path)])


def test_clang_format_of_tests(root):
    """So is the C code of the tests."""
    check_format(root, sorted((root / "tests").rglob("*.[ch]")))


def test_line_length(chapter):
    """No line of code is longer than 100 columns."""
    long = [f"{path.relative_to(chapter.path)}:{number}: {len(line)} columns"
            for path in sources(chapter) + [chapter.path / "Makefile"]
            for number, line in enumerate(path.read_text().splitlines(), 1) if len(line.expandtabs(8)) > COLUMNS]
    assert not long, "\n".join(long)


def test_plain_text(chapter):
    """Sources are ASCII or UTF-8 text without tabs, trailing blanks or carriage returns, and end with a newline."""
    wrong = []
    for path in sources(chapter):
        text = path.read_bytes().decode()
        name = path.relative_to(chapter.path)
        if not text.endswith("\n") or text.endswith("\n\n"):
            wrong.append(f"{name}: must end with one newline")
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line or "\r" in line or line != line.rstrip():
                wrong.append(f"{name}:{number}: tab, carriage return or trailing blank")
    assert not wrong, "\n".join(wrong)


def test_file_length(chapter):
    """No source file is longer than 500 lines."""
    long = [f"{path.relative_to(chapter.path)}: {count} lines" for path in sources(chapter)
            if (count := len(path.read_text().splitlines())) > LINES_MAX]
    assert not long, "\n".join(long)


def test_include_guards(chapter):
    """A header is guarded by RUNG_ and its path."""
    wrong = []
    for path in sources(chapter, ".h"):
        name = path.relative_to(chapter.path)
        guard = "RUNG_" + re.sub(r"\W", "_", str(name)).upper()
        if f"#ifndef {guard}\n#define {guard}\n" not in path.read_text():
            wrong.append(f"{name}: no guard {guard}")
    assert not wrong, "\n".join(wrong)
