"""Chapter 8's show: who dines and who works on the screen, the table of processes, and each word of misuse."""
import re
import time

import pytest

from tools.machine.errors import seconds

pytestmark = pytest.mark.chapters("08", "08")   # later chapters have another one

PHILOSOPHERS = ["Hypatia", "Laozi", "Avicenna", "Kant", "Arendt"]
ROW = re.compile(r"^ *(\d+) +(\d+) +(\d+) ([RrSZ]) (.{18}) (\S+)$")
BACKTRACE_END = r"^  #\d+ [0-9a-f]{16} process_start\+0x4$"
PICTURE_ROWS = 6


def ps(machine) -> dict[str, list[tuple]]:
    """The table of processes: for each name (pid, parent, milliseconds, state, what it waits for)."""
    machine.serial.send("ps\r")
    start = machine.serial.expect(r"^  pid parent  cpu ms   waits for +name$").end()
    end = machine.serial.expect(r"^ *\d+ .* ps$").end()
    table: dict[str, list[tuple]] = {}
    for line in machine.serial.text()[start:end].splitlines():
        if match := ROW.match(line):
            pid, parent, cpu, state, waits_for, name = match.groups()
            table.setdefault(name, []).append((int(pid), int(parent), int(cpu), state, waits_for.strip()))
    return table


def picture(machine) -> list[str]:
    return machine.screen_text().splitlines()[:PICTURE_ROWS]


def meals(machine) -> list[int]:
    """How often each philosopher has eaten, as the screen shows it; it may be looked at while a line is drawn."""
    counts = []
    while len(counts) < len(PHILOSOPHERS):
        matches = [re.match(rf"{name} +(?:thinks|hungry|eats) +(\d+)", line)
                   for name, line in zip(PHILOSOPHERS, picture(machine))]
        counts = [int(match[1]) for match in matches if match]
        assert machine.running()
    return counts


def until(condition, timeout: float = 60):
    deadline = time.monotonic() + seconds(timeout)
    while not (result := condition()):
        assert time.monotonic() < deadline
    return result


def test_table(machine):
    """ps shows everybody: the kernel, who is nobody's child, and itself, running."""
    def kernel_waits() -> dict[str, list[tuple]] | None:        # it may be on its way there when ps looks
        table = ps(machine)
        return table if table["kernel"][0][3:] == ("S", "process_wait") else None

    table = until(kernel_waits)
    assert table["kernel"][0][:2] == (1, 0)
    assert table["writeback"][0][1] == 0
    assert table["ps"][0][3:] == ("R", "")
    assert len(table["producer"]) == 2 and len(table["consumer"]) == 3
    for name in [*PHILOSOPHERS, "scribe"]:
        assert table[name][0][1] == 1
    pids = sorted(row[0] for rows in table.values() for row in rows)
    assert len(set(pids)) == len(pids) == 14


def test_dinner(machine):
    """Everybody eats, again and again; goods go over the belt; stop stops them all and start goes on."""
    machine.serial.send("start\r")
    until(lambda: min(meals(machine)) >= 2)
    assert until(lambda: re.match(r"scribe +writes +[1-9]", picture(machine)[5]))
    for row in range(5):
        who, works = ("producer", "makes") if row < 2 else ("consumer", "uses")
        assert until(lambda: re.search(rf" {who} +({works}|waits) +[1-9]\d*$", picture(machine)[row]))
    assert until(lambda: re.search(r" [#.]{24}$", picture(machine)[5]))
    machine.serial.send("stop\r")

    def all_stopped() -> bool:
        table = ps(machine)
        waiting = [row[4] for name in [*PHILOSOPHERS, "producer", "scribe"] for row in table[name]]
        return set(waiting) == {"the word start"}

    until(all_stopped)
    before = meals(machine)
    machine.serial.send("\r")
    machine.serial.expect(r"^ps start stop .*\n> $")
    assert meals(machine) == before
    machine.serial.send("start\r")
    until(lambda: min(after - count for count, after in zip(before, meals(machine))) >= 1)


def test_disk_wait(machine):
    """Who waits for the disk sleeps, and the others run meanwhile."""
    machine.serial.send("start\r")
    seen = []
    while not any(name.startswith("ata_") for name in seen):
        seen.append(ps(machine)["scribe"][0][4])
        assert len(seen) < 200, seen
    eaten = sum(meals(machine))
    until(lambda: sum(meals(machine)) > eaten)


def test_screen_below_picture(machine):
    """The prompt scrolls below the picture, which stays where it is."""
    for _ in range(30):
        machine.serial.send("\r")
    for _ in range(30):
        machine.serial.expect(r"^ps start stop .*$")
    machine.serial.expect(r"^> $")
    machine.wait_halted()       # the screen gets each piece after the serial port
    lines = machine.screen_text().splitlines()
    assert [line.split()[0] for line in lines[:6]] == [*PHILOSOPHERS, "scribe"]
    assert all(line.startswith((">", "ps start")) for line in lines[6:] if line.strip())


# Word, the report's first line, the process it names.
MISUSE = [
    ("deadlock", r"deadlock: process (\d+) \((?P<who>\w+)\) wants fork \d"
     r"(, held by process \d+ \(\w+\), who wants fork \d){4}, held by process \1 \((?P=who)\)", None),
    ("sleep-with-spinlock", r"spinlock pillow: kept over a sleep at clock_sleep_ms\+0x\w+, held by run_word\+0x\w+",
     "sleep-with-spin"),
    ("double-unlock", r"mutex belt: released at run_word\+0x\w+, held by nobody", "double-unlock"),
    ("overflow", r"kernel stack overflow: .* \(guard page below the stack at 0xffffc[0-9a-f]+\)", "overflow"),
]


@pytest.mark.parametrize("word, message, who", MISUSE, ids=[misuse[0] for misuse in MISUSE])
def test_misuse(boot, word, message, who):
    """What goes wrong is reported with the lock and the process, on the serial port and on the screen."""
    machine = boot(panics=True)
    machine.serial.send(word + "\r")
    start = machine.serial.expect(r"^panic: ", 60).start()
    end = machine.serial.expect(BACKTRACE_END, 60).end()
    report = machine.serial.text()[start:end].splitlines()
    match = re.fullmatch(f"panic: {message}", report[0])
    assert match, report[0]
    who = who or match["who"]
    named = next(line for line in report if line.startswith("  in "))
    assert re.fullmatch(rf"  in process \d+ \({who}\)", named)
    while not machine.registers()["hlt"]:       # the screen gets each piece after the serial port
        assert machine.running()
    assert named in machine.screen_text()
    assert "process_start+0x4" in machine.screen_text()


def test_keyboard(machine):
    """The prompt is the same on the keyboard, also while everybody is busy."""
    machine.keys(["s", "t", "a", "r", "x", "backspace", "t", "ret"])
    machine.serial.expect(r"^> starx\x08 \x08t$")
    until(lambda: sum(meals(machine)) >= 1)
    machine.keys(["p", "s", "ret"])
    machine.serial.expect(r"^ *\d+ .* ps$")


def test_bochs(boot):
    """In the second emulator too."""
    machine = boot.bochs()
    machine.serial.send("start\r")
    machine.serial.send("ps\r")
    machine.serial.expect(r"^ *\d+ .* ps$")
