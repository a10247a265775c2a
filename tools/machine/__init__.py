"""Drive a virtual machine from a program: QEMU, Bochs, the gdb stub, ELF symbols, page tables.

    from tools.machine import Qemu

    with Qemu("ch05-paging/build/os.img", memory="64M") as machine:
        machine.serial.expect(r"ch05: ready")
        print(machine.screen_text())

Nothing here sleeps: every wait ends with an event of the machine. Time-outs are nets for a machine that hangs; the
environment variable RUNG_TIMEOUT_SCALE stretches them all on a slow host.
"""
from .bochs import Bochs
from .elf import Elf, Symbol
from .errors import ExpectationFailed, MachineError
from .gdb import Gdb
from .image import set_command_line
from .pagetables import Mapping, page_tables
from .qemu import DiskError, Exit, Qemu

__all__ = ["Bochs", "DiskError", "Elf", "Exit", "ExpectationFailed", "Gdb", "MachineError", "Mapping", "Qemu",
           "Symbol", "page_tables", "set_command_line"]
