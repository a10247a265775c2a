"""The kernel's first instructions (kernel/entry.asm, long_mode.asm) and its image (kernel.ld), seen from outside."""
import re

import pytest

from tools.machine.elf import Elf

KERNEL_PHYS = 0x100000
PAGE_SIZE = 0x1000
BOOT_INFO_MAGIC = 0x474E5552
INTERRUPT = 1 << 9
WRITE, EXECUTE = 2, 1
WHITE_ON_RED = 0x4F
VGA_TEXT, COLUMNS = 0xB8000, 80

pytestmark = pytest.mark.chapters("03")


def check_refusal(machine, message: str) -> None:
    """The message is the last line on serial and the first on the screen, in white on red, and the machine halts."""
    machine.serial.expect(rf"^{message}\n")
    while not machine.registers()["hlt"]:
        assert machine.running()
    assert not machine.registers()["rflags"] & INTERRUPT
    assert re.search(rf"^{message}\n\Z", machine.serial.text(), re.MULTILINE)
    assert re.fullmatch(message, machine.screen_text().splitlines()[0])
    assert set(machine.memory(VGA_TEXT, 2 * COLUMNS)[1::2]) == {WHITE_ON_RED}
    assert machine.running()


@pytest.mark.ends
def test_wrong_magic(boot):
    """Entered by anything but its loader, the kernel says so and halts."""
    machine = boot(ready=False, gdb=True, stopped=True)
    gdb = machine.gdb()
    gdb.run_to(KERNEL_PHYS)
    assert gdb.read_register("rax") & 0xFFFFFFFF == BOOT_INFO_MAGIC
    gdb.write_register("rax", 0)
    gdb.resume()
    check_refusal(machine, "kernel: entered without the magic number of its boot loader")


@pytest.mark.ends
@pytest.mark.chapters("04")
@pytest.mark.parametrize("cpu, message", [
    ("qemu32", "kernel: this is no 64-bit processor, it has no long mode"),
    ("qemu64,-lm", "kernel: this is no 64-bit processor, it has no long mode"),
    ("qemu64,xlevel=0", "kernel: this is no 64-bit processor, it has no long mode"),
    ("qemu64,-nx", r"kernel: this processor has no no-execute pages \(NX\), or the BIOS disabled them"),
])
def test_refusal(boot, cpu, message):
    """A processor without long mode, without extended CPUID leaves, or without NX gets one clear line and a halt."""
    check_refusal(boot(cpu=cpu, ready=False), message)


@pytest.mark.chapters("03", "03")
def test_32_bits_are_enough(boot):
    """A 32-bit processor suffices for the 32-bit kernel."""
    boot(cpu="qemu32")


@pytest.mark.chapters("03", "03")
def test_pentium(boot):
    """So does a Pentium, which has none of the instructions that came after it."""
    boot.bochs(cpu="pentium")


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
def test_processors(boot, cpu):
    """The kernel runs on the plainest 64-bit processor that QEMU has, and on the one with everything."""
    boot(cpu=cpu)


@pytest.mark.ends
@pytest.mark.chapters("04")
def test_flags(boot):
    """C starts with all flags off, whatever the BIOS left on: here NT, with which IRET would fault."""
    nested_task = 1 << 14
    machine = boot(ready=False, gdb=True, stopped=True)
    gdb = machine.gdb()
    gdb.run_to(KERNEL_PHYS)
    gdb.write_register("eflags", gdb.read_register("eflags") | nested_task)
    gdb.run_to(machine.symbols.address("kmain"))
    assert not gdb.read_register("eflags") & (nested_task | INTERRUPT)


@pytest.mark.ends
@pytest.mark.chapters("04")
def test_no_local_descriptors(boot):
    """There is no LDT, where after reset one of 64 KiB lies at address 0."""
    machine = boot()
    found = re.search(r"^LDT *=(\S+) (\S+) (\S+) ", machine.monitor("info registers"), re.MULTILINE)
    assert [int(part, 16) for part in found.groups()] == [0, 0, 0]      # selector, base, limit


@pytest.mark.ends
def test_bss_is_cleared(boot, built):
    """.bss is all zero when C starts, whatever was in memory."""
    symbols = Elf(built.kernel)
    machine = boot(ready=False, gdb=True, stopped=True)
    gdb = machine.gdb()
    gdb.run_to(KERNEL_PHYS)
    base = symbols.address("kernel_start") - KERNEL_PHYS
    start, stack = (symbols.address(name) - base for name in ("bss_start", "boot_stack"))
    for place in range(start, stack, 0x1000):
        gdb.write(place, b"\xA5" * min(0x1000, stack - place))
    gdb.run_to(symbols.address("kmain"))
    tables = {"first_pml4", "first_pdpt", "image_pdpt", "page_directories"}
    holes = sorted(symbols.address(name) - base for name in tables if name in symbols)
    memory = machine.memory(start, stack - start)
    if holes:       # the first page tables, seven pages in a row
        first, end = holes[0] - start, holes[-1] + 4 * PAGE_SIZE - start
        memory = memory[:first] + memory[end:]
    assert memory.count(0) == len(memory)


def test_image(built):
    """The image begins with the entry code, is page aligned by rights, and nothing in it is writable and executable."""
    elf = Elf(built.kernel)
    base = elf.address("kernel_start") - KERNEL_PHYS
    assert elf.address("entry") == KERNEL_PHYS
    names = ("kernel_start", "kernel_text_start", "kernel_text_end", "kernel_rodata_start", "kernel_rodata_end",
             "kernel_data_start", "boot_stack_guard", "boot_stack", "boot_stack_top", "kernel_end")
    addresses = [elf.address(name) for name in names]
    assert addresses == sorted(addresses)
    assert all(address % PAGE_SIZE == 0 for address in addresses)
    assert elf.address("boot_stack") - elf.address("boot_stack_guard") == PAGE_SIZE
    loaded = [segment for segment in elf.segments if segment.kind == 1 and segment.memory_size]
    assert all(segment.flags & (WRITE | EXECUTE) != WRITE | EXECUTE for segment in loaded)
    assert all(segment.physical in (segment.address, segment.address - base) for segment in loaded)
    assert min(segment.physical for segment in loaded) == KERNEL_PHYS
    # kernel.bin is the loaded part of the file, byte for byte at its physical place.
    binary = (built.output / "kernel.bin").read_bytes()
    assert len(binary) == max(segment.physical + segment.file_size for segment in loaded) - KERNEL_PHYS
    for segment in loaded:
        assert binary[segment.physical - KERNEL_PHYS:][:segment.file_size] == elf.read(segment.address,
                                                                                      segment.file_size)
