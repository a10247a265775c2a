"""Reads the KTAP lines of a test kernel: tests/kernel/test.h has an example, the Linux kernel's documentation
(dev-tools/ktap) the format.
"""
import dataclasses
import re

_RESULT = re.compile(r"(not )?ok (\d+) (\S+)(?: - (.*))?")
_PLAN = re.compile(r"1\.\.(\d+)")


@dataclasses.dataclass
class Result:
    """One result line and the diagnostic lines before it."""
    name: str
    passed: bool
    messages: list[str]


@dataclasses.dataclass
class Report:
    """A whole run, as far as it got."""
    planned: int | None
    results: dict[str, Result]
    problems: list[str]         # what is wrong with the report itself
    loose: list[str]            # diagnostic lines that no result line followed
    running: str | None         # the test that had started and has no result


def parse(text: str) -> Report:
    """Read what a test kernel sent to COM2."""
    report = Report(None, {}, [], [], None)
    lines = text.replace("\r", "").splitlines()
    if not lines or lines[0] != "KTAP version 1":
        report.problems.append("no KTAP header")
    number = 0
    for line in lines:
        if match := _PLAN.fullmatch(line):
            report.planned = int(match[1])
        elif match := _RESULT.fullmatch(line):
            number += 1
            name = match[3]
            if int(match[2]) != number:
                report.problems.append(f"result {match[2]} of {name} comes as number {number}")
            if name in report.results:
                report.problems.append(f"two results of {name}")
            report.results[name] = Result(name, not match[1], report.loose)
            report.loose, report.running = [], None
        elif line.startswith("# start "):
            report.loose, report.running = [], line.removeprefix("# start ")
        elif line.startswith("# "):
            report.loose.append(line[2:])
    if report.running:
        report.problems.append(f"{report.running} started and did not end")
    if report.planned is None:
        report.problems.append("no plan (1..N)")
    elif report.planned != number:
        report.problems.append(f"{report.planned} tests planned, {number} results")
    return report
