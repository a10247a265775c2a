"""The shell against dash: the same output and the same status for each command line of conformance/.

The expected results were made by dash (conformance/generate.py); here dash must still give them where it is installed,
the shell must give them when it is built for the host with sanitizers, and in the guest.
"""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from support.session import once

from shell.conformance import generate

PARTITION = 2048 * 512
SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
AT_LEAST = {9: 150, 10: 300}
FUZZ_RUNS = int(os.environ.get("RUNG_FUZZ_RUNS", "20000"))

CASES = generate.load()


def mismatches(cases: list[generate.Case], run) -> str:
    """What differs from dash, in words; empty if nothing does."""
    text = ""
    for case in cases:
        status, output = run(case)
        if (status, output) != (case.status, case.output):
            text += (f"\n{case.id}\n{case.text}\n--- dash: {case.status}\n{case.output}"
                     f"--- here: {status}\n{output}")
    return text


def cases_for(chapter) -> list[generate.Case]:
    cases = [case for case in CASES if int(case.chapter) <= chapter.number]
    assert len(cases) >= AT_LEAST[chapter.number]
    return cases


@pytest.mark.chapters("10")
@pytest.mark.skipif(not shutil.which("dash"), reason="dash is not installed")
def test_dash():
    """The expected results are dash's."""
    dash = shutil.which("dash")
    assert not mismatches(CASES, lambda case: generate.run(dash, case))


def build(chapter, folder: pathlib.Path, name: str, *more: str) -> list:
    """Compiles the shell for the host: status, messages and path."""
    target = folder / name
    folder.mkdir(exist_ok=True)
    compiler = f"clang{os.environ.get('LLVM', '')}"
    done = subprocess.run([compiler, "-D_GNU_SOURCE", "-std=c17", "-Wall", "-Wextra", "-Werror", *SANITIZE,
                           f"-I{chapter.path}", *more, "-o", target], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [done.returncode, done.stdout, str(target)]


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory) -> pathlib.Path:
    """One folder for all worker processes."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder


@pytest.mark.chapters("10")
def test_host(chapter, session_folder, monkeypatch):
    """The shell as a program of the host gives dash's results, and the sanitizers find nothing."""
    sources = sorted(str(path) for path in (chapter.path / "user/sh").glob("*.c"))
    status, messages, shell = once(session_folder, "shell for the host",
                                   lambda: build(chapter, session_folder / "shell", "sh", *sources))
    assert status == 0, messages
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")        # what a shell has at its end, it has
    path = f"{pathlib.Path(shell).parent}:/usr/bin:/bin"
    assert not mismatches(CASES, lambda case: generate.run(shell, case, PATH=path, ASAN_OPTIONS="detect_leaks=0"))


@pytest.mark.chapters("10")
def test_parser_fuzz(chapter, session_folder, tmp_path):
    """Nothing that can be typed makes lexer and parser do what they should not."""
    sources = sorted(str(path) for path in (chapter.path / "user/sh").glob("*.c") if path.name != "main.c")
    fuzzer = pathlib.Path(__file__).parent / "parser_fuzz.c"
    status, messages, program = build(chapter, session_folder / "fuzz", "parser", "-fsanitize=fuzzer", str(fuzzer),
                                      *sources)
    assert status == 0, messages
    seeds, corpus = tmp_path / "seeds", tmp_path / "corpus"
    seeds.mkdir()
    corpus.mkdir()
    for number, case in enumerate(CASES):
        (seeds / str(number)).write_text(case.text)
    done = subprocess.run([program, corpus, seeds, f"-runs={FUZZ_RUNS}", "-seed=1", "-max_len=400", "-timeout=10",
                           "-close_fd_mask=2"], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert done.returncode == 0, done.stdout[-4000:]


def script(cases: list[generate.Case]) -> str:
    """A script that runs cases one by one, each in an empty folder, with marks around what comes out."""
    text = "exec 2>/dev/null; mkdir /tmp/t\n"      # of what the signals did that ended a case
    for number, case in enumerate(cases):
        quoted = case.text.replace("'", "'\\''")
        text += (f"cd /tmp/t; echo '@@@ {number}'; sh -c '{quoted}' </dev/null 2>&1; echo \"@@@ = $?\"\n"
                 "cd /; rm -rf /tmp/t; mkdir /tmp/t\n")
    return text + "echo '@@@ end'\n"


@pytest.mark.chapters("09")
def test_guest(chapter, boot, built, tmp_path):
    """In the guest too, all of them."""
    cases = cases_for(chapter)
    image, file = tmp_path / "os.img", tmp_path / "cases"
    shutil.copy(built.image, image)
    file.write_text(script(cases))
    done = subprocess.run(["debugfs", "-w", "-R", f"write {file} cases", f"{image}?offset={PARTITION}"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    machine = boot(image=image)
    machine.serial.expect(r"^/# $")
    machine.serial.send("sh /cases\r")
    machine.serial.expect(r"^@@@ end$", timeout=120)
    results = {int(match[1]): (int(match[3]), match[2]) for match in
               re.finditer(r"^@@@ (\d+)\n(.*?)@@@ = (\d+)$", machine.serial.text(), re.MULTILINE | re.DOTALL)}
    assert len(results) == len(cases)
    numbers = {id(case): number for number, case in enumerate(cases)}
    assert not mismatches(cases, lambda case: results[numbers[id(case)]])
