"""Builds and runs tools/ext2, the kernel's file system code on the host, and the tools of e2fsprogs beside it."""
import os
import pathlib
import subprocess

from support.build import make
from support.chapters import ROOT
from support.session import once

TOOL = ROOT / "tools" / "ext2"
TIMEOUT = 60 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
SANITIZER = {"ASAN_OPTIONS": "abort_on_error=0:exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99"}
# It is always 2037 for e2fsck, whose coarse clock may lie behind the one that has just written (see powercut_check.py).
ENVIRONMENT = {**os.environ, **SANITIZER, "LC_ALL": "C", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
               "E2FSCK_TIME": "2114380800"}


def build(builder, chapter, variant: str = "plain", main: str | None = None,
          more: str | None = None, beside: tuple[str, ...] = ()) -> pathlib.Path:
    """The program `ext2` (or tests/fs/MAIN in its place) over a chapter's sources, built once for all tests.

    variant    plain, san or fuzz
    more       a further source in tests/fs, which uses the commands
    beside     further sources in tests/fs, which do not
    """
    folder = builder.copy(chapter)
    name = pathlib.Path(main).stem if main else "ext2"
    output = builder.shared / f"host-ext2-{variant}-{chapter}"
    arguments = [f"CHAPTER={folder}", f"OUT={output}", f"VARIANT={variant}", "EXTRA=-Werror",
                 f"LLVM={os.environ.get('LLVM', '')}"]
    arguments += [f"MAIN={ROOT / 'tests' / 'fs' / main}"] if main else []
    sources = [str(ROOT / "tests" / "fs" / source) for source in ((more,) if more else ()) + beside]
    arguments += [f"MORE={' '.join(sources)}"] if sources else []
    arguments += ["COMMANDS=1"] if more else []

    def run() -> list:
        done = make(TOOL, *arguments)
        return [done.returncode, done.stdout]

    status, messages = once(builder.shared, f"{output}/{name}", run, lock=str(output))
    assert status == 0, messages
    return output / name


def amount(chapter, count: int) -> int:
    """How much of a long test a chapter does: all the one that brings the file system, those after it a sixth."""
    return count if chapter.number == 7 else max(1, count // 6)


def run(*arguments: str | os.PathLike, stdin: str = "", status: int | None = 0,
        timeout: float = TIMEOUT) -> subprocess.CompletedProcess[str]:
    """Run a program. status: what it must end with (None: anything)."""
    done = subprocess.run([str(argument) for argument in arguments], input=stdin, capture_output=True, text=True,
                          errors="surrogateescape", timeout=timeout, env=ENVIRONMENT)
    if status is not None:
        assert done.returncode == status, \
            f"{' '.join(map(str, arguments))} ends with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}"
    return done


def mke2fs(image: pathlib.Path, size: str, *options: str, folder: pathlib.Path | None = None, kind: str = "ext2") -> None:
    """Make a file system of a size ("64M") from a folder."""
    source = ["-d", folder] if folder else []
    image.unlink(missing_ok=True)
    run("mke2fs", "-q", "-F", "-t", kind, *options, *source, image, size)


def check(image: pathlib.Path) -> None:
    """e2fsck finds nothing to say."""
    done = run("e2fsck", "-fn", image, status=None)
    passes = [line for line in done.stdout.splitlines() if line and not line.startswith("Pass ")]
    assert done.returncode == 0 and len(passes) == 1, done.stdout + done.stderr


class Script:
    """What a script of tools/ext2 printed: for each command the lines and the result ("ENOENT" or a number)."""

    def __init__(self, commands: list[str], done: subprocess.CompletedProcess[str]):
        self.commands, self.done = commands, done
        self.status, self.console = done.returncode, done.stderr
        self.output: list[list[str]] = []
        self.results: list[str] = []
        lines: list[str] = []
        for line in done.stdout.splitlines():
            if line.startswith("= "):
                self.output.append(lines)
                self.results.append(line[2:])
                lines = []
            else:
                lines.append(line)


def script(tool: pathlib.Path, image: pathlib.Path, commands: list[str], *options: str,
           status: int | None = 0) -> Script:
    """Run commands in one mount."""
    done = run(tool, *options, image, "script", "-", stdin="".join(f"{command}\n" for command in commands),
               status=status)
    return Script(commands, done)
