"""Commands at the shell's prompt: files, processes, the system; in chapter 10 also programs with a screen, by keys."""
import re
import time

import pytest

from tools.machine.errors import seconds

pytestmark = pytest.mark.chapters("09")

PROMPT = r"^/\S*# $"


class Shell:
    """Runs lines at the prompt of a machine: `sh(command)` is its output's lines and its status."""

    def __init__(self, machine):
        self.machine = machine
        machine.serial.expect(PROMPT)

    def send(self, line: str) -> None:
        self.machine.serial.send(line + "\r")

    def prompt(self, timeout: float | None = None) -> str:
        """What is written up to the next prompt, without the line that was typed."""
        match = self.machine.serial.expect(r"\n((?:.*\n)*?.*?)/[\w/]*# $", timeout)
        return match[1]

    def __call__(self, command: str, timeout: float | None = None) -> tuple[list[str], int]:
        self.send(command)
        output = self.prompt(timeout)
        self.send("echo =$?=")
        return output.splitlines(), int(re.match(r"=(\d+)=", self.prompt())[1])


@pytest.fixture
def sh(machine):
    """The shell of the machine."""
    return Shell(machine)


def check(sh, session: str) -> None:
    """Lines "$ command", what it must print, and "= status" where that is not 0."""
    for part in session.strip().split("$ ")[1:]:
        command, *lines = part.strip().splitlines()
        wanted = int(lines.pop()[2:]) if lines and lines[-1].startswith("= ") else 0
        assert sh(command) == (lines, wanted), command


def test_files(sh):
    """Files and directories are made, looked at, copied, moved and removed."""
    check(sh, """
$ cd /tmp; mkdir d; mkdir -p a/b/c; ls
a  d
$ echo one > d/1; echo two two >> d/1; cat d/1
one
two two
$ cp d/1 d/2; echo three > d/3; cp d/1 d/3 a; ls a d
a:
1  3  b

d:
1  2  3
$ mv d/2 a/b/moved; mv d/3 a/b; cat a/b/moved a/b/3
one
two two
three
$ cp -r a copy; ls -R copy
copy:
1  3  b

copy/b:
3  c  moved

copy/b/c:
$ cat -n d/1 - < d/1
     1\tone
     2\ttwo two
     3\tone
     4\ttwo two
$ head -n 1 d/1; head -c 5 d/1; tail -n 1 d/1; tail -c +5 d/1
one
one
ttwo two
two two
$ wc d/1; wc -l d/1 a/1; cat d/1 | wc -w
 2  3 12 d/1
 2 d/1
 2 a/1
 4 total
3
$ rm d/1; rm -r a copy; ls; ls d
d
$ ls -a d; ls -d d/ /
.  ..
/  d/
$ rm -d d; ls; pwd
/tmp
""")


def test_listing(sh):
    """ls -l has the columns that it has on Unix; a directory's size on disk; devices with their numbers."""
    sh("cd /tmp; echo hello > f")
    (total, line), status = sh("ls -l")
    assert (total, status) == ("total 4", 0)
    assert re.fullmatch(r"-rw-r--r-- 1 root root 6 [A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d f", line)
    assert re.fullmatch(r"drwxr-xr-x \d+ root root 4096 \S+ +\d+ +\S+ /etc", sh("ls -ld /etc")[0][0])
    assert re.fullmatch(r"crw-rw-rw- 1 root root 1,   3 .* /dev/null", sh("ls -l /dev/null")[0][0])
    # On the terminal in columns, of which a row is no wider than the screen.
    sh("cd /tmp; mkdir many; cd many")
    for first in "abcd":
        sh("; ".join(f"echo > {first}{number}{'-name' if number > 1 else ''}" for number in range(1, 6)))
    rows = sh("ls")[0]
    assert len(rows) == 3 and max(map(len, rows)) <= 80
    assert " ".join(rows).split() == [f"{letter}{end}" for row in range(3) for letter, end in
                                      [(name[0], name[1:]) for name in sorted(
                                          f"{first}{number}{'-name' if number > 1 else ''}"
                                          for first in "abcd" for number in range(1, 6))[row::3]]]


def test_grep(sh):
    """Lines are found by regular expressions, in files, trees and what comes through a pipe."""
    check(sh, """
$ cd /tmp; mkdir d; echo Saturn has rings > d/a; echo Mars >> d/a; echo Earth > b
$ grep ring d/a; grep -c r d/a; grep -n '^M.*s$' d/a; grep -v a b
Saturn has rings
2
2:Mars
= 1
$ grep -ri saturn .
./d/a:Saturn has rings
$ grep -rl s *; grep -q Earth b
d/a
$ cat d/a b | grep '[SE]a[rt]'; grep -o 'a[a-z]*' d/a
Saturn has rings
Earth
aturn
as
ars
$ grep -E '(Ma|Ea)r' b d/a
b:Earth
d/a:Mars
$ grep x b; grep x nowhere
grep: nowhere: No such file or directory
= 2
""")


MESSAGES = """
$ cat nowhere
cat: nowhere: No such file or directory
= 1
$ cat /etc
cat: /etc: Is a directory
= 1
$ ls nowhere /etc/motd
ls: cannot access 'nowhere': No such file or directory
/etc/motd
= 2
$ cp nowhere x
cp: cannot stat 'nowhere': No such file or directory
= 1
$ cp /etc x
cp: -r not specified; omitting directory '/etc'
= 1
$ cp -r /etc/motd nowhere/x
cp: cannot create regular file 'nowhere/x': No such file or directory
= 1
$ mv nowhere x
mv: cannot stat 'nowhere': No such file or directory
= 1
$ mv /etc /etc/x
mv: cannot move '/etc' to a subdirectory of itself, '/etc/x'
= 1
$ rm nowhere
rm: cannot remove 'nowhere': No such file or directory
= 1
$ rm /etc
rm: cannot remove '/etc': Is a directory
= 1
$ rm -f nowhere; rm -rf /; rm -r .
rm: it is dangerous to operate recursively on '/'
rm: refusing to remove '.' or '..' directory: skipping '.'
= 1
$ mkdir /etc; mkdir x/y
mkdir: cannot create directory '/etc': File exists
mkdir: cannot create directory 'x/y': No such file or directory
= 1
$ head -n x /etc/motd
head: invalid number of lines: 'x'
= 1
$ sleep x
sleep: invalid time interval 'x'
= 1
$ ls -% 2>&1 | head -n 1
ls: invalid option -- '%'
$ cat /etc/motd > /dev/full
cat: write error: No space left on device
= 1
"""


def test_messages(sh):
    """Wrong use is answered as on any Unix, with a status."""
    check(sh, MESSAGES)


def test_deep_tree(sh):
    """Trees as deep as there may be do not outgrow a kernel stack."""
    for level in range(8):
        sh("mkdir -p " + "d/" * 25 + "; cd " + "d/" * 25)
    sh("echo needle > hay; cd /")
    assert sh("grep -rl needle d", 60)[0] == ["d/" * 200 + "hay"]
    assert sh("cp -r d e", 60) == ([], 0) and sh("ls -R e | grep -c :", 60)[0] == ["200"]
    assert sh("rm -r d e", 60) == ([], 0)
    assert sh("ls -d d")[1] == 2


def test_processes(sh):
    """ps shows who there is, kill ends it; the shell hears of that."""
    sh("sleep 1000 &")
    rows = []
    while not rows:         # until then it is still a shell
        lines = sh("ps")[0]
        rows = [line for line in lines if "sleep" in line]
    assert lines[0].split() == ["PID", "PPID", "PGID", "S", "TIME", "COMMAND"]
    pid = rows[0].split()[0]
    assert any(re.search(r" R \d\d:\d\d:\d\d \[?ps\b", line) for line in lines)
    assert sh(f"kill {pid}")[1] == 0
    sh("wait")
    assert not [line for line in sh("ps")[0] if "sleep" in line]
    assert sh("kill 12345")[1] == 1 and sh("kill x")[1] != 0


def test_system(sh):
    """Memory, time and age of the system are told, and are right."""
    total = next(int(line.split()[1]) for line in sh("free")[0] if line.startswith("Mem:"))
    assert 120 << 10 < total <= 128 << 10
    stamp = sh("date +%s")[0][0]
    assert abs(int(stamp) - time.time()) < 100
    assert re.fullmatch(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d UTC 20\d\d", sh("date")[0][0])
    assert sh("date -d @951782400 +%F")[0] == ["2000-02-29"]
    assert re.fullmatch(r" \d\d:\d\d:\d\d up \d min,  load average:( \d+\.\d\d,?){3}", sh("uptime")[0][0])
    assert sh("sync") == ([], 0)
    assert sh("true")[1] == 0 and sh("false")[1] == 1
    start = time.monotonic()
    sh("sleep 1.5")
    assert time.monotonic() - start > 1.2       # by its clock, which is measured against another one


def test_poweroff(sh, machine, boot):
    """What was written is there after the machine was switched off."""
    sh("echo kept > /tmp/kept; mkdir /tmp/dir")
    sh.send("poweroff")
    assert machine.wait_exit(30).kind == "shutdown"
    again = boot(machine.image)
    assert Shell(again)("cat /tmp/kept; ls /tmp")[0] == ["kept", "dir  kept"]
    again.serial.send("reboot\r")
    assert again.wait_exit(30).kind == "reset"


# Programs with a screen

def screen(machine, condition, timeout: float = 20) -> list[str]:
    """The screen's lines once they meet the condition."""
    deadline = time.monotonic() + seconds(timeout)
    while True:
        lines = [line.rstrip() for line in machine.screen_text().splitlines()]
        if condition(lines):
            return lines
        assert time.monotonic() < deadline and machine.running(), "\n".join(lines)


def start(machine, line: str) -> None:
    machine.keys(line + "\n")


def end(sh, keys: str) -> None:
    """Ends a program: the prompt is there again."""
    sh.machine.keys(keys)
    sh.machine.serial.expect(r"/[\w/]*# $")


@pytest.mark.chapters("10")
def test_edit(machine, sh):
    """The editor, by keys: a text is typed, changed, saved; the shell's screen comes back."""
    start(machine, "edit /tmp/new.txt")
    screen(machine, lambda lines: lines[0].startswith(" /tmp/new.txt ") and "^S Save" in lines[23])
    machine.keys("First line\nSecond\n\tThird\nlast")
    screen(machine, lambda lines: lines[1:5] == ["First line", "Second", "        Third", "        last"])
    machine.keys(["up", "up", "home"])
    machine.keys("The ")
    machine.keys(["up", "ctrl-k", "down", "ctrl-v"])        # the first line goes behind the second
    screen(machine, lambda lines: lines[1:5] == ["The Second", "First line", "        Third", "        last"])
    machine.keys(["ctrl-z", "ctrl-z", "ctrl-y", "ctrl-y"])
    machine.keys(["ctrl-f"])
    machine.keys("third\n")
    screen(machine, lambda lines: "line 3 of 4, column 9" in lines[0])
    machine.keys(["ctrl-s"])
    screen(machine, lambda lines: lines[22] == "Saved /tmp/new.txt: 4 lines")
    machine.keys(["delete", "ctrl-q"])
    screen(machine, lambda lines: lines[22].startswith("Save the changes?"))
    end(sh, "n")
    assert sh("cat /tmp/new.txt") == (["The Second", "First line", "\tThird", "\tlast"], 0)
    screen(machine, lambda lines: any("ch10: ready" in line for line in lines))


@pytest.mark.chapters("10")
def test_edit_full_disk(machine, sh):
    """When there is no room, neither the text nor what the file held is lost."""
    sh("cd /tmp; echo old > file; cat /dev/zero > fill", 120)
    start(machine, "edit file")
    screen(machine, lambda lines: lines[1] == "old")
    machine.keys("new ")
    machine.keys(["ctrl-s"])
    screen(machine, lambda lines: lines[22].startswith("NOT saved: file: No space left on device"))
    machine.keys(["ctrl-q"])
    end(sh, "n")
    assert sh("cat file; rm fill; ls")[0] == ["old", "file"]


@pytest.mark.chapters("10")
def test_less(machine, sh):
    """Pages on and back, search, and the end; of a file and of what comes through a pipe."""
    start(machine, "seq 200 | less")
    screen(machine, lambda lines: lines[0] == "1" and lines[23] == "24")
    machine.keys(" ")
    screen(machine, lambda lines: lines[0] == "24")
    machine.keys("/^15.$\n")
    screen(machine, lambda lines: lines[0] == "150")
    machine.keys("b")
    screen(machine, lambda lines: lines[0] == "127")
    machine.keys("G")
    screen(machine, lambda lines: lines[23] == "200" and lines[24].endswith("(END)"))
    machine.keys("g")
    screen(machine, lambda lines: lines[0] == "1")
    end(sh, "q")


@pytest.mark.chapters("10")
def test_top(machine, sh):
    """top shows who uses the processor, the busiest first, and ends with q."""
    sh("yes > /dev/null &")
    start(machine, "top -d 1")
    lines = screen(machine, lambda lines: re.match(r" *\d+ +\d+ R +(?:100|[5-9]\d)\.\d .* yes$", lines[6]))
    assert lines[0].startswith("top - ") and re.match(r"Tasks: \d+ total, +[12] running", lines[1])
    assert lines[5].split() == ["PID", "PPID", "S", "%CPU", "%MEM", "TIME+", "RES", "COMMAND"]
    end(sh, "q")
    sh("kill " + lines[6].split()[0])


@pytest.mark.chapters("10")
def test_snake(machine, sh):
    """The snake goes where the arrows say until it meets a wall; then the game is over."""
    start(machine, "snake")
    screen(machine, lambda lines: lines[0].startswith(" Snake"))
    machine.keys(["up"])
    screen(machine, lambda lines: "Game over" in lines[0])
    end(sh, "nq")


@pytest.mark.chapters("10")
def test_2048(machine, sh):
    """Numbers go where the arrows say."""
    start(machine, "2048")
    screen(machine, lambda lines: lines[0].startswith(" 2048"))
    for _ in range(6):
        machine.keys(["left", "up", "right", "down"])
    lines = screen(machine, lambda lines: re.search(r"score [1-9]", lines[0]))
    assert re.search(r"\b[248]\b", "\n".join(lines[2:]))
    end(sh, "q")


@pytest.mark.chapters("10")
def test_programs(sh):
    """Programs of chapter 10 work together."""
    check(sh, """
$ cd /home; ./hello.sh Ada | head -n 1
Hello, Ada! This is Rung on x86_64.
$ grep -v '#' planets.txt | sort -k2nr | head -n 2 | tr -s ' ' | cut -d ' ' -f 1,2
Jupiter 142984
Saturn 120536
$ cd /tmp; touch a b; ln -s a link; ln a hard; stat -c '%n %h %F' a link
a 2 regular empty file
link 1 symbolic link
$ ls -F; find . -type f | sort | xargs echo
a  b  hard  link@
./a ./b ./hard
$ seq 3 | tee x | sort -r | xargs -n 1 echo n; cat x | wc -l
n 3
n 2
n 1
3
$ chmod 600 a; ls -l a | cut -c 1-10; find . -type f -name '?' -exec basename {} ';' | sort
-rw-------
a
b
x
$ echo b a b | xargs -n 1 | sort | uniq -c; calc '2**10 - 1' 0x10
      1 a
      2 b
1023
16
$ tree; printf=1; echo hello | hexdump
.
|-- a
|-- b
|-- hard
|-- link -> a
`-- x

1 directory, 5 files
00000000  68 65 6c 6c 6f 0a                                 |hello.|
00000006
$ env -i A=1 env; test 1 -lt 2; which ls nothing
A=1
/bin/ls
= 1
$ time true 2>&1 | cut -f 1 | xargs echo; id -u
real user sys
0
""")
    lines = sh("df /")[0]
    assert lines[0].split()[:2] == ["Filesystem", "1K-blocks"] and lines[1].endswith("% /")


@pytest.mark.chapters("10")
def test_builtins_as_programs(sh):
    """What the shell knows itself is there for other programs too."""
    check(sh, r"""
$ cd /tmp; env [ a = a ]; echo $?; env [ a = b ]; echo $?; env [ a
0
1
[: 1: [: missing ]
= 2
$ env printf '%s-%.2f\n' a 1.005 b 2
a-1.00
b-2.00
$ echo 5 3 | xargs -n 1 test 4 -gt; echo $?; whoami
123
root
$ touch -d '2020-02-03 04:05' f; cp -p f g; date -r g; find . -name f -exec [ -f '{}' ] \; -print
Mon Feb  3 04:05:00 UTC 2020
./f
$ seq 3 > a; seq 2 4 > b; cmp a b; paste -d , a b
a b differ: char 1, line 1
1,2
2,3
3,4
$ rm a b f g; sh -c 'ulimit -n 5'
sh: 1: ulimit: error setting limit (Operation not permitted)
= 2
""")
