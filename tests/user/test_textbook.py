"""Programs as books on C and on Unix have them, built with the chapter's own C library, print here what they print on
the host. tests/user/textbook/NAME.c is such a program, NAME.in what it reads; some of tests/user/foreign too."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from support.session import once

from tools.machine import Qemu

HERE = pathlib.Path(__file__).resolve().parent
SCALE = float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
SOURCES = {path.stem: path for path in sorted((HERE / "textbook").glob("*.c"))} | {
    f"foreign-{name}": HERE / "foreign" / f"{name}.c" for name in ("folders", "memory", "pipes", "signals", "text")}
ENVIRONMENT = {"FOREIGN": "yes", "PATH": "/bin:/usr/bin", "HOME": "/", "LC_ALL": "C"}
ARGUMENTS = ["first", "second one"]

pytestmark = pytest.mark.chapters("10")


def prepare(folder: pathlib.Path) -> str:
    """All sources in one folder, for the chapter's Makefile; and what the guest does with the programs."""
    sources, root = folder / "sources", folder / "root" / "textbook"
    sources.mkdir(parents=True)
    root.mkdir(parents=True)
    lines = ["cd /tmp", "export FOREIGN=yes"]
    for name, path in SOURCES.items():
        shutil.copy(path, sources / f"{name}.c")
        given = path.with_suffix(".in")
        if given.exists():
            shutil.copy(given, root / f"{name}.in")
        stdin = f"/textbook/{name}.in" if given.exists() else "/dev/null"
        lines += [f"echo '=== {name}'", f"/test/{name} first 'second one' < {stdin} > /tmp/out 2>&1",
                  "status=$?", "cat /tmp/out", "echo \"=== $status\""]
    (root / "all.sh").write_text("\n".join([*lines, "echo ===", "poweroff", ""]))
    return str(folder)


def run_guest(builder, chapter, folder: pathlib.Path) -> dict:
    build = builder.build(chapter, USER_TESTS=folder / "sources", ROOT_EXTRA=folder / "root")
    with Qemu(build.image, symbols=build.kernel) as machine:
        machine.serial.fail = re.compile(r"^panic: ", re.MULTILINE)
        machine.serial.expect(r"(?m)^/# $", 60 * SCALE)
        machine.serial.send("sh /textbook/all.sh\r")
        try:
            machine.serial.expect(r"(?m)^===\n", 120 * SCALE)
            problem = ""
        except Exception as error:  # each program says what it found
            problem = str(error)
        text = machine.serial.text()
    parts = re.findall(r"(?ms)^=== (\S+)\n(.*?)^=== (\d+)\n", text)
    return {"": f"{problem}\n{text[-1500:]}"} | {name: [output, int(status)] for name, output, status in parts}


def run_host(path: pathlib.Path, folder: pathlib.Path) -> list:
    clang = "clang" + os.environ.get("LLVM", "")
    command = [clang, "-D_GNU_SOURCE", "-O1", "-fno-builtin", "-w", path, "-lm", "-o", folder / "program"]
    subprocess.run(command, check=True, stderr=subprocess.PIPE)
    given = path.with_suffix(".in")
    with open(given if given.exists() else os.devnull, encoding="ascii") as stdin:
        done = subprocess.run([folder / "program", *ARGUMENTS], stdin=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT, cwd=folder, check=False,
                              timeout=120 * SCALE)
    return [done.stdout, done.returncode]


@pytest.mark.parametrize("name", SOURCES)
def test_textbook(builder, chapter, tmp_path, name: str) -> None:
    """The program of this name prints and returns here what it does on the host."""
    folder = builder.shared / "textbook"
    once(builder.shared, "textbook", lambda: prepare(folder))
    guest = once(builder.shared, f"textbook {chapter}", lambda: run_guest(builder, chapter, folder))
    assert guest.get(name, guest[""]) == run_host(SOURCES[name], tmp_path)
