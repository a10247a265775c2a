"""Building: every chapter alone, with each compiler, the same bytes everywhere, and nothing stale."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TIMEOUT = 600 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))


class Copy:
    """A chapter's folder and common.mk in a place of their own, as someone might take them away."""

    def __init__(self, folder: pathlib.Path, root: pathlib.Path, chapter, builder=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / chapter.path.name
        if builder:
            builder.copy_built(chapter, self.path)
        else:
            shutil.copytree(chapter.path, self.path, ignore=shutil.ignore_patterns("build"))
        shutil.copyfile((builder.tree if builder else root) / "common.mk", folder / "common.mk")
        # A Python that says no: a chapter alone needs none.
        self.tools = folder / "tools-of-the-test"
        self.tools.mkdir()
        for name in ("python", "python3"):
            (self.tools / name).write_text("#!/bin/sh\necho 'warning: Python was called' >&2\nexit 99\n")
            (self.tools / name).chmod(0o755)

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith("MAKE") and key not in ("MFLAGS", "CH", "LLVM", "DISPLAY", "WAYLAND_DISPLAY")}
        return clean | {"PATH": f"{self.tools}:{os.environ['PATH']}"}

    def make(self, *arguments: str, ok: bool = True) -> str:
        done = subprocess.run(["make", *arguments], cwd=self.path, env=self.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT)
        assert (done.returncode == 0) == ok, f"make {' '.join(arguments)}:\n{done.stdout}"
        return done.stdout

    def run_and_quit(self, until: str) -> str:
        """`make run` up to a text on the console, then Ctrl-A X; what it printed."""
        process = subprocess.Popen(["make", "run"], cwd=self.path, env=self.environment(), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            printed = b""
            while until.encode() not in printed:
                data = os.read(process.stdout.fileno(), 4096)
                assert data, f"make run ended before {until!r}:\n{printed.decode(errors='replace')}"
                printed += data
            process.stdin.write(b"\x01x")
            process.stdin.flush()
            printed += process.communicate(timeout=TIMEOUT)[0]
            assert process.returncode == 0, printed.decode(errors="replace")
            return printed.decode(errors="replace")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def files(self) -> set[str]:
        return {str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file()}

    def append(self, name: str, text: str) -> None:
        path = self.path / name
        path.write_text(path.read_text() + text)


@pytest.fixture
def first(builder, chapter):
    """The plain build of the chapter that others are compared with."""
    return builder.build(chapter, LLVM="")


@pytest.fixture
def alone(tmp_path, root, builder, chapter) -> Copy:
    """A private copy of the chapter, built, so that only what a test changes is built again."""
    return Copy(tmp_path, root, chapter, builder)


def compiled(log: str) -> set[str]:
    """The sources that a build compiled or assembled."""
    return set(re.findall(r"^ +(?:CC16|CC|NASM) +(\S+)$", log, re.MULTILINE))


def test_alone(alone, first, chapter):
    """A chapter's folder and common.mk build, run, print help and clean up, without Python or the rest of the tree."""
    assert "warning" not in first.log, first.log
    before = {name for name in alone.files() if not name.startswith("build/")}
    assert "make run" in alone.make("help")
    assert "<start>:" in alone.make("disasm")
    assert "Ctrl-A X" in alone.run_and_quit(f"{chapter}: ready")
    alone.make("compdb")
    outside = {name for name in alone.files() - before if not name.startswith("build/")}
    assert not outside, f"output outside build/: {outside}"
    alone.make("clean")
    assert alone.files() == before
    for target in ("test", "diff", "bench", "test-kernel"):
        assert "needs the whole repository" in alone.make(target, ok=False)


def test_newest_compiler(alone, builder, chapter):
    """clang 22 has no warnings either. The test kernel, where they are errors, has all but one file of a chapter."""
    if not shutil.which("clang-22"):
        pytest.skip("clang-22 is not installed")
    goal = "all"
    if chapter.number >= 3:
        builder.build(chapter, TEST=1, LLVM="-22")
        source, = (name for name in ("kernel/demo.c", "kernel/proc/init.c") if (alone.path / name).exists())
        goal = f"build/{source}.o"
    log = alone.make("-j4", "LLVM=-22", goal)
    assert "warning" not in log, log


def test_same_bytes(tmp_path, root, chapter, first):
    """The image is the same from another folder where the chapter stands alone, and not built in parallel."""
    copy = Copy(tmp_path / "another/and/deeper", root, chapter)
    copy.make("-j1")
    assert (copy.path / "build/os.img").read_bytes() == first.image.read_bytes()


@pytest.mark.chapters("03")
def test_disassembly(alone, chapter):
    """make disasm shows 16, 32 and 64-bit code as what it is, each function once."""
    listing = alone.make("disasm")
    functions = dict(re.findall(r"^[0-9a-f]+ <(\S+)>:\n((?:.+\n)+)", listing, re.MULTILINE))
    assert "lgdt" in functions["protected_mode_enter"] and "ljmpw" in functions["protected_mode_enter"]
    assert re.search(r"movl\t\$16, %eax", functions["protected_mode_enter.protected"])
    assert "kmain" in functions
    if chapter.number >= 4:
        assert "movl" in functions["entry"]
        assert "jmpq\t*%rax" in functions["long_mode"] and "%cr0, %eax" in functions["enter_long_mode"]
    names = re.findall(r"^[0-9a-f]+ <(\S+)>:$", listing, re.MULTILINE)
    assert names.count("kmain") == names.count("protected_mode_enter.protected") == 1
    assert len(re.findall(r"^0000[0-9a-f]{4} <start>:$", listing, re.MULTILINE)) == 1     # the loader's


def test_nothing_to_do(alone):
    """A second make does nothing."""
    assert alone.make() == ""


def test_header_change(alone, chapter):
    """Whoever includes a changed header is built again: C, assembly and linker script, and nobody else."""
    alone.append("boot/print.h", "// changed\n")
    done = compiled(alone.make())
    assert "boot/print.c" in done and not any(name.startswith("kernel") for name in done)
    if chapter.number >= 3:
        alone.append("kernel/layout.h", "// changed\n")
        done = compiled(alone.make("-j4"))
        assert {"kernel/main.c", "kernel/entry.asm"} <= done and "lib/string.c" not in done


@pytest.mark.ends
def test_flag_change(alone, first):
    """Another flag builds everything again; the same flags nothing."""
    flags = "COMMON_FLAGS=-std=c17 -g -ffreestanding -fno-pic -I. -DCHAPTER='\"x\"'"
    assert compiled(alone.make("-j4", flags)) == compiled(first.log)
    assert alone.make(flags) == ""


def test_source_list_change(alone):
    """A source that is added or removed is linked, or no longer."""
    before = (alone.path / "build/os.img").read_bytes()
    makefile = (alone.path / "Makefile").read_text()
    (alone.path / "boot/extra.c").write_text("// More.\nvoid extra(void);\nvoid extra(void)\n{\n}\n")
    (alone.path / "Makefile").write_text(makefile.replace("include ../common.mk",
                                                          "boot += extra.c\ninclude ../common.mk"))
    assert compiled(alone.make("-j4")) == {"boot/extra.c"}
    assert " extra" in subprocess.run(["llvm-nm", alone.path / "build/boot.elf"], capture_output=True, text=True).stdout
    (alone.path / "Makefile").write_text(makefile)
    (alone.path / "boot/extra.c").unlink()
    alone.make("-j4")
    assert (alone.path / "build/os.img").read_bytes() == before


def test_missing_tool(alone):
    """A tool that isn't there is named, with what to do."""
    log = alone.make("AS=nasm-of-the-test", ok=False)
    assert "nasm-of-the-test is not installed: run 'make setup'" in log


FAULTS = {
    3: ('__asm__ volatile("ud2");', "vector 06h, invalid opcode"),
    4: ("*(volatile int *)0x123456789000 = 1;", "CR2 0000123456789000"),
    5: ("*(volatile int *)16 = 1;", "CR2 0000000000000010"),
}


@pytest.mark.chapters("03", "05")
def test_reset_is_explained(alone, chapter):
    """A kernel without an interrupt table resets at an exception: make run says which, where and why."""
    statement, expected = FAULTS[chapter.number]
    (alone.path / "kernel/demo.c").write_text(
        f'#include "kernel/main.h"\nvoid first_program(void)\n{{\n    {statement}\n}}\n')
    log = alone.make("run", ok=False)
    assert expected in log
    assert "RIP" in log and "first_program at " in log and "kernel/demo.c:4" in log
