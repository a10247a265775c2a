"""Processes and signals at the prompt: who can be ended, what is left, and the demonstrations of chapter 9."""
import re
import time

import pytest

from tools.machine.errors import seconds

pytestmark = pytest.mark.chapters("09")

PROMPT = r"^/\S*# $"
CTRL_C = "\x03"


@pytest.fixture
def sh(machine):
    """Runs a line at the prompt and returns what it prints."""
    machine.serial.expect(PROMPT)

    def run(line: str) -> str:
        machine.serial.send(line + "\r")
        return machine.serial.expect(r"\n((?:.*\n)*?)" + PROMPT)[1]
    return run


def pids(sh) -> dict[str, int]:
    """The commands of `ps`, with their pids."""
    return {command: int(pid) for pid, command in re.findall(r"^ *(\d+) .* (\S+)$", sh("ps"), re.MULTILINE)}


def wait_for_end(sh, *names: str) -> None:
    """Waits until none of these commands is left: they end when it is their turn."""
    deadline = time.monotonic() + seconds()
    while left := {name for name in names if {name, f"[{name}]"} & pids(sh).keys()}:
        assert time.monotonic() < deadline, left


def test_kernel_survives(sh):
    """The kernel's own processes and process 1 cannot be ended, also not with all others."""
    for target in "1", "2", "-- -1":
        sh(f"kill -9 {target}")
    left = pids(sh)
    assert left["[writeback]"] == 2 and 1 in left.values()


def test_kill_all(sh, machine):
    """`kill -1` ends all but who says it, also those that wait in a pipeline."""
    sh("sleep 1000 & cat 2>/dev/null | cat & sleep 1000 | cat &")
    sh("kill -9 -1")
    wait_for_end(sh, "sleep", "cat")


def test_shell_again(sh):
    """When the shell ends, there is a new one."""
    before = {pid for name, pid in pids(sh).items() if "sh" in name}
    sh("exit 3")
    after = {pid for name, pid in pids(sh).items() if "sh" in name}
    assert after and not after & before


def test_proc(sh):
    """/proc tells the same of a process in several files."""
    pid = int(sh("echo $$"))
    stat = sh(f"cat /proc/{pid}/stat")
    found = re.fullmatch(rf"{pid} \(sh\) [RS] 1 {pid} {pid} .*\n", stat)
    assert found and len(stat.split()) == 52, stat
    status = sh(f"cat /proc/{pid}/status")
    assert f"\nPid:\t{pid}\nPPid:\t1\n" in status and re.search(r"^State:\t[RS] \(", status, re.MULTILINE)
    assert sh(f"cat /proc/{pid}/comm") == "sh\n"
    assert re.fullmatch(r"\d+\.\d\d \d+\.\d\d \d+\.\d\d \d+/\d+ \d+\n", sh("cat /proc/loadavg"))
    assert re.match(r"cpu  \d+ 0 \d+ \d+ ", sh("cat /proc/stat"))


@pytest.mark.chapters("09", "09")
def test_philosophers(sh, machine):
    """The philosophers dine until Ctrl-C, and then leave."""
    machine.serial.send("philosophers\r")
    machine.serial.expect(r"Hypatia \w+ +[1-9]")
    machine.serial.send(CTRL_C)
    machine.serial.expect(PROMPT)
    wait_for_end(sh, "philosophers", "Hypatia", "Kant")


@pytest.mark.chapters("09", "09")
@pytest.mark.parametrize("how, message", [
    ("null", r"page fault: write to 0x0000000000000000 \(null pointer\)"),
    ("overflow", r"kernel stack overflow: "),
    ("sleep-with-spinlock", r"spinlock pillow: kept over a sleep"),
    ("double-unlock", r"mutex fork 0: released"),
])
def test_crash(sh, machine, how, message):
    """The command crash does what it says, and the panic names it."""
    machine.serial.fail = None
    machine.serial.send(f"crash {how}\r")
    machine.serial.expect(r"^panic: " + message)
    machine.serial.expect(r"in process \d+ \(crash\)")


@pytest.mark.chapters("10")
@pytest.mark.parametrize("line", ["(trap '' HUP; cat) 2>/dev/null &",
                                  "(trap '' HUP; kill -9 $$; exec cat 2>/dev/null)"])
def test_terminal_lost(sh, line: str):
    """Who outlives a session reads its terminal no more: every key is for the next one."""
    for command in (line, "exit", "exit"):      # the first one may only warn of jobs
        sh(command)
    for number in range(5):
        assert sh(f"echo $(({number} * 7))") == f"{number * 7}\n"
