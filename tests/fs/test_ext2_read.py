"""File systems that the host's mke2fs makes are read byte for byte, by the kernel's code on the host.

The random trees come from --seed.
"""
import os
import pathlib
import random
import shutil
import zlib

import pytest
from fs.ext2_tool import build, check, mke2fs, run, script
from fs.ext2_tree import canonical, fill_randomly, without

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

GIB, MIB = 1 << 30, 1 << 20


@pytest.fixture
def tool(builder, chapter) -> pathlib.Path:
    """tools/ext2 under the sanitizers."""
    return build(builder, chapter, "san")


@pytest.fixture
def fast(builder, chapter) -> pathlib.Path:
    """tools/ext2 without them, for what is large."""
    return build(builder, chapter)


@pytest.fixture
def folder(tmp_path):
    """Where a tree is made; gone after the test, since trees are large."""
    path = tmp_path / "tree"
    path.mkdir()
    yield path
    shutil.rmtree(tmp_path)


def assert_same(tool: pathlib.Path, image: pathlib.Path, folder: pathlib.Path) -> None:
    """What the tool reads is what the folder holds; reading leaves the image as it was."""
    before = image.stat().st_mtime_ns
    found = without(run(tool, image, "tree").stdout.splitlines(), "/lost+found")
    expected = canonical(folder)
    assert found == expected
    assert image.stat().st_mtime_ns == before


VARIANTS = {
    "1k": ("-b", "1024"),
    "2k": ("-b", "2048"),
    "4k": ("-b", "4096"),
    "1k-journal": ("-b", "1024", "-j"),
    "4k-journal": ("-b", "4096", "-j"),
    "inodes-128": ("-b", "1024", "-I", "128"),
    "inodes-512": ("-b", "1024", "-I", "512"),
    "no-filetype": ("-b", "1024", "-O", "^filetype"),
    "no-dir-index": ("-b", "1024", "-O", "^dir_index"),
    "no-resize": ("-b", "1024", "-O", "^resize_inode"),
    "no-sparse-super": ("-b", "1024", "-g", "1024", "-O", "^sparse_super,^resize_inode"),
    "small-groups": ("-b", "1024", "-g", "1024", "-N", "2000"),
    "revision-0": ("-b", "1024", "-r", "0", "-O", "none", "-I", "128"),
    "none": ("-b", "2048", "-O", "none"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_random_tree(tool, folder, pytestconfig, variant):
    """A random tree in any kind of file system that we claim to read."""
    fill_randomly(folder, pytestconfig.getoption("--seed") * 1000 + len(variant), 250)
    image = folder.parent / "image"
    mke2fs(image, "24M", *VARIANTS[variant], folder=folder)
    assert_same(tool, image, folder)


@pytest.mark.parametrize("block_size", [1024, 4096])
def test_many_files(fast, folder, block_size):
    """10,000 files in one directory, which mke2fs and e2fsck index by hashes; each is found by its name too."""
    (folder / "many").mkdir()
    for number in range(10000):
        (folder / "many" / f"file number {number}").write_bytes(b"%d" % number if number % 100 == 0 else b"")
    image = folder.parent / "image"
    mke2fs(image, "64M", "-b", str(block_size), "-N", "12000", folder=folder)
    run("e2fsck", "-fyD", image, status=None)        # builds the index
    assert "0x1000" in run("debugfs", "-R", "stat /many", image).stdout, "not an indexed directory"
    assert_same(fast, image, folder)


@pytest.mark.parametrize("block_size", [1024, 4096])
def test_large_file(fast, folder, pytestconfig, block_size):
    """300 MiB in one file: with 1 KiB blocks that needs all levels of indirection."""
    pool = random.Random(pytestconfig.getoption("--seed")).randbytes(MIB - 17)
    with open(folder / "large", "wb") as file:
        for number in range(301):
            file.write(number.to_bytes(4, "little") + pool)
        file.truncate(300 * MIB)
    image = folder.parent / "image"
    mke2fs(image, "330M", "-b", str(block_size), "-m", "0", folder=folder)
    assert_same(fast, image, folder)


@pytest.mark.parametrize("block_size", [1024, 4096])
def test_sparse_file(fast, folder, block_size):
    """5 GiB that are nearly all hole: what is there is read at its place, the rest as zeroes."""
    places = [0, 12 * block_size - 3, MIB, GIB, 2 * GIB - 2, 4 * GIB - 5, 4 * GIB + 4097, 5 * GIB - 7]
    with open(folder / "sparse", "wb") as file:
        for number, place in enumerate(places):
            file.seek(place)
            file.write(b"data %02d" % number)
    image = folder.parent / "image"
    mke2fs(image, "32M", "-b", str(block_size), "-m", "0", folder=folder)
    assert f"size {5 * GIB} " in run(fast, image, "stat", "/sparse").stdout
    parts = [(max(0, place - 100_000), 200_000) for place in places] + [(3 * GIB - 5, 3 * MIB), (5 * GIB - 100, 1000)]
    done = script(fast, image, [f"read /sparse {offset} {length}" for offset, length in parts])
    with open(folder / "sparse", "rb") as file:
        for (offset, length), output, result in zip(parts, done.output, done.results):
            file.seek(offset)
            expected = file.read(length)
            assert (output, result) == ([f"{zlib.crc32(expected):08x}"], str(len(expected))), hex(offset)
    holes = [line for line in run(fast, image, "map", "/sparse").stdout.splitlines() if line.endswith("hole")]
    assert len(holes) >= 6


def test_deep_tree(tool, folder):
    """400 directories, one in another, and names of all lengths."""
    here = os.open(folder, os.O_RDONLY)
    for depth in range(400):
        name = "d" * (1 + depth % 7)
        os.mkdir(name, dir_fd=here)
        with open(os.open("file", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=here), "w") as file:
            file.write(str(depth))
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    (folder / "names").mkdir()
    for length in range(1, 256):
        (folder / "names" / ("n" * length)).write_text(str(length))
    image = folder.parent / "image"
    mke2fs(image, "16M", "-b", "1024", folder=folder)
    assert_same(tool, image, folder)


def test_symbolic_links(tool, folder):
    """Chains of up to 40 links are followed, 41 are ELOOP, also in a circle; targets may be long, absolute or relative,
    and name directories."""
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "file").write_text("at the end of the chain")
    (folder / "l1").symlink_to("a/b/file")
    for number in range(2, 42):
        (folder / f"l{number}").symlink_to(f"l{number - 1}" if number % 2 else f"/l{number - 1}")
    (folder / "circle").symlink_to("circle")
    (folder / "up").symlink_to("a/../a/b/../../a")
    (folder / "long").symlink_to("./" * 400 + "a/b/file")
    (folder / "a" / "slash").symlink_to("b/")
    image = folder.parent / "image"
    mke2fs(image, "8M", "-b", "1024", folder=folder)
    assert_same(tool, image, folder)
    assert run(tool, image, "cat", "/l40").stdout == "at the end of the chain"
    for path in ("/long", "/up/b/file", "/a/slash/file", "/../up/slash/../b/file", "//a//b/./file"):
        assert run(tool, image, "cat", path).stdout == "at the end of the chain"
    done = script(tool, image, ["cat /l41", "cat /circle", "cat /circle/x", "cat /a/b/file/", "cat /a/b/file/x",
                                "cat /a/nothing", "ls /l1/", "stat /up/", "cat /" + "x" * 256, "cat /" + "./" * 2100])
    assert done.results == ["ELOOP", "ELOOP", "ELOOP", "ENOTDIR", "ENOTDIR", "ENOENT", "ENOTDIR", "0", "ENAMETOOLONG",
                            "ENAMETOOLONG"]


def test_foreign_journal(tool, folder, pytestconfig):
    """A journal that debugfs wrote is replayed when the image is mounted; the result is e2fsck's."""
    fill_randomly(folder, pytestconfig.getoption("--seed"), 60)
    image, block = folder.parent / "image", folder.parent / "block"
    mke2fs(image, "8M", "-b", "1024", "-j", folder=folder)
    (folder / "victim").write_bytes(b"A" * 1024)
    mke2fs(image, "8M", "-b", "1024", "-j", folder=folder)
    number = run("debugfs", "-R", "blocks /victim", image).stdout.split()[0]
    block.write_bytes(b"B" * 1024)
    run("debugfs", "-w", "-f", "-", image, stdin=f"jo\njw -b {number} {block}\njc\n")
    assert "needs_recovery" in run("dumpe2fs", "-h", image).stdout
    theirs = folder.parent / "theirs"
    shutil.copyfile(image, theirs)
    run("e2fsck", "-fp", theirs, status=None)
    run(tool, image, "replay")
    check(image)
    (folder / "victim").write_bytes(b"B" * 1024)
    assert_same(tool, image, folder)
    assert_same(tool, theirs, folder)


@pytest.mark.parametrize("feature", ["extent", "64bit,extent", "inline_data", "meta_bg,^resize_inode"])
def test_unknown_features(tool, folder, feature):
    """Incompatible features that we do not know are refused."""
    image = folder.parent / "image"
    mke2fs(image, "8M", "-b", "1024", "-O", feature, folder=folder)
    done = run(tool, image, "ls", status=1)
    assert "Operation not supported" in done.stderr


def test_read_only_features(tool, folder):
    """With features that only forbid to write we read and answer -EROFS to the rest."""
    (folder / "file").write_text("text")
    image = folder.parent / "image"
    mke2fs(image, "8M", "-b", "1024", "-O", "huge_file", folder=folder)
    before = image.read_bytes()
    done = script(tool, image, ["stat /file", "put =x /file", "mkdir /x", "rm /file", "mv /file /x", "truncate /file 0",
                                "ln /file /x", "ln -s /file /x", "open h /file rw", "sync"])
    assert done.results == ["0", *["EROFS"] * 8, "0"]
    assert image.read_bytes() == before
