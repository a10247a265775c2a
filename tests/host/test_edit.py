"""The editor of chapter 10 on the host, under the sanitizers: typed at through a terminal, next to a model."""
import fcntl
import os
import pathlib
import platform
import pty
import random
import re
import select
import struct
import subprocess
import termios
import time

import pytest
from support.session import once

SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
# How Linux shows a poll without a time: number of the call, lower half of its third argument.
POLL = {"x86_64": ("7", 0xffffffff), "aarch64": ("73", 0)}
TIMEOUT = 60 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
ROUNDS = int(os.environ.get("RUNG_ROUNDS", "12"))
UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = (b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F",
                                            b"\x1b[3~")
BACK, CUT, COPY, PASTE, UNDO, REDO, SAVE, QUIT, FIND, GO, REPLACE, SAVE_AS = (
    b"\x7f", b"\x0b", b"\x03", b"\x16", b"\x1a", b"\x19", b"\x13", b"\x11", b"\x06", b"\x0c", b"\x12", b"\x0f")

pytestmark = pytest.mark.chapters("10")


def compile_editor(chapter, folder: pathlib.Path) -> list:
    folder.mkdir(exist_ok=True)
    sources = [*sorted((chapter.path / "user/edit").glob("*.c")),
               *(chapter.path / f"user/libc/{name}.c" for name in ("command", "pattern", "pattern_parse", "screen"))]
    done = subprocess.run([f"clang{os.environ.get('LLVM', '')}", "-D_GNU_SOURCE", "-std=c17", "-Wall", "-Wextra",
                           "-Werror",
                           *SANITIZE, f"-I{chapter.path}", *sources, "-o", folder / "edit"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [done.returncode, done.stdout]


def bytes_read(process: int) -> int:
    """How many bytes the editor has read, from wherever."""
    try:
        return int(re.search(r"^rchar: (\d+)", pathlib.Path(f"/proc/{process}/io").read_text(), re.MULTILINE)[1])
    except OSError:     # it has just ended
        return 0


def waits_for_key(process: int) -> bool:
    """Whether the editor waits for a key, however long that takes: behind an Esc it waits for a moment first."""
    number, no_end = POLL[platform.machine()]
    try:
        call = pathlib.Path(f"/proc/{process}/syscall").read_text(encoding="ascii").split()
    except OSError:     # it has just ended
        return False
    return call[0] == number and int(call[3], 16) & 0xffffffff == no_end


@pytest.fixture
def edit(builder, chapter):
    """`edit(path, keys)`: types the keys, in pieces, and gives back status and what was drawn."""
    folder = builder.shared / f"host-edit-{chapter}"
    status, messages = once(builder.shared, folder.name, lambda: compile_editor(chapter, folder))
    assert status == 0, messages

    def run(path: pathlib.Path, *keys: bytes, rows: int = 25, columns: int = 80) -> bytes:
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.environ["ASAN_OPTIONS"] = f"detect_leaks=0:log_path={path}.asan"
            os.execv(folder / "edit", ["edit", str(path)])
        drawn, pieces, deadline = b"", list(keys), time.monotonic() + TIMEOUT
        typed, before = 0, None     # how much was typed, and what the editor had read before that
        while True:
            # The next piece waits until all is read and drawn; within a piece nothing does.
            inside = pieces and pieces[0] != keys[len(keys) - len(pieces)]
            readable, writable, _ = select.select([terminal], [terminal] if inside else [], [], 0.01)
            if not readable and not inside and drawn and pieces:
                read = bytes_read(child)        # asked first: what was typed may still be on its way
                if waits_for_key(child):
                    before = bytes_read(child) if before is None else before
                    writable = [terminal] if typed == 0 or read - before >= typed else []
            assert time.monotonic() < deadline, drawn[-2000:]
            if readable:
                try:
                    piece = os.read(terminal, 65536)
                except OSError:     # Linux's way to say that the other side is closed
                    piece = b""
                drawn += piece
                if not piece:
                    break
            elif writable:
                sent = os.write(terminal, pieces[0][:1000])
                typed += sent
                pieces[0] = pieces[0][sent:]
                if not pieces[0]:
                    pieces.pop(0)
        os.close(terminal)
        _, status = os.waitpid(child, 0)
        report = next(iter(path.parent.glob("*.asan*")), None)
        assert report is None, report.read_text()
        assert os.waitstatus_to_exitcode(status) == 0, drawn[-2000:]
        return drawn
    return run


class Model:
    """What the editor is to do, without tabulators and characters of several bytes."""

    def __init__(self, text: bytes):
        self.lines = text.split(b"\n")
        self.line = self.column = self.wanted = 0
        self.cut, self.cutting = b"", False

    def text(self) -> bytes:
        return b"\n".join(self.lines)

    def _offset(self) -> int:
        return sum(len(line) + 1 for line in self.lines[:self.line]) + self.column

    def _set(self, text: bytes, offset: int) -> None:
        self.lines = text.split(b"\n")
        before = text[:offset]
        self.line, self.column = before.count(b"\n"), len(before) - before.rfind(b"\n") - 1

    def key(self, key: bytes) -> None:
        text, at = self.text(), self._offset()
        was_cutting, self.cutting = self.cutting, key in (CUT, COPY)
        if key in (UP, DOWN):
            if not 0 <= self.line + (1 if key == DOWN else -1) < len(self.lines):
                self.column = 0 if key == UP else len(self.lines[self.line])
                return
            self.line += 1 if key == DOWN else -1
            self.column = min(self.wanted, len(self.lines[self.line]))
            return
        if key in (CUT, COPY):
            last = self.line + 1 == len(self.lines)
            taken = self.lines[self.line] + (b"" if last else b"\n")
            self.cut = (self.cut if was_cutting else b"") + taken
            start = at - self.column
            if key == CUT:
                self._set(text[:start] + text[start + len(taken):], start)
                self.wanted = 0
            else:
                self.line = min(self.line + 1, len(self.lines) - 1)
                self.column = min(self.wanted, len(self.lines[self.line]))
            return
        if key == LEFT:
            self._set(text, max(at - 1, 0))
        elif key == RIGHT:
            self._set(text, min(at + 1, len(text)))
        elif key == HOME:
            self.column = 0
        elif key == END:
            self.column = len(self.lines[self.line])
        elif key == BACK and at > 0:
            self._set(text[:at - 1] + text[at:], at - 1)
        elif key == DELETE:
            self._set(text[:at] + text[at + 1:], at)
        elif key == PASTE:
            self._set(text[:at] + self.cut + text[at:], at + len(self.cut))
        elif key == b"\r" or len(key) == 1 and key >= b" " and key != BACK:
            self._set(text[:at] + key.replace(b"\r", b"\n") + text[at:], at + 1)
        self.wanted = self.column


def test_random_keys(edit, request, tmp_path):
    """Random keys make of a text what the model makes; undone to the end it is as before, done again as after."""
    dice = random.Random(request.config.getoption("--seed"))
    keys = [b"a", b"b", b"-", b"\r", b"\r", BACK, BACK, DELETE, UP, DOWN, LEFT, RIGHT, HOME, END, CUT, COPY, PASTE]
    for index in range(ROUNDS):
        before = b"\n".join(b"x" * dice.randrange(100) for _ in range(dice.randrange(40)))
        path = tmp_path / f"text{index}"
        path.write_bytes(before)
        typed = [dice.choice(keys) for _ in range(dice.randrange(400))]
        model = Model(before)
        for key in typed:
            model.key(key)
        edit(path, b"".join(typed) + SAVE + QUIT, rows=dice.randrange(5, 40), columns=dice.randrange(20, 120))
        assert path.read_bytes() == model.text(), typed
        path.write_bytes(before)
        edit(path, b"".join(typed) + UNDO * 500 + SAVE + QUIT)
        assert path.read_bytes() == before, typed
        path.write_bytes(before)
        edit(path, b"".join(typed) + UNDO * 500 + REDO * 500 + SAVE + QUIT)
        assert path.read_bytes() == model.text(), typed


def test_undo_after_paste(edit, tmp_path):
    """What is typed behind a paste is undone apart from it."""
    path = tmp_path / "text"
    path.write_text("one\n")
    edit(path, COPY + PASTE + b"two" + UNDO + SAVE + QUIT)
    assert path.read_text() == "one\none\n"


def test_any_bytes(edit, request, tmp_path):
    """Any bytes in the file, and any keys, do no harm; what was not changed is saved as it was."""
    dice = random.Random(request.config.getoption("--seed"))
    path = tmp_path / "bytes"
    for size in (0, 1, 100, 5000, 200000):
        content = dice.randbytes(size)
        path.write_bytes(content)
        edit(path, b"a" + BACK + SAVE + QUIT)
        assert path.read_bytes() == content
        movement = [UP, DOWN, LEFT, RIGHT, HOME, END, b"\x1b[5~", b"\x1b[6~", b"\x1b[1;5C", b"\x1b[1;5D"]
        edit(path, b"".join(dice.choice(movement) for _ in range(300)) + QUIT)
    for _ in range(ROUNDS):
        harmless = bytes(byte for byte in range(1, 256) if bytes([byte]) not in (SAVE, SAVE_AS, QUIT, b"\x18"))
        edit(path, bytes(dice.choices(harmless, k=500)) + b"\x1b", b"\x1b\x1b" + QUIT, b"\x1b", QUIT + b"n" + QUIT
             + b"n")
        assert path.read_bytes() == content


def test_search_and_replace(edit, tmp_path):
    path = tmp_path / "text"
    path.write_text("one two\nTwo three\ntwo\n")
    edit(path, FIND + b"two\r" + b"<" + FIND + b"\r<" + SAVE + QUIT)
    assert path.read_text() == "one <two\n<Two three\ntwo\n"
    edit(path, REPLACE + b"two\r2\ra" + SAVE + QUIT)
    assert path.read_text() == "one <2\n<2 three\n2\n"
    edit(path, REPLACE + b"2\r22\ryne" + SAVE + QUIT)
    assert path.read_text() == "one <22\n<2 three\n2\n"
    edit(path, REPLACE + b"2\rxx\ra" + UNDO + SAVE + QUIT)
    assert path.read_text() == "one <22\n<2 three\n2\n"
    edit(path, GO + b"3\r" + b"third " + GO + b"1\r" + END + b"!" + SAVE + QUIT)
    assert path.read_text() == "one <22!\n<2 three\nthird 2\n"


def test_large(edit, tmp_path):
    """A file of some megabytes, and a very long line."""
    path = tmp_path / "large"
    content = b"".join(b"line %d of many\n" % number for number in range(200000)) + b"y" * 1000000
    path.write_bytes(content)
    edit(path, GO + b"100000\r" + b"new\r" + FIND + b"line 150000\r" + CUT + GO + b"200001\r" + END + b"z" + SAVE
         + QUIT)
    expected = content.replace(b"line 99999 of", b"new\nline 99999 of").replace(b"line 150000 of many\n", b"") + b"z"
    assert path.read_bytes() == expected


def test_safe(edit, tmp_path):
    """What cannot be saved is not lost: not in the editor, and not in the file."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "text"
    path.write_text("old\n")
    path.chmod(0o640)
    (tmp_path / "link").symlink_to("folder/text")
    edit(tmp_path / "link", b"new " + SAVE + QUIT)
    assert path.read_text() == "new old\n" and path.stat().st_mode & 0o777 == 0o640 and (tmp_path / "link").is_symlink()
    assert [child.name for child in folder.iterdir()] == ["text"]
    rescued = str(tmp_path / "rescued").encode()
    drawn = edit(tmp_path / "full", b"text", SAVE_AS + b"/dev/full\ry", SAVE_AS + rescued + b"\r", QUIT)
    assert b"NOT saved: /dev/full: No space left on device" in drawn
    assert (tmp_path / "rescued").read_text() == "text"


def test_quit(edit, tmp_path):
    """Leaving asks when something was changed, and only then."""
    path = tmp_path / "text"
    path.write_text("a\n")
    edit(path, QUIT)
    edit(path, b"x" + BACK + UNDO + UNDO + QUIT)
    edit(path, b"x" + QUIT + b"n")
    assert path.read_text() == "a\n"
    edit(path, b"x" + QUIT + b"y")
    assert path.read_text() == "xa\n"
    edit(path, b"y" + QUIT, b"\x1b", b"z" + QUIT + b"y")
    assert path.read_text() == "yzxa\n"
