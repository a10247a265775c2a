"""rung ripple carries a change up, and never further than it understands."""
import os
import pathlib
import subprocess

import pytest

from tools.ladder import ripple
from tools.ladder.chapters import LadderError, find

BASE = "".join(f"line {n}\n" for n in range(1, 21))
CHAPTERS = ("ch01-one", "ch02-two", "ch03-three", "ch04-four")


class Tree:
    """A repository with four chapters, each of which adds lines of its own to a.c."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.git("init", "-q")
        (root / ".gitignore").write_text("build/\n")
        for number, name in enumerate(CHAPTERS, 1):
            text = BASE.replace("line 15\n", "line 15\n" + "".join(f"chapter {n}\n" for n in range(2, number + 1)))
            self.write(f"{name}/kernel/a.c", text)
            self.write(f"{name}/kernel/gone.c", "to be deleted\n")
            self.write(f"{name}/kernel/old name.c", BASE)
            self.write(f"{name}/README.md", f"# {name}\n")
            self.write(f"{name}/kernel/demo.c", f"// {name}\n")
            self.write(f"{name}/build/output", "not tracked")
        self.commit()

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", "-c", "user.name=Test", "-c", "user.email=test@localhost", *arguments],
                              cwd=self.root, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "-qm", "state", "--allow-empty")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text
        self.write(path, text.replace(old, new))

    def ripple(self, chapter: str = "01", since: str = "HEAD", **options) -> int:
        return ripple.start(self.root, find(self.root, chapter), since, **options)

    def status(self) -> str:
        return self.git("status", "--porcelain")


@pytest.fixture
def tree(tmp_path) -> Tree:
    return Tree(tmp_path)


def test_an_edit_reaches_all_later_chapters_and_keeps_their_own_lines(tree):
    tree.replace("ch01-one/kernel/a.c", "line 3\n", "line three\n")
    assert tree.ripple() == 0
    for number, name in enumerate(CHAPTERS, 1):
        text = tree.read(f"{name}/kernel/a.c")
        assert "line three\n" in text and "line 3\n" not in text
        assert all(f"chapter {n}\n" in text for n in range(2, number + 1))


def test_the_second_run_changes_nothing(tree):
    tree.replace("ch01-one/kernel/a.c", "line 3\n", "line 3\nline 3.5\n")
    tree.write("ch01-one/kernel/new.c", "new\n")
    assert tree.ripple() == 0
    before = tree.git("diff", "HEAD"), tree.status()
    assert tree.ripple(force=True) == 0
    assert (tree.git("diff", "HEAD"), tree.status()) == before
    tree.commit()
    assert tree.ripple(since="HEAD~1") == 0
    assert tree.status() == ""


def test_a_run_that_went_only_part_of_the_way_can_be_finished(tree):
    tree.replace("ch01-one/kernel/a.c", "line 3\n", "line three\n")
    assert tree.ripple(last=2) == 0
    assert "line 3\n" in tree.read("ch03-three/kernel/a.c")
    tree.commit()
    assert tree.ripple(since="HEAD~1") == 0
    assert "line three\n" in tree.read("ch04-four/kernel/a.c")


def test_new_deleted_and_renamed_files_and_modes_go_up(tree):
    tree.write("ch02-two/kernel/new.c", "new\n")
    (tree.root / "ch02-two/kernel/gone.c").unlink()
    (tree.root / "ch02-two/kernel/old name.c").rename(tree.root / "ch02-two/kernel/name.c")
    tree.replace("ch02-two/kernel/name.c", "line 9\n", "line nine\n")
    (tree.root / "ch02-two/kernel/a.c").chmod(0o755)
    (tree.root / "ch02-two/link").symlink_to("README.md")
    assert tree.ripple("02") == 0
    for name in CHAPTERS[2:]:
        folder = tree.root / name
        assert (folder / "kernel/new.c").read_text() == "new\n"
        assert not (folder / "kernel/gone.c").exists()
        assert not (folder / "kernel/old name.c").exists()
        assert "line nine\n" in (folder / "kernel/name.c").read_text()
        assert (folder / "kernel/a.c").stat().st_mode & 0o100
        assert os.readlink(folder / "link") == "README.md"
    assert (tree.root / "ch01-one/kernel/gone.c").exists()
    tree.commit()
    assert tree.ripple("02", "HEAD~1") == 0
    assert tree.status() == ""


def test_readme_and_demo_stay_in_their_chapter(tree, capsys):
    tree.write("ch01-one/README.md", "other\n")
    tree.write("ch01-one/kernel/demo.c", "other\n")
    assert tree.ripple() == 0
    assert tree.status().split() == ["M", "ch01-one/README.md", "M", "ch01-one/kernel/demo.c"]
    assert "README.md stays in its chapter" in capsys.readouterr().out


def test_a_conflict_stops_there_and_names_the_line(tree, capsys):
    tree.replace("ch01-one/kernel/a.c", "line 15\nline 16\n", "line 15\nfifteen and a half\nline 16\n")
    assert tree.ripple() == 1
    text = tree.read("ch02-two/kernel/a.c")
    line = text.splitlines().index("<<<<<<< ch02 as it is") + 1
    assert f"ch02-two/kernel/a.c:{line}" in capsys.readouterr().out
    assert "||||||| ch01 before" in text and ">>>>>>> ch01 now" in text
    assert "fifteen" not in tree.read("ch03-three/kernel/a.c")


def test_continue_carries_the_decision_up(tree):
    tree.replace("ch01-one/kernel/a.c", "line 15\nline 16\n", "line 15\nfifteen and a half\nline 16\n")
    tree.replace("ch01-one/kernel/a.c", "line 3\n", "line three\n")
    assert tree.ripple() == 1
    with pytest.raises(LadderError, match=r"ch02-two/kernel/a\.c:\d+"):
        ripple.go_on(tree.root)
    text = tree.read("ch02-two/kernel/a.c")
    start, end = text.index("<<<<<<<"), text.index(">>>>>>> ch01 now\n") + len(">>>>>>> ch01 now\n")
    tree.write("ch02-two/kernel/a.c", text[:start] + "decided\nchapter 2\n" + text[end:])
    assert ripple.go_on(tree.root) == 0
    for number, name in ((3, "ch03-three"), (4, "ch04-four")):
        own = "".join(f"chapter {n}\n" for n in range(2, number + 1))
        expected = BASE.replace("line 3\n", "line three\n").replace("line 15\n", f"line 15\ndecided\n{own}")
        assert tree.read(f"{name}/kernel/a.c") == expected
    with pytest.raises(LadderError, match="no ripple is under way"):
        ripple.go_on(tree.root)


def test_abort_takes_everything_back(tree):
    tree.replace("ch01-one/kernel/a.c", "line 15\nline 16\n", "line 15\nfifteen and a half\nline 16\n")
    tree.write("ch01-one/kernel/deep/new.c", "new\n")
    before = tree.status()
    assert tree.ripple() == 1
    assert (tree.root / "ch02-two/kernel/deep/new.c").exists()
    assert ripple.abort(tree.root) == 0
    assert tree.status() == before
    assert not (tree.root / "ch02-two/kernel/deep").exists()


def test_a_file_deleted_below_and_different_above_is_for_a_person(tree, capsys):
    tree.write("ch03-three/kernel/gone.c", "of some use here\n")
    tree.commit()
    (tree.root / "ch01-one/kernel/gone.c").unlink()
    assert tree.ripple() == 1
    assert not (tree.root / "ch02-two/kernel/gone.c").exists()
    assert "ch03-three/kernel/gone.c: deleted below, but different here" in capsys.readouterr().out
    assert ripple.go_on(tree.root) == 0         # kept here, so it is kept above
    assert (tree.root / "ch03-three/kernel/gone.c").exists()
    assert (tree.root / "ch04-four/kernel/gone.c").exists()


def test_a_new_file_that_is_another_one_above_is_a_conflict(tree):
    tree.write("ch02-two/kernel/new.c", "mine\n")
    tree.commit()
    tree.write("ch01-one/kernel/new.c", "yours\n")
    assert tree.ripple() == 1
    assert "<<<<<<<" in tree.read("ch02-two/kernel/new.c")


def test_a_dry_run_writes_nothing(tree, capsys):
    tree.replace("ch01-one/kernel/a.c", "line 3\n", "line three\n")
    before = tree.status()
    assert tree.ripple(dry_run=True) == 0
    assert tree.status() == before
    assert "ch04-four\n  kernel/a.c: merged" in capsys.readouterr().out
    tree.replace("ch01-one/kernel/a.c", "line 15\nline 16\n", "line 15\nfifteen and a half\nline 16\n")
    assert tree.ripple(dry_run=True) == 1
    assert tree.status() == before
    assert tree.ripple() == 1                   # no state was left behind


def test_uncommitted_changes_above_stop_it(tree):
    tree.replace("ch01-one/kernel/a.c", "line 3\n", "line three\n")
    tree.write("ch03-three/kernel/a.c", "my work\n")
    with pytest.raises(LadderError, match="not committed"):
        tree.ripple()
    assert tree.read("ch03-three/kernel/a.c") == "my work\n"


def test_nothing_to_do_is_said(tree, capsys):
    assert tree.ripple() == 0
    assert "has not changed" in capsys.readouterr().out


def test_a_binary_file_that_differs_is_for_a_person(tree):
    for name in CHAPTERS:
        (tree.root / name / "picture").write_bytes(b"\0" + name.encode())
    tree.commit()
    (tree.root / "ch01-one/picture").write_bytes(b"\0new")
    assert tree.ripple() == 1
    assert (tree.root / "ch02-two/picture").read_bytes() == b"\0ch02-two"
