"""What lies under the names, on the host: mounting, attributes and flags, times, orphans, copies that stop half-way."""
import pathlib
import re
import shutil
import struct

import pytest
from fs.ext2_tool import TOOL, build, check, mke2fs, run, script
from support.build import make
from support.chapters import ROOT
from support.session import once

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]
SUPER = 1024                                # where the superblock begins
STATE, VALID, ERROR = 0x3a, 1, 2            # s_state
INCOMPAT, RECOVER = 0x60, 4


@pytest.fixture
def tool(builder, chapter) -> pathlib.Path:
    return build(builder, chapter, "san")


@pytest.fixture
def image(tmp_path) -> pathlib.Path:
    return tmp_path / "image"


def debugfs(image: pathlib.Path, *commands: str) -> str:
    return run("debugfs", "-w", "-f", "-", image, stdin="".join(f"{command}\n" for command in commands)).stdout


def field(image: pathlib.Path, offset: int, form: str = "<H") -> int:
    data = image.read_bytes()[SUPER + offset:]
    return struct.unpack_from(form, data)[0]


def patch(image: pathlib.Path, offset: int, data: bytes) -> None:
    with open(image, "r+b") as file:
        file.seek(offset)
        file.write(data)


def test_states(tool, image):
    """Without a journal a mounted file system is not clean, and an unclean one is mounted read-only; so is one with
    errors. With a journal it needs recovery while it is mounted."""
    mke2fs(image, "8M", "-b", "1024")
    script(tool, image, ["put =text /a", "sync", "crash"], status=None)
    assert field(image, STATE) == 0
    done = script(tool, image, ["read /a 0 9", "put =more /b"])
    assert done.results == ["4", "EROFS"] and "read-only" in done.console
    assert field(image, STATE) == 0
    run("e2fsck", "-fy", image, status=None)
    assert script(tool, image, ["put =more /b"]).results == ["4"]
    assert field(image, STATE) == VALID
    check(image)
    for options in ("-b", "1024"), ("-b", "4096", "-j"):
        mke2fs(image, "16M", *options)
        patch(image, SUPER + STATE, bytes([VALID | ERROR, 0]))
        assert script(tool, image, ["put =more /b"]).results == ["EROFS"]
    mke2fs(image, "16M", "-j")
    script(tool, image, ["put =text /a", "sync", "crash"], status=None)
    assert field(image, INCOMPAT, "<I") & RECOVER and field(image, STATE) == VALID
    script(tool, image, ["read /a 0 9"], "-p")
    assert field(image, INCOMPAT, "<I") & RECOVER
    assert script(tool, image, ["put =more /b"]).results == ["4"]
    assert not field(image, INCOMPAT, "<I") & RECOVER
    check(image)


# Offset in the superblock, format, value: each makes no sense, for itself or beside the others.
NONSENSE = [(0x00, "<I", 1), (0x00, "<I", 2000), (0x04, "<I", 0), (0x04, "<I", 99999), (0x14, "<I", 0), (0x14, "<I", 2),
            (0x18, "<I", 7), (0x1c, "<I", 1), (0x20, "<I", 0), (0x20, "<I", 100), (0x20, "<I", 1 << 20), (0x28, "<I", 0),
            (0x28, "<I", 1 << 31), (0x54, "<I", 0), (0x54, "<I", 1 << 31), (0x58, "<H", 0), (0x58, "<H", 96),
            (0x58, "<H", 8192), (0xe0, "<I", 3)]


def test_superblock(tool, image):
    """A superblock that makes no sense is refused with a line that says so; one of something else is no ext2."""
    mke2fs(image, "16M", "-b", "1024", "-j")
    original = image.read_bytes()
    for offset, form, value in NONSENSE:
        image.write_bytes(original)
        patch(image, SUPER + offset, struct.pack(form, value))
        done = run(tool, image, "ls", status=1)
        assert "makes no sense" in done.stderr, (offset, value, done.stderr)
    patch(image, SUPER, original[SUPER:SUPER + 1024])
    patch(image, SUPER + 0x38, b"\0\0")
    assert "Invalid argument" in run(tool, image, "ls", status=1).stderr


def test_descriptors(tool, image):
    """Bitmaps and inode tables outside of their group, over each other or over the superblock, are refused."""
    mke2fs(image, "16M", "-b", "1024", "-O", "^resize_inode")
    original = image.read_bytes()
    bitmap, inode_bitmap, table = struct.unpack_from("<III", original, 2048 + 32)
    for offset, value in [(0, 0), (0, 8192), (0, 8193), (0, 8194), (0, 16385), (0, inode_bitmap), (0, table + 3),
                          (4, bitmap), (4, 1 << 31), (4, table), (8, 8193), (8, 16384), (8, 0xffffffff), (8, bitmap)]:
        image.write_bytes(original)
        patch(image, 2048 + 32 + offset, struct.pack("<I", value))
        assert "descriptor makes no sense" in run(tool, image, "ls", status=1).stderr, (offset, value)


@pytest.mark.parametrize("options", [("-r", "0"), ("-I", "128"), ("-I", "512"), ("-g", "1024"), ("-N", "16"),
                                     ("-O", "^filetype"), ("-O", "^sparse_super,^resize_inode"),
                                     ("-O", "sparse_super2,^resize_inode"), ("-O", "none"), ("-j", "-J", "size=1")])
def test_layouts(tool, image, options):
    """Other revisions, inode sizes, sizes of groups and features are written so that e2fsck is content."""
    mke2fs(image, "9M", "-b", "1024", *options)
    done = script(tool, image, ["mkdir /d", "put 0:700000 /d/a", "put =text /b", "ln -s b /c", "truncate /d/a 300000",
                                "write /d/a 20000000 =end", "rm /d/a", "put 0:3000000 /e", "read /c 0 9"])
    assert all(result.isdigit() for result in done.results), done.results
    check(image)


def test_large_file_flag(tool, image):
    """The first file of 2 GiB sets LARGE_FILE."""
    mke2fs(image, "8M", "-O", "^large_file", "-j")
    script(tool, image, ["truncate /a 2147483647"])
    assert field(image, 0x64, "<I") & 2 == 0
    check(image)
    script(tool, image, ["write /a 2147483647 =x"])
    assert field(image, 0x64, "<I") & 2
    check(image)


def test_attributes(tool, image):
    """A block of extended attributes stays when its file is changed, and goes with the last of those that share it. The
    attributes within an inode stay, too."""
    mke2fs(image, "8M", "-b", "1024", "-I", "256")
    script(tool, image, ["put =text /a", "put =text /b", "ln -s target /l"])
    free = run(tool, image, "info").stdout
    debugfs(image, "ea_set /a user.long " + "x" * 600, "ea_set /a user.short yes")
    block = int(re.search(r"File ACL: (\d+)", debugfs(image, "stat /a"))[1])
    assert block > 0
    for path, blocks in ("/b", 4), ("/l", 2):
        debugfs(image, f"sif {path} file_acl {block}", f"sif {path} blocks {blocks}")
    patch(image, block * 1024 + 4, struct.pack("<I", 3))
    check(image)
    assert script(tool, image, ["readlink /l", "append /a =more"]).results[0] == "6"
    assert "user.short" in debugfs(image, "ea_list /a") and "user.long" in debugfs(image, "ea_list /a")
    for path in "/b", "/l":
        script(tool, image, [f"rm {path}"])
        check(image)
    assert "user.long" in debugfs(image, "ea_list /a")
    script(tool, image, ["rm /a", "put =text /a", "put =text /b", "ln -s target /l"])
    check(image)
    assert run(tool, image, "info").stdout == free


def test_flags(tool, image):
    """Immutable files are not written, append-only ones only at their end."""
    mke2fs(image, "8M")
    script(tool, image, ["put =text /immutable", "put =text /append"])
    debugfs(image, "sif /immutable flags 0x10", "sif /append flags 0x20")
    done = script(tool, image, ["append /immutable =x", "truncate /immutable 0", "rm /immutable", "append /append =x",
                                "write /append 0 =x", "truncate /append 0", "rm /append", "read /append 0 9"])
    assert done.results == ["EPERM", "EPERM", "EPERM", "1", "EPERM", "EPERM", "EPERM", "5"]


def test_times(tool, image):
    """Times have nanoseconds and reach beyond 2038 in inodes of 256 bytes; in those of 128 they wrap."""
    for size, seconds in (256, 4102444800), (128, 1900000000):
        mke2fs(image, "8M", "-I", str(size))
        script(tool, image, ["put =text /a"], "-t", str(seconds))
        text = debugfs(image, "stat /a")
        assert re.search(rf"mtime: 0x{seconds & 0xffffffff:08x}" + (":[0-9a-f]{8}" if size == 256 else ""), text), text
        assert f"modified {seconds}" in script(tool, image, ["stat /a"]).output[0][0]
        check(image)


def test_orphans(tool, image):
    """What a crash leaves of deletions and truncations is finished by the next mount; e2fsck does the same."""
    mke2fs(image, "16M", "-b", "1024", "-j")
    script(tool, image, ["put 0:900000 /a", "put 0:900000 /b", "put 0:900000 /c", "put =stays /d", "mkdir /e"])
    script(tool, image, ["open h0 /a rw", "open h1 /b rw", "open h2 /c rw", "rm /c", "rm /a", "rm /b", "rmdir /e",
                         "close h2", "hwrite h1 0:5000", "sync", "crash"], status=None)
    copy = image.with_name("copy")
    shutil.copy(image, copy)
    assert run("e2fsck", "-fp", copy, status=None).returncode <= 1
    done = script(tool, image, ["tree"])
    assert "finished: 2" in done.console
    assert field(image, STATE) == VALID
    check(image)
    check(copy)
    assert done.output == script(tool, copy, ["tree"]).output
    count = [re.search(r"(\d+)/\d+ files .* (\d+)/\d+ blocks", run("e2fsck", "-fn", each).stdout).groups()
             for each in (image, copy)]
    assert count[0] == count[1]


@pytest.mark.parametrize("chain", [(12, 13, 12), (12, 12), (7,), (500,), (12, 99999), (2, 13), (13, 0xffffffff)])
def test_orphan_list(tool, image, chain):
    """An orphan list that goes in circles or names what is no orphan ends; what has a name keeps it."""
    mke2fs(image, "8M", "-b", "1024", "-j", "-N", "64")
    script(tool, image, ["put 0:90000 /a", "put 0:90000 /b"])
    debugfs(image, f"ssv last_orphan {chain[0]}",
            *(f"sif <{number}> dtime {next_one}" for number, next_one in zip(chain, chain[1:])))
    done = script(tool, image, ["read /a 0 90000", "read /b 0 90000", "put =text /c"])
    assert done.results == ["90000", "90000", "4"]
    assert field(image, 0xe8, "<I") == 0
    run("e2fsck", "-fy", image, status=None)
    check(image)


def test_orphans_in_any_order(tool, image):
    """Open files without a name can be closed in any order."""
    mke2fs(image, "8M", "-b", "1024", "-j")
    before = run(tool, image, "info").stdout
    names = "abcdefgh"
    lines = [line for name in names for line in (f"put 0:30000 /{name}", f"open {name} /{name} rw", f"rm /{name}")]
    lines += [f"htruncate {name} 5" for name in "dh"] + [f"close {name}" for name in "dahbgc"]
    done = script(tool, image, [*lines, "sync", "hwrite e =x", "close e"])
    assert all(result.isdigit() for result in done.results)
    check(image)
    assert run(tool, image, "info").stdout == before


def test_errors_are_marked(tool, image):
    """Who finds a contradiction says so once, answers -EUCLEAN, and leaves a mark that makes e2fsck look."""
    for journal in (), ("-j",):
        mke2fs(image, "8M", "-b", "1024", *journal)
        script(tool, image, ["put 0:90000 /a", "put =text /b"])
        indirect = int(re.search(r"\(IND\):(\d+)", debugfs(image, "stat /a"))[1])
        patch(image, indirect * 1024 + 40, struct.pack("<I", 0xfffffff0))
        done = script(tool, image, ["read /a 0 90000", "read /a 0 22528", "read /a 22528 1", "read /b 0 9"])
        assert done.results == ["EUCLEAN", "22528", "EUCLEAN", "4"] and done.console.count("run e2fsck") == 1
        assert field(image, STATE) == VALID | ERROR


def test_tree_in_circles(tool, image):
    """Indirect blocks that name themselves, each other or metadata end in -EUCLEAN, and nothing is freed twice."""
    mke2fs(image, "16M", "-b", "1024", "-j")
    script(tool, image, ["put 0:2000000 /a"])
    text = debugfs(image, "stat /a")
    single, double = (int(re.search(rf"\({kind}\):(\d+)", text)[1]) for kind in ("IND", "DIND"))
    original = image.read_bytes()
    for place, value in [(single, single), (double, double), (double, single), (single, double), (double + 0, 5)]:
        image.write_bytes(original)
        patch(image, place * 1024 + 12, struct.pack("<I", value))
        done = script(tool, image, ["rm /a", "put 0:100000 /b", "sync", "read /b 0 100000"])
        assert done.results[1:] == ["100000", "0", "100000"]
        assert field(image, STATE) & ERROR, (place, value)


def test_quarantine(tool, image):
    """Blocks freed are not used again before a checkpoint; when there are no others, one is made."""
    mke2fs(image, "8M", "-b", "1024", "-j", "-N", "64")
    commands = ["put 0:3000000 /a", "sync"]
    for _ in range(5):
        commands += ["rm /a", "put 0:3000000 /a"]
    done = script(tool, image, [*commands, "read /a 0 3000000"])
    assert set(done.results[2:-1:2]) == {"0"} and set(done.results[3::2]) == {"3000000"}
    check(image)
    script(tool, image, ["remount", "rm /a"])
    first = set(re.findall(r"blocks at (\d+)", "\n".join(script(tool, image, ["put 0:300000 /a", "map /a"]).output[1])))
    second = script(tool, image, ["remount", "map /a", "rm /a", "put 0:300000 /a", "map /a"])
    assert set(re.findall(r"blocks at (\d+)", "\n".join(second.output[1]))) == first
    assert not set(re.findall(r"blocks at (\d+)", "\n".join(second.output[4]))) & first


def test_short_copies(builder, chapter, tool, image):
    """Memory of a reader or writer that cannot be reached: what was done is reported, old data stay, and nobody sees
    what a block had before it was the file's."""
    folder, output = builder.copy(chapter), builder.shared / f"host-ext2_short-{chapter}"

    def make_it() -> list:
        done = make(TOOL, f"CHAPTER={folder}", f"OUT={output}", "VARIANT=san",
                    f"MAIN={ROOT / 'tests' / 'fs' / 'ext2_short.c'}",
                    "EXTRA=-Werror -Wno-unused-command-line-argument -Wl,--wrap=io_copy_in,--wrap=io_copy_out")
        return [done.returncode, done.stdout]

    status, messages = once(builder.shared, str(output), make_it)
    assert status == 0, messages
    for options in (), ("-j",):
        mke2fs(image, "8M", "-b", "1024", *options)
        (image.parent / "secret").write_bytes(b"S" * 6_000_000)
        script(tool, image, [f"put @{image.parent / 'secret'} /secret"])
        script(tool, image, ["rm /secret"])
        run(output / "ext2_short", image)
        check(image)
