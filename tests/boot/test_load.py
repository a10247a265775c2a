"""From the disk to the kernel's first instruction: the kernel whole at 1 MiB, and the hand-over of boot_info.h."""
import random
import re
import shutil
import struct

import pytest
from boot.loader import Loader, boot_symbols, wait_halted
from boot.test_memmap import printed_map
from support.build import make

from tools.machine import Qemu
from tools.machine.elf import Elf

pytestmark = pytest.mark.chapters("03")

KIB, MIB = 1 << 10, 1 << 20
SECTOR = 512
KERNEL_PHYS = MIB
MAGIC = 0x474E5552
DISK_SIGNATURE_OFFSET = 440
MEMORY_MAP_MAX = 64
CR0_PE, CR0_PG, FLAG_IF = 1 << 0, 1 << 31, 1 << 9
IN_AL, OUT_AL = 0xE4, 0xE6      # the port is the byte behind
TYPES = {1: "usable", 2: "reserved", 3: "ACPI tables", 4: "ACPI NVS", 5: "defective"}


class Handover:
    """The machine at the kernel's first instruction."""

    def __init__(self, machine: Qemu, symbols: Elf):
        self.loader = Loader(machine, symbols)
        self.loader.run_to("kernel_address")
        self.registers = machine.registers()
        info = machine.memory(self.registers["rbx"], 160 + 24 * MEMORY_MAP_MAX)
        (self.magic, self.version, self.boot_drive, self.disk_signature, self.kernel_start, self.kernel_end, command_line,
         count, _) = struct.unpack_from("<6I128s2I", info)
        self.command_line = command_line
        self.memory = [struct.unpack_from("<QQII", info, 160 + 24 * n) for n in range(count)]


@pytest.fixture
def handover(boot, built):
    """Boots to the kernel's first instruction: handover(memory="6G") as boot."""
    def start(**options) -> Handover:
        return Handover(boot(gdb=True, stopped=True, ready=False, **options), boot_symbols(built))
    return start


@pytest.mark.ends
def test_processor_state(handover):
    """Flat 4 GiB segments, protection on, paging and interrupts off, A20 open, EAX = magic, EBX below 1 MiB."""
    at = handover()
    registers = at.registers
    assert registers["rip"] == KERNEL_PHYS and registers["rax"] == MAGIC and registers["rbx"] < MIB
    assert registers["cr0"] & CR0_PE and not registers["cr0"] & CR0_PG
    assert not registers["rflags"] & FLAG_IF
    segments = re.findall(r"^([CDEFGS]S) *=([0-9a-f]{4}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) DPL=0 (CS32|DS  )",
                          at.loader.machine.monitor("info registers"), re.MULTILINE)
    assert {name for name, *_ in segments} == {"CS", "DS", "ES", "FS", "GS", "SS"}
    for name, _, base, limit, _, kind in segments:
        assert (base, limit, kind) == ("00000000", "ffffffff", "CS32" if name == "CS" else "DS  ")
    assert not at.loader.a20_is_closed()


@pytest.mark.chapters("03", "03")
def test_nmis_are_off(boot, built):
    """Before it leaves real mode, the loader closes the gate for NMIs, bit 7 of port 70h, and reads port 71h after it."""
    loader = Loader(boot(gdb=True, stopped=True, ready=False), boot_symbols(built))
    loader.run_to("protected_mode_enter")
    entry, ports = loader.address("kernel_address"), []
    rip = loader.address("protected_mode_enter")
    while rip != entry:
        code = loader.gdb.read(rip, 2)
        if code[0] in (IN_AL, OUT_AL):
            ports.append((code[1], loader.gdb.read_register("rax") & 0x80 if code[0] == OUT_AL else None))
        rip = loader.gdb.step()
    assert ports == [(0x70, 0x80), (0x71, None)]


@pytest.mark.ends
def test_boot_info(handover, built):
    """Version, drive, disk signature, extent of the kernel; the command line is empty."""
    at = handover()
    image = built.image.read_bytes()
    assert (at.magic, at.version, at.boot_drive) == (MAGIC, 1, 0x80)
    assert at.disk_signature == struct.unpack_from("<I", image, DISK_SIGNATURE_OFFSET)[0]
    size = (built.output / "kernel.bin").stat().st_size
    assert (at.kernel_start, at.kernel_end) == (KERNEL_PHYS, KERNEL_PHYS + size)
    assert at.command_line == bytes(128)


@pytest.mark.ends
@pytest.mark.parametrize("line", ["seed=12 test=all", "x" * 127])
def test_command_line(handover, line):
    """A command line that a tool wrote into the image, up to 127 bytes, arrives and is printed."""
    at = handover(cmdline=line)
    assert at.command_line == line.encode().ljust(128, b"\0")
    assert f'command line: "{line}"\n' in at.loader.machine.serial.text()


@pytest.mark.ends
def test_command_line_is_ended(boot, built, tmp_path):
    """128 bytes without a zero are cut: nobody reads on behind them."""
    image = bytearray(built.image.read_bytes())
    image[2047 * SECTOR:2047 * SECTOR + 200] = b"y" * 200
    full = tmp_path / "full.img"
    full.write_bytes(image)
    machine = boot(full, gdb=True, stopped=True, ready=False)
    assert Handover(machine, boot_symbols(built)).command_line == b"y" * 127 + b"\0"
    assert 'command line: "' + "y" * 127 + '"\n' in machine.serial.text()


@pytest.mark.ends
@pytest.mark.parametrize("memory", ["16M", "6G"])
def test_memory_map(handover, memory):
    """The kernel gets the map that was printed."""
    at = handover(memory=memory)
    ranges = [(start, start + size, TYPES[kind]) for start, size, kind, attributes in at.memory if attributes == 1]
    assert len(ranges) == len(at.memory) > 3
    assert ranges == printed_map(at.loader.machine.serial.text())


@pytest.mark.ends
def test_kernel_is_whole(handover, built):
    """The chapter's kernel lies at 1 MiB, to its last byte."""
    kernel = (built.output / "kernel.bin").read_bytes()
    assert handover().loader.machine.memory(KERNEL_PHYS, len(kernel)) == kernel


# Kernels of other sizes

def build_padded(builder, chapter, folder, size: int):
    """make for a copy of the chapter whose kernel has `size` random bytes more. Returns the result and the output."""
    target = folder / chapter.path.name
    shutil.copytree(chapter.path, target, ignore=shutil.ignore_patterns("build"))
    shutil.copyfile(builder.copy(chapter).parent / "common.mk", folder / "common.mk")
    (target / "padding.bin").write_bytes(random.Random(size).randbytes(size))
    with open(target / "kernel/main.c", "a") as file:
        file.write('\n__asm__(".section .rodata\\n.incbin \\"padding.bin\\"\\n.text\\n");\n')
    return make(target, "all"), target / "build"


@pytest.mark.chapters("03", "03")
@pytest.mark.parametrize("size", [0, 1, 700 * KIB], ids=["plain", "odd", "700K"])
def test_kernel_of_any_size(boot, builder, chapter, tmp_path, size):
    """A kernel that is larger by up to 700 KiB, which the BIOS's own buffers don't hold, arrives whole and starts."""
    done, output = build_padded(builder, chapter, tmp_path, size)
    assert done.returncode == 0, done.stdout
    kernel = (output / "kernel.bin").read_bytes()
    machine = boot(output / "os.img", gdb=True, stopped=True, ready=False)
    loader = Loader(machine, Elf(output / "boot.elf"))
    loader.run_to("kernel_address")
    assert machine.memory(KERNEL_PHYS, len(kernel)) == kernel
    loader.finish()
    machine.serial.expect(chapter.ready)


@pytest.mark.chapters("03", "03")
def test_large_kernel_elsewhere(boot, builder, chapter, tmp_path):
    """... also from a USB stick, and in Bochs."""
    done, output = build_padded(builder, chapter, tmp_path, 700 * KIB)
    assert done.returncode == 0, done.stdout
    boot(output / "os.img", drive="usb", machine="q35")
    boot.bochs(output / "os.img")


@pytest.mark.chapters("03", "03")
def test_kernel_up_to_the_last_sector(boot, builder, chapter, built, tmp_path):
    """The largest kernel that fits is loaded to its end, and one sector more fails the build with a clear message."""
    symbols = boot_symbols(built)
    room = (2047 - symbols.address("kernel_lba")) * SECTOR - symbols.address("kernel_sectors") * SECTOR
    # Sections are aligned to pages: find the largest padding by what the build says.
    fits = (room - 4096) // 4096 * 4096
    (tmp_path / "fits").mkdir()
    done, output = build_padded(builder, chapter, tmp_path / "fits", fits)
    assert done.returncode == 0, done.stdout
    assert 2047 - Elf(output / "boot.elf").address("kernel_lba") - Elf(output / "boot.elf").address("kernel_sectors") < 17
    machine = boot(output / "os.img")
    assert machine.running()
    (tmp_path / "exceeds").mkdir()
    done, output = build_padded(builder, chapter, tmp_path / "exceeds", fits + 3 * 4096)
    assert done.returncode != 0 and not (output / "os.img").exists()
    assert re.search(r"kernel: does not fit into the boot area of 1 MiB; make it smaller", done.stdout)


# Machines that can't

@pytest.mark.chapters("03", "03")
@pytest.mark.parametrize("missing", ["most of it", "a part of .bss"])
def test_no_memory_at_1_mib(boot, built, missing):
    """A machine whose map has no usable memory for the kernel, .bss included, gets one line."""
    machine = boot(gdb=True, stopped=True, ready=False)
    loader = Loader(machine, boot_symbols(built))
    loader.run_to("load_kernel")
    memory = loader.gdb.read_register("rdx")
    there = 0x5000 if missing == "most of it" else loader.symbols.address("kernel_memory_size") - 1
    for n in range(loader.gdb.read_register("rcx")):
        start = struct.unpack("<Q", loader.gdb.read(memory + 24 * n, 8))[0]
        if start == MIB:
            loader.gdb.write(memory + 24 * n + 8, struct.pack("<Q", there))
    loader.finish()
    machine.serial.expect(r"^kernel: no usable memory for it at 0x00100000\n")
    wait_halted(machine)


@pytest.mark.chapters("03", "03")
def test_bios_that_cannot_copy(boot, built):
    """A BIOS that refuses to copy to high memory gets one line with its status."""
    machine = boot(gdb=True, stopped=True, ready=False)
    loader = Loader(machine, boot_symbols(built))
    loader.run_to("load_kernel")
    loader.stop_at("bios_call")
    while loader.gdb.cont():
        registers = loader.gdb.registers()
        service = loader.bios_registers(registers["rdx"])
        if registers["rax"] & 0xFF == 0x15:
            break
    assert service["eax"] >> 8 == 0x87
    # As if the service had been called: EAX and flags in the struct, and back to the caller.
    loader.gdb.write(registers["rdx"] + 28, struct.pack("<I", 0x0300))
    loader.gdb.write(registers["rdx"] + 36, struct.pack("<I", 1))
    loader.skip_here()
    loader.stop_at()
    loader.finish()
    machine.serial.expect(r"^kernel: cannot copy to 0x00100000, BIOS status 0x03\n")
