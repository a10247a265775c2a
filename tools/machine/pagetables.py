"""The page tables as the processor has them, walked from outside the machine.

Intel SDM volume 3, section 4.5 (4-level paging); AMD APM volume 2, section 5.3.
"""
import dataclasses
import struct
from collections.abc import Callable, Iterator
from typing import Protocol

CR0_PG = 1 << 31
CR4_PAE = 1 << 5
EFER_LMA = 1 << 10
EFER_NXE = 1 << 11
PRESENT, WRITABLE, USER, WRITE_THROUGH, CACHE_DISABLE, LARGE, GLOBAL = (1 << n for n in (0, 1, 2, 3, 4, 7, 8))
PAT_SMALL, PAT_LARGE = 1 << 7, 1 << 12
NO_EXECUTE = 1 << 63
ADDRESS = 0x000F_FFFF_FFFF_F000
LEVEL_SHIFT = {4: 39, 3: 30, 2: 21, 1: 12}
MOST_PAGES = 1 << 22            # more leaves than this (16 GiB of small pages): the tables are broken


@dataclasses.dataclass(frozen=True)
class Mapping:
    """A range of virtual addresses mapped to a range of physical ones with the same rights throughout.

    The rights are the effective ones: those of all levels together.
    """
    start: int
    end: int                # exclusive
    physical: int
    writable: bool
    executable: bool
    user: bool
    is_global: bool
    page_size: int
    cache: int              # index into IA32_PAT: 0 write-back, 3 uncached as the PAT is at reset

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end

    def __str__(self) -> str:
        rights = "r" + ("w" if self.writable else "-") + ("x" if self.executable else "-") \
            + ("u" if self.user else "-") + ("g" if self.is_global else "-")
        return (f"{self.start:016x}-{self.end:016x} -> {self.physical:012x} {rights} "
                f"{self.page_size >> 10:7} KiB pages, PAT {self.cache}")


class Machine(Protocol):
    """What a walk needs: Qemu has it."""

    def registers(self) -> dict[str, int]: ...
    def memory(self, physical: int, size: int) -> bytes: ...


def walk(read: Callable[[int, int], bytes], cr3: int, no_execute: bool = True) -> Iterator[Mapping]:
    """All mapped pages below one top-level table, ascending, not merged. `read(physical, size)` reads memory."""
    tables: dict[int, tuple[int, ...]] = {}

    def table(address: int) -> tuple[int, ...]:
        if address not in tables:
            tables[address] = struct.unpack("<512Q", read(address, 4096))
        return tables[address]

    def level(number: int, address: int, base: int, writable: bool, user: bool, executable: bool):
        size = 1 << LEVEL_SHIFT[number]
        for index, entry in enumerate(table(address)):
            if not entry & PRESENT:
                continue
            start = base + index * size
            if start >> 47 & 1:
                start |= 0xFFFF_0000_0000_0000          # canonical: bit 47 is repeated above
            can_write, can_user = writable and bool(entry & WRITABLE), user and bool(entry & USER)
            can_execute = executable and not (no_execute and entry & NO_EXECUTE)
            if number > 1 and not (number < 4 and entry & LARGE):
                yield from level(number - 1, entry & ADDRESS, start, can_write, can_user, can_execute)
                continue
            pat = PAT_SMALL if number == 1 else PAT_LARGE
            cache = bool(entry & pat) << 2 | bool(entry & CACHE_DISABLE) << 1 | bool(entry & WRITE_THROUGH)
            yield Mapping(start, start + size, entry & ADDRESS & ~(size - 1), can_write, can_execute, can_user,
                          bool(entry & GLOBAL), size, cache)

    yield from level(4, cr3 & ADDRESS, 0, True, True, True)


def merge(pages: Iterator[Mapping]) -> list[Mapping]:
    """Join neighbours that continue each other virtually and physically with the same rights."""
    result: list[Mapping] = []
    for count, page in enumerate(pages):
        if count > MOST_PAGES:
            raise ValueError("the page tables have no end")
        last = result[-1] if result else None
        if last and last.end == page.start and page.physical == last.physical + (last.end - last.start) and \
                dataclasses.replace(page, start=0, end=0, physical=0) == \
                dataclasses.replace(last, start=0, end=0, physical=0):
            result[-1] = dataclasses.replace(last, end=page.end)
        else:
            result.append(page)
    return result


def page_tables(machine: Machine) -> list[Mapping]:
    """The merged mappings of a machine in 64-bit mode; it should be halted or stopped."""
    registers = machine.registers()
    if not (registers["cr0"] & CR0_PG and registers["efer"] & EFER_LMA):
        raise ValueError("the machine is not in 64-bit mode")
    return merge(walk(machine.memory, registers["cr3"], bool(registers["efer"] & EFER_NXE)))
