"""Bochs under program control: the second emulator, stricter than the first."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import tty
from collections.abc import Callable, Sequence
from typing import Any

from . import keys as keyboard
from . import process
from .errors import MachineError, seconds
from .image import copy_image, set_command_line
from .rfb import Rfb
from .serial import Serial

PROGRAM = os.environ.get("BOCHS", "bochs-bin")
SHARE = pathlib.Path("/usr/share/bochs")
HEADS, SECTORS_PER_TRACK = 16, 63
CYLINDER = HEADS * SECTORS_PER_TRACK * 512          # Bochs wants whole ones

# The debug log of Bochs' keyboard tells what becomes of a key.
KEYBOARD_EVENT = "gen_scancode(): BX_KEY"           # an event has come from the display
KEYBOARD_QUEUED = "putting scancode"                # a byte of it waits for the guest
KEYBOARD_READ = "READ(60)"                          # the guest has read a byte

CONFIGURATION = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file={share}/BIOS-bochs-latest
vgaromimage: file={share}/VGABIOS-lgpl-latest
cpu: model={cpu}, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
ata0-master: type=disk, path="{image}", mode=flat, cylinders={cylinders}, heads={heads}, spt={sectors}
boot: disk
com1: enabled=1, mode=term, dev={com1}
sound: driver=dummy
clock: sync=none, time0=946684800
log: {log}
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore, keyboard=report
"""


def available() -> bool:
    """True when Bochs is installed."""
    return shutil.which(PROGRAM) is not None and SHARE.is_dir()


class Bochs:
    """A machine from power-on to the end of the `with` block, on a private copy of its disk image.

    image      the boot disk
    memory     in MiB
    cpu        a model of Bochs' ("ryzen", "corei7_skylake_x", ...)
    cmdline    kernel command line, patched into the copy
    settings   further lines of the configuration ("pci: enabled=0")
    """

    def __init__(self, image: str | os.PathLike, *, memory: int = 128, cpu: str = "ryzen", cmdline: str | None = None,
                 settings: Sequence[str] = ()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rung-"))
        self.image = self.directory / "disk.img"
        copy_image(image, self.image)
        if cmdline is not None:
            set_command_line(self.image, cmdline)
        cylinders = -(-self.image.stat().st_size // CYLINDER)
        os.truncate(self.image, cylinders * CYLINDER)
        self._settings = {"memory": memory, "cpu": cpu, "image": self.image, "cylinders": cylinders, "heads": HEADS,
                          "sectors": SECTORS_PER_TRACK, "share": SHARE}
        self._further = "".join(f"{line}\n" for line in settings)
        self._changed = threading.Condition()
        self._log = ""
        self._exit_code: int | None = None
        self._process: subprocess.Popen | None = None
        self._rfb: Rfb | None = None
        self._surplus = 0           # bytes that were read and never queued, before the first key
        self._events = 0            # sent so far

    def __enter__(self) -> "Bochs":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        read_log, write_log = os.pipe()
        self._settings |= {"com1": os.ttyname(self._slave), "log": f"/dev/fd/{write_log}"}
        (self.directory / "bochsrc").write_text(CONFIGURATION.format(**self._settings) + self._further)
        (self.directory / "commands").write_text("c\n")     # Debian's build starts in its debugger: continue
        self.serial = Serial("COM1", self._master, self._master, self._changed, self._ended, self.describe)
        self._process = process.start([PROGRAM, "-q", "-f", "bochsrc", "-rc", "commands"], cwd=self.directory,
                                      pass_fds=[write_log], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        os.close(write_log)
        self._watcher = threading.Thread(target=self._read_log, args=(read_log,), name="bochs log", daemon=True)
        self._watcher.start()

    def _read_log(self, fd: int) -> None:
        """Collect the log to its end, which is Bochs' end too."""
        while data := os.read(fd, 65536):
            with self._changed:
                self._log += data.decode("latin-1")
                self._changed.notify_all()
        os.close(fd)
        code = self._process.wait()
        with self._changed:
            self._exit_code = code
            self._changed.notify_all()

    def close(self) -> None:
        """Kill Bochs, if it still runs, and remove everything it had."""
        if self._rfb:
            self._rfb.close()
            self._rfb = None
        if self._process:
            process.end(self._process)
            self._watcher.join()
            self._process = None
            self.serial.close()
            os.close(self._master)
            os.close(self._slave)
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self) -> str:
        """Bochs' own log so far."""
        with self._changed:
            return self._log

    def _ended(self) -> str | None:
        if "with no resolution" in self._log:
            return "triple fault"
        if self._exit_code is None:
            return None
        return "the guest asked for a shutdown" if "shutdown requested" in self._log else \
            f"Bochs ended with status {self._exit_code}"

    def running(self) -> bool:
        """True while the machine has neither ended nor met a triple fault."""
        with self._changed:
            return self._ended() is None

    def wait_exit(self, timeout: float | None = None) -> str:
        """Wait until the machine ends by itself and say how."""
        with self._changed:
            self._changed.wait_for(self._ended, seconds(timeout))
            end = self._ended()
        if end is None:
            raise MachineError(f"Bochs still runs after {seconds(timeout):g} s\n{self.describe()}")
        return end

    def describe(self) -> str:
        """The end of the console, and what the log complains about."""
        complaints = [line for line in self.log().splitlines() if re.match(r"\d+[pe]\[", line)]
        return "\n".join(["console:", self.serial.tail() or "(nothing)", "Bochs log:", *complaints[-15:]])

    def save_artifacts(self, directory: str | os.PathLike) -> None:
        """Keep what helps to explain a failure: the console and Bochs' log."""
        target = pathlib.Path(directory)
        target.mkdir(parents=True, exist_ok=True)
        (target / "console.txt").write_text(self.serial.text())
        (target / "bochs.log").write_text(self.log())

    def keys(self, keys: str | list[str], timeout: float | None = None) -> None:
        """Press and release keys, named as in Qemu.keys. Each waits until the guest has read what came before."""
        if self._rfb is None:
            found = self._wait_log(lambda: re.search(r"listening for connections on port (\d+)", self._log), timeout,
                                   "Bochs offers no display")
            self._rfb = Rfb(int(found[1]))
            self._surplus = self._log.count(KEYBOARD_READ) - self._log.count(KEYBOARD_QUEUED)
        for chord in keyboard.sequence(keys):
            self._wait_log(lambda: self._log.count(KEYBOARD_EVENT) >= self._events
                           and self._log.count(KEYBOARD_READ) - self._log.count(KEYBOARD_QUEUED) >= self._surplus,
                           timeout, "the guest does not read its keyboard")
            for code in chord:
                self._rfb.key(code, True)
            for code in reversed(chord):
                self._rfb.key(code, False)
            self._events += 2 * len(chord)

    def _wait_log(self, condition: Callable[[], Any], timeout: float | None, problem: str) -> Any:
        """Wait until a condition on the log holds and return what it is."""
        with self._changed:
            self._changed.wait_for(lambda: condition() or self._ended(), seconds(timeout))
            result = condition()
        if not result:
            raise MachineError(f"{problem}\n{self.describe()}")
        return result
