"""Chapter 7's show: what it lists and counts, and the words of its prompt, compared with what the host finds on the
disk afterwards."""
import pathlib
import re
import shutil
import subprocess

import pytest

from tools.machine import Qemu

pytestmark = pytest.mark.chapters("07", "07")       # later chapters have another show
PARTITION = 1 << 20
PIECE = (1 << 20) - 1      # what `grow` adds
BOOTS = "^This is boot (\\d+) of this disk"


def run(machine, line: str) -> list[str]:
    """Type a line at the prompt; what it says."""
    machine.serial.expect("^> $")
    before = len(machine.serial.text())
    machine.serial.send(line + "\r")
    machine.serial.expect(re.escape(line) + "\n(?s:.*)^(?=> $)")
    return machine.serial.text()[before:].splitlines()[1:-1]


def tool(*arguments) -> tuple[int, str]:
    """Run a tool of e2fsprogs: status and output."""
    done = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    return done.returncode, done.stdout


def partition(image: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    """A copy of a disk's partition: e2fsck replays no journal behind an offset."""
    with open(image, "rb") as source, open(target, "wb") as copy:
        source.seek(PARTITION)
        shutil.copyfileobj(source, copy, 1 << 20)
    return target


def debugfs(filesystem: str | pathlib.Path, request: str) -> str:
    """What debugfs answers about a file system."""
    _, output = tool("debugfs", "-R", request, filesystem)
    return output.split("\n", 1)[1]     # without its version


def inside(image: pathlib.Path) -> str:
    """The root file system of a disk image, as e2fsprogs name it."""
    return f"{image}?offset={PARTITION}"


def test_show(machine, chapter):
    """The root directory, the message of the day as it is in rootfs/, and the first boot."""
    text = machine.serial.text()
    for name, kind in (("lost+found", "d"), ("etc", "d")):
        assert re.search(rf"^ +\d+ {kind} {re.escape(name)}$", text, re.MULTILINE)
    assert (chapter.path / "rootfs/etc/motd").read_text() in text
    assert re.search(BOOTS, text, re.MULTILINE)[1] == "1"


def test_ten_boots(built, tmp_path):
    """Ten boots are counted, one after the other, whichever way each of them ends: off, reset, or by a power cut."""
    disk = tmp_path / "disk.img"
    shutil.copyfile(built.image, disk)
    count = 0
    for end in ("off", "cut", "again", "cut early", "off", "again", "cut", "cut early", "again", "off"):
        with Qemu(disk, symbols=built.kernel) as machine:
            machine.serial.expect(BOOTS)
            count += 1
            assert machine.serial.expect("^ch07: ready") and f"This is boot {count} of" in machine.serial.text()
            if end == "off":
                run_last(machine, "power off")
                assert machine.wait_exit().kind == "shutdown"
            elif end == "again":
                run_last(machine, "power again")
                assert machine.wait_exit().kind == "reset"
            elif end == "cut early":    # with writes under way
                run_last(machine, "grow /large")
                machine.stop()
            else:
                machine.stop()
            shutil.copyfile(machine.image, disk)
        if end == "off":
            assert tool("e2fsck", "-fn", inside(disk))[0] == 0
    assert count == 10
    assert debugfs(inside(disk), "cat /etc/boots") == "booted\n" * 10


def run_last(machine, line: str) -> None:
    """Type a line after which no prompt comes."""
    machine.serial.expect("^> $")
    machine.serial.send(line + "\r")


def test_cut_while_counting(built, tmp_path):
    """A power cut at any moment of the boot leaves the old count or the new one."""
    disk = tmp_path / "disk.img"
    shutil.copyfile(built.image, disk)
    last = 0
    for line in ("^root: ", "lost.found", "^Welcome", "^root: ", "^Welcome", BOOTS) * 2:
        with Qemu(disk, symbols=built.kernel) as machine:
            machine.serial.expect(line)
            machine.stop()
            shutil.copyfile(machine.image, disk)
        copy = partition(disk, tmp_path / "partition.img")
        status, output = tool("e2fsck", "-fp", copy)
        assert status <= 1, output
        count = debugfs(copy, "cat /etc/boots").count("booted\n")
        assert last <= count <= last + 1
        last = count
    assert last >= 2


def test_words(machine, tmp_path):
    """Files and folders come, change and go; after power-off the host finds what the prompt said."""
    assert run(machine, "append /hello Hello, disk!") == []
    assert run(machine, "append /hello  Again.") == []
    assert run(machine, "show /hello") == ["Hello, disk! Again."]
    assert run(machine, "mkdir /etc/new") == []
    assert run(machine, "mv /hello /etc/new/moved") == []
    assert run(machine, "ln /etc/new/moved /second") == []
    number, = re.findall(r"^ +(\d+) - moved$", "\n".join(run(machine, "show /etc/new")), re.MULTILINE)
    assert re.findall(r"^ +(\d+) - second$", "\n".join(run(machine, "show /")), re.MULTILINE) == [number]
    assert run(machine, "append /gone x") == run(machine, "rm /gone") == []
    assert run(machine, "mkdir /empty") == run(machine, "rmdir /empty") == []
    run_last(machine, "power off")
    machine.wait_exit()
    assert tool("e2fsck", "-fn", inside(machine.image))[0] == 0
    assert debugfs(inside(machine.image), "cat /second") == "Hello, disk! Again."
    names = re.findall(r"\((?:\d+)\) (\S+)", debugfs(inside(machine.image), "ls /").replace("  ", "\n"))
    assert "gone" not in names and "empty" not in names


def test_errors(machine):
    """What cannot be done is said in the words of Unix, and nothing else happens."""
    for line, message in [
        ("show /nothing", "No such file or directory"), ("show /etc/motd/x", "Not a directory"),
        ("show", "No such file or directory"), ("append /etc text", "Is a directory"),
        ("mkdir /etc", "File exists"), ("rmdir /etc", "Directory not empty"), ("rm /etc", "Is a directory"),
        ("rmdir /etc/motd", "Not a directory"), ("mv /nothing /x", "No such file or directory"),
        ("mv /etc /etc/below", "Invalid argument"), ("ln /etc /x", "Operation not permitted"),
        ("rm /", "Is a directory"), ("power on", "Invalid argument"),
    ]:
        assert run(machine, line) == [message], line
    words = run(machine, "")
    assert words[0].startswith("show, grow, rm")
    assert run(machine, "nothing") == words


def test_line(machine):
    """A line is cut at its end, and a backspace takes back one character of it and none of the prompt."""
    machine.serial.expect("^> $")
    machine.serial.send("y" * 100 + "\r")
    machine.serial.expect("y{71}\nshow, grow.*\n> $")
    machine.serial.send("\x7f\x7fshoww\x7f /etc/boots\r")
    machine.serial.expect("^booted$")
    assert "> showw\b \b /etc/boots\n" in machine.serial.text()


def test_full(machine):
    """A disk that is full says so, also where a part of the text has found room; and has room again when files go."""
    grown = 0
    while not (message := run(machine, "grow /large")):
        grown += 1
    assert message == ["No space left on device"]
    size = int(run(machine, "show /large")[0].split()[0])
    assert grown * PIECE <= size < (grown + 1) * PIECE
    assert run(machine, "append /more text") == ["No space left on device"]
    assert run(machine, "rm /large") == []
    assert run(machine, "append /more text") == []
    run_last(machine, "power off")
    machine.wait_exit()
    assert tool("e2fsck", "-fn", inside(machine.image))[0] == 0


def disk_bytes(machine) -> int:
    """What has been read from the disks."""
    return sum(device["stats"]["rd_bytes"] for device in machine.qmp("query-blockstats"))


def test_speed(boot):
    """A large file is measured; the second time it comes from memory."""
    machine = boot(reboot=True)
    for _ in range(8):
        assert run(machine, "grow /large") == []
    run_last(machine, "power again")
    bytes_read = [disk_bytes(machine)]
    for _ in range(2):
        shown, = run(machine, "show /large")
        found = re.fullmatch(r"(\d+) bytes in (\d+) us: (\d+) MB/s, the processor idle for (\d+) %", shown)
        size, spent, rate, idle = map(int, found.groups())
        assert size == 8 * PIECE and rate == size // spent and 0 <= idle <= 100
        bytes_read.append(disk_bytes(machine))
    assert bytes_read[1] - bytes_read[0] >= 8 * PIECE and bytes_read[2] == bytes_read[1]
