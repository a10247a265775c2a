"""The end of QEMU's `-d int,cpu_reset` log: which exception led to a reset."""
import dataclasses
import os
import re
import select
import threading

from .elf import Elf

KEEP = 64 * 1024            # the log of a long run is long; only its end matters

ERROR_IDT = 1 << 1         # error code: the selector index is a vector

EXCEPTIONS = {
    0x00: "divide error", 0x01: "debug", 0x02: "NMI", 0x03: "breakpoint", 0x04: "overflow", 0x05: "bound range",
    0x06: "invalid opcode", 0x07: "device not available", 0x08: "double fault", 0x0A: "invalid TSS",
    0x0B: "segment not present", 0x0C: "stack fault", 0x0D: "general protection fault", 0x0E: "page fault",
    0x10: "x87 error", 0x11: "alignment check", 0x12: "machine check", 0x13: "SIMD error",
}


@dataclasses.dataclass(frozen=True)
class Fault:
    """One exception as the log has it."""
    vector: int
    error: int
    rip: int
    rsp: int
    cr2: int

    def describe(self, symbols: Elf | None = None) -> str:
        """One line: vector and name, error code, RIP (with its function), RSP, CR2."""
        place = f"{self.rip:#x}"
        if symbols and (near := symbols.describe(self.rip)):
            place += f" <{near}>"
        return (f"vector {self.vector:02x}h ({EXCEPTIONS.get(self.vector, 'interrupt')}), error code {self.error:#x}, "
                f"RIP {place}, RSP {self.rsp:#x}, CR2 {self.cr2:#x}")


_ENTRY = re.compile(r"^ *\d+: v=([0-9a-f]{2}) e=([0-9a-f]+) .*? pc=([0-9a-f]+) SP=[0-9a-f]+:([0-9a-f]+)"
                    r".*?^CR0=[0-9a-f]+ CR2=([0-9a-f]+)", re.MULTILINE | re.DOTALL)
_NEW_CHAIN = re.compile(r"check_exception old: 0xffffffff new 0x[0-9a-f]+")


def parse(log: str) -> list[Fault]:
    """All interrupts and exceptions in a log, oldest first."""
    return [Fault(*(int(group, 16) for group in match.groups())) for match in _ENTRY.finditer(log)]


def fatal_chain(log: str) -> list[Fault]:
    """The exceptions that ended in a triple fault, the guilty one first; empty when there was none."""
    end = log.rfind("Triple fault")
    if end < 0:
        return []
    starts = [match.start() for match in _NEW_CHAIN.finditer(log, 0, end)]
    if not starts:
        return []
    before, chain = parse(log[:starts[-1]]), parse(log[starts[-1]:end])
    # A fault whose error code names an IDT entry arose while that vector was delivered: that one came first.
    while before and chain and chain[0].error & ERROR_IDT and chain[0].error >> 3 == before[-1].vector:
        chain.insert(0, before.pop())
    return chain


class FaultLog:
    """Collects the log from a pipe, so that no run fills the disk: the last KEEP bytes stay."""

    def __init__(self) -> None:
        self._read, self.write = os.pipe()      # `write` goes to QEMU
        self._tail = b""
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read_all, name="fault log", daemon=True)
        self._thread.start()

    def _take(self, timeout: float | None) -> bool:
        """Take one piece of what is in the pipe, if something is or comes in time; False at the end and if not."""
        if not select.select([self._read], [], [], timeout)[0]:
            return False
        with self._lock:
            if not select.select([self._read], [], [], 0)[0]:
                return True                     # another thread was faster
            data = os.read(self._read, 65536)
            self._tail = (self._tail + data)[-KEEP:]
            return bool(data)

    def _read_all(self) -> None:
        while self._take(None):
            pass

    def text(self) -> str:
        """The end of the log, with everything that QEMU has written so far."""
        while self._take(0):
            pass
        with self._lock:        # the reader has the last piece in its hands until it lets go of the lock
            return self._tail.decode("latin-1")

    def started(self) -> None:
        """QEMU has the pipe: close our copy of the end that is written to."""
        os.close(self.write)

    def close(self) -> None:
        """After QEMU has ended: wait for the end of the log."""
        self._thread.join()
        os.close(self._read)
