"""A small client of the gdb remote serial protocol, as QEMU's stub speaks it."""
import os
import socket
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

from .errors import MachineError, seconds

SOFTWARE, HARDWARE = 0, 1
WRITE_WATCH, READ_WATCH, ACCESS_WATCH = 2, 3, 4
PACKET_DATA = 1024                  # bytes of memory per packet: QEMU's packets hold 4096 characters
CR0_PE = 1 << 0
RFLAGS_IF = 1 << 9
RFLAGS_DF = 1 << 10
ARGUMENT_REGISTERS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
SAVED_REGISTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", *(f"r{n}" for n in range(8, 16)), "rip",
                   "eflags")


class Gdb:
    """A connection to the stub. Connecting stops the machine; `detach` and `close` let it run on."""

    def __init__(self, path: str | os.PathLike):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(seconds())
        self._socket.connect(str(path))
        self._buffer = b""
        self._running = False
        self._breakpoints: set[int] = set()
        self._send("qSupported:xmlRegisters=i386")
        while not self._receive().startswith("PacketSize"):
            pass                    # a running machine reports first that it was stopped for us
        # QEMU hands out registers by number only after the target description has been read.
        self._registers = self._layout("target.xml")

    # Packets

    def _send(self, data: str) -> None:
        body = data.encode("latin-1")
        self._socket.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xFF))

    def _receive(self, timeout: float | None = None) -> str:
        self._socket.settimeout(seconds(timeout))
        while True:
            start = self._buffer.find(b"$")
            end = self._buffer.find(b"#", start)
            if 0 <= start < end and len(self._buffer) >= end + 3:
                packet = self._buffer[start + 1:end]
                self._buffer = self._buffer[end + 3:]
                self._socket.sendall(b"+")
                return packet.decode("latin-1")
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise MachineError("the gdb stub does not answer: the machine did not stop") from None
            if not data:
                raise MachineError("the gdb stub has gone")
            self._buffer += data

    def _command(self, request: str, expect: str | None = None) -> str:
        if self._running:
            raise MachineError("the machine runs: stop it first")
        self._send(request)
        answer = self._receive()
        if answer.startswith("E") and len(answer) == 3 or expect is not None and answer != expect:
            raise MachineError(f"gdb stub: {request[:60]!r} gave {answer!r}")
        return answer

    # Registers

    def _read_description(self, name: str) -> str:
        text = ""
        while True:
            answer = self._command(f"qXfer:features:read:{name}:{len(text):x},800")
            text += answer[1:]
            if answer.startswith("l"):
                return text

    def _layout(self, name: str) -> list[tuple[str, int]]:
        """Names and sizes (in bytes) of the registers in the order of the g packet."""
        result = []
        # QEMU does not declare the name space of xi:include.
        for element in ElementTree.fromstring(self._read_description(name).replace("<xi:", "<")).iter():
            if element.tag == "include":
                result += self._layout(element.attrib["href"])
            elif element.tag == "reg":
                result.append((element.attrib["name"], int(element.attrib["bitsize"]) // 8))
        return result

    def registers(self) -> dict[str, int]:
        """All registers, by the stub's names (rax ..., rip, eflags, cs ..., cr0 ..., efer, xmm0 ...)."""
        data = bytes.fromhex(self._command("g"))
        result, offset = {}, 0
        for name, size in self._registers:
            if offset + size > len(data):
                break
            result[name] = int.from_bytes(data[offset:offset + size], "little")
            offset += size
        return result

    def read_register(self, name: str) -> int:
        """One register."""
        return self.registers()[name]

    def write_register(self, name: str, value: int) -> None:
        """Set one register."""
        for number, (known, size) in enumerate(self._registers):
            if known == name:
                data = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
                self._command(f"P{number:x}={data.hex()}", "OK")
                return
        raise ValueError(f"no register {name!r}")

    # Memory

    def read(self, address: int, size: int) -> bytes:
        """Memory at a virtual address, through the guest's page tables."""
        result = b""
        while len(result) < size:
            part = min(size - len(result), PACKET_DATA)
            result += bytes.fromhex(self._command(f"m{address + len(result):x},{part:x}"))
        return result

    def write(self, address: int, data: bytes) -> None:
        """Write memory at a virtual address, whatever its rights are."""
        for n in range(0, len(data), PACKET_DATA):
            part = data[n:n + PACKET_DATA]
            self._command(f"M{address + n:x},{len(part):x}:{part.hex()}", "OK")

    def read_u64(self, address: int) -> int:
        """A 64-bit number in memory."""
        return struct.unpack("<Q", self.read(address, 8))[0]

    # Running

    def breakpoint(self, address: int, kind: int = HARDWARE, length: int = 1) -> None:
        """Set a break- or watchpoint at a linear address (length: bytes watched)."""
        self._command(f"Z{kind},{address:x},{length:x}", "OK")
        if kind in (SOFTWARE, HARDWARE):
            self._breakpoints.add(address)

    def remove_breakpoint(self, address: int, kind: int = HARDWARE, length: int = 1) -> None:
        """Remove it."""
        self._command(f"z{kind},{address:x},{length:x}", "OK")
        if kind in (SOFTWARE, HARDWARE):
            self._breakpoints.discard(address)

    def _next(self) -> int:
        """The linear address of the next instruction."""
        registers = self.registers()
        real_mode = not registers["cr0"] & CR0_PE
        return registers["rip"] + (registers["cs"] << 4 if real_mode else 0)

    def resume(self) -> None:
        """Let the machine run; `wait` waits for its next stop."""
        if self._breakpoints and self._next() in self._breakpoints:
            self.step()             # QEMU would stop before the same instruction again
        self._send("c")
        self._running = True

    def wait(self, timeout: float | None = None) -> str:
        """Wait for a stop and return the stop reply (T05... for a breakpoint)."""
        answer = self._receive(timeout)
        while answer.startswith("O"):           # console output of the stub
            answer = self._receive(timeout)
        self._running = False
        return answer

    def interrupt(self) -> str:
        """Stop a running machine."""
        self._socket.sendall(b"\x03")
        return self.wait()

    def cont(self, timeout: float | None = None) -> int:
        """Run to the next stop and return RIP there."""
        self.resume()
        self.wait(timeout)
        return self.read_register("rip")

    def run_to(self, address: int, timeout: float | None = None) -> None:
        """Run until the CPU is about to execute the instruction at an address; at once where it is."""
        if self._next() == address:
            return
        self.breakpoint(address)
        rip = self.cont(timeout)
        self.remove_breakpoint(address)
        if rip != address:
            raise MachineError(f"stopped at {rip:#x} on the way to {address:#x}")

    def step(self) -> int:
        """Execute one instruction and return RIP after it."""
        self._command("s")
        return self.read_register("rip")

    def call(self, address: int, arguments: Sequence[int] = (), timeout: float | None = None) -> int:
        """Call a 64-bit System V function with up to six integers and return RAX; all registers are restored.

        The CPU must be in 64-bit kernel code that the function may interrupt, and not halted: stop at a breakpoint,
        since a CPU in `hlt` stays halted wherever RIP points. Interrupts are off during the call.
        """
        if len(arguments) > len(ARGUMENT_REGISTERS):
            raise ValueError("at most six arguments")
        saved = self.registers()
        # The function returns to where the CPU was stopped: an address that is mapped, and where it can be caught.
        home = saved["rip"]
        stack = ((saved["rsp"] - 256) & ~15) - 8
        self.write(stack, struct.pack("<Q", home))
        for name, value in zip(ARGUMENT_REGISTERS, arguments):
            self.write_register(name, value)
        self.write_register("rsp", stack)
        self.write_register("eflags", saved["eflags"] & ~(RFLAGS_IF | RFLAGS_DF))
        self.write_register("rip", address)
        already = home in self._breakpoints
        if not already:
            self.breakpoint(home)
        try:
            # The function may pass through `home` itself; it has returned when the stack says so.
            while (rip := self.cont(timeout)) == home and self.read_register("rsp") <= stack:
                pass
            result = self.read_register("rax")
        finally:
            if self._running:
                self.interrupt()
            if not already:
                self.remove_breakpoint(home)
            for name in SAVED_REGISTERS:
                self.write_register(name, saved[name])
        if rip != home:
            raise MachineError(f"the call of {address:#x} stopped at {rip:#x}")
        return result

    def close(self) -> None:
        """Detach, which lets the machine run on, and close the connection."""
        try:
            if self._running:
                self.interrupt()
            self._command("D")
        except (MachineError, OSError):
            pass                    # the machine has gone before
        self._socket.close()

    def __enter__(self) -> "Gdb":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
