#!/usr/bin/env python3
"""Breaks each claim on purpose and demands that its test notices: a test that can't fail is a defect.

A patch begins with lines that say which test must turn red, and in which chapter:

    # test: buddy_random          as for pytest -k, or a path below tests/: blackbox/test_boot.py::test_ready
    # chapter: 05
    --- a/kernel/mm/pmm.c         the rest is a unified diff for `git apply -p1` in the chapter's folder
    ...

The patched chapter must still build (`# builds: no` where the claim is about a build that fails), and
the test must be green without the patch.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

TESTS = pathlib.Path(os.path.abspath(__file__)).parents[1]
ROOT = pathlib.Path(os.environ.get("RUNG_ROOT") or TESTS.parent)
TIMEOUT = 600
PYTEST_FAILED = 1       # tests ran, and some failed
NOT_BUILT = re.compile(r"^\W*make .*\ball in ch\d\d", re.MULTILINE)


class Defect(Exception):
    """The patch does not do what it is there for."""


@dataclasses.dataclass(frozen=True)
class Break:
    """One patch."""
    path: pathlib.Path
    test: str
    chapter: str
    builds: bool

    @classmethod
    def read(cls, path: pathlib.Path) -> "Break":
        head = dict(re.findall(r"^# (\w+): *(.*\S)", path.read_text().split("\n--- ")[0], re.MULTILINE))
        for key in ("test", "chapter"):
            if key not in head:
                raise Defect(f"has no line `# {key}: ...`")
        return cls(path, head["test"], head["chapter"].zfill(2), head.get("builds", "yes") != "no")


def make_tree(folder: pathlib.Path, chapter: str) -> pathlib.Path:
    """A private tree with one chapter in it. Returns the chapter's folder."""
    sources = list(ROOT.glob(f"ch{chapter}-*"))
    if len(sources) != 1:
        raise Defect(f"there is no chapter {chapter}")
    for name in ("Makefile", "common.mk", "tests", "tools", ".clang-format"):
        (folder / name).symlink_to(ROOT / name)
    target = folder / sources[0].name
    shutil.copytree(sources[0], target, ignore=shutil.ignore_patterns("build"))
    return target


def run_test(tree: pathlib.Path, test: str, chapter: str) -> tuple[int, str]:
    """pytest's exit status and output for one test in a tree."""
    named = [str(TESTS / test)] if "/" in test or "::" in test else ["-k", test, str(TESTS)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "PYTEST"))}
    environment.update(RUNG_ROOT=str(tree), RUNG_ARTIFACTS=str(tree / "artifacts"))
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "--no-header", f"--chapter={chapter}",
                           "--basetemp", str(tree / "tmp"), *named], cwd=tree, env=environment, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=TIMEOUT)
    return done.returncode, done.stdout


def tail(text: str, lines: int = 15) -> str:
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-lines:])


class Checker:
    """Runs patches; remembers which tests are green without one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.green: dict[tuple[str, str], threading.Lock] = {}
        self.verdicts: dict[tuple[str, str], str] = {}

    def green_without(self, patch: Break) -> None:
        key = (patch.test, patch.chapter)
        with self.lock:
            own = self.green.setdefault(key, threading.Lock())
        with own:
            if key not in self.verdicts:
                with tempfile.TemporaryDirectory(prefix="rung-break-") as name:
                    make_tree(pathlib.Path(name), patch.chapter)
                    status, output = run_test(pathlib.Path(name), patch.test, patch.chapter)
                self.verdicts[key] = "" if status == 0 else f"is not green without the patch:\n{tail(output)}"
        if self.verdicts[key]:
            raise Defect(f"{patch.test!r} {self.verdicts[key]}")

    def check(self, path: pathlib.Path) -> None:
        patch = Break.read(path)
        with tempfile.TemporaryDirectory(prefix="rung-break-") as name:
            tree = pathlib.Path(name)
            chapter = make_tree(tree, patch.chapter)
            done = subprocess.run(["git", "apply", "-p1", str(path)], cwd=chapter, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            if done.returncode:
                raise Defect(f"does not apply:\n{tail(done.stdout)}")
            if patch.builds:
                done = subprocess.run(["make", "-C", str(chapter), "all"], text=True, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT)
                if done.returncode:
                    raise Defect(f"does not build:\n{tail(done.stdout)}")
                shutil.rmtree(chapter / "build")
            status, output = run_test(tree, patch.test, patch.chapter)
            if status != PYTEST_FAILED:
                raise Defect(f"does not turn {patch.test!r} red (pytest ended with {status}):\n{tail(output)}")
            if patch.builds and NOT_BUILT.search(output):
                raise Defect(f"does not build for the test:\n{tail(output, 40)}")
        self.green_without(patch)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patches", nargs="*", type=pathlib.Path, help="default: all in tests/breaks/")
    parser.add_argument("--chapter", help="only the patches of this chapter")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    paths = [path.absolute() for path in arguments.patches] or sorted((TESTS / "breaks").glob("*.patch"))
    if arguments.chapter:
        wanted = re.compile(rf"^# chapter: *{int(arguments.chapter):02}\b", re.MULTILINE)
        paths = [path for path in paths if wanted.search(path.read_text())]
    checker = Checker()
    defects = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = {pool.submit(checker.check, path): path for path in paths}
        for future in concurrent.futures.as_completed(futures):
            try:
                future.result()
                print(f"red     {futures[future].stem}", flush=True)
            except (Defect, subprocess.TimeoutExpired) as defect:
                defects += 1
                print(f"DEFECT  {futures[future].stem} {defect}", flush=True)
    print(f"{len(paths)} patches, {defects} defects")
    return 1 if defects or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
