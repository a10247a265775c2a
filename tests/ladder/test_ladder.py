"""The rules of the ladder: what a chapter may do to the one before it, and who may use whom."""
import pathlib
import re

import pytest

from tools.ladder import chapters as ladder
from tools.ladder import code, stat

DEMO = "kernel/demo.c"
DEMO_LINES_MAX = 150

# What every room may use: headers of kernel/ that are below all rooms or name the last call of kmain, the console, which
# only takes text, the list of disks, which only takes drivers, and what loader and kernel both know.
FOR_ALL = {"kernel/layout.h", "kernel/main.h", "kernel/panic.h", "kernel/options.h", "kernel/dev/console.h",
           "kernel/fs/block.h", "boot/boot_info.h", "boot/memmap.h", "boot/uart.h", "boot/cmos.h"}
# Rooms that a room may use beside itself.
USES = {
    "lib": {"lib/abi"},
    "lib/abi": {"lib"},
    "boot": {"lib", "kernel"},
    "kernel/cpu": {"kernel/sync", "lib"},
    "kernel/sync": {"kernel/cpu", "lib"},
    "kernel/mm": {"kernel/cpu", "kernel/sync", "lib"},
    "kernel/dev": {"kernel/mm", "kernel/cpu", "kernel/sync", "lib"},
    "kernel/fs": {"kernel/dev", "kernel/mm", "kernel/cpu", "kernel/sync", "lib"},
    "kernel/proc": {"kernel/fs", "kernel/dev", "kernel/mm", "kernel/cpu", "kernel/sync", "lib"},
    "kernel/sys": {"kernel", "kernel/proc", "kernel/fs", "kernel/dev", "kernel/mm", "kernel/cpu", "kernel/sync",
                   "lib"},
}
# kernel/ itself starts everything: kmain, the demo, the panic that asks everybody.
TOP = {"kernel"}


def step(root, chapter):
    previous = ladder.before(root, chapter)
    if previous is None:
        return None
    return stat.step(previous, chapter)


@pytest.mark.chapters("02")
def test_nothing_moves(chapter, root):
    """A file keeps its name and its place to the last chapter (the demo goes in chapter 10)."""
    gone = [name for name in step(root, chapter).gone if name != DEMO]
    assert not gone, f"{chapter} has lost {', '.join(gone)}"


@pytest.mark.chapters("02")
def test_chapters_add(chapter, root):
    """Of the code lines that a chapter touches, at most one in ten was there before (chapter 2: one in five)."""
    change = step(root, chapter)
    most = stat.MOST_ALTERED_CHAPTER_2 if chapter.number == 2 else stat.MOST_ALTERED
    worst = sorted(change.changes, key=lambda file: -file.altered)[:5]
    assert change.share <= most, (
        f"{chapter} alters {change.altered} lines and adds {change.added}: {change.share:.0f} %, at most {most} %; "
        f"most in {', '.join(f'{file.name} ({file.altered})' for file in worst)}")


@pytest.mark.chapters("03")
def test_demo_is_small(chapter):
    """The one file that each chapter may rewrite stays under 150 code lines and uses what headers offer."""
    path = chapter.path / DEMO
    if chapter.number >= 10:
        assert not path.exists()
        return
    text = path.read_text()
    count = len(code.code_lines(DEMO, text))
    assert count < DEMO_LINES_MAX, f"{DEMO} has {count} code lines"
    assert not re.search(r"^extern ", text, re.MULTILINE), f"{DEMO} declares what no header offers"


def includes(chapter) -> list[tuple[str, str]]:
    """All (file, included header) of our own."""
    found = []
    for name in ladder.files(chapter):
        if name.endswith((".c", ".h")) and not name.startswith("user/"):
            text = (chapter.path / name).read_text()
            found += [(name, header) for header in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE)]
    return found


def test_includes_point_down(chapter):
    """A room uses only the rooms below it."""
    wrong = []
    for name, header in includes(chapter):
        room, other = (str(pathlib.PurePath(path).parent) for path in (name, header))
        other = other if room == "lib" else other.removesuffix("/abi")  # what is agreed with programs is for all
        if room in TOP or room == other or header in FOR_ALL:
            continue
        if room not in USES:
            wrong.append(f"{name}: the room {room} is unknown here")
        elif other not in USES[room]:
            wrong.append(f"{name} includes {header}: {room} must not know {other}")
    assert not wrong, "\n".join(wrong)


def test_includes_exist(chapter):
    """Headers are named by their path from the chapter's folder."""
    missing = [f"{name}: {header}" for name, header in includes(chapter) if not (chapter.path / header).is_file()]
    assert not missing, "\n".join(missing)


# In chapter 9 these call the kernel, in chapter 10 they enter it.
CALL_LAYER = {"user/libc/call.c", "user/libc/program.c", "user/sh/launch.c"}


def test_programs_know_no_kernel(chapter):
    """What is a program in the last chapter is written as one from the start: it includes nothing of the kernel."""
    wrong = [f"{name} includes {header}" for name in ladder.files(chapter)
             if name.startswith("user/") and name.endswith((".c", ".h")) and name not in CALL_LAYER
             for header in re.findall(r'^#include "((?:kernel|boot)/[^"]+)"', (chapter.path / name).read_text(),
                                      re.MULTILINE)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.chapters("10")
def test_programs_stay(chapter, root):
    """Of the shell and the commands of chapter 9, chapter 10 alters no line but those of the call layer."""
    altered = [f"{file.name}: {file.altered}" for file in step(root, chapter).changes
               if file.name.startswith(("user/sh/", "user/bin/")) and file.altered and file.name not in CALL_LAYER]
    assert not altered, ", ".join(altered)


def test_every_source_is_built(chapter):
    """The Makefile names all sources, and only sources that are there."""
    named = {f"{room}/{source}" for room, sources in re.findall(r"^([\w/]+) \+= (.*)$",
                                                               (chapter.path / "Makefile").read_text(), re.MULTILINE)
             for source in sources.split() if room != "demo"}    # which names commands
    there = {name for name in ladder.files(chapter)
             if name.endswith((".c", ".asm")) and not name.startswith(("user/template/", "rootfs/"))}
    assert named == there


# Contracts

PROTOTYPE = re.compile(r"^(?!static |typedef |struct \w+ \{|return\b|#|extern )[A-Za-z_][\w *]*?\b\*?(\w+)\([^;{}]*?\)"
                       r"(?:\s*__attribute__\(\(.*?\)\))?;", re.MULTILINE | re.DOTALL)
# These are as in ISO C; the head of their header says so.
STANDARD = {"memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strnlen", "strcmp", "strncmp", "strchr",
            "strrchr", "snprintf", "vsnprintf"}


def uncommented(text: str) -> list[str]:
    """Public functions without a contract: neither directly below a comment nor below a prototype that is."""
    missing = []
    covered_end = -1        # where the last prototype with a contract ended
    for match in PROTOTYPE.finditer(text):
        before = text[:match.start()]
        # A macro that stands for the function may come between.
        above = re.sub(r"(?<=\n)#define (?:.*\\\n)*.*\n\Z", "", before)
        direct = not above.endswith("\n\n") and above.rstrip("\n").rsplit("\n", 1)[-1].startswith("//")
        standard = match[1] in STANDARD or match[1].startswith("sys_")      # a call of Linux, as its manual has it
        if direct or match.start() == covered_end + 1 or standard:
            covered_end = match.end()
        else:
            missing.append(match[1])
    return missing


def test_uncommented_finds():
    """The check itself: what it lets through and what not."""
    assert uncommented("// Does a.\nint a(void);\nint b(int x,\n      int y);\n\nvoid *c(void);\n"
                       "\nint strcmp(const char *, const char *);\n") == ["c"]
    assert uncommented("// Stops.\n#define stop() stop_at(__FILE__)\nvoid stop_at(const char *file);\n") == []
    assert uncommented("// For all.\n\n_Noreturn void d(int x)\n    __attribute__((format(printf, 1, 2)));\n") == ["d"]


def test_contracts(chapter):
    """Each public function has its contract directly above its prototype (a header of ISO C or POSIX names those)."""
    missing = [f"{name}: {function}" for name in ladder.files(chapter)
               if name.endswith(".h") and not name.startswith("user/include/")
               for function in uncommented((chapter.path / name).read_text())]
    assert not missing, "no contract: " + ", ".join(missing)


def test_files_say_what_they_are_for(chapter):
    """Headers, assembly files and linker scripts begin with a comment; so do sources without a header."""
    silent = []
    for name in ladder.files(chapter):
        path = pathlib.PurePath(name)
        start = {".h": "//", ".asm": ";", ".ld": "/*"}.get(path.suffix)
        if path.suffix == ".c" and not (chapter.path / path.with_suffix(".h")).exists():
            start = "//"
        if start and not (chapter.path / name).read_text().startswith(start):
            silent.append(name)
    assert not silent, "no comment at the head: " + ", ".join(silent)
