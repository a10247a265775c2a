"""What is in the repository, and what must not be."""
import os
import pathlib
import re
import subprocess

PICTURES = {".png", ".svg"}
BYTES_MAX = 300_000

# Paths of the machine where something was written, and the hosts that packages come from.
PLACES = re.compile(r"(?<![\w.$}])/(?:work|root|home|Users)/\w")
HOSTS = re.compile(r"https?://[\w.-]*\b(?:debian|ubuntu|fedoraproject|archlinux|pypi|pythonhosted|brew)\b\.\w+|"
                   r"--(?:extra-)?index-url|sources\.list")


def tracked(root: pathlib.Path) -> list[pathlib.Path]:
    """The files that git tracks or would add; without git all but what is built."""
    done = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                          capture_output=True)
    if done.returncode == 0 and (root / ".git").exists():
        names = [root / name for name in done.stdout.decode().split("\0") if name]
    else:
        names = [path for path in root.rglob("*") if "build" not in path.relative_to(root).parts]
    return [path for path in names if path.is_file() and not path.is_symlink()]


def test_no_binaries(root):
    """Everything is text, but pictures, and no file is large."""
    wrong = []
    for path in tracked(root):
        data = path.read_bytes()
        if len(data) > BYTES_MAX:
            wrong.append(f"{path.relative_to(root)}: {len(data)} bytes")
        if path.suffix not in PICTURES and b"\0" in data:
            wrong.append(f"{path.relative_to(root)}: binary")
    assert not wrong, "\n".join(wrong)


def test_no_places_of_one_machine(root):
    """No paths of the machine where a file was written, no package hosts: what holds for one machine only."""
    wrong = []
    for path in tracked(root):
        if path.suffix in PICTURES or path == pathlib.Path(os.path.abspath(__file__)):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if PLACES.search(line) or HOSTS.search(line):
                wrong.append(f"{path.relative_to(root)}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_scripts_can_be_run(root):
    """Files that begin with #! are executable, others are not."""
    wrong = [str(path.relative_to(root)) for path in tracked(root)
             if (path.read_bytes()[:2] == b"#!") != os.access(path, os.X_OK)]
    assert not wrong, f"#! and the executable bit disagree: {', '.join(wrong)}"


def test_make_help(root, all_chapters):
    """The root's help names its goals and the chapters there are."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "CH"}
    done = subprocess.run(["make", "-C", str(root), "help"], env=environment, capture_output=True, text=True, check=True)
    for word in ["setup", "doctor", "run", "test", "diff", "bench", *(chapter.path.name for chapter in all_chapters)]:
        assert word in done.stdout


def test_every_kernel_test_file_says_its_range(root):
    """tests/kernel/NN-name.c or NN-MM-name.c, so that common.mk and pytest agree on where it holds."""
    others = {"runner.c"}
    wrong = [path.name for path in (root / "tests/kernel").glob("*.c")
             if path.name not in others and not re.fullmatch(r"\d\d-(\d\d-)?[a-z]\w*(-\w+)*\.c", path.name)]
    assert not wrong
