"""Names: what our file system answers to random operations is what Linux answers, errno for errno.

The same script of commands is done by tools/ext2, which is the chapter's file system on the host, on an image of mke2fs,
and by names_host.py in a folder of the host. Then their trees are compared, and e2fsck has to be content.
"""
import os
import pathlib
import random
import shutil
import sys

import pytest
from fs.ext2_tool import Script, amount, build, check, mke2fs, run, script

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

HERE = pathlib.Path(__file__).parent
OPERATIONS = int(os.environ.get("RUNG_NAME_OPERATIONS", "6000"))
NAMES = ["a", "b", "c", "d", "e", "f", "g"]
LONG = "n" * 255
ODD = [".", "..", "/", "//", "a/.", "a/..", "../..", "a/../b", r"\x00", LONG, "./" * 2047 + "a", "lost+found"]
TOO_LONG = [LONG + "n", "a/" + LONG + "n/b", "./" * 2048 + "a"]


class Commands:
    """Random commands over few names, so that they meet."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.made = ["/" + name for name in NAMES]

    def path(self, alone: bool = False, new: bool = False) -> str:
        """A path; with another beside it never one whose length is an error: which of two errors it is, is open."""
        pick = self.random
        if pick.random() < 0.02:
            return pick.choice(ODD + alone * TOO_LONG)
        if pick.random() < 0.6:
            # Something made not long ago, or a place beside it.
            near = pick.choice(self.made[-12:])
            path = near.rsplit("/", 1)[0] + "/" + pick.choice(NAMES) if new else near
            self.made.append(path)
            return path
        names = [pick.choice(NAMES) for _ in range(pick.choice((1, 1, 1, 1, 2, 2, 2, 3, 3, 4)))]
        if pick.random() < 0.06:
            names.insert(pick.randrange(len(names) + 1), pick.choice((".", "..")))
        path = pick.choice(("/", "//") if pick.random() < 0.05 else "/").join(names)
        return pick.choice(("", "/")) + path + ("/" if pick.random() < 0.06 else "")

    def target(self) -> str:
        pick = self.random
        kind = pick.random()
        if kind < 0.1:
            return pick.choice("xy/") * pick.choice((59, 60, 61, 500, 1023))
        return (pick.choice(("", "../", "./", "/")) + self.path())[:1000]    # a block has room for 1023

    def data(self) -> str:
        return "=" + self.random.choice("uvw") * self.random.choice((1, 10, 3000))

    def handle(self) -> str:
        return self.random.choice("ABC")

    def command(self) -> str:
        pick = self.random
        name = pick.choices(("mkdir", "rmdir", "rm", "mv", "ln", "ln -s", "put", "append", "truncate", "readlink", "open",
                             "close", "handle"), (12, 6, 8, 14, 5, 4, 6, 2, 2, 2, 8, 3, 8))[0]
        match name:
            case "mkdir":
                return f"mkdir {self.path(True, True)} {pick.choice(('755', '700', '1777'))}"
            case "rmdir" | "rm" | "readlink":
                return f"{name} {self.path(True)}"
            case "mv":
                # Often within a folder, or close to the old place.
                old = self.path()
                new = self.path(new=True) if pick.random() < 0.6 else (old.rstrip("/") or "/") + pick.choice(("", "/b", "/../c"))
                return "mv " + " ".join((old, new) if pick.random() < 0.8 else (new, old))
            case "ln":
                return f"ln {self.path()} {self.path(new=True)}"
            case "ln -s":
                return f"ln -s {self.target()} {self.path(new=True)}"
            case "put":
                return f"put {self.data()} {self.path(True, True)}"
            case "append":
                return f"append {self.path(True)} {self.data()}"
            case "truncate":
                return f"truncate {self.path(True)} {pick.choice((0, 1, 5000))}"
            case "open":
                letters = "".join(letter for letter in "rwcxtasn" if pick.random() < 0.35)
                letters += "d" if "c" not in letters and pick.random() < 0.2 else ""
                return f"open {self.handle()} {self.path(True)} {letters or 'r'}"
            case "close":
                return f"close {self.handle()}"
        return pick.choice((f"hwrite {self.handle()} {self.data()}", f"hread {self.handle()} 5000",
                            f"hseek {self.handle()} {pick.choice((0, 7, 9000))}",
                            f"htruncate {self.handle()} {pick.choice((0, 100, 6000))}", f"fsync {self.handle()}"))

    def lines(self, count: int) -> list[str]:
        lines = []
        for i in range(count):
            lines.append(self.command())
            if i % 1000 == 999:
                lines += ["tree", "remount", "tree"]
        return lines + ["remount", "tree"]


@pytest.fixture
def ext2(builder, chapter) -> pathlib.Path:
    """tools/ext2 with the chapter's file system, under the sanitizers."""
    return build(builder, chapter, "san")


def on_host(folder: pathlib.Path, commands: list[str]) -> Script:
    """Does commands in a folder of the host's, as root or like it."""
    (folder / "lost+found").mkdir(mode=0o700, parents=True)
    file = folder.with_suffix(".script")
    file.write_text("\n".join(commands) + "\n")
    words = [sys.executable, HERE / "names_host.py", folder, file]
    return Script(commands, run(*([] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]), *words))


@pytest.mark.parametrize("block_size, options", [(1024, ()), (2048, ("-O", "^filetype")), (4096, ("-O", "^has_journal"))])
def test_random_names(ext2, chapter, tmp_path, pytestconfig, block_size, options):
    """Random operations on names and open files give the errors, results and trees that Linux gives."""
    seed = pytestconfig.getoption("--seed") * 10000 + block_size
    commands = Commands(seed).lines(amount(chapter, OPERATIONS))
    image = tmp_path / "image"
    mke2fs(image, "24M", "-b", str(block_size), *options, kind="ext3")

    ours = script(ext2, image, commands, "-q")
    theirs = on_host(tmp_path / "root", commands)
    assert len(ours.results) == len(theirs.results) == len(commands)
    for number, command in enumerate(commands):
        assert (ours.output[number], ours.results[number]) == (theirs.output[number], theirs.results[number]), \
            f"command {number}, seed {seed}: {command}, after {commands[max(0, number - 5):number]}"
    # A run where nothing goes well, or nothing wrong, shows little.
    fine = sum(result.isdigit() for result in ours.results)
    assert len(commands) * 0.15 < fine < len(commands) * 0.85, fine
    check(image)


# Each command starts from the same tree, in which every directory needs another block for a long name.
SETUP = ["mkdir /from", "mkdir /to", "mkdir /from/dir", "mkdir /from/dir/sub", "mkdir /to/empty", "put =text /from/file",
         "put =other /to/other", "ln /from/file /from/twin"]
SETUP += [f"put =x /{folder}/{folder}{number}{'x' * 240}" for folder in ("from", "to") for number in range(3)]
SETUP += ["put 0:400K /big"]
# Inodes in memory, but their blocks no longer: what a change of them needs is read at the last moment.
HOLD = ["open A /from rd", "open B /to rd", "open C /from/file r", "open D /from/dir rd", "open E /to/empty rd",
        "open F /to/other r", "read /big 0 400K"]
# More inodes than stay in memory: for each further one memory is asked for.
FILL = [f"/fill{number}" for number in range(45)]
TARGET = "t" * 300
ATOMIC = [f"put = /to/{LONG}", f"mkdir /to/{LONG}", f"ln -s {TARGET} /to/{LONG}", f"ln -s short /to/{LONG}",
          f"ln /from/file /to/{LONG}", "rm /from/file", "rm /to/other", "rmdir /to/empty", f"mv /from/file /to/{LONG}",
          "mv /from/file /to/other", f"mv /from/dir /to/{LONG}", "mv /from/dir /to/empty", f"mv /from/file /from/{LONG}",
          "mv /from/dir /from/d", "mv /to/other /from/twin"]


@pytest.mark.parametrize("fault, journal", [("read", True), ("memory", True), ("read", False)])
def test_errors_leave_no_trace(ext2, chapter, tmp_path, fault, journal):
    """An operation that fails, whichever of its reads or allocations it is, has changed nothing."""
    base, image = tmp_path / "base", tmp_path / "image"
    # Inodes as large as blocks: each has to be read by itself. Memory is asked for most by a cache that is empty.
    mke2fs(base, "3M", "-b", "1024", "-I", "1024", "-N", "96", *(["-J", "size=1"] if journal else ["-O", "^has_journal"]),
           kind="ext3")
    cache, hold = ("256", HOLD) if fault == "read" else ("1024", [f"open {name} {name} r" for name in FILL])
    assert "ENOENT" not in script(ext2, base, [*SETUP, *(f"put = {name}" for name in FILL)], "-q").results

    def on_copy(*commands: str) -> tuple[list[list[str]], list[str]]:
        shutil.copyfile(base, image)
        done = script(ext2, image, [*hold, *commands], "-q", "-c", cache)
        return done.output[len(hold):], done.results[len(hold):]

    [before], _ = on_copy("tree")
    failed = 0
    for command in ATOMIC[::1 if chapter.number == 7 else 4]:
        _, after = on_copy(command, "tree")[0]
        assert after != before
        number = fine = 0
        while fine < 4:     # several in a row: none of its reads is left to fail
            output, results = on_copy(f"fail {fault} {number}", command, "heal", "tree", "remount", "tree")
            wanted = after if results[1] == "0" else before
            assert output[3] == wanted, f"{command}, {number}: {results[1]}"
            assert output[5] == wanted, f"{command}, {number}, after a new mount: {results[1]}"
            if results[1] == "0":
                fine += 1
            else:
                check(image)
                failed += 1
                fine = 0
            number += 1
    assert failed > (2 if fault == "read" else 1) * len(ATOMIC) // (1 if chapter.number == 7 else 4), failed


def debugfs(image: pathlib.Path, *requests: str) -> None:
    for request in requests:
        run("debugfs", "-w", "-R", request, image)


@pytest.mark.parametrize("what", ["blocks", "inodes"])
def test_full(ext2, tmp_path, what):
    """Without a free block, or inode, what needs one changes nothing, and what needs none is done."""
    image = tmp_path / "image"
    mke2fs(image, "3M", "-b", "1024", "-N", "64", "-J", "size=1", kind="ext3")
    fill = ["put 0:3M /fill", "put 0:1K /fill2"] if what == "blocks" else \
        [f"put = /lost+found/{number}" for number in range(64)]
    assert script(ext2, image, [*SETUP, *fill], "-q").results[-1] == "ENOSPC"

    wanted = ATOMIC[:5] + [f"mv /from/file /to/{LONG}"]
    done = script(ext2, image, [line for command in wanted for line in ("tree", command)] + ["tree"], "-q")
    trees, results = done.output[::2], done.results[1::2]
    if what == "blocks":
        assert results == ["ENOSPC"] * 6
        assert trees == trees[:1] * 7
    else:
        assert results == ["ENOSPC"] * 4 + ["0", "0"]
        assert trees[:5] == trees[:1] * 5
    # What was freed in the same mount can be used again, though only after a checkpoint.
    commands = ["rm /from/file", "rmdir /to/empty", "mv /from/dir /to/d", "put = /to/short",
                "rm /fill" if what == "blocks" else "rm /lost+found/0", "mkdir /to/again"]
    assert script(ext2, image, commands, "-q").results == ["0"] * 6
    check(image)


def test_many_links(ext2, tmp_path):
    """A file has at most 65000 names, and a directory as many ".." that lead to it."""
    image = tmp_path / "image"
    mke2fs(image, "4M", "-b", "1024", kind="ext3")
    assert script(ext2, image, ["mkdir /d", "mkdir /d/sub", "mkdir /other", "put = /f"]).results == ["0"] * 4
    debugfs(image, "set_inode_field /d links_count 64999", "set_inode_field /f links_count 64999")
    commands = {"mkdir /d/a": "0", "mkdir /d/b": "EMLINK", "mv /other /d/c": "EMLINK", "mv /d/a /d/b": "0",
                "put = /d/file": "0", "mv /other /d/b": "0", "rmdir /d/b": "0", "mkdir /d/c": "0", "ln /f /g": "0",
                "ln /f /h": "EMLINK", "mv /g /h": "0"}
    assert script(ext2, image, list(commands), "-q").results == list(commands.values())


def test_read_only(ext2, tmp_path):
    """On a file system that is mounted read-only, everything that would change it is EROFS, and the rest works."""
    image = tmp_path / "image"
    mke2fs(image, "4M", "-b", "1024")
    assert script(ext2, image, ["mkdir /d", "put =text /f", "ln -s f /l"]).results == ["0", "4", "0"]
    debugfs(image, "set_super_value state 0")
    before = image.read_bytes()
    changes = ["mkdir /x", "rmdir /d", "rm /f", "mv /f /g", "ln /f /g", "ln -s f /g", "put =x /g", "put =x /f", "append /f =x",
               "truncate /f 0", "open A /f rw", "open A /f rt", "open A /l w"]
    fine = {"open A /f rc": "0", "hread A 9": "4", "read /l 0 9": "4", "sync": "0", "fsync /f": "0"}
    assert script(ext2, image, [*changes, *fine], "-q").results == ["EROFS"] * len(changes) + list(fine.values())
    assert image.read_bytes() == before


def test_immutable(ext2, tmp_path):
    """What Linux has marked as immutable, or append-only, keeps its names."""
    image = tmp_path / "image"
    mke2fs(image, "4M", "-b", "1024", kind="ext3")
    files = [f"put =x /{folder}f" for folder in ("", "fixed/", "growing/", "other-")]
    assert script(ext2, image, ["mkdir /fixed", "mkdir /growing", *files]).results == ["0"] * 2 + ["1"] * 4
    debugfs(image, "set_inode_field /fixed flags 0x10", "set_inode_field /growing flags 0x20",
            "set_inode_field /f flags 0x10", "set_inode_field /other-f flags 0x20")
    refused = ["put = /fixed/new", "mkdir /fixed/new", "rm /fixed/f", "mv /fixed/f /x", "mv /growing/f /x", "rm /growing/f",
               "mv /growing/f /fixed/x", "rm /f", "rm /other-f", "mv /f /x", "mv /growing/new /f", "ln /f /x", "ln /other-f /x",
               "rmdir /fixed"]
    done = script(ext2, image, ["put = /growing/new", *refused, "read /fixed/f 0 9"], "-q")
    assert done.results == ["0"] + ["EPERM"] * len(refused) + ["1"]
    check(image)
