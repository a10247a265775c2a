"""Reading the disk: errors, retries, short images, BIOSes that can't, pieces and 64 KiB borders."""
import random
import re
import struct

import pytest
from boot.loader import BOOT_SECTOR, CARRY, Loader, boot_symbols, wait_halted

from tools.machine.qemu import DiskError

SECTOR = 512
LAST_LBA = 2047
SEGMENT = 0x10000
PIECE_MAX = 64
TRIES = 3
DISK_VECTOR = 0x13
RESET, EXTENSIONS_CHECK, EXTENDED_READ = 0x00, 0x41, 0x42
INT_13H = b"\xcd\x13"
STAGE1_ERROR = r"boot: cannot read stage 2, BIOS status 0x(?!00)[0-9a-f]{2}\n"

pytestmark = pytest.mark.chapters("02", "03")


def expect_last_line(machine, pattern: str) -> None:
    """The machine's last words, on COM1 and on the screen, are one line; then it halts."""
    machine.serial.expect(pattern)
    wait_halted(machine)
    for text in (machine.serial.text(), machine.screen_text().rstrip("\n") + "\n"):
        assert re.search(pattern + r"\Z", text), text


def sector_of(built, name: str) -> int:
    return boot_symbols(built).address(name)


# Errors that go away

@pytest.mark.parametrize("place", ["stage 2", "command line", "kernel"])
@pytest.mark.parametrize("errors", [1, TRIES - 1])
def test_retried(boot, chapter, built, place, errors):
    """A read that fails once or twice is tried again, and the machine boots."""
    if place == "kernel" and chapter.number < 3:
        sector = 1 + sector_of(built, "stage2_sectors") // 2
    else:
        sector = {"stage 2": 1, "command line": LAST_LBA}.get(place) or sector_of(built, "kernel_lba")
    boot(errors=[DiskError(sector=sector, once=True)] * errors)


# Errors that stay

def test_stage2_unreadable(boot):
    """Stage 1 gives up with one line that has the BIOS's status."""
    expect_last_line(boot(errors=[DiskError(sector=1)], ready=False), STAGE1_ERROR)


def test_gives_up_after_three(boot):
    """Three errors are one too many."""
    machine = boot(errors=[DiskError(sector=LAST_LBA, once=True)] * TRIES, ready=False)
    expect_last_line(machine, r"disk 0x80: cannot read sectors 2047 to 2047, BIOS status 0x(?!00)[0-9a-f]{2}\n")


@pytest.mark.chapters("03", "03")
def test_kernel_unreadable(boot, built):
    """The line names the sectors of the piece that can't be read."""
    first = sector_of(built, "kernel_lba")
    last = first + min(PIECE_MAX, sector_of(built, "kernel_sectors")) - 1
    machine = boot(errors=[DiskError(sector=first + 3)], ready=False)
    expect_last_line(machine, rf"disk 0x80: cannot read sectors {first} to {last}, BIOS status 0x(?!00)[0-9a-f]{{2}}\n")


def test_resets_between_tries(boot, built):
    """Between two tries of stage 1, and of disk_read, the drive is reset."""
    symbols = boot_symbols(built)
    sector = built.image.read_bytes()[:SECTOR]
    services = [BOOT_SECTOR + match.start() for match in re.finditer(re.escape(INT_13H), sector)]
    machine = boot(errors=[DiskError(sector=1, once=True), DiskError(sector=LAST_LBA, once=True)], gdb=True,
                   stopped=True, ready=False)
    loader = Loader(machine, symbols)
    loader.stop_at("start", *services)
    calls = []
    while (rip := loader.gdb.cont()) in services:
        calls.append(loader.gdb.read_register("rax") >> 8 & 0xFF)
    assert rip == symbols.address("start")
    assert calls == [EXTENSIONS_CHECK, EXTENDED_READ, RESET, EXTENDED_READ]

    loader.stop_at("bios_call", "memmap_read")
    calls = []
    while loader.gdb.cont() == symbols.address("bios_call"):
        registers = loader.gdb.registers()
        assert registers["rax"] & 0xFF == DISK_VECTOR
        calls.append(loader.bios_registers(registers["rdx"])["eax"] >> 8 & 0xFF)
    assert calls == [EXTENDED_READ, RESET, EXTENDED_READ]


# Images that aren't whole

@pytest.mark.parametrize("size, pattern", [
    (SECTOR, STAGE1_ERROR),
    (3 * SECTOR, STAGE1_ERROR),
    (LAST_LBA * SECTOR, r"disk 0x80: cannot read sectors \d+ to 2047, BIOS status 0x(?!00)[0-9a-f]{2}\n"),
], ids=["one sector", "part of stage 2", "all but one sector"])
def test_short_image(boot, built, tmp_path, size, pattern):
    """An image that was cut off gives one line."""
    short = tmp_path / "short.img"
    short.write_bytes(built.image.read_bytes()[:size])
    expect_last_line(boot(short, ready=False), pattern)


def test_short_image_on_a_larger_disk(boot, built, tmp_path):
    """A disk to which only a part of the image was copied can be read, but has no end mark."""
    part = tmp_path / "part.img"
    part.write_bytes(built.image.read_bytes()[:LAST_LBA * SECTOR].ljust(2 << 20, b"\0"))
    expect_last_line(boot(part, ready=False), r"boot: the image on this disk is not whole; copy all of it\n")


# BIOSes that can't

@pytest.mark.parametrize("answer", [
    {"eflags": CARRY, "rax": 0x0100},
    {"rbx": 0x55AA},
    {"rcx": 0},
], ids=["carry", "signature", "no extended read"])
def test_no_extensions(boot, built, answer):
    """A BIOS without extended read gets one line, whichever way it says so."""
    sector = built.image.read_bytes()[:SECTOR]
    after = BOOT_SECTOR + sector.index(INT_13H) + len(INT_13H)
    machine = boot(gdb=True, stopped=True, ready=False)
    loader = Loader(machine, boot_symbols(built))
    loader.run_to(after)
    registers = loader.gdb.registers()
    assert not registers["eflags"] & CARRY and registers["rbx"] & 0xFFFF == 0xAA55
    for name, value in answer.items():
        loader.gdb.write_register(name, registers[name] | value if name == "eflags" else value)
    loader.finish()
    expect_last_line(machine, r"boot: this BIOS cannot read by sector number, status 0x[0-9a-f]{2}\n")


# disk_read by itself

@pytest.fixture
def reader(boot, built, tmp_path):
    """The loader stopped at a20_open, on a disk full of random bytes; `reader.image` is what is on it."""
    image = bytearray(built.image.read_bytes())
    used = SECTOR * (1 + sector_of(built, "stage2_sectors"))
    image[used:LAST_LBA * SECTOR] = random.Random(1).randbytes(LAST_LBA * SECTOR - used)
    noise = tmp_path / "noise.img"
    noise.write_bytes(image)
    loader = Loader(boot(noise, gdb=True, stopped=True, ready=False), boot_symbols(built))
    loader.run_to("a20_open")
    loader.image = bytes(image)
    return loader


def read_calls(reader, lba: int, count: int, address: int) -> list[tuple[int, int]]:
    """Call disk_read; where the packets of its BIOS calls put how many sectors."""
    packets = []

    def note() -> None:
        registers = reader.gdb.registers()
        assert registers["rax"] & 0xFF == DISK_VECTOR
        service = reader.bios_registers(registers["rdx"])
        size, _, sectors, offset, segment, _ = struct.unpack("<BBHHHQ", reader.gdb.read(service["esi"], 16))
        assert size == 16 and service["eax"] >> 8 == EXTENDED_READ and service["edx"] == 0x80
        packets.append((16 * segment + offset, sectors))

    reader.call("disk_read", 0x80, lba, count, address, stops={"bios_call": note})
    return packets


RANDOM = random.Random(2)


@pytest.mark.chapters("02", "02")
@pytest.mark.parametrize("lba, count, address", [
    (100, 1, 0x10000),
    (101, PIECE_MAX, 0x10000),
    (102, PIECE_MAX + 1, 0x20000),
    (300, 2, 2 * SEGMENT - SECTOR),
    (301, 128, 2 * SEGMENT - 3 * SECTOR),
    (0, 700, 0x20200),
    (LAST_LBA, 1, 0x80000 - SECTOR),
    *((RANDOM.randrange(1500), count := RANDOM.randrange(1, 400),
       0x10000 + SECTOR * RANDOM.randrange((0x70000 - count * SECTOR) // SECTOR)) for _ in range(6)),
])
def test_disk_read(reader, lba, count, address):
    """Any number of sectors from anywhere to anywhere: the right bytes, none beside them, in pieces of at most 64
    sectors, none across a 64 KiB border, and not more pieces than needed."""
    guard = bytes([0xA5]) * SECTOR
    end = address + count * SECTOR
    reader.gdb.write(address - SECTOR, guard)
    if end < 0x80000:
        reader.gdb.write(end, guard)
    packets = read_calls(reader, lba, count, address)
    assert reader.machine.memory(address, count * SECTOR) == reader.image[lba * SECTOR:(lba + count) * SECTOR]
    assert reader.machine.memory(address - SECTOR, SECTOR) == guard
    if end < 0x80000:
        assert reader.machine.memory(end, SECTOR) == guard

    wanted, position = [], address
    while position < end:
        border = (position // SEGMENT + 1) * SEGMENT
        sectors = min(PIECE_MAX, (border - position) // SECTOR, (end - position) // SECTOR)
        wanted.append((position, sectors))
        position += sectors * SECTOR
    assert packets == wanted


@pytest.mark.chapters("02", "02")
@pytest.mark.parametrize("count, address", [
    (1, 0x10001), (1, 0x80000), (0x7FFFFF, 0x10000), (1, 0x90000), (1, 0xFFFFFE00),
])
def test_disk_read_refuses(reader, count, address):
    """An address that is not the loader's is refused before anything is read."""
    def not_reached() -> None:
        raise AssertionError("the BIOS was called")

    class Halted(Exception):
        pass

    def halted() -> None:
        raise Halted

    with pytest.raises(Halted):
        reader.call("disk_read", 0x80, 100, count, address, stops={"bios_call": not_reached, "halt": halted})
    reader.machine.serial.expect("disk: a read to an address that is not ours\n")
