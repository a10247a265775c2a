"""rung stat and rung diff, on small trees and on the chapters themselves."""
import pathlib
import shutil
import subprocess

import pytest

from tools.ladder import chapters, code, diff, stat


def write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path) -> pathlib.Path:
    """Two chapters: a changed file, a new one, a rewritten demo."""
    write(tmp_path / "ch01-one/Makefile", "# First.\nboot += start.asm main.c\n")
    write(tmp_path / "ch01-one/boot/start.asm", "; Starts.\nstart:\n    ; a comment\n    jmp main\n")
    write(tmp_path / "ch01-one/boot/main.c", "// Says hello.\n\nint main(void)\n{\n    return 1;\n}")
    write(tmp_path / "ch01-one/README.md", "one\n")
    shutil.copytree(tmp_path / "ch01-one", tmp_path / "ch02-two")
    write(tmp_path / "ch02-two/Makefile", "# Second.\nboot += start.asm main.c\nboot += disk.c\nkernel += demo.c\n")
    write(tmp_path / "ch02-two/boot/main.c", "// Says hello.\n\nint main(void)\n{\n    more();\n    return 2;\n}\n")
    write(tmp_path / "ch02-two/boot/disk.c", "/* Reads.\n\n   Slowly. */\nint disk;\n")
    write(tmp_path / "ch02-two/boot/disk.h", "// Sectors | from a disk. By LBA.\nextern int disk;\n")
    write(tmp_path / "ch02-two/kernel/demo.c", "int demo;\n" * 5)
    write(tmp_path / "ch02-two/rootfs/etc/motd", "hello\n")
    write(tmp_path / "ch02-two/README.md", f"two\n{stat.TABLE_BEGIN}\n{stat.TABLE_END}\nend\n")
    write(tmp_path / "ch02-two/build/os.img", "not a source\n")
    return tmp_path


def test_code_lines_are_neither_blank_nor_comment():
    source = "// head\n#include <x.h>\n\n/* one\n   two */ int a; // tail\n    // alone\nint b;   \n"
    assert code.code_lines("a.c", source) == ["#include <x.h>", " int a; // tail", "int b;"]
    assert code.code_lines("a.asm", "; head\nlabel:\n\n    ; why\n    ret ; back\n") == ["label:", "    ret ; back"]
    assert code.code_lines("Makefile", "# head\nall:\n\t@echo # x\n") == ["all:", "\t@echo # x"]


def test_the_purpose_of_a_file_is_the_first_sentence_of_its_head():
    assert code.purpose("a.c", "// Reads (by LBA, spec. 3). Slowly.\nint a;\n") == "Reads"
    assert code.purpose("a.asm", "; From here\n; to there:\n;\n; more\n") == "From here to there"
    assert code.purpose("a.ld", "/* What goes\n   where. And why. */\n") == "What goes where"
    assert code.purpose("a.c", "#include <a.h>\n// no head\n") == ""


def test_stat_counts_added_and_altered_lines(tree):
    first, second = stat.steps(tree)
    assert (first.lines, first.added, first.altered) == (1 + 2 + 4, 7, 0)
    by_name = {change.name: change for change in second.changes}
    assert (by_name["boot/main.c"].added, by_name["boot/main.c"].altered) == (1, 1)
    assert (by_name["Makefile"].added, by_name["Makefile"].altered) == (2, 0)
    assert by_name["boot/disk.c"].new and by_name["boot/disk.h"].new
    assert second.added == 1 + 2 + 1 + 1 and second.altered == 1        # without kernel/demo.c and rootfs
    assert round(second.share) == 17


def test_a_file_that_is_gone_counts_as_altered_and_fails_the_check(tree):
    assert stat.violations(tree) == ["ch02: README.md has an old table of changes: tools/rung stat --write ch02"]
    (tree / "ch02-two/boot/start.asm").unlink()
    found = stat.violations(tree)
    assert "ch02: boot/start.asm is gone or has moved" in found
    assert any("alter the chapter before, at most 20% may" in line for line in found)


def test_the_table_in_a_readme_is_written_and_checked(tree):
    readme = tree / "ch02-two/README.md"
    one = stat.steps(tree)[1]
    readme.write_text(stat.with_table(readme.read_text(), one))
    assert "| `boot/main.c` | +1 1 altered | Says hello |\n" in readme.read_text()
    assert "| `boot/disk.h` | new, 1 | Sectors \\| from a disk |\n" in readme.read_text()
    assert readme.read_text().startswith("two\n") and readme.read_text().endswith("\nend\n")
    assert stat.violations(tree) == []
    assert stat.with_table(readme.read_text(), one) == readme.read_text()


def test_reading_order_follows_the_makefile():
    makefile = "boot += start.asm main.c\nboot += disk.c\nkernel += main.c\nlib += string.c\nkernel += last.c\n"
    names = ["README.md", "lib/string.c", "kernel/main.c", "kernel/layout.h", "kernel/last.c", "boot/disk.h",
             "boot/disk.c", "boot/start.asm", "boot/main.c", "Makefile", "boot/boot.ld", "lib/string.h"]
    assert code.reading_order(makefile, names) == [
        "Makefile", "boot/boot.ld", "boot/start.asm", "boot/main.c", "boot/disk.h", "boot/disk.c", "kernel/layout.h",
        "kernel/main.c", "kernel/last.c", "lib/string.h", "lib/string.c", "README.md"]


def test_diff_shows_changed_files_first_with_a_summary_on_top(tree):
    text = diff.output(tree, chapters.find(tree, "02")).decode()
    head, _, patches = text.partition("\n\n")
    assert head.splitlines()[0] == "ch01-one to ch02-two"
    assert [line.split()[0] for line in head.splitlines()[1:-1]] == ["Makefile", "boot/main.c", "boot/disk.h",
                                                                     "boot/disk.c"]
    assert "boot/disk.h  new     +2" in head and head.splitlines()[-1].strip().startswith("4 files (2 new), ")
    assert patches.index("ch02-two/boot/main.c") < patches.index("ch02-two/boot/disk.h")
    assert "\033" not in text
    assert "\033[" in diff.output(tree, chapters.find(tree, "02"), colour=True).decode()
    assert "README.md" in diff.output(tree, chapters.find(tree, "02"), everything=True).decode()
    assert "first chapter" in diff.output(tree, chapters.find(tree, "01")).decode()


def contents(chapter: chapters.Chapter) -> dict[str, bytes]:
    return {name: (chapter.path / name).read_bytes() for name in chapters.files(chapter)}


@pytest.mark.parametrize("tool", [["patch", "-p1", "-s", "-E"], ["git", "apply", "-p1"]], ids=["patch", "git-apply"])
def test_the_diff_makes_the_newer_chapter_of_the_older(tree, tmp_path, tool):
    check_round_trip(tree, chapters.find(tree, "02"), tmp_path / "copy" / "x", tool)


def check_round_trip(root: pathlib.Path, new: chapters.Chapter, copy: pathlib.Path, tool: list[str]) -> None:
    old = chapters.before(root, new)
    for name, content in contents(old).items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(content)
    subprocess.run(tool, cwd=copy, input=diff.output(root, new, everything=True), check=True)
    assert contents(chapters.Chapter(0, copy)) == contents(new)


@pytest.mark.chapters("02")
def test_the_diff_of_each_chapter_is_a_patch(chapter, root, tmp_path):
    check_round_trip(root, chapters.find(root, str(chapter)), tmp_path / "copy", ["patch", "-p1", "-s", "-E"])


def test_chapters_are_named_in_any_way(tree):
    for name in ("2", "02", "ch02", "ch02-two", "ch02-two/"):
        assert chapters.find(tree, name).number == 2
    with pytest.raises(chapters.LadderError, match="no chapter 07"):
        chapters.find(tree, "7")
    with pytest.raises(chapters.LadderError, match="not a chapter"):
        chapters.find(tree, "two")


@pytest.mark.parametrize("command", ["run", "stat", "diff", "ripple"])
def test_each_command_has_help(root, command):
    done = subprocess.run([root / "tools" / "rung", command, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"usage: rung {command}")
