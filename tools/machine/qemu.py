"""QEMU under program control."""
import dataclasses
import fcntl
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import Any

from . import keys as keyboard
from . import picture, process
from .elf import Elf
from .errors import MachineError, seconds
from .faultlog import FaultLog, fatal_chain
from .gdb import Gdb
from .image import copy_image, set_command_line
from .qmp import Qmp
from .serial import Serial

PROGRAM = os.environ.get("QEMU", "qemu-system-x86_64")
DEBUG_EXIT_PORT = 0xF4
VGA_TEXT = 0xB8000
VGA_COLUMNS, VGA_ROWS = 80, 25
KEYBOARD_STATUS_PORT = 0x64
KEYBOARD_OUTPUT_FULL = 1
PIPE_SIZE = 1 << 20             # the most that anyone may have


class _Port:
    """Two pipes that make a serial port. A pipe holds far more single bytes than a socket, and it is connected before
    the guest's first instruction: a guest that waits only so long for its port loses nothing when we are late."""

    def __init__(self) -> None:
        self.output, self.guest_output = os.pipe()      # we read what the guest sends
        self.guest_input, self.input = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):              # Linux
            fcntl.fcntl(self.output, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        os.set_blocking(self.input, False)

    def chardev(self, name: str, directory: pathlib.Path) -> str:
        """QEMU's argument for its side. It opens files by these names; here they are what it has inherited."""
        (directory / f"{name}.out").symlink_to(f"/dev/fd/{self.guest_output}")
        (directory / f"{name}.in").symlink_to(f"/dev/fd/{self.guest_input}")
        return f"pipe,id={name},path={directory / name}"

    def started(self) -> None:
        """QEMU has its ends: close our copies."""
        os.close(self.guest_output)
        os.close(self.guest_input)

    def close(self) -> None:
        os.close(self.output)
        os.close(self.input)


@dataclasses.dataclass(frozen=True)
class DiskError:
    """An error that the boot disk reports: for a `read`, `write` or `flush` that touches `sector` (None: any)."""
    iotype: str = "read"
    sector: int | None = None
    errno: int = 5
    once: bool = False


@dataclasses.dataclass(frozen=True)
class Exit:
    """How a machine ended: `kind` is "debug-exit" (with the value written to the port), "reset", "shutdown" or "quit"."""
    kind: str
    status: int | None = None


class Qemu:
    """A machine from power-on to the end of the `with` block, on a private copy of its disk image.

    image          the boot disk; `machine.image` is the copy that runs. None: no disk of its own
    memory         as QEMU's -m ("16M", "6G")
    cpu, machine   as QEMU's -cpu and -machine; None is QEMU's default CPU
    drive          where the boot disk hangs: "ide" (on q35 its AHCI), "ahci", "usb", or a list of QEMU arguments in
                   which {image} stands for the private copy
    disks          further disk images, also copied, on the IDE channels
    errors         DiskErrors of the boot disk
    cmdline        kernel command line, patched into the copy (chapter 2 on)
    icount         count instructions: the time stamp counter is exact and runs repeat
    gdb            offer the gdb stub: `machine.gdb()` connects, `machine.gdb_path` is its socket
    stopped        power on stopped, until `cont()`
    reboot         let the guest reset; otherwise a reset ends the run (and is an error for whoever waits)
    fault_log      record exceptions, so that a triple fault can be explained; costs a little for each interrupt
    symbols        ELF file that gives names to addresses in messages
    args           further QEMU arguments
    """

    def __init__(self, image: str | os.PathLike | None = None, *, memory: str = "128M", cpu: str | None = None,
                 machine: str = "pc", drive: str | Sequence[str] = "ide", disks: Sequence[str | os.PathLike] = (),
                 errors: Sequence[DiskError] = (), cmdline: str | None = None, icount: bool = False,
                 gdb: bool = False, stopped: bool = False, reboot: bool = False, fault_log: bool = True,
                 symbols: str | os.PathLike | Elf | None = None, args: Sequence[str] = ()):
        self.symbols = Elf(symbols) if isinstance(symbols, str | os.PathLike) else symbols
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rung-"))
        self.image = self._copy(image, "disk.img") if image is not None else None
        if cmdline is not None:
            if self.image is None:
                raise ValueError("a command line needs an image")
            set_command_line(self.image, cmdline)
        self.gdb_path = self.directory / "gdb" if gdb else None
        self.command = [PROGRAM, "-nodefaults", "-no-user-config", "-accel", "tcg", "-machine", machine, "-m", memory,
                        "-display", "none", "-vga", "std",
                        "-device", f"isa-debug-exit,iobase={DEBUG_EXIT_PORT:#x},iosize=4"]
        self.command += ["-cpu", cpu] if cpu else []
        self.command += ["-icount", "shift=0,sleep=off", "-rtc", "base=2000-01-01T00:00:00,clock=vm"] if icount else []
        self.command += [] if reboot else ["-no-reboot", "-no-shutdown"]
        self.command += ["-S"] if stopped else []
        self.command += ["-chardev", f"socket,id=gdb,path={self.gdb_path},server=on,wait=off",
                         "-gdb", "chardev:gdb"] if gdb else []
        self.command += self._disk_arguments(machine, drive, errors, disks)
        self.command += args
        self._record_faults = fault_log
        self._changed = threading.Condition()
        self._process: subprocess.Popen | None = None
        self._gdb: Gdb | None = None

    def _copy(self, image: str | os.PathLike, name: str) -> pathlib.Path:
        copy = self.directory / name
        copy_image(image, copy)
        return copy

    def _disk_arguments(self, machine: str, drive: str | Sequence[str], errors: Sequence[DiskError],
                        disks: Sequence[str | os.PathLike]) -> list[str]:
        """Block devices and the disks on them; the first is the one to boot from."""
        result: list[str] = []
        free = [f"bus=ide.{n},unit=0" for n in range(6)] if "q35" in machine else \
               [f"bus=ide.{n // 2},unit={n % 2}" for n in range(4)]

        # A flush ends in the host's memory, which outlives this machine: it must not wait for the host's disk. (With
        # `icount` the guest's time would go on meanwhile.)
        def block_device(path: pathlib.Path, name: str, errors: Sequence[DiskError] = ()) -> str:
            nodes = ["-blockdev", f"driver=file,node-name={name}-file,filename={path},cache.no-flush=on"]
            lower = f"{name}-file"
            if errors:
                rules = f"driver=blkdebug,node-name={name}-debug,image={lower}"
                for n, error in enumerate(errors):
                    rule = f",inject-error.{n}"
                    rules += f"{rule}.event=none{rule}.iotype={error.iotype}{rule}.errno={error.errno}"
                    rules += f"{rule}.once={'on' if error.once else 'off'}"
                    rules += f"{rule}.sector={error.sector}" if error.sector is not None else ""
                nodes += ["-blockdev", rules]
                lower = f"{name}-debug"
            result.extend(nodes + ["-blockdev", f"driver=raw,node-name={name},file={lower}"])
            return f"drive={name}"

        policy = "rerror=report,werror=report"
        if not isinstance(drive, str):
            result += [argument.replace("{image}", str(self.image)) for argument in drive]
        elif self.image is not None:
            source = block_device(self.image, "disk0", errors)
            if drive == "ide":
                result += ["-device", f"ide-hd,{free.pop(0)},{source},{policy},write-cache=on,bootindex=0"]
            elif drive == "ahci":
                result += ["-device", "ahci,id=ahci",
                           "-device", f"ide-hd,bus=ahci.0,{source},{policy},write-cache=on,bootindex=0"]
            elif drive == "usb":
                result += ["-device", "usb-ehci,id=usb",
                           "-device", f"usb-storage,bus=usb.0,{source},{policy},bootindex=0"]
            else:
                raise ValueError(f"drive={drive!r}: ide, ahci, usb or a list of arguments")
        for n, path in enumerate(disks, 1):
            source = block_device(self._copy(path, f"disk{n}.img"), f"disk{n}")
            result += ["-device", f"ide-hd,{free.pop(0)},{source},{policy},write-cache=on"]
        return result

    # Start and end

    def __enter__(self) -> "Qemu":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        """Start QEMU with all that it talks through connected already."""
        self._ports = [_Port(), _Port()]
        ours, theirs = socket.socketpair()
        self._faults = FaultLog() if self._record_faults else None
        inherited = [end for port in self._ports for end in (port.guest_output, port.guest_input)] + [theirs.fileno()]
        command = [*self.command, "-chardev", self._ports[0].chardev("com1", self.directory), "-serial", "chardev:com1",
                   "-chardev", self._ports[1].chardev("com2", self.directory), "-serial", "chardev:com2",
                   "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control"]
        if self._faults:
            command += ["-d", "int,cpu_reset", "-D", f"/dev/fd/{self._faults.write}"]
            inherited.append(self._faults.write)
        with open(self.directory / "stderr", "wb") as errors:
            self._process = process.start(command, pass_fds=inherited, stdin=subprocess.DEVNULL, stdout=errors,
                                          stderr=errors)
        theirs.close()
        for port in self._ports:
            port.started()
        if self._faults:
            self._faults.started()
        self._qmp = Qmp(ours, self._changed)
        self.serial, self.com2 = (Serial(name, port.output, port.input, self._changed, self._ended, self.describe)
                                  for name, port in zip(("COM1", "COM2"), self._ports))
        try:
            self._qmp.greet()
        except MachineError:
            if self._process.poll() is None and not self._qmp.closed:
                raise
            self._process.wait()
            if not self._is_debug_exit():       # a guest may be done before we have said hello
                message = (self.directory / "stderr").read_text(errors="replace")
                raise MachineError(f"QEMU did not start:\n{message}\n{' '.join(command)}") from None

    def close(self) -> None:
        """Kill QEMU, if it still runs, and remove everything it had."""
        if self._gdb:
            self._gdb.close()
            self._gdb = None
        if self._process:
            process.end(self._process)
            self._process = None
            self._qmp.close()
            self.serial.close()
            self.com2.close()
            for port in self._ports:
                port.close()
            if self._faults:
                self._faults.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self) -> None:
        """Kill QEMU at once. What the guest has sent to its serial ports is all there afterwards."""
        process.end(self._process)
        self.serial.wait_closed()
        self.com2.wait_closed()

    # What became of it

    def _is_debug_exit(self) -> bool:
        code = self._process.returncode
        return code is not None and code >= 0 and code & 1 == 1 and \
            not (self.directory / "stderr").read_text(errors="replace").strip()

    def _how(self) -> Exit | None:
        """How the machine ended, or None while it runs. Waits at most for a dying process."""
        for event in self._qmp.events:
            if event["event"] == "SHUTDOWN":
                guest_reset = event["data"]["reason"] == "guest-reset"
                return Exit("reset" if guest_reset else "shutdown")
        if not self._qmp.closed:
            return None
        code = self._process.wait()
        return Exit("debug-exit", code >> 1) if self._is_debug_exit() else Exit("quit", code)

    def _ended(self) -> str | None:
        """Why no more output can come (for Serial)."""
        end = self._how()
        if end is None:
            return None
        if end.kind == "debug-exit":
            return f"the guest ended with status {end.status}"
        if end.kind == "reset":
            return "the machine reset"
        if end.kind == "shutdown":
            return "the machine was switched off"
        return f"QEMU ended with status {end.status}: {(self.directory / 'stderr').read_text(errors='replace')}"

    def running(self) -> bool:
        """True while the machine has neither ended nor reset."""
        with self._changed:
            return self._how() is None

    def wait_exit(self, timeout: float | None = None) -> Exit:
        """Wait until the machine ends by itself and say how. All serial output is there afterwards."""
        with self._changed:
            self._changed.wait_for(lambda: self._how() is not None, seconds(timeout))
            end = self._how()
        if end is None:
            raise MachineError(f"the machine still runs after {seconds(timeout):g} s\n{self.describe()}")
        if end.kind in ("debug-exit", "quit"):
            self.serial.wait_closed()
            self.com2.wait_closed()
        return end

    def wait_event(self, name: str, timeout: float | None = None) -> dict[str, Any]:
        """Wait for a QMP event (the first of that name since power-on) and return it."""
        def found() -> dict[str, Any] | None:
            return next((event for event in self._qmp.events if event["event"] == name), None)
        with self._changed:
            self._changed.wait_for(lambda: found() or self._qmp.closed, seconds(timeout))
            event = found()
        if event is None:
            raise MachineError(f"no event {name}\n{self.describe()}")
        return event

    def fault_log(self) -> str:
        """The end of the exception log."""
        return self._faults.text() if self._faults else ""

    def fatal_faults(self) -> list:
        """The exceptions that led to a triple fault, the guilty one first (see faultlog.Fault)."""
        return fatal_chain(self.fault_log())

    def describe(self) -> str:
        """What a person wants to know when something failed: console, screen, registers, the fatal exceptions."""
        parts = []
        if chain := self.fatal_faults():
            parts.append("triple fault:\n" + "\n".join("  " + fault.describe(self.symbols) for fault in chain))
        parts.append("console:\n" + (self.serial.tail() or "(nothing)"))
        if not self.serial.text().strip() or self.running():
            try:
                rip = self.registers()["rip"]
                near = self.symbols.describe(rip) if self.symbols else None
                parts.append(f"RIP {rip:#x}" + (f" <{near}>" if near else ""))
                if not self.serial.text().strip():
                    parts.append("screen:\n" + self.screen_text().rstrip())
            except (MachineError, KeyError):
                parts.append("(QEMU has ended)")
        return "\n".join(parts)

    def save_artifacts(self, directory: str | os.PathLike) -> None:
        """Keep what helps to explain a failure: both serial ports, the screen, the exception log, the command."""
        target = pathlib.Path(directory)
        target.mkdir(parents=True, exist_ok=True)
        (target / "console.txt").write_text(self.serial.text())
        (target / "com2.txt").write_text(self.com2.text())
        (target / "qemu.txt").write_text(" ".join(self.command) + "\n")
        if log := self.fault_log():
            (target / "faults.txt").write_text(log)
        try:
            (target / "screen.txt").write_text(self.screen_text())
            self.screenshot(target / "screen.png")
        except MachineError:
            pass            # it has ended, and its screen with it

    # Control

    def qmp(self, command: str, **arguments: Any) -> Any:
        """Run a QMP command; in argument names an underscore stands for a hyphen."""
        return self._qmp.command(command, **arguments)

    def monitor(self, command: str) -> str:
        """Run a command of QEMU's human monitor and return what it prints."""
        return self.qmp("human-monitor-command", command_line=command).replace("\r\n", "\n")

    def stop(self) -> None:
        """Halt the virtual CPU."""
        self.qmp("stop")

    def cont(self) -> None:
        """Let the virtual CPU run (on)."""
        self.qmp("cont")

    def gdb(self) -> Gdb:
        """The connection to the gdb stub (needs gdb=True); the first call connects, which stops the machine."""
        if self.gdb_path is None:
            raise ValueError("start the machine with gdb=True")
        if self._gdb is None:
            self._gdb = Gdb(self.gdb_path)
        return self._gdb

    def wait_halted(self, timeout: float | None = None) -> None:
        """Wait until the CPU is halted: nobody in the guest has anything to do. There is no event for that."""
        deadline = time.monotonic() + seconds(timeout)
        while not self.registers()["hlt"]:
            if time.monotonic() > deadline or not self.running():
                raise MachineError(f"the guest does not halt\n{self.describe()}")

    def registers(self) -> dict[str, int]:
        """The CPU's registers: rax to r15, rip, rflags, cs to gs (selectors), cr0 to cr4, cr8, efer, cpl, hlt, and
        gdt, gdt_limit, idt, idt_limit. Outside 64-bit mode the general ones are zero-extended and r8 up are absent."""
        text = self.monitor("info registers")
        result: dict[str, int] = {}
        for name, value in re.findall(r"\b([ER]?[A-Z]{2,4}\d?|R\d+|CPL|HLT) ?=\s*([0-9a-f]+)", text):
            name = name.lower()
            if name in ("eip", "efl", "rfl"):
                name = {"eip": "rip", "efl": "rflags", "rfl": "rflags"}[name]
            elif len(name) == 3 and name[0] == "e" and name != "efer":
                name = "r" + name[1:]
            result.setdefault(name, int(value, 16))
        for name, base, limit in re.findall(r"^(GDT|IDT)=\s+([0-9a-f]+) ([0-9a-f]+)", text, re.MULTILINE):
            result[name.lower()] = int(base, 16)
            result[name.lower() + "_limit"] = int(limit, 16)
        return result

    def memory(self, physical: int, size: int) -> bytes:
        """Physical memory."""
        path = self.directory / "memory"
        self.qmp("pmemsave", val=physical, size=size, filename=str(path))
        data = path.read_bytes()
        path.unlink()
        if len(data) != size:
            raise MachineError(f"{len(data)} of {size} bytes read at {physical:#x}")
        return data

    def screen_text(self) -> str:
        """The 25 lines of the VGA text screen, trailing blanks left out."""
        characters = self.memory(VGA_TEXT, 2 * VGA_COLUMNS * VGA_ROWS)[::2].decode("cp437").replace("\0", " ")
        return "".join(characters[n:n + VGA_COLUMNS].rstrip() + "\n"
                       for n in range(0, VGA_COLUMNS * VGA_ROWS, VGA_COLUMNS))

    def screenshot(self, path: str | os.PathLike) -> None:
        """Save the screen as a PNG file."""
        raw = self.directory / "screen.ppm"
        self.qmp("screendump", filename=str(raw))
        pathlib.Path(path).write_bytes(picture.ppm_to_png(raw.read_bytes()))

    def keys(self, keys: str | list[str], paced: bool = True, timeout: float | None = None) -> None:
        """Press and release keys on the PS/2 keyboard: a text, or a list of characters, names ("up", "f1", "enter")
        and chords ("ctrl-c"). Each waits until the guest has read what came before; paced=False does not, and then
        QEMU drops what doesn't fit the controller's 16 bytes.
        """
        for chord in keyboard.sequence(keys):
            if paced:
                self._wait_keyboard_read(timeout)
            for down, codes in ((True, chord), (False, chord[::-1])):
                self.key_events([(code, down) for code in codes])

    def key_events(self, events: Sequence[tuple[str, bool]]) -> None:
        """Send single key events, each the QEMU code of a key and whether it goes down."""
        self.qmp("input-send-event", events=[
            {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": code}}} for code, down in events])

    def _wait_keyboard_read(self, timeout: float | None) -> None:
        """Ask the keyboard controller until its output buffer is empty. There is no event for that."""
        deadline = time.monotonic() + seconds(timeout)
        while int(self.monitor(f"i /b {KEYBOARD_STATUS_PORT:#x}").split("=")[1], 16) & KEYBOARD_OUTPUT_FULL:
            if time.monotonic() > deadline or not self.running():
                raise MachineError(f"the guest does not read its keyboard\n{self.describe()}")
