"""The machine driver itself, with a guest of one sector (guest.asm)."""
import os
import pathlib
import re
import select
import subprocess
import sys
import time
import zlib

import pytest
from support.session import once

from tools.machine import Bochs, DiskError, Elf, ExpectationFailed, MachineError, Qemu, page_tables, set_command_line
from tools.machine.bochs import available as bochs_available
from tools.machine.errors import seconds
from tools.machine.faultlog import fatal_chain
from tools.machine.image import COMMAND_LINE_OFFSET, command_line
from tools.machine.keys import chord

IMAGE_SIZE = 1 << 20
READY = r"^guest: ready$"


@pytest.fixture(scope="session")
def guest(builder) -> pathlib.Path:
    """The guest's image; guest.elf beside it has its symbols."""
    folder = builder.shared / "guest"

    def assemble() -> None:
        folder.mkdir(exist_ok=True)
        source = pathlib.Path(__file__).parent / "guest.asm"
        for command in (["nasm", "-f", "elf64", "-o", "guest.o", source],
                        ["ld.lld", "-m", "elf_x86_64", "-Ttext=0x7c00", "-e", "start", "-o", "guest.elf", "guest.o"],
                        ["llvm-objcopy", "-O", "binary", "-j", ".text", "guest.elf", "guest.img"]):
            subprocess.run(command, cwd=folder, check=True)
        with open(folder / "guest.img", "r+b") as image:
            image.truncate(IMAGE_SIZE)

    once(builder.shared, "guest", assemble)
    return folder / "guest.img"


@pytest.fixture(scope="session")
def symbols(guest) -> Elf:
    return Elf(guest.with_suffix(".elf"))


def test_serial_both_ways(guest):
    with Qemu(guest) as machine:
        machine.serial.expect(READY)
        text = "".join(chr(33 + n * 7 % 94) for n in range(2000))
        for command in "!#TL":
            text = text.replace(command, ".")
        machine.serial.send(text)
        machine.serial.expect(re.escape(text))
        machine.serial.send("#!")
        assert machine.wait_exit().status == 42
        assert machine.com2.data() == b"two\n"
        assert not machine.running()


def test_keys_screen_and_memory(guest, tmp_path):
    with Qemu(guest) as machine:
        machine.serial.expect(READY)
        typed = "Rung: ~all~ 'the' [keys] {of} a \"US\" keyboard? <1,2.3/4\\5|6> @$%^&*()_+-=`;" * 3
        machine.keys(typed)
        machine.serial.expect(re.escape(typed))
        assert "guest: ready" in machine.screen_text().splitlines()
        assert len(machine.screen_text().splitlines()) == 25
        assert machine.memory(0x7C00, 512) == guest.read_bytes()[:512]
        machine.screenshot(tmp_path / "screen.png")
        picture = (tmp_path / "screen.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        data = picture[picture.index(b"IDAT") + 4:]
        width, height = (int.from_bytes(picture[n:n + 4], "big") for n in (16, 20))
        assert len(zlib.decompressobj().decompress(data)) == (3 * width + 1) * height


def test_named_keys():
    assert chord("ctrl-c") == ["ctrl", "c"]
    assert chord("A") == ["shift", "a"]
    assert chord("enter") == chord("\n") == ["ret"]
    assert chord("shift-up") == ["shift", "up"]
    assert chord("-") == ["minus"]
    with pytest.raises(ValueError):
        chord("ö")


def test_a_failed_expectation_shows_the_console(guest):
    with Qemu(guest) as machine:
        machine.serial.expect(READY)
        with pytest.raises(ExpectationFailed, match=r"(?s)never.*nothing within.*guest: ready.*RIP 0x"):
            machine.serial.expect("never", 0.1)
        machine.serial.fail = re.compile("^panic", re.MULTILINE)
        machine.serial.send("\npanic")
        with pytest.raises(ExpectationFailed, match="the guest printed 'panic'"):
            machine.serial.expect("never")


def test_a_triple_fault_is_explained(guest, symbols):
    with Qemu(guest, symbols=symbols) as machine:
        machine.serial.expect(READY)
        machine.serial.send("T")
        assert machine.wait_exit().kind == "reset"
        with pytest.raises(ExpectationFailed, match=r"(?s)the machine reset.*console:"):
            machine.serial.expect("never")


def test_the_fatal_exceptions_are_read_from_the_log():
    def entry(vector: str, error: str, number: int) -> str:
        return (f"     {number}: v={vector} e={error} i=0 cpl=0 IP=0008:ffffffff80100020 pc=ffffffff80100020 "
                f"SP=0010:ffffffff80120000 env->regs[R_EAX]=0\nRAX=0\nCR0=80010011 CR2=0000000000001000 CR3=0 CR4=0\n")
    log = ("check_exception old: 0xffffffff new 0xe\n" + entry("0e", "0002", 0) + "Servicing hardware INT=0x20\n"
           + "check_exception old: 0xffffffff new 0xe\n" + entry("0e", "0002", 1)
           + "check_exception old: 0xe new 0xd\n" + entry("08", "0000", 2)
           + "check_exception old: 0x8 new 0xd\nTriple fault\n")
    chain = fatal_chain(log)
    assert [fault.vector for fault in chain] == [0x0E, 0x08]
    assert (chain[0].rip, chain[0].error, chain[0].cr2) == (0xFFFFFFFF80100020, 2, 0x1000)
    assert "page fault" in chain[0].describe()
    assert fatal_chain(log.replace("Triple fault", "")) == []


def long_mode(machine: Qemu, symbols: Elf) -> None:
    """Send the guest to 64-bit mode and stop it there."""
    machine.serial.expect(READY)
    stub = machine.gdb()
    stub.breakpoint(symbols.address("loop64"))
    stub.resume()
    machine.serial.send("L")
    stub.wait()
    stub.remove_breakpoint(symbols.address("loop64"))


def test_gdb_reads_steps_and_calls(guest, symbols):
    with Qemu(guest, gdb=True) as machine:
        long_mode(machine, symbols)
        stub = machine.gdb()
        assert stub.read_register("rip") == symbols.address("loop64")
        assert stub.step() > symbols.address("loop64")
        assert stub.read_register("rsp") == 0x7000
        assert stub.read(0x7C00, 512) == guest.read_bytes()[:512]
        stub.breakpoint(stub.read_register("rip"))         # of our own, where the calls return to
        stub.write(0x6000, bytes(range(256)) * 16)
        assert stub.read(0x6000, 4096) == bytes(range(256)) * 16
        before = stub.registers()
        for n in range(50):
            arguments = (3 * n, 1 << 40, 0, n + 2, 0, 7)
            expected = ((3 * n - (1 << 40)) * (n + 2) + 7) % (1 << 64)
            assert stub.call(symbols.address("multiply"), arguments) == expected
        after = stub.registers()
        assert after == before
        assert stub.cont() == before["rip"]
        with pytest.raises(MachineError):
            stub.read(0xDEAD0000, 8)


def test_gdb_stops_a_machine_at_power_on(guest, symbols):
    with Qemu(guest, gdb=True, stopped=True) as machine:
        machine.gdb().run_to(symbols.address("start"))
        assert machine.registers()["rip"] == symbols.address("start")
        assert machine.serial.text() == ""
        machine.gdb().close()
        machine.serial.expect(READY)


def test_gdb_runs_on_from_a_breakpoint(guest, symbols):
    with Qemu(guest, gdb=True, stopped=True) as machine:
        stub = machine.gdb()
        stub.breakpoint(symbols.address("put"))
        for _ in "guest":
            assert stub.cont() == symbols.address("put")
        stub.remove_breakpoint(symbols.address("put"))
        assert machine.serial.text() == "gues"
        stub.resume()
        machine.serial.expect(READY)


def test_page_tables_show_the_effective_rights(guest, symbols):
    with Qemu(guest, gdb=True, args=["-cpu", "max"]) as machine:
        long_mode(machine, symbols)
        low = page_tables(machine)
        rights = [(m.start, m.end, m.physical, m.writable, m.executable, m.user, m.is_global, m.page_size, m.cache)
                  for m in low]
        top = 0xFFFF800000000000
        expected = [(0x6000, 0x7000, 0x6000, True, False, False, False, 4096, 0),
                    (0x7000, 0x8000, 0x7000, False, True, False, False, 4096, 0),
                    (0xB8000, 0xB9000, 0xB8000, True, True, False, False, 4096, 2),
                    (0x200000, 0x400000, 0x200000, True, False, False, True, 2 << 20, 0)]
        assert rights == expected + [(top + start, top + end, physical, False, *others)
                                     for start, end, physical, _, *others in expected]
        assert 0x7FFF in low[1] and 0x8000 not in low[1]


def test_page_tables_want_64_bit_mode(guest):
    with Qemu(guest) as machine:
        machine.serial.expect(READY)
        with pytest.raises(ValueError, match="64-bit mode"):
            page_tables(machine)


@pytest.mark.parametrize("options", [{"drive": "usb"}, {"drive": "ahci"}, {"machine": "q35"}, {"machine": "isapc"},
                                     {"machine": "q35", "drive": "usb"}, {"memory": "16M"}, {"cpu": "qemu32"},
                                     {"icount": True}, {"fault_log": False},
                                     {"drive": ["-drive", "file={image},format=raw,if=ide"]}], ids=str)
def test_machines_to_boot(guest, options):
    with Qemu(guest, **options) as machine:
        machine.serial.expect(READY)


def test_a_second_disk_does_not_boot_first(guest, tmp_path):
    other = tmp_path / "other.img"
    other.write_bytes(guest.read_bytes().replace(b"guest: ready", b"other: ready"))
    for options in ({}, {"drive": "usb"}):
        with Qemu(guest, disks=[other], **options) as machine:
            machine.serial.expect(READY)
            assert "disk1" in machine.monitor("info block")


def test_injected_errors_reach_the_bios(guest):
    with Qemu(guest, errors=[DiskError(sector=0)]) as machine:
        deadline = time.monotonic() + seconds()
        while "No bootable device" not in machine.screen_text():
            assert machine.running() and time.monotonic() < deadline
        with pytest.raises(ExpectationFailed, match="No bootable device"):
            machine.serial.expect(READY, 0.1)


def test_the_run_works_on_a_copy(guest):
    before = guest.read_bytes()
    with Qemu(guest, cmdline="tests=a seed=1") as machine:
        assert command_line(machine.image) == "tests=a seed=1"
        directory = machine.directory
        machine.serial.expect(READY)
    assert guest.read_bytes() == before
    assert not directory.exists()


def test_command_lines_are_checked(tmp_path):
    image = tmp_path / "os.img"
    image.write_bytes(b"\xff" * IMAGE_SIZE)
    set_command_line(image, "x" * 127)
    data = image.read_bytes()
    assert data[COMMAND_LINE_OFFSET:COMMAND_LINE_OFFSET + 129] == b"x" * 127 + b"\0\xff"
    assert len(data) == IMAGE_SIZE
    for wrong in ("x" * 128, "a\0b", "ü"):
        with pytest.raises(ValueError):
            set_command_line(image, wrong)


def test_a_wrong_machine_is_reported(guest):
    with pytest.raises(MachineError, match="(?s)QEMU did not start.*no-such-cpu"):
        Qemu(guest, cpu="no-such-cpu").__enter__()


def test_no_machine_outlives_its_process(guest, tmp_path):
    """The process that runs a test is killed: its QEMU ends with it."""
    script = ("import os, sys; from tools.machine import Qemu\n"
              f"m = Qemu({str(guest)!r}).__enter__(); m.serial.expect('ready')\n"
              "print(m._process.pid, flush=True); os.kill(os.getpid(), 9)\n")
    top = pathlib.Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-B", "-c", script], cwd=top, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "TMPDIR": str(tmp_path)})      # what it leaves behind
    try:
        handle = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:
        return
    assert select.select([handle], [], [], 30)[0], "QEMU lives on"
    os.close(handle)


def test_symbols(symbols):
    assert symbols.bits == 64
    assert symbols.address("start") == 0x7C00
    assert symbols.describe(symbols.address("guilty") + 1) == "guilty+0x1"
    assert symbols.read(0x7C00 + 510, 2) == b"\x55\xaa"
    assert "multiply" in symbols and "nobody" not in symbols
    with pytest.raises(KeyError):
        symbols.address("nobody")


def test_symbols_of_32_bit_code(tmp_path):
    (tmp_path / "a.asm").write_text("section .text\nglobal first:function (last - first), last\n"
                                    "first: nop\n nop\nlast: ret\n")
    subprocess.run(["nasm", "-f", "elf32", "-o", "a.o", "a.asm"], cwd=tmp_path, check=True)
    subprocess.run(["ld.lld", "-m", "elf_i386", "-Ttext=0x100000", "-e", "first", "-o", "a.elf", "a.o"], cwd=tmp_path,
                   check=True)
    elf = Elf(tmp_path / "a.elf")
    assert elf.bits == 32 and elf.entry == 0x100000
    assert (elf["first"].address, elf["first"].size, elf["first"].kind) == (0x100000, 2, "func")
    assert elf.describe(0x100001) == "first+0x1"
    assert elf.describe(0x100002) == "last+0x0"
    assert elf.read(elf.address("last"), 1) == b"\xc3"


def test_bochs(guest):
    if not bochs_available():
        pytest.skip("Bochs is not installed")
    with Bochs(guest, memory=32) as machine:
        machine.serial.expect(READY)
        machine.serial.send("serial")
        machine.serial.expect("serial")
        machine.keys("Keys: A/b")
        machine.serial.expect("Keys: A/b")
        machine.serial.send("T")
        assert machine.wait_exit() == "triple fault"
        with pytest.raises(ExpectationFailed, match="(?s)triple fault.*console:.*exception"):
            machine.serial.expect("never")
