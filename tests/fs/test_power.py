"""Power-off and reboot, typed at chapter 7's prompt: by ACPI, by what comes after it, and where there is nothing."""
import re
import time

import pytest

from tools.machine.errors import seconds

pytestmark = pytest.mark.chapters("07", "07")       # later chapters have another prompt
PROMPT = "^> $"
PM1_CONTROL = 0x604      # of QEMU's PIIX4 and ICH9
Q35_WITH_IDE = {"machine": "q35", "drive": [
    "-device", "piix3-ide,id=old", "-blockdev", "driver=file,node-name=f,filename={image}", "-blockdev", "driver=raw,node-name=d,file=f",
    "-device", "ide-hd,bus=old.0,unit=0,drive=d,bootindex=0"]}
ISA = {"machine": "isapc", "cpu": "qemu64"}
RET, LOOP = b"\xc3", b"\xeb\xfe"       # code: comes back, or never does


def is_off(machine) -> bool:
    """Whether the processor comes to halt with interrupts off."""
    deadline = time.monotonic() + seconds(10)
    while time.monotonic() < deadline:
        registers = machine.registers()
        if registers["hlt"] and not registers["rflags"] & 0x200:
            return True
    return False


def type_line(machine, line: str) -> None:
    machine.serial.expect(PROMPT)
    machine.serial.send(line + "\r")


@pytest.mark.parametrize("hardware", [{}, Q35_WITH_IDE], ids=["pc", "q35"])
def test_off(boot, hardware):
    """The machine goes off by itself, after the kernel has asked the BIOS for the registers of ACPI, as it must."""
    def ours() -> bool:     # SCI_EN in the control register
        return bool(int(machine.monitor(f"i /w {PM1_CONTROL:#x}").split("=")[1], 16) & 1)

    machine = boot(**hardware)
    assert not ours()
    type_line(machine, "power off")
    assert machine.wait_exit().kind == "shutdown"
    assert machine.wait_event("SHUTDOWN")["data"]["reason"] == "guest-shutdown"
    assert ours()


def test_off_without_acpi(boot):
    """Where nothing turns the machine off, it says that it may be turned off, and halts with interrupts off."""
    for hardware in (ISA, {"args": ["-no-acpi"]}):
        machine = boot(**hardware)
        type_line(machine, "power off")
        machine.serial.expect("^It is now safe to turn off the machine.$")
        assert is_off(machine)
        assert machine.running()


@pytest.mark.parametrize("hardware", [{}, ISA], ids=["pc", "isapc"])
def test_reboot(boot, hardware):
    """The machine starts again, and counts another boot."""
    machine = boot(reboot=True, ready=False, **hardware)
    for number in (1, 2):
        machine.serial.expect(f"^This is boot {number} of this disk")
        type_line(machine, "power again")
    machine.serial.expect("^This is boot 3 of this disk")
    assert machine.wait_event("RESET")["data"]["reason"] == "guest-reset"


@pytest.mark.parametrize("hardware, keyboard, how", [
    (Q35_WITH_IDE, LOOP, "ACPI's reset register"),
    (ISA, None, "the keyboard's controller"),
    ({}, RET, "the chipset"),
    (ISA, RET, "a triple fault"),
], ids=["acpi", "keyboard", "chipset", "triple fault"])
def test_reset(boot, hardware, keyboard, how):
    """Where one way to reset the machine is missing, the next one does it; a triple fault is the last."""
    machine = boot(gdb=True, **hardware)
    gdb = machine.gdb()
    if keyboard:
        gdb.write(machine.symbols.address("keyboard_reset_machine"), keyboard)
    gdb.resume()
    type_line(machine, "power again")
    assert machine.wait_exit().kind == "reset"
    assert bool(machine.fatal_faults()) == (how == "a triple fault")


def test_unmount_fails(boot):
    """An error on the way down is told, and the machine goes off none the less."""
    machine = boot(gdb=True)
    gdb = machine.gdb()
    gdb.write(machine.symbols.address("vfs_unmount"), b"\xb8\xfb\xff\xff\xff" + RET)     # mov eax, -EIO
    gdb.resume()
    type_line(machine, "power off")
    machine.serial.expect("^shutdown: Input/output error$")
    assert machine.wait_exit().kind == "shutdown"


def test_bochs(boot):
    """In Bochs too: another boot, then off."""
    machine = boot.bochs()
    type_line(machine, "power again")
    machine.serial.expect("^This is boot 2 of this disk", 60)
    type_line(machine, "power off")
    machine.wait_exit()
    assert re.search(r"ACPI.*soft power off", machine.log()), machine.log()[-2000:]
