"""Symbols, sections and segments of an ELF file (32 or 64 bit, little-endian), read directly."""
import bisect
import dataclasses
import os
import pathlib
import struct

SHT_SYMTAB = 2
STB_LOCAL = 0
STT_SECTION, STT_FILE = 3, 4
SHN_UNDEF = 0
KINDS = {0: "notype", 1: "object", 2: "func"}


@dataclasses.dataclass(frozen=True, order=True)
class Symbol:
    """A defined symbol."""
    address: int
    name: str
    size: int
    kind: str           # "func", "object", "notype" (assembly, linker script)
    local: bool


@dataclasses.dataclass(frozen=True)
class Section:
    """A section: where it is in memory and in the file."""
    name: str
    kind: int
    address: int
    offset: int
    size: int
    flags: int
    link: int
    entry_size: int


@dataclasses.dataclass(frozen=True)
class Segment:
    """A program header."""
    kind: int
    flags: int          # PF_X 1, PF_W 2, PF_R 4
    offset: int
    address: int
    physical: int
    file_size: int
    memory_size: int


class Elf:
    """An ELF file: `symbols` sorted by address, `sections` by name, `segments` in order."""

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)
        data = self._data = self.path.read_bytes()
        if data[:4] != b"\x7fELF" or data[5] != 1:
            raise ValueError(f"{path} is not a little-endian ELF file")
        self.bits = {1: 32, 2: 64}[data[4]]
        header = struct.unpack_from("<HHIQQQIHHHHHH" if self.bits == 64 else "<HHIIIIIHHHHHH", data, 16)
        (_, self.machine, _, self.entry, program_offset, section_offset, _, _, program_size, program_count,
         section_size, section_count, names_index) = header
        self.segments = [self._segment(program_offset + n * program_size) for n in range(program_count)]
        raw = [struct.unpack_from("<IIQQQQIIQQ" if self.bits == 64 else "<IIIIIIIIII", data,
                                  section_offset + n * section_size) for n in range(section_count)]
        names = raw[names_index][4] if raw else 0
        table = [Section(self._string(names + name), kind, address, offset, size, flags, link, entry_size)
                 for name, kind, flags, address, offset, size, link, _, _, entry_size in raw]
        self.sections = {section.name: section for section in table}
        self.symbols = sorted(symbol for section in table if section.kind == SHT_SYMTAB
                              for symbol in self._symbols(section, table[section.link].offset))
        self._addresses = [symbol.address for symbol in self.symbols]
        self._by_name: dict[str, list[Symbol]] = {}
        for symbol in self.symbols:
            self._by_name.setdefault(symbol.name, []).append(symbol)

    def _string(self, offset: int) -> str:
        return self._data[offset:self._data.index(b"\0", offset)].decode()

    def _segment(self, offset: int) -> Segment:
        if self.bits == 64:
            kind, flags, place, address, physical, in_file, in_memory, _ = struct.unpack_from("<IIQQQQQQ", self._data,
                                                                                              offset)
        else:
            kind, place, address, physical, in_file, in_memory, flags, _ = struct.unpack_from("<8I", self._data, offset)
        return Segment(kind, flags, place, address, physical, in_file, in_memory)

    def _symbols(self, section: Section, names: int):
        for offset in range(section.offset, section.offset + section.size, section.entry_size):
            if self.bits == 64:
                name, info, _, index, address, size = struct.unpack_from("<IBBHQQ", self._data, offset)
            else:
                name, address, size, info, _, index = struct.unpack_from("<IIIBBH", self._data, offset)
            if name and index != SHN_UNDEF and info & 15 not in (STT_SECTION, STT_FILE):
                yield Symbol(address, self._string(names + name), size, KINDS.get(info & 15, "other"),
                             info >> 4 == STB_LOCAL)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Symbol:
        """The symbol of that name: a global one, or the only local one."""
        found = self._by_name.get(name, [])
        chosen = [symbol for symbol in found if not symbol.local] or found
        if len(chosen) != 1:
            raise KeyError(f"{len(chosen)} symbols {name!r} in {self.path}")
        return chosen[0]

    def address(self, name: str) -> int:
        """The address of a symbol."""
        return self[name].address

    def symbol(self, address: int) -> Symbol | None:
        """The function or object that holds an address; without sizes (assembly) the nearest symbol below."""
        n = bisect.bisect_right(self._addresses, address) - 1
        nearest = None
        while n >= 0:
            symbol = self.symbols[n]
            if symbol.size and address < symbol.address + symbol.size:
                return symbol
            if symbol.size:
                break
            if nearest is None or (nearest.address == symbol.address and nearest.local):
                nearest = symbol
            n -= 1
        return nearest

    def describe(self, address: int) -> str | None:
        """`function+0x12`, or None where no symbol is."""
        symbol = self.symbol(address)
        return f"{symbol.name}+{address - symbol.address:#x}" if symbol else None

    def read(self, address: int, size: int) -> bytes:
        """Bytes at a virtual address, as the file loads them (zero above the file's part)."""
        for segment in self.segments:
            start = address - segment.address
            if segment.kind == 1 and 0 <= start and start + size <= segment.memory_size:
                held = self._data[segment.offset + start:segment.offset + min(start + size, segment.file_size)]
                return held.ljust(size, b"\0")
        raise ValueError(f"{address:#x} is in no segment of {self.path}")
