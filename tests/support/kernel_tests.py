"""White-box tests as pytest items: tests/kernel/NN-name.c (from chapter NN on), NN-MM-name.c (NN to MM).

    TEST(name, "claim") { CHECK(...); }
    TEST_PANIC(name, "claim", "regular expression for the console's text") { ... }

All plain tests of a chapter run in one boot of its test kernel; a test that expects a panic has a boot of its own. The
kernel reports in KTAP on COM2 and ends through isa-debug-exit; its command line is `tests=GLOB seed=N` and what
RUNG_KERNEL_OPTIONS says (`switches=10000000`). See tests/kernel/test.h.
"""
import ast
import dataclasses
import os
import pathlib
import re

import pytest

from tools.machine import MachineError, Qemu

from .build import BuildFailed
from .chapters import Chapter, in_range
from .ktap import parse
from .session import once

FILE_NAME = re.compile(r"(\d\d)-(?:(\d\d)-)?[^/]*\.c")
RUN_TIMEOUT = 900
PANIC_TIMEOUT = 60
MEMORY = "128M"

_STRING = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
_TEST = re.compile(rf"^TEST\(\s*(\w+)\s*,\s*{_STRING}\)", re.MULTILINE)
_TEST_PANIC = re.compile(rf"^TEST_PANIC\(\s*(\w+)\s*,\s*{_STRING},\s*{_STRING}\)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Declared:
    """A test as its source file declares it."""
    name: str
    claim: str
    panic: str | None       # what the console must show, for a test that ends in a panic


def _literal(text: str) -> str:
    """The value of C string literals that stand side by side (escapes as in Python, which suffices here)."""
    return "".join(ast.literal_eval(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', text))


def declared(source: str) -> list[Declared]:
    """The tests in a source file, in order."""
    found = [(match.start(), Declared(match[1], _literal(match[2]), None)) for match in _TEST.finditer(source)]
    found += [(match.start(), Declared(match[1], _literal(match[2]), _literal(match[3])))
              for match in _TEST_PANIC.finditer(source)]
    return [test for _, test in sorted(found, key=lambda pair: pair[0])]


class KernelTestFailed(Exception):
    """Shown without a Python traceback: the reason is in the guest."""


class KernelFile(pytest.File):
    """One tests/kernel/*.c file: its tests for each chapter in its range, plain and with the sanitizer."""

    def collect(self):
        first, last = FILE_NAME.fullmatch(self.path.name).groups()
        tests = declared(self.path.read_text())
        if not tests:
            raise self.CollectError(f"{self.path.name} declares no test")
        chapters = [chapter for chapter in self.config.rung_chapters if in_range(chapter.number, first, last)]
        every = self.config.getoption("--every-chapter") or self.config.getoption("--chapter")
        newest = self.config.rung_chapters[-1]
        for chapter in chapters:
            is_first, is_last = every or chapter == chapters[0], every or chapter == chapters[-1]
            # Those between run the same code: of what takes a boot of its own the ends will do, and with the sanitizer,
            # which takes a build, the newest kernel and the one that is 32-bit code.
            for sanitized in (False, True) if every or chapter == newest or chapter.number == 3 else (False,):
                for test in tests:
                    if test.panic is None or is_first or is_last:
                        yield KernelTest.from_parent(self, chapter=chapter, sanitized=sanitized, test=test)


class KernelTest(pytest.Item):
    """One kernel test in one chapter's test kernel."""

    def __init__(self, *, chapter: Chapter, sanitized: bool, test: Declared, **others):
        super().__init__(name=f"{test.name}[{chapter}{'-san' if sanitized else ''}]", **others)
        self.chapter = chapter
        self.sanitized = sanitized
        self.test = test

    def runtest(self) -> None:
        builder = self.config.rung_builder
        try:
            build = builder.build(self.chapter, TEST=1, SAN=1 if self.sanitized else "")
        except BuildFailed as error:
            raise KernelTestFailed(str(error)) from None
        seed = self.config.getoption("--seed")
        if self.test.panic is not None:
            self._expect_panic(build, seed)
            return
        run = once(builder.shared, f"kernel run {self.chapter} {self.sanitized}", lambda: run_all(build, seed))
        report = parse(run["com2"])
        result = report.results.get(self.test.name)
        rerun = f"\n(command line of the test kernel: {run['cmdline']})"
        if result is None:
            raise KernelTestFailed("\n".join(
                ["no result line", *report.problems, *report.loose, f"the run ended with: {run['end']}",
                 run["description"]]) + rerun)
        if not result.passed:
            raise KernelTestFailed("\n".join([f"claim: {self.test.claim}", *result.messages]) + rerun)
        # What is wrong with the run as a whole is the failure of the test that ran last.
        problems = report.problems + ([] if run["end"] == "debug-exit" else [f"the run ended with: {run['end']}"])
        if problems and result.name == list(report.results)[-1]:
            raise KernelTestFailed("\n".join(problems + [run["description"]]) + rerun)

    def _expect_panic(self, build, seed: int) -> None:
        cmdline = f"tests={self.test.name} seed={seed}"
        try:
            with Qemu(build.image, memory=MEMORY, cmdline=cmdline, symbols=build.kernel) as machine:
                machine.serial.expect(re.compile(self.test.panic, re.MULTILINE | re.DOTALL), PANIC_TIMEOUT)
        except MachineError as error:
            raise KernelTestFailed(f"claim: {self.test.claim}\n{error}\n(command line: {cmdline})") from None

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, KernelTestFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, f"{self.name}: {self.test.claim}"


def run_all(build, seed: int) -> dict[str, str]:
    """Boot a test kernel and let all its tests run."""
    cmdline = f"tests=* seed={seed} {os.environ.get('RUNG_KERNEL_OPTIONS', '')}".rstrip()
    with Qemu(build.image, memory=MEMORY, cmdline=cmdline, symbols=build.kernel) as machine:
        machine.serial.fail = re.compile(r"^panic: ", re.MULTILINE)
        try:
            # Nothing prints this: the wait ends with the machine, with a panic, or with the time.
            machine.serial.expect(r"\Z(?!)", RUN_TIMEOUT)
        except MachineError:
            pass
        try:
            end = machine.wait_exit(0).kind
        except MachineError:
            end = "panic" if "panic: " in machine.serial.text() else "time-out"
        return {"com2": machine.com2.text(), "end": end, "description": machine.describe(), "cmdline": cmdline}


def collect_file(file_path: pathlib.Path, parent) -> KernelFile | None:
    """What the conftest's hook of the same purpose calls."""
    if file_path.parent.name == "kernel" and FILE_NAME.fullmatch(file_path.name):
        return KernelFile.from_parent(parent, path=file_path)
    return None
