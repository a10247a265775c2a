"""The page tables as the processor has them: walked from outside, at the ready line, in machines of three sizes."""
import dataclasses
import re

import pytest
from support.session import once

from tools.machine import Elf, Mapping, Qemu, page_tables

PAGE, LARGE_PAGE = 0x1000, 0x200000
KERNEL_PHYS = 0x100000
KERNEL_STACK_SIZE = 0x4000
KERNEL_HALF = 0xFFFF_8000_0000_0000
DIRECT_MAP = 0xFFFF_8000_0000_0000
KERNEL_AREA = 0xFFFF_C000_0000_0000
TOP_LEVEL_SIZE = 1 << 39
KERNEL_BASE = 0xFFFF_FFFF_8000_0000
VGA_WINDOW = (0xA0000, 0xC0000)
WRITE_BACK, UNCACHED = 0, 3
CR0_WP, CR4_PGE, EFER_NXE = 1 << 16, 1 << 7, 1 << 11
MEBIBYTES = {"16M": 16, "128M": 128, "6G": 6144}

pytestmark = [pytest.mark.chapters("05"), pytest.mark.ends]


@dataclasses.dataclass
class Snapshot:
    """What a machine had at its ready line."""
    mappings: list[Mapping]
    registers: dict[str, int]
    top_level: list[int]                # indices of the PML4's present entries
    usable: list[tuple[int, int]]       # ranges of RAM by the loader's map, end exclusive
    symbols: Elf

    def physical(self, symbol: str) -> int:
        """Where a symbol of the kernel's image is in memory."""
        return self.symbols.address(symbol) - KERNEL_BASE

    @property
    def kernel(self) -> list[Mapping]:
        """The mappings of the kernel's half: from chapter 10 on a program may run already, and have others."""
        return [m for m in self.mappings if m.start >= KERNEL_HALF]

    def within(self, start: int, end: int) -> list[Mapping]:
        """The mappings that touch a range of virtual addresses."""
        return [m for m in self.mappings if m.start < end and start < m.end]

    def aliases(self, start: int, end: int) -> list[Mapping]:
        """The mappings that touch a range of physical addresses."""
        return [m for m in self.mappings if m.physical < end and start < m.physical + m.end - m.start]


def take_snapshot(build, memory: str) -> dict:
    """Boot, stop and read; the result is made of JSON values."""
    with Qemu(build.image, memory=memory, symbols=build.kernel) as machine:
        machine.serial.fail = re.compile(r"^panic: ", re.MULTILINE)
        machine.serial.expect(build.chapter.ready)
        machine.stop()
        registers = machine.registers()
        entries = machine.memory(registers["cr3"] & ~(PAGE - 1), PAGE)
        return {"mappings": [dataclasses.astuple(mapping) for mapping in page_tables(machine)],
                "registers": registers, "top_level": [n for n in range(512) if entries[8 * n] & 1],
                "console": machine.serial.text()}


@pytest.fixture(params=list(MEBIBYTES))
def memory(request) -> str:
    return request.param


@pytest.fixture
def tables(built, builder, memory) -> Snapshot:
    """The snapshot of a chapter and a size of memory, taken once in a session."""
    taken = once(builder.shared, f"page tables {built.chapter} {memory}", lambda: take_snapshot(built, memory))
    usable = [(int(start, 16), int(last, 16) + 1) for start, last in
              re.findall(r"^memory: ([0-9a-f]{16})-([0-9a-f]{16}) usable", taken["console"], re.MULTILINE)]
    total = sum(end - start for start, end in usable) >> 20
    assert MEBIBYTES[memory] - 2 <= total <= MEBIBYTES[memory], "the loader's memory map was not found on the console"
    return Snapshot([Mapping(*mapping) for mapping in taken["mappings"]], taken["registers"], taken["top_level"],
                    usable, Elf(built.kernel))


def test_protection_is_on(tables):
    """The processor heeds no-execute, read-only (in the kernel too) and global pages."""
    assert tables.registers["efer"] & EFER_NXE
    assert tables.registers["cr0"] & CR0_WP
    assert tables.registers["cr4"] & CR4_PGE
    assert all(mapping.is_global for mapping in tables.kernel)


def test_nothing_writable_and_executable(tables):
    """No page can be written and executed, and what can be executed is the kernel's text alone."""
    assert [str(m) for m in tables.mappings if m.writable and m.executable] == []
    executable = [(m.start, m.end) for m in tables.kernel if m.executable]
    assert executable == [(tables.symbols.address("kernel_text_start"), tables.symbols.address("kernel_text_end"))]


def test_user_mode_reaches_nothing(tables, chapter):
    """No page of the kernel grants anything to user mode, and in the user half is nothing, or a program's alone."""
    assert [str(m) for m in tables.kernel if m.user] == []
    assert [str(m) for m in tables.within(0, KERNEL_HALF) if chapter.number < 10 or not m.user] == []


def test_page_zero_unmapped(tables):
    """Neither the virtual address 0 nor the first page of physical memory is mapped."""
    assert [str(m) for m in tables.within(0, PAGE)] == []
    assert [str(m) for m in tables.aliases(0, PAGE)] == []


def test_text_read_only_under_every_alias(tables):
    """Wherever the kernel's text, rodata and entry code are mapped, they are read-only."""
    aliases = tables.aliases(KERNEL_PHYS, tables.physical("kernel_rodata_end"))
    assert [str(m) for m in aliases if m.writable] == []
    assert len({m.start < KERNEL_BASE for m in aliases}) == 2, "image and direct map should both have them"


def test_image_rights(tables):
    """The image is mapped where it is linked: text r-x, rodata r--, data rw-, without the boot stack's guard page."""
    address, physical = tables.symbols.address, tables.physical
    parts = [("kernel_text_start", "kernel_text_end", False, True),
             ("kernel_rodata_start", "kernel_rodata_end", False, False),
             ("kernel_data_start", "boot_stack_guard", True, False), ("boot_stack", "kernel_end", True, False)]
    found = [(m.start, m.end, m.physical, m.writable, m.executable) for m in tables.within(KERNEL_BASE, 1 << 64)]
    assert found == [(address(start), address(end), physical(start), writable, executable)
                     for start, end, writable, executable in parts]


def test_guard_pages_unmapped(tables):
    """The page below the boot stack is mapped nowhere; stacks of the dynamic area have unmapped neighbours."""
    guard = tables.symbols.address("boot_stack_guard")
    assert tables.symbols.address("boot_stack") == guard + PAGE
    assert [str(m) for m in tables.within(guard, guard + PAGE)] == []
    assert [str(m) for m in tables.aliases(guard - KERNEL_BASE, guard - KERNEL_BASE + PAGE)] == []
    runs: list[list[int]] = []
    for m in tables.within(KERNEL_AREA, KERNEL_AREA + TOP_LEVEL_SIZE):
        assert m.start > KERNEL_AREA and m.end < KERNEL_AREA + TOP_LEVEL_SIZE
        if runs and runs[-1][1] == m.start:
            runs[-1][1] = m.end
        else:
            runs.append([m.start, m.end])
    assert [f"{start:x}-{end:x}" for start, end in runs if end - start != KERNEL_STACK_SIZE] == []


@pytest.mark.chapters("06")
def test_interrupt_stacks_guarded(tables):
    """Double fault, NMI and machine check have stacks in the dynamic area."""
    mapped = sum(m.end - m.start for m in tables.within(KERNEL_AREA, KERNEL_AREA + TOP_LEVEL_SIZE))
    assert mapped >= 3 * KERNEL_STACK_SIZE


def test_direct_map_is_usable_memory(tables):
    """The direct map holds all whole pages of usable RAM and the VGA window: all of them, and nothing else."""
    guard = tables.physical("boot_stack_guard")
    wanted: set[int] = set(range(*VGA_WINDOW, PAGE))
    for start, end in tables.usable:
        wanted.update(range(max(-(-start // PAGE) * PAGE, PAGE), end // PAGE * PAGE, PAGE))
    wanted.remove(guard)
    found: set[int] = set()
    for m in tables.within(DIRECT_MAP, KERNEL_AREA):
        assert m.start == DIRECT_MAP + m.physical, str(m)
        found.update(range(m.physical, m.physical + m.end - m.start, PAGE))
    assert [f"{page:x}" for page in sorted(wanted ^ found)][:20] == []


def test_direct_map_uses_large_pages(tables):
    """Small pages are only where rights change or ranges end: below 2 MiB each."""
    small = [m for m in tables.within(DIRECT_MAP, KERNEL_AREA) if m.page_size == PAGE]
    assert [str(m) for m in small if m.end - m.start >= 2 * LARGE_PAGE] == []
    assert sum(m.end - m.start for m in small) <= 4 * LARGE_PAGE


def test_vga_window_uncached(tables):
    """Writes to the screen's memory go straight to the device; RAM is cached under every alias."""
    window = tables.within(DIRECT_MAP + VGA_WINDOW[0], DIRECT_MAP + VGA_WINDOW[1])
    assert window and all(m.cache == UNCACHED and m.writable for m in window)
    cached = {m.cache for m in tables.mappings if not m.start >= KERNEL_AREA or m.start >= KERNEL_BASE} - {UNCACHED}
    assert cached == {WRITE_BACK}
    for start, end in tables.usable:
        assert [str(m) for m in tables.aliases(start, end) if m.cache != WRITE_BACK] == []


def test_top_level_entries(tables, memory):
    """The kernel's half has the three top-level entries that it will ever need, for tables to come to share."""
    upper = [n for n in tables.top_level if n >= 256]
    assert upper == [(address >> 39) & 511 for address in (DIRECT_MAP, KERNEL_AREA, KERNEL_BASE)]
