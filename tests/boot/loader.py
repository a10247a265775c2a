"""The loader under control: 16-bit code stopped at its functions, and calls of them with arguments of our choice."""
import struct
import time

from tools.machine import Qemu
from tools.machine.elf import Elf
from tools.machine.errors import seconds

BOOT_SECTOR = 0x7C00
CARRY, INTERRUPT, DIRECTION = 1 << 0, 1 << 9, 1 << 10
GENERAL = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi")
REGISTERS = (*GENERAL, "eflags", "ds", "es", "rip")     # RIP last: it says where the restored ones are used
RETURN = b"\xcf"        # IRET

# struct bios_registers in boot/bios.h
BIOS_REGISTERS = ("edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax", "es", "ds", "eflags")
BIOS_FORMAT = "<8I2HI"


class Loader:
    """A machine stopped before the boot sector's first instruction.

    `symbols` has the loader's functions; each is at the linear address that is its offset, since all segments are 0.
    """

    def __init__(self, machine: Qemu, symbols: Elf):
        self.machine = machine
        self.symbols = symbols
        self.gdb = machine.gdb()
        self.places: set[int] = set()
        self.run_to(BOOT_SECTOR)

    def address(self, place: str | int) -> int:
        return self.symbols.address(place) if isinstance(place, str) else place

    def run_to(self, place: str | int) -> None:
        """Run until an instruction or the first one of a function is next."""
        self.gdb.run_to(self.address(place))

    def stop_at(self, *places: str | int) -> None:
        """Set the breakpoints for gdb.cont, instead of those of the call before."""
        for place in self.places:
            self.gdb.remove_breakpoint(place)
        self.places = {self.address(place) for place in places}
        for place in self.places:
            self.gdb.breakpoint(place)

    def finish(self) -> None:
        """Let the machine run on, for good."""
        self.gdb.resume()

    def skip_function(self, name: str) -> None:
        """Run to a function of C and return from it at once, as if it did nothing."""
        self.run_to(name)
        self.skip_here()

    def skip_here(self) -> None:
        """Return at once from the function at whose first instruction the machine stands."""
        stack = self.gdb.read_register("rsp")
        self.gdb.write_register("rip", struct.unpack("<I", self.gdb.read(stack, 4))[0])
        self.gdb.write_register("rsp", stack + 4)

    def call(self, name: str, *arguments: int, stops: dict | None = None) -> int:
        """Call a C function (-mregparm=3) and return its EAX; all registers are restored.

        stops   what to do at instructions on the way: {address or function: call without arguments}
        """
        saved = self.gdb.registers()
        home = saved["rip"]
        stack = saved["rsp"] - 512
        self.gdb.write(stack, struct.pack(f"<{1 + len(arguments[3:])}I", home, *arguments[3:]))
        for register, value in zip(("rax", "rdx", "rcx"), arguments):
            self.gdb.write_register(register, value)
        self.gdb.write_register("rsp", stack)
        actions = {self.address(place): action for place, action in (stops or {}).items()}
        self.gdb.write_register("rip", self.address(name))
        self.stop_at(home, *actions)
        rip = self.address(name) if self.address(name) in actions else self.gdb.cont()
        while rip != home:
            assert rip in actions, f"{name} stopped at {rip:#x}"
            actions[rip]()
            rip = self.gdb.cont()
        self.stop_at()
        self.after = self.gdb.registers()
        for register in REGISTERS:
            self.gdb.write_register(register, saved[register])
        return self.after["rax"]

    def a20_is_closed(self) -> bool:
        """Whether the processor sees the same byte at an address and 1 MiB above it, whatever it is."""
        low, high = 0x5000, 0x105000
        old = self.gdb.read(low, 1)
        same = True
        for value in (b"\x12", b"\x34"):
            self.gdb.write(low, value)
            same = same and self.gdb.read(high, 1) == value
        self.gdb.write(low, old)
        return same

    def bios_registers(self, address: int) -> dict[str, int]:
        """A struct bios_registers in memory."""
        values = struct.unpack(BIOS_FORMAT, self.gdb.read(address, struct.calcsize(BIOS_FORMAT)))
        return dict(zip(BIOS_REGISTERS, values))


def boot_symbols(build) -> Elf:
    """The symbols of a chapter's loader."""
    return Elf(build.output / "boot.elf")


def wait_halted(machine: Qemu) -> None:
    """Wait until the processor halts. The BIOS's timer interrupt wakes it now and then, for a moment."""
    deadline = time.monotonic() + seconds()
    while not machine.registers()["hlt"]:
        assert time.monotonic() < deadline and machine.running(), f"does not halt\n{machine.describe()}"
