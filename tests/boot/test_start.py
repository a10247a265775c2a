"""The boot sector and the loader as a whole: what is on the disk, and that every machine boots it."""
import re
import shutil
import struct

import pytest
from boot.loader import BOOT_SECTOR, DIRECTION, RETURN, Loader, boot_symbols, wait_halted
from support.build import make

SECTOR = 512
CODE_LIMIT = 440
DISK_SIGNATURE = 0x676E7552
PARTITION_1 = 446
PARTITION_4 = PARTITION_1 + 3 * 16
LINUX = 0x83
NO_FILE_SYSTEM = 0xDA
BPB = range(3, 0x5A)    # where a FAT file system has its parameters
BOOT_AREA = 1 << 20
PRINTED = 0x600         # free memory, at the far end of the stack
HANDLER = 0x700


def test_image_layout(built):
    """The boot area is 1 MiB; disk signature, partition table and 0xAA55 have their places in its first sector. Partition
    4 is active and holds the boot area's other sectors. A kernel with a root file system has it in partition 1, behind
    the boot area and to the end; there is no other."""
    image = built.image.read_bytes()
    assert struct.unpack_from("<I", image, CODE_LIMIT)[0] == DISK_SIGNATURE
    assert image[CODE_LIMIT + 4:PARTITION_1] == bytes(2)
    if (built.chapter.path / "kernel/fs/root.c").exists():
        active, _, kind, _, first, count = struct.unpack_from("<B3sB3sII", image, PARTITION_1)
        assert (active, kind, first) == (0, LINUX, BOOT_AREA // SECTOR)
        assert len(image) == BOOT_AREA + count * SECTOR
    else:
        assert image[PARTITION_1:PARTITION_1 + 16] == bytes(16)
        assert len(image) == BOOT_AREA
    assert image[PARTITION_1 + 16:PARTITION_4] == bytes(2 * 16)
    active, _, kind, _, first, count = struct.unpack_from("<B3sB3sII", image, PARTITION_4)
    assert (active, kind, first, count) == (0x80, NO_FILE_SYSTEM, 1, BOOT_AREA // SECTOR - 1)
    assert image[510:512] == b"\x55\xaa"


def test_sector_has_room_to_spare(built):
    """What the boot sector says of its size is true, and it ends at least 16 bytes before its limit: another compiler's is a bit longer."""
    used = boot_symbols(built).address("sector_bytes_used")
    sector = built.image.read_bytes()[:CODE_LIMIT]
    assert len(sector.rstrip(b"\0")) <= used <= CODE_LIMIT - 16


def check_greeting(text: str, chapter, used: int) -> None:
    lines = text.splitlines()
    start = lines.index("Rung: hello from 16-bit C.")
    assert lines[start + 1] == "boot drive 0x80"
    assert lines[start + 2] == f"boot sector: {used} of 440 bytes"
    assert f"{chapter}: ready" in lines[start:]


@pytest.mark.chapters("01", "02")
def test_greets_on_screen_and_serial(boot, chapter, built):
    """The same lines on COM1 and on the screen: greeting, boot drive, bytes of the sector used, ready."""
    machine = boot()
    wait_halted(machine)
    used = boot_symbols(built).address("sector_bytes_used")
    check_greeting(machine.serial.text(), chapter, used)
    check_greeting(machine.screen_text(), chapter, used)


@pytest.mark.chapters("03")
def test_greets_on_serial(boot, chapter, built):
    """With a kernel that writes on the screen too, what the loader says is on COM1."""
    check_greeting(boot().serial.text(), chapter, boot_symbols(built).address("sector_bytes_used"))


def test_ready_in_bochs(boot, chapter):
    """Bochs, stricter than QEMU, boots to the ready line too."""
    assert "boot drive 0x80" in boot.bochs().serial.text()


@pytest.mark.parametrize("options", [
    {"drive": "usb"},
    {"drive": "ahci"},
    {"machine": "q35"},
    {"machine": "q35", "drive": "usb"},
], ids=["usb", "ahci", "q35-ahci", "q35-usb"])
def test_ready_from(boot, chapter, options):
    """Boots from a USB stick and from an AHCI disk, on both of QEMU's machines: the BIOS knows them. A kernel that
    wants its root file system says in one line that it has no driver for these, and halts."""
    machine = boot(**options, ready=False)
    if (chapter.path / "kernel" / "fs" / "root.c").exists():
        machine.serial.expect("root: there is no ATA disk")
        wait_halted(machine)
    else:
        machine.serial.expect(chapter.ready)


@pytest.mark.ends
def test_ready_with_second_disk(boot, built, tmp_path):
    """A second disk, full of other things, is left alone."""
    other = tmp_path / "other.img"
    other.write_bytes(bytes(range(1, 256)) * 8192)
    machine = boot(disks=[other])
    assert "boot drive 0x80" in machine.serial.text()


@pytest.mark.chapters("01", "03")
def test_ready_from_drive_81(boot, chapter, built, tmp_path):
    """Where the BIOS says that it booted drive 0x81, everything is read from there: drive 0x80 has no more than the
    first sector."""
    first = tmp_path / "first.img"
    first.write_bytes(built.image.read_bytes()[:SECTOR] + b"\xee" * (BOOT_AREA - SECTOR))
    machine = boot(first, disks=[built.image], gdb=True, stopped=True, ready=False)
    loader = Loader(machine, boot_symbols(built))
    loader.gdb.write_register("rdx", 0x81)
    loader.finish()
    machine.serial.expect(chapter.ready)
    assert "boot drive 0x81" in machine.serial.text()


@pytest.mark.ends
def test_entry_at_any_segment(boot, chapter, built):
    """Some BIOSes enter the sector as 07C0:0000, with any registers and the direction flag set."""
    machine = boot(gdb=True, stopped=True, ready=False)
    loader = Loader(machine, boot_symbols(built))
    for name in ("rax", "rbx", "rcx", "rsi", "rdi", "rbp"):
        loader.gdb.write_register(name, 0xDEADBEEF)
    for name in ("ds", "es", "fs", "gs"):
        loader.gdb.write_register(name, 0x1234)
    loader.gdb.write_register("eflags", loader.gdb.read_register("eflags") | 1 << 10)
    loader.gdb.write_register("cs", BOOT_SECTOR >> 4)
    loader.gdb.write_register("rip", 0)
    loader.finish()
    machine.serial.expect(chapter.ready)


@pytest.mark.chapters("02", "03")
def test_bios_writes_parameters(boot, built, tmp_path):
    """A BIOS that writes into the boot sector where a FAT file system would have its parameters does no harm."""
    image = bytearray(built.image.read_bytes())
    for place in BPB:
        image[place] = 0xFF
    written = tmp_path / "written.img"
    written.write_bytes(image)
    boot(written)


@pytest.mark.chapters("01", "03")
def test_screen_service_keeps_nothing(boot, built):
    """print goes on, and C gets what it counts on, after an int 10h that loses segments, ESP's upper half and the
    direction flag."""
    loader = Loader(boot(gdb=True, stopped=True, ready=False), boot_symbols(built))
    loader.run_to("print")
    gdb = loader.gdb
    gdb.write(HANDLER, RETURN)
    gdb.write(4 * 0x10, struct.pack("<HH", HANDLER, 0))
    gdb.write(PRINTED, b"two\0")
    seen = []

    def service() -> None:
        registers = gdb.registers()
        seen.append(registers["rax"] & 0xFFFF)
        flags = struct.unpack("<H", gdb.read((registers["rsp"] & 0xFFFF) + 4, 2))[0]
        gdb.write((registers["rsp"] & 0xFFFF) + 4, struct.pack("<H", flags | DIRECTION))
        gdb.write_register("ds", 0x1230)
        gdb.write_register("es", 0x4560)
        gdb.write_register("rsp", registers["rsp"] | 0xDEAD0000)

    saved = gdb.registers()
    loader.call("print", PRINTED, stops={HANDLER: service})
    assert seen == [0x0E00 | byte for byte in b"two"]
    assert loader.after["rsp"] == saved["rsp"] - 512 + 4
    assert (loader.after["ds"], loader.after["es"]) == (0, 0) and not loader.after["eflags"] & DIRECTION


@pytest.mark.chapters("01", "02")
def test_serial_settings(boot):
    """COM1 is set up in full: 115200 baud, 8N1, FIFO on, DTR and RTS, no interrupts."""
    machine = boot()
    wait_halted(machine)    # or a last byte would go where the divisor's are

    def port(number: int) -> int:
        return int(machine.monitor(f"i /b {number:#x}").split("=")[1], 16)

    assert port(0x3FB) == 0x03 and port(0x3F9) == 0 and port(0x3FC) & 0x03 == 0x03
    assert port(0x3FA) & 0xC0 == 0xC0
    machine.monitor("o /b 0x3fb 0x83")
    assert (port(0x3F9), port(0x3F8)) == (0, 1)


@pytest.mark.chapters("01", "02")
def test_halts(boot, chapter):
    """After the ready line the processor halts, and nothing follows on the console."""
    machine = boot()
    machine.serial.expect("\n")
    wait_halted(machine)
    assert machine.serial.text().endswith(f"{chapter}: ready\n")


def failed_build(builder, chapter, tmp_path, name: str, text: str) -> str:
    """What make says to the chapter with some text added to a file."""
    folder = tmp_path / chapter.path.name
    shutil.copytree(chapter.path, folder, ignore=shutil.ignore_patterns("build"))
    shutil.copyfile(builder.copy(chapter).parent / "common.mk", tmp_path / "common.mk")
    with open(folder / name, "a") as file:
        file.write(text)
    done = make(folder, "all")
    assert done.returncode != 0
    assert not (folder / "build/os.img").exists()
    return done.stdout


@pytest.mark.chapters("01", "02")
def test_too_long_for_the_sector(builder, chapter, tmp_path):
    """Code that doesn't fit into the 440 bytes fails the build with a line that says what to do."""
    if chapter.number == 1:
        log = failed_build(builder, chapter, tmp_path, "boot/main.c", "\nconst char filler[120] = {1};\n")
    else:
        log = failed_build(builder, chapter, tmp_path, "boot/stage1.asm", "\ntimes 120 db 1\n")
    assert re.search(r"boot sector: .* 440 bytes; make them shorter", log)


@pytest.mark.chapters("02", "03")
def test_stage2_too_long(builder, chapter, tmp_path):
    """So does a stage 2 of more than 64 sectors."""
    log = failed_build(builder, chapter, tmp_path, "boot/main.c", "\nconst char filler[30000] = {1};\n")
    assert re.search(r"stage 2: exceeds 64 sectors; make", log)
