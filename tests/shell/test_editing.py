"""The shell as somebody types at it: editing a line, history, completion, jobs; by serial port and by keyboard."""
import re
import time

import pytest

from tools.machine.errors import seconds

pytestmark = pytest.mark.chapters("09")

PROMPT = r"^/# $"
COLUMNS = 80
# What a terminal sends for a key that is no character, and what QEMU calls it.
KEYS = {"<left>": ("\x1b[D", "left"), "<right>": ("\x1b[C", "right"), "<up>": ("\x1b[A", "up"),
        "<down>": ("\x1b[B", "down"), "<home>": ("\x1b[H", "home"), "<end>": ("\x1b[F", "end"),
        "<delete>": ("\x1b[3~", "delete"), "<erase>": ("\x7f", "backspace"), "\r": ("\r", "ret"), "\t": ("\t", "tab"),
        **{f"<{letter}>": (chr(ord(letter) & 31), f"ctrl-{letter.lower()}") for letter in "ABCDEFGKLNPRUWYZ"},
        "<alt-b>": ("\x1bb", "alt-b"), "<alt-f>": ("\x1bf", "alt-f")}
PARTS = re.compile("|".join([*map(re.escape, KEYS), "."]), re.DOTALL)


class Typist:
    """Somebody at a prompt."""

    def __init__(self, machine, way: str):
        self.machine, self.way = machine, way
        machine.serial.expect(PROMPT)

    def type(self, text: str) -> None:
        parts = PARTS.findall(text)
        if self.way == "serial":
            self.machine.serial.send("".join(KEYS.get(part, (part,))[0] for part in parts))
        else:
            self.machine.keys([KEYS.get(part, (part, part))[1] for part in parts])

    def line(self, text: str) -> str:
        """Types a line, and returns what its command puts out."""
        self.type(text + "\r")
        return self.output()

    def output(self) -> str:
        """What came between the line that was ended last and the next prompt."""
        match = self.machine.serial.expect(r"\n((?:(?!/# ).*\n)*)/# $")
        return match[1]

    def start(self, text: str) -> None:
        """Types a command that says "begun": what is typed then is for it, and not for the shell."""
        self.type(text + "\r")
        self.machine.serial.expect(r"^begun\n")

    def line_until(self, pattern: str, text: str) -> re.Match[str]:
        """Types a line, then empty ones, until the shell has told what it may tell of before any prompt."""
        told, deadline = self.line(text), time.monotonic() + seconds()
        while not (match := re.search(pattern, told, re.MULTILINE)):
            assert time.monotonic() < deadline, told
            told += self.line("")
        return match

    def screen(self, condition) -> list[str]:
        """The screen's lines, once they are as wished, or after some time."""
        deadline = time.monotonic() + seconds(10)
        while True:
            lines = [line for line in self.machine.screen_text().splitlines() if line]
            if condition(lines) or time.monotonic() > deadline:
                return lines


@pytest.fixture(params=["serial", "keyboard"])
def typist(machine, request) -> Typist:
    return Typist(machine, request.param)


@pytest.fixture
def serial(machine) -> Typist:
    return Typist(machine, "serial")


EDITS = {
    "plain": "echo abc",
    "backspace": "echo abx<erase>c",
    "backspace at the start": "<erase><erase>echo abc",
    "in the middle": "echo ac<left>b",
    "left and right": "echo abd<left><left><right>c<erase><right><erase>c",
    "left of the start": "cho abc" + "<left>" * 20 + "e",
    "home and end": "cho ab<home>e<end>c",
    "delete": "echo abxc<left><left><delete>",
    "A and E": "cho ab<A>e<E>c",
    "B and F": "echo ac<B>b<F>",
    "D deletes": "echo xabc<left><left><left><left><D>",
    "U": "nonsense<U>echo abc",
    "U in the middle": "nonsense echo abc" + "<left>" * 8 + "<U>",
    "W": "echo abc more words<W><W>",
    "W of blanks": "echo abc  more   <W>",
    "K": "echo abc and more" + "<left>" * 9 + "<K>",
    "L": "echo ab<L>c",
    "Y after U": "cho abc<U>e<Y>",
    "Y after W": "abc<W>echo <Y>",
    "Y after K": "abc<A><K>echo <Y>",
}


def test_edit(typist):
    """Every key does what it says: the line that is run is the one that was meant."""
    for name, keys in EDITS.items():
        assert typist.line(keys).split("\n")[-2:] == ["abc", ""], name
        expected = ["/# echo abc", "abc", "/#"]
        assert typist.screen(lambda lines: lines[-3:] == expected)[-3:] == expected, name


def test_long_line(typist):
    """A line longer than the screen goes on in the next row, also when something is put in at its front."""
    text = "echo " + "".join(chr(ord("a") + i % 26) for i in range(170))
    typist.type(text + "<A>" + "<right>" * 5 + "0123" + "<end>" + "<left>" * 10 + "<delete>" * 2)
    line = "/# echo 0123" + text[5:-10] + text[-8:]
    rows = [line[i:i + COLUMNS] for i in range(0, len(line), COLUMNS)]
    assert typist.screen(lambda lines: lines[-len(rows):] == rows)[-len(rows):] == rows
    assert typist.line("").endswith(line[8:] + "\n")
    end = [*rows, line[8:8 + COLUMNS], line[8 + COLUMNS:8 + 2 * COLUMNS], line[8 + 2 * COLUMNS:], "/#"]
    assert typist.screen(lambda lines: lines[-len(end):] == end)[-len(end):] == end


def test_full_row(typist):
    """A line that ends with the row: the cursor is in the next one, and comes back."""
    text = "echo " + "x" * (COLUMNS - len("/# echo "))
    typist.type(text)
    row = "/# " + text
    above, last = typist.screen(lambda lines: lines[-1] == row)[-2:]
    assert last == row
    typist.type("<A>")
    typist.type("<delete>e<end>")
    assert typist.screen(lambda lines: lines[-2:] == [above, row])[-2:] == [above, row]
    typist.type("y<erase><erase>z")
    assert typist.screen(lambda lines: lines[-1] == row[:-1] + "z")[-1] == row[:-1] + "z"
    assert typist.line("") == text[5:-1] + "z\n"


def test_history(typist):
    """Up and down walk through the lines before; what was being typed comes back; history tells them."""
    for text in ("echo one", "echo two", "echo two", "  ", "echo three"):
        typist.line(text)
    assert typist.line("<up><up><up>") == "one\n"
    assert typist.line("<up><up><up><up><down>") == "two\n"
    assert typist.line("echo dra<up><up><down><down>ft") == "draft\n"
    assert typist.line("<P><P><N>x<erase>") == "draft\n"
    assert typist.line("<up>" * 50 + "<E> more") == "one more\n"
    listed = [line.split(None, 1) for line in typist.line("history").splitlines()]
    assert [number for number, _ in listed] == [str(i + 1) for i in range(len(listed))]
    assert [text for _, text in listed] == ["echo one", "echo two", "echo three", "echo one", "echo two", "echo draft",
                                            "echo one more", "history"]
    assert typist.line("history 2").split() == [str(len(listed)), "history", str(len(listed) + 1), "history", "2"]


def test_search(serial):
    """Ctrl-R finds the youngest line with what is typed in it, then those before; Ctrl-G forgets about it."""
    for text in ("echo one", "echo two", "echo three"):
        serial.line(text)
    assert serial.line("<R>tw") == "two\n"
    assert serial.line("<R>echo<R><R><E> more") == "two more\n"
    assert serial.line("<R>thr<erase><erase><erase>o o") == "one\n"
    assert serial.line("echo dr<R>two<G>aft") == "draft\n"
    assert serial.line("<R>nowhere to be found<U>echo x") == "x\n"
    serial.type("<R>tw")
    assert serial.screen(lambda lines: lines[-1] == "(search: tw) echo two more")[-1] == "(search: tw) echo two more"
    serial.type("<C>")
    serial.machine.serial.expect(PROMPT)


def test_words(serial):
    """Alt-B and Alt-F go by words."""
    assert serial.line("echo one two<alt-b><alt-b>x<alt-f>y") == "xoney two\n"


def test_completion(typist):
    """Tab completes commands and paths as far as there is one way; a second one lists the ways."""
    typist.line("mkdir /tmp/dir /tmp/dir/sub; echo found >/tmp/dir/single; cd /tmp/dir; echo 1 >'a b'; cd /")
    assert typist.line("ec\tone") == "one\n"
    assert typist.line("true; ec\ttwo") == "two\n"
    assert typist.line("cat /tm\tdi\tsi\t") == "found\n"
    assert typist.line("echo /tmp/dir/su\tx") == "/tmp/dir/sub/x\n"
    assert typist.line("cat /tmp/dir/a\t") == "1\n"
    assert typist.line('cat "/tmp/dir/a\t') == "1\n"
    assert typist.line("echo x >/tmp/dir/new") == ""
    assert typist.line("true;cat </tmp/dir/ne\t") == "x\n"
    assert typist.line("echo /tmp/dir/nothing\tthere") == "/tmp/dir/nothingthere\n"
    typist.type("echo /tmp/dir/s\t\t")
    typist.machine.serial.expect(r"\nsingle +sub/ *\n/# echo /tmp/dir/s")
    assert typist.line("i\t") == "/tmp/dir/single\n"
    typist.type("ex\t\t")
    typist.machine.serial.expect(r"\nexec +exit +export *(?:expr *)?\n/# ex")
    assert typist.line("p\t>/dev/null; echo end") == "end\n"


def test_abandon(typist):
    """Ctrl-C forgets the line; the next one begins below."""
    typist.type("nonsense<C>")
    typist.machine.serial.expect(PROMPT)
    assert typist.line("echo $?") == "130\n"
    assert typist.screen(lambda lines: lines[-1] == "/#")[-4:] == ["/# nonsense^C", "/# echo $?", "130", "/#"]
    assert typist.line("<up><up>") == "0\n"      # and not nonsense


def test_continued(serial):
    """A command that is not complete asks for more; Ctrl-C forgets it."""
    serial.type('echo "a\r')
    serial.machine.serial.expect("^> ")
    assert serial.line('b"') == "a\nb\n"
    serial.type("true &&\r")
    serial.machine.serial.expect("^> ")
    serial.type("<C>")
    serial.machine.serial.expect(PROMPT)
    assert serial.line("echo $?") == "130\n"


def test_end(serial):
    """Ctrl-D on an empty line ends the shell, and another one begins; elsewhere it does not."""
    serial.line("x=5")
    assert serial.line("echo $x<D>") == "5\n"
    serial.type("<D>")
    serial.machine.serial.expect(PROMPT)
    assert serial.line('echo "<$x>"') == "<>\n"


def test_prompt(serial):
    """The prompt shows the folder, and PS1 changes it."""
    serial.type("cd /tmp\r")
    serial.machine.serial.expect(r"^/tmp# $")
    serial.type("PS1='<$?> '\r")
    serial.machine.serial.expect(r"^<0> $")
    serial.type("false\r")
    serial.machine.serial.expect(r"^<1> $")


def test_background(serial):
    """A job in the background is numbered, listed, and told about when it has ended."""
    assert re.fullmatch(r"\[1\] \d+\n", serial.line("sleep 1000 &"))
    assert re.fullmatch(r"\[2\] \d+\n", serial.line("sleep 2000 | cat &"))
    assert re.fullmatch(r"\[1\] - Running +sleep 1000\n\[2\] \+ Running +sleep 2000 \| cat\n",
                        "".join(sorted(serial.line("jobs").splitlines(True))))
    serial.line_until(r"^\[1\] +[-+]? +Terminated +sleep 1000\n", "kill %1")
    serial.type("fg\r")
    serial.machine.serial.expect(r"^sleep 2000 \| cat\n")
    serial.type("<C>")
    serial.machine.serial.expect(PROMPT)
    assert serial.line("jobs") == ""


def test_too_deep(serial):
    """Commands within commands without end are refused, and the shell goes on."""
    serial.line("x='eval \"$x\"'")
    assert re.fullmatch(r".*sh: \d+: too many commands within commands\n", serial.line('eval "$x"'))
    assert serial.line("echo $?") == "2\n"
    assert serial.line("echo on") == "on\n"


@pytest.mark.chapters("09", "09")
def test_exec_too_deep(serial):
    """A command that is replaced stays on the stack here: the shell refuses before that overflows."""
    serial.line("x='exec sh -c \"$x\"'; export x")
    assert "exec: sh: Cannot allocate memory\n" in serial.line('sh -c "$x"')
    assert serial.line("echo on") == "on\n"


@pytest.mark.chapters("10")
def test_functions_too_deep(serial):
    """A function that calls itself for ever is refused long before the stack ends."""
    assert re.fullmatch(r".*sh: \d+: too many commands within commands\n", serial.line("f() { f; }; f"))
    assert re.fullmatch(r".*sh: \d+: too many commands within commands\n", serial.line("echo $((" + "(" * 1500 + "1" + ")" * 1502))
    assert serial.line("echo on") == "on\n"


@pytest.mark.chapters("10")
def test_stop(serial):
    """Ctrl-Z stops a job, bg and fg let it go on, kill ends it."""
    command = "sh -c 'echo begun; exec sleep 1000'"
    text = re.escape(command)
    serial.start(command)
    serial.type("<Z>")
    serial.machine.serial.expect(rf"^\[1\] \+ Stopped +{text}\n/# $")
    assert serial.line("echo $?") == "148\n"
    assert serial.line("bg") == f"[1] {command}\n"
    assert re.fullmatch(rf"\[1\] \+ Running +{text}\n", serial.line("jobs"))
    serial.type("fg\r")
    serial.machine.serial.expect(rf"^{text}\n")
    serial.machine.wait_halted()        # then the terminal is the job's, and the shell waits
    serial.type("<Z>")
    serial.machine.serial.expect(rf"^\[1\] \+ Stopped +{text}\n/# $")
    serial.line_until(rf"^\[1\] \+ Terminated +{text}\n", "kill %1")


INTERRUPTED = ["echo begun; while :; do :; done", "echo begun; while :; do sleep 1; done",
               "x=$(echo begun >&2; sleep 1000)", "echo begun; read x", "sleep 1000 | { echo begun; cat; }",
               "(echo begun; sleep 1000; echo no)", "f() { sh -c 'echo begun; exec sleep 1000'; echo no; }; f; echo no"]


@pytest.mark.chapters("10")
def test_wait(serial):
    """Ctrl-C ends the shell's waiting and not what it waits for."""
    serial.line("sleep 1000 &")
    serial.type("wait\r")
    serial.machine.serial.expect(r"wait\n$")
    serial.machine.wait_halted()
    serial.type("<C>")
    serial.machine.serial.expect(PROMPT)
    assert serial.line("echo $?") == "130\n"
    assert re.fullmatch(r"\[1\] \+ Running +sleep 1000\n", serial.line("jobs"))
    serial.line("kill %1")


@pytest.mark.chapters("10")
def test_exec(serial):
    """A command in the shell's place heeds the signals that the shell did not; none there, and the shell goes on."""
    assert "exec: nosuch: not found\n" in serial.line("exec nosuch")
    serial.type("sh\r")
    serial.machine.serial.expect(PROMPT)
    serial.start("exec sh -c 'echo begun; exec cat'")
    serial.type("<Z>")
    serial.machine.serial.expect(r"^\[1\] \+ Stopped +sh\n/# $")
    serial.line("kill -9 %1")


@pytest.mark.chapters("10")
def test_interrupt(serial):
    """Ctrl-C ends loops of the shell itself, and what waits in it."""
    for text in INTERRUPTED:
        serial.start(text)
        if "read" in text:
            serial.machine.wait_halted()        # it is the shell itself that reads
        serial.type("<C>")
        serial.machine.serial.expect(PROMPT)
        assert serial.line("echo $?") == "130\n", text


@pytest.mark.chapters("10")
def test_history_file(serial):
    """A new shell knows the lines of those before."""
    serial.line("echo first")
    serial.type("<D>")
    serial.machine.serial.expect(PROMPT)
    assert serial.line("<up>") == "first\n"
    assert serial.line("cat /.history").splitlines() == ["echo first", "cat /.history"]
