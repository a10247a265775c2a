"""A full disk, a full inode table, no memory, a disk with errors: the caller gets the error, and nothing else is hurt."""
import os
import pathlib
import random
import re
import shutil

import pytest
from fs.ext2_tool import amount, build, check, mke2fs, run, script
from fs.ext2_tree import canonical, fill_randomly, without

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

SCALE = int(os.environ.get("RUNG_EXT2_SCALE", "1"))

# Some of everything, in a file system that begins with the tree of `original`.
WORK = ["mkdir /d", "put 0:5000 /d/a", "put =text /d/b", "write /d/a 300000 0:2000", "ln /d/a /d/c", "ln -s /d/a /s",
        "mv /d/b /e", "append /e =more", "truncate /d/a 10000", "open h /e rw", "rm /e", "hwrite h 0:9000", "fsync h",
        "rm /old", "mkdir /d/x", "mv /d/x /y", "sync", "put 0:60000 /large", "rm /large", "close h", "mv /d/a /d/c",
        "rm /d/c", "rmdir /y", "put =end /end",
        "truncate /old2 5", "tree", "sync", "put 0:20000 /d/a", "fsync /d/a"]
ALLOWED = {"ENOMEM": {"ENOMEM"}, "EIO": {"EIO", "EROFS"}}


@pytest.fixture
def tool(builder, chapter) -> pathlib.Path:
    return build(builder, chapter, "san")


@pytest.fixture
def image(tmp_path) -> pathlib.Path:
    return tmp_path / "image"


def free(tool: pathlib.Path, image: pathlib.Path) -> tuple[int, int]:
    """Free blocks and inodes."""
    lines = run(tool, image, "info").stdout
    return tuple(int(number) for number in re.findall(r"free (\d+)", lines))


@pytest.mark.parametrize("kind", [("-b", "1024", "-j", "-J", "size=1"), ("-b", "1024"), ("-b", "4096")])
def test_full_disk(tool, image, kind):
    """A disk is filled by files, directories and links: -ENOSPC, what was there stays right, and what is removed can be
    used again, at once and as often as one likes."""
    mke2fs(image, "3M" if "-j" in kind else "2M", *kind, "-N", "1000")
    before = free(tool, image)
    fill = ["mkdir /w"] + [command for number in range(70) for command in
            (f"put 0:{1 + number * 977 % 60000} /w/f{number}", f"mkdir /w/d{number}", f"append /w/f{number} 0:3000",
             f"ln -s {'t' * 100} /w/l{number}", f"write /w/s{number} 20000000 =x")]
    clear = [command for number in range(70) for command in
             (f"rm /w/f{number}", f"rmdir /w/d{number}", f"rm /w/l{number}", f"rm /w/s{number}")] + ["rmdir /w"]
    results = []
    for _ in range(3):
        done = script(tool, image, [*fill, "tree", "sync"])
        assert "ENOSPC" in done.results and done.results[-2:] == ["0", "0"]
        assert {result for result in done.results if not result.isdigit()} <= {"ENOSPC", "ENOENT"}
        check(image)
        assert free(tool, image)[0] < 20
        results.append(done.results)
        done = script(tool, image, clear)
        assert set(done.results) <= {"0", "ENOENT"}
        check(image)
        assert free(tool, image) == before
    assert results[0] == results[1] == results[2]
    # In one mount too, where freed blocks wait for a checkpoint before they are used again.
    done = script(tool, image, [*fill, *clear, *fill, *clear, *fill, "tree"])
    assert done.results[:len(fill)] == results[0][:len(fill)]
    assert done.results[-1] == "0" and done.results[-1 - len(fill):-1] == results[0][:len(fill)]
    check(image)


def test_full_inode_table(tool, image):
    """No inode left: -ENOSPC; with one given back there is one again."""
    mke2fs(image, "4M", "-b", "1024", "-j", "-J", "size=1", "-N", "32")
    left = free(tool, image)[1]
    done = script(tool, image, [*(f"mkdir /d{number}" if number % 2 else f"put =x /d{number}" for number in range(40)),
                                "ln -s target /l", "ln /d0 /hard", "rm /d2", "mkdir /again", "mkdir /more", "tree"])
    made = done.results[:40]
    assert made[:left] == ["1", "0"] * (left // 2) + ["1"] * (left % 2) and set(made[left:]) == {"ENOSPC"}
    assert done.results[40:] == ["ENOSPC", "0", "0", "0", "ENOSPC", "0"]
    check(image)


@pytest.fixture(scope="module")
def original(tmp_path_factory, pytestconfig) -> pathlib.Path:
    """A small image with a journal that the fault tests begin with; image.tree is what is in it."""
    folder = tmp_path_factory.mktemp("faults")
    tree = folder / "tree"
    tree.mkdir()
    fill_randomly(tree, pytestconfig.getoption("--seed"), 25, 20_000)
    (tree / "keep").mkdir()
    for number in range(5):
        (tree / "keep" / f"file {number}").write_bytes(random.Random(number).randbytes(7000 * number))
    for name in ("old", "old2"):
        (tree / name).write_bytes(b"old" * 5000)
    mke2fs(folder / "image", "6M", "-b", "1024", "-j", "-J", "size=1", "-N", "512", folder=tree)
    return folder / "image"


def assert_untouched(tool: pathlib.Path, image: pathlib.Path, original: pathlib.Path) -> None:
    """What WORK does not touch is as it was."""
    names = re.compile(r" (/d|/s|/e|/y|/large|/end|/old2?|/|/lost\+found)(/\S+| -> \S+)?$")
    found = [line for line in run(tool, "-q", image, "tree").stdout.splitlines() if not names.search(line)]
    expected = [line for line in canonical(original.parent / "tree") if not names.search(line)]
    assert found == expected


def inject(tool: pathlib.Path, original: pathlib.Path, image: pathlib.Path, fault: str, error: str) -> bool:
    """Do WORK with a fault. Whether it came to anything; the file system is right afterwards in any case."""
    shutil.copyfile(original, image)
    done = script(tool, image, [f"fail {fault}", *WORK, "heal", "sync"], "-q", status=None)
    assert done.status in (0, 1), f"{fault}: status {done.status}\n{done.console[-9000:]}"
    errors = {result for result in done.results if not result.isdigit()}
    # Later commands miss what an earlier one did not make.
    assert errors <= ALLOWED[error] | {"ENOENT", "EBADF", "ENOTEMPTY"}, f"{fault}: {errors}"
    repaired = run("e2fsck", "-fp", image, status=None)
    assert repaired.returncode in (0, 1), f"{fault}: e2fsck says {repaired.stdout}"
    check(image)
    assert_untouched(tool, image, original)
    return bool(errors & ALLOWED[error]) or done.status == 1


def total(tool: pathlib.Path, original: pathlib.Path, image: pathlib.Path, kind: str) -> int:
    """How many operations of a kind WORK takes, all in all."""
    shutil.copyfile(original, image)
    done = script(tool, image, [*WORK, "count"])
    numbers = dict(zip(("read", "write", "flush", "memory"), map(int, done.output[-1][0].split())))
    return numbers[kind]


@pytest.mark.parametrize("kind, error", [("memory", "ENOMEM"), ("read", "EIO"), ("write", "EIO"), ("flush", "EIO")])
def test_nth_failure(tool, chapter, original, image, kind, error):
    """The nth allocation, read, write or flush fails, once: the error reaches the caller or does no harm; e2fsck needs
    no more than the journal; files that nobody was writing are whole."""
    number = total(tool, original, image, kind)
    some = range(0, number, max(1, number // amount(chapter, 30 * SCALE)))
    hurt = sum(inject(tool, original, image, f"{kind} {n} 1", error) for n in some)
    assert hurt >= len(some) // 8


@pytest.mark.parametrize("kind, error", [("memory", "ENOMEM"), ("read", "EIO"), ("write", "EIO"), ("flush", "EIO")])
def test_failures_from_nth(tool, chapter, original, image, kind, error):
    """The same where everything fails from the nth one on, up to the end of the work."""
    number = total(tool, original, image, kind)
    some = range(0, number, max(1, number // amount(chapter, 18 * SCALE)))
    hurt = sum(inject(tool, original, image, f"{kind} {n} 1000000", error) for n in some)
    assert hurt >= len(some) // 2


def test_no_memory_to_mount(tool, original, image):
    """Mounting with the nth allocation failing is -ENOMEM, or succeeds; the image is as it was."""
    shutil.copyfile(original, image)
    failed = 0
    for number in range(40):
        done = run(tool, "-f", f"memory,{number}", image, "stat", "/keep/file 3", status=None)
        assert done.returncode in (0, 1), done.stderr
        if done.returncode:
            assert "Cannot allocate memory" in done.stderr or "memory" in done.stderr.lower()
            failed += 1
    assert failed >= 5
    assert image.read_bytes() == original.read_bytes()


def test_bad_sector(tool, original, image):
    """A sector of a file that can't be read is -EIO for who reads there, and for nobody else."""
    shutil.copyfile(original, image)
    block = int(run(tool, image, "map", "/keep/file 4").stdout.split()[4])
    sector = block * 2
    done = script(tool, image, [f"fail read 0 1000000 {sector}", "read /keep/file\\x204 0 100", "stat /keep/file\\x204",
                                "read /keep/file\\x203 0 100000", "put =x /new", "rm /keep/file\\x204", "sync"])
    assert done.results == ["0", "EIO", "0", "21000", "1", "0", "0"]
    check(image)
