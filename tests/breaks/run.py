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

TESTS = pathlib.Path(os.path.abspath(__file__)).parents[1]
ROOT = pathlib.Path(os.environ.get("RUNG_ROOT") or TESTS.parent)
TIMEOUT = 3600      # two kernel runs that hang, and their builds
PYTEST_FAILED = 1       # tests ran, and some failed
# What clang, nasm and ld.lld say in a test's report when the patched chapter does not build.
NOT_BUILT = re.compile(r"\.(?:[ch]|asm|ld):\d+(?::\d+)?: (?:fatal )?error: |ld\.lld: error: ")


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


def is_path(test: str) -> bool:
    """True for a path below tests/, False for an expression."""
    return "/" in test or "::" in test


def run_tests(tree: pathlib.Path, tests: list[str], chapter: str, jobs: int = 0) -> tuple[int, str]:
    """pytest's exit status and output for some tests in a tree, either all paths or all expressions."""
    named = [str(TESTS / test) for test in tests] if is_path(tests[0]) else \
        ["-k", " or ".join(f"({test})" for test in tests), str(TESTS)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "PYTEST"))}
    environment.update(RUNG_ROOT=str(tree), RUNG_ARTIFACTS=str(tree / "artifacts"))
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "--no-header", f"-n{jobs}", f"--chapter={chapter}",
                           "--basetemp", str(tree / "tmp"), *named], cwd=tree, env=environment, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=TIMEOUT)
    return done.returncode, done.stdout


def tail(text: str, lines: int = 15) -> str:
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-lines:])


def make_sure_green(patches: list[Break]) -> dict[tuple[str, str], str]:
    """Run all tests that patches name without a patch, one run per chapter. Returns what is wrong with which."""
    wrong: dict[tuple[str, str], str] = {}
    for chapter in sorted({patch.chapter for patch in patches}):
        tests = sorted({patch.test for patch in patches if patch.chapter == chapter})
        groups = [group for group in ([test for test in tests if is_path(test)],
                                      [test for test in tests if not is_path(test)]) if group]
        while groups:
            group = groups.pop()
            with tempfile.TemporaryDirectory(prefix="rung-break-") as name:
                make_tree(pathlib.Path(name), chapter)
                status, output = run_tests(pathlib.Path(name), group, chapter, jobs=os.cpu_count())
            if status and len(group) > 1:       # which one?
                groups += [group[:len(group) // 2], group[len(group) // 2:]]
            elif status:
                wrong[chapter, group[0]] = f"{group[0]!r} is not green without the patch:\n{tail(output)}"
    return wrong


def check(path: pathlib.Path, patch: Break) -> None:
    """Break a private copy of the chapter, and see the test turn red."""
    with tempfile.TemporaryDirectory(prefix="rung-break-") as name:
        tree = pathlib.Path(name)
        chapter = make_tree(tree, patch.chapter)
        done = subprocess.run(["git", "apply", "-p1", str(path)], cwd=chapter, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise Defect(f"does not apply:\n{tail(done.stdout)}")
        status, output = run_tests(tree, [patch.test], patch.chapter)
        if status != PYTEST_FAILED:
            raise Defect(f"does not turn {patch.test!r} red (pytest ended with {status}):\n{tail(output)}")
        if patch.builds and NOT_BUILT.search(output):
            raise Defect(f"does not build for the test:\n{tail(output, 40)}")


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
    patches: dict[pathlib.Path, Break] = {}
    defects = 0

    def tell(path: pathlib.Path, defect: object) -> None:
        nonlocal defects
        defects += defect is not None
        print(f"red     {path.stem}" if defect is None else f"DEFECT  {path.stem} {defect}", flush=True)

    for path in paths:
        try:
            patches[path] = Break.read(path)
        except Defect as defect:
            tell(path, defect)
    wrong = make_sure_green(list(patches.values()))
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = {pool.submit(check, path, patch): path for path, patch in patches.items()}
        for future in concurrent.futures.as_completed(futures):
            path = futures[future]
            try:
                future.result()
                tell(path, wrong.get((patches[path].chapter, patches[path].test)))
            except (Defect, subprocess.TimeoutExpired) as defect:
                tell(path, defect)
    print(f"{len(paths)} patches, {defects} defects")
    return 1 if defects or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
