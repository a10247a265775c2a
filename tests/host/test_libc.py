"""The C library of the chapter's programs on the host, under the address and the undefined behaviour sanitizer.

The tests are the CASEs of libc_text.c, libc_memory.c and libc_streams.c, each a process of its own: what the host's
library has too is called with the same random input. By hand, with another seed:

    python3 -m pytest tests/host/test_libc.py -k malloc --seed 7
"""
import os
import pathlib
import re
import subprocess

import pytest
from support.session import once

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ["libc_text", "libc_program", "libc_memory", "libc_streams", "libc_floats", "libc_math"]
CASES = [(program, case) for program in PROGRAMS
         for case in re.findall(r"^CASE\((\w+),", (HERE / f"{program}.c").read_text(), re.MULTILINE)]
SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
# All that does not depend on how a program starts and calls the kernel.
SOURCES = ["lib/string.c", "lib/printf.c", "lib/errno.c", "lib/calendar.c"] + [f"user/libc/{name}.c" for name in (
    "environment", "getopt", "number", "sort", "string", "strsignal", "time", "malloc", "stream", "stdio", "scan",
    "random", "dprintf", "err", "decimal", "format_floating", "strtod", "math", "math_power", "math_angle",
    "getopt_long", "libgen")]
# Called by the library, defined by the tests.
OF_TEST = ["sbrk", "mmap", "munmap", "mremap", "environ"]
TIMEOUT = 120 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))

pytestmark = pytest.mark.chapters("10")


def run(*arguments) -> str:
    done = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def compile_library(chapter, folder: pathlib.Path) -> pathlib.Path:
    """One object of all SOURCES, in which every function has the prefix rung_."""
    suffix = os.environ.get("LLVM", "")
    folder.mkdir(exist_ok=True)
    objects = []
    for source in SOURCES:
        objects.append(folder / f"{source.replace('/', '-')}.o")
        run(f"clang{suffix}", "-Wall", "-Wextra", "-Werror", *SANITIZE, "-std=c17", "-ffreestanding", "-nostdlibinc",
            f"-I{chapter.path}", f"-I{chapter.path}/user/include", "-c", chapter.path / source, "-o", objects[-1])
    together, names, renamed = folder / "together.o", folder / "names", folder / "libc.o"
    run(f"ld.lld{suffix}", "-r", "-o", together, *objects)
    ours = [line.split()[-1] for line in run(f"llvm-nm{suffix}", "-g", "--defined-only", together).splitlines()]
    names.write_text("".join(f"{name} rung_{name}\n" for name in ours + OF_TEST))
    run(f"llvm-objcopy{suffix}", f"--redefine-syms={names}", together, renamed)
    return renamed


@pytest.fixture
def program(builder, chapter):
    """Builds a program once for all tests: `program("libc_text")` is its path."""
    def build(name: str) -> pathlib.Path:
        folder = builder.shared / f"host-libc-{chapter}"
        library = once(builder.shared, folder.name, lambda: str(compile_library(chapter, folder)))
        compiler = [f"clang{os.environ.get('LLVM', '')}", "-Wall", "-Wextra", "-Werror", *SANITIZE, "-std=gnu17",
                    "-fno-builtin", "-Wno-format", "-Wno-deprecated-declarations", f"-I{chapter.path}", f"-I{HERE}"]
        once(builder.shared, f"{folder.name}-{name}",
             lambda: run(*compiler, HERE / f"{name}.c", library, "-lm", "-o", folder / name))
        return folder / name
    return build


@pytest.mark.parametrize("name, case", CASES)
def test_case(program, pytestconfig, name: str, case: str) -> None:
    """What the CASE of this name in libc_*.c claims."""
    run(program(name), case, pytestconfig.getoption("--seed"))
