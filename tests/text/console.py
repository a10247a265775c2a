"""Does what a console block shows: runs the command, types what is typed there, and compares what comes.

    $ make run MEM=6G       first line: the command (without it: make run)
    ch06: ready             output: each line as prose.pattern() reads it, consecutive but for lines of "..."
    > divide                typed at the kernel's prompt
    /etc# ls                typed at the shell's
    (qemu) info pic         typed at QEMU's monitor (Ctrl-A C switches to it)
"""
import os
import pathlib
import re
import selectors
import signal
import subprocess
import time

from text import prose

TIMEOUT = 120 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
_ESCAPES = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]|\x1b.|\r")
_TYPED = re.compile(r"(> |\(qemu\) |[/~][\w/.-]*# )(.*)")


class Differs(Exception):
    """The block shows one thing, the run another."""


class _Run:
    """A command in a folder, its terminal a pair of pipes."""

    def __init__(self, command: str, folder: pathlib.Path):
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CH", "DISPLAY")}
        environment.update(DISPLAY_MODE="none", TERM="dumb")
        self.process = subprocess.Popen(["sh", "-c", command], cwd=folder, env=environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.deadline = time.monotonic() + TIMEOUT
        self.raw = b""
        self.position = 0       # in `text`: what came before has been compared
        self.ended = False

    @property
    def text(self) -> str:
        text = _ESCAPES.sub("", self.raw.decode(errors="replace")) + ("\n" if self.ended else "")
        return re.sub(r"\b(ld\.lld|clang)-\d+", r"\1", text)      # whichever version LLVM=-22 picks

    def expect(self, regex: str, question: str = "") -> None:
        """Wait for a match behind the last one; ask the monitor this question again and again until it answers so."""
        compiled = re.compile(regex, re.MULTILINE)
        while not (match := compiled.search(self.text, self.position)):
            left = self.deadline - time.monotonic()
            if self.ended or left <= 0:
                raise Differs(f"expected\n{regex}\nin what came:\n{self.text[self.position:]}")
            if question and self.text.endswith("\n(qemu) "):
                self.send(question + "\n")
            if self.selector.select(left):
                data = self.process.stdout.read()
                self.raw += data or b""
                self.ended = data == b""
        self.position = match.end()

    def send(self, text: str) -> None:
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def close(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.set_blocking(self.process.stdout.fileno(), True)
        while self.process.stdout.read(65536):      # until QEMU has ended too, and let go of the disk
            pass
        self.selector.close()
        self.process.stdin.close()
        self.process.stdout.close()


def check(lines: tuple[str, ...], folder: pathlib.Path) -> None:
    """Run a block in a chapter's folder; raises Differs."""
    command = "make run"
    if lines[0].startswith("$ "):
        command, lines = lines[0][2:], lines[1:]
    else:       # the time is meant for what runs, not for the compiler; what it has to say, make run says again
        subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "all"], cwd=folder, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
    run = _Run(command, folder)
    try:
        expected, in_monitor, question = "", False, ""
        for line in lines:
            typed = _TYPED.fullmatch(line)
            if not typed:
                expected += prose.pattern(line)
                continue
            if expected:
                run.expect("^" + expected)
            expected, question = "", ""
            if typed[1] != "(qemu) ":
                run.expect("^" + re.escape(typed[1]))
                run.send(typed[2] + "\r")
                run.expect(re.escape(typed[2]) + r"\n")
            else:
                if not in_monitor:
                    run.send("\x01c")
                    in_monitor = True
                run.expect(r"\(qemu\) ")
                run.send(typed[2] + "\n")
                question = typed[2]     # what it shows may not be so yet
                run.expect(r".*\n")     # the monitor's editor shows each letter many times
        if expected:
            run.expect("^" + expected.removesuffix(r"\n") + "$", question)     # what hangs may do so within a line
    finally:
        run.close()
