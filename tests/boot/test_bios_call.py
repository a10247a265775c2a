"""bios_call: every register into a service and out of it again."""
import random
import struct

import pytest
from boot.loader import BIOS_FORMAT, CARRY, DIRECTION, INTERRUPT, RETURN, Loader, boot_symbols

pytestmark = pytest.mark.chapters("02", "03")

VECTOR = 0x60           # free for programs
HANDLER = 0x600         # so is the memory from 0x500 on, at the far end of the stack
STRUCT = 0x700
OVERFLOW = 1 << 11
NAMES = {"rax": "eax", "rbx": "ebx", "rcx": "ecx", "rdx": "edx", "rsi": "esi", "rdi": "edi", "rbp": "ebp"}


@pytest.mark.parametrize("seed", range(3))
def test_registers(boot, built, seed):
    """The service starts with the registers and the carry flag of the struct and with interrupts as in any service;
    the struct gets those that the service leaves; C keeps its own, whatever the service does to segments, flags and the upper half of
    ESP."""
    loader = Loader(boot(gdb=True, stopped=True, ready=False), boot_symbols(built))
    loader.run_to("a20_open")
    gdb = loader.gdb
    gdb.write(HANDLER, RETURN)
    gdb.write(4 * VECTOR, struct.pack("<HH", HANDLER, 0))
    rng = random.Random(seed)
    before = {name: rng.getrandbits(32) for name in NAMES.values()} | {"es": 0x1230, "ds": 0x4560}
    after = {name: rng.getrandbits(32) for name in NAMES.values()} | {"es": 0x2340, "ds": 0x5670}
    carry = seed % 2

    gdb.write(STRUCT, struct.pack(BIOS_FORMAT, *(before[name] for name in ("edi", "esi", "ebp")), 0xBAD,
                                  *(before[name] for name in ("ebx", "edx", "ecx", "eax", "es", "ds")), carry))

    def service() -> None:
        registers = gdb.registers()
        assert {new: registers[old] for old, new in NAMES.items()} == {name: before[name] for name in NAMES.values()}
        assert (registers["es"], registers["ds"]) == (before["es"], before["ds"])
        assert not registers["eflags"] & (INTERRUPT | DIRECTION)
        flags = struct.unpack("<H", gdb.read(registers["rsp"] + 4, 2))[0]
        assert flags & CARRY == carry and flags & INTERRUPT
        # What IRET brings back: the other carry, the overflow flag, strings downwards, interrupts off.
        gdb.write(registers["rsp"] + 4, struct.pack("<H", (flags | OVERFLOW | DIRECTION) & ~INTERRUPT ^ CARRY))
        for old, new in NAMES.items():
            gdb.write_register(old, after[new])
        gdb.write_register("es", after["es"])
        gdb.write_register("ds", after["ds"])
        gdb.write_register("rsp", registers["rsp"] | 0xDEAD0000)

    saved = gdb.registers()
    loader.call("bios_call", VECTOR, STRUCT, stops={HANDLER: service})
    result = loader.bios_registers(STRUCT)
    assert {name: result[name] for name in after} == after
    assert result["eflags"] & CARRY == 1 - carry and result["eflags"] & OVERFLOW
    for name in ("rbx", "rsi", "rdi", "rbp", "ds", "es", "ss"):
        assert loader.after[name] == saved[name], name
    assert loader.after["rsp"] == saved["rsp"] - 512 + 4
    assert loader.after["eflags"] & INTERRUPT and not loader.after["eflags"] & DIRECTION
