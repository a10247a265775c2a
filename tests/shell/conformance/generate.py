#!/usr/bin/env python3
"""Shell command lines with the output and status that dash gives; run by itself, asks dash again and rewrites them.

A file holds cases:
    ### 09 what it is about         from which chapter on it applies
    the lines that the shell gets by -c
    === 0                           the status; "=== 0 -" if the output has no newline at its end
    the output, standard error included
"""
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass

FOLDER = pathlib.Path(__file__).parent
HEADER = re.compile(r"^### (\d\d) (.+)$")
STATUS = re.compile(r"^=== (\d+)( -)?$")
TIME_LIMIT_S = 60


@dataclass
class Case:
    file: str
    chapter: str
    name: str
    text: str
    status: int = 0
    output: str = ""

    @property
    def id(self) -> str:
        return f"{self.file}: {self.name}"


def parse(path: pathlib.Path) -> list[Case]:
    """The cases of a file."""
    cases: list[Case] = []
    lines: list[str] = []
    expected, no_newline = False, False

    def finish() -> None:
        if cases:
            text = "\n".join(lines)
            if expected:
                cases[-1].output = text + ("\n" if lines and not no_newline else "")
            else:
                cases[-1].text = text

    for line in path.read_text().splitlines():
        if header := HEADER.match(line):
            finish()
            cases.append(Case(path.stem, header[1], header[2], ""))
            lines, expected = [], False
        elif (status := STATUS.match(line)) and not expected:
            finish()
            cases[-1].status, no_newline = int(status[1]), bool(status[2])
            lines, expected = [], True
        else:
            lines.append(line)
    finish()
    return cases


def load() -> list[Case]:
    """All cases."""
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in parse(path)]


def heed_signals() -> None:
    """In the child: what our caller ignores (nohup does SIGHUP), a shell could neither trap nor end by."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def run(shell: str, case: Case, **environment: str) -> tuple[int, str]:
    """A case's status and output under a shell of the host, which is called sh, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["sh", "-c", case.text], executable=shell, cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIME_LIMIT_S,
                              env={"PATH": "/usr/bin:/bin", "HOME": "/", **environment}, preexec_fn=heed_signals)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode, done.stdout.decode("latin1")


def main() -> None:
    for path in sorted(FOLDER.glob("*.txt")):
        text = ""
        for case in parse(path):
            status, output = run("/usr/bin/dash", case)
            mark = " -" if output and not output.endswith("\n") else ""
            text += f"### {case.chapter} {case.name}\n{case.text}\n=== {status}{mark}\n{output}"
            text += "\n" if mark else ""
        path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
