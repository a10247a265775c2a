"""rung run: boot a chapter and do things to it, in the order in which the steps are given.

The chapter is built first. Without --until as first step the chapter's ready line is waited for. The console goes to
standard output. Texts may hold \\n, \\t, \\x1b.

    rung run 05 --screenshot ch05.png
    rung run 06 --keys 'divide\\n' --until 'divide error' --registers
    rung run 06 --mem 6G --cmdline 'debug=1' --page-tables
"""
import argparse
import pathlib
import subprocess
import sys

from ..ladder.chapters import LadderError, find
from .bochs import Bochs
from .errors import MachineError
from .pagetables import page_tables
from .qemu import Exit, Qemu

STEPS = {
    "until": ("REGEX", "wait for console output"),
    "send": ("TEXT", "send to the serial port"),
    "keys": ("TEXT", "type on the keyboard"),
    "key": ("NAME", "press one key: up, f1, ctrl-c"),
    "screenshot": ("FILE", "save the screen as a PNG picture"),
    "screen": (None, "print the text on the screen"),
    "registers": (None, "print the CPU's registers"),
    "page-tables": (None, "print the page tables (64-bit mode)"),
    "memory-dump": ("PHYSICAL:SIZE:FILE", "save physical memory; numbers as in C"),
    "monitor": ("COMMAND", "run a command of QEMU's monitor and print the answer"),
    "wait-exit": (None, "wait until the machine ends by itself"),
}
IN_BOCHS = {"until", "send", "keys", "key", "wait-exit"}


class _Step(argparse.Action):
    """Collects the steps of all kinds in one list, in the order given."""

    def __call__(self, parser, namespace, values, option_string=None):
        namespace.steps = [*(namespace.steps or []), (option_string.removeprefix("--"), values or "")]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("chapter")
    parser.set_defaults(steps=None)
    machine = parser.add_argument_group("the machine")
    machine.add_argument("--bochs", action="store_true", help="Bochs in place of QEMU")
    machine.add_argument("--image", type=pathlib.Path, help="boot this image and build nothing")
    machine.add_argument("--mem", default="128M", help="memory (16M, 6G; default 128M)")
    machine.add_argument("--cpu", help="CPU model of QEMU (max, qemu32) or Bochs (ryzen)")
    machine.add_argument("--machine", default="pc", help="QEMU's machine (pc, q35, isapc)")
    machine.add_argument("--drive", choices=("ide", "ahci", "usb"), default="ide", help="what the disk hangs on")
    machine.add_argument("--disk", action="append", default=[], help="a further disk image", metavar="FILE")
    machine.add_argument("--cmdline", help="kernel command line (chapter 2 on)")
    machine.add_argument("--icount", action="store_true", help="count instructions: runs repeat exactly")
    machine.add_argument("--gdb", action="store_true", help="power on stopped, and wait for gdb")
    machine.add_argument("--timeout", type=float, help="seconds for each wait (default 30)")
    steps = parser.add_argument_group("steps, in this order or any other")
    for name, (argument, text) in STEPS.items():
        steps.add_argument(f"--{name}", action=_Step, dest="steps", help=text,
                           **({"metavar": argument} if argument else {"nargs": 0}))


def _text(text: str) -> str:
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape")


def _step(machine: Qemu | Bochs, name: str, value: str, timeout: float | None) -> str:
    """Do one step and return what it prints."""
    match name:
        case "until":
            machine.serial.expect(value, timeout)
        case "send":
            machine.serial.send(_text(value))
        case "keys":
            machine.keys(_text(value))
        case "key":
            machine.keys([value])
        case "wait-exit":
            end = machine.wait_exit(timeout)
            return f"[{end.kind}{'' if end.status is None else f' {end.status}'}]" if isinstance(end, Exit) else \
                f"[{end}]"
        case "screenshot":
            machine.screenshot(value)
        case "screen":
            return machine.screen_text()
        case "registers":
            return "\n".join(f"{key:10} {number:#018x}" for key, number in machine.registers().items())
        case "page-tables":
            machine.stop()
            try:
                return "\n".join(str(mapping) for mapping in page_tables(machine))
            finally:
                machine.cont()
        case "memory-dump":
            physical, size, path = value.split(":", 2)
            pathlib.Path(path).write_bytes(machine.memory(int(physical, 0), int(size, 0)))
        case "monitor":
            return machine.monitor(value)
    return ""


def _mebibytes(memory: str) -> int:
    return int(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1].upper()]


def run(root: pathlib.Path, arguments: argparse.Namespace) -> int:
    chapter = find(root, arguments.chapter)
    if arguments.image is None:
        if subprocess.run(["make", "-C", str(chapter.path), "--no-print-directory"], stdout=sys.stderr).returncode:
            raise LadderError(f"{chapter.name} does not build")
    image = arguments.image or chapter.path / "build" / "os.img"
    kernel = chapter.path / "build" / "kernel.elf"
    steps = arguments.steps or []
    if arguments.bochs:
        if wrong := [name for name, _ in steps if name not in IN_BOCHS]:
            raise MachineError(f"not in Bochs: --{', --'.join(wrong)}")
        options = {"cpu": arguments.cpu} if arguments.cpu else {}
        machine = Bochs(image, memory=_mebibytes(arguments.mem), cmdline=arguments.cmdline, **options)
    else:
        machine = Qemu(image, memory=arguments.mem, cpu=arguments.cpu, machine=arguments.machine,
                       drive=arguments.drive, disks=arguments.disk, cmdline=arguments.cmdline,
                       icount=arguments.icount, gdb=arguments.gdb, stopped=arguments.gdb,
                       symbols=kernel if kernel.exists() and arguments.image is None else None)
    if not steps or steps[0][0] not in ("until", "wait-exit"):
        steps = [("until", chapter.ready), *steps]
    with machine:
        timeout = arguments.timeout
        if arguments.gdb:
            print(f"gdb {kernel} -ex 'target remote {machine.gdb_path}'", file=sys.stderr)
            timeout = timeout or 86400
        shown = 0
        try:
            for name, value in steps:
                printed = _step(machine, name, value, timeout)
                console = machine.serial.text()
                print(console[shown:], end="" if console[shown:].endswith("\n") or not console[shown:] else "\n")
                shown = len(console)
                if printed:
                    print(printed)
                sys.stdout.flush()
        except (ValueError, OSError) as error:
            raise MachineError(f"--{name} {value}: {error}") from None
    return 0
